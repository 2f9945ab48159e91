"""Run one numbered script: options, settings, database, log, and the map over images."""

import argparse
import contextlib
import logging
import os
import sys
import time
from collections import Counter
from types import SimpleNamespace

from cosmouline import __version__
from cosmouline.database import fields, manifest, paths, provenance, status, step_notes
from cosmouline.database.database import Database, fitting, rejected_by
from cosmouline.database.script_header import script_name, settings_names
from cosmouline.database.settings import differences, load_settings
from cosmouline.engine import engine as engine_engine
from cosmouline.engine import work as engine
from cosmouline.engine.processes import stop_on_signals
from cosmouline.engine.terminal import log_to_terminal, progress_bar
from cosmouline.engine.tool import lens_options
from cosmouline.errors import (
    EXIT_IMAGES_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USER_ERROR,
    UserError,
    disk_trouble,
    unexpected,
)
from cosmouline.files import origin
from cosmouline.files.atomic import remove_leftovers, take_finished
from cosmouline.files.lock import Lock

log = logging.getLogger("cosmouline")
TEST = "_test"  # end of the name of the deconvolution of testlist.txt


def run(main, doc, arguments=None, argv=None):
    """Run ``main(settings, db)`` of a script and exit; the entry point of every script.

    Parameters
    ----------
    main : callable
        The script's main function.
    doc : str
        The script's docstring: its manual page, shown by ``--help``.
    arguments : dict of str to dict, optional
        Arguments of this script alone, as keywords of argparse's add_argument; their values are
        in ``settings.options``.
    argv : list of str, optional
        Instead of the command line.

    Notes
    -----
    Exit status: 0 done; 1 something the user can correct, reported in one line; 2 wrong options;
    3 done, but images failed; 130 interrupted by Ctrl-C, 143 by SIGTERM. A script that declares
    WRITES or has a function ``measure`` locks the database, unless it has an option ``--part``
    that is given: then it writes files only.
    """
    # The script's own arguments first, then those that all scripts have
    script = script_name(main.__code__.co_filename)
    parser = argparse.ArgumentParser(
        prog=f"{script.split('/')[-1]}.py", description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter, fromfile_prefix_chars="@")
    for name, keywords in (arguments or {}).items():
        parser.add_argument(name, **keywords)
    parser.add_argument("--test", action="store_true", help="only the images of testlist.txt; of "
                        f"the lens a deconvolution of its own, <dec_name>{TEST}")
    parser.add_argument("--redo", action="store_true", help="also what is up to date")
    parser.add_argument("--no-pictures", action="store_true",
                        help="without the plots of scripts that measure and draw")
    parser.add_argument("--only", nargs="+", metavar="IMG", help="only these images; @FILE: the "
                        "names in a file, one a line")
    parser.add_argument("--cpus", type=int, metavar="N",
                        help="worker processes; 0: all cores (default: max_cpus of the settings)")
    parser.add_argument("--debug", action="store_true", help="in one process, with tracebacks")
    options = lens_options(parser, argv)
    options.script = script
    stop_on_signals()
    log_to_terminal()
    sys.exit(_exit_status(main, options))


def _exit_status(main, options):
    """Run main; turn what it raises into one line and an exit status."""
    start, script = time.perf_counter(), options.script
    try:
        settings = with_options(load_settings(options.config_dir), options)
        paths.check_links(settings)
        log_path = _log_to_file(settings, script)
        for notice in settings.notices:
            log.warning("%s", notice)
        n_failed = _with_database(main, settings)
    except UserError as problem:
        log.error("%s: %s", script, problem)
        return EXIT_USER_ERROR
    except KeyboardInterrupt as stop:
        log.error("%s: interrupted; what is finished is kept. Run it again to go on.", script)
        return getattr(stop, "status", EXIT_INTERRUPTED)
    except Exception as error:
        trouble = disk_trouble(error) if isinstance(error, OSError) else ""
        if options.debug and not trouble:
            raise
        is_of_file = isinstance(error, OSError) and error.filename
        log.error("%s: %s%s", script, unexpected(error), "" if trouble or is_of_file else
                  " The traceback is in the log file (or use --debug).")
        if not trouble:
            logging.getLogger("cosmouline.file").error("", exc_info=True)
        return EXIT_USER_ERROR
    cpu_s = sum(os.times()[:4]) + engine.cpu_s_elsewhere[0]  # of this process and its workers
    log.info("%s: done in %.1f s, CPU %.2f s (log: %s)", script, time.perf_counter() - start,
             cpu_s, paths.relative(log_path))
    return EXIT_IMAGES_FAILED if n_failed else 0


def with_options(settings, options):
    """Return the settings of a lens as the options of a command line change them.

    With ``--test`` the deconvolution is another one, ``<dec_name>_test``: next to that of all
    images, with records and products of its own.
    """
    settings.options = options
    if options.cpus is not None:
        settings.max_cpus = options.cpus
    if options.debug:
        settings.engine = "serial"
    if options.test:
        settings.dec_name += TEST
    return settings


def _with_database(main, settings):
    """Open the database, locked if the script writes, and run main; return n failed images."""
    script = settings.options.script
    path = paths.database(settings, script)
    # A script that loops over images writes at least what became of each; a part of one does not
    writes = (main.__globals__.get("WRITES") or "measure" in main.__globals__) and not getattr(
        settings.options, "part", None)
    with Lock(path) if writes else contextlib.nullcontext() as lock:
        if lock is not None and lock.was_stale:  # a killed script before this one
            remove_leftovers(settings.work_dir)
        if lock is None:  # what another one left where scripts without a lock write
            for pattern in (".*.tmp.*", *(f"{place.name}/**/.*.tmp.*" for place in (
                    paths.exports(settings), paths.final(settings),
                    paths.plot(settings, "x").parent))):
                remove_leftovers(settings.work_dir, pattern=pattern)
        try:
            db = Database(path)
            for notice in db.notices:
                log.warning("%s", notice)
            in_use = db.select(gogogo=True, treatme=True)
            log.info("%s on %s (%d images, %d in use)", script, settings.config_dir,
                     len(db.rows), len(in_use))
            if settings.options.test and "dec_name" in settings_names(main.__globals__["__doc__"]):
                log.info("--test: the deconvolution is '%s'", settings.dec_name)
            for line in status.out_of_date(main.__globals__.get("NEEDS", ()), in_use, settings,
                                           db.runs):
                log.warning("%s", line)
            try:
                counts = call_main(main, settings, db)
                step_notes.write(script, settings, db)
            finally:
                if writes:
                    db.save()
                db.close()
        except KeyboardInterrupt:
            remove_leftovers(settings.work_dir)
            raise
    return counts["failed"] + counts["died"] + counts["timeout"] if counts else 0


def _log_to_file(settings, script):
    """Add a log file, with version and the settings that differ from the sample."""
    folder = paths.logs(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{time.strftime('%Y%m%dT%H%M%S')}_{script.replace('/', '-')}.log"
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise UserError(f"work_dir {settings.work_dir} cannot be written: {error}") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    file_log = logging.getLogger("cosmouline.file")
    file_log.addHandler(handler)
    file_log.setLevel(logging.INFO)
    file_log.info("cosmouline %s, %s, %s", __version__, script, " ".join(sys.argv))
    for name, value in differences(settings).items():
        file_log.info("%s = %r", name, value)
    return path


def call_main(main, settings, db):
    """Call the main function of a script; what it makes of all images together has its origin."""
    def origin_of_all():
        names = settings_names(main.__globals__["__doc__"])
        return manifest.Recipe.of(
            script_name(main.__code__.co_filename), provenance.settings_used(settings, names),
            fields.expand(main.__globals__.get("NEEDS", ()), settings)).origin(db.in_use(settings))

    take_finished()
    settings.made = manifest.of_steps(db.runs)
    with origin.noted(origin_of_all):
        return main(settings, db)


def for_each_image(measure, images, settings, db, *, needs, writes, is_quick=False):
    """Call ``measure(image, settings)`` on every image and store what it returns.

    Parameters
    ----------
    measure : callable
        Module-level function ``(image: dict, settings) -> dict`` of fields that fit `writes`.
        It raises ImageRejected("reason") for an image that cannot be used. What all images
        share is bound with functools.partial.
    images : list of dict
        Rows of the database.
    needs, writes : tuple of str
        Fields or patterns read and written (see `fields`). An image that is up to date is
        skipped unless ``--redo`` is given; fields in `writes` are cleared before a new value.
    is_quick : bool
        True where `measure` looks up what the script knows: no worker is started for it.

    Returns
    -------
    dict of str to int
        How many images are done, rejected, failed, died, timeout, and kept as they were.

    Notes
    -----
    Every outcome is in the journal of the database before the next one is looked at. A failure
    leaves the fields empty and the image in use.
    """
    step = _Step(measure, settings, db, needs, writes)
    db.require(images, step.needs)
    todo = [image for image in images if step.why_to_do(image)]
    step.report_stand_ins(images)
    if step.n_copied:
        log.info("%d files have another time than when they were written, as after a copy, "
                 "and the same content: their new times are noted", step.n_copied)
    counts = dict.fromkeys(("done", "rejected", "failed", "died", "timeout"), 0)
    counts["kept"] = len(images) - len(todo)
    if is_quick:
        work = engine.Work.of(measure)._replace(recipe=step.recipe)
        results = (work(image, settings) for image in todo)
    else:
        results = engine_engine.outcomes(measure, todo, settings, step.recipe) if todo else []
    bar = progress_bar(results, total=len(todo), unit="image")
    for outcome in bar:
        try:
            outcome = outcome._replace(values=_plain(outcome.values))
        except ValueError as problem:  # such as NaN: this image must not stop the others
            outcome = engine.Outcome(outcome.img_name, "failed", {}, str(problem))
        counts[outcome.word] += 1
        step.store(outcome)
        if outcome.word != "done":
            bar.clear()
            log.warning("%s %s: %s", outcome.img_name, outcome.word, outcome.message)
            logging.getLogger("cosmouline.file").info("%s", outcome.details)
    log.info("%s", ", ".join(f"{n} {word}" for word, n in counts.items() if n))
    return counts


def _plain(values):
    """Return values as the types of their fields, without those that are absent."""
    return {name: fields.convert(name, value) for name, value in values.items()
            if value is not None}


def for_all_images(results, images, settings, db, *, measure, needs, writes):
    """Store the fields of a step that looks at all images at once.

    Parameters
    ----------
    results : dict of str to dict
        Fields by image name; images that are not in it lose the fields of `writes`.
    images : list of dict
        The images that the step looked at.
    measure : callable
        A function of the script, to know which script it is.

    Notes
    -----
    Images that another script has done in its place stay as they are, unless ``--redo`` is given.
    """
    step = _Step(measure, settings, db, needs, writes)
    step.report_stand_ins(images)
    images = [image for image in images if step.redo or not step.is_kept(image)]
    for image in images:
        name = image["img_name"]
        step.store(engine.Outcome(name, "done", _plain(results.get(name, {}))))
    log.info("%d images, %d with values", len(images),
             len(results.keys() & {image["img_name"] for image in images}))


def not_done(measure, images, settings, db, *, needs, writes):
    """Return the images that a step of all images has not done, or that are out of date for it."""
    step = _Step(measure, settings, db, needs, writes)
    return [image for image in images if step.why_to_do(image)]


class _Step:
    """One script at work on the database: what is to do, and how an outcome is stored."""

    def __init__(self, function, settings, db, needs, writes):
        work = engine.Work.of(function)
        module = engine.module_of(work)
        self.script = script_name(work.path)
        self.key = provenance.record_name(self.script, needs, writes, settings)
        self.base = self.key.partition(":")[0]  # what it stands for, or itself
        self.needs, self.writes = fields.expand(needs, settings), fields.expand(writes, settings)
        self.used = provenance.settings_used(settings, settings_names(module.__doc__))
        self.db, self.redo = db, settings.options.redo
        self.folder, self.written = settings.work_dir, take_finished()
        self.look, self.n_copied = manifest.Look(self.folder), 0
        self.recipe = manifest.Recipe.of(self.script, self.used, self.needs)
        self.number, self.has_same_files = None, False

    def why_to_do(self, image):
        """Return why an image is to be done; empty if it is up to date."""
        word = provenance.outcome(image, self.key)[0]
        if word not in ("done", "rejected"):
            return "not done"
        if self.redo:
            return "--redo"
        if self.is_kept(image):
            return ""
        if why := self._stale(image):
            return why
        # up to date by the records: a file that was made of the image may be missing or changed
        if found := manifest.why_other(image, self.key, self.look):
            return f"{found[0].path} {found[1]}"
        if text := self.look.renewed(image, self.key):
            self.n_copied += 1
            self.db.update(image["img_name"], {manifest.MADE + self.key: text})
        return ""

    def is_kept(self, image):
        """Return whether a script that the user chose in place of this one did the image."""
        maker = provenance.made_by(image, self.key, self.db.runs)
        return self.script == self.base != maker and (
            provenance.outcome(image, self.key)[0] == "done")

    def report_stand_ins(self, images):
        """Report which images another script has done in place of this one, and keeps."""
        makers = Counter(provenance.made_by(image, self.key, self.db.runs)
                         for image in images if self.is_kept(image))
        for maker, n in makers.items() if not self.redo else ():
            log.info("%d images were done by %s.py: kept (--redo replaces them)", n, maker)

    def _stale(self, image):
        maker = provenance.made_by(image, self.key, self.db.runs)
        if maker != self.script:
            return f"{maker} made it"
        return provenance.why_out_of_date(image, self.key, self.needs, self.db.runs, self.used)

    def store(self, outcome):
        """Write one outcome in one entry: old fields out, new ones in, and their origin."""
        # The run is registered with its first outcome
        if self.number is None:
            made = manifest.carried(self.script, self.written, self.db, self.folder)
            before = [run.get("made", "") for _, run in sorted(self.db.runs.items())
                      if run["script"] == self.script] or [""]
            self.has_same_files = manifest.is_alike(before[-1], made)
            self.number = self.db.begin_run(self.script, self.used, made)
        # Only what WRITES names, and without what it named before
        row = self.db.rows.get(outcome.img_name, {})
        unknown = [name for name in outcome.values
                   if not any(fields.matches(pattern, name) for pattern in self.writes)]
        if unknown:
            raise ValueError(f"{self.script} gave '{unknown[0]}', which its WRITES does not name")
        cleared = dict.fromkeys(fitting(row, self.writes))
        made = manifest.as_text(outcome.files, "" if self.script == self.base else self.script)
        before = row.get(manifest.MADE + self.key, "")
        record, changes = provenance.record(
            row, self.key, self.number, outcome.word, outcome.message, cleared | outcome.values,
            bool(self._stale(row)), self.has_same_files and manifest.is_alike(before, made))
        # The files that were made, and whether the image stays in use
        changes = changes | {f"ran__{self.key}": record, manifest.MADE + self.key: made or None}
        if outcome.word == "rejected":
            changes |= {"gogogo": False, "whynot": f"{outcome.message} ({self.base})"}
        elif rejected_by(row) == self.base:
            changes |= {"gogogo": True, "whynot": None}
        self.db.update(outcome.img_name, changes)


def make_options(**changes):
    """Return the options of a script as they are without a command line, for use from Python."""
    return SimpleNamespace(**({"test": False, "redo": False, "only": None, "cpus": None,
                               "debug": False, "config_dir": None, "script": "",
                               "no_pictures": False} | changes))


def log_line(text, *values):
    """Write one line to the terminal and the log file."""
    log.info(text, *values)
