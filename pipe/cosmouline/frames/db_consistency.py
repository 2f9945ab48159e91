"""Compare the frames of a set: sizes, filters, cameras and gains that differ; duplicates."""

import itertools
from collections import Counter
from statistics import median

from cosmouline.dates import SECONDS_PER_DAY
from cosmouline.errors import UserError
from cosmouline.frames.header_values import filter_key

TYPICAL_FRACTION = 0.5  # of the frames of a set with one size: then the others are refused
MIXED_FRACTION = 0.1  # of the frames of a set in a second filter: then they are no mistake
MIXED_LEAST = 2
CLOCK_S = 1.0  # of the dates in headers
OVERLAP_FRACTION = 0.02  # of an exposure: how well its length is known
GAIN_FACTOR = 1.3  # amplifiers of one camera differ by a few percent, its read-out modes by more


def by_set(images, *fields):
    """Return the images of each set, a dict of lists; with fields, of (set, values of fields)."""
    groups = {}
    for image in images:
        key = (image["set_name"], *(image.get(name) for name in fields))
        groups.setdefault(key if fields else key[0], []).append(image)
    return groups


def typical_shapes(images):
    """Return the size (ny, nx) that more than half of the raw frames of a set have, by set.

    Rows without ``raw_nx_px`` do not count.
    """
    typical = {}
    for set_name, mine in by_set(images).items():
        shapes = Counter((image["raw_ny_px"], image["raw_nx_px"]) for image in mine
                         if "raw_nx_px" in image)
        if shapes and shapes.most_common(1)[0][1] > TYPICAL_FRACTION * shapes.total():
            typical[set_name] = shapes.most_common(1)[0][0]
    return typical


def other_values(images, field):
    """Return a note for each image with another text in a field than most of its set, by name."""
    notes = {}
    for mine in by_set(images).values():
        typical, others = _unlike(mine, field)
        notes |= {image["img_name"]: f"{field} = {image[field]!r}, not {typical!r} like the rest "
                                     "of the set" for image in others}
    return notes


def other_gains(images):
    """Return a note for each image whose gain is far from the median of its set, by name."""
    notes = {}
    for mine in by_set(images).values():
        known = {image["img_name"]: image["gain_e_per_adu"] for image in mine
                 if "gain_e_per_adu" in image}
        typical = median(known.values()) if known else 1.0
        notes |= {name: f"gain = {gain:g} e-/ADU, not {typical:g} like the rest of the set"
                  for name, gain in known.items()
                  if not 1 / GAIN_FACTOR <= gain / typical <= GAIN_FACTOR}
    return notes


def overlaps(images):
    """Return a note for each image whose exposure ends after the next one of its set begins.

    One camera takes one exposure at a time: the exposure time or a date is wrong. Images of one
    moment are not compared: they are copies, or the CCDs of a mosaic.
    """
    notes = {}
    for mine in by_set(images, "telescope").values():
        timed = sorted((image["mjd"] - image["exptime_s"] / 2 / SECONDS_PER_DAY,
                        image["exptime_s"], image["img_name"]) for image in mine if "mjd" in image)
        for (start, exptime_s, name), (later, _, _) in itertools.pairwise(timed):
            step_s = (later - start) * SECONDS_PER_DAY
            if CLOCK_S < step_s < exptime_s - CLOCK_S - OVERLAP_FRACTION * exptime_s:
                unit = "milliseconds" if exptime_s < 1000 * step_s else "another unit"
                notes[name] = (f"exposures overlap: exptime_s = {exptime_s:g}, and the next one "
                               f"begins {step_s:.3g} s later; is EXPTIME in {unit}?")
    return notes


def refuse_impossible_exposures(images):
    """Raise UserError where at least half of the exposures of a set overlap with the next one."""
    found = overlaps(images)
    for set_name, mine in by_set(images).items():
        names = [image["img_name"] for image in mine if image["img_name"] in found]
        if len(names) >= max(MIXED_LEAST, TYPICAL_FRACTION * (len(mine) - 1)):
            raise UserError(f"set {set_name}: {len(names)} of its {len(mine)} exposures overlap "
                            f"(first: {names[0]}: {found[names[0]].partition(': ')[2]}). Set "
                            "'exptime_s' in the 'overrides' of the set, or make one set for each "
                            "camera.")


def refuse_mixed_filters(images):
    """Raise UserError where a set has frames of two filters, not just a stray one."""
    for set_name, mine in by_set(images).items():
        typical, others = _unlike(mine, "filter")
        name, n = (Counter(image["filter"] for image in others).most_common(1) or [("", 0)])[0]
        if n >= max(MIXED_LEAST, MIXED_FRACTION * len(mine)):
            first = next(image for image in others if image["filter"] == name)["img_name"]
            raise UserError(f"set {set_name}: {n} of its {len(mine)} frames are of filter "
                            f"{name!r} (first: {first}), the others of {typical!r}. Make one set "
                            f"for each, with 'filter': {typical!r} and 'filter': {name!r}; if the "
                            "two are one, name it as 'filter' in 'overrides'.")


def refuse_impossible_gains(images):
    """Raise UserError where headers have an impossible gain: the settings must give it."""
    bad = [image for image in images if image.get("whynot", "").startswith(
        ("GAIN = ", "EGAIN = ", "CCDGAIN = ")) and "'gain_e_per_adu'" in image["whynot"]]
    if bad:
        why = bad[0]["whynot"].partition(":")[0]
        raise UserError(f"set {bad[0]['set_name']}: the gain of {len(bad)} frames cannot be true "
                        f"(first: {bad[0]['img_name']}: {why}). Set 'gain_e_per_adu' in the "
                        "'overrides' of the set, or name the frames in kicklist.txt.")


def moment(image):
    """Return set, time and exposure of an image, which its copy has too; None without a time."""
    return (image["set_name"], image["mjd"], image.get("exptime_s")) if "mjd" in image else None


def duplicates(images):
    """Return a note for each image that is a copy of another one, by name of the image.

    A copy has the same pixels (``pixel_hash``), or the same moment, exposure and set.
    """
    # Of images with the same pixels or moment the first by name is the original
    notes, first = {}, {}
    for image in sorted(images, key=lambda image: image["img_name"]):
        name = image["img_name"]
        keys = {"pixels": image.get("pixel_hash"), "moment": moment(image)}
        for what, key in keys.items():
            other = first.setdefault((what, key), name) if key else name
            if other != name and name not in notes:
                notes[name] = f"duplicate: it has the {what} of {other}"
    return notes


def lone(images):
    """Return a note for the image of each set that has one image only, by name of the image."""
    return {mine[0]["img_name"]: f"1 image only in the set {set_name}: no scatter between images"
            for set_name, mine in by_set(images).items() if len(mine) == 1}


def _unlike(images, name):
    """Return the text of a field that most images have, and the images with another text."""
    named = [image for image in images if image.get(name)]
    if not named:
        return None, []
    key = filter_key if name == "filter" else str.lower
    counts = Counter(image[name] for image in named)
    typical = max(sorted(counts), key=counts.get)
    return typical, [image for image in named if key(image[name]) != key(typical)]
