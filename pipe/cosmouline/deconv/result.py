"""The result of a joint fit, and its way to files and back."""

from dataclasses import asdict, dataclass, fields, replace

from cosmouline.deconv.held.equations import Equations
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.problem import HELD_SD, WIDTH

import numpy as np

BY_EPOCH = ("flux", "covariance", "covariance_total", "shift_px", "sky", "chi2_reduced",
            "n_masked", "good", "variance_e2", "present", "extended_scale",
            "camera_width")


@dataclass(frozen=True)
class Galaxy:
    """The Sersic galaxy of a fit, in pixels of the reference frame.

    Parameters
    ----------
    flux : float
        On the common scale; 0: none.
    radius_px : float
        Effective radius.
    sersic_index : float
    e1, e2 : float
        Ellipticity, see `sersic.shape_matrix`.
    x_px, y_px : float
        Centre, from the origin of the positions.
    """

    flux: float
    radius_px: float
    sersic_index: float
    e1: float
    e2: float
    x_px: float
    y_px: float

    @property
    def shape(self):
        """Numbers (ln radius, ln index, e1, e2) as the fit has them."""
        return np.array([np.log(self.radius_px), np.log(self.sersic_index), self.e1, self.e2])


@dataclass(frozen=True, eq=False)
class LensFit:
    """All epochs of a lens in one model: fluxes, errors, and what redraws or resumes the fit.

    Fluxes are on the common scale (electrons times ``coeff``). Epochs that could not be measured,
    their stamps being masked, have NaN.

    Parameters
    ----------
    flux : ndarray of float, shape (n_epochs, n_sources)
    covariance : ndarray of float, shape (n_epochs, n_sources, n_sources)
        Random errors: flux, sky and shift of each epoch free, the rest known.
    covariance_total : ndarray of float, same shape
        With the varying part of the errors of galaxy, field and positions.
    systematic_covariance : ndarray of float, shape (n_sources, n_sources)
        Of the part of the fluxes that is common to all epochs.
    position_px : ndarray of float, shape (n_sources, 2)
        Offsets (x, y) from the origin of the start positions, reference frame.
    shift_px : ndarray of float, shape (n_epochs, 2)
        Where that origin lies from the centre of each stamp.
    sky : ndarray of float, shape (n_epochs,)
        Sky that was left in the data, per pixel, on the common scale.
    galaxy : Galaxy
    nodes_px : ndarray of float, shape (n_nodes, 2)
        Positions of the Gaussians of the field; `node_flux` (n_nodes,) their fluxes,
        `node_sigma_px` their sigma, `node_step_px` the step of their lattice.
    field_amplitude : ndarray of float, shape (2 n_scales + 1,)
        Prior amplitudes that the evidence chose: for each correlation length that of the flat
        component (flux per squared pixel) and the fraction of the galaxy; last the fraction of
        the PSF.
    chi2_reduced : ndarray of float, shape (n_epochs,)
        Per pixel used.
    n_masked : ndarray of int, shape (n_epochs,)
        Pixels that the fit masked beyond the given masks.
    good : ndarray of bool, shape (n_epochs, side, side)
        Pixels used.
    variance_e2 : ndarray of float, shape (n_epochs, side, side)
        Variance of each pixel of the data, in squared electrons of the exposure, from the model.
    convergence : float or None
        Largest last change of a flux in units of its error. None: no step lowered the objective.
    n_iterations : int
    objective : float
        chi2 plus the priors of positions, galaxy, shifts and field.
    ended : str
        Why the fit ended: "converged", "no better step" or "most steps".
    n_started : int
        Epochs of the fit that this one, by refits with more epochs, goes back to.
    has_galaxy : bool
    cpu_s : float
    log : list of dict
        What was reported to `progress`.
    upsampling : int
    scale : float
        Unit of the fluxes inside the fit.
    prior_mean, prior_sd : ndarray of float, shape (8 + 2 n_sources,)
        Prior of galaxy, width of the images and positions inside the fit.
    prior_common_sd : float
        Of a shift that all positions have in common; 0: there is none beside `prior_sd`.
    shift_scatter_px : float or None
        Of the lens about where the stars predict it; None: it was not measured.
    present : ndarray of bool, shape (n_epochs, n_sources)
        Where each source shines; elsewhere its flux is NaN.
    n_images : int
        The first that many sources are images of the lens, the others neighbours.
    field_galaxy_flux : ndarray of float, shape (n_nodes,)
        Galaxy of the prefit in the square of each node: the envelope of the field's prior.
    node_sigma_px, node_step_px, field_fwhm_px : float
        Of the lattice; the last is the unit of its correlation lengths.
    options : FitOptions
    extended_scale : ndarray of float, shape (n_epochs,), optional
        Factor on galaxy and field in each epoch, the same for all of a camera. Default: 1.
    camera_width : ndarray of float, shape (n_epochs,), optional
        Width of the images beyond `image_width`, the same for all epochs of a camera. Default: 0.
    image_width : float
        By how much the PSF of the images is wider than that of the stars, relative to its width;
        0 where it was not fitted.
    n_held : int
        Epochs that were added under the scene of the last complete fit (`held.add_epochs`).
    equations : Equations, optional
        What epochs can be added to.
    """

    flux: np.ndarray
    covariance: np.ndarray
    covariance_total: np.ndarray
    systematic_covariance: np.ndarray
    position_px: np.ndarray
    shift_px: np.ndarray
    sky: np.ndarray
    galaxy: Galaxy
    nodes_px: np.ndarray
    node_flux: np.ndarray
    field_amplitude: np.ndarray
    chi2_reduced: np.ndarray
    n_masked: np.ndarray
    good: np.ndarray
    variance_e2: np.ndarray
    convergence: float | None
    n_iterations: int
    objective: float
    ended: str
    n_started: int
    has_galaxy: bool
    cpu_s: float
    log: list
    upsampling: int
    scale: float
    prior_mean: np.ndarray
    prior_sd: np.ndarray
    prior_common_sd: float
    shift_scatter_px: float | None
    present: np.ndarray
    n_images: int
    field_galaxy_flux: np.ndarray
    node_sigma_px: float
    node_step_px: float
    field_fwhm_px: float
    options: FitOptions
    extended_scale: np.ndarray | None = None
    camera_width: np.ndarray | None = None
    image_width: float = 0.0
    n_held: int = 0
    equations: Equations | None = None

    def __post_init__(self):
        if self.extended_scale is None:
            object.__setattr__(self, "extended_scale", np.ones(len(self.flux)))
        if self.camera_width is None:
            object.__setattr__(self, "camera_width", np.zeros(len(self.flux)))

    @property
    def flux_sigma(self):
        """Random error of each flux, what is shared propagated: (n_epochs, n_sources)."""
        return np.sqrt(np.einsum("ekk->ek", self.covariance_total))

    @property
    def flux_systematic(self):
        """Error of the constant part of the flux of each source: (n_sources,)."""
        return np.sqrt(np.diag(self.systematic_covariance))

    @property
    def measured(self):
        """Which epochs have fluxes: bool, (n_epochs,)."""
        return np.isfinite(self.flux).any(1)

    @property
    def found_width(self):
        """Last measurement of the width of the images in the log; None: there is none."""
        return next((one for one in reversed(self.log) if one["stage"] == "image width"), None)

    def take(self, index):
        """Return the fit with some of its epochs only, or in another order.

        Its equations are of all that were measured, and are lost without one of these.
        """
        is_left = np.isin(np.flatnonzero(self.measured), np.arange(len(self.flux))[index])
        equations = self.equations.take(index) if self.equations and is_left.all() else None
        return replace(self, equations=equations,
                       **{name: getattr(self, name)[index] for name in BY_EPOCH})

    def to_arrays(self):
        """Split into arrays, to be stored as npz without pickle, and a header for JSON.

        Without the equations, which are no result.
        """
        arrays, header = {}, {}
        for field in fields(self):
            if field.name == "equations":
                continue
            value = getattr(self, field.name)
            (arrays if isinstance(value, np.ndarray) else header)[field.name] = value
        return arrays, header | {"galaxy": asdict(self.galaxy), "options": asdict(self.options)}

    @classmethod
    def from_arrays(cls, arrays, header):
        """Return the fit of what `to_arrays` gave; ValueError if an entry is missing."""
        names = {field.name for field in fields(cls)}
        missing = sorted(names - set(arrays) - set(header) - {
            "extended_scale", "camera_width", "image_width", "n_held", "equations"})
        if missing:
            raise ValueError(f"arrays and header have no {', '.join(missing)}")
        values = {name: np.asarray(arrays[name]) for name in names & set(arrays)}
        values |= {name: header[name] for name in names & set(header)}
        choices = dict(header["options"])
        choices["field_scales_fwhm"] = tuple(choices["field_scales_fwhm"])
        # Fits from before the images had a width of their own: it was held at 0
        if len(values["prior_mean"]) == WIDTH + 2 * len(values["position_px"]):
            for name, held in (("prior_mean", 0.0), ("prior_sd", HELD_SD)):
                values[name] = np.insert(values[name], WIDTH, held)
        values |= {"galaxy": Galaxy(**header["galaxy"]), "options": FitOptions(**choices)}
        return cls(**values)
