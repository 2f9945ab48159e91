"""One task of an engine: a function, what it is called with, and what came of it."""

import contextlib
import functools
import importlib.util
import inspect
import os
import sys
import traceback
from pathlib import Path
from typing import NamedTuple

from cosmouline.database import manifest
from cosmouline.errors import ImageRejected, ProductLost, UserError, disk_trouble
from cosmouline.files import origin
from cosmouline.files.atomic import take_finished

cpu_s_elsewhere = [0.0]  # of workers that are no children of this process


class Outcome(NamedTuple):
    """What became of one image: done, rejected, failed, died or timeout; and its files."""

    img_name: str
    word: str
    values: dict
    message: str = ""
    details: str = ""
    files: tuple = ()


class Work(NamedTuple):
    """A function on one image, by file and name, so that any process can find it.

    Numbered scripts cannot be imported by name, and pickle knows functions by name only. Products
    get their origin from the `recipe`, if there is one.
    """

    path: str
    name: str
    bound: dict
    recipe: manifest.Recipe | None = None

    @classmethod
    def of(cls, function):
        """Describe a module-level function, or a functools.partial of one with keywords."""
        bound = {}
        if isinstance(function, functools.partial):
            function, bound = function.func, function.keywords
        return cls(inspect.getsourcefile(function), function.__name__, bound)

    def __call__(self, image, settings):
        """Run the function; what it raises becomes an outcome, but a UserError stops the run."""
        name = image["img_name"]
        try:
            function = getattr(_module(self.path), self.name)
            # List the files that the function finishes, each with its origin
            take_finished()
            with origin.noted(functools.partial(self.recipe.origin, [image])) if (
                    self.recipe) else contextlib.nullcontext():
                values = function(image, settings, **self.bound)
            files = manifest.look_at(take_finished(), settings.work_dir) if self.recipe else ()
            return Outcome(name, "done", values, files=tuple(files))
        except ImageRejected as reason:
            return Outcome(name, "rejected", {}, str(reason))
        except ProductLost as problem:
            return Outcome(name, "failed", {}, str(problem))
        except UserError:
            raise
        except MemoryError:
            return Outcome(name, "failed", {}, "not enough memory", traceback.format_exc())
        except Exception as error:  # one broken image must not stop the others
            if isinstance(error, OSError) and disk_trouble(error):
                raise UserError(disk_trouble(error)) from error  # it is not the image's fault
            return Outcome(name, "failed", {}, f"{type(error).__name__}: {error}",
                           traceback.format_exc())


def n_usable_cpus():
    """Return the cores this process may use: all of the machine, or those of a cluster job."""
    if hasattr(os, "sched_getaffinity"):  # absent on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def module_of(work):
    """Return the module that holds the function of a `Work`."""
    return _module(work.path)


@functools.cache
def _module(path):
    """Return the module of a file, loaded in this process: a library module or a script."""
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == path:
            return module
    name = "script_" + Path(path).stem
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
