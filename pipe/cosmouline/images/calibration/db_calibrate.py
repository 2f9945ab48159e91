"""The masters of a raw frame, and its calibrated frame."""

import functools
import logging

from cosmouline import __version__, library
from cosmouline.database import paths
from cosmouline.errors import ImageRejected
from cosmouline.files import origin
from cosmouline.files.atomic import atomic_path
from cosmouline.files.fits_image import STRUCTURE_CARDS
from cosmouline.frames.db_intake import CALIBRATED
from cosmouline.frames.raw import db_raw_frames
from cosmouline.frames.raw.camera import raw_camera
from cosmouline.frames.telescope import load_telescope
from cosmouline.images.calibration.calibrate import calibrated
from cosmouline.images.calibration.db_masters import all_masters, nearest
from cosmouline.images.calibration.io_master import read_planes, variance_table
from cosmouline.images.calibration.masters import clipped_median

import astroscrappy
import numpy as np

fits = library("astropy.io.fits")
log = logging.getLogger("cosmouline")

NO_BIAS = "no master bias: the structure of the bias stays in it, unless its dark has it too"
NO_DARK = "no master dark: dark current and hot pixels stay in it"
SCALED = "a dark that is scaled up by more than 3: its noise and its hot pixels grow with it"
MOST_SCALED = 3.0
BAD, SATURATED = np.uint8(1), np.uint8(2)  # bits of the mask
COSMIC_SIGMA, COSMIC_FRACTION, COSMIC_OBJECT = 6.0, 0.5, 5.0


def masters_for(image, settings, there):
    """Return the masters of a science frame, {"bias", "dark", "flat"}: a `Master` or None each.

    `there` are all masters that were made here.

    Raises
    ------
    ImageRejected
        If none suits: without a flat of its filter, or without bias and overscan, no frame is
        calibrated.
    """
    entry = db_raw_frames.entry_of(image, settings)
    camera = raw_camera(load_telescope(entry["telescope"]))
    there = all_masters(settings, entry, there)
    found = {"bias": nearest(there, "bias", image, settings) if camera.has_bias else None,
             "dark": nearest(there, "dark", image, settings) if camera.has_dark else None,
             "flat": nearest(there, "flat", image, settings)}
    is_off = found["bias"] or "frame_overscan_adu" in image or not camera.has_bias or (
        found["dark"] and not found["dark"].is_scalable)
    if not is_off:
        raise ImageRejected("no master bias and no overscan: its bias level is not known. Add "
                            "bias frames to raw_frames, or 'masters'")
    if found["flat"] is None:
        raise ImageRejected(f"no master flat of the filter {image.get('frame_filter')}: add "
                            "flats to raw_frames, or 'masters'")
    return found


def recipe_of(image, settings, there):
    """Return what the calibration of a frame depends on besides its row: masters, as text."""
    try:
        found = masters_for(image, settings, there)
    except ImageRejected as problem:
        return str(problem)
    return "; ".join(f"{kind} {one.name} {one.recipe or one.path.stat().st_mtime_ns}"
                     for kind, one in found.items() if one)


@functools.lru_cache(maxsize=3)
def _planes(master):
    """Read a master once for the frames after each other that need it."""
    return read_planes(master)


def calibrate(image, settings, there):
    """Write the calibrated frame of a row; return its fields.

    Raises
    ------
    ImageRejected
        See `masters_for`; or if a master has another size.
    """
    found = masters_for(image, settings, there)
    planes = {kind: one and _planes(one) for kind, one in found.items()}
    raw = db_raw_frames.raw_image(image, settings)
    for kind, one in planes.items():
        if one and one.image.shape != raw.data_adu.shape:
            raise ImageRejected(f"it has {raw.data_adu.shape[::-1]} pixels, its master {kind} "
                                f"{found[kind].name} {one.image.shape[::-1]}")
    entry = db_raw_frames.entry_of(image, settings)
    camera = raw_camera(load_telescope(entry["telescope"]))
    dark = found["dark"]
    result = calibrated(
        raw.data_adu, image["frame_exptime_s"], image["frame_gain_e_per_adu"],
        image["frame_read_noise_e"], planes["bias"], planes["dark"],
        dark and dark.exptime_s, planes["flat"], camera.linearity, raw.factors,
        settings.flat_least)
    data, bad = result.data_adu, result.bad
    # What is missing, where the camera has such frames
    notes = [*raw.notes]
    if camera.has_bias and not found["bias"]:
        notes.append(NO_BIAS)
    if camera.has_dark and not dark:
        notes.append(NO_DARK)
    if dark and dark.exptime_s and image["frame_exptime_s"] > MOST_SCALED * dark.exptime_s:
        notes.append(SCALED)
    if settings.mark_cosmics:
        cosmic = cosmics_of(data, bad, image)
        notes.append(f"{np.count_nonzero(cosmic)} pixels of cosmic rays masked")
        bad = bad | cosmic
    # A star is known to be saturated by its pixels: they keep the level, whatever the flat is
    level = np.float32(image["frame_saturation_adu"])
    data = np.where(raw.saturated, np.fmax(np.nan_to_num(data, nan=0.0), level), data)
    bad = bad & ~raw.saturated
    mask = np.where(bad, BAD, np.uint8(0)) | np.where(raw.saturated, SATURATED, np.uint8(0))
    path = paths.calibrated(settings, entry["name"]) / f"{image['standard_name']}.fits"
    cards = {CALIBRATED: entry["name"], "ORIGNAME": image["raw_name"][-60:],
             "CALBIAS": found["bias"].name[:60] if found["bias"] else None,
             "CALDARK": dark.name[:60] if dark else None, "CALFLAT": found["flat"].name[:60],
             "OVERSCAN": image.get("frame_overscan_adu"),
             "CALNOISE": round(result.noise_fraction, 5)}
    write_calibrated(path, data, mask, result.variance_adu2, header_with(raw.header, cards))
    return {"cal_recipe": recipe_of(image, settings, there),
            "used_bias": found["bias"].name if found["bias"] else "overscan",
            "used_dark": dark.name if dark else None, "used_flat": found["flat"].name,
            "cal_notes": "; ".join(notes) or None, "cal_level_adu": clipped_median(data),
            "cal_n_saturated_px": int(np.count_nonzero(raw.saturated)),
            "cal_n_bad_px": int(np.count_nonzero(bad)),
            "cal_master_noise": result.noise_fraction}


def report_missing(rows):
    """Warn of frames that were calibrated without a master bias or dark, camera by camera."""
    for name in dict.fromkeys(row["set_name"] for row in rows):
        notes = [row.get("cal_notes") or "" for row in rows if row["set_name"] == name]
        for text in (NO_BIAS, NO_DARK, SCALED):
            n_lacking = sum(text in one for one in notes)
            if n_lacking:
                log.warning("%s: %d of %d frames have %s", name, n_lacking, len(notes), text)


def cosmics_of(data_adu, bad, image):
    """Return the cosmic rays of a calibrated frame, which still has its sky, (ny, nx) of bool."""
    gain, read_noise = image["frame_gain_e_per_adu"], image["frame_read_noise_e"]
    level = clipped_median(data_adu)
    filled = np.where(bad, np.float32(level), data_adu)
    return astroscrappy.detect_cosmics(
        filled, inmask=bad, gain=gain, readnoise=read_noise, sigclip=COSMIC_SIGMA,
        sigfrac=COSMIC_FRACTION, objlim=COSMIC_OBJECT, verbose=False,
        satlevel=image["frame_saturation_adu"] * gain)[0]


def header_with(header, cards):
    """Return the cards of a raw frame that are sound, and those of its calibration."""
    kept = fits.Header()
    for card in header.cards:
        if STRUCTURE_CARDS.fullmatch(card.keyword):
            continue
        try:
            card.verify("silentfix")
            kept.append(card, end=True)
        except (fits.VerifyError, ValueError, KeyError):  # what no program can read
            continue
    for keyword, value in cards.items():
        if value is not None:
            kept[keyword] = value
    kept["SOFTVER"] = f"cosmouline {__version__}"
    return origin.mark(kept)


def write_calibrated(path, data_adu, mask, variance_adu2, header):
    """Write a calibrated frame: counts, mask (1 bad, 2 saturated), variance of the masters."""
    hdus = fits.HDUList([fits.PrimaryHDU(data_adu.astype(np.float32), header),
                         fits.ImageHDU(mask, name="MASK")])
    if variance_adu2 is not None and (variance_adu2 > 0).any():
        hdus.append(variance_table(variance_adu2))
    with atomic_path(path) as temporary:
        hdus.writeto(temporary, output_verify="silentfix+ignore")
