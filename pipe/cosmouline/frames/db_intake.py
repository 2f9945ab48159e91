"""Which raw frames belong to the sets, and what their images are called."""

import fnmatch
import logging
import re

from cosmouline.database import notes
from cosmouline.database.database import KICKED
from cosmouline.database.provenance import outcome
from cosmouline.database.settings import LONGEST_NAME
from cosmouline.errors import ImageRejected, ProductLost, UserError, one_line
from cosmouline.files.atomic import digest
from cosmouline.files.io_catalog import read_image_list
from cosmouline.files.io_fits import FRAME_SUFFIXES, frame_stem, list_frames, read_header
from cosmouline.frames.db_consistency import moment
from cosmouline.frames.header_values import calibration_kind
from cosmouline.frames.telescope import camera_of, checked_overrides, filter_of, load_telescope

log = logging.getLogger("cosmouline")

SCRIPT = "1_character/1a_add_to_database"
PARTS = ("files", "filter", "camera", "science_only")  # by which a set takes part of a folder


def known_and_new(settings, db):
    """Register the raw frames that the database does not know yet; return all of its rows.

    A frame that its header made unusable before is tried again, and so is one that was replaced:
    whose size or content is another one than when it was converted.

    Raises
    ------
    UserError
        If no set is given, a telescope is not known, a folder is missing or holds no frame, or
        two frames would get the same name.
    """
    if not settings.sets:
        raise UserError("sets is empty: give name, telescope and raw_dir of your frames.")
    found = _frames_of_all(settings.sets)
    n_new = len(found.keys() - db.rows.keys())
    for name, (set_name, path) in sorted(found.items()):
        now = state(path)
        row = db.rows.get(name, {"raw_state": now})
        is_other = is_replaced(row, path)
        if is_other:
            log.info("%s: the frame has changed since it was imported: it is done anew", name)
        elif name in db.rows:  # the folder may have moved, or its files been copied
            db.update(name, {"raw_path": str(path), "raw_state": now})
        if name not in db.rows or outcome(row, SCRIPT)[0] == "rejected" or is_other:
            db.update(name, {"set_name": set_name, "raw_path": str(path), "raw_state": now,
                             "gogogo": True, "whynot": None, "treatme": True, "testlist": False,
                             "updating": False, f"ran__{SCRIPT}": None})
    log.info("%d frames found, %d of them new", len(found), n_new)
    _tell_lost(found, db)
    return [db.rows[name] for name in sorted(found)]


def _frames_of_all(sets):
    """Return (set name, path) of all frames by image name; no frame belongs to two sets."""
    found, owner = {}, {}
    for one in sets:
        _check_set(one)
        for name, path in frames_of(one).items():
            other = owner.setdefault((path, one.get("extension")), one["name"])
            if other != one["name"]:
                raise UserError(f"{path.name} is taken by the sets {other} and {one['name']}: "
                                "make their 'files', 'filter' or 'camera' exclude each other.")
            found[name] = one["name"], path
    _refuse_same_names(found)
    return found


def _check_set(one):
    """Tell a wrong telescope or override before anything is written."""
    try:
        load_telescope(one["telescope"])
        checked_overrides(one.get("overrides", {}))
    except UserError as problem:
        raise UserError(f"set {one['name']}: {problem}") from problem


def state(path):
    """Return what changes when a file is replaced: size and time of its last change."""
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns}"


def is_replaced(row, path):
    """Tell whether a frame is another one than when it was imported.

    Where the time alone has changed, as after a copy, the content decides, if it is known.
    """
    before, now = row["raw_state"], state(path)
    if before == now:
        return False
    if before.split()[0] != now.split()[0] or "raw_hash" not in row:
        return True
    return row["raw_hash"] != digest(path)


def refuse_replaced(image, path):
    """Stop the conversion of a frame that is not the one whose header was read.

    Raises
    ------
    ProductLost
        Naming the script to run.
    """
    if image.get("raw_state", "imported") != "imported" and is_replaced(image, path):
        raise ProductLost(f"{path} has changed since it was imported. Run {SCRIPT}.py.")


def _tell_lost(found, db):
    """Tell of images whose frame is in none of the sets any more."""
    lost = sorted(db.rows.keys() - found.keys())
    if lost:
        log.warning("missing files: %d images have no frame in the sets any more (first: %s). "
                    "They stay as they are; to leave them out, name them in kicklist.txt.",
                    len(lost), lost[0])


def tell_twins(images):
    """Tell of images of one set with the same time: they may be one frame, twice."""
    first = {}
    for image in images:
        when = moment(image)
        other = first.setdefault(when, image["img_name"]) if when else image["img_name"]
        if other != image["img_name"]:
            log.warning("%s and %s are of the same time: a duplicate? Name one of them in "
                        "kicklist.txt.", other, image["img_name"])


def frames_of(one):
    """Return the paths of the frames of one set by image name."""
    folder = one["raw_dir"]
    if not folder.is_dir():
        raise UserError(f"set {one['name']}: there is no folder {folder} (raw_dir).")
    files = list_frames(folder)
    if not files:
        below = sorted(path for path in folder.glob("*/*")
                       if path.name.lower().endswith(FRAME_SUFFIXES))
        if below:
            raise UserError(f"set {one['name']}: the frames of {folder} lie in folders of it "
                            f"(first: {below[0].relative_to(folder)}). Make one set for each "
                            "folder, or put all frames into one, under names of their own.")
        raise UserError(f"set {one['name']}: no FITS file in {folder} (raw_dir).")
    chosen = [path for path in files if _is_of(one, path)]
    if not chosen:
        keys = [f"{key} = {one[key]!r}" for key in PARTS if key in one]
        raise UserError(f"set {one['name']}: none of the {len(files)} FITS files in {folder} is "
                        f"of it ({', '.join(keys)}).")
    named = {}
    for path in chosen:
        name = image_name(one["name"], frame_stem(path))
        if name in named:
            raise UserError(f"set {one['name']}: {path.name} and {named[name].name} would both "
                            f"be called {name}. Rename or remove one.")
        named[name] = path
    return named


def _is_of(one, path):
    """Tell whether a file is of a set, by its name and, where the set asks, by its header."""
    if not fnmatch.fnmatchcase(path.name, one.get("files", "*")):
        return False
    if not any(one.get(key) for key in PARTS[1:]):
        return True
    try:
        header = read_header(path, one.get("extension"))
        name = filter_of(header, load_telescope(one["telescope"]))
    except ImageRejected as problem:
        log.warning("set %s: %s is left out: %s", one["name"], path.name, problem)
        return False
    if one.get("science_only") and calibration_kind(header):
        return False
    return _same(one.get("filter"), name) and _same(one.get("camera"), camera_of(header))


def _same(wanted, found):
    """Tell whether a header's word is the wanted one; nothing wanted is met by all."""
    return not wanted or wanted.strip().lower() == (found or "").strip().lower()


def image_name(set_name, stem):
    """Return a name that is safe in paths: set and file name, other signs replaced by "-"."""
    return f"{set_name}_{re.sub(r'[^A-Za-z0-9_.+-]+', '-', stem).strip('-.')}"[:LONGEST_NAME]


def tell_assumptions(images):
    """Tell once what was taken from elsewhere because the headers lack it."""
    found = {}
    for image in images:
        for note in notes.of(image, "header_notes"):
            found.setdefault(f"{image['set_name']}: {note.text}", []).append(image)
    for note, those in found.items():
        log.info("%s (%d images)", note, len(those))


def mark_lists(settings, db):
    """Take the images of kicklist.txt out of use and mark those of testlist.txt.

    An image that is no longer in kicklist.txt is in use again.
    """
    mark_kicked(settings, db)
    mark_tests(db, tests_listed(settings, db))


def mark_kicked(settings, db):
    """Take the images of kicklist.txt out of use, and those no longer in it into use."""
    kicked = _listed(settings, db, "kicklist.txt")
    for name, comment in kicked.items():
        db.reject(name, KICKED + comment)
    if kicked:
        log.info("%d images are out of use by kicklist.txt", len(kicked))
    for name in db.rows.keys() - kicked.keys():
        if db.rows[name].get("whynot", "").startswith(KICKED):
            db.update(name, {"gogogo": True, "whynot": None})
            log.info("%s is no longer in kicklist.txt: it is in use again", name)


def mark_tests(db, tests):
    """Mark the images of a test list, a dict of comments by name, and no others."""
    for name in db.rows:
        db.update(name, {"testlist": name in tests, "test_comment": tests.get(name)})


def tests_listed(settings, db):
    """Return the comments of the images of testlist.txt by name."""
    return _listed(settings, db, "testlist.txt")


def _listed(settings, db, file_name):
    path = settings.config_dir / file_name
    names = read_image_list(path) if path.is_file() else {}
    for name in sorted(names.keys() - db.rows.keys()):
        log.warning("%s: %s is not in the database", file_name, one_line(name))
    return {name: names[name] for name in names if name in db.rows}


def _refuse_same_names(found):
    lower = {}
    for name in sorted(found):
        other = lower.setdefault(name.lower(), name)
        if other != name:
            raise UserError(f"{found[name][1].name} and {found[other][1].name} differ by upper "
                            "and lower case only: some file systems mix them up. Rename one.")
