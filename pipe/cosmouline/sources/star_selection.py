"""Which stars of a field make the PSF and the normalisation, and why the others do not."""

from typing import NamedTuple

from cosmouline.robust import median_of_finite

import numpy as np
from scipy.spatial import cKDTree

APERTURE_SHARE = 0.6  # light of a star within a radius of 1 FWHM, for a Moffat of beta 3
NEIGHBOUR_BETA = 3.0  # the wings of a bad night
NEIGHBOUR_REACH_FWHM = 8.0  # farther out a star of the same flux leaks less than 0.1 %


class Selection(NamedTuple):
    """Stars chosen from a field, and why brighter ones were not.

    Parameters
    ----------
    indices : ndarray of int
        Rows of the star list, brightest first.
    refused : dict of int to str
        Reason for each row that was looked at and refused.
    """

    indices: np.ndarray
    refused: dict


def select_stars(
    field,
    fwhm_px,
    sky_sigma_e,
    n_max=12,
    exclude_xy_px=(),
    exclude_radius_px=20.0,  # the lens and its galaxy
    inside_min=0.8,  # part of the frames that show it: the list should be the same in all
    saturated_max=0.02,  # part of the frames: a wrong flag in one of fifty does no harm
    fwhm_excess_max=0.10,  # galaxies of the yardstick are 15 % wider or more
    ellipticity_excess_max=0.06,  # 3 sigma of a star of S/N 60
    snr_min=60.0,  # fainter stars cost time and add nothing to 12 brighter ones
    leak_max=0.01,  # flux of neighbours in its aperture over its own: seeing modulates it
    neighbour_max=0.2,  # flux of a close neighbour over its own: the PSF fit would see it ...
    neighbour_fwhm=3.0,  # ... within this many FWHM
):
    """Choose the brightest stars that are single, round, and neither saturated nor at the edge.

    Parameters
    ----------
    field : FieldStars
        Stars of the set, brightest first (``starfield.build_catalog``, ``refine_seeing``).
    fwhm_px, sky_sigma_e : float
        Median seeing, and median scatter of the sky, of the aligned frames.
    n_max : int
        Number of stars wanted.
    exclude_xy_px : array_like of float, shape (k, 2)
        Positions in pixels of the reference image near which no star is taken: the lens.
    exclude_radius_px : float
        How near.
    inside_min : float
        Least part of the aligned frames on whose detector the star falls.
    saturated_max : float
        Largest part of its detections in which it is saturated.
    fwhm_excess_max, ellipticity_excess_max : float
        Largest difference, either way, of its width from its frames' (relative) and of its
        ellipticity from theirs.
    snr_min : float
        Least signal-to-noise ratio in the median frame within a radius of 1 FWHM.
    leak_max : float
        Largest light of all neighbours in that aperture, over the star's own.
    neighbour_max, neighbour_fwhm : float
        No single neighbour may have more than this part of its flux within that many FWHM.

    Returns
    -------
    Selection

    Notes
    -----
    Nothing is chosen by a fit: a double star or a galaxy that gets into the PSF is hardly found
    there again. On nine simulated sets of frames no galaxy and no saturated star was taken.
    """
    stars, xy_px = field.stars, field.xy_px
    median_scale = float(median_of_finite(field.frame_scale))
    snr = signal_to_noise(stars["flux_e"] * median_scale, fwhm_px, sky_sigma_e)
    n_frames = max(int(np.isfinite(field.frame_scale).sum()), 1)
    tree = cKDTree(xy_px) if len(stars) else None
    exclude_xy_px = np.asarray(exclude_xy_px, dtype=float).reshape(-1, 2)
    chosen, refused = [], {}
    for i, star in enumerate(stars):
        if len(chosen) == n_max:
            break
        reason = (
            _shape_reason(star, saturated_max, fwhm_excess_max, ellipticity_excess_max)
            or _frames_reason(star["n_inside"] / n_frames, inside_min)
            or _snr_reason(snr[i], snr_min)
            or _place_reason(xy_px[i], exclude_xy_px, exclude_radius_px)
            or _neighbour_reason(
                i, stars, xy_px, tree, fwhm_px, leak_max, neighbour_max, neighbour_fwhm
            )
        )
        if reason:
            refused[i] = reason
        else:
            chosen.append(i)
    return Selection(np.array(chosen, dtype=int), refused)


def signal_to_noise(flux_e, fwhm_px, sky_sigma_e):
    """Signal-to-noise ratio of stars within a radius of 1 FWHM, by photons and sky.

    Parameters
    ----------
    flux_e : ndarray of float
        Fluxes in electrons.
    fwhm_px, sky_sigma_e : float
        Seeing, and scatter of the sky per pixel.

    Returns
    -------
    ndarray of float
        0 for a flux that is not positive.
    """
    light_e = APERTURE_SHARE * np.maximum(flux_e, 0)
    return light_e / np.sqrt(light_e + np.pi * fwhm_px**2 * sky_sigma_e**2)


def _shape_reason(star, saturated_max, fwhm_excess_max, ellipticity_excess_max):
    """Why a star is refused by itself, or None."""
    ratio, excess = star["fwhm_ratio"], star["ellipticity_excess"]
    if star["saturated_fraction"] > saturated_max:
        return f"saturated in {100 * star['saturated_fraction']:.0f} % of its detections"
    if not np.isfinite(ratio):
        return "its width was never measured"
    if abs(ratio - 1) >= fwhm_excess_max:
        return f"its FWHM is {ratio:.2f} of the seeing"
    if not abs(excess) < ellipticity_excess_max:
        return f"its ellipticity differs by {excess:+.2f} from that of the stars"
    return None


def _frames_reason(inside, inside_min):
    """Why a star that too few frames show is refused, or None."""
    return f"only {100 * inside:.0f} % of the frames show it" if inside < inside_min else None


def _snr_reason(snr, snr_min):
    """Why a faint star is refused, or None."""
    return None if snr > snr_min else f"its S/N of {snr:.0f} is below {snr_min:g}"


def _place_reason(xy_px, exclude_xy_px, exclude_radius_px):
    """Why a star near an excluded position is refused, or None."""
    distance_px = np.hypot(*(exclude_xy_px - xy_px).T)
    if distance_px.size and distance_px.min() < exclude_radius_px:
        return f"{distance_px.min():.1f} px from an excluded position"
    return None


def _neighbour_reason(i, stars, xy_px, tree, fwhm_px, leak_max, neighbour_max, neighbour_fwhm):
    """Why a star that is not alone is refused, or None."""
    near = np.array(tree.query_ball_point(xy_px[i], NEIGHBOUR_REACH_FWHM * fwhm_px))
    near = near[near != i]
    distance_px = np.hypot(*(xy_px[near] - xy_px[i]).T)
    ratio = stars["flux_e"][near] / stars["flux_e"][i]
    close = (ratio > neighbour_max) & (distance_px < neighbour_fwhm * fwhm_px)
    if close.any():
        k = np.flatnonzero(close)[np.argmax(ratio[close])]
        return (
            f"a neighbour of {100 * ratio[k]:.0f} % of its flux at "
            f"{distance_px[k] / fwhm_px:.1f} FWHM"
        )
    leak = np.sum(ratio * _leak(distance_px, fwhm_px))
    return f"neighbours add {100 * leak:.1f} % to its flux" if leak > leak_max else None


def _leak(distance_px, fwhm_px):
    """Part of the light of a star that falls into an aperture of radius 1 FWHM at a distance.

    The aperture's area times the surface brightness of a Moffat at its centre.
    """
    core_px = fwhm_px / (2 * np.sqrt(2 ** (1 / NEIGHBOUR_BETA) - 1))
    density = (NEIGHBOUR_BETA - 1) / (np.pi * core_px**2)
    profile = (1 + (distance_px / core_px) ** 2) ** -NEIGHBOUR_BETA
    return np.pi * fwhm_px**2 * density * profile
