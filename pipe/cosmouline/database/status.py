"""What each script has done on the images of a lens."""

from collections import Counter

from cosmouline.database import fields, manifest, paths, provenance
from cosmouline.database.database import Database
from cosmouline.database.script_header import read_header, script_path
from cosmouline.files import io_report

MOST_READ_BYTES = 200_000_000  # of files whose time alone has changed; a third of a second
COLUMNS = ("script", "done", "failed", "out of date", "to do")


def report(settings, order):
    """Return a table: for each script that works on images, the images done, failed, to do.

    Files and frames that are gone or have changed, and rejected images with their reasons, are
    counted below the table.
    """
    db = Database(paths.database(settings))
    in_use = db.select(gogogo=True, treatme=True)
    found = states(db, settings, order)
    lines = [io_report.table(found, COLUMNS), f"{len(db.rows)} images, {len(in_use)} in use",
             *file_lines(found), *frame_lines(in_use), rejections(db)]
    return "\n".join(lines)


def states(db, settings, order):
    """Return the counts of images in use by state, a dict for each script that works on them.

    An image is out of date for a script too where a file that it made is gone or has changed;
    "lost" holds the trouble of each such file in words, and "unread" how many files of the right
    size and another time were not read.
    """
    in_use = db.select(gogogo=True, treatme=True)
    groups, look = _groups(in_use), manifest.Look(settings.work_dir, MOST_READ_BYTES)
    steps = _lost_by_steps(db.runs, look)
    found = [_line(script, groups, settings, db.runs) for script in order
             if read_header(script).leaves_record]
    used = {}
    for line in found:
        lost = list(_lost(line["script"], in_use, settings, look))
        line["lost"] = steps.get(line["script"], []) + [f"{file.path} {problem}"
                                                        for _, _, file, problem in lost]
        n = line["done"] if line["script"] in steps else sum(
            not _is_behind(line["script"], image, settings, db.runs, used) for image, *_ in lost)
        line["done"], line["out of date"] = line["done"] - n, line["out of date"] + n
    return [line | {"unread": look.n_unread} for line in found]


def file_lines(found):
    """Return lines that tell of lost files, from `states`."""
    lines = [f"{line['script']}: {len(line['lost'])} files are gone or have changed (first: "
             f"{line['lost'][0]}). Run it again." for line in found if line["lost"]]
    n_unread = max((line["unread"] for line in found), default=0)
    if n_unread:
        lines.append(f"{n_unread} files have another time than when they were written, as after "
                     "a copy: extrascripts/validate_database.py reads them")
    return lines


def frame_lines(images):
    """Return a line that tells of raw frames that are gone or not those that were imported."""
    gone, changed, look = [], [], manifest.Look("", MOST_READ_BYTES)
    for image in images:
        problem = manifest.frame_trouble(image, look)
        if problem:
            (gone if problem == manifest.GONE else changed).append(image["img_name"])
    lines = [f"{len(changed)} raw frames have changed since they were imported (first: "
             f"{changed[0]}). Run {fields.producer('raw_path')}.py."] if changed else []
    return lines + ([f"{len(gone)} raw frames are gone (first: {gone[0]})"] if gone else [])


def _lost(script, images, settings, look):
    """Yield (image, maker, file, trouble) where a file that a script made is not as it was."""
    key = _record(script, settings)
    for image in [image for image in images if manifest.MADE + key in image]:
        found = manifest.why_other(image, key, look)
        if found:
            yield image, manifest.read(image[manifest.MADE + key])[0] or script, *found


def _is_behind(script, image, settings, runs, used):
    """Tell whether an image is out of date for a script by more than its files."""
    key = _record(script, settings)
    maker = provenance.made_by(image, key, runs)
    if maker not in used:
        used[maker] = _used(maker, settings)
    return bool(_verdict(image, key, used, runs)[2])


def _record(script, settings):
    """Return the name of the record of a script."""
    header = read_header(script)
    return provenance.record_name(script, header.needs, header.writes, settings)


def _lost_by_steps(runs, look):
    """Return what is wrong with files made of all images, in words, by script."""
    found = {}
    for script, file in manifest.of_steps(runs).values():
        problem = look.trouble(file)
        if problem:
            found.setdefault(script, []).append(f"{file.path} {problem}")
    return found


def out_of_date(needs, images, settings, runs):
    """Yield a line for every script behind some fields whose results are out of date.

    Of the scripts right behind them, files that are gone or have changed are told too.

    Parameters
    ----------
    needs : tuple of str
        Fields or patterns.
    images : list of dict
        Rows in use.
    settings : namespace
    runs : dict of int to dict
        The runs of the database.
    """
    groups = _groups(images)
    for script in sorted(_scripts_behind(needs)):
        for (_, maker, reason), n in _verdicts(script, groups, settings, runs).items():
            if reason:
                yield f"out of date on {n} images: {maker}.py ({reason}). Run it again."
    look = manifest.Look(settings.work_dir, MOST_READ_BYTES)
    for script in sorted({fields.lookup(name).producer for name in needs}):
        lost = list(_lost(script, images, settings, look)) if script_path(script).is_file() else []
        if lost:
            _, maker, file, problem = lost[0]
            yield (f"{len(lost)} files of {maker}.py are gone or have changed (first: {file.path} "
                   f"{problem}). Run it again.")


def _scripts_behind(needs):
    """Return all scripts that fields depend on."""
    found, todo = set(), {fields.lookup(name).producer for name in needs}
    while todo:
        script = todo.pop()
        if script not in found and script_path(script).is_file():
            found.add(script)
            todo |= {fields.lookup(name).producer for name in read_header(script).needs}
    return found


def _groups(images):
    """Return (image, number of images that scripts have treated just like it) for each sort."""
    names = ["set_name", *(name for name in set().union(*images) if name.startswith("ran__"))]
    first, counts = {}, Counter()
    for image in images:
        texts = tuple([image.get(name) for name in names])
        first.setdefault(texts, image)
        counts[texts] += 1
    return [(first[texts], n) for texts, n in counts.items()]


def _verdicts(script, groups, settings, runs):
    """Count images by the outcome of a script, its maker, and why it is out of date.

    What another script made in its stead is judged by the needs and settings of that one. The
    reason is empty where it is not out of date.
    """
    key = _record(script, settings)
    makers = {provenance.made_by(image, key, runs) for image, _ in groups}
    used = {maker: _used(maker, settings) for maker in makers}
    counts = Counter()
    for image, n in groups:
        counts[_verdict(image, key, used, runs)] += n
    return counts


def _verdict(image, key, used, runs):
    """Return (outcome, maker, reason) for one image."""
    word, maker = provenance.outcome(image, key)[0], provenance.made_by(image, key, runs)
    is_done = word == "done"
    return word, maker, provenance.why_out_of_date(image, key, used[maker][0], runs,
                                                   used[maker][1]) if is_done else ""


def _used(script, settings):
    """Return the fields and the values of the settings that a script uses."""
    header = read_header(script)
    return (fields.expand(header.needs, settings),
            provenance.settings_used(settings, header.settings))


def _line(script, groups, settings, runs):
    """Count the images of one script by their state."""
    counts = Counter()
    for (word, _, reason), n in _verdicts(script, groups, settings, runs).items():
        counts[_state(word, reason)] += n
    return {"script": script, **{name: counts[name] for name in COLUMNS[1:]}}


def _state(word, reason):
    if word in (None, "rejected"):
        return "to do"
    if word != "done":
        return "failed"
    return "out of date" if reason else "done"


def rejections(db):
    """Return the rejected images counted by reason, as lines of text."""
    rejected = Counter(row.get("whynot", "no reason given") for row in db.select(gogogo=False))
    return "\n".join(f"{n} rejected: {why}" for why, n in rejected.most_common())
