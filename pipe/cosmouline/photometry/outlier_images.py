"""Images that stand out from the others of a set."""

from cosmouline.robust import MAD_TO_SIGMA

import numpy as np

N_SIGMA = 3.5  # one in 4000 of a Gaussian
MIN_IMAGES = 5  # fewer do not tell what is usual


def standing_out(values, least, n_sigma=N_SIGMA):
    """Tell which values lie far above the usual ones.

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
    usual : float
        Their median; NaN without a value.
    """
    values = np.asarray(values, float)
    known = values[np.isfinite(values)]
    if known.size < MIN_IMAGES:
        return np.zeros(values.shape, bool), float(np.median(known)) if known.size else np.nan
    usual = float(np.median(known))
    sigma = MAD_TO_SIGMA * np.median(np.abs(known - usual))
    with np.errstate(invalid="ignore"):
        return values > usual + max(n_sigma * sigma, least), usual


def notes(columns):
    """Put into words what stands out, image by image.

    Parameters
    ----------
    columns : dict of str to (array_like of shape (n,), float, str)
        Values, smallest distance that counts, and format of each property, by its name.

    Returns
    -------
    list of str, length n
        Such as ``ellipticity 0.13 (usual 0.02)``; empty for an image like the others.
    """
    words = [[] for _ in next(iter(columns.values()))[0]]
    for name, (values, least, spec) in columns.items():
        far, usual = standing_out(values, least)
        for i in np.flatnonzero(far):
            words[i].append(f"{name} {values[i]:{spec}} (usual {usual:{spec}})")
    return [", ".join(parts) for parts in words]
