"""Position of a point of the reference image on each image, from the stars' fitted centres."""

from cosmouline.astrometry.align import apply, invert

import numpy as np

N_ROUNDS = 6  # of mean positions and maps in turn; the third changes them by less than .001 px
FEWEST_FOR_MAP = 6  # stars for a complete linear map; with fewer only the shift is fitted
FEWEST_FOR_SHIFT = 3
CLIP = 4.0  # scaled deviations of a star from its position, in sigmas


def predict(xy_px, sigma_px, matrices, point_px):
    """Position of a point on each image, from the positions of stars on all of them.

    Parameters
    ----------
    xy_px : ndarray of float, shape (n_images, n_stars, 2)
        Fitted centres; NaN where a star was not measured.
    sigma_px : ndarray of float, shape (n_images, n_stars)
        Their errors per coordinate.
    matrices : ndarray of float, shape (n_images, 2, 3)
        Transforms from the reference image, as aligned.
    point_px : ndarray of float, shape (2,)
        On the reference image.

    Returns
    -------
    place_px : ndarray of float, shape (n_images, 2)
    place_sigma_px : ndarray of float, shape (n_images,)
        Error per coordinate, without what all images share; both NaN where an image has too
        few stars.

    Notes
    -----
    The mean position of each star over the images and the linear map of each image are fitted in
    turn. Deviations beyond the errors (seeing that differs over the field, refraction of stars of
    different colour) enter the errors as a scatter that all images share.
    """
    good = np.isfinite(xy_px).all(-1) & np.isfinite(sigma_px) & (sigma_px > 0)
    matrices, extra = np.array(matrices, float), 0.0
    for _ in range(N_ROUNDS):
        weight = np.where(good, 1 / (np.where(good, sigma_px, 1.0) ** 2 + extra), 0.0)
        # weighted mean of each star on the reference image; NaN where no image has it
        back = np.array([apply(invert(m), xy) for m, xy in zip(matrices, xy_px, strict=True)])
        total = weight.sum(0)
        sums = (np.where(weight[..., None] > 0, back, 0.0) * weight[..., None]).sum(0)
        stars_px = np.where(total[:, None] > 0, sums / np.where(total > 0, total, 1.0)[:, None],
                            np.nan)
        # the map of each image through these means
        fits = [_fit_map(stars_px, *one, point_px)
                for one in zip(xy_px, weight, matrices, strict=True)]
        matrices = np.array([matrix for matrix, _ in fits])
        away = xy_px - np.array([apply(matrix, stars_px) for matrix in matrices])
        # fraction of the variance that the fitted means and maps leave in a deviation, per image
        n_stars, n_images = good.sum(1), max(len(good), 2)
        taken = np.where(n_stars >= FEWEST_FOR_MAP, 3, 1) / np.maximum(n_stars, 1)
        freedom = np.clip(1 - taken, 0.1, 1.0)[:, None] * (1 - 1 / n_images)
        # reject outliers by their errors, or by the median deviation where that is larger
        distance2 = np.nan_to_num((away**2).sum(-1), nan=np.inf)
        limit = CLIP**2 * 2 * np.maximum(sigma_px**2 + extra,
                                         np.nanmedian(distance2) / 2 / freedom)
        good = good & (distance2 <= limit * freedom)
        # variance per coordinate beyond the errors, the same for all
        excess = (away**2).mean(-1) / freedom - sigma_px**2
        extra = max(0.0, float(np.mean(excess[good]))) if good.any() else 0.0
    variance = np.array([found for _, found in fits])
    place_px = np.array([apply(matrix, point_px[None])[0] for matrix in matrices])
    return np.where(np.isfinite(variance)[:, None], place_px, np.nan), np.sqrt(variance)


def _fit_map(stars_px, xy_px, weight, matrix, point_px):
    """Map (2, 3) of one image through its stars, and the variance of the point's position."""
    used = (weight > 0) & np.isfinite(stars_px).all(1)
    if used.sum() < FEWEST_FOR_SHIFT:
        return matrix, np.nan
    weight, xy_px, stars_px = weight[used], xy_px[used], stars_px[used]
    if used.sum() < FEWEST_FOR_MAP:
        shift = np.average(xy_px - apply(matrix, stars_px), axis=0, weights=weight)
        return matrix + np.column_stack([np.zeros((2, 2)), shift]), 1 / weight.sum()
    # about the point, so that the variance of the constant is that of its position
    design = np.column_stack([stars_px - point_px, np.ones(len(stars_px))])
    inverse = np.linalg.inv(design.T @ (design * weight[:, None]))
    linear = (inverse @ (design.T @ (xy_px * weight[:, None]))).T
    found = np.column_stack([linear[:, :2], linear[:, 2] - linear[:, :2] @ point_px])
    return found, inverse[2, 2]
