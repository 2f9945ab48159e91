"""Data, lattice and priors of a joint fit, and the state that it is in."""

from dataclasses import dataclass, replace

from cosmouline.deconv import epoch_images

import numpy as np

# Parameters that the epochs share, in the order of State.shared: the galaxy, the width of the
# images of the lens, then x, then y of the sources.
SHAPE = slice(0, 4)  # ln(effective radius in pixels), ln(Sersic index), e1, e2
CENTRE = slice(4, 6)
AMPLITUDE = 6  # flux of the galaxy
WIDTH = 7  # of the PSF of the images of the lens, relative to that of the stars, less 1
POSITIONS = slice(8, None)
HELD_SD = 1e-9  # prior of the flux of a galaxy, or of a width, that stays at 0
FREE_SD = 1e9  # prior of a flux of which nothing is known
SMALLEST_SIZE_FWHM = 0.3  # of the galaxy's priors, where a single image leaves no scale


@dataclass(frozen=True, eq=False)
class Lattice:
    """Gaussians whose fluxes make up the field."""

    nodes_px: np.ndarray  # (n_nodes, 2) in the reference frame; none when there is no field
    step_px: float
    sigma_px: float  # of the Gaussians
    fwhm_px: float  # unit of the correlation lengths: first quartile of the seeing


@dataclass(frozen=True, eq=False)
class Prior:
    """Gaussian prior of the shared parameters, and of the shifts of the epochs.

    With a `common_sd`, that of a shift that all positions have in common, `sd` is that of the
    positions relative to each other.
    """

    mean: np.ndarray  # (8 + 2 n_sources,), in the order of State.shared
    sd: np.ndarray
    shift_px: np.ndarray  # (n_epochs, 2)
    shift_sd: np.ndarray  # (n_epochs,)
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
                # Inverse of independent and common variances (Sherman & Morrison 1950)
                own = inverse[axis]
                matrix[axis, axis] -= np.outer(own, own) / (self.common_sd**-2 + own.sum())
        return matrix

    def without_galaxy(self):
        """Return the same with a galaxy of no flux."""
        sd = self.sd.copy()
        sd[AMPLITUDE] = HELD_SD
        return replace(self, sd=sd)

    def with_width(self, width_sd):
        """Return the same with a width of the images about that of the stars."""
        sd = self.sd.copy()
        sd[WIDTH] = width_sd
        return replace(self, sd=sd)

    @property
    def has_galaxy(self):
        """Whether the flux of the galaxy is free."""
        return bool(self.sd[AMPLITUDE] > HELD_SD)

    @property
    def has_width(self):
        """Whether the width of the images is free."""
        return bool(self.sd[WIDTH] > HELD_SD)


@dataclass(frozen=True, eq=False)
class Problem:
    """Data in units of their median sigma, and all that a fit holds fixed.

    In an epoch the flux of sources that are not `present` is held at 0. The first `n_images`
    sources are images of the lens; neighbours, the others, count for their own light only. In
    epochs of one `camera` galaxy and field have one brightness, and the images one width. None:
    all. Where that is free, `widened` is the derivative of `transfer` to it.
    """

    data: np.ndarray  # (n_epochs, side, side)
    weight: np.ndarray  # 0: pixel not used
    transfer: np.ndarray  # from epoch_images.transfer_functions
    linear: np.ndarray  # (n_epochs, 2, 2)
    scale: float  # unit of the data on the common scale
    geometry: epoch_images.Geometry
    lattice: Lattice
    prior: Prior
    present: np.ndarray | None = None  # (n_epochs, n_sources), bool
    n_images: int | None = None
    camera: np.ndarray | None = None  # (n_epochs,), int
    widened: np.ndarray | None = None

    def with_psf(self, psf):
        """Return the problem with other narrow PSFs (n_epochs, m, m)."""
        return replace(
            self, transfer=epoch_images.transfer_functions(psf, self.geometry),
            widened=(epoch_images.width_derivatives(psf, self.geometry) if self.prior.has_width
                     else None))

    def take(self, index):
        """Return the problem of some of the epochs."""
        names = ["data", "weight", "transfer", "linear"]
        names += [name for name in ("present", "camera", "widened")
                  if getattr(self, name) is not None]
        old = self.prior
        prior = replace(old, shift_px=old.shift_px[index], shift_sd=old.shift_sd[index])
        return replace(self, prior=prior, **{name: getattr(self, name)[index] for name in names})

    def places_px(self, epoch, state):
        """Positions of the sources on an epoch's stamp, (n_sources, 2), from its centre."""
        return state.position_px @ self.linear[epoch].T + state.shift_px[epoch]

    def point_images(self, epoch, state):
        """Images of all sources of flux 1 in an epoch, as `epoch_images.point_images`.

        Those of the lens have the width of the state, neighbours that of the stars.
        """
        places, plain = self.places_px(epoch, state), self.transfer[epoch]
        if self.widened is None:
            return epoch_images.point_images(plain, places, self.geometry)
        n_images = len(places) if self.n_images is None else self.n_images
        width = state.shared[WIDTH] + state.camera_width[epoch]
        seen = plain + width * self.widened[epoch]
        parts = [epoch_images.point_images(transfer, some, self.geometry) for transfer, some in (
            (seen, places[:n_images]), (plain, places[n_images:])) if len(some)]
        return np.concatenate(parts, axis=1)

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
    """Unknowns of a fit; the fluxes and the sky follow from them."""

    shared: np.ndarray  # (8 + 2 n_sources,) in the order given above
    node_flux: np.ndarray  # (n_nodes,)
    shift_px: np.ndarray  # (n_epochs, 2)
    extended_scale: np.ndarray | None = None  # (n_epochs,), see `cameras`; by default 1
    camera_width: np.ndarray | None = None  # (n_epochs,), beyond that of all; by default 0

    def __post_init__(self):
        if self.extended_scale is None:
            object.__setattr__(self, "extended_scale", np.ones(len(self.shift_px)))
        if self.camera_width is None:
            object.__setattr__(self, "camera_width", np.zeros(len(self.shift_px)))

    @property
    def position_px(self):
        """Positions of the sources in the reference frame, (n_sources, 2)."""
        return self.shared[POSITIONS].reshape(2, -1).T

    def take(self, index):
        """Return the state of some of the epochs."""
        return replace(self, shift_px=self.shift_px[index],
                       extended_scale=self.extended_scale[index],
                       camera_width=self.camera_width[index])


def make_problem(epochs, good, variance_e2, lattice, prior, scale=None, sources=None):
    """Return the `Problem` of epochs under masks and noise (n_epochs, side, side).

    The variance includes that of the objects; `scale` is the unit of the data, by default the
    median sigma of the good pixels; `sources`, of these epochs, hold where they shine and which
    are images of the lens, by default all.
    """
    coeff = epochs.coeff[:, None, None]
    sigma = np.sqrt(np.where(good, variance_e2, np.inf)) * coeff
    scale = float(np.median(sigma[good])) if scale is None else scale
    problem = Problem(
        data=np.where(good, epochs.data_e, 0.0) * coeff / scale,
        weight=(scale / sigma) ** 2,
        transfer=None,
        linear=epochs.linear,
        scale=scale,
        geometry=epochs.geometry,
        lattice=lattice,
        prior=prior,
        present=None if sources is None else sources.present,
        n_images=None if sources is None else sources.n_images,
        camera=epochs.camera,
    )
    return problem.with_psf(epochs.psf)


def make_lattice(position_px, fwhm_px, options):
    """Return a square `Lattice` over a disc around the images of the lens (n_images, 2).

    The seeing (n_epochs,) is in pixels of the reference frame. Without nodes when `options` ask
    for no extended light.
    """
    # Disc, and a step under which it has no more nodes than allowed
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
    """Return the `Prior` of the shared parameters and of the shifts.

    The prior of the positions is about `start_px` (n_sources, 2), that of the shifts about
    `shift_px`; the best positions so far of the images of the lens give size and centre of the
    galaxy. The seeing is in pixels of the reference frame.
    """
    # Galaxy: radius and centre from the images, the flux free; the width of the images is that of
    # the stars; then x and y of the sources
    size = max(_size(position_px), SMALLEST_SIZE_FWHM * np.percentile(fwhm_px, 25))
    mean = [np.log(size), np.log(options.sersic_index), 0.0, 0.0, *position_px.mean(0), 0.0, 0.0]
    sd = [options.radius_sd, options.sersic_index_sd]
    sd += 2 * [options.ellipticity_sd] + 2 * [options.centre_sd * size] + [FREE_SD, HELD_SD]
    sd += [options.position_prior_px] * start_px.size
    prior = Prior(np.append(mean, start_px.T.ravel()), np.array(sd), shift_px,
                  np.full(len(shift_px), options.shift_prior_px))
    return prior if options.extended_light == "auto" else prior.without_galaxy()


def start_state(prior, position_px, shift_px, lattice):
    """Return the `State` of a fit that begins: galaxy as its prior, with flux 0, and no field."""
    shared = prior.mean.copy()
    shared[POSITIONS] = position_px.T.ravel()
    return State(shared, np.zeros(len(lattice.nodes_px)), np.array(shift_px, float))


def _size(position_px):
    """Largest distance of a source from their mean."""
    return float(np.hypot(*(position_px - position_px.mean(0)).T).max())
