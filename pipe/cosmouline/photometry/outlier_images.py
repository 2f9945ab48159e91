"""Images that stand out from the others of a set."""

from cosmouline.robust import MAD_TO_SIGMA, mad_sigma, median_of_finite

import numpy as np

N_SIGMA = 3.5  # one in 4000 of a Gaussian
MIN_IMAGES = 5  # fewer do not show what is typical
MIN_OF_CAMERA = 3  # images with which one is compared
LIGHT_FACTOR = 1.67  # of stars and sky per second, that tells of another exposure
STARS_OF_A_KIND, TWO_IMAGES = 5, 2  # that tell two kinds of images; images of the rarer one
MOST_ALONE = 6  # images, less 1, that are like no other
KINDS_APART, KINDS_SIGMA = 0.02, 8.0  # of the stars, and in errors (half of it: in scatters)
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


def two_kinds(residual, relative_sigma):
    """Find images in which the stars have other fluxes relative to each other than in the rest.

    Another filter does that, whatever the header says: stars differ by their colours, in all its
    images alike.

    Parameters
    ----------
    residual, relative_sigma : ndarray of float, shape (n_images, n_stars)
        Relative departures of the fluxes behind the coefficient, variable stars too, and their
        errors; NaN where unknown: such images and stars count by what they have.

    Returns
    -------
    is_other : ndarray of bool, shape (n_images,)
        The images of the rarer kind; all False where there is one kind only.
    apart : float
        Scatter of the stars' differences between the two kinds; NaN with one kind.

    Notes
    -----
    Each image belongs to the nearer one of two that are far from each other; how far is the
    scatter of the differences of the stars, on which few variable ones have no weight. Images that
    are far from all others are left out, five at most.
    """
    residual = np.where(np.asarray(relative_sigma) > 0, residual, np.nan)
    noise, left = np.nanmedian(relative_sigma), np.isfinite(residual).sum(1) >= STARS_OF_A_KIND

    def apart_from(image):
        difference = residual - image
        few = np.isfinite(difference).sum(1) < STARS_OF_A_KIND
        return np.where(few | ~left, -1.0, MAD_TO_SIGMA * median_of_finite(np.abs(
            difference - median_of_finite(difference.T)[:, None]).T))

    for _ in range(MOST_ALONE):
        if left.sum() < 2 * TWO_IMAGES:
            break
        far = int(np.argmax(apart_from(residual[np.argmax(left)])))
        to_far = apart_from(residual[far])
        to_other = apart_from(residual[np.argmax(to_far)])
        is_first = (to_far < to_other) & left
        kinds = is_first, left & ~is_first
        rarer, rest = sorted(kinds, key=np.sum)
        if rarer.sum() < TWO_IMAGES:
            left &= ~rarer
            continue
        # Between the kinds, and within the worse of them
        means = [median_of_finite(residual[one]) for one in (rarer, rest)]
        difference = means[0] - means[1]
        apart = mad_sigma(difference[np.isfinite(difference)])
        within = max(np.median(apart_from(mean)[one])
                     for mean, one in zip(means, (rarer, rest), strict=True))
        if apart > max(KINDS_APART, KINDS_SIGMA * noise, KINDS_SIGMA / 2 * within):
            return rarer, apart
        break
    return np.zeros(len(residual), bool), np.nan
