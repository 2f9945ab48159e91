"""Coefficients from PSF fluxes, with one star that is as bright in all sets or telescopes."""

import logging
from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.photometry import coefficients
from cosmouline.photometry.coefficient_median import renormalise
from cosmouline.robust import mad_sigma

import numpy as np

log = logging.getLogger("cosmouline")


class Shift(NamedTuple):
    """Factor that changes the coefficients of a set, its error, and the number of images."""

    factor: float
    sigma: float
    n_images: int


def solve(flux_e, flux_sigma_e, reference, method, set_names, telescopes, star=None):
    """Return the `Coefficients` of all images.

    Parameters
    ----------
    flux_e, flux_sigma_e : ndarray of float, shape (n_images, n_stars)
        Electrons of the exposures; NaN where missing.
    reference : int
        The image whose coefficient is 1.
    method : {"als", "median"}
    set_names, telescopes : sequence of str, length n_images
    star : int, optional
        The star whose normalised flux is the same in all sets (als) or telescopes (median).
        None: under als the zero point of a set is that of its mean star, under median the first
        star counts.

    Raises
    ------
    UserError
        If the reference has too few stars, or the star has no flux in a set.

    Notes
    -----
    "median" is COSMOULINE's 8_renorm (`coefficient_median.renormalise`): each star is divided by
    its median over the images of a telescope, and the first star makes the telescopes alike. "als"
    solves stars and images together; a star's relative flux per set, if the data show one, is in
    the model.
    """
    if method == "median":
        try:
            medians = renormalise(flux_e, telescopes, reference, star or 0)
        except ValueError as problem:
            raise UserError(f"renorm_method = 'median': {problem}. Set renorm_reference_star to a "
                            "star that all telescopes have, or another ref_img_name."
                            ) from problem
        return coefficients.of_medians(medians, flux_e)
    found = coefficients.solve(flux_e, flux_sigma_e, reference, method, set_names)
    if star is None or len(set(set_names)) == 1:
        return found
    # the zero point of each set becomes that of the star
    shifts = star_shifts(found.coeff * flux_e[:, star], found.used[:, star], set_names,
                         set_names[reference])
    for name, shift in shifts.items():
        if name != set_names[reference]:
            log.info("zero point of the set %s by the reference star: %+.2f %% +- %.2f %% from "
                     "that by all stars (%d images)", name, 100 * (shift.factor - 1),
                     100 * shift.sigma, shift.n_images)
    if found.is_variable[star]:
        log.warning("the reference star stands out from the others: it varies, or its colour is "
                    "far from theirs")
    factor = np.array([shifts[name].factor for name in set_names])
    return found._replace(coeff=found.coeff * factor, coeff_sigma=found.coeff_sigma * factor)


def star_shifts(flux, used, set_names, reference_set):
    """Factors that make a star as bright in every set as in that of the reference.

    Parameters
    ----------
    flux, used : ndarray of float and of bool, shape (n_images,)
        Normalised fluxes of the star, NaN where not measured; and which are no outliers.
    set_names : sequence of str, length n_images
    reference_set : str

    Returns
    -------
    dict of str to Shift

    Raises
    ------
    UserError
        If the star has no flux in one of the sets.
    """
    levels, sets = {}, np.array(set_names)
    for name in sorted(set(set_names)):
        own = flux[(sets == name) & used & np.isfinite(flux)]
        if not own.size:
            raise UserError(f"renorm_reference_star has no flux in the set '{name}': choose a "
                            "star that is on the images of all sets.")
        # level of the star in a set, and the error of that median
        level = np.median(own)
        levels[name] = level, mad_sigma(own) / level / np.sqrt(own.size), own.size
    level, sigma, _ = levels[reference_set]
    return {name: Shift(float(level / own), float(np.hypot(sigma, error))
                        if name != reference_set else 0.0, n)
            for name, (own, error, n) in levels.items()}


def star_index(name, names):
    """Return the index of the reference star among the names of the stars; None for no name.

    Raises
    ------
    UserError
        If it is not among them.
    """
    if name is None:
        return None
    if name not in names:
        raise UserError(f"renorm_reference_star: '{name}' is not among the stars of the "
                        f"renormalisation ({', '.join(names)}).")
    return names.index(name)
