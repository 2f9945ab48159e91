"""Which files are raw frames of the lens, and their standard names."""

import fnmatch
import logging
import re
from pathlib import Path
from typing import NamedTuple

from cosmouline.dates import mjd_to_iso
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.fits_bytes import open_frame, read_hdus
from cosmouline.files.io_fits import frame_stem, list_frames, pixel_hash
from cosmouline.files.io_text import read_lines
from cosmouline.frames.db_intake import no_frames, overrides_of, state
from cosmouline.frames.header_dates import mid_exposure
from cosmouline.frames.header_values import first_number, first_text
from cosmouline.frames.raw import kinds
from cosmouline.frames.raw.camera import raw_camera
from cosmouline.frames.raw.mosaic import (
    detectors,
    header_of,
    read_detector,
    read_detector_header,
    with_lens,
)
from cosmouline.frames.telescope import load_telescope, read_exposure
from cosmouline.frames.telescope_yaml import RANGES

from tqdm import tqdm

log = logging.getLogger("cosmouline")

CHOICES_FILE = "calibrations.txt"
LONGITUDE_UNKNOWN_DEG = 0.0
UNDATED = "undated_"  # how the name of a frame begins that cannot be read
SHORTEST_S = 1e-4  # of an exposure with light
NEEDLESS = {"pixel_scale_arcsec": 1.0}  # of calibration frames


class NewFrame(NamedTuple):
    """A detector of a file that the database does not know yet."""

    entry: dict
    path: object
    detector: str
    kind: str | None
    stem: str  # standard name without its letter


def register(settings, db):
    """Register the raw frames that the database does not know yet; return its rows.

    A frame is known by its path below raw_dir and its detector: its standard name is of the
    second in which its exposure began and the number of the camera among raw_frames, as in
    20200129T010235C0, with a counter where several began in one second.

    Raises
    ------
    UserError
        If raw_frames is empty, or one of its folders does not exist or holds no frame.
    """
    if not settings.raw_frames:
        raise UserError("raw_frames is empty: give name, telescope and raw_dir of the frames to "
                        "calibrate (configs/sample/settings.py). Frames that are reduced already "
                        "begin with 1_character/1a_add_to_database.py.")
    known = {(row["set_name"], row["raw_name"], row.get("frame_detector", "")): name
             for name, row in db.rows.items()}
    seen, n_new, new = set(), 0, []
    for number, entry in enumerate(settings.raw_frames):
        raw_camera(load_telescope(entry["telescope"]))  # a wrong description is told at once
        files = files_of(entry)
        found = []
        for path in tqdm(files, f"headers of {entry['name']}", disable=None, leave=False):
            raw_name = str(path.relative_to(entry["raw_dir"]))
            names = [key for key in known if key[:2] == (entry["name"], raw_name)]
            seen |= set(names)
            now = state(path)
            changed = [key for key in names if db.rows[known[key]]["raw_state"] != now]
            for key in names:
                db.update(known[key], {"raw_path": str(path), "raw_state": now})
            for key in changed:
                log.info("%s: the frame has changed since it was imported: it is done again",
                         known[key])
                db.update(known[key], {"ran__0_preparation/0a_import_raw": None})
            found += _new_frames(entry, path, number, settings) if not names else []
        # Of a mosaic the calibrations of the CCDs that hold the lens
        kept = {one.detector for one in found if one.kind == "object"} | {
            key[2] for key in known if key[0] == entry["name"]}
        new += [one for one in found if not one.detector or not kept or one.detector in kept]
    for one in new:
        name = _free_name(one.stem, db)
        db.update(name, {
            "set_name": one.entry["name"], "raw_path": str(one.path),
            "raw_name": str(one.path.relative_to(one.entry["raw_dir"])),
            "frame_detector": one.detector or None, "raw_state": state(one.path),
            "gogogo": True, "treatme": True, "testlist": False, "updating": False})
        n_new += 1
    log.info("%d raw frames, %d of them new", len(db.rows), n_new)
    if missing := sorted(known[key] for key in known.keys() - seen):
        log.warning("%d raw frames are missing (first: %s, %s): they stay as they are", len(
            missing), missing[0], db.rows[missing[0]]["raw_path"])
    return db.select()


def files_of(entry):
    """Return the files of an entry of raw_frames that may be frames, sorted."""
    folder = entry["raw_dir"]
    if not folder.is_dir():
        raise UserError(f"raw_frames, {entry['name']}: there is no folder {folder} (raw_dir).")
    folders = [folder] if "folders" not in entry else sorted(
        path for path in folder.glob(entry["folders"]) if path.is_dir() and not any(
            part.startswith(".") for part in path.relative_to(folder).parts))
    patterns = entry.get("files", "*")
    patterns = [patterns] if isinstance(patterns, str) else patterns
    found = []
    for here in folders:
        others = no_frames(here)
        found += [path for path in list_frames(here) if path not in others and any(
            fnmatch.fnmatchcase(path.name, one) for one in patterns)]
    if not found:
        raise UserError(f"raw_frames, {entry['name']}: no FITS file in {folder} (raw_dir)" + (
            "." if "folders" in entry else
            '. Frames in folders below it need "folders": "**".'))
    return found


def _new_frames(entry, path, number, settings):
    """Return the `NewFrame` of each detector of a file; one that cannot be read has one too."""
    try:
        found, kind, start = _detectors_and_start(entry, path, settings)
    except ImageRejected:  # `described` gives the reason
        name = re.sub(r"[^A-Za-z0-9+-]+", "-", frame_stem(path)).strip("-")
        return [NewFrame(entry, path, "", None, f"{UNDATED}{name}"[:60])]
    stem = f"{re.sub('[-:]', '', start)[:15]}C{number}"
    return [NewFrame(entry, path, one.name, kind, f"{stem}_{one.name}" if one.name else stem)
            for one in found]


def _detectors_and_start(entry, path, settings):
    """Return the detectors of a file that hold the lens, its kind, and the start of its exposure.

    ImageRejected if it cannot be read, has no date, or the lens is on none of its detectors.
    """
    telescope = load_telescope(entry["telescope"])
    camera = raw_camera(telescope)
    with open_frame(path) as stream:
        hdus = read_hdus(stream)
        found = detectors(hdus, camera, entry.get("extension"))
        header = header_of(stream, hdus, found[0])
        by_cards = kinds.kind_by_cards(header, camera, frame_stem(path), path.parent.name)
        kind = by_cards[0] if by_cards else None
        if (len(found) > 1 and kind in (None, "object") and settings.lens_ra_deg is not None
                and not camera.parts):
            found = with_lens(stream, hdus, found, settings.lens_ra_deg, settings.lens_dec_deg)
    exptime_s = exposure_time(header, telescope, entry)
    mid = mid_exposure(header, telescope, exptime_s, telescope.time_zone_h).mjd
    return found, kind, mjd_to_iso(mid - exptime_s / 2 / 86400 + 1e-9)


def _free_name(stem, db):
    """Return a name that no row has: two frames may begin in one second."""
    stem, name, counter = re.sub(r"[^A-Za-z0-9_+-]+", "-", stem), stem, 1
    name = stem
    while name in db.rows:
        counter += 1
        name = f"{stem}-{counter}"
    return name


def exposure_time(header, telescope, entry):
    """Return the exposure time in s; 0 for a frame without a card, which may be a bias."""
    if "exptime_s" in entry.get("overrides", {}):
        return float(entry["overrides"]["exptime_s"])
    found = first_number(header, telescope.exptime_s.keywords)
    exptime_s = found.value if found else float(telescope.exptime_s.default or 0.0)
    return exptime_s if exptime_s >= SHORTEST_S else 0.0  # a bias may have 1e-32


def entry_of(image, settings):
    """Return the entry of raw_frames of a row; UserError if there is none any more."""
    for entry in settings.raw_frames:
        if entry["name"] == image["set_name"]:
            return entry
    raise UserError(f"{image['img_name']} is of {image['set_name']!r}, which is not in "
                    "raw_frames any more: put it back, or delete raw_frames.json of work_dir and "
                    "begin again.")


def header_of_row(image, settings):
    """Return header, telescope, camera and entry of the detector of a row."""
    entry = entry_of(image, settings)
    telescope = load_telescope(entry["telescope"])
    camera = raw_camera(telescope)
    header = read_detector_header(image["raw_path"], image.get("frame_detector", ""), camera,
                                  entry.get("extension"))
    return header, telescope, camera, entry


def exposure_of(header, telescope, entry, path, is_calibration):
    """Return the `Exposure` of a raw frame, and its exposure time, which may be 0 of a bias."""
    exptime_s = exposure_time(header, telescope, entry)
    overrides = (NEEDLESS if is_calibration else {}) | overrides_of(entry, path)
    overrides |= {"exptime_s": max(exptime_s, RANGES["exptime_s"][0])}
    return read_exposure(header, telescope, overrides), exptime_s


def raw_image(image, settings):
    """Read the detector of a row, joined and without overscan."""
    entry = entry_of(image, settings)
    camera = raw_camera(load_telescope(entry["telescope"]))
    return read_detector(image["raw_path"], image.get("frame_detector", ""), camera,
                         image["frame_saturation_adu"], entry.get("extension"))


def described(image, settings):
    """Return the fields of a raw frame: what its header and its pixels say.

    Raises
    ------
    ImageRejected
        If the frame cannot be read, or lacks what calibration needs.
    """
    if image["img_name"].startswith(UNDATED):  # it was not registered by its date: why
        _detectors_and_start(entry_of(image, settings), Path(image["raw_path"]), settings)
    header, telescope, camera, entry = header_of_row(image, settings)
    path = entry["raw_dir"] / image["raw_name"]
    by_cards = kinds.kind_by_cards(header, camera, frame_stem(path), path.parent.name)
    is_calibration = by_cards is not None and by_cards[0] != "object"
    exposure, exptime_s = exposure_of(header, telescope, entry, path, is_calibration)
    raw = read_detector(image["raw_path"], image.get("frame_detector", ""), camera,
                        exposure.saturation_adu, entry.get("extension"))
    look = kinds.look_at(raw.data_adu, raw.saturated)
    top_adu = exposure.saturation_adu - (raw.overscan_adu or 0.0)
    verdict = kinds.decide(by_cards, look, exptime_s, top_adu)
    lon_deg = exposure.site_lon_deg if exposure.site_lon_deg is not None else (
        LONGITUDE_UNKNOWN_DEG)
    night = mjd_to_iso(int(exposure.mjd + lon_deg / 360 - 0.5) + 0.0)[:10]
    ny, nx = raw.data_adu.shape
    binning, mode = (first_text(header, cards) for cards in (camera.binning, camera.mode))
    config = [f"{nx}x{ny}", *(re.sub(r"\s+", "x", one[0]) for one in (binning, mode) if one),
              image.get("frame_detector", "")]
    temperature = first_number(header, camera.temperature, (-250.0, 60.0))
    target = first_text(header, camera.target)
    return {
        "standard_name": f"{image['img_name']}{kinds.LETTERS[verdict.kind]}",
        "frame_kind": verdict.kind, "frame_kind_reason": verdict.reason,
        "frame_flags": "; ".join([*verdict.flags, *raw.notes, *exposure.flags]) or None,
        "frame_filter": exposure.filter, "frame_mjd": exposure.mjd, "frame_night": night,
        "frame_exptime_s": exptime_s, "frame_target": target[0] if target else None,
        "frame_config": re.sub(r"[^A-Za-z0-9_+-]+", "-", "_".join(filter(None, config))),
        "frame_temperature_c": temperature.value if temperature else None,
        "frame_gain_e_per_adu": exposure.gain_e_per_adu,
        "frame_read_noise_e": exposure.read_noise_e,
        "frame_saturation_adu": exposure.saturation_adu,
        "frame_overscan_adu": raw.overscan_adu, "frame_level_adu": look.level_adu,
        "frame_sigma_adu": look.sigma_adu, "frame_saturated": look.saturated,
        "frame_n_stars": look.n_stars, "frame_hash": pixel_hash(raw.data_adu)}


def choices_of(settings, db):
    """Return (word, comment) by name from calibrations.txt of the lens's folder, if it exists.

    Words are use, skip, or a kind of frame. UserError for a line that is not of that form.
    """
    path = settings.config_dir / CHOICES_FILE
    found, words = {}, ("use", "skip", *kinds.LETTERS)
    standard = {row.get("standard_name"): name for name, row in db.rows.items()}
    for number, line in enumerate(read_lines(path) if path.is_file() else (), 1):
        parts = line.split(maxsplit=2)
        if not parts or parts[0].startswith("#"):
            continue
        if len(parts) < 2 or parts[1] not in words:
            raise UserError(f"{path}, line {number}: {line.strip()!r}: give a name and one of "
                            f"{', '.join(words)}, such as '20200129T010235C0f skip a cloud'.")
        name = standard.get(parts[0], parts[0])
        if name not in db.rows:
            log.warning("%s, line %d: there is no raw frame %s", path.name, number, parts[0])
            continue
        found[name] = parts[1], parts[2] if len(parts) > 2 else ""
    return found
