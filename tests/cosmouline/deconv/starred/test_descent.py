"""STARRED's model of a scene against ours: all conventions of places, turns, shifts and units."""

from dataclasses import replace

from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.point_sources import as_sources
from cosmouline.deconv.starred import fit
from cosmouline.deconv.starred.descent import (
    at_rest,
    descend,
    fixed_arrays,
    keywords,
    light,
    loss_of,
    model_of,
)
from cosmouline.deconv.starred.inputs import QUARTERS, turn_of, unturned
from cosmouline.psf.starred_fit import single_precision

import jax
import numpy as np
import pytest

UNIT = 2000.0
SHAPE = (6, 2, 32, 2)  # epochs, sources, side, upsampling


@pytest.fixture(scope="module")
def scene_of(lens_epochs):
    """Give the function that makes the first scene of epochs with a map."""
    def make(linear):
        epochs, truth = lens_epochs(3, linear)
        scene = fit._start_of(
            epochs, as_sources(truth.position_px, len(epochs)),
            FitOptions(sky_sigma_factor=1.0), lambda *a, **k: None)
        turns = [turn_of(matrix, 0) for matrix in epochs.linear]
        return scene, turns, fixed_arrays(scene, turns, UNIT)

    return make


@pytest.fixture(scope="module")
def plain(scene_of):
    return scene_of(np.eye(2))


@pytest.fixture
def double_precision():
    """Jax in double precision in the whole process."""
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@jax.jit
def compiled_images(free, fixed):
    return model_of(*SHAPE, fixed["psf"]).model(keywords(light(free, fixed), fixed["angle"]))


def starred_images(free, fixed):
    return np.asarray(compiled_images(free, fixed), float)


def our_images(scene, turns):
    sky = scene.sweep.solution[:, -1, None, None]
    images = (scene.sweep.points + scene.sweep.extended + sky) * scene.problem.scale / UNIT
    return np.array([unturned(image, turn.quarter)
                     for image, turn in zip(images, turns, strict=True)])


@pytest.mark.parametrize(("quarter", "angle_deg", "largest"),
                         [*((quarter, 0.0, 2e-3) for quarter in QUARTERS[::3]),
                          (QUARTERS[3], 4.0, 0.02)])
def test_starred_sees_the_scene_as_we_do(scene_of, quarter, angle_deg, largest):
    angle = np.radians(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    scene, turns, fixed = scene_of(quarter.T @ turn)

    images = starred_images(at_rest(6, 2, 64), fixed)

    # without a small turn they differ by what STARRED cuts off at the edges; with one, by its
    # bilinear interpolation. A shift of .02 px would be 1 % of the peak
    ours = our_images(scene, turns)
    assert np.abs(images - ours).max() < largest * ours.max()


def test_the_numbers_of_a_scene_are_what_they_were(plain, recorded):
    """That they are right is shown by the other tests: see tests/recorded.py."""
    recorded("deconv/starred_scene", plain[2], (("", 2e-3),))


def test_a_step_of_an_unknown_is_a_step_of_the_scene(plain):
    _, _, fixed = plain
    free = at_rest(*SHAPE[:2], 64)
    free["own"][1] = np.random.default_rng(2).standard_normal(5)
    free["position"][0] = 1.0
    free["trade"][1] = 2.0

    found, rest = light(free, fixed), light(at_rest(*SHAPE[:2], 64), fixed)

    own = np.asarray(found["own"] - rest["own"])
    lost = 2 * fixed["trade_steps"][1]
    expected = fixed["own_steps"][1] @ free["own"][1] - [0, lost, 0, 0, 0]
    assert own[1] == pytest.approx(expected, rel=1e-3, abs=1e-5)
    assert own[0] == pytest.approx([0, -lost, 0, 0, 0], rel=1e-3)
    moved = np.asarray(found["nodes"] - rest["nodes"])
    assert moved.sum() == pytest.approx(lost, rel=1e-3)  # what the source gives, at its place
    place = (np.indices((64, 64)) * moved).sum((1, 2)) / moved.sum()
    assert place[::-1] == pytest.approx(2 * fixed["position"][1] + 31, abs=0.01)
    assert np.asarray(found["position"] - rest["position"])[0] == pytest.approx(
        fixed["position_steps"][0], rel=1e-3)


def test_a_trade_hardly_changes_the_images(plain):
    _, _, fixed = plain
    free = at_rest(*SHAPE[:2], 64)
    rest = starred_images(free, fixed)
    free["trade"][0] = 10.0  # a fifth of its flux

    change = np.abs(starred_images(free, fixed) - rest).max()

    free["trade"][0] = 0.0
    taken = fixed | {"own": fixed["own"] - [10 * fixed["trade_steps"][0], 0, 0, 0, 0]}
    lost = np.abs(starred_images(free, taken) - rest).max()
    assert change < 0.1 * lost  # what a bilinear spot is broader than a point


def test_a_descent_finds_the_light_that_the_scene_lacks(plain, lens_epochs):
    scene, turns, _ = plain
    truth = lens_epochs(3)[1]
    dark = fit._solve(
        scene.pixels, scene.problem.lattice, scene.problem.prior, scene.state.shared,
        np.zeros(len(scene.state.node_flux)), scene.state.shift_px)

    lit = fit._after_descent(dark, turns, *fit.LONG_STAGE)

    # without a galaxy the sources take its light: 30 % too bright
    assert (dark.flux.sum(1) / truth.flux.sum(1)).mean() > 1.2
    light_found = lit.state.node_flux.sum() * lit.problem.scale
    assert light_found == pytest.approx(truth.galaxy_flux, rel=0.15)
    assert (lit.flux / truth.flux).mean(0) == pytest.approx(np.ones(2), abs=0.12)
    assert lit.sweep.chi2.sum() / (6 * 32**2) == pytest.approx(1, abs=5 * np.sqrt(2 / 6 / 32**2))
    assert dark.sweep.chi2.sum() / (6 * 32**2) > 1.1


def test_a_shift_is_found_on_the_pixels_of_its_epoch(scene_of):
    scene, turns, _ = scene_of(QUARTERS[2].T)
    wrong = scene.state.shift_px.copy()
    wrong[1] += 0.12, -0.06
    moved = replace(scene, state=replace(scene.state, shift_px=wrong))

    found = descend(moved, turns, 200, 0.5)

    # the sigma of a shift is .01 px
    assert found.shift_px[1] == pytest.approx([-0.12, 0.06], abs=0.05)
    assert found.shift_px[[0, 2, 3, 4, 5]] == pytest.approx(np.zeros((5, 2)), abs=0.05)


def test_double_precision_of_others_is_neither_used_nor_disturbed(plain, double_precision):
    _, _, fixed = plain

    with single_precision():
        gradient = jax.eval_shape(jax.grad(loss_of(*SHAPE)), at_rest(*SHAPE[:2], 64), fixed)

    assert {value.dtype for value in gradient.values()} == {np.dtype(np.float32)}
    assert jax.numpy.zeros(1).dtype == np.float64


def test_the_loss_is_chi2_the_starlets_and_the_negative_light(plain):
    _, _, fixed = plain
    free = at_rest(*SHAPE[:2], 64)
    without = fixed | {"weights": 0 * fixed["weights"], "nodes": np.abs(fixed["nodes"])}
    negative = without | {"nodes": -without["nodes"]}

    loss = jax.jit(loss_of(*SHAPE))

    images = starred_images(free, without)
    chi2 = ((without["data"] - images) ** 2 / without["variance"]).sum()
    assert float(loss(free, without)) == pytest.approx(chi2 / 2, rel=1e-4)
    assert float(loss(free, fixed)) > 1.05 * chi2 / 2
    assert float(loss(free, negative)) > 100 * 6 * without["nodes"].sum()  # their penalty alone
