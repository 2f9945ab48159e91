"""The field: light that neither the sources nor the galaxy explain, as a Gaussian process.

Its node fluxes have the prior covariance sum_s alpha_s^2 K_s: for each correlation length one
component that is the same everywhere and one in proportion to the galaxy (a fractional departure
from it), and one around the sources for static errors of the PSF. The amplitudes alpha_s are
those of the largest evidence, so that nothing has to be chosen by hand where other methods have
the strength of a penalty.
"""

from dataclasses import dataclass, replace

from cosmouline.deconv.evidence import Evidence, best_amplitudes
from cosmouline.deconv.normal_equations import reduced_gram
from cosmouline.deconv.problem import AMPLITUDE, CENTRE, SHAPE
from cosmouline.deconv.sersic import surface_brightness

import numpy as np
from scipy import linalg

SMALLEST_EIGENVALUE = 1e-11  # of the largest: below, the data say nothing
LARGEST_GALAXY_FRACTION = 1.0
LARGEST_PSF_FRACTION = 0.1
LN_VARIANCE_RANGE = 20.0  # of the flat components above their floor
JITTER = 1e-10  # of the largest variance, so that the prior can be inverted
PSF_BETA = 3.0  # of the Moffat that stands for the PSF in the envelope of its errors
SMALLEST_FLUX = 1e-6  # in units of sigma: a source that is not there has no PSF error


@dataclass(frozen=True, eq=False)
class FieldPrior:
    """Prior of the node fluxes.

    Parameters
    ----------
    correlations : ndarray of float, shape (n_scales + 1, n_nodes, n_nodes)
        Gaussians of the distance of two nodes; the last one is for errors of the PSF.
    galaxy_flux : ndarray of float, shape (n_nodes,)
        Flux of the galaxy in the square of each node. It stays that of the prefit.
    source_flux : ndarray of float, shape (n_sources,)
        Mean flux of each source.
    ln_variance : ndarray of float, shape (2 n_scales + 1,), or None
        ln(alpha^2) of the components: flat, then galaxy, for each scale; PSF. None: not yet known.
    n_images : int or None
        The first that many sources are images of the lens; None: all.
    """

    correlations: np.ndarray
    galaxy_flux: np.ndarray
    source_flux: np.ndarray
    ln_variance: np.ndarray | None
    n_images: int | None = None

    @property
    def is_galaxy(self):
        """Which components are fractions of the galaxy."""
        number = np.arange(2 * len(self.correlations) - 1)
        return (number % 2 == 1) & (number < number[-1])

    @property
    def is_flat(self):
        """Which components are the same everywhere: their amplitudes have a unit."""
        number = np.arange(2 * len(self.correlations) - 1)
        return (number % 2 == 0) & (number < number[-1])

    def with_amplitudes(self, amplitude):
        """Return the same with given amplitudes alpha."""
        return replace(self, ln_variance=2 * np.log(amplitude))


@dataclass(frozen=True, eq=False)
class FieldPosterior:
    """Field and step of the shared parameters that the normal equations and the prior give.

    Parameters
    ----------
    node_step, shared_step : ndarray of float
        Changes of the node fluxes and of the shared parameters.
    psf_flux : ndarray of float, shape (n_nodes,)
        The part of the node fluxes that is taken for an error of the PSF.
    ln_variance : ndarray of float
        The amplitudes used, as in `FieldPrior`.
    covariance, psf_covariance : ndarray of float, shape (n_nodes, n_nodes)
        Prior covariance of the nodes, and the PSF's part of it.
    envelope : ndarray of float, shape (n_sources, n_nodes)
        Light of each source in the square of each node.
    evidence : Evidence
        Of the amplitudes, with the modes U of the nodes.
    mode_factor, prior_factor, shared_factor : tuple
        Cholesky factors of I + U C U^T, of C, and of the equations of the shared parameters.
    shared_response : ndarray of float, shape (g, n_nodes)
        How the shared parameters follow the nodes, with the sign turned.
    """

    node_step: np.ndarray
    shared_step: np.ndarray
    psf_flux: np.ndarray
    ln_variance: np.ndarray
    covariance: np.ndarray
    psf_covariance: np.ndarray
    envelope: np.ndarray
    evidence: Evidence
    mode_factor: tuple
    prior_factor: tuple
    shared_factor: tuple
    shared_response: np.ndarray

    def energy(self, node_flux):
        """Return the term z^T C^-1 z of the objective."""
        return float(node_flux @ linalg.cho_solve(self.prior_factor, node_flux))

    def node_covariance(self):
        """Posterior covariance of the node fluxes."""
        seen = self.evidence.modes @ self.covariance
        return self.covariance - seen.T @ linalg.cho_solve(self.mode_factor, seen)

    def shared_covariance(self):
        """Covariance of the shared parameters, the field being known."""
        return linalg.cho_solve(self.shared_factor, np.eye(len(self.shared_step)))


def make_field_prior(lattice, shared, source_flux, options):
    """Prior around the galaxy of the prefit.

    Parameters
    ----------
    lattice : Lattice
    shared : ndarray of float, shape (7 + 2 n_sources,)
        Parameters in the order of `State.shared`.
    source_flux : ndarray of float, shape (n_sources,)
    options : FitOptions

    Returns
    -------
    FieldPrior
    """
    nodes = lattice.nodes_px
    brightness = surface_brightness(shared[SHAPE], nodes - shared[CENTRE], lattice.sigma_px)
    galaxy_flux = max(shared[AMPLITUDE], 0.0) * brightness * lattice.step_px**2
    return FieldPrior(correlations(lattice, options), galaxy_flux, source_flux, None)


def correlations(lattice, options):
    """Gaussians of the distances of the nodes, one for each scale, the PSF's last.

    Parameters
    ----------
    lattice : Lattice
    options : FitOptions

    Returns
    -------
    ndarray of float, shape (n_scales + 1, n_nodes, n_nodes)
    """
    between = lattice.nodes_px[:, None] - lattice.nodes_px
    distance2 = (between**2).sum(-1)
    lengths = np.array([*options.field_scales_fwhm, options.psf_scale_fwhm]) * lattice.fwhm_px
    return np.array([np.exp(-0.5 * distance2 / length**2) for length in lengths])


def solve_field(problem, state, normal, gram, prior, options, optimise=True):
    """Field of the largest posterior, under the amplitudes of the largest evidence.

    Parameters
    ----------
    problem : Problem
    state : State
    normal : Normal
        At that state.
    gram : ndarray of float, shape (n_nodes, n_nodes)
    prior : FieldPrior
    options : FitOptions
    optimise : bool
        Choose the amplitudes; otherwise those of `prior` are kept.

    Returns
    -------
    FieldPosterior

    Notes
    -----
    With the equations of the nodes A = U^T U and y = U^-T b (unit noise), ln evidence is
    -1/2 ln det(I + U C U^T) - 1/2 y^T (I + U C U^T)^-1 y, and the field C U^T (I + U C U^T)^-1 y
    (Rasmussen & Williams 2006, eqs 2.25 and 5.8).
    """
    shared_factor = linalg.cho_factor(normal.shared)
    shared_response = linalg.cho_solve(shared_factor, normal.node_shared.T)
    matrix = reduced_gram(gram, normal) - normal.node_shared @ shared_response
    rhs = normal.node_rhs - shared_response.T @ normal.shared_rhs + matrix @ state.node_flux
    modes, data = _whiten(matrix, rhs)
    envelope = _envelope(problem.lattice, state.position_px, prior.source_flux)
    parts = _components(problem.lattice, prior, envelope)
    limits = _limits(problem.lattice, prior, options)
    evidence = Evidence(modes, parts, data, *limits, 2 * options.amplitude_sd)
    ln_variance = (
        best_amplitudes(evidence, prior.ln_variance)
        if optimise
        else np.clip(prior.ln_variance, *limits)
    )
    covariance = np.tensordot(np.exp(ln_variance), parts, axes=1)
    psf_covariance = np.exp(ln_variance[-1]) * parts[-1]
    mode_factor = linalg.cho_factor(np.eye(len(data)) + modes @ covariance @ modes.T)
    explained = modes.T @ linalg.cho_solve(mode_factor, data)
    node_step = covariance @ explained - state.node_flux
    return FieldPosterior(
        node_step=node_step,
        shared_step=linalg.cho_solve(
            shared_factor, normal.shared_rhs - normal.node_shared.T @ node_step
        ),
        psf_flux=psf_covariance @ explained,
        ln_variance=ln_variance,
        covariance=covariance,
        psf_covariance=psf_covariance,
        envelope=envelope,
        evidence=evidence,
        mode_factor=mode_factor,
        prior_factor=_invertible(covariance),
        shared_factor=shared_factor,
        shared_response=shared_response,
    )


def _whiten(matrix, rhs):
    """Modes U (U^T U = matrix) that the data measure, and the right side in unit noise."""
    value, vector = linalg.eigh((matrix + matrix.T) / 2)
    kept = value > SMALLEST_EIGENVALUE * max(value[-1:], default=0.0)
    root = np.sqrt(value[kept])
    return root[:, None] * vector[:, kept].T, vector[:, kept].T @ rhs / root


def _envelope(lattice, position_px, source_flux):
    """Light of each source, as a Moffat of the typical FWHM, in the square of each node."""
    core2 = (lattice.fwhm_px / 2) ** 2 / (2 ** (1 / PSF_BETA) - 1)
    distance2 = ((lattice.nodes_px - position_px[:, None]) ** 2).sum(-1)
    moffat = (PSF_BETA - 1) / (np.pi * core2) * (1 + distance2 / core2) ** -PSF_BETA
    return source_flux[:, None] * moffat * lattice.step_px**2


def _components(lattice, prior, envelope):
    """Covariances of the components for an amplitude of 1."""
    galaxy = np.outer(prior.galaxy_flux, prior.galaxy_flux)
    area2 = lattice.step_px**4
    parts = [part for k in prior.correlations[:-1] for part in (area2 * k, galaxy * k)]
    return np.array([*parts, prior.correlations[-1] * (envelope.T @ envelope)])


def _limits(lattice, prior, options):
    """Smallest and largest ln(alpha^2) of the components."""
    flat = options.flat_floor * prior.source_flux[: prior.n_images].max() / lattice.fwhm_px**2
    low = np.where(prior.is_galaxy, options.galaxy_fraction_floor, flat)
    low[-1] = options.psf_floor
    low = 2 * np.log(low)
    high = np.where(prior.is_galaxy, 2 * np.log(LARGEST_GALAXY_FRACTION), low + LN_VARIANCE_RANGE)
    high[-1] = 2 * np.log(LARGEST_PSF_FRACTION)
    return low, high


def _invertible(covariance):
    """Cholesky factor of a prior covariance."""
    jitter = JITTER * max(np.diag(covariance), default=0.0)
    return linalg.cho_factor(covariance + jitter * np.eye(len(covariance)))
