"""Descent of STARRED's loss of a joint fit, compiled once per number and size of stamps."""

from functools import lru_cache
from types import SimpleNamespace
from typing import NamedTuple

from cosmouline.deconv.starred.inputs import (
    background_curvature,
    pivot_px,
    shifted,
    small_places,
    starlet_noise,
    unturned,
)
from cosmouline.psf.model import TARGET_SIGMA_SMALL
from cosmouline.psf.starred_fit import single_precision

import numpy as np

# Strength of the l1 penalty, in units of the noise of each starlet of all epochs together, and
# that of the point sources relative to it. On four simulated scenes (ten sources) the mean fluxes
# are wrong by 4.0 % rms with (1, .6), by 5.7 to 10.5 % with 2, or with .45 or .75. The second lies
# between what a source has in the fine scales, where the background has nothing, and all it has.
STRENGTH, SOURCE_STRENGTH = 1.0, 0.6
POSITIVITY = 100.0  # strength of STARRED's penalty on a negative background
CURVATURE_FLOOR = 1e-3  # of the largest, for the steps of waves of which nothing is known
TRADE = 0.02  # step of what a source gives to the background, in units of its flux
POSITION_STEP = 2.0  # pixels, over the signal to noise of a source
UNUSED_VARIANCE = 1e8  # of pixels that are not used, relative to the largest of the others


class Found(NamedTuple):
    """What a descent found.

    Positions (n_sources, 2) in the reference frame, changes of the shifts (n_epochs, 2) on the
    pixels of each epoch, and fluxes of the nodes on the common scale.
    """

    position_px: np.ndarray
    shift_px: np.ndarray
    node_flux: np.ndarray


def descend(solved, turns, n_steps, rate):
    """Minimise STARRED's loss from a `fit.Solved` on, by adabelief: the light `Found`.

    The `Turn` of each of its epochs; the first step, in units of the scale of each unknown, falls
    to 0 as a cosine.

    Notes
    -----
    The unknowns are whitened: fluxes, sky and shift of an epoch by its covariance, the waves of
    the background by the curvature of chi2; and what a source gives to the background at its
    position is an unknown of its own, for this hardly changes the images. The background is
    blurred to the resolution of the sources, so that our nodes can hold it.
    """
    import jax

    # In single precision the brightest pixel is 1
    epochs, geometry = solved.pixels.epochs, solved.problem.geometry
    data = epochs.data_e * epochs.coeff[:, None, None]
    unit = float(np.max(np.where(solved.pixels.good, data, 0)))
    fixed = fixed_arrays(solved, turns, unit)
    with single_precision():
        compiled = _compiled(len(turns), solved.n_sources, geometry.side_px, geometry.upsampling)
        found = jax.device_get(compiled(fixed, n_steps, rate))
    shift_px = [turn.quarter.T @ own[-2:]
                for turn, own in zip(turns, found["own"].astype(float), strict=True)]
    node_flux = found["nodes"][fixed["inside"] > 0].astype(float) * unit
    return Found(found["position"].astype(float), np.array(shift_px), node_flux)


def fixed_arrays(solved, turns, unit):
    """Return what a descent does not change, and the scales of its unknowns: float32, by name.

    The flux on the common scale that is 1 is `unit`.
    """
    problem, state = solved.problem, solved.state
    side_px, up = problem.geometry.side_px, problem.geometry.upsampling
    data, variance, psf = _unturned_epochs(solved, turns, unit)
    weight = np.where(variance < variance.max(), 1 / variance, 0)
    # Small pixels that may have light (1 or 0), and their light
    places = small_places(side_px * up, up)
    column, row = np.rint((problem.lattice.nodes_px - places[0]) * up).astype(int).T
    inside, nodes = np.zeros((2, len(places), len(places)))
    inside[row, column] = 1
    nodes[row, column] = state.node_flux * problem.scale / unit
    # Fluxes, sky and zero shifts in STARRED's units (its sky: small pixels), and their steps
    flux_unit = problem.scale / unit
    units = np.array([flux_unit] * solved.n_sources + [flux_unit / up**2, 1, 1])
    own = np.pad(solved.sweep.solution, ((0, 0), (0, 2))) * units
    own_steps = units[:, None] * np.linalg.cholesky(solved.normal.local_covariance)
    own_steps[:, -2:] = np.array([turn.quarter for turn in turns]) @ own_steps[:, -2:]
    # Steps of the positions, and of the waves of the background, its blur in them
    snr = np.sqrt(((solved.flux / solved.flux_sigma) ** 2).sum(0))
    curvature = background_curvature(weight, psf, up)
    cycles = np.fft.fftfreq(len(curvature))
    blur = np.exp(-2 * (np.pi * TARGET_SIGMA_SMALL * cycles) ** 2)
    seen = curvature * (blur[:, None] * blur[: curvature.shape[1]]) ** 2
    # A light of 1 at the position of each source
    rows, columns = (np.maximum(1 - np.abs(places - at[:, None]) * up, 0)
                     for at in (state.position_px[:, 1], state.position_px[:, 0]))
    noise = starlet_noise(weight, psf, up) * inside.any()
    fixed = {
        "data": data,
        "variance": variance,
        "psf": psf,
        "angle": np.array([turn.angle_deg for turn in turns]),
        "weights": STRENGTH * noise * up**2 / len(data),  # the loss multiplies by n_epochs / up^2
        "own": own,
        "own_steps": own_steps,
        "position": state.position_px,
        "position_steps": np.stack([POSITION_STEP / snr] * 2, 1),
        "inside": inside,
        "nodes": nodes,
        "wave_steps": 1 / np.sqrt(seen + CURVATURE_FLOOR * curvature.max()),
        "spots": rows[:, :, None] * columns[:, None] * inside,
        "trade_steps": TRADE * solved.flux.mean(0) / unit,
    }
    return {name: np.asarray(value, np.float32) for name, value in fixed.items()}


def _unturned_epochs(solved, turns, unit):
    """Return data, variances and PSFs, quarter turns undone, the shifts in the PSFs."""
    epochs, geometry, good = solved.pixels.epochs, solved.problem.geometry, solved.pixels.good
    n_small = geometry.side_px * geometry.upsampling
    pivot = np.full(2, pivot_px(n_small, geometry.upsampling))
    scale = (epochs.coeff / unit)[:, None, None]
    known = solved.pixels.variance_e2 * scale**2
    variance = np.where(good, known, UNUSED_VARIANCE * known[good].max())
    data = np.where(good, epochs.data_e * scale, 0)
    arrays = []
    for epoch, turn in enumerate(turns):
        # STARRED turns about its pivot, not about the centre of the stamp
        shift_px = turn.quarter @ solved.state.shift_px[epoch] - pivot + turn.matrix @ pivot
        narrow = shifted(unturned(epochs.psf[epoch], turn.quarter),
                         shift_px * geometry.upsampling, n_small)
        stamps = (unturned(image[epoch], turn.quarter) for image in (data, variance))
        arrays.append((*stamps, narrow))
    return tuple(map(np.array, zip(*arrays, strict=True)))


@lru_cache(maxsize=8)
def _compiled(n_epochs, n_sources, side_px, upsampling):
    """Return the compiled descent, which gives the light that it ends at."""
    import jax
    import optax

    n_small = side_px * upsampling
    gradient = jax.grad(loss_of(n_epochs, n_sources, side_px, upsampling))
    search = optax.adabelief(1.0)

    def descent(fixed, n_steps, rate):
        def step(number, carry):
            free, memory = carry
            change, memory = search.update(gradient(free, fixed), memory, free)
            now = 0.5 * rate * (1 + jax.numpy.cos(np.pi * number / n_steps))
            return jax.tree.map(lambda x, d: x + now * d, free, change), memory

        free = at_rest(n_epochs, n_sources, n_small)
        free = jax.lax.fori_loop(0, n_steps, step, (free, search.init(free)))[0]
        return light(free, fixed)

    return jax.jit(descent)


def at_rest(n_epochs, n_sources, n_small):
    """Return the unknowns of a descent where it starts: 0."""
    shapes = {"own": (n_epochs, n_sources + 3), "position": (n_sources, 2),
              "waves": (n_small, n_small), "trade": (n_sources,)}
    return {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}


def light(free, fixed):
    """Return the light that the unknowns of a descent stand for.

    ``own`` (n_epochs, n_sources + 3): fluxes, sky, shift in x and y; ``position`` (n_sources, 2);
    ``nodes`` (n_small, n_small).
    """
    from jax import numpy

    # Waves of the background where it may have light; what each source gives to it
    waves = numpy.fft.rfft2(free["waves"]) * fixed["wave_steps"]
    moved = fixed["inside"] * numpy.fft.irfft2(waves, s=free["waves"].shape)
    trade = fixed["trade_steps"] * free["trade"]
    own = fixed["own"] + numpy.einsum("ekl,el->ek", fixed["own_steps"], free["own"])
    return {
        "own": own.at[:, : len(trade)].add(-trade),
        "position": fixed["position"] + fixed["position_steps"] * free["position"],
        "nodes": fixed["nodes"] + moved + numpy.tensordot(trade, fixed["spots"], 1),
    }


def keywords(light, angle_deg):
    """Return light as the keyword arguments of STARRED's model; angles (n_epochs,) are turns."""
    n_sources = len(light["position"])
    # The background, blurred to the resolution of the sources
    axis = np.arange(len(light["nodes"]))
    blur = np.exp(-0.5 * ((axis[:, None] - axis) / TARGET_SIGMA_SMALL) ** 2)
    blur = np.float32(blur / (TARGET_SIGMA_SMALL * np.sqrt(2 * np.pi)))
    flux, sky, dx, dy = (light["own"][:, part] for part in (slice(n_sources), -3, -2, -1))
    sources = {"c_x": light["position"][:, 0], "c_y": light["position"][:, 1], "a": flux.ravel(),
               "dx": dx, "dy": dy, "alpha": angle_deg}
    background = {"h": (blur @ light["nodes"] @ blur).ravel(), "mean": sky}
    return {"kwargs_analytic": sources, "kwargs_background": background, "kwargs_sersic": {}}


def model_of(n_epochs, n_sources, side_px, upsampling, psf):
    """Return STARRED's model of epochs with narrow PSFs (n_epochs, n_small, n_small)."""
    from starred.deconvolution.deconvolution import Deconv

    return Deconv(image_size=side_px, number_of_sources=n_sources, scale=1.0,
                  upsampling_factor=upsampling, epochs=n_epochs, psf=psf,
                  convolution_method="scipy")


def loss_of(n_epochs, n_sources, side_px, upsampling):
    """Return STARRED's loss as a function of what is free and of what is fixed."""
    from starred.deconvolution.loss import Loss

    class Traced(Loss):
        """Loss of data that are arguments: their values cannot be looked at."""

        def _validate(self):
            pass

    def loss(free, fixed):
        parameters = SimpleNamespace(
            args2kwargs=lambda free: keywords(light(free, fixed), fixed["angle"]))
        model = model_of(n_epochs, n_sources, side_px, upsampling, fixed["psf"])
        return Traced(
            fixed["data"], model, parameters, fixed["variance"], W=fixed["weights"],
            regularization_strength_scales=1.0, regularization_strength_hf=1.0,
            regularization_strength_pts_source=SOURCE_STRENGTH,
            regularization_strength_positivity=POSITIVITY,
        ).loss(free)

    return loss
