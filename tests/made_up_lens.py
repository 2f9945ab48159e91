"""A made-up script in a made-up checkout, with settings and a database, run as a user runs it."""

import os
import subprocess
import sys

from cosmouline.database.database import Database

SCRIPT_NAME = "1_character/3a_detect"
HEAD = '''
"""Count the letters of the name of every image, unless its name asks for something else.

Needs   : mjd (1_character/1a_add_to_database)
Writes  : n_sources
Settings: detect_min_area_px
Next    : nothing

Run as  : python 3a_detect.py
"""

import os
import pathlib
import time

from cosmouline.database import script_header
from cosmouline.errors import ImageRejected, UserError
from cosmouline.run import for_each_image, run

NEEDS = ("mjd",)
WRITES = ("n_sources",)

script_header.ROOT = pathlib.Path(__file__).parents[2]


'''
MAIN = '''

def main(settings, db):
    """Measure every image to treat."""
    if "STOP" in os.environ:
        raise UserError("the list is empty. Fill it.")
    if "BUG" in os.environ:
        raise KeyError("bug")
    return for_each_image(measure, db.to_treat(settings), settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
'''
MEASURE = '''
def measure(image, settings):
    """Do what the name and the environment ask for."""
    name = image["img_name"]
    time.sleep(float(os.environ.get("WAIT_S", "0")))
    if name in os.environ.get("BROKEN", ""):
        raise ValueError("broken image")
    if name in os.environ.get("NO_NUMBER", ""):
        return {"n_sources": float("nan")}
    if name.startswith("cloud") and "CLEAR" not in os.environ:
        raise ImageRejected("no star")
    return {"n_sources": len(name) + settings.detect_min_area_px}
'''
MEASURE_WITH_FAULTS = '''
import resource

from cosmouline.engine import engine

import numpy as np

if "MUTANT" in os.environ:
    engine.end_with_parent = int
if "LIMIT" in os.environ:
    resource.setrlimit(resource.RLIMIT_AS, (int(os.environ["LIMIT"]),) * 2)


def measure(image, settings):
    """Do what the name of the image says."""
    name = image["img_name"]
    if name == "large":
        np.ones(10**9)
    time.sleep({"slow": 600.0}.get(name, float(os.environ.get("WAIT_S", "0"))))
    return {"n_sources": len(name)}
'''


class Lens:
    """A folder with a script, settings and a database of images."""

    def __init__(self, folder, names, measure=MEASURE):
        self.folder, self.script = folder, folder / "pipe" / f"{SCRIPT_NAME}.py"
        self.script.parent.mkdir(parents=True)
        self.script.write_text(HEAD + measure + MAIN)
        self.settings("")
        db = Database(folder / "work" / "database.json")
        for name in names:
            db.update(name, {"gogogo": True, "treatme": True, "testlist": False, "mjd": 5.0})
        db.save()

    def settings(self, text):
        (self.folder / "settings.py").write_text(
            f"work_dir = {str(self.folder / 'work')!r}\nengine = 'serial'\n{text}\n")

    def reject(self, name, why):
        db = Database(self.folder / "work" / "database.json")
        db.reject(name, why)
        db.save()

    def start(self, *options, **environment):
        return subprocess.Popen(
            [sys.executable, str(self.script), str(self.folder), *options], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | environment)

    def run(self, *options, **environment):
        process = self.start(*options, **environment)
        return process.communicate(timeout=60)[0], process.wait()

    @property
    def rows(self):
        return Database(self.folder / "work" / "database.json").rows
