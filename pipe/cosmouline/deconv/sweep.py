"""One pass over the epochs: exact fluxes and sky, model, residuals, normal equations."""

from dataclasses import dataclass

from cosmouline.deconv import epoch_images
from cosmouline.deconv.problem import AMPLITUDE, CENTRE, SHAPE
from cosmouline.threads import in_order

import numpy as np

TINY = 1e-30  # instead of the norm of an image of zeros
RIDGE = 1e-12  # on the scaled equations of the fluxes: a source without light gets flux 0
MAP_STEP = 5e-4  # maps that round to the same share the transform of the galaxy, not its position

_of_last_shape = {}  # spectra of the galaxy by map, under its shape and the geometry


@dataclass(frozen=True, eq=False)
class Sweep:
    """Result of one pass.

    The products are scalar products under the weights of k columns: the local ones (sources, sky,
    shift in x and y), the shared ones in the order of `State.shared`, and the residual. Those with
    the Gaussians of the lattice are kept of each epoch for the l local columns and the extended
    light, and as a sum over the epochs for the shared columns and the residual. The model without
    its sky is `points` + `extended`; equations that are stored have no images. `bare`, made
    where asked for, is the model with its sky where the field is left out, and the fluxes are
    solved without it.
    """

    solution: np.ndarray  # (n_epochs, n_sources + 1): fluxes, and last the sky, in the data's unit
    chi2: np.ndarray  # (n_epochs,)
    products: np.ndarray  # (n_epochs, k, k)
    light: np.ndarray  # (n_epochs, k + 1), of the extended light with the columns and with itself
    node_local: np.ndarray | None  # (n_epochs, n_nodes, l + 1)
    node_sums: np.ndarray | None  # (n_nodes, k - l)
    points: np.ndarray | None  # (n_epochs, side, side)
    extended: np.ndarray | None
    bare: np.ndarray | None = None


def sweep_epochs(problem, state, with_nodes=False, with_shared=True, with_bare=False):
    """Solve the fluxes and the sky of each epoch, and form its normal equations: a `Sweep`.

    Its products with the nodes, made where asked for, cost twice as much as the rest. Without the
    shared columns, for steps of the epochs alone, it costs half. A galaxy that is held at a flux
    of 0 has columns of zeros. The epochs are shared out among the threads, if any.
    """
    rounded = np.rint(problem.linear / MAP_STEP).reshape(-1, 4)
    maps, place = np.unique(rounded, axis=0, return_inverse=True)
    spectra = [None] * len(maps)
    if problem.prior.has_galaxy or state.shared[AMPLITUDE]:
        spectra = [one[:5 if with_shared else 1] for one in _galaxy_spectra(
            state.shared[SHAPE], maps.reshape(-1, 2, 2) * MAP_STEP, problem.geometry)]
    wanted, measured, node_sums = (with_nodes, with_shared, with_bare), [], 0.0
    for of_sums, *one in in_order(
            lambda epoch, index: _solve_epoch(problem, state, epoch, spectra[index], wanted),
            range(len(place)), place.ravel()):
        node_sums = node_sums + of_sums if with_nodes else None
        measured.append(one)
    solution, chi2, products, light, node_local, points, extended, bare = zip(
        *measured, strict=True)
    return Sweep(
        *map(np.array, (solution, chi2, products, light)),
        np.array(node_local) if with_nodes else None, node_sums, np.array(points),
        np.array(extended), np.array(bare) if with_bare else None)


def _solve_epoch(problem, state, epoch, spectra, wanted):
    """Return the share of an epoch in the sums over the nodes, and its entries of a `Sweep`."""
    geometry, amplitude = problem.geometry, state.shared[AMPLITUDE]
    with_nodes, with_shared, with_bare = wanted
    data, weight, linear = problem.data[epoch], problem.weight[epoch], problem.linear[epoch]
    # Images of a flux of 1 and their derivatives; without node fluxes there is no field
    field, nodes = np.zeros((3, *data.shape)), None
    if with_nodes or state.node_flux.any():
        nodes = _node_spectra(problem, state, epoch)
        field = epoch_images.field_images(*nodes, state.node_flux, geometry)
    centre_px = linear @ state.shared[CENTRE] + state.shift_px[epoch]
    galaxy = (np.zeros((7 if with_shared else 3, *data.shape)) if spectra is None else
              state.extended_scale[epoch] * epoch_images.galaxy_images(
                  problem.transfer[epoch], spectra, centre_px, geometry))
    point = problem.point_images(epoch, state)
    widened, n_images = np.zeros_like(point[0]), problem.n_images
    if problem.widened is not None:
        place_px = problem.places_px(epoch, state)[:n_images]
        widened[:n_images] = epoch_images.point_images(
            problem.widened[epoch], place_px, geometry)[0]
    if problem.present is not None:
        point[:, ~problem.present[epoch]] = widened[~problem.present[epoch]] = 0.0
    extended = amplitude * galaxy[0] + field[0]
    # Fluxes and sky: weighted least squares, in columns of norm 1
    basis = np.concatenate([point[0], np.ones_like(data)[None]])
    flat = basis.reshape(len(basis), -1)
    weighted = flat * weight.ravel()
    normal = weighted @ flat.T
    norm = np.sqrt(np.diag(normal)) + TINY
    scaled = normal / norm[:, None] / norm + RIDGE * np.eye(len(flat))
    right = weighted @ (data - extended).ravel() / norm
    solution = np.linalg.solve(scaled, right) / norm
    flux = solution[:-1]
    points = np.tensordot(flux, point[0], axes=1)
    bare = _bare(data, amplitude * galaxy[0], basis, weighted, scaled, norm) if (
        with_bare) else None
    residual = data - extended - points - solution[-1]
    # Derivatives of the model to the shift of the epoch, and to what all epochs share
    by_shift = np.tensordot(point[1:], flux, axes=(1, 0)) + amplitude * galaxy[-2:] + field[1:]
    columns = [basis, by_shift]
    if with_shared:
        columns += _shared_columns(point, widened, flux, galaxy, amplitude, linear)
    # Scalar products of all columns under the weights: the normal equations
    columns = np.concatenate([*columns, residual[None], extended[None]])
    products, on_nodes = _products(columns, weight, nodes if with_nodes else None, geometry)
    n_local = len(basis) + len(by_shift)
    of_sums, of_nodes = (on_nodes[:, n_local:-1], on_nodes[:, [*range(n_local), -1]]) if (
        with_nodes) else (None, None)
    return (of_sums, solution, products[-2, -2], products[:-1, :-1], products[-1], of_nodes,
            points, extended, bare)


def _bare(data, galaxy, basis, weighted, scaled, norm):
    """Model of an epoch whose fluxes and sky are solved beside the galaxy alone."""
    right = weighted @ (data - galaxy).ravel() / norm
    return np.tensordot(np.linalg.solve(scaled, right) / norm, basis, axes=1) + galaxy


def _products(columns, weight, nodes, geometry):
    """Scalar products of images with each other, and with the Gaussians of the lattice if any."""
    weighted = columns * weight
    flat = columns.reshape(len(columns), -1)
    products = flat @ weighted.reshape(flat.shape).T
    return products, None if nodes is None else epoch_images.on_nodes(weighted, *nodes, geometry)


def _galaxy_spectra(shape, maps, geometry):
    """Spectra of the galaxy through each map; those of the last shape are kept.

    Two sweeps of three have the shape of the one before: alignments, and all of `psf_error`.
    """
    key = np.asarray(shape, float).tobytes(), geometry
    if key not in _of_last_shape:
        _of_last_shape.clear()
        _of_last_shape[key] = {}
    known = _of_last_shape[key]
    for one in maps:
        if one.tobytes() not in known:
            spectra = epoch_images.galaxy_spectra(shape, one, geometry)
            spectra.flags.writeable = False
            known[one.tobytes()] = spectra
    return [known[one.tobytes()] for one in maps]


def _shared_columns(point, widened, flux, galaxy, amplitude, linear):
    """Derivatives of the model of an epoch to what all share, in the order of `State.shared`."""
    by_x, by_y = np.tensordot(linear.T, point[1:] * flux[:, None, None], axes=1)
    by_centre = np.tensordot(linear.T, galaxy[5:], axes=1)
    by_width = np.tensordot(flux, widened, axes=1)
    return amplitude * galaxy[1:5], amplitude * by_centre, galaxy[:1], by_width[None], by_x, by_y


def gram_matrix(problem, state, every=1):
    """Scalar products (n_nodes, n_nodes) of the images of the lattice's Gaussians, all epochs.

    From every n-th epoch it is scaled to the weight of all.
    """
    n_nodes = len(problem.lattice.nodes_px)
    total = np.zeros((n_nodes, n_nodes))
    some = problem.weight[::every]

    def of_epoch(epoch, weight):
        nodes = epoch_images.node_images(*_node_spectra(problem, state, epoch), problem.geometry)
        nodes *= np.sqrt(weight)
        nodes = nodes.reshape(n_nodes, weight.size)
        return nodes @ nodes.T

    for one in in_order(of_epoch, range(0, len(problem.weight), every), some):
        total += one
    return total * (problem.weight.sum() / some.sum()) if every > 1 else total


def _node_spectra(problem, state, epoch):
    """Band of the PSF, and waves of the Gaussians of the lattice, in one epoch."""
    lattice, geometry = problem.lattice, problem.geometry
    band = epoch_images.base_band(problem.transfer[epoch], geometry) * state.extended_scale[epoch]
    linear, shift = problem.linear[epoch], state.shift_px[epoch]
    return band, epoch_images.node_waves(lattice.nodes_px, lattice.sigma_px, linear, shift,
                                         geometry)
