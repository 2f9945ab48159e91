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
from cosmouline.engine.terminal import progress_bar
from cosmouline.errors import UserError
from cosmouline.files import origin
from cosmouline.files.atomic import add_finished, take_finished
from cosmouline.threads import threads

log = logging.getLogger("cosmouline")
MOST_LINES = 10_000  # that are kept of the log of a task


def results(function, items, settings, unit="task", on_gpu=False):
    """Yield ``(item, values)`` of every task that succeeds, as they come.

    Parameters
    ----------
    function : callable
        Module-level ``(item, settings) -> dict``, or a functools.partial of one with keyword
        arguments. It writes its products itself, so that what is finished stays.
    items : list of dict
        What each task is about; ``img_name`` is its name in messages, different for each.
    settings : namespace
    unit : str
        What a task is called in messages.
    on_gpu : bool
        Workers with a graphics card are preferred where there are any.

    Raises
    ------
    UserError
        After the last task, if some failed; why each failed is logged before.

    Notes
    -----
    One task alone is done in this process, as if it were called, unless there is a cluster; with
    the engine "local" it has as many threads as there would be workers. Of several tasks
    the log lines come when a task has finished, with its name before each.
    """
    # One task alone is a call of the function
    if len(items) == 1 and settings.engine != "dask":
        n_cpus = settings.max_cpus or engine_work.n_usable_cpus()
        with threads(n_cpus if settings.engine == "local" else 1):
            values = function(items[0], settings)
        yield items[0], values
        return
    # Several tasks: their products are listed here for the notes of the script on its files
    by_name, failed = {item["img_name"]: item for item in items}, []
    written = take_finished()  # so that each task begins with none
    work = functools.partial(_attempt, work=engine_work.Work.of(function), home=_here(),
                             made_by=origin.current())
    bar = progress_bar(engine.outcomes(work, items, settings, on_gpu=on_gpu, long=True),
                       total=len(items), unit=unit)
    try:
        for outcome in bar:
            bar.clear()
            name, own = outcome.img_name, outcome.values.get("outcome", outcome)
            written += outcome.values.get("written", ())
            take_finished()
            # The lines of a task that ran in another process
            for level, line in outcome.values.get("lines", ()):
                log.log(level, "%s", line)
            if own.word == "done":
                yield by_name[name], own.values
            else:
                failed.append(name)
                log.error("%s %s: %s", name, own.word, own.message)
                logging.getLogger("cosmouline.file").info("%s", own.details)
    finally:
        add_finished(written)
    if failed:
        raise UserError(f"{len(failed)} of {len(items)} {unit}s failed ({', '.join(failed)}), see "
                        "above; the others are finished and kept.")


def _attempt(item, settings, work, home, made_by):
    """Do one task; return its outcome, its files, and its lines where it is in another process."""
    name, is_elsewhere = item["img_name"], _here() != home
    before, handler = (log.handlers, log.propagate, log.level), BufferingHandler(MOST_LINES)

    def put_name_first(record):
        line = record.getMessage()
        record.msg, record.args = line if line.startswith(f"{name} ") else f"{name}: {line}", ()
        return True

    with contextlib.ExitStack() as stack:
        if name:
            log.addFilter(put_name_first)
            stack.callback(log.removeFilter, put_name_first)
        if made_by:
            stack.enter_context(origin.noted(lambda: made_by))
        if is_elsewhere:  # workers would write into each other's lines, distant ones to nobody
            log.handlers, log.propagate = [handler], False
            log.setLevel(logging.INFO)
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))  # no progress bar
        try:
            outcome = work(item, settings)
        except UserError as problem:  # of this task: the others go on
            outcome = engine_work.Outcome(name, "failed", {}, str(problem))
        finally:
            log.handlers, log.propagate = before[:2]
            log.setLevel(before[2])
    lines = [(record.levelno, record.getMessage()) for record in handler.buffer]
    return {"outcome": outcome, "lines": lines, "written": take_finished()}


def _here():
    """Return host and number of this process, which no other process has."""
    return platform.node(), os.getpid()
