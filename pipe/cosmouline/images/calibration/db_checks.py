"""What calibration frames show about the camera: gain, read noise, light leaks."""

import itertools

from cosmouline.errors import UserError
from cosmouline.frames.raw import db_raw_frames
from cosmouline.images.calibration.db_masters import prepared
from cosmouline.images.calibration.io_master import read_planes
from cosmouline.images.calibration.masters import clipped_median
from cosmouline.images.calibration.photon_transfer import transfer

import numpy as np

DIFFERS = 0.10  # of gain and read noise from header or description: it is told
LEAK_E_S, LEAK_FACTOR = 0.02, 3.0  # of dark current between two quarters of a detector
QUANTITIES = (("gain", "gain_e_per_adu", "gain_known"),
              ("read noise", "read_noise_e", "read_noise_known"))


def pairs(images, settings):
    """Return what pairs of biases and flats show, one dict for each camera, night and filter.

    Two biases that follow each other, and the two flats with the most alike levels.
    """
    groups = {}
    for image in images:
        if image["cal_use"] and image["cal_kind"] in ("bias", "flat"):
            groups.setdefault((image["set_name"], image["frame_config"], image["frame_night"]),
                              []).append(image)
    found = []
    for (name, config, night), rows in sorted(groups.items()):
        biases = [row for row in rows if row["cal_kind"] == "bias"][:2]
        bias_data = [db_raw_frames.raw_image(row, settings).data_adu for row in biases]
        filters = sorted({row.get("frame_filter", "") for row in rows
                          if row["cal_kind"] == "flat"}) or [""]
        for one in filters:
            flats = sorted((row for row in rows if row["cal_kind"] == "flat"
                            and row.get("frame_filter", "") == one),
                           key=lambda row: row["frame_level_adu"])
            steps = [b["frame_level_adu"] - a["frame_level_adu"]
                     for a, b in itertools.pairwise(flats)]
            pair = flats[np.argmin(steps):][:2] if steps else []
            try:
                data = [prepared(row, settings, "flat")[0] for row in pair]
            except UserError:  # a flat whose bias level is not known
                data = []
            seen = transfer(bias_data, data)
            row = (pair or biases or rows)[0]
            found.append({
                "camera": name, "config": config, "night": night, "filter": one,
                "gain_e_per_adu": seen.gain_e_per_adu, "gain_sigma": seen.gain_sigma,
                "gain_known": row["frame_gain_e_per_adu"], "read_noise_e": seen.read_noise_e,
                "read_noise_known": row["frame_read_noise_e"]})
    return found


def differences(found):
    """Return a line for each gain or read noise of `pairs` that differs by more than 10 %."""
    lines = []
    for one in found:
        for what, seen, known in QUANTITIES:
            if one[seen] and one[known] and abs(one[seen] / one[known] - 1) > DIFFERS:
                lines.append(
                    f"{one['camera']}, {one['night']} {one['filter']}: the {what} is "
                    f"{one[seen]:.3g} by pairs of frames, {one[known]:.3g} by header or "
                    f"description: more than {100 * DIFFERS:.0f} % apart. Check the "
                    f"description, or set '{seen}' in 'overrides'.")
    return lines


def master_lines(masters, images):
    """Return rows of a table of masters, and a line for each dark that looks like a light leak."""
    rows, lines = [], []
    for one in masters:
        planes = read_planes(one)
        image = planes.image
        half = [side // 2 for side in image.shape]
        quarters = [clipped_median(image[y, x]) for y in (slice(half[0]), slice(half[0], None))
                    for x in (slice(half[1]), slice(half[1], None))]
        level = clipped_median(image)
        gain = next((row["frame_gain_e_per_adu"] for row in images
                     if row["set_name"] == one.set_name), 1.0)
        rows.append({"master": one.name, "frames": one.n_frames, "level": level,
                     "noise": float(np.sqrt(np.nanmedian(planes.variance))),
                     "lowest quarter": min(quarters), "highest quarter": max(quarters),
                     "no value": int(np.count_nonzero(~np.isfinite(image)))})
        span_e_s = gain * (max(quarters) - min(quarters))
        if one.kind == "dark" and span_e_s > LEAK_E_S and max(quarters) > LEAK_FACTOR * min(
                quarters):
            lines.append(f"{one.name}: its quarters differ by {span_e_s:.3g} e-/s: a light leak, "
                         "or the glow of an amplifier?")
    return rows, lines
