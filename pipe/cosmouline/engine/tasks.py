"""Work that is long and not of one image: joint fits, stacks, each a task of the engine."""

import contextlib
import functools
import io
import logging
import os
import platform
from logging.handlers import BufferingHandler

from cosmouline.engine import engine
from cosmouline.engine import work as engine_work
from cosmouline.errors import UserError
from cosmouline.files import origin
from cosmouline.files.atomic import add_finished, take_finished

from tqdm import tqdm

log = logging.getLogger("cosmouline")
MOST_LINES = 10_000  # that a task may tell


def results(function, items, settings, unit="task", on_gpu=False):
    """Yield ``(item, values)`` of every task that comes to its end, as they come.

    Parameters
    ----------
    function : callable
        Module-level ``(item, settings) -> dict``, or a functools.partial of one with keyword
        arguments. It writes its products itself, so that what is finished stays.
    items : list of dict
        What each task is about; ``img_name`` is its name in messages, each another one.
    settings : namespace
    unit : str
        What a task is called in messages.
    on_gpu : bool
        Workers with a graphics card are to be preferred where there are any.

    Raises
    ------
    UserError
        After the last one, if some failed: one does not stop the others. Each has told why.

    Notes
    -----
    One task alone is done in this process, as if it were called, unless there is a cluster. Of
    several each tells what it has to say when it is finished, with its name before it.
    """
    if len(items) == 1 and settings.engine != "dask":
        yield items[0], function(items[0], settings)
        return
    by_name, failed = {item["img_name"]: item for item in items}, []
    written = take_finished()  # each task begins with none
    work = functools.partial(_attempt, work=engine_work.Work.of(function), home=_here(),
                             made_by=origin.current())
    bar = tqdm(engine.outcomes(work, items, settings, on_gpu=on_gpu, long=True), total=len(items),
               unit=unit, disable=None, leave=False)
    try:
        for outcome in bar:
            bar.clear()
            name, own = outcome.img_name, outcome.values.get("outcome", outcome)
            written += outcome.values.get("written", ())
            take_finished()
            for level, line in outcome.values.get("told", ()):
                log.log(level, "%s", line)
            if own.word == "done":
                yield by_name[name], own.values
            else:
                failed.append(name)
                log.error("%s %s: %s", name, own.word, own.message)
                logging.getLogger("cosmouline.file").info("%s", own.details)
    finally:
        add_finished(written)  # for the notes of the script on its files
    if failed:
        raise UserError(f"{len(failed)} of {len(items)} {unit}s failed ({', '.join(failed)}), see "
                        "above; the others are finished and kept.")


def _attempt(item, settings, work, home, made_by):
    """Do one task; return its outcome, and what it told where nobody else sees it."""
    told = []
    with _named(item["img_name"]), contextlib.ExitStack() as stack:
        if made_by:
            stack.enter_context(origin.noted(lambda: made_by))
        if _here() != home:
            stack.enter_context(_kept(told))
        try:
            outcome = work(item, settings)
        except UserError as problem:  # of this one: the others go on
            outcome = engine_work.Outcome(item["img_name"], "failed", {}, str(problem))
    return {"outcome": outcome, "told": told, "written": take_finished()}


def _here():
    """Return what tells this process from all others."""
    return platform.node(), os.getpid()


@contextlib.contextmanager
def _named(name):
    """Put a name before what is told; none where the name is empty."""
    def put(record):
        told = record.getMessage()
        record.msg, record.args = told if told.startswith(f"{name} ") else f"{name}: {told}", ()
        return True

    if name:
        log.addFilter(put)
    try:
        yield
    finally:
        log.removeFilter(put)


@contextlib.contextmanager
def _kept(told):
    """Keep what a worker tells: two at once would write into each other, far ones to nobody."""
    before = log.handlers, log.propagate, log.level
    handler = BufferingHandler(MOST_LINES)
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # no bar, which only a terminal gets
            yield
    finally:
        log.handlers, log.propagate = before[:2]
        log.setLevel(before[2])
        told += [(record.levelno, record.getMessage()) for record in handler.buffer]
