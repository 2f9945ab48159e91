"""Run one function on many images: in this process, in worker processes, or on a cluster.

One generator, `outcomes`, serves all engines. The results come back to the caller one by one,
who is the only one to write the database. A worker that dies, hangs or runs out of memory costs
its own image only.
"""

from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, wait
from types import SimpleNamespace

from cosmouline.engine.processes import Workers, end_with_parent
from cosmouline.engine.work import Outcome, Work, n_usable_cpus
from cosmouline.files.atomic import remove_leftovers

FEW = 4  # starting workers can take two seconds: fewer images are done in this process
LOOK_S = 1.0  # how often the workers are looked after where no image is finished


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
        from cosmouline.engine.cluster import dispatch

        yield from dispatch.outcomes(work, images, settings, on_gpu)
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
