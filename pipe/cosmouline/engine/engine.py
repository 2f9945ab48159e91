"""Run one function on many images: in this process, in worker processes, or on a cluster.

One generator, `outcomes`, serves all engines. The caller gets the results one by one and is alone
in writing the database. A worker that dies, hangs or runs out of memory costs its own image only.
"""

from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

from cosmouline import load_libraries
from cosmouline.engine.processes import Workers, end_with_parent
from cosmouline.engine.work import Outcome, Work, n_usable_cpus
from cosmouline.files.atomic import remove_leftovers

FEW = 4  # starting workers can take two seconds: fewer images are done in this process
LOOK_S = 1.0  # how often dead workers are looked for where no image is finished


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
        ``engine`` is "serial", "local" or "dask" (on the machines of ``cluster``); ``max_cpus``
        the number of local workers (0: all that this process may use); ``image_timeout_s`` the
        longest time for one image, None for no limit; ``died_retries`` how often an image is tried
        again whose worker died.
    recipe : manifest.Recipe, optional
        With it the outcome lists the files made of each image, and these name their origin.
    on_gpu : bool
        On a cluster these images go, however few they are, to workers with a graphics card where
        there are any.
    long : bool
        The items are few but long, such as joint fits: two are enough for workers, and
        ``image_timeout_s`` does not count. They are any dicts with a name as ``img_name``.

    Notes
    -----
    Workers are copies of this process where that is safe (see `processes`), else they are
    spawned. Their libraries run one thread each (see ``cosmouline.__init__``), so all engines
    give the same bits.
    """
    # Few images are done sooner than workers have started; long tasks have no time limit
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
    """Yield the outcomes of all images; after the death of a worker go on with new workers.

    A worker that dies at a bad moment takes with it the lock of the pipe that all share, and the
    others would wait for it for minutes. So the unfinished images are done again by new workers.
    Where it died so early that nobody knows which image it had, each of those is done alone.
    """
    from pebble import ProcessPool  # the serial engine needs no pool

    load_libraries()  # here, where the workers are copies of this process
    todo, n_suspects = [(image, 0) for image in reversed(images)], 0
    while todo:
        in_hand, workers, n_timeouts = {}, Workers(), 0
        queue, is_alone = ([todo.pop()], True) if n_suspects else (todo, False)
        n_suspects = max(0, n_suspects - 1)
        n_now, suspects = min(n_workers, len(queue)), None if is_alone else []
        pool = ProcessPool(max_workers=n_now, context=workers, initializer=end_with_parent)
        try:
            # Keep every worker busy, two images ahead, until all is done or a worker has died
            while (queue or in_hand) and workers.n_dead() <= n_timeouts and not suspects:
                while queue and len(in_hand) < 2 * n_now:
                    image, n_tries = queue.pop()
                    future = pool.schedule(work, args=(image, settings),
                                           timeout=settings.image_timeout_s)
                    in_hand[future] = image, n_tries
                for future in wait(in_hand, LOOK_S, return_when=FIRST_COMPLETED).done:
                    outcome = _outcome(future, *in_hand.pop(future), settings, todo, suspects)
                    if outcome:
                        n_timeouts += outcome.word == "timeout"
                        yield outcome
            # After a death take what is finished all the same, and put the other images back.
            # Which image the worker had is known only a moment after its death.
            wait(in_hand, LOOK_S, return_when=ALL_COMPLETED)
            for future, (image, n_tries) in in_hand.items():
                if not future.done():
                    todo.append((image, n_tries))
                elif outcome := _outcome(future, image, n_tries, settings, todo, suspects):
                    yield outcome
            todo += suspects or []
            n_suspects += len(suspects or [])
        finally:
            pool.stop()  # no new worker from now on
            is_cut_short = bool(in_hand) or workers.n_dead() > 0
            workers.kill()
            pool.join()
            if is_cut_short:
                remove_leftovers(settings.work_dir)


def _outcome(future, image, n_tries, settings, todo, suspects):
    """Return the outcome of a finished future; None where its image goes back into `todo`.

    An image that may be the one whose worker died early goes into `suspects`, a list; None where
    it was alone, so that it is the one.
    """
    from pebble import ProcessExpired

    try:
        return future.result()
    except TimeoutError:
        return Outcome(image["img_name"], "timeout", {},
                       "stopped after image_timeout_s; raise it if that image is worth it")
    except (ProcessExpired, BrokenProcessPool) as death:
        if isinstance(death, BrokenProcessPool) and suspects is not None:
            suspects.append((image, n_tries))
            return None
        if n_tries < settings.died_retries:
            todo.insert(0, (image, n_tries + 1))
            return None
        return Outcome(image["img_name"], "died", {},
                       "its worker process died (exit code "
                       f"{getattr(death, 'exitcode', 'unknown')}): out of memory, killed, or a "
                       "crash in a compiled library")
