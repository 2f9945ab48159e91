"""Star stamps whose PSF no model of the library can be exactly; shares no code with the library.

A PSF is a list of Moffats: a core, an off-centre lobe, a wide halo; and, where asked for, smeared
along a trail or over the ring of a defocused telescope, with spikes. All of it is integrated over
sub-pixels.
"""

from dataclasses import dataclass, replace

import numpy as np

SUBPIXELS = 5  # per pixel and axis
FLUXES_E = {"faint": (3e3, 1.2e4), "mid": (2e4, 3e5), "bright": (3e5, 3e6)}
SKY_E = 400.0
N_SMEARED = 48  # points along a trail or around a ring


@dataclass(frozen=True)
class Profile:
    """A PSF; lengths in FWHM, shares of the flux."""

    fwhm_px: float
    beta: float = 3.0
    e: float = 0.05  # axis ratio (1 - e) / (1 + e)
    angle: float = 0.5
    lobe: float = 0.07
    lobe_away: float = 0.35
    lobe_angle: float = 1.0
    halo: float = 0.03
    halo_fwhm: float = 2.3
    halo_beta: float = 2.5
    trail: float = 0.0
    defocus: float = 0.0  # outer radius of the ring; the hole has half of it
    spikes: float = 0.0

    def density(self, x, y):
        """Flux per square pixel of a star of unit flux, at offsets in pixels."""
        return sum(self._star(x - dx, y - dy) for dx, dy in self._places()) / len(self._places())

    def _star(self, x, y):
        w = self.fwhm_px
        lobe_x, lobe_y = (self.lobe_away * w * f(self.lobe_angle) for f in (np.cos, np.sin))
        core = (1 - self.lobe - self.halo - self.spikes) * _moffat(x, y, w, self.beta, self)
        lobe = self.lobe * _moffat(x - lobe_x, y - lobe_y, 0.8 * w, self.beta)
        halo = self.halo * _moffat(x, y, self.halo_fwhm * w, self.halo_beta)
        return core + lobe + halo + (self.spikes * self._cross(x, y) if self.spikes else 0)

    def _cross(self, x, y):
        """Two spikes at right angles, exponential along and Gaussian across."""
        long, thin = 1.5 * self.fwhm_px, 0.3 * self.fwhm_px
        norm = 2 * 2 * long * np.sqrt(2 * np.pi) * thin
        u, v = (x * np.cos(0.6) + y * np.sin(0.6), y * np.cos(0.6) - x * np.sin(0.6))
        return (np.exp(-np.abs(u) / long - 0.5 * (v / thin) ** 2)
                + np.exp(-np.abs(v) / long - 0.5 * (u / thin) ** 2)) / norm

    def _places(self):
        """Offsets over which the star is smeared."""
        w, turn = self.fwhm_px, 2 * np.pi * np.arange(N_SMEARED) / N_SMEARED
        if self.defocus:
            radii = self.defocus * w * np.sqrt(np.array([0.4, 0.6, 0.8, 1.0]))
            return [(r * np.cos(t), r * np.sin(t)) for r in radii for t in turn[::2]]
        if self.trail:
            along = self.trail * w * (np.arange(N_SMEARED) / (N_SMEARED - 1) - 0.5)
            return [(s * np.cos(self.angle), s * np.sin(self.angle)) for s in along]
        return [(0.0, 0.0)]

    def stamp(self, side_px, x_px, y_px):
        """Star of unit flux at an offset from the centre of a stamp."""
        axis = (np.arange(side_px * SUBPIXELS) + 0.5) / SUBPIXELS - side_px / 2
        light = self.density(axis[None, :] - x_px, axis[:, None] - y_px)
        return light.reshape(side_px, SUBPIXELS, side_px, SUBPIXELS).mean((1, 3))


def _moffat(x, y, fwhm_px, beta, shape=None):
    """Moffat of unit flux, turned and stretched as `shape` says."""
    if shape is not None:
        cos, sin, q = np.cos(shape.angle), np.sin(shape.angle), np.sqrt(1 + shape.e)
        x, y = (cos * x + sin * y) / q, (cos * y - sin * x) * q
    alpha = fwhm_px / (2 * np.sqrt(2 ** (1 / beta) - 1))
    return (beta - 1) / (np.pi * alpha**2) * (1 + (x * x + y * y) / alpha**2) ** -beta


@dataclass(frozen=True, eq=False)
class StarStamps:
    """Stamps with noise, what made them, and where they are in the field."""

    data_e: np.ndarray
    sigma_e: np.ndarray
    sky_variance_e2: np.ndarray
    good: np.ndarray
    flux_e: np.ndarray
    offset_px: np.ndarray
    uv: np.ndarray
    profile: Profile

    @property
    def side_px(self):
        """Side of the stamps."""
        return self.data_e.shape[-1]


def random_profile(random, fwhm_px, **changes):
    """Return a PSF with a lobe of 4-10 % and a halo of 2-5 %."""
    own = {"beta": random.uniform(2.5, 4), "e": random.uniform(0, 0.12),
           "angle": random.uniform(0, np.pi), "lobe": random.uniform(0.04, 0.10),
           "lobe_away": random.uniform(0.2, 0.5), "lobe_angle": random.uniform(0, 2 * np.pi),
           "halo": random.uniform(0.02, 0.05), "halo_fwhm": random.uniform(2, 2.6)}
    return Profile(fwhm_px, **(own | changes))


def star_stamps(seed, fwhm_px, brightness, n_stars=6, gradient=0.0, side_px=None, **changes):
    """Return stamps of stars of one image; `gradient` is the change of FWHM over the field."""
    random = np.random.default_rng(seed)
    profile = random_profile(random, fwhm_px, **changes)
    side_px = side_px or int(np.clip(8 * np.ceil(7 * fwhm_px / 8), 16, 80))
    limits = FLUXES_E.get(brightness, brightness)
    flux_e = np.exp(random.uniform(*np.log(limits), n_stars))
    offset_px, uv = random.uniform(-0.5, 0.5, (n_stars, 2)), random.uniform(-1, 1, (n_stars, 2))
    stars = [at_field(profile, gradient, u).stamp(side_px, *xy)
             for u, xy in zip(uv[:, 0], offset_px, strict=True)]
    model = flux_e[:, None, None] * np.array(stars)
    sigma_e = np.sqrt(SKY_E + model)
    data = model + sigma_e * random.standard_normal(model.shape)
    sky, good = np.full(model.shape, SKY_E), np.ones(model.shape, bool)
    return StarStamps(data, sigma_e, sky, good, flux_e, offset_px, uv, profile)


def at_field(profile, gradient, u):
    """Return the PSF at a place of the field."""
    return replace(profile, fwhm_px=profile.fwhm_px * (1 + gradient * u / 2))
