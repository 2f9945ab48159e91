"""Which raw frames belong to the sets, and what their images are called."""

import fnmatch
import hashlib
import logging
import re
from dataclasses import replace
from pathlib import Path

from cosmouline.database import notes
from cosmouline.database.database import KICKED
from cosmouline.database.provenance import outcome
from cosmouline.database.settings import LONGEST_NAME
from cosmouline.errors import ImageRejected, ProductLost, UserError, one_line
from cosmouline.files.atomic import digest
from cosmouline.files.io_catalog import read_image_list
from cosmouline.files.io_fits import (
    FRAME_SUFFIXES,
    frame_stem,
    list_frames,
    read_frame,
    read_header,
    read_side_images,
)
from cosmouline.frames.companions import ONE_PER_PIXEL, companions, with_sides
from cosmouline.frames.db_consistency import moment
from cosmouline.frames.header_units import linear
from cosmouline.frames.header_values import (
    CALIBRATION_FOLDERS,
    calibration_kind,
    filter_key,
    filter_of,
)
from cosmouline.frames.telescope import (
    camera_of,
    checked_overrides,
    load_telescope,
)
from cosmouline.frames.telescope_yaml import Mask

log = logging.getLogger("cosmouline")

SCRIPT = "1_character/1a_add_to_database"
HEADER_BYTES = 1 << 16
CALIBRATED = "CALSET"  # the card of a frame that 0_preparation/2a_calibrate has written
CALIBRATED_MASK = Mask(saturated=(2,))  # what the bits of its mask mean
PARTS = ("files", "filter", "camera", "science_only")  # by which a set chooses frames


def known_and_new(settings, db):
    """Register the raw frames that the database does not know yet; return all of its rows.

    A frame that was rejected for its header is tried again, and so is one whose file was replaced.

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
        has_changed = is_replaced(row, path)
        if has_changed:
            log.info("%s: the frame has changed since it was imported: it is done again", name)
        elif name in db.rows:  # the folder may have moved, or its files been copied
            db.update(name, {"raw_path": str(path), "raw_state": now})
        # New frames, and those whose header is read again, are in use
        if name not in db.rows or outcome(row, SCRIPT)[0] == "rejected" or has_changed:
            db.update(name, {"set_name": set_name, "raw_path": str(path), "raw_state": now,
                             "gogogo": True, "whynot": None, "treatme": True, "testlist": False,
                             "updating": False, f"ran__{SCRIPT}": None})
    beside = {}
    for path, kind, _ in _beside_frames(settings.sets):
        beside.setdefault(kind, []).append(path.name)
    for kind, names in sorted(beside.items()):
        log.info("%d files are no frames but the %s of another one (first: %s)", len(names), kind,
                 names[0])
    log.info("%d frames found, %d of them new", len(found), n_new)
    missing = sorted(db.rows.keys() - found.keys())
    if missing:
        log.warning("missing files: %d images have no frame in the sets any more (first: %s). "
                    "They stay as they are; to leave them out, name them in kicklist.txt.",
                    len(missing), missing[0])
    return [db.rows[name] for name in sorted(found)]


def _frames_of_all(sets):
    """Return (set name, path) of all frames by image name; no frame belongs to two sets."""
    found, owner, lower = {}, {}, {}
    for one in sets:
        try:  # a wrong telescope or override is reported before anything is written
            load_telescope(one["telescope"])
            checked_overrides(one.get("overrides", {}))
        except UserError as problem:
            raise UserError(f"set {one['name']}: {problem}") from problem
        for name, path in frames_of(one).items():
            other = owner.setdefault((path, one.get("extension")), one["name"])
            if other != one["name"]:
                raise UserError(f"{path.name} is taken by the sets {other} and {one['name']}: "
                                "make their 'files', 'filter' or 'camera' exclude each other.")
            found[name] = one["name"], path
    taken = {path for _, path in found.values()}
    for one in sets:
        if left := [path for path in _elsewhere(one) if path not in taken]:
            log.warning("set %s: %d FITS files below its raw_dir are in none of its folders and "
                        "are left out (first: %s). To take them: 'folders': \"**\"",
                        one["name"], len(left), left[0].relative_to(one["raw_dir"]))
    # macOS and Windows take names that differ by case alone for one
    for name in sorted(found):
        other = lower.setdefault(name.lower(), name)
        if other != name:
            raise UserError(f"{found[name][1].name} and {found[other][1].name} differ by upper "
                            "and lower case only: some file systems mix them up. Rename one.")
    return found


def state(path):
    """Return what changes when a file is replaced: size, time of its last change, its header.

    Of the header a hash of the first bytes, since copies may keep size and time of another file.
    """
    found = path.stat()
    with path.open("rb") as file:
        start = hashlib.sha256(file.read(HEADER_BYTES)).hexdigest()[:16]
    return f"{found.st_size} {found.st_mtime_ns} {start}"


def is_replaced(row, path):
    """Return whether a frame has changed since it was imported.

    Where only the time of the file differs, as after a copy, the content decides, if it is known.
    """
    # Size and time of the file first: its content takes time to read
    before, now = row["raw_state"].split(), state(path).split()
    if before == now[:len(before)]:  # the header was not noted before version 1
        return False
    if before[0] != now[0] or before[2:] not in ([], now[2:]) or "raw_hash" not in row:
        return True
    return row["raw_hash"] != digest(path)


def refuse_replaced(image, path):
    """Raise ProductLost, with the script to run, if a frame changed after its header was read."""
    if image.get("raw_state", "imported") != "imported" and is_replaced(image, path):
        raise ProductLost(f"{path} has changed since it was imported. Run {SCRIPT}.py.")


def warn_of_twins(images):
    """Warn of images of one set with the same time: they may be one frame, twice."""
    twins = {}
    for image in images:
        if when := moment(image):
            twins.setdefault(when, []).append(image["img_name"])
    for first, *others in twins.values():
        if others:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            log.warning("%s and %s%s are of the same time: a duplicate? Name all but one in "
                        "kicklist.txt.", first, others[0], more)


def folders_of(one):
    """Return the folders where the frames of a set are, without those of calibration frames."""
    folder = one["raw_dir"]
    if not folder.is_dir():
        raise UserError(f"set {one['name']}: there is no folder {folder} (raw_dir).")
    if "folders" not in one:
        return [folder]
    below = ((path, path.relative_to(folder).parts) for path in folder.glob(one["folders"]))
    return sorted(path for path, parts in below if path.is_dir() and not any(
        part.startswith(".") or part.lower() in CALIBRATION_FOLDERS for part in parts))


def no_frames(folder):
    """Return the files of a folder that belong to others (masks, weights, ...), by their names.

    Returns
    -------
    dict of Path to tuple
        What it is, and the path of the frame that it belongs to.
    """
    by_stem = {frame_stem(path): path for path in list_frames(folder, warn=False)}
    return {by_stem[stem]: (one.kind, by_stem[one.frame])
            for stem, one in companions(by_stem).items()}


def sides_of_frames(sets):
    """Return the masks and noise maps beside the frames of all sets, as {frame: {kind: path}}."""
    found = {}
    for path, kind, frame in _beside_frames(sets):
        found.setdefault(str(frame), {})[kind] = path
    return found


def _beside_frames(sets):
    """Yield path, kind and frame of each file of all sets that belongs to a frame."""
    for folder in dict.fromkeys(folder for one in sets for folder in folders_of(one)):
        for path, (kind, frame) in no_frames(folder).items():
            yield path, kind, frame


def overrides_of(one, path):
    """Return the overrides of a set for one frame: its date is that of the file of dates.

    ImageRejected if that file has no date for it, UserError if it cannot be read.
    """
    overrides = dict(one.get("overrides", {}))
    if "dates" not in overrides:
        return overrides
    table = Path(overrides.pop("dates")).expanduser()
    try:
        lines = table.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"set {one['name']}: dates: {table} cannot be read ({error})") from None
    dates = dict(line.split(maxsplit=1) for line in lines
                 if len(line.split(maxsplit=1)) == 2 and not line.startswith("#"))
    date = dates.get(path.name) or dates.get(frame_stem(path))
    if date is None:
        raise ImageRejected(f"no date for {path.name} in {table}")
    return overrides | {"date": date.strip()}


def frame_with_sides(path, one, image, beside):
    """Read a frame on a linear scale, with the bad pixels of its masks and noise maps as NaN.

    Parameters
    ----------
    path : Path
    one : dict
        The set.
    image : dict
        The row: saturation level and gain.
    beside : dict of str to Path
        From `sides_of_frames`; one that cannot be read is a warning of the frame.
    """
    frame = read_frame(path, one.get("extension"))
    data, scale = linear(frame.data_adu, frame.header)
    sides, notes_of_it = read_side_images(path, one.get("extension")), [scale] if scale else []
    for kind, other in beside.items():
        if kind in ONE_PER_PIXEL:
            try:
                sides[kind] = read_frame(other, one.get("extension")).data_adu
            except ImageRejected as problem:
                notes_of_it.append(f"{other.name} beside it is not used: {problem}")
    if sides:
        meaning = (CALIBRATED_MASK if CALIBRATED in frame.header
                   else load_telescope(one["telescope"]).mask)
        data, misfits = with_sides(data, sides, meaning, frame.header,
                                   image["saturation_adu"], image["gain_e_per_adu"])
        notes_of_it += misfits
    return replace(frame, data_adu=data, warnings=(*frame.warnings, *notes_of_it))


def frames_of(one):
    """Return the paths of the frames of one set by image name."""
    folder, files = one["raw_dir"], []
    for here in folders_of(one):
        others = no_frames(here)
        files += [path for path in list_frames(here) if path not in others]
    # A folder without frames: they often lie in folders below it
    if not files and "folders" not in one and (below := _elsewhere(one)):
        raise UserError(f"set {one['name']}: the frames of {folder} lie in folders of it (first: "
                        f"{below[0].relative_to(folder)}). Give their names as 'folders', such as "
                        "\"*\", or make one set for each folder.")
    if not files:
        raise UserError(f"set {one['name']}: no FITS file in {folder} (raw_dir).")
    # The frames of the folder that belong to the set; their names must differ
    chosen = [path for path in files if _is_of(one, path)]
    if not chosen:
        keys = [f"{key} = {one[key]!r}" for key in PARTS if key in one]
        raise UserError(f"set {one['name']}: none of the {len(files)} FITS files in {folder} is "
                        f"of it ({', '.join(keys)}).")
    named = {}
    for path in chosen:
        parts = path.relative_to(folder).parts[:-1]  # two nights may have files of one name
        name = image_name(one["name"], "-".join((*parts, frame_stem(path))))
        if name in named:
            raise UserError(f"set {one['name']}: {path.name} and {named[name].name} would both "
                            f"be called {name}. Rename or remove one.")
        named[name] = path
    return named


def _elsewhere(one):
    """Return the files of raw_dir and all below it that are in none of the folders of a set."""
    others = {*folders_of(one | {"folders": "**"})} - {*folders_of(one)}
    return sorted(path for other in others for path in other.glob("*")
                  if path.name.lower().endswith(FRAME_SUFFIXES))


def _is_of(one, path):
    """Return whether a file belongs to a set, by its name and, if the set asks, by its header."""
    patterns = one.get("files", "*")
    if not any(fnmatch.fnmatchcase(path.name, pattern) for pattern in (
            [patterns] if isinstance(patterns, str) else patterns)):
        return False
    if not any(one.get(key) for key in PARTS[1:]):
        return True
    try:
        header = read_header(path, one.get("extension"))
        name = filter_of(header, load_telescope(one["telescope"]))
    except ImageRejected as problem:
        log.warning("set %s: %s is left out: %s", one["name"], path.name, problem)
        return False
    if one.get("science_only") and calibration_kind(header, frame_stem(path)):
        return False
    wanted, camera = one.get("filter"), one.get("camera")
    return (not wanted or filter_key(wanted) == filter_key(name or "")) and (
        not camera or camera.strip().lower() == (camera_of(header) or "").strip().lower())


def image_name(set_name, stem):
    """Return a name that is safe in paths: set and file name, other signs replaced by "-"."""
    return f"{set_name}_{re.sub(r'[^A-Za-z0-9_.+-]+', '-', stem).strip('-.')}"[:LONGEST_NAME]


def log_assumptions(images):
    """Log once what was taken from elsewhere because the headers lack it."""
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
    # The reason of a kicked image begins with KICKED: other rejections stay
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
    """Return the comments of the known images of a list by name; warn of unknown names."""
    path = settings.config_dir / file_name
    names = read_image_list(path) if path.is_file() else {}
    for name in sorted(names.keys() - db.rows.keys()):
        log.warning("%s: %s is not in the database", file_name, one_line(name))
    return {name: names[name] for name in names if name in db.rows}
