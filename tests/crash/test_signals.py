"""A script asked to stop, or killed, with workers at work; images that take too much."""

import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc")


@pytest.fixture
def faulty(made_up, tmp_path):
    """Make a lens whose images wait, or take too much."""
    def make(names, text=""):
        lens = made_up.Lens(tmp_path, names, made_up.MEASURE_WITH_FAULTS)
        lens.settings(f"engine = 'local'\nmax_cpus = 2\n{text}")
        return lens
    return make


@pytest.fixture
def kills(script):
    """Give the tools of kills.py."""
    return script("tests/crash/kills")


def workers_at_work(lens, process, kills):
    """Wait until some images are finished; give the workers."""
    journal = lens.folder / "work" / "database.json.journal"
    for _ in range(600):
        if journal.exists() and len(journal.read_bytes().splitlines()) >= 3:
            return kills.children(process.pid)
        time.sleep(0.05)
    raise TimeoutError


def alive_after(workers, kills, patience_s=5.0):
    """Give the workers that live still."""
    end = time.monotonic() + patience_s
    while any(map(kills.is_alive, workers)) and time.monotonic() < end:
        time.sleep(0.02)
    return [worker for worker in workers if kills.is_alive(worker)]


@pytest.mark.parametrize(("name", "status"), [
    ("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_leaves_no_worker_no_lock_and_a_database_to_go_on_with(
        faulty, kills, name, status, record_property):
    """Row e07: Ctrl-C is told as interrupted, exit 130."""
    lens = faulty([f"img{i}" for i in range(10)])
    process = lens.start(WAIT_S="0.3")
    workers = workers_at_work(lens, process, kills)
    sent = time.monotonic()
    process.send_signal(getattr(signal, name))
    text = process.communicate(timeout=60)[0]
    stopped_s = time.monotonic() - sent

    assert len(workers) == 2
    assert (process.returncode, alive_after(workers, kills, 5.0 - stopped_s)) == (status, [])
    assert text.splitlines()[-1].endswith("what is finished is kept. Run it again to go on.")
    assert "Traceback" not in text
    assert ": interrupted; " in text.splitlines()[-1]
    assert not [path for path in (lens.folder / "work").glob("*.json.*")]
    n_done = sum("n_sources" in row for row in lens.rows.values())
    assert 2 <= n_done < 10
    assert f"{10 - n_done} done, {n_done} kept" in lens.run()[0]
    if name == "SIGINT":
        told = text.splitlines()[-1]
        record_property("verdict", f"e07_ctrl_c\tSTOP\tSTOP\t{told}")


def kill_script(lens, kills, **environment):
    """Kill a script whose workers have long to work; give those that live on."""
    process = lens.start(**environment)
    time.sleep(0.5)
    for _ in range(600):
        workers = kills.children(process.pid)
        if len(workers) == 2:
            break
        time.sleep(0.05)
    time.sleep(0.5)
    process.kill()
    process.wait()
    process.stdout.close()  # nobody reads to its end: workers that live on would keep it open
    found = alive_after(workers, kills, 2.0)
    for worker in found:
        subprocess.run(["kill", "-9", str(worker)], check=False)
    return found


def test_workers_end_with_a_script_that_is_killed(faulty, kills):
    lens = faulty([f"img{i}" for i in range(6)])

    assert kill_script(lens, kills, WAIT_S="30") == []
    assert len(kill_script(lens, kills, WAIT_S="30", MUTANT="1")) == 2  # this test sees them


@pytest.mark.parametrize("engine", ["serial", "local"])
def test_e09_an_image_that_takes_too_much_memory_costs_itself_alone(
        faulty, engine, record_property):
    lens = faulty(["a", "b", "large", "c", "d"], f"engine = {engine!r}")

    text, code = lens.run(LIMIT=str(4 * 10**9))

    assert code == 3
    assert "large failed: not enough memory" in text
    assert "4 done, 1 failed" in text
    assert "n_sources" not in lens.rows["large"]
    if engine == "local":
        record_property("verdict", "e09_worker_oom\tFLAG\tFLAG\tlarge failed: not enough memory")


def test_e11_an_image_that_takes_too_long_costs_itself_alone(faulty, record_property):
    lens = faulty(["a", "b", "slow", "c", "d"], "image_timeout_s = 1.0")

    text, code = lens.run()

    assert code == 3
    assert "slow timeout: stopped after image_timeout_s" in text
    assert "4 done, 1 timeout" in text
    told = next(line for line in text.splitlines() if "slow timeout" in line)
    record_property("verdict", f"e11_hung_task\tFLAG\tFLAG\t{told}")
