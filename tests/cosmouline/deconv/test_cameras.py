"""A galaxy that is 10 % brighter, against the stars, in the light of the second of two cameras."""

from dataclasses import replace
from types import SimpleNamespace

from cosmouline.deconv import cameras
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.picture import model_images
from cosmouline.deconv.pixels import first_pixels
from cosmouline.deconv.point_sources import as_sources
from cosmouline.deconv.problem import AMPLITUDE
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


@pytest.mark.long
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


@pytest.mark.parametrize("has_nodes", [False, True])
def test_the_scales_are_those_of_the_least_squares_of_all_unknowns(has_nodes):
    """Three cameras of one to three epochs; slow and obvious: one equation a pixel, and priors."""
    random = np.random.default_rng(5)
    camera, now = np.array([7, 7, 2, 2, 2, 4]), np.array([1.1, 1.1, 0.95, 0.95, 0.95, 1.0])
    n_epochs, n_pixels, n_local, n_shared, amplitude = 6, 30, 4, AMPLITUDE + 2, 3.0
    columns = random.standard_normal((n_epochs, n_pixels, n_local + n_shared + 1))
    nodes, node_flux = random.standard_normal((n_epochs, n_pixels, 2)), np.array([0.4, -0.7])
    weight = random.uniform(0.5, 20, (n_epochs, n_pixels))
    extended = amplitude * columns[:, :, n_local + AMPLITUDE]
    extended = extended + (nodes @ node_flux if has_nodes else 0)
    products = np.einsum("epk,ep,epl->ekl", columns, weight, columns)
    both = np.concatenate([columns, extended[:, :, None]], axis=2)
    sweep = SimpleNamespace(products=products,
                            light=np.einsum("ep,ep,epk->ek", extended, weight, both))
    shared = np.zeros(n_shared)
    shared[AMPLITUDE] = amplitude
    normal = SimpleNamespace(local_covariance=np.linalg.inv(products[:, :n_local, :n_local]),
                             local_rhs=products[:, :n_local, -1])
    problem = SimpleNamespace(data=np.zeros(n_epochs), camera=camera,
                              weight=weight.reshape(n_epochs, 5, 6))
    state = SimpleNamespace(shared=shared, extended_scale=now, node_flux=node_flux)

    found = cameras.camera_scales(problem, state, sweep, normal)

    scale, variance, known = now.copy(), np.zeros(n_epochs), np.zeros(n_epochs)
    root = np.sqrt(weight)
    for name in (7, 2, 4):
        those = np.flatnonzero(camera == name)
        design = np.zeros((len(those) * n_pixels + 1, 1 + n_local * len(those)))
        data = np.zeros(len(design))
        for k, e in enumerate(those):
            rows = slice(k * n_pixels, (k + 1) * n_pixels)
            design[rows, 0] = root[e] * extended[e]
            at = slice(1 + k * n_local, 1 + (k + 1) * n_local)
            design[rows, at] = root[e][:, None] * columns[e, :, :n_local]
            data[rows] = root[e] * columns[e, :, -1]
            own = design[rows][:, [0, *range(at.start, at.stop)]]
            known[e] = 1 / np.linalg.inv(own.T @ own)[0, 0]
        # the scale is 1 within the width of its prior
        design[-1, 0] = now[those[0]] / cameras.PRIOR_SD
        data[-1] = (1 - now[those[0]]) / cameras.PRIOR_SD
        scale[those] *= 1 + np.linalg.lstsq(design, data)[0][0]
        variance[those] = np.linalg.inv(design.T @ design)[0, 0]
    assert found.relative_variance == pytest.approx(variance)
    low, high = cameras.SCALE_RANGE
    assert ((scale > low) & (scale < high)).all()
    assert found.scale == pytest.approx(scale / np.average(scale, weights=known))
    # fluxes, sky and shift follow the image, which they are fitted to
    for e in range(n_epochs):
        local = root[e][:, None] * columns[e, :, :n_local]
        assert found.response[e] == pytest.approx(
            -np.linalg.lstsq(local, root[e] * extended[e])[0])


def test_a_single_camera_has_no_scale_of_its_own():
    problem = SimpleNamespace(data=np.zeros(2), camera=np.array([3, 3]))
    normal = SimpleNamespace(local_rhs=np.zeros((2, 5)))
    state = SimpleNamespace(extended_scale=np.ones(2))

    scale, variance, response = (getattr(cameras.camera_scales(problem, state, None, normal), name)
                                 for name in ("scale", "relative_variance", "response"))

    assert (scale.tolist(), variance.tolist(), response.shape) == ([1, 1], [0, 0], (2, 5))
