"""Joint fit of all epochs of a lens with STARRED: point sources, and a background of pixels.

jax and starred take seconds to import, so this is done when the first fit is made.
"""

import time
from dataclasses import dataclass

from cosmouline.deconv.covariance import FluxErrors
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
from cosmouline.deconv.sersic import surface_brightness
from cosmouline.deconv.starred.descent import descend
from cosmouline.deconv.starred.inputs import small_places, turn_of
from cosmouline.deconv.stored import gather_result
from cosmouline.deconv.sweep import Sweep, sweep_epochs
from cosmouline.psf.model import TARGET_SIGMA_SMALL

import numpy as np

# Steps of adabelief and the first of them, in units of the error of each unknown. From a galaxy
# that fits, longer steps only let the sources take some of its light; where it does not fit, they
# are needed: from no galaxy at all 300 short steps find .6 of it, 200 long ones all.
STAGES = ((200, 0.1), (100, 0.03))
LONG_STAGE = (200, 1.0)
POOR_START_CHI2 = 1.05  # of the start, above which the long stage comes first
START_BLUR_SMALL = 0.3  # sigma of the blur of the galaxy that the background begins from


@dataclass(frozen=True, eq=False)
class Solved:
    """A model whose fluxes, sky and shifts are solved exactly.

    The lattice of its problem are those of STARRED's small pixels that may have light.
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
        point whose positions in the stamps are ``epochs.shift_px``. Good to about .3 px. All are
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
        epochs subtracted.

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
    log = []

    def report(stage, **values):
        log.append({"stage": stage, **values})
        if progress is not None:
            progress(log[-1])

    solved = _start_of(epochs, sources, options, report)
    has_nodes = len(solved.state.node_flux) > 0
    is_poor = has_nodes and np.median(solved.chi2_reduced) > POOR_START_CHI2
    stages = (LONG_STAGE, *STAGES) if is_poor else STAGES
    for n_steps, rate in stages:
        before, solved = solved, _after_descent(solved, turns, n_steps, rate)
        # Largest change of a flux, the mean change subtracted, in units of its error
        common = np.isin(before.pixels.index, solved.pixels.index)
        moved = solved.flux - before.flux[common]
        change = float((np.abs(moved - moved.mean(0)) / solved.flux_sigma).max())
        report("starred", n_steps=n_steps, chi2=float(solved.chi2_reduced.mean()),
               change_sigma=change)
        # Masks and noise from the model, and the fluxes under them
        problem, state = solved.problem, solved.state
        pixels = reject_outliers(solved.pixels, solved.sweep, problem.scale,
                                 options.final_model_error, options)
        solved = _solve(pixels, problem.lattice, problem.prior, state.shared,
                       state.node_flux * problem.scale, state.shift_px)
    unknown = np.full((len(sources), len(sources)), np.nan)
    return gather_result(
        len(epochs), solved.pixels, solved,
        FluxErrors(solved.flux, solved.covariance, solved.covariance, unknown), options, log,
        field_amplitude=np.full(2 * len(options.field_scales_fwhm) + 1, np.nan),
        field_galaxy_flux=np.zeros(len(solved.state.node_flux)),
        convergence=change,
        objective=float(solved.sweep.chi2.sum()),
        ended="converged" if change < options.convergence_sigma else "most steps",
        n_started=len(epochs),
        n_iterations=sum(n_steps for n_steps, _ in stages),
        cpu_s=time.process_time() - started,
        shift_scatter_px=None,
        n_images=len(sources),
    )


def _start_of(epochs, sources, options, report):
    """Return the `Solved` of the first pass, its galaxy turned into small pixels."""
    epochs = epochs.with_sky_sigma(options.sky_sigma_factor)
    pixels, problem, state, sweep = first_pass(epochs, sources, options, report)
    pixels = reject_outliers(pixels, sweep, problem.scale, options.prefit_model_error, options)
    # The small pixels of STARRED in a disc around the sources, as Gaussians
    geometry, up = problem.geometry, problem.geometry.upsampling
    places = small_places(geometry.side_px * up, up)
    offset_px = np.stack(np.meshgrid(places, places), -1).reshape(-1, 2)
    centre = state.position_px.mean(0)
    radius = np.hypot(*(state.position_px - centre).T).max()
    radius += options.field_margin_fwhm * np.median(epochs.fwhm_px)
    inside = np.hypot(*(offset_px - centre).T) <= radius
    inside &= (np.abs(offset_px) < (geometry.side_px - 1) / 2).all(1)
    inside &= options.extended_light == "auto"
    fwhm = float(np.percentile(epochs.fwhm_px, 25))
    lattice = Lattice(offset_px[inside], 1 / up, TARGET_SIGMA_SMALL / up, fwhm)
    # Their light: the Sersic galaxy of the first pass, where it has one
    nodes = np.zeros(len(lattice.nodes_px))
    if problem.prior.has_galaxy:
        offset_px = lattice.nodes_px - state.shared[CENTRE]
        blur_px = START_BLUR_SMALL * lattice.step_px
        light = surface_brightness(state.shared[SHAPE], offset_px, blur_px)
        nodes = state.shared[AMPLITUDE] * problem.scale * lattice.step_px**2 * light
    shared = state.shared.copy()
    shared[AMPLITUDE] = 0
    prior = problem.prior.without_galaxy()
    return _solve(pixels, lattice, prior, shared, nodes, state.shift_px)


def _solve(pixels, lattice, prior, shared, nodes, shift_px):
    """Return the `Solved` with the fluxes, sky and shift of each epoch under a background."""
    problem = make_problem(pixels.epochs, pixels.good, pixels.variance_e2, lattice, prior)
    state = State(shared, nodes / problem.scale, shift_px)
    pixels, problem, state = drop_unmeasured(pixels, problem, state)
    state = align_epochs(problem, state, N_ALIGNMENTS)
    sweep = sweep_epochs(problem, state)
    return Solved(pixels, problem, state, sweep, eliminate(problem, state, sweep))


def _after_descent(solved, turns, n_steps, rate):
    """Return the `Solved` that a descent of STARRED's loss gives, from the turns of all epochs."""
    turns = [turns[index] for index in solved.pixels.index]
    found = descend(solved, turns, n_steps, rate)
    shared = solved.state.shared.copy()
    shared[POSITIONS] = found.position_px.T.ravel()
    return _solve(solved.pixels, solved.problem.lattice, solved.problem.prior, shared,
                 found.node_flux, solved.state.shift_px + found.shift_px)
