"""Which calibration frames go into masters, and why."""

from cosmouline.frames.raw.db_raw_frames import choices_of
from cosmouline.frames.raw.kinds import MANY_STARS
from cosmouline.robust import mad_sigma

import numpy as np

USED_KINDS = ("bias", "dark", "flat")
LEVEL_SIGMAS, LEAST_LEVEL_ADU = 6.0, 5.0  # of the levels of biases and darks among each other
FAINT_FLAT_E = 5000.0


def choose(images, settings, db):
    """Return the fields cal_kind, cal_use and cal_reason of all raw frames.

    A frame is left out for, in this order: the word of the user in calibrations.txt; no bias,
    dark or flat; the same pixels as another one; too many saturated pixels; a flat beyond
    flat_level_limits or with many stars; a bias or dark whose level is 6 sigma from the others of
    its night, exposure time and camera.
    """
    words = {} if getattr(settings.options, "auto", False) else choices_of(settings, db)
    limits = tuple(getattr(settings.options, "limits", None) or settings.flat_level_limits)
    found, first_of, levels, floors = {}, {}, {}, {}
    for image in images:  # levels of frames that should be alike; of biases without overscan
        levels.setdefault(_alike(image), []).append(image["frame_level_adu"])
        if image["frame_kind"] == "bias" and "frame_overscan_adu" not in image:
            floors.setdefault(_alike(image)[:2], []).append(image["frame_level_adu"])
    for image in sorted(images, key=lambda one: one["img_name"]):
        word, comment = words.get(image["img_name"], ("", ""))
        kind = word if word and word not in ("use", "skip") else image["frame_kind"]
        floor = float(np.median(floors.get(_alike(image)[:2], 0.0)))
        reason, use = _verdict(image, kind, levels[_alike(image)], floor, limits, settings)
        twin = first_of.setdefault((kind, image["frame_hash"]), image["img_name"])
        if use and twin != image["img_name"]:
            use, reason = False, f"the same pixels as {db.rows[twin].get('standard_name', twin)}"
        if word and kind in USED_KINDS:
            use = word != "skip"
            reason = f"calibrations.txt: {word}{f' ({comment})' if comment else ''}; {reason}"
        found[image["img_name"]] = {"cal_kind": kind, "cal_use": use, "cal_reason": reason}
    return found


def _alike(image):
    """Return what the frames of one level have in common."""
    return tuple(image.get(name) for name in ("set_name", "frame_config", "frame_kind",
                                              "frame_night", "frame_exptime_s"))


def _verdict(image, kind, levels, floor, limits, settings):
    """Return why a frame is used or not, and whether it is; `floor` is the level of its bias."""
    top = image["frame_saturation_adu"] - image.get("frame_overscan_adu", floor)
    level = image["frame_level_adu"]
    if kind not in USED_KINDS:
        return f"no calibration frame: {kind}", False
    if image["frame_saturated"] > settings.calibration_saturated_max:
        return (f"{100 * image['frame_saturated']:.3g} % of the pixels are saturated, more than "
                f"calibration_saturated_max = {settings.calibration_saturated_max:g}"), False
    if kind == "dark" and not image["frame_exptime_s"] > 0:
        return "a dark of 0 s: is it a bias?", False
    if kind == "flat":
        level -= 0.0 if "frame_overscan_adu" in image else floor
        share = f"level {level:.0f} ADU, {level / top:.2f} of the saturation level"
        if not limits[0] <= level / top <= limits[1]:
            return f"{share}: outside {limits[0]:g} to {limits[1]:g}", False
        if image["frame_n_stars"] >= MANY_STARS:
            return f"{image['frame_n_stars']} stars: no flat", False
        level_e = level * image["frame_gain_e_per_adu"]
        faint = f"; faint: {level_e:.0f} e-" if level_e < FAINT_FLAT_E else ""
        stars = f"; {image['frame_n_stars']} stars" if image["frame_n_stars"] else ""
        return share + faint + stars, True
    middle = float(np.median(levels))
    most = max(LEVEL_SIGMAS * mad_sigma(levels), LEAST_LEVEL_ADU)
    if abs(level - middle) > most:
        return (f"level {level:.1f} ADU, the others of its night {middle:.1f}: more than "
                f"{most:.1f} away"), False
    return f"level {level:.1f} ADU", True
