"""The gate of the pipeline: which frames are no use, and what is odd about the others.

Each rule is a small function of a frame and of what is known about its set; it gives a reason or
None. A new rule is one function more in REFUSALS or FLAGS.
"""

from typing import NamedTuple

from cosmouline.errors import ImageRejected
from cosmouline.files.io_fits import wcs_cards
from cosmouline.frames.header_values import number_of, text_of
from cosmouline.robust import MAD_TO_SIGMA

import numpy as np

MIN_SIDE_PX = 32  # less cannot hold a star and its sky
MAX_NAN_FRACTION = 0.5
SAMPLE_PER_SIDE = 512  # pixels per row and column looked at where all of them are not needed
CREDIBLE = (1e-15, 1e15)  # size of counts; wrong byte order gives anything from 1e-39 to 1e38
MAX_INCREDIBLE_FRACTION = 0.05
MAX_CONSTANT_FRACTION = 0.02  # of the rows or columns: a few dead ones are normal
WRAPPED_SIGMAS = 50.0  # below the sky; noise and bad pixels of a corrected frame stay above
MIN_WRAPPED_PX = 4
MAX_SATURATED_FRACTION = 0.01
MIN_CLIPPED_PX = 30  # noise gives one or two pixels with the highest value of a frame
CLIPPED_BELOW = 0.9  # of the saturation level
TWICE_MATTERS = ("DATE-OBS", "MJD-OBS", "EXPTIME", "GAIN", "RDNOISE", "FILTER", "SATURATE")
CELESTIAL_AXES = ("RA", "DEC", "GLON", "GLAT", "ELON", "ELAT")


class Expected(NamedTuple):
    """What is known about a frame beforehand; None where it is not."""

    shape: tuple | None = None
    saturation_adu: float | None = None


def check_frame(frame, expected_shape=None, saturation_adu=None):
    """Refuse a frame that cannot be used, and say what is odd about one that can.

    Parameters
    ----------
    frame : Frame
        From `io_fits.read_frame`.
    expected_shape : tuple of int, optional
        Shape (ny, nx) of the other frames of the set.
    saturation_adu : float, optional

    Returns
    -------
    list of str
        Flags, the frame's own warnings first; empty for a good frame.

    Raises
    ------
    ImageRejected
        With the first reason found.
    """
    expected = Expected(None if expected_shape is None else tuple(expected_shape), saturation_adu)
    for rule in REFUSALS:
        if reason := rule(frame, expected):
            raise ImageRejected(reason)
    found = (_flag(rule, frame, expected) for rule in FLAGS)
    return [*frame.warnings, *(flag for flag in found if flag)]


def credible(data_adu):
    """Return counts in which pixels of a size that no detector gives have no value (NaN).

    Parameters
    ----------
    data_adu : ndarray of float32
        Changed in place.
    """
    with np.errstate(invalid="ignore"):
        data_adu[np.abs(data_adu) > CREDIBLE[1]] = np.nan
    return data_adu


def _not_a_plane(frame, expected):
    """Refuse what is no 2-d image."""
    if frame.data_adu.ndim != 2:
        return f"{frame.data_adu.ndim} axes: not a 2-d image"
    return None


def _wrong_size(frame, expected):
    """Refuse another size than that of the set, and tiny frames."""
    ny, nx = frame.data_adu.shape
    if expected.shape and (ny, nx) != expected.shape:
        return (
            f"size of {ny} x {nx} pixels, not {expected.shape[0]} x {expected.shape[1]} "
            "like the rest of the set: binned, or a window?"
        )
    if min(ny, nx) < MIN_SIDE_PX:
        return f"size of {ny} x {nx} pixels: too small"
    return None


def _mostly_nan(frame, expected):
    """Refuse a frame of which most pixels have no value."""
    fraction = _nan_fraction(frame)
    return f"{100 * fraction:.0f} % of the pixels are NaN" if fraction > MAX_NAN_FRACTION else None


def _constant(frame, expected):
    """Refuse a frame with one value everywhere."""
    lowest, highest = np.nanmin(frame.data_adu), np.nanmax(frame.data_adu)
    return f"constant: all pixels are {lowest:g}" if lowest == highest else None


def _incredible(frame, expected):
    """Refuse values that no detector gives."""
    size = np.abs(_sample(frame))
    beyond = size[(size > 0.0) & ((size < CREDIBLE[0]) | (size > CREDIBLE[1]))]
    if beyond.size <= MAX_INCREDIBLE_FRACTION * size.size:
        return None
    return f"pixel values such as {beyond[0]:.1e}: no counts; is the byte order wrong?"


def _saturated_sky(frame, expected):
    """Refuse a frame with a saturated sky."""
    level = float(np.nanmedian(_sample(frame)))
    if expected.saturation_adu is None or level < expected.saturation_adu:
        return None
    return f"saturated: the median of {level:g} ADU is not below {expected.saturation_adu:g} ADU"


def _some_nan(frame, expected):
    """Tell of pixels without a value."""
    fraction = _nan_fraction(frame)
    return f"{100 * fraction:.2g} % of the pixels are NaN" if fraction > 0 else None


def _some_incredible(frame, expected):
    """Tell of single pixels of a size that no detector gives."""
    n_beyond = int(np.count_nonzero(np.abs(frame.data_adu) > CREDIBLE[1]))
    return f"{n_beyond} pixels beyond {CREDIBLE[1]:.0e}: taken as NaN" if n_beyond else None


def _constant_part(frame, expected):
    """Tell of rows or columns that have one value each: the read-out broke."""
    parts = {
        "rows": _constant_lines(frame.data_adu[:, :: _step(frame.data_adu.shape[1])], 1),
        "columns": _constant_lines(frame.data_adu[:: _step(frame.data_adu.shape[0])], 0),
    }
    found = [f"{100 * part:.0f} % of the {name}" for name, part in parts.items() if part > 0]
    return f"constant values in {' and '.join(found)}" if found else None


def _wrapped(frame, expected):
    """Tell of pixels far below the sky and below zero: bright ones beyond 16 bits."""
    sample = _sample(frame)
    level = np.nanmedian(sample)
    sigma = MAD_TO_SIGMA * np.nanmedian(np.abs(sample - level))
    limit = min(0.0, level - WRAPPED_SIGMAS * max(sigma, 1.0))
    n_below = int(np.count_nonzero(frame.data_adu < limit))
    if n_below < MIN_WRAPPED_PX:
        return None
    lowest = np.nanmin(frame.data_adu)
    return f"{n_below} very negative pixels (down to {lowest:g}): stars beyond 16 bits?"


def _many_saturated(frame, expected):
    """Tell of a large saturated part."""
    if expected.saturation_adu is None:
        return None
    fraction = np.count_nonzero(frame.data_adu >= expected.saturation_adu) / frame.data_adu.size
    if fraction <= MAX_SATURATED_FRACTION:
        return None
    return f"{100 * fraction:.0f} % of the pixels are saturated"


def _clipped(frame, expected):
    """Tell of many pixels with the highest value, where that is below the saturation level."""
    highest = np.nanmax(frame.data_adu)
    n_highest = int(np.count_nonzero(frame.data_adu == highest))
    level = expected.saturation_adu
    if n_highest < MIN_CLIPPED_PX or level is None or highest >= CLIPPED_BELOW * level:
        return None
    return (f"saturated below the level of {level:g} ADU? {n_highest} pixels have the highest "
            f"value, {highest:g}")


def _in_electrons(frame, expected):
    """Tell of frames that somebody has multiplied by the gain."""
    unit = (text_of(frame.header, "BUNIT") or "").lower()
    gain = number_of(frame.header, "GAIN")
    if not unit.startswith(("electron", "e-")) or (gain and gain.value == 1.0):
        return None
    return f"BUNIT = {unit!r}: already in electrons? Then the gain is 1"


def _combined(frame, expected):
    """Tell of stacks, whose noise is not that of one exposure."""
    found = number_of(frame.header, "NCOMBINE")
    return f"NCOMBINE = {found.value:g}: a stack" if found and found.value > 1 else None


def _impossible_airmass(frame, expected):
    """Tell of an airmass that the sky does not have."""
    found = number_of(frame.header, "AIRMASS")
    if not found or 0.99 <= found.value <= 40.0:
        return None
    return f"AIRMASS = {found.value:g} is impossible: can time and place be trusted?"


def _unusable_wcs(frame, expected):
    """Tell of celestial coordinates that cannot be used."""
    axis = (text_of(frame.header, "CTYPE1") or "").upper()
    if not axis.startswith(CELESTIAL_AXES) or wcs_cards(frame.header):
        return None
    return "the WCS of the header cannot be used (singular matrix?)"


def _card_twice(frame, expected):
    """Tell of cards that are there twice: the first counts."""
    twice = [key for key in TWICE_MATTERS if key in frame.header and frame.header.count(key) > 1]
    return f"twice in the header, the first is used: {', '.join(twice)}" if twice else None


REFUSALS = (
    _not_a_plane,
    _wrong_size,
    _mostly_nan,
    _constant,
    _incredible,
    _saturated_sky,
)
FLAGS = (
    _some_nan,
    _some_incredible,
    _constant_part,
    _wrapped,
    _many_saturated,
    _clipped,
    _in_electrons,
    _combined,
    _impossible_airmass,
    _unusable_wcs,
    _card_twice,
)


def _flag(rule, frame, expected):
    """Apply a rule of FLAGS; a card that it cannot read is a flag too."""
    try:
        return rule(frame, expected)
    except ImageRejected as error:
        return str(error)


def _nan_fraction(frame):
    """Part of the pixels without a value."""
    return np.count_nonzero(np.isnan(frame.data_adu)) / frame.data_adu.size


def _step(size):
    """Take every so many pixels along an axis."""
    return max(1, size // SAMPLE_PER_SIDE)


def _sample(frame):
    """Pixels on a regular grid, enough for a median."""
    ny, nx = frame.data_adu.shape
    return frame.data_adu[:: _step(ny), :: _step(nx)]


def _constant_lines(data, axis):
    """Part of the rows (axis 1) or columns (axis 0) with one value; 0 for a few dead ones."""
    lowest, highest = np.fmin.reduce(data, axis=axis), np.fmax.reduce(data, axis=axis)
    fraction = np.mean(~(lowest < highest))
    return float(fraction) if fraction > MAX_CONSTANT_FRACTION else 0.0
