"""A galaxy that is 10 % brighter, against the stars, in the light of the second of two cameras."""

from dataclasses import replace

from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.picture import model_images
from cosmouline.deconv.pixels import first_pixels
from cosmouline.deconv.point_sources import as_sources
from cosmouline.deconv.stored import problem_of

import numpy as np
import pytest

OPTIONS = FitOptions(sky_sigma_factor=1.0, node_step_fwhm=0.5)
CAMERA = np.array([0, 0, 0, 1, 1, 1])
GALAXY = 60000.0 * np.where(CAMERA, 1.1, 1.0)


@pytest.fixture(scope="module")
def two(draw):
    """Six epochs of two sources, and the fit that knows of the cameras."""
    epochs, truth = draw(seed=61, galaxy_flux=GALAXY, flux=(60000, 24000), camera=CAMERA)
    return epochs, truth, fit_lens(epochs, truth.position_px + 0.1, OPTIONS)


def step(fit, truth):
    """Return how much brighter the sources come out in the second camera, and the error."""
    away, variance = fit.flux - truth.flux, fit.flux_sigma**2 / 3
    second, first = (away[one == CAMERA].mean(0) for one in (1, 0))
    return second - first, np.sqrt(2 * variance.mean(0))


def test_the_images_do_not_take_the_difference(two):
    epochs, truth, fit = two
    step_e, sigma_e = step(fit, truth)
    blind = fit_lens(replace(epochs, camera=None), truth.position_px + 0.1, OPTIONS)

    assert np.abs(step_e / sigma_e).max() < 3.5
    assert (step(blind, truth)[0] / sigma_e).max() > 5  # what it is for
    assert fit.ended == "converged"


def test_the_scale_of_each_camera_is_found(two):
    epochs, _, fit = two
    problem, state = problem_of(fit, first_pixels(epochs))

    first, second = fit.extended_scale[[0, 3]]
    assert (fit.extended_scale == np.where(CAMERA, second, first)).all()
    assert second / first == pytest.approx(1.1, abs=0.04)  # 3.5 sigma of .8 % each
    assert (state.extended_scale == fit.extended_scale).all()
    assert problem.camera.tolist() == CAMERA.tolist()


def test_the_error_of_the_scale_is_in_the_errors_of_the_fluxes(two, draw):
    """Against the scatter of the step between the cameras over eight drawings of the noise."""
    steps, sigmas = [], []
    for seed in range(70, 78):
        epochs, truth = draw(seed=seed, galaxy_flux=GALAXY, flux=(60000, 24000), camera=CAMERA,
                             side=24)
        found = step(fit_lens(epochs, truth.position_px + 0.1, OPTIONS), truth)
        steps.append(found[0])
        sigmas.append(found[1])

    pull = np.sqrt(np.mean((np.array(steps) / sigmas) ** 2))
    assert pull == pytest.approx(1, abs=3.5 / np.sqrt(2 * 16))


def test_the_picture_of_an_epoch_has_the_scale_of_its_camera(two):
    epochs, _, fit = two

    extended = model_images(fit, epochs)[1]
    light = extended.sum((1, 2))
    assert light[CAMERA == 1].mean() / light[CAMERA == 0].mean() == pytest.approx(1.1, abs=0.04)


def test_a_new_epoch_of_a_known_camera_begins_with_its_scale(two):
    epochs, _, fit = two
    some = fit.take([0, 1, 2, 3, 4])

    _, state = problem_of(some, first_pixels(epochs), as_sources(fit.position_px, 6))

    assert state.extended_scale[5] == fit.extended_scale[3]
