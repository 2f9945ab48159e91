"""A cluster that is started by hand: what the server is given; tests/cluster has a real one."""

import logging
import sys
from types import SimpleNamespace

import pytest

SCRIPT = "extrascripts/start_cluster"
LOCAL = "{'cluster': 'local', 'cores': 3}"


@pytest.fixture
def start(script, tmp_path, monkeypatch, caplog):
    """Return a function that runs the script: its status, and what `serve` was given."""
    caplog.set_level("INFO", "cosmouline")
    module, made = script(SCRIPT), SimpleNamespace(live=False, checked=[])
    file_log = logging.getLogger("cosmouline.file")
    monkeypatch.setattr(file_log, "handlers", [])
    monkeypatch.setattr(file_log, "propagate", True)
    monkeypatch.setattr(module, "stop_on_signals", lambda: None)
    monkeypatch.setattr(module.logging, "basicConfig", lambda **_: None)
    monkeypatch.setattr(module.connection, "is_live", lambda path: made.live)
    monkeypatch.setattr(module.connection, "check_commands", made.checked.append)

    def run(cluster, *options, name="Q"):
        (tmp_path / "settings.py").write_text(
            f"lens_name = {name!r}\nwork_dir = {str(tmp_path / 'work')!r}\nengine = 'dask'\n"
            f"cluster = {cluster}\n")
        given = []

        def serve(*arguments, **keywords):
            logging.getLogger("cosmouline.file").warning("a worker is lost")
            given.append((arguments, keywords))
            return 7

        monkeypatch.setattr(module, "serve", serve)
        monkeypatch.setattr(sys, "argv", ["start_cluster.py", str(tmp_path), *options])
        status = module.main()
        for handler in file_log.handlers:
            handler.close()
        return status, given

    run.made = made
    return run


@pytest.mark.parametrize(("options", "keywords"), [
    ((), {"has_jobs": True, "command": []}),
    (("--no-jobs", "--run", "python", "x.py", "--no-jobs"),
     {"has_jobs": False, "command": ["python", "x.py", "--no-jobs"]})])
def test_the_server_gets_the_description_and_the_options(start, tmp_path, caplog, options,
                                                         keywords):
    status, ((arguments, found),) = start(LOCAL, *options)

    assert status == 7
    assert arguments[0] == tmp_path / "work"
    assert (arguments[1]["cluster"], arguments[1]["cores"]) == ("local", 3)
    assert arguments[2] == tmp_path / "work" / "cluster" / "scheduler.json"
    assert found == keywords
    assert start.made.checked == [arguments[1]]
    assert caplog.messages[0] == (
        f"the scripts of Q find these workers by {arguments[2]}; Ctrl-C ends them")
    assert "WARNING a worker is lost" in (tmp_path / "work/logs/cluster.log").read_text()


def test_a_lens_without_a_name_is_named_by_its_folder(start, tmp_path, caplog):
    start(LOCAL, name="")

    assert caplog.messages[0].startswith(f"the scripts of {tmp_path} find these workers")


def test_an_address_describes_no_jobs_and_a_cluster_is_started_once(start, tmp_path, caplog):
    assert start("'tcp://n:1'") == (1, [])
    assert caplog.messages[-1] == ("start_cluster.py: cluster of settings.py does not describe "
                                   "jobs: nothing to start.")
    start.made.live = True
    assert start(LOCAL) == (1, [])
    published = tmp_path / "work" / "cluster" / "scheduler.json"
    assert caplog.messages[-1] == (
        f"start_cluster.py: a cluster for this lens runs already ({published}).")


def test_an_interruption_is_reported_with_its_status(start, script, monkeypatch, caplog):
    from cosmouline.engine.processes import Interrupted

    module = script(SCRIPT)

    def interrupted(settings):
        raise Interrupted(15)

    monkeypatch.setattr(module, "described", interrupted)
    monkeypatch.setattr(module, "stop_on_signals", lambda: None)
    monkeypatch.setattr(module.logging, "basicConfig", lambda **_: None)
    monkeypatch.setattr(module, "load_settings", lambda folder: None)
    monkeypatch.setattr(sys, "argv", ["start_cluster.py", "x"])

    assert module.main() == 143
    assert caplog.messages == ["the cluster is stopped, its jobs are cancelled"]
