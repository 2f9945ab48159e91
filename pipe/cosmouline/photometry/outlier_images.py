"""Images that stand out from the others of a set."""

from cosmouline.robust import mad_sigma

import numpy as np

N_SIGMA = 3.5  # one in 4000 of a Gaussian
MIN_IMAGES = 5  # fewer do not show what is typical
MIN_OF_CAMERA = 3  # images with which one is compared
LIGHT_FACTOR = 1.67  # of stars and sky per second, that tells of another exposure
LIGHT_AGREES = 0.2  # of its logarithm, by which the two may differ


def standing_out(values, least, n_sigma=N_SIGMA):
    """Flag the values that lie far above the median.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        NaN is left out.
    least : float
        Smallest distance above the median that counts.
    n_sigma : float
        Distance in standard deviations, from the median absolute deviation.

    Returns
    -------
    far : ndarray of bool, shape (n,)
        False for NaN, and for all of them where there are fewer than 5.
    typical : float
        Their median; NaN without a value.
    """
    values = np.asarray(values, float)
    known = values[np.isfinite(values)]
    typical = float(np.median(known)) if known.size else np.nan
    if known.size < MIN_IMAGES:
        return np.zeros(values.shape, bool), typical
    # one-sided: sharp, round, dark and clear images are no outliers
    with np.errstate(invalid="ignore"):
        return values > typical + max(n_sigma * mad_sigma(known), least), typical


def notes(columns):
    """Describe what stands out, image by image.

    Parameters
    ----------
    columns : dict of str to (array_like of shape (n,), float, str)
        Values, smallest distance that counts, and format of each property, by its name.

    Returns
    -------
    list of str, length n
        Such as ``ellipticity 0.13 (median 0.02)``; empty for an image like the others.
    """
    words = [[] for _ in next(iter(columns.values()))[0]]
    for name, (values, least, spec) in columns.items():
        far, typical = standing_out(values, least)
        for i in np.flatnonzero(far):
            words[i].append(f"{name} {values[i]:{spec}} (median {typical:{spec}})")
    return [", ".join(parts) for parts in words]


def exposure_notes(exptime_s, coeff, sky_level_e, cameras):
    """Describe the images whose stars and sky are both as much fainter or brighter per second.

    Clouds dim the stars and light up the sky, the moon lights up the sky alone: where both are off
    by one factor, the exposure time is not what the header says, or the gain.

    Parameters
    ----------
    exptime_s, coeff, sky_level_e : array_like of float, shape (n,)
        Exposure time, flux on the reference over flux, and level of the sky; NaN is left out.
    cameras : array_like of str, shape (n,)
        Images of one are compared with each other, where there are 3 or more.

    Returns
    -------
    list of str, length n
        Empty for an image like the others.
    """
    exptime_s = np.asarray(exptime_s, float)
    with np.errstate(all="ignore"):  # without a coefficient, or a sky that was subtracted
        light = np.log([1 / (np.asarray(coeff, float) * exptime_s),
                        np.asarray(sky_level_e, float) / exptime_s])
    words, cameras = [""] * len(exptime_s), np.asarray(cameras)
    for camera in np.unique(cameras):
        own = np.flatnonzero((cameras == camera) & np.isfinite(light).all(0))
        if len(own) < MIN_OF_CAMERA:
            continue
        stars, sky = light[:, own] - np.median(light[:, own], axis=1, keepdims=True)
        both = (stars + sky) / 2
        for i in np.flatnonzero((np.abs(stars - sky) < LIGHT_AGREES * np.abs(both))
                                & (np.abs(both) > np.log(LIGHT_FACTOR))):
            factor = np.exp(both[i])
            words[own[i]] = (
                f"stars and sky both {factor:.2g} times as bright per second as in others: was "
                f"it an exposure of {factor * exptime_s[own[i]]:.3g} s, not "
                f"{exptime_s[own[i]]:.3g} s, or another gain?")
    return words
