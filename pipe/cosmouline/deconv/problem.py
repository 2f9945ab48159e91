"""What a joint fit is asked (data, lattice, priors) and where it stands (state)."""

from dataclasses import dataclass, replace

from cosmouline.deconv import epoch_images

import numpy as np

# Parameters that the epochs share, in the order of State.shared: the galaxy, then x, then y of
# the sources.
SHAPE = slice(0, 4)  # ln(effective radius in pixels), ln(Sersic index), e1, e2
CENTRE = slice(4, 6)
AMPLITUDE = 6  # flux of the galaxy
POSITIONS = slice(7, None)
NO_GALAXY_SD = 1e-9  # prior of the flux of a galaxy that shall stay at 0
FREE_SD = 1e9  # prior of a flux that nothing is known of
SMALLEST_SIZE_FWHM = 0.3  # of the galaxy's priors, where a single image leaves no scale


@dataclass(frozen=True, eq=False)
class Lattice:
    """Gaussians whose fluxes make up the field.

    Parameters
    ----------
    nodes_px : ndarray of float, shape (n_nodes, 2)
        Their places in the reference frame; none when there is no field.
    step_px, sigma_px : float
        Step of the lattice and sigma of the Gaussians.
    fwhm_px : float
        The unit of the correlation lengths: first quartile of the seeing.
    """

    nodes_px: np.ndarray
    step_px: float
    sigma_px: float
    fwhm_px: float


@dataclass(frozen=True, eq=False)
class Prior:
    """Gaussian prior of the shared parameters, and of the shifts of the epochs.

    Parameters
    ----------
    mean, sd : ndarray of float, shape (7 + 2 n_sources,)
    shift_px : ndarray of float, shape (n_epochs, 2)
    shift_sd : ndarray of float, shape (n_epochs,)
    common_sd : float
        Of a shift that all positions have in common, beside `sd`, which then is that of the
        positions relative to each other.
    """

    mean: np.ndarray
    sd: np.ndarray
    shift_px: np.ndarray
    shift_sd: np.ndarray
    common_sd: float = 0.0

    @property
    def precision(self):
        """Inverse of the covariance of the shared parameters."""
        inverse = self.sd**-2.0
        matrix = np.diag(inverse)
        if self.common_sd > 0:
            n_sources = len(inverse[POSITIONS]) // 2
            for start in (POSITIONS.start, POSITIONS.start + n_sources):
                axis = slice(start, start + n_sources)
                own = inverse[axis]  # Sherman & Morrison 1950
                matrix[axis, axis] -= np.outer(own, own) / (self.common_sd**-2 + own.sum())
        return matrix

    def without_galaxy(self):
        """Return the same with a galaxy of no flux."""
        sd = self.sd.copy()
        sd[AMPLITUDE] = NO_GALAXY_SD
        return replace(self, sd=sd)

    @property
    def has_galaxy(self):
        """Whether the flux of the galaxy is free."""
        return bool(self.sd[AMPLITUDE] > NO_GALAXY_SD)


@dataclass(frozen=True, eq=False)
class Problem:
    """Data in units of their median sigma, and all that a fit holds fixed.

    Parameters
    ----------
    data, weight : ndarray of float, shape (n_epochs, side, side)
        Weight 0: pixel not used.
    transfer : ndarray of complex
        From `images.transfer_functions`.
    linear : ndarray of float, shape (n_epochs, 2, 2)
    scale : float
        Unit of `data` on the common scale.
    geometry : images.Geometry
    lattice : Lattice
    prior : Prior
    present : ndarray of bool, shape (n_epochs, n_sources), or None
        Sources that shine in an epoch; the flux of the others is held at 0. None: all.
    n_images : int or None
        The first that many sources are images of the lens; None: all. The others, neighbours,
        count for their own light only.
    camera : ndarray of int, shape (n_epochs,), or None
        Epochs in which galaxy and field have one brightness; None: all.
    """

    data: np.ndarray
    weight: np.ndarray
    transfer: np.ndarray
    linear: np.ndarray
    scale: float
    geometry: epoch_images.Geometry
    lattice: Lattice
    prior: Prior
    present: np.ndarray | None = None
    n_images: int | None = None
    camera: np.ndarray | None = None

    def take(self, index):
        """Return the problem of some of the epochs."""
        names = ["data", "weight", "transfer", "linear"]
        names += [name for name in ("present", "camera") if getattr(self, name) is not None]
        old = self.prior
        prior = replace(old, shift_px=old.shift_px[index], shift_sd=old.shift_sd[index])
        return replace(self, prior=prior, **{name: getattr(self, name)[index] for name in names})

    @property
    def shining(self):
        """Which sources shine, bool of shape (n_epochs, n_sources)."""
        shape = len(self.data), (len(self.prior.mean) - POSITIONS.start) // 2
        return np.ones(shape, bool) if self.present is None else self.present

    def mean_flux(self, flux):
        """Mean of fluxes (n_epochs, n_sources) over the epochs in which a source shines."""
        shining = self.shining
        return np.where(shining, flux, 0.0).sum(0) / np.maximum(shining.sum(0), 1)

    def where_present(self, flux):
        """Fluxes (n_epochs, n_sources) with NaN for sources that do not shine."""
        return np.where(self.shining, flux, np.nan)


@dataclass(frozen=True, eq=False)
class State:
    """Where a fit stands; the fluxes and the sky follow from it.

    Parameters
    ----------
    shared : ndarray of float, shape (7 + 2 n_sources,)
        Parameters of the galaxy and positions of the sources, in the order given above.
    node_flux : ndarray of float, shape (n_nodes,)
    shift_px : ndarray of float, shape (n_epochs, 2)
    extended_scale : ndarray of float, shape (n_epochs,), optional
        Factor on galaxy and field in each epoch, see `cameras`. Default: 1.
    """

    shared: np.ndarray
    node_flux: np.ndarray
    shift_px: np.ndarray
    extended_scale: np.ndarray | None = None

    def __post_init__(self):
        if self.extended_scale is None:
            object.__setattr__(self, "extended_scale", np.ones(len(self.shift_px)))

    @property
    def position_px(self):
        """Positions of the sources in the reference frame, (n_sources, 2)."""
        return self.shared[POSITIONS].reshape(2, -1).T

    def take(self, index):
        """Return the state of some of the epochs."""
        return replace(self, shift_px=self.shift_px[index],
                       extended_scale=self.extended_scale[index])


def make_problem(epochs, good, variance_e2, lattice, prior, scale=None, sources=None):
    """Problem of the epochs under given masks and noise.

    Parameters
    ----------
    epochs : Epochs
    good : ndarray of bool, shape (n_epochs, side, side)
    variance_e2 : ndarray of float, shape (n_epochs, side, side)
        Whole variance, that of the objects included.
    lattice : Lattice
    prior : Prior
    scale : float, optional
        Unit of the data; default: the median sigma of the good pixels.
    sources : Sources, optional
        Of these epochs: where they shine, and which are images of the lens. Default: all.

    Returns
    -------
    Problem
    """
    coeff = epochs.coeff[:, None, None]
    sigma = np.sqrt(np.where(good, variance_e2, np.inf)) * coeff
    scale = float(np.median(sigma[good])) if scale is None else scale
    return Problem(
        data=np.where(good, epochs.data_e, 0.0) * coeff / scale,
        weight=(scale / sigma) ** 2,
        transfer=epoch_images.transfer_functions(epochs.psf, epochs.geometry),
        linear=epochs.linear,
        scale=scale,
        geometry=epochs.geometry,
        lattice=lattice,
        prior=prior,
        present=None if sources is None else sources.present,
        n_images=None if sources is None else sources.n_images,
        camera=epochs.camera,
    )


def make_lattice(position_px, fwhm_px, options):
    """Square lattice over a disc around the sources.

    Parameters
    ----------
    position_px : ndarray of float, shape (n_images, 2)
        Of the images of the lens.
    fwhm_px : ndarray of float, shape (n_epochs,)
        In pixels of the reference frame.
    options : FitOptions

    Returns
    -------
    Lattice
        Without nodes when `options` want no extended light.
    """
    centre = position_px.mean(0)
    fwhm = float(np.percentile(fwhm_px, 25))
    radius = _size(position_px) + options.field_margin_fwhm * np.median(fwhm_px)
    step = max(1.0, options.node_step_fwhm * fwhm)
    while np.pi * radius**2 / step**2 > options.max_nodes:
        step *= 1.03
    sigma = max(options.node_sigma_fwhm * fwhm, 0.85 * step)  # .85: no holes between the nodes
    places = np.arange(-int(radius / step) - 1, int(radius / step) + 2) * step
    offset = np.stack(np.meshgrid(places, places), -1).reshape(-1, 2)
    inside = (np.hypot(*offset.T) <= radius) & (options.extended_light == "auto")
    return Lattice(offset[inside] + centre, step, sigma, fwhm)


def make_prior(start_px, position_px, shift_px, fwhm_px, options):
    """Priors of the shared parameters and of the shifts.

    Parameters
    ----------
    start_px : ndarray of float, shape (n_sources, 2)
        Positions that were given: the prior of the positions.
    position_px : ndarray of float, shape (n_images, 2)
        Best positions so far of the images of the lens: size and place of the galaxy.
    shift_px : ndarray of float, shape (n_epochs, 2)
        Shifts that were given.
    fwhm_px : ndarray of float, shape (n_epochs,)
        In pixels of the reference frame.
    options : FitOptions

    Returns
    -------
    Prior
    """
    size = max(_size(position_px), SMALLEST_SIZE_FWHM * np.percentile(fwhm_px, 25))
    mean = [np.log(size), np.log(options.sersic_index), 0.0, 0.0, *position_px.mean(0), 0.0]
    sd = [options.radius_sd, options.sersic_index_sd]
    sd += 2 * [options.ellipticity_sd] + 2 * [options.centre_sd * size] + [FREE_SD]
    sd += [options.position_prior_px] * start_px.size
    prior = Prior(
        np.append(mean, start_px.T.ravel()),
        np.array(sd),
        shift_px,
        np.full(len(shift_px), options.shift_prior_px),
    )
    return prior if options.extended_light == "auto" else prior.without_galaxy()


def start_state(prior, position_px, shift_px, lattice):
    """State of a fit that begins: galaxy as its prior, with flux 0, and no field.

    Parameters are those of `make_problem`, `make_lattice` and `make_prior`.
    """
    shared = prior.mean.copy()
    shared[POSITIONS] = position_px.T.ravel()
    return State(shared, np.zeros(len(lattice.nodes_px)), np.array(shift_px, float))


def _size(position_px):
    """Largest distance of a source from their mean."""
    return float(np.hypot(*(position_px - position_px.mean(0)).T).max())
