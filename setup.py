"""A wheel holds scripts and sample settings too: cosmouline/checkout (see script_header)."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDERS = ("pipe", "lcmanip", "extrascripts", "skymaker", "configs/sample", "configs/demo")
LEFT_OUT = shutil.ignore_patterns("cosmouline", "__pycache__", "*.egg-info", "config.py",
                                  "write_docs.py")


class WithScripts(build_py):
    """Put what lies beside the library into it; an editable install needs nothing of that."""

    def run(self):
        """Copy the folders of scripts into the package as it is built."""
        super().run()
        target = Path(self.build_lib) / "cosmouline" / "checkout"
        for folder in () if self.editable_mode else FOLDERS:
            shutil.rmtree(target / folder, ignore_errors=True)
            shutil.copytree(folder, target / folder, ignore=LEFT_OUT)


setup(cmdclass={"build_py": WithScripts})
