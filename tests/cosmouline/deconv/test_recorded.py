"""What the joint fit and its checks return for two rich lenses: no number moves unnoticed.

That they are right is shown elsewhere, against truth and by hand: see tests/recorded.py.
"""

from dataclasses import fields, replace

from cosmouline.deconv import (
    checks,
    image_width,
    missing_light,
    odd_epochs,
    orientation,
    picture,
    psf_error,
    source_doubts,
)
from cosmouline.deconv.covariance import flux_errors
from cosmouline.deconv.find_sources import find_sources
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.point_sources import Sources

import numpy as np
import pytest

NAMES, IMAGES = ["A", "B", "C"], [f"image {k}" for k in range(6)]
# it stops when no flux changes by a twentieth of its error; the residual light is nearly free
LOOSE = (("", 1e-3), ("node_flux", 0.02), ("field_amplitude", 0.02), ("convergence", 0.5),
         ("objective", 1e-3))
CHECKS = (("", 1e-3), ("map", 0.05), ("degenerate", 5e-3), ("partners", 5e-3), ("stray", 5e-3))


def numbers(fit):
    """All fields of a fit but for its times and words."""
    return {field.name: getattr(fit, field.name) for field in fields(fit)
            if field.name not in ("cpu_s", "log", "options", "n_held", "equations")}


@pytest.fixture(scope="module")
def rich(draw):
    """Three sources, one a neighbour that shines in four of six epochs; two cameras and scales.

    Epochs are turned, the galaxy is brighter in the light of one camera, pixels are masked, and
    one position is known.
    """
    shines = np.ones((6, 3))
    shines[:2, 2] = 0
    camera = np.array([0, 0, 0, 1, 1, 1])
    epochs, truth = draw(
        seed=11, side=28, flux=(30000.0, 12000.0, 8000.0), shines=shines, camera=camera,
        position_px=((-2.6, 0.6), (2.9, -1.1), (-1.0, 7.0)), turns_deg=(0.0, 90.0, 33.0),
        galaxy_flux=np.where(camera, 26000.0, 20000.0), sky_sigma_e=15.0)
    good = epochs.good.copy()
    good[2, 10:13, 4:9] = False
    good[4, :, 20] = False
    sources = Sources(truth.position_px + np.array([[0.1, -0.1], [0.05, 0.1], [-0.1, 0.05]]),
                      np.array([np.nan, np.nan, 0.05]), 2, shines > 0)
    epochs = replace(epochs, good=good)
    fit = fit_lens(epochs, sources, FitOptions(sky_sigma_factor=1.0, node_step_fwhm=0.5))
    return epochs, truth, fit


def of_checks(fit, epochs):
    """What the checks find."""
    points, extended, sky = picture.model_images(fit, epochs)
    pulls = (epochs.data_e * epochs.coeff[:, None, None] - points - extended
             - sky[:, None, None]) / np.sqrt(fit.variance_e2) / epochs.coeff[:, None, None]
    names = NAMES[:len(fit.position_px)]
    deconvolved = picture.deconvolved_image(fit, (20, 16), 2)
    return {
        "points": points, "extended": extended, "sky": sky, "deconvolved": deconvolved[0],
        "background": deconvolved[1],
        "chi2": checks.source_chi2(fit, epochs, np.where(fit.good, pulls, np.nan)),
        "stray": checks.stray_positions(fit, epochs),
        "pulls": checks.neighbour_pulls(np.array([3.0, 1, 2, 7, 5, 4]), fit.flux, fit.flux_sigma),
        "amplitudes": checks.amplitudes_over_floor(fit),
        "degenerate": checks.degenerate_direction(fit),
        "mean": checks.mean_flux(fit),
        "partners": [checks.partners(fit, k) for k in range(fit.n_images)],
        "sigma": fit.flux_sigma, "systematic": fit.flux_systematic,
        "core_lost": odd_epochs.core_lost(fit, epochs),
        "map": missing_light.point_map(fit, epochs, np.flatnonzero(fit.measured))[:2],
        "floor": [missing_light.field_floor(fit, place) for place in fit.position_px],
        "doubts": [doubt.text for doubt in source_doubts.source_doubts(
            fit, epochs, names, IMAGES)],
    }


def test_a_double_with_a_galaxy(lens, recorded):
    epochs, _, fit = lens
    recorded("deconv/double", numbers(fit), LOOSE)
    recorded("deconv/double_checks", of_checks(fit, epochs), CHECKS)


def test_three_sources_two_cameras_and_masks(rich, recorded):
    epochs, _, fit = rich
    recorded("deconv/rich", numbers(fit), LOOSE)
    recorded("deconv/rich_checks", of_checks(fit, epochs), CHECKS)


def test_errors_and_width_of_one_fit(draw, fitted, recorded):
    epochs, _ = draw(seed=2, n_epochs=4, side=24)  # those of the fit
    _, width, _ = image_width.judge_width(fitted, epochs.psf, FitOptions(node_step_fwhm=0.5),
                                       lambda stage, **values: None)
    recorded("deconv/errors", {
        "errors": flux_errors(fitted), "posterior": fitted.posterior.node_covariance(),
        "field_sigma": image_width.field_sigma(fitted), "width": width}, (("", 1e-3),))


def test_errors_of_the_psf(lens, pictures, recorded):
    epochs, truth, fit = lens
    draws = np.array([[pictures["narrow_psf"](32, (1 + change * (e + 1)) * s, 2)
                       for e, s in enumerate(truth.sigma_px)] for change in (0.004, -0.006)])
    scale = 1 + 0.01 * np.array([[1, 2, -1, 0, 1, -2], [0, -1, 2, 1, -2, 1.0]])
    recorded("deconv/psf_error", {
        "of_fluxes": psf_error.psf_error(fit, epochs, draws, scale),
        "systematic": psf_error.psf_systematic(fit, epochs, draws, scale)}, (("", 2e-3),))


def test_sources_that_are_looked_for(draw, recorded):
    epochs, truth = draw(seed=5, side=28, n_epochs=4, galaxy_flux=5000.0)
    start = truth.position_px + np.array([1.5, -0.5])
    recorded("deconv/found", {
        "places": find_sources(epochs, 2),
        "moved": orientation.match_start(epochs, start, 3.0),
    }, (("", 1e-3),))
