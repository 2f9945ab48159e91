"""The field: residual light that neither sources nor galaxy explain, as a Gaussian process.

Its node fluxes have the prior covariance sum_s alpha_s^2 K_s: for each correlation length one
component that is the same everywhere and one in proportion to the galaxy (a fractional departure
from it), and one around the sources for static errors of the PSF. The amplitudes alpha_s are
those of the largest evidence, so that nothing has to be chosen by hand where other methods have
the strength of a penalty.
"""

from dataclasses import dataclass, replace

from cosmouline import library
from cosmouline.deconv.evidence import Evidence, best_amplitudes
from cosmouline.deconv.normal_equations import reduced_gram
from cosmouline.deconv.problem import AMPLITUDE, CENTRE, SHAPE
from cosmouline.deconv.sersic import surface_brightness

import numpy as np

linalg = library("scipy.linalg")

SMALLEST_EIGENVALUE = 1e-11  # of the largest: below, the data know nothing
LARGEST_GALAXY_FRACTION = 1.0
LARGEST_PSF_FRACTION = 0.1
LN_VARIANCE_RANGE = 20.0  # of the flat components above their floor
JITTER = 1e-10  # of the largest variance, so that the prior can be inverted
PSF_BETA = 3.0  # of the Moffat that stands for the PSF in the envelope of its errors
SMALLEST_FLUX = 1e-6  # in units of sigma: a source that is not there has no PSF error


@dataclass(frozen=True, eq=False)
class FieldPrior:
    """Prior of the node fluxes.

    The correlations are Gaussians of the distance of two nodes, the last one for errors of the
    PSF. The flux of the galaxy in the square of each node stays that of the prefit. `ln_variance`
    is ln(alpha^2) of the components (flat, then galaxy, for each scale; PSF), None while it is not
    known. The first `n_images` sources, None: all, are images of the lens.
    """

    correlations: np.ndarray  # (n_scales + 1, n_nodes, n_nodes)
    galaxy_flux: np.ndarray  # (n_nodes,)
    source_flux: np.ndarray  # (n_sources,), mean flux
    ln_variance: np.ndarray | None  # (2 n_scales + 1,)
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

    The amplitudes used are those of `ln_variance`, as in `FieldPrior`; `evidence` is that of the
    amplitudes, with the modes U of the nodes. The factors are those of Cholesky: of I + U C U^T,
    of C, and of the equations of the shared parameters. `shared_response` is how the shared
    parameters follow the nodes, with the sign turned.
    """

    node_step: np.ndarray  # (n_nodes,), change of the node fluxes
    shared_step: np.ndarray  # (g,)
    psf_flux: np.ndarray  # (n_nodes,), what of the node fluxes is taken for an error of the PSF
    ln_variance: np.ndarray
    covariance: np.ndarray  # (n_nodes, n_nodes), prior covariance C of the nodes
    envelope: np.ndarray  # (n_sources, n_nodes), light of each source in the square of each node
    evidence: Evidence
    mode_factor: tuple
    prior_factor: tuple
    shared_factor: tuple
    shared_response: np.ndarray  # (g, n_nodes)

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
    """Return the `FieldPrior` around the galaxy of the prefit, in the order of `State.shared`."""
    nodes = lattice.nodes_px
    brightness = surface_brightness(shared[SHAPE], nodes - shared[CENTRE], lattice.sigma_px)
    galaxy_flux = max(shared[AMPLITUDE], 0.0) * brightness * lattice.step_px**2
    return FieldPrior(correlations(lattice, options), galaxy_flux, source_flux, None)


def correlations(lattice, options):
    """Gaussians (n_scales + 1, n_nodes, n_nodes) of the distances of the nodes, the PSF's last."""
    between = lattice.nodes_px[:, None] - lattice.nodes_px
    distance2 = (between**2).sum(-1)
    lengths = np.array([*options.field_scales_fwhm, options.psf_scale_fwhm]) * lattice.fwhm_px
    return np.array([np.exp(-0.5 * distance2 / length**2) for length in lengths])


def solve_field(problem, state, normal, gram, prior, options, optimise=True):
    """Return the `FieldPosterior` under the amplitudes of the largest evidence.

    `normal` is at `state`; without `optimise` the amplitudes of `prior` are kept.

    Notes
    -----
    With the equations of the nodes A = U^T U and y = U^-T b (unit noise), ln evidence is
    -1/2 ln det(I + U C U^T) - 1/2 y^T (I + U C U^T)^-1 y, and the field C U^T (I + U C U^T)^-1 y
    (Rasmussen & Williams 2006, eqs 2.25 and 5.8).
    """
    lattice = problem.lattice
    # Equations of the nodes, the shared parameters eliminated
    shared_factor = linalg.cho_factor(normal.shared)
    shared_response = linalg.cho_solve(shared_factor, normal.node_shared.T)
    matrix = reduced_gram(gram, normal) - normal.node_shared @ shared_response
    rhs = normal.node_rhs - shared_response.T @ normal.shared_rhs + matrix @ state.node_flux
    # Modes U that the data measure, and the right side y in unit noise
    value, vector = linalg.eigh((matrix + matrix.T) / 2)
    kept = value > SMALLEST_EIGENVALUE * max(value[-1:], default=0.0)
    root = np.sqrt(value[kept])
    modes, data = root[:, None] * vector[:, kept].T, vector[:, kept].T @ rhs / root
    # Light of each source, as a Moffat of the typical FWHM, in the square of each node
    core2 = (lattice.fwhm_px / 2) ** 2 / (2 ** (1 / PSF_BETA) - 1)
    distance2 = ((lattice.nodes_px - state.position_px[:, None]) ** 2).sum(-1)
    moffat = (PSF_BETA - 1) / (np.pi * core2) * (1 + distance2 / core2) ** -PSF_BETA
    envelope = prior.source_flux[:, None] * moffat * lattice.step_px**2
    # Covariances K_s of the components for an amplitude of 1
    galaxy, area2 = np.outer(prior.galaxy_flux, prior.galaxy_flux), lattice.step_px**4
    parts = [part for k in prior.correlations[:-1] for part in (area2 * k, galaxy * k)]
    parts = np.array([*parts, prior.correlations[-1] * (envelope.T @ envelope)])
    # Smallest and largest ln(alpha^2) of the components
    flat = options.flat_floor * prior.source_flux[: prior.n_images].max() / lattice.fwhm_px**2
    low = np.where(prior.is_galaxy, options.galaxy_fraction_floor, flat)
    low[-1] = options.psf_floor
    low = 2 * np.log(low)
    high = np.where(prior.is_galaxy, 2 * np.log(LARGEST_GALAXY_FRACTION), low + LN_VARIANCE_RANGE)
    high[-1] = 2 * np.log(LARGEST_PSF_FRACTION)
    # Amplitudes, and the field under them
    evidence = Evidence(modes, parts, data, low, high, 2 * options.amplitude_sd)
    ln_variance = (best_amplitudes(evidence, prior.ln_variance) if optimise
                   else np.clip(prior.ln_variance, low, high))
    covariance = np.tensordot(np.exp(ln_variance), parts, axes=1)
    mode_factor = linalg.cho_factor(np.eye(len(data)) + modes @ covariance @ modes.T)
    explained = modes.T @ linalg.cho_solve(mode_factor, data)
    node_step = covariance @ explained - state.node_flux
    shared_rhs = normal.shared_rhs - normal.node_shared.T @ node_step
    jitter = JITTER * max(np.diag(covariance), default=0.0)
    return FieldPosterior(
        node_step=node_step,
        shared_step=linalg.cho_solve(shared_factor, shared_rhs),
        psf_flux=np.exp(ln_variance[-1]) * parts[-1] @ explained,
        ln_variance=ln_variance,
        covariance=covariance,
        envelope=envelope,
        evidence=evidence,
        mode_factor=mode_factor,
        prior_factor=linalg.cho_factor(covariance + jitter * np.eye(len(covariance))),
        shared_factor=shared_factor,
        shared_response=shared_response,
    )
