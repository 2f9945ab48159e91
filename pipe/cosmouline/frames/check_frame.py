"""The gate of the pipeline: refuse frames that are of no use, and flag what is suspicious."""

import warnings

from cosmouline.errors import ImageRejected
from cosmouline.files.fits_bytes import card_value
from cosmouline.files.io_fits import wcs_cards
from cosmouline.frames.companions import kind_by_pixels
from cosmouline.frames.header_units import pixel_unit
from cosmouline.frames.header_values import (
    calibration_kind,
    first_number,
    number_of,
    text_of,
)
from cosmouline.robust import MAD_TO_SIGMA

import numpy as np

MIN_SIDE_PX = 32  # less cannot hold a star and its sky
MAX_NAN_FRACTION = 0.5
SAMPLE_PER_SIDE = 512  # pixels per row and column used where not all of them are needed
CREDIBLE = (1e-15, 1e15)  # size of counts; wrong byte order gives anything from 1e-39 to 1e38
MAX_INCREDIBLE_FRACTION = 0.05
MAX_CONSTANT_FRACTION = 0.02  # of the rows or columns: a few dead ones are normal
STEP_SIGMAS, MIN_STRIP = 5.0, 4  # from the sky to an overscan, of single pixels; its width
PADDED_FRACTION = 0.005  # of the pixels with the lowest value: dead ones are fewer
WRAPPED_SIGMAS = 50.0  # below the sky; noise and bad pixels of a corrected frame stay above
MIN_WRAPPED_PX = 4
MAX_SATURATED_FRACTION = 0.01
MIN_CLIPPED_PX = 30  # noise gives one or two pixels with the highest value of a frame
CLIPPED_BELOW = 0.9  # of the saturation level
TWICE_MATTERS = ("DATE-OBS", "MJD-OBS", "EXPTIME", "GAIN", "RDNOISE", "FILTER", "SATURATE")
UNSIGNED_BELOW = -16384.0  # no sky is; unsigned numbers of 16 bits without their zero are
SCALED_MAX = 2.0  # highest value of a frame that a program has scaled to 0..1, and more
COUNTS_LEAST = 100.0  # a saturation level in ADU is above
MOSAIC_FRACTION = 0.02  # of the level: by how much the four pixels of a colour sensor differ
PHASES_FRACTION = 0.1  # the same, where no card speaks of a colour sensor
PHASE_SIGMAS = 10.0
COLOUR_CARDS = ("BAYERPAT", "COLORTYP", "FILTER")  # the last two name many other things
MOSAICS = ("RGGB", "BGGR", "GRBG", "GBRG")
STACK_CARDS = ("NCOMBINE", "STACKCNT", "NCOADDS", "NCOADD", "COADDS", "COADD", "COADDONE",
               "NSTACK", "SNAPSHOT", "NEXP", "NDIT", "ESO DET NDIT")
TOP = 0.93  # of the highest value: a flat pixel to pixel by 2 % smears clipped tops over this
SHOULDER = 0.8
MIN_TOP_PX = 12
TOP_OVER_SHOULDER = 2.0  # of a star .5: ln(1/.93) / ln(.93/.8) for a Gaussian of any width
CELESTIAL_AXES = ("RA", "DEC", "GLON", "GLAT", "ELON", "ELAT")


def check_frame(frame, expected_shape=None, saturation_adu=None):
    """Refuse a frame that cannot be used, and flag what is suspicious about one that can.

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
    data = frame.data_adu
    if data.ndim != 2:
        raise ImageRejected(f"{data.ndim} axes: not a 2-d image")
    ny, nx = data.shape
    if expected_shape is not None and (ny, nx) != tuple(expected_shape):
        raise ImageRejected(
            f"size of {ny} x {nx} pixels, not {expected_shape[0]} x {expected_shape[1]} "
            "like the rest of the set: binned, or a window?")
    if min(ny, nx) < MIN_SIDE_PX:
        raise ImageRejected(f"size of {ny} x {nx} pixels: too small")
    nan_fraction = np.count_nonzero(np.isnan(data)) / data.size
    if nan_fraction > MAX_NAN_FRACTION:
        raise ImageRejected(f"{100 * nan_fraction:.0f} % of the pixels are NaN")
    lowest, highest = np.nanmin(data), float(np.nanmax(data))
    if lowest == highest:
        raise ImageRejected(f"constant: all pixels are {lowest:g}")
    # Values that no detector gives, and a saturated sky, on a grid of pixels
    sample = data[::max(1, ny // SAMPLE_PER_SIDE), ::max(1, nx // SAMPLE_PER_SIDE)]
    size = np.abs(sample)
    beyond = size[(size > 0.0) & ((size < CREDIBLE[0]) | (size > CREDIBLE[1]))]
    if beyond.size > MAX_INCREDIBLE_FRACTION * size.size:
        raise ImageRejected(
            f"pixel values such as {beyond[0]:.1e}: no counts; is the byte order wrong?")
    if kind := kind_by_pixels(sample):
        raise ImageRejected(f"no frame: its pixels are those of a {kind} "
                            f"({'few whole numbers' if kind == 'mask' else 'holes, no star'})")
    level = float(np.nanmedian(sample))
    _refuse_units(frame.header, level, highest, saturation_adu)
    # The four pixels of a colour sensor see four skies
    step_y, step_x = (2 * max(1, side // (2 * SAMPLE_PER_SIDE)) for side in (ny, nx))
    phases = [data[i::step_y, j::step_x] for i in (0, 1) for j in (0, 1)]
    medians = np.array([np.nanmedian(one) for one in phases])
    spread = MAD_TO_SIGMA * np.nanmedian(np.abs(phases[0] - medians[0]))
    is_pattern = np.ptp(medians) > PHASE_SIGMAS * spread / np.sqrt(phases[0].size)
    contrast = float(np.ptp(medians) / max(abs(np.median(medians)), 1e-30)) if is_pattern else 0.0
    bayer = next((f"{card} = {text}" for card in COLOUR_CARDS if (text := str(card_value(
        frame.header, card) or "").strip()) and (card == "BAYERPAT" or text in MOSAICS)), None)
    if bayer and contrast > MOSAIC_FRACTION:
        raise ImageRejected(f"a mosaic of colours ({bayer}; its pixels "
                            f"differ by {100 * contrast:.0f} %): take one colour out of it, or "
                            "bin 2 x 2, first")
    return [*frame.warnings, *([f"{100 * nan_fraction:.2g} % of the pixels are NaN"]
                               if nan_fraction > 0 else ()),
            *([f"odd and even pixels differ by {100 * contrast:.0f} % of the sky: a colour "
               "sensor?"] if contrast > PHASES_FRACTION and not bayer else ()),
            *([f"{bayer}: a colour sensor, but the pixels do not differ"]
              if bayer else ()),
            *_pixel_flags(data, sample, level, highest, saturation_adu),
            *_card_flags(frame.header)]


def credible(data_adu):
    """Return counts in which pixels of a size that no detector gives have no value (NaN).

    Rows and columns of one value, not above the sky, have none either: a frame that was padded to
    a size, or dead ones; nor do corners and borders of one value far below the sky, of a frame
    that was turned.

    Parameters
    ----------
    data_adu : ndarray of float32
        Changed in place.
    """
    with np.errstate(invalid="ignore"):
        data_adu[np.abs(data_adu) > CREDIBLE[1]] = np.nan
    sample = data_adu[::max(1, len(data_adu) // SAMPLE_PER_SIDE)]
    level = np.nanmedian(sample)
    sigma = MAD_TO_SIGMA * np.nanmedian(np.abs(sample - level))
    padding = np.nanmin(data_adu)
    if padding < level - STEP_SIGMAS * sigma:
        padded = data_adu == padding
        if np.count_nonzero(padded) > PADDED_FRACTION * data_adu.size:
            data_adu[padded] = np.nan
    for axis in (0, 1):
        lowest, highest = np.fmin.reduce(data_adu, axis), np.fmax.reduce(data_adu, axis)
        lines = (lowest == highest) & (highest <= level)
        data_adu[(slice(None), lines) if axis == 0 else lines] = np.nan
    return data_adu


def noise_factor(header):
    """Return the noise of a flux over that expected from the scatter of the pixels, by NOISEFAC.

    Stacks of fac_combi have this card: resampling correlates pixels, so that they scatter too
    little. None where it is missing, or no number from 1 to 10.
    """
    found = first_number(header, ["NOISEFAC"], (1.0, 10.0))
    return found.value if found else None


def trim_frame(data, trim):
    """Return a frame (ny, nx) without the rows and columns of a `Trim`, as a view.

    Raises
    ------
    ImageRejected
        If less than 32 pixels a side are left: COSMOULINE made empty images of small frames.
    """
    ny, nx = data.shape
    height, width = ny - trim.bottom - trim.top, nx - trim.left - trim.right
    if min(height, width) < MIN_SIDE_PX:
        raise ImageRejected(f"size: trimming {ny} x {nx} pixels leaves {height} x {width}")
    return data[trim.bottom : trim.bottom + height, trim.left : trim.left + width]


def _refuse_units(header, level, highest, saturation_adu):
    """Refuse pixels that cannot be in their unit: level of the sky and highest value."""
    unit = pixel_unit(header, 1.0)
    is_counts = not (unit.is_rate or unit.flag or unit.per_unit != 1.0)
    if is_counts and (highest < 0.0 or level < UNSIGNED_BELOW):
        raise ImageRejected(f"the sky is {level:.6g}, the highest value {highest:.6g}: 16 bits "
                            "without their BZERO? Add 32768")
    if is_counts and (saturation_adu or 0.0) > COUNTS_LEAST and highest < SCALED_MAX:
        raise ImageRejected(f"the highest value is {highest:.3g}: scaled to 0..1 by a program? "
                            "Multiply by 65535")
    if saturation_adu is not None and level >= saturation_adu:
        hint = "" if is_counts else (
            f", the level in the unit of the pixels: is BUNIT = {header['BUNIT']} wrong?"
            if "BUNIT" in header else ", the level in the unit of the pixels: is it wrong?")
        raise ImageRejected(f"saturated: the median of {level:g} ADU is not below "
                            f"{saturation_adu:g} ADU{hint}")


def _pixel_flags(data, sample, level, highest, saturation_adu):
    """Yield what is suspicious about the pixels of a frame that can be used."""
    n_beyond = int(np.count_nonzero(np.abs(data) > CREDIBLE[1]))
    if n_beyond:
        yield f"{n_beyond} pixels beyond {CREDIBLE[1]:.0e}: taken as NaN"
    # Rows or columns that have one value each: the read-out broke
    parts = []
    for name, axis in (("rows", 1), ("columns", 0)):
        step = max(1, data.shape[axis] // SAMPLE_PER_SIDE)
        lines = data[:, ::step] if axis == 1 else data[::step]
        fraction = float(np.mean(~(np.fmin.reduce(lines, axis=axis)
                                   < np.fmax.reduce(lines, axis=axis))))
        if fraction > MAX_CONSTANT_FRACTION:
            parts.append(f"{100 * fraction:.0f} % of the {name}")
    if parts:
        yield f"constant values in {' and '.join(parts)}"
    # Pixels far below the sky and below zero: bright ones beyond 16 bits
    sigma = MAD_TO_SIGMA * np.nanmedian(np.abs(sample - level))
    n_below = int(np.count_nonzero(data < min(0.0, level - WRAPPED_SIGMAS * max(sigma, 1.0))))
    if n_below >= MIN_WRAPPED_PX:
        yield (f"{n_below} very negative pixels (down to {np.nanmin(data):g}): stars beyond 16 "
               "bits?")
    yield from _strips(data, level, sigma)
    if saturation_adu is None:
        return
    fraction = np.count_nonzero(data >= saturation_adu) / data.size
    if fraction > MAX_SATURATED_FRACTION:
        yield f"{100 * fraction:.0f} % of the pixels are saturated"
    # Many pixels with the highest value, where that is below the saturation level
    n_highest = int(np.count_nonzero(data == highest))
    if n_highest >= MIN_CLIPPED_PX and highest < CLIPPED_BELOW * saturation_adu:
        yield (f"saturated below the level of {saturation_adu:g} ADU? {n_highest} pixels have the "
               f"highest value, {highest:g}")
        return
    # Tops of stars that a flat has smeared: many pixels near the highest, few below
    height = data[data > level + SHOULDER * (highest - level)] - level
    n_top = int(np.count_nonzero(height > TOP * (highest - level)))
    if n_top >= MIN_TOP_PX and n_top > TOP_OVER_SHOULDER * (height.size - n_top) and (
            highest < CLIPPED_BELOW * saturation_adu):
        yield (f"saturated below the level of {saturation_adu:g} ADU? The tops of the brightest "
               f"stars are flat at about {level + TOP * (highest - level):.0f} to {highest:.0f}: "
               "set 'saturation_adu' in 'overrides'")


def _strips(data, level, sigma):
    """Yield flags of strips at the edges that a step parts from the sky above them."""
    for axis, sides in ((1, ("left", "right")), (0, ("bottom", "top"))):
        step = max(1, data.shape[1 - axis] // SAMPLE_PER_SIDE)
        lines = np.moveaxis(data, axis, 1)[::step]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of lines without a value
            profile = np.nanmedian(lines, axis=0)
        for side, part in zip(sides, (profile, profile[::-1]), strict=True):
            n = int(np.argmin(part < level - STEP_SIGMAS * sigma))
            if n >= MIN_STRIP and part[n] - part[n - 1] > STEP_SIGMAS * sigma:
                yield (f"{n} {'columns' if axis else 'rows'} at the {side} are "
                       f"{level - part[0]:.0f} ADU below the sky: an overscan? Set 'trim': "
                       f"{{'{side}': {n}}} in 'overrides'")


def _card_flags(header):
    """Yield what is suspicious about a header; a card that cannot be read is flagged too."""
    if kind := calibration_kind(header):
        yield (f"a {kind} by its header: is it a frame of the lens? Else name it in kicklist.txt "
               "or set 'science_only' in its set")
    try:
        found = first_number(header, STACK_CARDS, (1.001, 1e6))
        if found:  # its noise is not that of one exposure
            yield (f"{found.keyword} = {found.value:g}: a stack; if it is a mean, its gain "
                   f"is {found.value:g} times that of one exposure; is its exposure time that "
                   "of all?")
    except ImageRejected as error:
        yield str(error)
    try:
        found = number_of(header, "AIRMASS")
        if found and not 0.99 <= found.value <= 40.0:
            yield f"AIRMASS = {found.value:g} is impossible: can time and place be trusted?"
    except ImageRejected as error:
        yield str(error)
    try:
        axis = (text_of(header, "CTYPE1") or "").upper()
        if axis.startswith(CELESTIAL_AXES) and not wcs_cards(header):
            yield "the WCS of the header cannot be used (singular matrix?)"
    except ImageRejected as error:
        yield str(error)
    twice = [key for key in TWICE_MATTERS if key in header and header.count(key) > 1]
    if twice:
        yield f"twice in the header, the first is used: {', '.join(twice)}"
