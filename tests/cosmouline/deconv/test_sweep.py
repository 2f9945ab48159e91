"""Sweep over the epochs, against least squares and finite differences."""

from dataclasses import replace

from cosmouline.deconv import epoch_images, sweep
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.sweep import gram_matrix, sweep_epochs
from cosmouline.threads import threads

import numpy as np
import pytest


@pytest.fixture(scope="module")
def case(draw, start):
    """A problem of two turned epochs, and a state with galaxy and field."""
    epochs, truth = draw(seed=3, n_epochs=2, side=24, turns_deg=(20.0, 180.0))
    problem, state = start(epochs, truth.position_px, FitOptions(node_step_fwhm=0.7))
    rng = np.random.default_rng(4)
    shared = state.shared.copy()
    shared[:8] = np.log(2.5), np.log(2.1), 0.1, -0.2, 0.2, 0.1, 900.0, -0.02
    problem = replace(problem, prior=problem.prior.with_width(0.03)).with_psf(epochs.psf)
    return problem, replace(
        state, shared=shared, node_flux=rng.normal(0, 5, len(problem.lattice.nodes_px))
    )


def basis_of(problem, state, epoch):
    """Images of the sources and of the sky in one epoch, and the extended light."""
    geometry, transfer = problem.geometry, problem.transfer[epoch]
    linear, shift = problem.linear[epoch], state.shift_px[epoch]
    spectra = epoch_images.galaxy_spectra(state.shared[:4], linear, geometry)
    centre = linear @ state.shared[4:6] + shift
    galaxy = epoch_images.galaxy_images(transfer, spectra, centre, geometry)[0]
    lattice = problem.lattice
    waves = epoch_images.node_waves(lattice.nodes_px, lattice.sigma_px, linear, shift, geometry)
    nodes = epoch_images.node_images(epoch_images.base_band(transfer, geometry), waves, geometry)
    transfer = transfer + state.shared[7] * problem.widened[epoch]
    points = epoch_images.point_images(transfer, state.position_px @ linear.T + shift, geometry)[0]
    extended = state.shared[6] * galaxy + np.tensordot(state.node_flux, nodes, axes=1)
    return np.concatenate([points, np.ones_like(points[:1])]), extended, nodes


def test_fluxes_and_sky_are_the_weighted_least_squares(case):
    problem, state = case

    sweep = sweep_epochs(problem, state)

    for e in range(2):
        basis, extended, _ = basis_of(problem, state, e)
        root = np.sqrt(problem.weight[e]).ravel()
        matrix = basis.reshape(len(basis), -1).T * root[:, None]
        data = (problem.data[e] - extended).ravel() * root
        solution, chi2, *_ = np.linalg.lstsq(matrix, data, rcond=None)
        # in units of sigma; the map of the galaxy's transform is rounded to 5e-4
        assert sweep.solution[e] == pytest.approx(solution, rel=1e-4, abs=1e-3)
        assert sweep.chi2[e] == pytest.approx(chi2[0], rel=1e-4)
        assert sweep.extended[e] == pytest.approx(extended, abs=2e-4 * extended.max())
        points = np.tensordot(sweep.solution[e, :2], basis[:2], axes=1)
        assert sweep.points[e] == pytest.approx(points, abs=1e-9 * points.max())


def model_at(problem, state, solution, shared, shift):
    """Whole model under given fluxes and sky."""
    moved = replace(state, shared=shared, shift_px=shift)
    sweep = sweep_epochs(problem, moved)
    points = np.array(
        [
            np.tensordot(flux, basis_of(problem, moved, e)[0], axes=1)
            for e, flux in enumerate(solution)
        ]
    )
    return points + sweep.extended


def test_products_hold_the_derivatives_of_the_model(case):
    """Products of residual and columns = products of residual and finite differences."""
    problem, state = case
    sweep = sweep_epochs(problem, state, with_nodes=True)
    weighted = problem.weight * (
        problem.data - model_at(problem, state, sweep.solution, state.shared, state.shift_px)
    )
    n_shared = len(state.shared)
    moves = [(np.zeros(n_shared), axis) for axis in np.eye(2)]
    moves += [(unit, np.zeros(2)) for unit in np.eye(n_shared)]
    moves[8] = (1000 * moves[8][0], moves[8][1])  # the flux of the galaxy is a large number

    for column, (shared, shift) in enumerate(moves):
        up, down = (
            model_at(
                problem,
                state,
                sweep.solution,
                state.shared + t * shared,
                state.shift_px + t * shift,
            )
            for t in (1e-4, -1e-4)
        )
        size = max(np.abs(shared).max(), np.abs(shift).max())
        slope = (up - down) / 2e-4 / size
        expected = np.einsum("eij,eij->e", weighted, slope)
        scale = np.sqrt(np.einsum("eij,eij->e", problem.weight, slope**2))
        assert sweep.products[:, 3 + column, -1] / scale == pytest.approx(
            expected / scale, abs=1e-4
        )


def test_products_with_nodes_and_gram_matrix(case):
    problem, state = case

    sweep = sweep_epochs(problem, state, with_nodes=True)
    gram = gram_matrix(problem, state)

    expected = 0
    for e in range(2):
        basis, _, nodes = basis_of(problem, state, e)
        weighted = nodes * problem.weight[e]
        products = np.tensordot(weighted, basis, axes=((1, 2), (1, 2)))
        assert sweep.node_local[e][:, :3] == pytest.approx(products, abs=1e-9)
        expected = expected + np.tensordot(weighted, nodes, axes=((1, 2), (1, 2)))
    assert gram == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_pixels_of_no_weight_do_not_count(case):
    problem, state = case
    weight, data = problem.weight.copy(), problem.data.copy()
    weight[:, 5:9, 8:12] = 0
    data[:, 5:9, 8:12] = 1e6

    masked = sweep_epochs(replace(problem, weight=weight), state, with_nodes=True)
    spoilt = sweep_epochs(replace(problem, weight=weight, data=data), state, with_nodes=True)

    assert np.array_equal(masked.products, spoilt.products)
    assert np.array_equal(masked.node_local, spoilt.node_local)
    assert np.array_equal(masked.node_sums, spoilt.node_sums)
    assert np.array_equal(masked.light, spoilt.light)


def test_a_source_without_light_on_the_stamp_has_no_flux(case):
    problem, state = case
    bare = replace(problem, weight=np.zeros_like(problem.weight))

    assert sweep_epochs(bare, state).solution == pytest.approx(0, abs=1e-12)


def test_neighbours_keep_the_width_of_the_stars(case):
    problem, state = case
    problem = replace(problem, n_images=1)  # the second source is a neighbour
    held = replace(problem, prior=problem.prior.with_width(1e-9), widened=None)

    sweep = sweep_epochs(problem, state)

    for e in range(2):
        image = basis_of(problem, state, e)[0][0]
        place = state.position_px @ problem.linear[e].T + state.shift_px[e]
        neighbour = epoch_images.point_images(held.transfer[e], place, problem.geometry)[0][1]
        points = np.tensordot(sweep.solution[e, :2], [image, neighbour], axes=1)
        assert sweep.points[e] == pytest.approx(points, abs=1e-9 * points.max())


def test_a_galaxy_that_is_kept_has_the_bits_of_a_new_one(draw, start):
    """Two shapes in turn, each seen through three turns, against sweeps that remember nothing."""
    epochs, truth = draw(seed=3, n_epochs=6, side=24, turns_deg=(0.0, 3.0, 90.0))
    problem, state = start(epochs, truth.position_px, FitOptions(node_step_fwhm=0.5))
    other = replace(state, shared=state.shared + 0.01)
    fresh = []
    for one in (state, other):
        sweep._of_last_shape.clear()
        fresh.append(sweep.sweep_epochs(problem, one).products)

    again = [sweep.sweep_epochs(problem, one).products for one in (state, state, other, state)]

    for products, expected in zip(again, [fresh[0], fresh[0], fresh[1], fresh[0]], strict=True):
        assert (products == expected).all()
    assert (fresh[0] != fresh[1]).any()
    assert len(sweep._of_last_shape) == 1  # of one shape only


@pytest.mark.parametrize("with_nodes", [False, True])
def test_threads_give_the_same_bits(case, with_nodes):
    one = sweep_epochs(*case, with_nodes, with_bare=True)
    gram = gram_matrix(*case)
    with threads(2):
        two = sweep_epochs(*case, with_nodes, with_bare=True)
        np.testing.assert_array_equal(gram_matrix(*case), gram)
    for name, values in vars(one).items():
        np.testing.assert_array_equal(getattr(two, name), values)
    assert (one.node_sums is not None) == with_nodes
