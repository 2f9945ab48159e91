"""Files beside frames that are no frames: masks, weights, noise maps, kernels; what they say."""

import functools
import re
from typing import NamedTuple

from cosmouline.frames.header_values import text_of
from cosmouline.robust import MAD_TO_SIGMA

import numpy as np

# Words of names that say what a file is; those of the second table only beside a frame that has
# the same name without the word
WORDS = {
    "mask": r"mask|msk|mskimg|dqm?|dqmask|bpm|bpix|badpix\w*|o[okps]d",
    "weight": r"wht|weights?|wt|wtmap|ivar|invvar|o[okps]w",
    "variance": r"variance|var", "noise": r"rms|unc|uncert\w*|noise|err",
    "kernel": r"\w*kernel|psfex?", "residual": r"resid\w*", "segmentation": r"segm?|segmap"}
WEAK_WORDS = {
    "mask": r"flags?", "noise": r"sigma|std|error", "residual": r"sub|(sky|bkg)sub|diff",
    "coverage": r"n|num|n?exp|expmap|cov\w*|ctx|conf(idence)?",
    "table": r"cat|catalog\w*", "background": r"bkg|background|\w*sky|model"}
SCIENCE = re.compile(r"sci|sciimg|img|image|dr[zc]|o[okps]i")  # words that a frame itself has
HEADER_CARDS = ("EXTNAME", "PRODTYPE", "HDUCLAS2", "IMAGETYP", "OBSTYPE", "PRODUCT")
HEADER_WORDS = {
    "mask": r"\b(dq|dqmask|bpm|mask|quality)\b", "weight": r"\b(wht|weight|wtmap|ivar)\b",
    "variance": r"\bvariance\b", "noise": r"\b(err|error|rms|uncert)\b",
    "kernel": r"\b(kernel|psf)\b", "coverage": r"\b(expmap|coverage)\b"}
MASK_VALUES, MASK_FRACTION = 32, 0.7  # few numbers, and one of them nearly everywhere
HOLES_SIGMAS, NO_STAR_SIGMAS = 4.0, 3.5  # of the .5 and 99.5 percentiles; of noise they are 2.6
ONE_PER_PIXEL = ("mask", "weight", "variance", "noise")
GAIN_FITS = 1.5  # flats and the light of other pixels are in the maps too
BRIGHT_OF_MAP_SIGMAS, MIN_BRIGHT_PX = 10.0, 30


class Companion(NamedTuple):
    """What a file is, and the frame that it belongs to (None where none lies beside it)."""

    kind: str
    frame: str | None


def companions(stems):
    """Return which files of a folder are no frames, by their names.

    Parameters
    ----------
    stems : sequence of str
        Names without their endings.

    Returns
    -------
    dict of str to Companion
        Of the files that are named like another one but for a word such as ``wht`` or ``rms``,
        which may stand in the place of a word such as ``sci``.
    """
    words = {stem: tuple(re.split(r"[._\-\s]+", stem.lower())) for stem in stems}
    # Names without one word: without its science word, or without any one
    plain, shortened = {}, {}
    for stem, parts in words.items():
        plain.setdefault(parts, stem)
        for i, word in enumerate(parts):
            rest = parts[:i] + parts[i + 1 :]
            if SCIENCE.fullmatch(word):
                plain.setdefault(rest, stem)
            if not _kind_of_word(word) and not _kind_of_word(word, is_weak=True):
                shortened.setdefault((i, rest), stem)
    found = {}
    for stem, parts in words.items():
        for i, word in enumerate(parts):
            rest = parts[:i] + parts[i + 1 :]
            kind = _kind_of_word(word)
            frame = plain.get(rest) or (kind and shortened.get((i, rest)))
            kind = kind or _kind_of_word(word, is_weak=True)
            if kind and frame and frame != stem:
                found[stem] = Companion(kind, frame)
    # The frame of a mask may be found by way of a weight
    return {stem: one for stem, one in found.items() if one.frame not in found}


@functools.lru_cache(maxsize=10_000)  # frames of a campaign have few words, asked for often
def _kind_of_word(word, is_weak=False):
    """Return the kind that a word of a name stands for, or None."""
    return next((kind for kind, words in (WEAK_WORDS if is_weak else WORDS).items()
                 if re.fullmatch(words, word)), None)


def kind_by_header(header):
    """Return what a file is by its header, as (kind, card), or None where it may be a frame."""
    for card in HEADER_CARDS:
        text = (text_of(header, card) or "").lower()
        for kind, words in HEADER_WORDS.items():
            if re.search(words, text):
                return kind, f"{card} = {text}"
    return None


def kind_by_pixels(data):
    """Return what an image is by its pixels (a sample of them), or None where it may be a frame.

    A mask has few numbers; a weight map has the noise of the sky, and holes for stars.
    """
    pixels = data[np.isfinite(data)]
    middle = np.median(pixels)
    if np.count_nonzero(pixels == middle) > MASK_FRACTION * pixels.size:
        values = np.unique(pixels)
        if values.size <= MASK_VALUES and np.all(values == np.round(values)):
            return "mask"
    data = data[::2]  # half of the pixels are enough for the rest
    steps = np.diff(data, axis=1) / np.sqrt(2)
    noise = MAD_TO_SIGMA * np.nanmedian(np.abs(steps - np.nanmedian(steps)))
    # Without dead columns and rows, which are no stars
    filled = np.where(np.isfinite(data), data, middle)
    for axis in (0, 1) if noise > 0 else ():
        alive = np.median(filled, axis=axis) > middle - HOLES_SIGMAS * noise
        filled = filled[:, alive] if axis == 0 else filled[alive]
    low, high = np.percentile(filled, [0.5, 99.5])
    if noise > 0 and middle - low > HOLES_SIGMAS * noise and high - middle < (
            NO_STAR_SIGMAS * noise) and low >= 0:
        return "weight"
    return None


def bad_and_saturated(values, meaning, header):
    """Return the bad pixels of a mask, and the saturated ones, which are not among them.

    Parameters
    ----------
    values : ndarray of float
        NaN is bad.
    meaning : telescope_yaml.Mask
    header : Header
        Of the frame: the version decides which values are meant.
    """
    numbers = np.where(np.isfinite(values), values, -1).astype(np.int64)
    for card, first in meaning.since:
        if _version(text_of(header, card) or "") < _version(first):
            return numbers != 0, np.zeros(numbers.shape, bool)
    if meaning.codes:
        saturated = np.isin(numbers, meaning.saturated)
        return ~saturated & ~np.isin(numbers, (0, *meaning.good)), saturated
    saturated = (numbers >= 0) & ((numbers & sum(meaning.saturated)) != 0)
    return ~saturated & ((numbers & ~sum(meaning.good)) != 0), saturated


def _version(text):
    """Return the numbers of a version such as V4.8.2a."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def gain_of_variance(data, variance):
    """Return the gain by which a variance map belongs to an image, or None where it says nothing.

    The variance of photons grows by 1 / gain for each count above the sky; maps of the sky's
    noise alone do not have it.
    """
    level, base = np.nanmedian(data), np.nanmedian(variance)
    noise = MAD_TO_SIGMA * np.nanmedian(np.abs(data - level))
    bright = (data > level + BRIGHT_OF_MAP_SIGMAS * noise) & np.isfinite(variance)
    if np.count_nonzero(bright) < MIN_BRIGHT_PX:
        return None
    slope = np.median((variance[bright] - base) / (data[bright] - level))
    return float(1 / slope) if slope > 0 and base > 0 and (
        np.median(variance[bright]) > 2 * base) else None


def with_sides(data, sides, meaning, header, saturation_adu, gain_e_per_adu):
    """Return the pixels of a frame with those that its mask and noise map know to be bad.

    Parameters
    ----------
    data : ndarray of float32, shape (ny, nx)
    sides : dict of str to ndarray
        Masks and maps by kind; those of another shape are not used.
    meaning : telescope_yaml.Mask
    header : Header
    saturation_adu, gain_e_per_adu : float

    Returns
    -------
    data : ndarray
        Bad pixels, and those without weight, are NaN; saturated ones have at least the level.
    notes : list of str
        What does not fit.
    """
    notes = [f"the {kind} beside the frame has another size: not used"
             for kind, values in sides.items() if values.shape != data.shape]
    sides = {kind: values for kind, values in sides.items() if values.shape == data.shape}
    bad, saturated = (bad_and_saturated(sides["mask"], meaning, header) if "mask" in sides
                      else np.zeros((2, *data.shape), bool))
    for values in (values for kind, values in sides.items() if kind != "mask"):
        bad = bad | ~(values > 0) | np.isinf(values)  # no weight, or no noise: no light
    # Saturated pixels have no weight either, but a star that has them must be known by them
    data = np.where(bad & ~saturated, np.float32(np.nan), data)
    data = np.where(saturated, np.fmax(data, np.float32(saturation_adu)), data)
    # The map of the noise is a witness of the gain
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (sides["noise"]**2 if "noise" in sides else 1 / sides["weight"]
                    if "weight" in sides else sides.get("variance"))
    gain = None if variance is None else gain_of_variance(data, variance)
    if gain and not 1 / GAIN_FITS < gain / gain_e_per_adu < GAIN_FITS:
        notes.append(f"the noise map of the frame has the gain {gain:.3g} e-/ADU, not "
                     f"{gain_e_per_adu:.3g}")
    return data, notes
