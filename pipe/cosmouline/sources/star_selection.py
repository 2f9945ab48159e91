"""Which stars of a field make the PSF and the normalisation, and why the others do not."""

from dataclasses import dataclass
from typing import NamedTuple

from cosmouline import library
from cosmouline.robust import median_of_finite

import numpy as np

spatial = library("scipy.spatial")

APERTURE_FRACTION = 0.6  # light of a star within a radius of 1 FWHM, for a Moffat of beta 3
NEIGHBOUR_BETA = 3.0  # the wings of a bad night
NEIGHBOURS_FWHM = 8.0  # farther out a star of the same flux leaks less than 0.1 %


class Selection(NamedTuple):
    """Stars chosen from a field, and why brighter ones were not."""

    indices: np.ndarray  # rows of the star list, brightest first
    refused: dict  # reason for each row that was tested and refused


@dataclass(frozen=True)
class SelectionOptions:
    """Limits of the selection; the defaults need no tuning."""

    n_max: int = 12  # stars wanted
    exclude_radius_px: float = 20.0  # around excluded positions: the lens and its galaxy
    inside_min: float = 0.8  # fraction of the frames with it: the list should be one for all
    saturated_max: float = 0.02  # fraction of its detections: one wrong flag in 50 does no harm
    fwhm_excess_max: float = 0.10  # relative, either way: galaxies are 15 % wider or more
    ellipticity_excess_max: float = 0.06  # either way; 3 sigma of a star of S/N 60
    snr_min: float = 60.0  # fainter stars cost time and add nothing to 12 brighter ones
    leak_max: float = 0.01  # flux of all neighbours in its aperture over its own: it varies
    neighbour_max: float = 0.2  # flux of one neighbour over its own: the PSF fit would see it ...
    neighbour_fwhm: float = 3.0  # ... within this many FWHM


DEFAULTS = SelectionOptions()


def select_stars(field, fwhm_px, sky_sigma_e, exclude_xy_px=(), options=DEFAULTS, known=None):
    """Choose the brightest stars that are single, round, and neither saturated nor at the edge.

    Parameters
    ----------
    field : FieldStars
        Stars of the set, brightest first (``star_catalogue.build_catalog``, ``refine_seeing``).
    fwhm_px, sky_sigma_e : float
        Median seeing, and median scatter of the sky, of the aligned frames.
    exclude_xy_px : array_like of float, shape (k, 2)
        Positions in pixels of the reference image near which no star is taken: the lens.
    options : SelectionOptions
    known : sequence of str, optional
        Why a star is refused before all else, "" for most: what a catalogue tells of it.

    Returns
    -------
    Selection

    Notes
    -----
    Nothing is chosen by a fit: a double star or a galaxy in the PSF is hardly found there again.
    On nine simulated sets of frames no galaxy and no saturated star was taken.
    """
    stars, xy_px = field.stars, field.xy_px
    median_scale = float(median_of_finite(field.frame_scale))
    snr = signal_to_noise(stars["flux_e"] * median_scale, fwhm_px, sky_sigma_e)
    n_frames = max(int(np.isfinite(field.frame_scale).sum()), 1)
    tree = spatial.cKDTree(xy_px) if len(stars) else None
    exclude_xy_px = np.asarray(exclude_xy_px, dtype=float).reshape(-1, 2)
    chosen, refused = [], {}
    for i, star in enumerate(stars):
        if len(chosen) == options.n_max:
            break
        inside = star["n_inside"] / n_frames
        away_px = np.hypot(*(exclude_xy_px - xy_px[i]).T).min(initial=np.inf)
        # the catalogue, shape
        if known is not None and known[i]:
            reason = known[i]
        elif star["saturated_fraction"] > options.saturated_max:
            reason = f"saturated in {100 * star['saturated_fraction']:.0f} % of its detections"
        elif not np.isfinite(star["fwhm_ratio"]):
            reason = "its width was never measured"
        elif abs(star["fwhm_ratio"] - 1) >= options.fwhm_excess_max:
            reason = f"its FWHM is {star['fwhm_ratio']:.2f} of the seeing"
        elif not abs(star["ellipticity_excess"]) < options.ellipticity_excess_max:
            reason = (f"its ellipticity differs by {star['ellipticity_excess']:+.2f} from that of "
                      "the stars")
        # frames, signal to noise, position
        elif inside < options.inside_min:
            reason = f"only {100 * inside:.0f} % of the frames show it"
        elif not snr[i] > options.snr_min:
            reason = f"its S/N of {snr[i]:.0f} is below {options.snr_min:g}"
        elif away_px < options.exclude_radius_px:
            reason = f"{away_px:.1f} px from an excluded position"
        else:
            reason = _neighbour_reason(i, stars, xy_px, tree, fwhm_px, options)
        if reason:
            refused[i] = reason
        else:
            chosen.append(i)
    return Selection(np.array(chosen, dtype=int), refused)


def signal_to_noise(flux_e, fwhm_px, sky_sigma_e):
    """Signal-to-noise ratio of stars within a radius of 1 FWHM, by photons and sky.

    `flux_e` in electrons, `sky_sigma_e` per pixel; 0 for a flux that is not positive.
    """
    light_e = APERTURE_FRACTION * np.maximum(flux_e, 0)
    return light_e / np.sqrt(light_e + np.pi * fwhm_px**2 * sky_sigma_e**2)


def _neighbour_reason(i, stars, xy_px, tree, fwhm_px, options):
    """Why a star that is not alone is refused, or None."""
    near = np.array(tree.query_ball_point(xy_px[i], NEIGHBOURS_FWHM * fwhm_px))
    near = near[near != i]
    distance_px = np.hypot(*(xy_px[near] - xy_px[i]).T)
    ratio = stars["flux_e"][near] / stars["flux_e"][i]
    # one that the fit of the PSF would see
    close = (ratio > options.neighbour_max) & (distance_px < options.neighbour_fwhm * fwhm_px)
    if close.any():
        k = np.flatnonzero(close)[np.argmax(ratio[close])]
        return (f"a neighbour of {100 * ratio[k]:.0f} % of its flux at "
                f"{distance_px[k] / fwhm_px:.1f} FWHM")
    # light of all in an aperture of radius 1 FWHM: its area times the surface brightness of a
    # Moffat at its centre
    core_px = fwhm_px / (2 * np.sqrt(2 ** (1 / NEIGHBOUR_BETA) - 1))
    density = (NEIGHBOUR_BETA - 1) / (np.pi * core_px**2)
    profile = (1 + (distance_px / core_px) ** 2) ** -NEIGHBOUR_BETA
    leak = np.sum(ratio * (np.pi * fwhm_px**2 * density * profile))
    return f"neighbours add {100 * leak:.1f} % to its flux" if leak > options.leak_max else None
