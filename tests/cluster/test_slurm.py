"""Two hundred images on a real Slurm: what goes wrong on clusters costs no other image."""

import os
import signal
import time

from cosmouline import clusters, engine

import numpy as np

BAD = {"img013": "failed", "img017": "died", "img023": "died"}
NAMES = [f"img{i:03d}" for i in range(200)]


def measure(image, settings):
    """Return numbers that need a library; three images are bad."""
    name = image["img_name"]
    if name == "img013":
        raise ValueError("broken")
    if name == "img017" and settings.engine != "serial":
        os.kill(os.getpid(), signal.SIGSEGV)
    if name == "img023" and settings.engine != "serial":
        hog = np.ones(40_000_000)  # 320 MB, of 300 MB that a worker has
        time.sleep(60)
        return {"hog": hog.sum()}
    time.sleep(0.05)
    generator = np.random.default_rng(int(name[3:]))
    matrix = generator.normal(size=(50, 50))
    return {"x": float(np.linalg.slogdet(matrix)[1]), "y": float((matrix @ matrix).sum())}


def serial_rows(how):
    serial = type(how)(**vars(how) | {"engine": "serial"})
    images = [{"img_name": name} for name in NAMES if BAD.get(name) != "died"]
    return {o.img_name: o.values for o in engine.outcomes(measure, images, serial)}


def kill_a_worker(slurm):
    job = min(slurm.jobs())
    os.kill(slurm.processes(job)[-1], signal.SIGKILL)


def test_faults_cost_the_bad_images_alone(slurm, described):
    """A worker killed, a job cancelled, a node lost; all images accounted for, bit for bit."""
    faults = {30: kill_a_worker,
              70: lambda slurm: slurm.ask("scancel", min(slurm.jobs())),
              110: lambda slurm: slurm.lose_node(max(slurm.jobs()))}
    how = described()
    found = []
    for outcome in engine.outcomes(measure, [{"img_name": name} for name in NAMES], how):
        found.append(outcome)
        if len(found) in faults:
            faults[len(found)](slurm)

    assert sorted(o.img_name for o in found) == NAMES
    assert {o.img_name: o.word for o in found if o.word != "done"} == BAD
    assert {o.img_name: o.values for o in found if o.word == "done"} == {
        name: row for name, row in serial_rows(how).items() if name not in BAD}
    clusters.close_all()
    until = time.monotonic() + 30
    while slurm.jobs() and time.monotonic() < until:
        time.sleep(0.1)
    assert set(slurm.jobs().values()) <= {"COMPLETING"}
