"""Width of the images of the lens against that of the stars: a witness of the PSF."""

from dataclasses import dataclass, replace

from cosmouline.deconv.cameras import camera_widths
from cosmouline.deconv.gauss_newton import iterate
from cosmouline.deconv.normal_equations import eliminate
from cosmouline.deconv.problem import WIDTH
from cosmouline.deconv.residual_light import solve_field
from cosmouline.deconv.sweep import sweep_epochs

import numpy as np

WIDTH_SIGMAS = 3.0  # errors of the width


@dataclass(frozen=True, eq=False)
class ImageWidth:
    """What one Gauss-Newton step with a free width finds.

    `width` is that of the PSF of the images relative to that of the stars, less 1, `sigma` its
    error; `flux_change` (n_sources,) that of the constant part of the fluxes, in the data's unit.
    """

    width: float
    sigma: float
    flux_change: np.ndarray

    @property
    def is_narrow(self):
        """Whether the images are narrower than the stars: no light beside them can do that."""
        return self.width < -WIDTH_SIGMAS * self.sigma

    @property
    def is_wide(self):
        """Whether they are wider: by their colour, or by light that the model lacks."""
        return self.width > WIDTH_SIGMAS * self.sigma


def judge_width(fitted, psf, options, report):
    """Return a `Fitted` and its `ImageWidth`; images narrower than the stars get their own width.

    Last of three comes the `Fitted` with equations in which the width is free.
    `psf` (n_epochs, m, m) are the narrow PSFs. Nothing beside the images can make them narrower:
    their colour does, or a PSF that is too wide, be it in one camera only: then each has its own.
    Wider ones may have light around them, so that their width stays that of the stars, unless
    point sources alone are fitted.
    """
    was_free = fitted.problem.prior.has_width
    free = fitted if was_free else _with_free_width(fitted, psf, options)
    width = measure_width(free)
    if not was_free and wants_own_width(free, width, options):
        fitted = free = iterate(free.problem, free.state, free.field_prior, options, report)
        width = measure_width(fitted)
    report_width(report, fitted, width)
    return fitted, width, free


def wants_own_width(free, width, options):
    """Return whether images whose width the equations `free` have get one of their own."""
    is_narrow = width.is_narrow or _is_narrow_in_a_camera(free, width)
    is_own = is_narrow or (width.is_wide and options.extended_light == "none")
    return options.frees_width and is_own


def report_width(report, fitted, width):
    """Report the `ImageWidth` of a fit."""
    report("image width", width=width.width, sigma=width.sigma, field_sigma=field_sigma(fitted),
           flux_change=(width.flux_change * fitted.problem.scale).tolist())


def _is_narrow_in_a_camera(free, width):
    """Whether the images are narrower than the stars in the epochs of one camera."""
    cameras = camera_widths(free.problem, free.state, free.sweep, free.normal)
    sigma = np.sqrt(width.sigma**2 + cameras.variance)
    return bool((width.width + cameras.width < -WIDTH_SIGMAS * sigma).any())


def _with_free_width(fitted, psf, options):
    """Return the `Fitted` with equations in which the width of the images is free.

    The state stays: it is not the minimum any more.
    """
    prior = fitted.problem.prior.with_width(options.image_width_sd)
    problem, state = replace(fitted.problem, prior=prior).with_psf(psf), fitted.state
    sweep = sweep_epochs(problem, state, with_nodes=len(state.node_flux) > 0)
    normal = eliminate(problem, state, sweep)
    posterior = solve_field(problem, state, normal, fitted.gram, fitted.field_prior, options,
                            optimise=False)
    return replace(fitted, problem=problem, sweep=sweep, normal=normal, posterior=posterior)


def measure_width(fitted):
    """Return the `ImageWidth` of a `Fitted` in whose equations the width is free.

    Notes
    -----
    Sources, galaxy, field and shifts follow the width, as in `covariance.flux_errors`: what light
    around the images explains is in its error.
    """
    state, normal, posterior = fitted.state, fitted.normal, fitted.posterior
    nodes = posterior.shared_response[WIDTH]
    variance = posterior.shared_covariance()[WIDTH, WIDTH]
    variance += nodes @ posterior.node_covariance() @ nodes
    # Fluxes after that step, weighted by their errors
    n_sources = len(state.position_px)
    step = normal.local_step(posterior.shared_step, posterior.node_step)[:, :n_sources]
    weight = 1 / np.einsum("ekk->ek", normal.local_covariance)[:, :n_sources]
    width = state.shared[WIDTH] + posterior.shared_step[WIDTH]
    return ImageWidth(float(width), float(np.sqrt(variance)),
                      (weight * step).sum(0) / weight.sum(0))


def field_sigma(fitted):
    """Light of the whole field in units of its error; 0 without a field."""
    sigma = np.sqrt(fitted.posterior.node_covariance().sum())
    return float(fitted.state.node_flux.sum() / sigma) if sigma > 0 else 0.0
