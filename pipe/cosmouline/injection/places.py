"""Where sources are injected: empty places near the lens, on good pixels."""

import numpy as np

GOOD_CORE = 0.9  # of the pixels of the core of a site that are good, for a frame to count
GOOD_FRAMES = 0.8  # of the frames in which the core of a site must be good
LIGHT_SIGMAS = 4.0  # of the mean of all frames: a place with more light is not empty
FARTHEST_SIDES = 12  # of the stamp, from the lens


def candidate_places(lens_px, side_px, shape_px):
    """Places on a lattice around the lens, (n, 2), the nearest first.

    Parameters
    ----------
    lens_px : ndarray of float, shape (2,)
        (x, y) on the reference image.
    side_px : int
        Of the stamps: a place is a stamp away from the lens, half of one from the next place, and
        its stamp inside the frame.
    shape_px : tuple of int
        (ny, nx) of the reference image.
    """
    axis = np.arange(-2 * FARTHEST_SIDES, 2 * FARTHEST_SIDES + 1) * side_px / 2
    offset = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    away = np.hypot(*offset.T)
    places = lens_px + offset
    inside = (places > side_px / 2) & (places < np.array(shape_px[::-1]) - 1 - side_px / 2)
    kept = (np.abs(offset).max(1) >= side_px) & (away <= FARTHEST_SIDES * side_px) & inside.all(1)
    order = np.argsort(away[kept], kind="stable")
    return places[kept][order]


def core_state(stamps, radius_px):
    """Fraction of good pixels in the core of each stamp, its mean light and the error of that.

    Parameters
    ----------
    stamps : Stamps
    radius_px : float
        Of the core, around the position of the object.

    Returns
    -------
    good, light_e, sigma_e : ndarray of float, shape (n,)
        Light and error per pixel, in electrons; NaN without a good pixel.
    """
    axis = np.arange(stamps.side_px)
    x, y = (stamps.position_px - stamps.corner_px).T[:, :, None, None]
    core = np.hypot(axis - x, axis[:, None] - y) <= radius_px
    used = core & stamps.good
    n_used = used.sum((1, 2)).astype(float)
    n_used[n_used == 0] = np.nan
    light = np.where(used, stamps.data_e, 0.0).sum((1, 2)) / n_used
    sigma = np.sqrt(np.where(used, stamps.sky_sigma_e, 0.0).astype(float) ** 2).sum((1, 2))
    return used.sum((1, 2)) / np.maximum(core.sum((1, 2)), 1), light, sigma / n_used**1.5


def choose_places(places_px, good, light, sigma, apart_px, n_sites):
    """Choose sites among places that are ordered by their distance from the lens.

    Parameters
    ----------
    places_px : ndarray of float, shape (n, 2)
    good, light, sigma : ndarray of float, shape (n_frames, n)
        Of `core_state` in every frame, on a common scale.
    apart_px : float
        Least distance of two sites along x or y: their stamps share no pixel.
    n_sites : int

    Returns
    -------
    ndarray of int
        Numbers of the chosen places; fewer than `n_sites` where there are no more.
    words : dict of str to int
        How many places were not taken, by the reason.
    """
    is_good = good >= GOOD_CORE
    often = is_good.mean(0) >= GOOD_FRAMES
    weight = np.where(is_good & (sigma > 0), 1 / np.where(sigma > 0, sigma, 1.0) ** 2, 0.0)
    total = np.maximum(weight.sum(0), 1e-30)
    mean = (weight * np.nan_to_num(light)).sum(0) / total
    # Places that all have the same remainder of the sky are empty; light stands out from them
    level = np.median(mean[often]) if often.any() else 0.0
    spread = 1.4826 * np.median(np.abs(mean[often] - level)) if often.any() else 0.0
    is_empty = np.abs(mean - level) <= LIGHT_SIGMAS * np.sqrt(1 / total + spread**2)
    chosen = []
    for k in np.flatnonzero(often & is_empty):
        apart = np.abs(places_px[k] - places_px[chosen]).max(1) if chosen else [np.inf]
        if np.min(apart) >= apart_px and len(chosen) < n_sites:
            chosen.append(int(k))
    return np.array(chosen, int), {
        "bad pixels, or masked light of a star, in too many frames": int((~often).sum()),
        "light": int((often & ~is_empty).sum())}
