"""What each script has done on the images of a lens."""

from collections import Counter

from cosmouline.database import fields, manifest, paths, provenance, step_notes
from cosmouline.database.database import Database, first_script, has
from cosmouline.database.script_header import listed_scripts, read_header, script_path
from cosmouline.files import io_report

MOST_READ_BYTES = 200_000_000  # of files whose time alone has changed; a third of a second
COLUMNS = ("script", "done", "failed", "out of date", "to do")


def report(settings, order):
    """Return a table: for each script, the images done, failed, out of date, to do.

    Files and frames that are missing or have changed, rejected images with their reasons, and
    what is next are given below the table.
    """
    db = Database(paths.database(settings, order[0]))
    in_use = db.select(gogogo=True, treatme=True)
    found = states(db, settings, order)
    script = next_script(db, found)
    lines = [io_report.table(found, COLUMNS), f"{len(db.rows)} images, {len(in_use)} in use",
             *file_lines(found), *frame_lines(in_use), *filter(None, [rejections(db)]),
             f"next: {script}" if script else "nothing to do"]
    return "\n".join(lines)


def states(db, settings, order):
    """Return the counts of images in use by state, a dict for each script of the order.

    A script that leaves no record is done, out of date or to do for all of them (`step_notes`).
    An image is out of date for a script too where a file that it made is missing or has changed;
    "lost" holds the trouble of each such file in words, and "unread" how many files of the right
    size and another time were not read. "is skipped" is True for what need not be done: see
    `_mark_skipped`.
    """
    # Records: counted by groups of images that all scripts have treated alike
    in_use = db.select(gogogo=True, treatme=True)
    groups, look = _groups(in_use), manifest.Look(settings.work_dir, MOST_READ_BYTES)
    found = []
    for script in order:
        counts = dict.fromkeys(COLUMNS[1:], 0)
        if read_header(script).leaves_record:
            for (word, _, reason), n in _verdicts(script, groups, settings, db.runs).items():
                counts["to do" if word in (None, "rejected") else "failed" if word != "done"
                       else "out of date" if reason else "done"] += n
        else:
            counts[step_notes.state(script, settings, db)] = len(in_use)
        found.append({"script": script} | counts)
    # Files: those made of all images together make all images out of date, others their own image
    of_all = {}
    for script, file in manifest.of_steps(db.runs).values():
        if problem := look.trouble(file):
            of_all.setdefault(script, []).append(f"{file.path} {problem}")
    for line in found:
        script = line["script"]
        lost = list(_lost(script, in_use, settings, look))
        line["lost"] = of_all.get(script, []) + [f"{file.path} {problem}"
                                                 for _, _, file, problem in lost]
        # Images whose files alone are lost were counted as done
        rows = [(image, 1) for image, *_ in lost]
        sound = sum(n for (_, _, reason), n in _verdicts(script, rows, settings, db.runs).items()
                    if not reason)
        n = line["done"] if script in of_all else sound
        line["done"], line["out of date"] = line["done"] - n, line["out of date"] + n
    _mark_skipped(found, in_use, settings)
    return [line | {"unread": look.n_unread} for line in found]


def is_open(line):
    """Return whether a line of `states` has images that are not done."""
    return bool(line["to do"] or line["failed"] or line["out of date"])


def next_script(db, states):
    """Return the first script that has something to do by `states`, or None."""
    if not db.rows:
        return first_script(db.store.path)
    return next((one["script"] for one in states
                 if is_open(one) and not one.get("is skipped")), None)


def _mark_skipped(found, in_use, settings):
    """Note in each line of `states` whether the script need not run, though it could.

    Skipped are pictures, and a report never made, before a script that is done; pictures after
    which nothing else is to do; and of a reduction of COSMOULINE what it brought or cannot give.
    """
    pictures = listed_scripts("PICTURES")
    last = max((i for i, line in enumerate(found) if line["done"]), default=-1)
    end = max((i for i, line in enumerate(found) if is_open(line)
               and line["script"] not in pictures), default=-1)
    fields_there = set().union(*in_use)
    is_imported = bool(in_use) and all(row.get("raw_state") == "imported" for row in in_use)
    headers = [read_header(line["script"]) for line in found]
    brought = max((i for i, header in enumerate(headers) if is_imported and any(
        has(fields_there, field) for field in fields.expand(header.writes, settings))), default=-1)
    for i, (line, header) in enumerate(zip(found, headers, strict=True)):
        is_lacking = not all(has(fields_there, need)
                             for need in fields.expand(header.needs, settings))
        line["is skipped"] = (
            (i < last or i > end) if line["script"] in pictures
            else i < last and not header.leaves_record and line["to do"] > 0) or (
            is_imported and (i <= brought or is_lacking))


def file_lines(found):
    """Return lines on missing or changed files, from `states`."""
    lines = [f"{line['script']}: {len(line['lost'])} files are missing or have changed (first: "
             f"{line['lost'][0]}). Run it again." for line in found if line["lost"]]
    n_unread = max((line["unread"] for line in found), default=0)
    if n_unread:
        lines.append(f"{n_unread} files have another time than when they were written, as after "
                     "a copy: extrascripts/validate_database.py reads them")
    return lines


def frame_lines(images):
    """Return lines on raw frames that are missing or not those that were imported."""
    missing, changed, look = [], [], manifest.Look("", MOST_READ_BYTES)
    for image in images:
        problem = manifest.frame_trouble(image, look)
        if problem:
            (missing if problem == manifest.GONE else changed).append(image["img_name"])
    lines = [f"{len(changed)} raw frames have changed since they were imported (first: "
             f"{changed[0]}). Run {fields.producer('raw_path')}.py."] if changed else []
    return lines + ([f"{len(missing)} raw frames are missing (first: {missing[0]})"]
                    if missing else [])


def _lost(script, images, settings, look):
    """Yield (image, maker, file, trouble) where a file that a script made is not as it was."""
    key = _record(script, settings)
    for image in [image for image in images if manifest.MADE + key in image]:
        found = manifest.why_other(image, key, look)
        if found:
            yield image, manifest.read(image[manifest.MADE + key])[0] or script, *found


def _record(script, settings):
    """Return the name of the record of a script."""
    header = read_header(script)
    return provenance.record_name(script, header.needs, header.writes, settings)


def out_of_date(needs, images, settings, runs):
    """Yield a line for every script behind some fields whose results are out of date.

    Missing or changed files of the scripts right behind the fields have lines too. `needs` are
    fields or patterns, `images` the rows in use.
    """
    # All scripts that the fields depend on
    direct = {fields.lookup(name).producer for name in needs}
    behind, todo = set(), set(direct)
    while todo:
        script = todo.pop()
        if script not in behind and script_path(script).is_file():
            behind.add(script)
            todo |= {fields.lookup(name).producer for name in read_header(script).needs}
    groups = _groups(images)
    for script in sorted(behind):
        for (_, maker, reason), n in _verdicts(script, groups, settings, runs).items():
            if reason:
                yield f"out of date on {n} images: {maker}.py ({reason}). Run it again."
    look = manifest.Look(settings.work_dir, MOST_READ_BYTES)
    for script in sorted(direct & behind):
        lost = list(_lost(script, images, settings, look))
        if lost:
            _, maker, file, problem = lost[0]
            yield (f"{len(lost)} files of {maker}.py are missing or have changed (first: "
                   f"{file.path} {problem}). Run it again.")


def _groups(images):
    """Return (image, number of images that scripts have treated just like it) for each sort."""
    names = ["set_name", *(name for name in set().union(*images) if name.startswith("ran__"))]
    first, counts = {}, Counter()
    for image in images:
        texts = tuple(map(image.get, names))
        first.setdefault(texts, image)
        counts[texts] += 1
    return [(first[texts], n) for texts, n in counts.items()]


def _verdicts(script, groups, settings, runs):
    """Count images by the outcome of a script, its maker, and why it is out of date.

    What another script made in its stead is compared with the needs and settings of that one. The
    reason is empty where it is not out of date.
    """
    key = _record(script, settings)
    used, counts = {}, Counter()
    for image, n in groups:
        word, maker, reason = (provenance.outcome(image, key)[0],
                               provenance.made_by(image, key, runs), "")
        # The needs and settings of the script that made it, read once
        if maker not in used:
            header = read_header(maker)
            used[maker] = (fields.expand(header.needs, settings),
                           provenance.settings_used(settings, header.settings))
        if word == "done":
            reason = provenance.why_out_of_date(image, key, used[maker][0], runs, used[maker][1])
        counts[word, maker, reason] += n
    return counts


def unfinished(images, script, settings, runs):
    """Return why each image that a script has not finished is to be done again, by name."""
    key, header = _record(script, settings), read_header(script)
    needs = fields.expand(header.needs, settings)
    used, found = provenance.settings_used(settings, header.settings), {}
    for image in images:
        word, *_, message = provenance.outcome(image, key)
        if word in ("done", "rejected"):
            word = "out of date"
            message = provenance.why_out_of_date(image, key, needs, runs, used)
        if message or word != "out of date":
            found[image["img_name"]] = f"{word or 'to do'}: {message}".removesuffix(": ")
    return found


def rejections(db):
    """Return the rejected images counted by reason, as lines of text."""
    rejected = Counter(row.get("whynot", "no reason given") for row in db.select(gogogo=False))
    return "\n".join(f"{n} rejected: {why}" for why, n in rejected.most_common())
