"""Exposures of a mosaic camera and the tile made of them: stars, sheared galaxies, a varying PSF.

Everything is drawn from formulas in Fourier space: a Kolmogorov PSF, exponential galaxies, pixels.
Shapes are in the plane of the sky: x towards east, y towards north.
"""

from dataclasses import dataclass

import numpy as np

SCALE_ARCSEC = 0.187
ZERO_POINT_MAG = 30.0
DISTORTION = 0.3  # radial, per square degree: 1e-3 at the corner of the demo
GAP_PX = 14  # between CCDs
HALF_LIGHT = 1.67835  # half-light radius over the scale of an exponential disc
KOLMOGOROV_FWHM, KOLMOGOROV_MTF = 0.9758634, 3.44195  # FWHM r0 / lambda; exponent of the MTF
SATURATION = 60000.0
BRIGHT_MAG = 14.0  # stars with halo and spikes
BAD, SATURATED = 1, 4  # bits of the flag images
ARCSEC_PER_RADIAN = 3600 * 180 / np.pi


@dataclass(frozen=True)
class Mosaic:
    """What is drawn: n_ccds x n_ccds CCDs of ccd_px pixels, and one tile that covers them."""

    seed: int = 1
    ccd_px: int = 800
    n_ccds: int = 2
    n_exposures: int = 4
    n_stars: int = 300
    n_galaxies: int = 800
    fwhm_arcsec: float = 0.65
    psf_change: float = 0.04  # of the FWHM from the middle to the corner
    sky: float = 100.0
    g1: float = 0.03
    g2: float = -0.02
    ra_deg: float = 215.0
    dec_deg: float = 53.0
    first_exposure: int = 2079613
    angles_deg: tuple = (0.0, 1.5, -2.0, 90.0)

    @property
    def side_px(self):
        """Side of the mosaic in pixels."""
        return self.n_ccds * self.ccd_px + (self.n_ccds - 1) * GAP_PX


DEMO = Mosaic()
SMALL = Mosaic(ccd_px=360, n_ccds=1, n_exposures=2, n_stars=70, n_galaxies=50,
               angles_deg=(0.0, 90.0))


@dataclass(frozen=True, eq=False)
class Chip:
    """One image: size, cards of its WCS, exposure, and the way from the sky to its pixels."""

    name: str
    exposure: int
    cards: dict
    shape: tuple

    def pixels(self, ra_deg, dec_deg):
        """Return x, y (from 0) of positions, by the formulas of TPV."""
        cards = self.cards
        ra, dec, ra0, dec0 = (np.radians(one) for one in (
            ra_deg, dec_deg, cards["CRVAL1"], cards["CRVAL2"]))
        towards = np.sin(dec0) * np.sin(dec) + np.cos(dec0) * np.cos(dec) * np.cos(ra - ra0)
        east = np.degrees(np.cos(dec) * np.sin(ra - ra0) / towards)
        north = np.degrees((np.cos(dec0) * np.sin(dec)
                            - np.sin(dec0) * np.cos(dec) * np.cos(ra - ra0)) / towards)
        # undo the radial term by steps
        stretch, radial = np.ones_like(east), cards.get("PV1_7", 0.0)
        for _ in range(20):
            stretch = 1 / (1 + radial * (east**2 + north**2) * stretch**2)
        cd = np.array([[cards["CD1_1"], cards["CD1_2"]], [cards["CD2_1"], cards["CD2_2"]]])
        xy = np.linalg.inv(cd) @ np.stack([east * stretch, north * stretch])
        return xy[0] + cards["CRPIX1"] - 1, xy[1] + cards["CRPIX2"] - 1

    def jacobian(self, ra_deg, dec_deg):
        """Return d(east, north) in arcsec / d(x, y) at a position, shape (2, 2)."""
        step = 1.0 / 3600
        x0, y0 = self.pixels(ra_deg, dec_deg)
        east = self.pixels(ra_deg + step / np.cos(np.radians(dec_deg)), dec_deg)
        north = self.pixels(ra_deg, dec_deg + step)
        return np.linalg.inv(np.array([[east[0] - x0, north[0] - x0],
                                       [east[1] - y0, north[1] - y0]]))


def chips(mosaic):
    """Return the `Chip` of every CCD of every exposure, and that of the tile."""
    rng = np.random.default_rng([mosaic.seed, 1])
    step, found = mosaic.ccd_px + GAP_PX, []
    for number in range(mosaic.n_exposures):
        name = mosaic.first_exposure + number
        turn = np.radians(mosaic.angles_deg[number])
        dither = rng.uniform(-15, 15, 2) * SCALE_ARCSEC / 3600
        for k in range(mosaic.n_ccds**2):
            corner = np.array([k % mosaic.n_ccds, k // mosaic.n_ccds]) * step
            cards = _cards("TPV", mosaic, dither, turn, (mosaic.side_px + 1) / 2 - corner)
            cards |= {f"PV{axis}_{term}": value for axis in (1, 2)
                      for term, value in ((1, 1.0), (7, DISTORTION), (9, DISTORTION))}
            found.append(Chip(f"{name}-{k}", name, cards, (mosaic.ccd_px, mosaic.ccd_px)))
    side = mosaic.side_px
    cards = _cards("TAN", mosaic, (0.0, 0.0), 0.0, np.full(2, (side + 1) / 2))
    return found, Chip("051", 0, cards, (side, side))


def _cards(kind, mosaic, dither, turn, crpix):
    """Return the cards of a WCS, east to the left."""
    scale = SCALE_ARCSEC / 3600
    return {"CTYPE1": f"RA---{kind}", "CTYPE2": f"DEC--{kind}", "CUNIT1": "deg", "CUNIT2": "deg",
            "CRVAL1": mosaic.ra_deg + dither[0] / np.cos(np.radians(mosaic.dec_deg)),
            "CRVAL2": mosaic.dec_deg + dither[1], "CRPIX1": float(crpix[0]),
            "CRPIX2": float(crpix[1]), "CD1_1": -scale * np.cos(turn),
            "CD1_2": scale * np.sin(turn), "CD2_1": scale * np.sin(turn),
            "CD2_2": scale * np.cos(turn)}


OBJECT_DTYPE = np.dtype([("id", "i4"), ("kind", "U6"), ("ra_deg", "f8"), ("dec_deg", "f8"),
                         ("mag", "f8"), ("half_light_arcsec", "f8"), ("e1", "f8"), ("e2", "f8"),
                         ("has_mag", "?")])


def objects(mosaic):
    """Return stars and galaxies on a jittered grid; galaxies in pairs of opposite ellipticity.

    Shape (n_stars + n_galaxies,). The four brightest stars have halos and spikes; the magnitude
    of the first is not in the catalogue.
    """
    rng = np.random.default_rng([mosaic.seed, 2])
    n = mosaic.n_stars + mosaic.n_galaxies
    side = int(np.ceil(np.sqrt(n)))
    cells = rng.permutation(side**2)[:n]
    pitch = 0.97 * mosaic.side_px / side
    xy = (np.stack([cells % side, cells // side]) + 0.5 + rng.uniform(-0.2, 0.2, (2, n))
          - side / 2) * pitch * SCALE_ARCSEC / 3600
    found = np.zeros(n, OBJECT_DTYPE)
    found["id"], found["has_mag"] = np.arange(n), True
    found["ra_deg"] = mosaic.ra_deg + xy[0] / np.cos(np.radians(mosaic.dec_deg))
    found["dec_deg"] = mosaic.dec_deg + xy[1]
    is_star = found["id"] < mosaic.n_stars
    found["kind"] = np.where(is_star, "star", "galaxy")
    # more faint ones than bright ones
    found["mag"] = np.where(is_star, 16.5 + 6.0 * rng.uniform(0, 1, n) ** 0.8,
                            20.0 + 3.0 * rng.uniform(0, 1, n) ** 0.6)
    n_bright = 4 if mosaic.n_stars > 100 else 1
    found["mag"][:n_bright] = np.array([12.0, 11.0, 12.5, 13.3])[:n_bright]
    found["has_mag"][0] = False
    found["half_light_arcsec"] = np.where(is_star, 0.0, rng.uniform(0.30, 0.65, n))
    size, angle = 0.45 * np.sqrt(rng.uniform(0, 1, n)), rng.uniform(0, 2 * np.pi, n)
    first = mosaic.n_stars + 2 * (np.arange(mosaic.n_galaxies) // 2)  # of each pair
    sign = 1 - 2 * (np.arange(mosaic.n_galaxies) % 2)
    for name, part in (("e1", np.cos(angle)), ("e2", np.sin(angle))):
        found[name][~is_star] = sign * (size * part)[first]
    for name in ("mag", "half_light_arcsec"):
        found[name][~is_star] = found[name][first]
    return found


def shear_matrix(g1, g2):
    """Matrix of area 1 that stretches a circle by a reduced shear."""
    return np.array([[1 + g1, g2], [g2, 1 - g1]]) / np.sqrt(1 - g1**2 - g2**2)


def point_spread(mosaic, exposure, chip, x_px, y_px):
    """Return FWHM in arcsec and shear (e1, e2) of the PSF at a pixel, smooth over the mosaic."""
    k = int(chip.name.rpartition("-")[2])
    corner = np.array([k % mosaic.n_ccds, k // mosaic.n_ccds]) * (mosaic.ccd_px + GAP_PX)
    u, v = 2 * (np.array([x_px, y_px]) + corner) / mosaic.side_px - 1
    number = exposure - mosaic.first_exposure
    fwhm = mosaic.fwhm_arcsec * (1 + 0.03 * number) * (
        1 + mosaic.psf_change * (0.5 * u + 0.5 * v**2))
    return fwhm, 0.02 + 0.02 * u, -0.01 - 0.015 * v + 0.01 * u * v


def stamp(side_px, offset_px, jacobian, psfs, galaxy=None):
    """Draw one object of flux 1: the mean over PSFs, integrated over the pixels.

    Parameters
    ----------
    side_px : int
        Even; the object is at pixel side_px / 2 and the offset.
    offset_px : (x, y)
    jacobian : ndarray of float, shape (2, 2)
        `Chip.jacobian`.
    psfs : list of (fwhm_arcsec, e1, e2)
    galaxy : (half_light_arcsec, shear matrix), optional
        None: a star.

    Notes
    -----
    An exponential disc of scale r has the transform (1 + k^2 r^2)^-3/2; a Kolmogorov PSF
    exp(-3.44 (k lambda / (2 pi r0))^5/3) (Fried 1966, JOSA 56, 1372). A shape that is g0(B^-1 u)
    in the sky has the transform G0(B^T k).
    """
    frequency = 2 * np.pi * np.fft.fftfreq(side_px)
    kx, ky = frequency[None, : side_px // 2 + 1].copy(), frequency[:, None]
    kx[0, -1] = np.pi
    q = np.linalg.inv(jacobian).T  # from rad / px to rad / arcsec

    def modulus2(matrix):
        m = matrix.T @ q
        return (m[0, 0] * kx + m[0, 1] * ky) ** 2 + (m[1, 0] * kx + m[1, 1] * ky) ** 2

    total = 0.0
    for fwhm, e1, e2 in psfs:
        scale = fwhm / KOLMOGOROV_FWHM / (2 * np.pi)
        total = total + np.exp(-KOLMOGOROV_MTF * (
            scale**2 * modulus2(shear_matrix(e1, e2))) ** (5 / 6))
    total = total / len(psfs) * np.sinc(kx / 2 / np.pi) * np.sinc(ky / 2 / np.pi)
    if galaxy is not None:
        total = total * (1 + modulus2(galaxy[0] / HALF_LIGHT * galaxy[1])) ** -1.5
    shift = np.add(offset_px, side_px // 2)
    phase = np.exp(-1j * kx * shift[0]) * np.exp(-1j * ky * shift[1])
    return np.fft.irfft2(total * phase, (side_px, side_px))


def expected(mosaic, chip, catalogue, psf_chips):
    """Expected light of one image without sky, shape (ny, nx).

    `psf_chips` are the chips whose PSFs the image has: its own, or for the tile those that cover
    an object (their mean).
    """
    image = np.zeros(chip.shape)
    ny, nx = chip.shape
    x_px, y_px = chip.pixels(catalogue["ra_deg"], catalogue["dec_deg"])
    for x, y, one in zip(x_px, y_px, catalogue, strict=True):
        if not (-30 < x < nx + 30 and -30 < y < ny + 30):
            continue
        psfs = []
        for other in psf_chips:
            at = other.pixels(one["ra_deg"], one["dec_deg"])
            if other is chip or all(-0.5 <= a <= n - 0.5 for a, n in zip(
                    at, other.shape[::-1], strict=True)):
                psfs.append(point_spread(mosaic, other.exposure, other, *at))
        if not psfs:
            continue
        galaxy = None
        if one["kind"] == "galaxy":
            galaxy = (one["half_light_arcsec"], shear_matrix(mosaic.g1, mosaic.g2)
                      @ shear_matrix(one["e1"], one["e2"]))
        side = 64 if one["mag"] > 19 else 128 if one["mag"] > BRIGHT_MAG else 512
        centre = np.rint([x, y]).astype(int)
        light = stamp(side, (x - centre[0], y - centre[1]),
                      chip.jacobian(one["ra_deg"], one["dec_deg"]), psfs, galaxy)
        flux = 10 ** (0.4 * (ZERO_POINT_MAG - one["mag"]))
        if one["mag"] < BRIGHT_MAG:
            light = light + _glare(side, one["mag"])
        _add(image, flux * light, centre - side // 2)
    return image


def _glare(side_px, mag):
    """Halo and spikes of a bright star, relative to its flux."""
    y, x = np.indices((side_px, side_px)) - side_px // 2
    size = 10 ** (-0.08 * (mag - 12.0))
    halo = 2e-7 * (np.hypot(x, y) < 60 * size)
    arms = sum(np.exp(-0.5 * (across / 1.5) ** 2) * np.exp(-np.abs(along) / (30 * size))
               for along, across in ((x, y), (y, x)))
    return halo + 4e-6 * arms


def _add(image, light, corner):
    """Add a stamp to an image, as far as it lies inside."""
    first = np.maximum(corner, 0)
    last = np.minimum(corner + light.shape[::-1], image.shape[::-1])
    if (last > first).all():
        image[first[1]:last[1], first[0]:last[0]] += light[
            first[1] - corner[1]:last[1] - corner[1], first[0] - corner[0]:last[0] - corner[0]]


def exposed(mosaic, chip, light, rng):
    """Return image, weight and flags of a CCD: sky, noise, saturation, bad columns."""
    variance = light + mosaic.sky
    image = np.minimum(variance + rng.normal(0, 1, light.shape) * np.sqrt(variance), SATURATION)
    flags = np.where(image >= SATURATION, SATURATED, 0).astype(np.int16)
    weight = np.full(light.shape, 1 / mosaic.sky, np.float32)
    column = int(rng.integers(20, chip.shape[1] - 20))
    image[:, column] = 0.0
    flags[:, column] |= BAD
    weight[:, column] = 0.0
    return image.astype(np.float32), weight, flags


def tiled(mosaic, light, rng):
    """Return image and weight of the tile: the mean of the exposures, without sky."""
    variance = (light + mosaic.sky) / mosaic.n_exposures
    image = light + rng.normal(0, 1, light.shape) * np.sqrt(variance)
    weight = np.full(light.shape, mosaic.n_exposures / mosaic.sky, np.float32)
    return np.minimum(image, SATURATION).astype(np.float32), weight
