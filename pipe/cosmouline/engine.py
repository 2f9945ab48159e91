"""Run one function on many images: in this process, in worker processes, or on a cluster.

One generator, `outcomes`, serves all engines. The results come back to the caller one by one,
who is the only one to write the database. A worker that dies, hangs or runs out of memory costs
its own image only.
"""

import contextlib
import functools
import importlib.util
import inspect
import os
import sys
import traceback
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, wait
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from cosmouline import ledger, origin
from cosmouline.atomic import remove_leftovers, take_finished
from cosmouline.errors import ImageRejected, ProductLost, UserError, disk_trouble
from cosmouline.processes import Workers, end_with_parent

FEW = 4  # starting workers can take two seconds: fewer images are done in this process
LOOK_S = 1.0  # how often the workers are looked after where no image is finished
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

    Numbered scripts cannot be imported by name, and pickle knows functions by name only. The
    `recipe`, if any, tells the origin of the products.
    """

    path: str
    name: str
    bound: dict
    recipe: ledger.Recipe | None = None

    @classmethod
    def of(cls, function):
        """Describe a module-level function, or a functools.partial of one with keywords."""
        bound = {}
        if isinstance(function, functools.partial):
            function, bound = function.func, function.keywords
        return cls(inspect.getsourcefile(function), function.__name__, bound)

    def __call__(self, image, settings):
        """Run the function; whatever it raises becomes an outcome."""
        name = image["img_name"]
        try:
            function = getattr(_module(self.path), self.name)
            take_finished()
            with origin.told(functools.partial(self.recipe.origin, [image])) if (
                    self.recipe) else contextlib.nullcontext():
                values = function(image, settings, **self.bound)
            files = ledger.look_at(take_finished(), settings.work_dir) if self.recipe else ()
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


def outcomes(function, images, settings, recipe=None, on_gpu=False, *, long=False):
    """Yield the outcome of ``function(image, settings)`` for every image, as they come.

    Parameters
    ----------
    function : callable
        Module-level function of a script or of the library, or a functools.partial of one with
        keyword arguments. It returns the new fields of the image.
    images : list of dict
        Rows of the database.
    settings : namespace
        ``engine`` is "serial", "local" or "dask" (then ``cluster`` tells where); ``max_cpus`` the
        number of local workers (0: all that this process may use); ``image_timeout_s`` the longest
        time for one image, None for no limit; ``died_retries`` how often an image is tried again
        whose worker died.
    recipe : ledger.Recipe, optional
        Then the files are noted that are made of each image, and their origin in them.
    on_gpu : bool
        On a cluster, workers with a graphics card take these images where there are any. There
        they go however few they are.
    long : bool
        The items are few but long, such as joint fits: two are enough for workers, and
        ``image_timeout_s`` does not count. They are any dicts with a name as ``img_name``.

    Notes
    -----
    Workers are copies of this process where that is safe (see `processes`), else they are
    spawned. Their libraries run one thread each (see ``cosmouline.__init__``), so all engines
    give the same bits.
    """
    work = Work.of(function)._replace(recipe=recipe)
    n_workers = min(settings.max_cpus or n_usable_cpus(), len(images))
    if long:
        settings = SimpleNamespace(**vars(settings) | {"image_timeout_s": None})
    is_few = len(images) < (2 if long else FEW)
    if settings.engine == "dask" and images and (on_gpu or not is_few):
        from cosmouline.cluster import window

        yield from window.outcomes(work, images, settings, on_gpu)
    elif settings.engine == "serial" or n_workers < 2 or is_few:
        for image in images:
            yield work(image, settings)
    else:
        yield from _in_processes(work, images, settings, n_workers)


def _in_processes(work, images, settings, n_workers):
    """Yield the outcomes of all images; after the death of a worker go on with new ones.

    A worker that dies at a bad moment takes with it the lock of the pipe that all share, and the
    others would wait for it for minutes. So the images at hand are done again, by new workers.
    """
    todo = [(image, 0) for image in reversed(images)]
    while todo:
        yield from _until_a_death(work, todo, settings, min(n_workers, len(todo)))


def _until_a_death(work, todo, settings, n_workers):
    """Keep every worker busy, two images ahead; on a death put back into `todo` what is left."""
    from pebble import ProcessPool  # the serial engine needs no pool

    flying, workers, n_timeouts = {}, Workers(), 0
    pool = ProcessPool(max_workers=n_workers, context=workers, initializer=end_with_parent)
    try:
        while (todo or flying) and workers.n_dead() <= n_timeouts:
            while todo and len(flying) < 2 * n_workers:
                image, n_tries = todo.pop()
                future = pool.schedule(work, args=(image, settings),
                                       timeout=settings.image_timeout_s)
                flying[future] = image, n_tries
            for future in wait(flying, LOOK_S, return_when=FIRST_COMPLETED).done:
                image, n_tries = flying.pop(future)
                outcome = _result(future, image)
                n_timeouts += outcome.word == "timeout"
                if outcome.word == "died" and n_tries < settings.died_retries:
                    todo.insert(0, (image, n_tries + 1))
                else:
                    yield outcome
        yield from _landed(flying, todo, settings)
    finally:
        pool.stop()  # no new worker from now on
        is_torn = bool(flying) or workers.n_dead() > 0
        workers.kill()
        pool.join()
        if is_torn:
            remove_leftovers(settings.work_dir)


def _landed(flying, todo, settings):
    """Yield what is finished all the same, and put the other images back into `todo`."""
    wait(flying, LOOK_S, return_when=ALL_COMPLETED)  # who died is told a moment after the death
    for future, (image, n_tries) in flying.items():
        outcome = _result(future, image) if future.done() else None
        if outcome is None:
            todo.append((image, n_tries))
        elif outcome.word == "died" and n_tries < settings.died_retries:
            todo.insert(0, (image, n_tries + 1))
        else:
            yield outcome


def _result(future, image):
    """Turn a future into an outcome: the work's own, or the worker's death."""
    from pebble import ProcessExpired

    try:
        return future.result()
    except TimeoutError:
        return Outcome(image["img_name"], "timeout", {},
                       "stopped after image_timeout_s; raise it if that image is worth it")
    except ProcessExpired as death:
        return Outcome(image["img_name"], "died", {},
                       f"its worker process died (exit code {death.exitcode}): out of memory, "
                       "killed, or a crash in a compiled library")


def n_usable_cpus():
    """Return the cores this process may use: the whole machine, or its share in a cluster job."""
    if hasattr(os, "sched_getaffinity"):  # absent on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def module_of(work):
    """Return the module that holds the function of a `Work`."""
    return _module(work.path)


@functools.cache
def _module(path):
    """Load the module of a function, in whatever process: a library module or a script."""
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == path:
            return module
    name = "script_" + Path(path).stem
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
