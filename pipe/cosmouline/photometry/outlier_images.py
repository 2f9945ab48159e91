"""Images that stand out from the others of a set."""

from cosmouline.robust import mad_sigma

import numpy as np

N_SIGMA = 3.5  # one in 4000 of a Gaussian
MIN_IMAGES = 5  # fewer do not show what is typical


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
