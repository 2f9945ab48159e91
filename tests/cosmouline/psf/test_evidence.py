"""Evidence for the prior of the PSF, against the covariance of all pixels written out."""

from cosmouline.psf.evidence import log_evidence
from cosmouline.psf.fit import PsfOptions, fit_psf
from cosmouline.psf.model import moffat, moffat_derivatives, render
from cosmouline.psf.residual_grid import grid_prior

import numpy as np
import pytest

TAUS = (0.025, 0.1)
STEPS = 0.01 * np.array([[1, 0], [0, 1]])


def fitted(stamps, options=None):
    return fit_psf(stamps.data, stamps.sky_variance, stamps.good, stamps.fwhm_px, options)


def slow_evidence(stamps, fit, tau):
    """Log evidence by the covariance of the pixels; what is linear is projected out."""
    psf, n_stars = fit.psf, len(fit.flux_e)
    image, slopes = moffat_derivatives(psf.moffat, 2 * psf.side_px, 2)
    narrow = image + psf.residual
    root = np.sqrt(fit.good / fit.variance_e2)

    def pixels(what, away=(0, 0)):
        flux = (fit.flux_e / narrow.sum())[:, None, None]
        return root * flux * render(what, fit.offset_px + away, psf.side_px, 2)

    own = [pixels(narrow), *(pixels(narrow, step) - pixels(narrow, -step) for step in STEPS)]
    own = [np.where(np.arange(n_stars)[:, None, None] == k, one, 0)
           for k in range(n_stars) for one in own]
    free = np.linalg.qr(np.array([*own, *map(pixels, slopes)]).reshape(3 * n_stars + 4, -1).T)[0]
    prior = grid_prior(image, psf.fwhm_px, 2, [(tau, *fit.options.prior[1:]), fit.options.wings])
    modes = np.array([pixels(prior.colour(one)).ravel() for one in np.eye(prior.n_white)]).T
    modes = modes - free @ (free.T @ modes)
    left = (root * stamps.data - pixels(image)).ravel()
    left = left - free @ (free.T @ left)
    covariance = np.eye(len(left)) + modes @ modes.T
    explained = left @ (left - np.linalg.solve(covariance, left))
    return 0.5 * (explained - np.linalg.slogdet(covariance)[1])


def test_the_evidence_is_that_of_the_covariance_of_the_pixels(star_stamps):
    stamps = star_stamps(71, 2.0, (1e5, 3e5), n_stars=3, side_px=14)
    fit = fitted(stamps)

    found = log_evidence(stamps.data, fit, TAUS)

    # modes below 1 % of the largest are left out
    assert found == pytest.approx([slow_evidence(stamps, fit, tau) for tau in TAUS], abs=0.1)


@pytest.mark.parametrize("tau", [0.0125, 0.2])
def test_the_size_that_made_the_stars_is_the_most_probable(star_stamps, tau):
    stamps = star_stamps(72, 2.2, (3e5, 6e5))
    shape = np.log([2.0, 3.0])
    image = moffat(np.array([shape[0], 0, 0, shape[1]]), 2 * stamps.side_px, 2)
    wings = PsfOptions().wings
    prior = grid_prior(image, 2.0, 2, [(tau, 1.2, 1.0), wings])
    narrow = image + prior.colour(np.random.default_rng(3).standard_normal(prior.n_white))
    stars = render(narrow / narrow.sum(), stamps.offset_px, stamps.side_px, 2)
    model = stamps.flux_e[:, None, None] * stars
    noise = np.random.default_rng(4).standard_normal(model.shape)
    stamps.data = model + np.sqrt(400.0 + model.clip(0)) * noise
    taus = (0.0125, 0.05, 0.2)

    evidence = log_evidence(stamps.data, fitted(stamps, PsfOptions(min_stars=2)), taus)

    # a factor of 4 in the size of some 50 modes: ln 4 each, less what their scatter hides
    assert taus[np.argmax(evidence)] == tau
