"""What each script has done on the images of a lens."""

from collections import Counter

from cosmouline import fields, paths, provenance, reports
from cosmouline.database import Database
from cosmouline.header import read_header, script_path

COLUMNS = ("script", "done", "failed", "out of date", "to do")


def report(settings, order):
    """Return a table: for each script that works on images, the images done, failed, to do.

    Rejected images are counted below the table, with their reasons.
    """
    db = Database(paths.database(settings))
    in_use = db.select(gogogo=True, treatme=True)
    text = reports.table(states(db, settings, order), COLUMNS)
    return f"{text}\n{len(db.rows)} images, {len(in_use)} in use\n{rejections(db)}"


def states(db, settings, order):
    """Return the counts of images in use by state, a dict for each script that works on them."""
    in_use = db.select(gogogo=True, treatme=True)
    groups = _groups(in_use)
    return [_line(script, groups, settings, db.runs) for script in order
            if read_header(script).leaves_record]


def out_of_date(needs, images, settings, runs):
    """Yield a line for every script behind some fields whose results are out of date.

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
    header = read_header(script)
    key = provenance.record_name(script, header.needs, header.writes, settings)
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
