"""Stamps of five made-up lenses with known truth, drawn without any code of the fit.

A pixel is the mean of 4 x 4 points of the true image; galaxies are drawn with 5 x 5 points in each
of these 16 parts and folded with the PSF, which is an elliptical Moffat with a lobe, or with a
blob off its centre and a halo. The scenes: "yard", a quad over a galaxy; "h4", a quad with a
brighter and wider galaxy; "arcs", the first with arcs and a ring; "nogal", the first without
galaxy; "double", 1.1 arcsec and 3 mag apart at 1.3 arcsec seeing, with a galaxy .15 FWHM from
the faint image. Seeds 1 and 2 draw these as they stand, with other noise, PSFs, shifts and skies;
from 3 on each seed is another lens of the kind, see `vary`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from cosmouline.deconv.epochs import Epochs

import numpy as np
from scipy.signal import fftconvolve
from scipy.special import gamma, gammaincinv

PARTS = 4  # points per pixel and axis
FINE = 5  # points per part and axis where a galaxy is drawn
UPSAMPLING = 2  # of the narrow PSFs
PAD_PX = 16  # that `Epochs` wants around the stamps
NARROW_SIGMA_SMALL = 2 / (2 * np.sqrt(2 * np.log(2)))  # of the Gaussian taken off the narrow PSFs
SCALE_ARCSEC = 0.21
EXPTIME_S, ZERO_POINT_MAG = 300.0, 24.5  # magnitude of 1 electron per second
SEP_SKY = 1.0152  # sigma of the sky over what sep's rms map says, which is what a fit is given
PHASE = np.array([0.2, 0.45, 0.1, 0.7, 0.33, 0.85, 0.6, 0.0])  # of the light curves
START_ERROR_PX, SHIFT_ERROR_PX = 0.2, 0.15  # half range; standard deviation


@dataclass(frozen=True)
class Galaxy:
    """Sersic galaxy; `pa_rad` from x to y, `axis_ratio` b/a, radius along the geometric mean."""

    flux: float
    radius_px: float
    index: float
    axis_ratio: float
    pa_rad: float
    x_px: float
    y_px: float


@dataclass(frozen=True)
class Arc:
    """Gaussian arc about the origin; `length_px` is the sigma along it."""

    flux: float
    radius_px: float
    angle_rad: float
    width_px: float
    length_px: float


@dataclass(frozen=True)
class Scene:
    """A lens: fluxes of the images, their places, what lies under them, the kind of its PSFs."""

    flux: np.ndarray
    position_px: np.ndarray
    galaxy: Galaxy | None
    arcs: tuple
    psf: str
    host: Callable | None = None  # electrons per square pixel at (x, y), drawn as the galaxy is


@dataclass(frozen=True)
class Drawn:
    """Stamps (`epochs`) and truth: fluxes, images of flux 1, extended light, variances, PSFs."""

    epochs: Epochs
    scene: Scene
    flux: np.ndarray
    point: np.ndarray
    extended: np.ndarray
    variance_e2: np.ndarray
    psfs: list
    start_px: np.ndarray
    shift_px: np.ndarray


def electrons(mag):
    """Flux of a magnitude in one exposure."""
    return EXPTIME_S * 10 ** (0.4 * (ZERO_POINT_MAG - np.asarray(mag)))


def reference_scene(name):
    """One of the five scenes."""
    quad = np.array([(1.10, 0.25), (0.30, 1.10), (-1.00, 0.20), (0.05, -0.75)]) / SCALE_ARCSEC
    flux = electrons([18.0, 18.4, 18.8, 19.5])
    host = Galaxy(float(electrons(18.6)), 0.8 / SCALE_ARCSEC, 4.0, 0.8, 0.52, 0.1, 0.48)
    if name == "yard":
        return Scene(flux, quad, host, (), "lobe")
    if name == "nogal":
        return Scene(flux, quad, None, (), "lobe")
    if name == "arcs":
        angle = np.arctan2(quad[:, 1], quad[:, 0]) + 0.1 * np.array([1, -1, 1, -1])
        arcs = [Arc(0.15 * f, r, a, 1.5, 4.0)
                for f, r, a in zip(flux, np.hypot(*quad.T), angle, strict=True)]
        return Scene(flux, quad, host, (*arcs, Arc(6000.0, 4.8, 0.0, 1.3, 200.0)), "lobe")
    if name == "h4":
        places = np.array([[-5.2, 2.1], [4.4, 4.9], [1.6, -6.4], [5.9, 0.4]])
        host = Galaxy(1.11e5, 7.0, 2.0, 0.75, 0.5, 0.7, 0.3)
        return Scene(np.array([6e4, 4e4, 2.5e4, 1e4]), places, host,
                     (Arc(8900.0, 6.5, 2.2, 0.8, 3.2),), "blob")
    if name == "double":
        places = np.array([[-2.2, -1.0], [2.5, 1.28]])
        host = Galaxy(float(electrons(19.6)), 0.6 / SCALE_ARCSEC, 4.0, 0.8, 0.9, 1.6, 0.95)
        return Scene(electrons([17.2, 20.2]), places, host, (), "double")
    raise ValueError(f"unknown scene {name!r}")


def vary(scene, rng):
    """Another lens of the same kind.

    Images move by .4 px rms per axis and change by 25 % rms, arcs with them; the galaxy has an
    index of 1 to 5, axis ratio of .5 to 1, any position angle, a radius and a flux other by 25 %
    rms, and stands .3 px rms away. Flux 3 mag apart and 1.1 arcsec stay those of the double.
    """
    n = len(scene.flux)
    keep = scene.psf == "double"
    flux = scene.flux * (1 if keep else np.exp(rng.normal(0, 0.25, n)))
    position = scene.position_px + rng.normal(0, 0.0 if keep else 0.4, (n, 2))
    galaxy, arcs = scene.galaxy, scene.arcs
    if galaxy:
        factor = np.exp(rng.normal(0, 0.25, 2))
        galaxy = Galaxy(galaxy.flux * factor[0], galaxy.radius_px * factor[1],
                        rng.uniform(1, 5), rng.uniform(0.5, 1), rng.uniform(0, np.pi),
                        *(np.array([galaxy.x_px, galaxy.y_px]) + rng.normal(0, 0.3, 2)))
    arcs = tuple(replace(arc, flux=arc.flux * np.exp(rng.normal(0, 0.25)),
                         radius_px=arc.radius_px + rng.normal(0, 0.4),
                         angle_rad=arc.angle_rad + rng.normal(0, 0.1)) for arc in arcs)
    return replace(scene, flux=flux, position_px=position, galaxy=galaxy, arcs=arcs)


def moffat(x, y, fwhm, beta, ellipticity=0.0, angle=0.0):
    """Density of a Moffat of flux 1."""
    c, s = np.cos(angle), np.sin(angle)
    core2 = fwhm**2 / (4 * (2 ** (1 / beta) - 1))
    r2 = (c * x + s * y) ** 2 / (1 + ellipticity) + (c * y - s * x) ** 2 * (1 + ellipticity)
    return (beta - 1) / (np.pi * core2) * (1 + r2 / core2) ** -beta


def draw_psf(kind, rng):
    """Numbers of one PSF."""
    angle, towards = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
    low, high = {"blob": (0.63, 1.26), "lobe": (0.7, 1.5), "double": (1.15, 1.45),
                 "wide": (1.0, 2.0), "survey": (0.6, 1.2)}[kind]
    fwhm = rng.uniform(low, high) / SCALE_ARCSEC
    psf = {"fwhm": fwhm, "ellipticity": rng.uniform(0, 0.12), "angle": angle,
           "towards": towards, "lobe": 0.08, "blob": 0.0, "halo": 0.0,
           "beta": rng.uniform(3, 4)}
    if kind == "blob":
        psf |= {"lobe": 0.0, "blob": rng.uniform(0.04, 0.10), "halo": rng.uniform(0.02, 0.05),
                "offset": rng.uniform(0.2, 0.5) * fwhm, "width": rng.uniform(2, 2.6),
                "beta": rng.uniform(2.5, 4)}
    return psf


def psf_density(psf, x, y):
    """Density of a PSF of flux 1 at points."""
    fwhm, beta = psf["fwhm"], psf["beta"]
    cx, cy = np.cos(psf["towards"]), np.sin(psf["towards"])
    core = 1 - psf["lobe"] - psf["blob"] - psf["halo"]
    density = core * moffat(x, y, fwhm, beta, psf["ellipticity"], psf["angle"])
    if psf["lobe"]:
        sigma, away = 0.3 * fwhm, 0.4 * fwhm
        r2 = (x - away * cx) ** 2 + (y - away * cy) ** 2
        density += psf["lobe"] * np.exp(-0.5 * r2 / sigma**2) / (2 * np.pi * sigma**2)
    if psf["blob"]:
        away = psf["offset"]
        density += psf["blob"] * moffat(x - away * cx, y - away * cy, 0.8 * fwhm, beta)
        density += psf["halo"] * moffat(x, y, psf["width"] * fwhm, 2.5)
    return density


def star_image(psf, side, xy):
    """Star of flux 1 at an offset (x, y) from the centre of a stamp."""
    axis = (np.arange(side * PARTS) + 0.5) / PARTS - side / 2
    return _binned(psf_density(psf, axis - xy[0], axis[:, None] - xy[1]), PARTS)


def narrow_psf(psf, side):
    """PSF in the form that a fit takes: the Gaussian of FWHM 2 small pixels is divided out."""
    n_small = (side + PAD_PX) * UPSAMPLING
    per_small = PARTS // UPSAMPLING
    axis = (np.arange(n_small * per_small) + 0.5) / PARTS - (side + PAD_PX) / 2
    small = _binned(psf_density(psf, axis, axis[:, None]), per_small) / UPSAMPLING**2
    k = np.fft.fftfreq(n_small)
    gauss = np.exp(-2 * (np.pi * NARROW_SIGMA_SMALL * k) ** 2)
    return np.fft.ifft2(np.fft.fft2(small) / (gauss * gauss[:, None])).real


def galaxy_density(galaxy, x, y):
    """Surface brightness of a Sersic galaxy at points."""
    c, s, n = np.cos(galaxy.pa_rad), np.sin(galaxy.pa_rad), galaxy.index
    x, y = x - galaxy.x_px, y - galaxy.y_px
    along, across = c * x + s * y, c * y - s * x
    r = np.sqrt(along**2 * galaxy.axis_ratio + across**2 / galaxy.axis_ratio) / galaxy.radius_px
    b = gammaincinv(2 * n, 0.5)
    total = 2 * np.pi * n * np.exp(b) * b ** (-2 * n) * gamma(2 * n) * galaxy.radius_px**2
    return galaxy.flux * np.exp(-b * (r ** (1 / n) - 1)) / total


def arc_density(arc, x, y):
    """Surface brightness of an arc at points."""
    r = np.hypot(x, y)
    turn = (np.arctan2(y, x) - arc.angle_rad + np.pi) % (2 * np.pi) - np.pi
    light = np.exp(-0.5 * ((r - arc.radius_px) / arc.width_px) ** 2
                   - 0.5 * (turn * arc.radius_px / arc.length_px) ** 2)
    return arc.flux * light


def extended_light(scene, inverse, side):
    """Light of galaxy and arcs in each part of the pixels of a wide stamp, before the PSF."""
    wide = side + PAD_PX
    axis = (np.arange(wide * PARTS) + 0.5) / PARTS - wide / 2
    total = np.zeros((axis.size, axis.size))
    offsets = ((np.arange(FINE) + 0.5) / FINE - 0.5) / PARTS
    for dx in offsets if scene.galaxy or scene.host else ():
        for dy in offsets:
            places = np.stack(np.meshgrid(axis + dx, axis + dy))
            places = np.tensordot(inverse, places, 1)
            if scene.galaxy:
                total += galaxy_density(scene.galaxy, *places) / FINE**2
            if scene.host:
                total += scene.host(*places) / FINE**2
    places = np.tensordot(inverse, np.stack(np.meshgrid(axis, axis)), 1)
    for arc in scene.arcs:  # smooth enough to be drawn with one point per part
        light = arc_density(arc, *places) / PARTS**2
        total += light * PARTS**2 * arc.flux / light.sum()
    return total / PARTS**2


def _seen(light, psf, shift, side):
    """Stamp of light that is given in parts of pixels, seen through a PSF."""
    axis = (np.arange((side + PAD_PX) * PARTS - 1) + 1) / PARTS - (side + PAD_PX) / 2
    kernel = psf_density(psf, axis - shift[0], axis[:, None] - shift[1]) / PARTS**2
    inside = slice(PAD_PX // 2, -PAD_PX // 2)
    return PARTS**2 * _binned(fftconvolve(light, kernel, mode="same"), PARTS)[inside, inside]


def _binned(values, n):
    """Mean over squares of n x n points."""
    side = len(values) // n
    return values.reshape(side, n, side, n).mean((1, 3))


def draw(name, n_epochs, share=1.0, seed=1, side=64, turns_deg=(0.0,)):
    """Draw all epochs of a scene.

    Parameters
    ----------
    name : str
    n_epochs : int
    share : float
        Of the light and of the sky: 1/4 halves the S/N.
    seed : int
        1 and 2: the scene itself; from 3 on another lens of its kind. No two scenes or shares
        have noise, PSFs or lenses in common.
    side : int
    turns_deg : sequence of float
        Rotations of the epochs, in turn.

    Returns
    -------
    Drawn
        Its epochs have exact PSFs, and the sky noise that sep would tell.
    """
    scene = reference_scene(name)
    seeds = [seed, sum(map(ord, name)), round(1000 * share)]
    if seed > 2:
        scene = vary(scene, np.random.default_rng(seeds))
    return draw_scene(scene, n_epochs, share, [*seeds, n_epochs], side, turns_deg)


def draw_scene(scene, n_epochs, share=1.0, seed=1, side=64, turns_deg=(0.0,), curves=None,
               noise_seed=None):
    """Draw all epochs of a given scene; see `draw`.

    `curves` are relative fluxes of the images, shape (n_epochs, n_sources); default: waves. With a
    `noise_seed`, scenes of one `seed` have the same PSFs, skies and shifts, and other noise.
    """
    rng = np.random.default_rng(seed)
    psfs = [draw_psf(scene.psf, rng) for _ in range(n_epochs)]
    curves = _light_curves(n_epochs, len(scene.flux)) if curves is None else curves
    flux = share * scene.flux * curves
    shift = rng.uniform(-0.5, 0.5, (n_epochs, 2))
    angle = np.radians(np.resize(turns_deg, n_epochs))
    linear = np.array([[[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]] for t in angle])
    point, extended, light = [], [], {}
    for psf, matrix, xy, key in zip(psfs, linear, shift, angle, strict=True):
        point.append([star_image(psf, side, matrix @ p + xy) for p in scene.position_px])
        if key not in light:
            light[key] = extended_light(scene, matrix.T, side)
        extended.append(share * _seen(light[key], psf, xy, side) if light[key].any()
                        else np.zeros((side, side)))
    point, extended = np.array(point), np.array(extended)
    coeff = np.ones(n_epochs)
    sky = np.full(n_epochs, 400.0)
    if scene.psf != "blob":
        coeff = 1 / np.clip(rng.normal(0.9, 0.1, n_epochs), 0.5, 1)
        sky = electrons(rng.uniform(20, 21.2, n_epochs)) * SCALE_ARCSEC**2 + 25
    unit = coeff[:, None, None]
    model = (np.einsum("ek,ekij->eij", flux, point) + extended) / unit
    variance = share * sky[:, None, None] + model
    rng = rng if noise_seed is None else np.random.default_rng(noise_seed)
    data = model + np.sqrt(variance) * rng.standard_normal(model.shape)
    data += rng.normal(0, 0.5, n_epochs)[:, None, None] * np.sqrt(share)
    epochs = Epochs(
        data_e=data,
        sky_variance_e2=np.broadcast_to(share * sky[:, None, None], data.shape) / SEP_SKY**2,
        good=np.ones(data.shape, bool),
        cosmic=np.zeros(data.shape, bool),
        coeff=coeff,
        psf=np.array([narrow_psf(psf, side) for psf in psfs]),
        linear=linear,
        shift_px=shift + rng.normal(0, SHIFT_ERROR_PX, shift.shape),
        fwhm_px=np.array([psf["fwhm"] for psf in psfs]),
    )
    start = scene.position_px + rng.uniform(-START_ERROR_PX, START_ERROR_PX, (len(flux[0]), 2))
    return Drawn(epochs, scene, flux, point, extended, variance * unit**2, psfs, start,
                 shift)


def _light_curves(n_epochs, n_sources):
    """Relative fluxes: slow and fast waves of 12 and 5 %."""
    t = np.linspace(0, 1, n_epochs)[:, None]
    phase = np.resize(PHASE, n_sources)
    return (1 + 0.12 * np.sin(2 * np.pi * (t + phase))
            + 0.05 * np.sin(2 * np.pi * (3.3 * t + 1.7 * phase)))
