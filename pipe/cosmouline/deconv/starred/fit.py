"""Joint fit of all epochs of a lens with STARRED: point sources, and a background of pixels.

jax and starred take seconds to import, so this is done when the first fit is made.
"""

import time
from dataclasses import dataclass

from cosmouline.deconv.fit_lens import first_pass
from cosmouline.deconv.gauss_newton import N_ALIGNMENTS, align_epochs
from cosmouline.deconv.normal_equations import Normal, eliminate
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.pixels import Pixels, drop_unmeasured, reject_outliers
from cosmouline.deconv.point_sources import as_sources
from cosmouline.deconv.problem import (
    AMPLITUDE,
    CENTRE,
    POSITIONS,
    SHAPE,
    Lattice,
    Problem,
    State,
    make_problem,
)
from cosmouline.deconv.result import Galaxy, LensFit
from cosmouline.deconv.sersic import surface_brightness
from cosmouline.deconv.starred.descent import descend
from cosmouline.deconv.starred.epochs import small_places, turn_of
from cosmouline.deconv.stored import for_all_epochs
from cosmouline.deconv.sweep import Sweep, sweep_epochs
from cosmouline.psf.model import TARGET_SIGMA_SMALL

import numpy as np

# Steps of adabelief and the first of them, in units of the error of each unknown. From a galaxy
# that fits, longer steps only let the sources take some of its light; where it does not fit, they
# are needed: from no galaxy at all 300 short steps find .6 of it, 200 long ones all.
STAGES = ((200, 0.1), (100, 0.03))
LONG_STAGE = (200, 1.0)
POOR_CHI2 = 1.05  # of the start, above which it is made first
START_BLUR_SMALL = 0.3  # sigma of the blur of the galaxy that the background begins from


@dataclass(frozen=True, eq=False)
class Scene:
    """Where a fit stands, its fluxes, sky and shifts solved exactly.

    Parameters
    ----------
    pixels : Pixels
    problem : Problem
        Its lattice is the part of STARRED's small pixels that may have light.
    state : State
    sweep : Sweep
    normal : Normal
    """

    pixels: Pixels
    problem: Problem
    state: State
    sweep: Sweep
    normal: Normal

    @property
    def n_sources(self):
        """Number of point sources."""
        return len(self.state.position_px)

    @property
    def flux(self):
        """Fluxes on the common scale, (n_epochs, n_sources)."""
        return self.sweep.solution[:, :-1] * self.problem.scale

    @property
    def covariance(self):
        """Their covariance, sky and shift of the epoch free, (n_epochs, n_sources, n_sources)."""
        own = self.normal.local_covariance[:, : self.n_sources, : self.n_sources]
        return own * self.problem.scale**2

    @property
    def flux_sigma(self):
        """Root of the diagonal of `covariance`."""
        return np.sqrt(np.einsum("ekk->ek", self.covariance))

    @property
    def chi2_reduced(self):
        """Value of chi2 per pixel of each epoch."""
        return self.sweep.chi2 / self.pixels.good.sum((1, 2))


def fit_starred(epochs, start, options=None, progress=None):
    """Fit point sources and a background of small pixels to all epochs with STARRED.

    Parameters
    ----------
    epochs : Epochs
        Their maps may have quarter turns, mirrors and turns of some degrees, no stretch.
    start : Sources or array_like of float, shape (n_sources, 2)
        The point sources, or only their offsets (x, y) in pixels of the reference frame, from the
        point whose places in the stamps are ``epochs.shift_px``. Good to about .3 px. All are
        images of the lens and shine in all epochs.
    options : FitOptions, optional
        Those of the Gaussian-process field are not used, but for its margin.
    progress : callable, optional
        Called with a dict after each stage.

    Returns
    -------
    LensFit
        The pixels of the background are its nodes. No Sersic galaxy, no error of the constant
        part (NaN). ``convergence`` is about the change of the last stage, its mean over the
        epochs taken off.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, no pixel or no epoch can be used, or STARRED cannot
        model the map of an epoch.

    Notes
    -----
    Model and loss are STARRED's (Michalewicz et al. 2023, JOSS 8, 5340; Millon et al. 2024, AJ
    168, 55): one background for all epochs under an l1 penalty on its starlets, and an l1
    penalty on the sources that keeps them from taking its light. Differs from its recipe: starts
    from our point sources and Sersic galaxy; the background is blurred to the resolution of the
    sources; adabelief works in whitened unknowns (300 or 500 steps instead of 2000); shifts go
    into the PSFs, so that STARRED interpolates but small ones. After each stage fluxes, sky and
    shift of each epoch are solved exactly under its background; the errors are the full
    covariance of each epoch. The part of the fluxes that is constant in time is degenerate with
    the background: the penalties, and the start, decide it to 2-10 %.
    """
    started = time.process_time()
    options = options or FitOptions()
    sources = as_sources(start, len(epochs))
    turns = [turn_of(linear, epoch) for epoch, linear in enumerate(epochs.linear)]
    log, report = [], progress or (lambda entry: None)

    def tell(stage, **values):
        log.append({"stage": stage, **values})
        report(log[-1])

    scene = _first_scene(epochs, sources, options, tell)
    has_nodes = len(scene.state.node_flux) > 0
    is_poor = has_nodes and np.median(scene.chi2_reduced) > POOR_CHI2
    stages = (LONG_STAGE, *STAGES) if is_poor else STAGES
    for n_steps, rate in stages:
        before = scene
        scene = _stage(scene, turns, n_steps, rate)
        change = _varying_change(before, scene)
        chi2 = float(scene.chi2_reduced.mean())
        tell("starred", n_steps=n_steps, chi2=chi2, change_sigma=change)
        scene = _judged(scene, options.final_model_error, options)
    return _lens_fit(len(epochs), scene, change, options, log, time.process_time() - started)


def _first_scene(epochs, sources, options, tell):
    """Return the scene of the first pass, its galaxy turned into small pixels."""
    epochs = epochs.with_sky_sigma(options.sky_sigma_factor)
    pixels, problem, state, sweep = first_pass(epochs, sources, options, tell)
    pixels = reject_outliers(pixels, sweep, problem.scale, options.prefit_model_error, options)
    lattice = _lattice(problem.geometry, state.position_px, epochs.fwhm_px, options)
    nodes = np.zeros(len(lattice.nodes_px))
    if problem.prior.has_galaxy:
        offset_px = lattice.nodes_px - state.shared[CENTRE]
        blur_px = START_BLUR_SMALL * lattice.step_px
        light = surface_brightness(state.shared[SHAPE], offset_px, blur_px)
        nodes = state.shared[AMPLITUDE] * problem.scale * lattice.step_px**2 * light
    shared = state.shared.copy()
    shared[AMPLITUDE] = 0
    prior = problem.prior.without_galaxy()
    return _solved(pixels, lattice, prior, shared, nodes, state.shift_px)


def _lattice(geometry, position_px, fwhm_px, options):
    """Return the small pixels of STARRED in a disc around the sources, as Gaussians."""
    up = geometry.upsampling
    places = small_places(geometry.side_px * up, up)
    offset_px = np.stack(np.meshgrid(places, places), -1).reshape(-1, 2)
    centre = position_px.mean(0)
    radius = np.hypot(*(position_px - centre).T).max()
    radius += options.field_margin_fwhm * np.median(fwhm_px)
    inside = np.hypot(*(offset_px - centre).T) <= radius
    inside &= (np.abs(offset_px) < (geometry.side_px - 1) / 2).all(1)
    inside &= options.extended_light == "auto"
    fwhm = float(np.percentile(fwhm_px, 25))
    return Lattice(offset_px[inside], 1 / up, TARGET_SIGMA_SMALL / up, fwhm)


def _solved(pixels, lattice, prior, shared, nodes, shift_px):
    """Return the scene with the fluxes, sky and shift of each epoch under a given background."""
    problem = make_problem(pixels.epochs, pixels.good, pixels.variance_e2, lattice, prior)
    state = State(shared, nodes / problem.scale, shift_px)
    pixels, problem, state = drop_unmeasured(pixels, problem, state)
    state = align_epochs(problem, state, N_ALIGNMENTS)
    sweep = sweep_epochs(problem, state)
    return Scene(pixels, problem, state, sweep, eliminate(problem, state, sweep))


def _judged(scene, relative_error, options):
    """Return the scene under the masks and the noise that its model gives."""
    problem, state = scene.problem, scene.state
    pixels = reject_outliers(scene.pixels, scene.sweep, problem.scale, relative_error, options)
    return _solved(pixels, problem.lattice, problem.prior, state.shared,
                   state.node_flux * problem.scale, state.shift_px)


def _varying_change(before, after):
    """Return the largest change of a flux beside the mean change, in units of its error."""
    common = np.isin(before.pixels.index, after.pixels.index)
    change = after.flux - before.flux[common]
    return float((np.abs(change - change.mean(0)) / after.flux_sigma).max())


def _stage(scene, turns, n_steps, rate):
    """Return the scene after a descent of STARRED's loss."""
    turns = [turns[index] for index in scene.pixels.index]
    found = descend(scene, turns, n_steps, rate)
    shared = scene.state.shared.copy()
    shared[POSITIONS] = found.position_px.T.ravel()
    return _solved(scene.pixels, scene.problem.lattice, scene.problem.prior, shared,
                   found.node_flux, scene.state.shift_px + found.shift_px)


def _lens_fit(n_epochs, scene, change, options, log, cpu_s):
    """Return the result, with NaN for the epochs that were not measured."""
    problem, state, n_sources = scene.problem, scene.state, scene.n_sources
    lattice, galaxy = problem.lattice, state.shared[: CENTRE.stop]
    return LensFit(
        **_by_epoch(n_epochs, scene),
        systematic_covariance=np.full((n_sources, n_sources), np.nan),
        position_px=state.position_px,
        galaxy=Galaxy(0.0, *np.exp(galaxy[:2]).tolist(), *galaxy[2:].tolist()),
        nodes_px=lattice.nodes_px,
        node_flux=state.node_flux * problem.scale,
        field_amplitude=np.full(2 * len(options.field_scales_fwhm) + 1, np.nan),
        convergence=change,
        objective=float(scene.sweep.chi2.sum()),
        ended="converged" if change < options.convergence_sigma else "most steps",
        n_started=n_epochs,
        n_iterations=sum(entry["n_steps"] for entry in log if entry["stage"] == "starred"),
        has_galaxy=False,
        cpu_s=cpu_s,
        log=log,
        upsampling=problem.geometry.upsampling,
        scale=problem.scale,
        prior_mean=problem.prior.mean,
        prior_sd=problem.prior.sd,
        prior_common_sd=problem.prior.common_sd,
        shift_scatter_px=None,
        n_images=n_sources,
        field_galaxy_flux=np.zeros(len(lattice.nodes_px)),
        node_sigma_px=lattice.sigma_px,
        node_step_px=lattice.step_px,
        field_fwhm_px=lattice.fwhm_px,
        options=options,
    )


def _by_epoch(n_epochs, scene):
    """Return the entries of a `LensFit` that have a value for each epoch."""
    pixels = scene.pixels
    arrays = {
        "flux": scene.flux,
        "covariance": scene.covariance,
        "covariance_total": scene.covariance,
        "shift_px": scene.state.shift_px,
        "sky": scene.sweep.solution[:, -1] * scene.problem.scale,
        "chi2_reduced": scene.chi2_reduced,
        "variance_e2": pixels.variance_e2,
    }
    n_masked = (pixels.epochs.usable & ~pixels.good).sum((1, 2))
    return {
        **{name: for_all_epochs(array, pixels.index, n_epochs) for name, array in arrays.items()},
        "good": for_all_epochs(pixels.good, pixels.index, n_epochs, missing=False),
        "present": for_all_epochs(np.ones(scene.flux.shape, bool), pixels.index, n_epochs,
                                  missing=False),
        "n_masked": for_all_epochs(n_masked, pixels.index, n_epochs, missing=0),
    }
