"""Metacalibration in Fourier space: moments of an object, sheared and with a common round PSF.

For one object at a time; epochs are stamps with pixels, PSFs and Jacobians of their own.
"""

import functools
import math
from typing import NamedTuple

import numpy as np

SHEAR_STEP = 0.01  # shear of the four sheared versions
SHEARS = {"NOSHEAR": (0.0, 0.0), "1P": (SHEAR_STEP, 0.0), "1M": (-SHEAR_STEP, 0.0),
          "2P": (0.0, SHEAR_STEP), "2M": (0.0, -SHEAR_STEP)}
LARGEST_K = 4.8  # in units of 1 / sigma of the target PSF: it is 1e-5 there
LEAST_PSF = 1e-5  # of its sum: modes below are noise of the PSF
N_ITERATIONS = 40
OVER_RELAXED = 1.12
SMALLEST_MOVE = 1e-5  # of the centre, in sizes: e1 changes by its square
TOLERANCE = 1e-5  # of the trace; what is left is a tenth of it
FARTHEST = 3.0  # in sigmas of the weight, of the centre from the start
BIGGEST = 8.0  # sigma of a weight in units of the target PSF: a larger object is a blend


class Epoch(NamedTuple):
    """One epoch of an object, in a common unit of flux."""

    stamp: np.ndarray  # (side, side), without sky
    psf: np.ndarray  # (side, side), centred on the middle pixel
    jacobian: np.ndarray  # (2, 2), d(east, north) in arcsec / d(x, y)
    offset_px: np.ndarray  # (x, y) of the object from the middle pixel
    sigma: float  # noise of a pixel


class Modes(NamedTuple):
    """Fourier modes of an object, its PSF divided out."""

    q: np.ndarray  # (2, n) in rad / arcsec, in the plane of the sky
    value: np.ndarray  # (n,) complex
    response: np.ndarray  # (n,) |value| per unit noise of a pixel, for errors


class Shape(NamedTuple):
    """Adaptive moments of one version of an object; NaN where they fail."""

    e1: float
    e2: float
    size: float  # T = Mxx + Myy in arcsec^2
    flux: float
    flux_error: float
    e_error: float


def shear_matrix(g1, g2):
    """Matrix of area 1 of a reduced shear."""
    return np.array([[1 + g1, g2], [g2, 1 - g1]]) / np.sqrt(1 - g1**2 - g2**2)


@functools.lru_cache(maxsize=8)
def grid(side):
    """Frequencies of half of the plane in rad / px, shape (2, n), and how often each counts."""
    kx, ky = np.meshgrid(2 * np.pi * np.fft.rfftfreq(side), 2 * np.pi * np.fft.fftfreq(side))
    times = np.where((kx == 0) | ((side % 2 == 0) & (kx == np.pi)), 1.0, 2.0)
    return np.stack([kx.ravel(), ky.ravel()]), times.ravel()


def modes_of(epoch, target_sigma, quarter_turn=False, stamp=None, largest_k=LARGEST_K):
    """Modes of an epoch with its PSF divided out, as far as the target PSF lets them through.

    Parameters
    ----------
    epoch : Epoch
    target_sigma : float
        Of the round Gaussian PSF that all versions get, in arcsec.
    quarter_turn : bool
        Divide by the PSF turned by 90 degrees: for the noise that cancels.
    stamp : ndarray, optional
        Instead of the epoch's.
    largest_k : float
        In units of 1 / target_sigma.
    """
    side = epoch.stamp.shape[0]
    k, times = grid(side)
    q = np.linalg.inv(epoch.jacobian).T @ k
    kept = np.hypot(*q) * target_sigma < largest_k
    k, q, times = k[:, kept], q[:, kept], times[kept]
    half = side // 2
    image = epoch.stamp if stamp is None else stamp
    centre = half + (epoch.offset_px if stamp is None else np.zeros(2))
    value = np.fft.rfft2(image).ravel()[kept] * np.exp(1j * (centre @ k))
    psf = np.rot90(epoch.psf) if quarter_turn else epoch.psf
    spread = np.fft.rfft2(psf).ravel()[kept] * np.exp(1j * half * k.sum(0))
    weak = np.abs(spread) < LEAST_PSF * np.abs(spread).max()
    inverse = np.where(weak, 0.0, 1 / np.where(weak, 1.0, spread))
    # d^2q = d^2k / |det J|, d^2k = (2 pi / side)^2
    area = times / side**2 / abs(np.linalg.det(epoch.jacobian))
    return Modes(q, value * inverse * area, np.abs(inverse) * area * side / np.sqrt(2))


def version(modes, noise, weights, g1, g2, target_sigma):
    """Modes of one sheared version with the target PSF: k of the plane, values, noise.

    Parameters
    ----------
    modes, noise : list of Modes
        Of each epoch, and of the noise that is added to it (an empty list: none).
    weights : ndarray of float
        Of the epochs, of sum 1.

    Returns
    -------
    k : ndarray of float, shape (2, n)
    value : ndarray of complex, shape (n,)
    spread : ndarray of float, shape (n,)
        Noise of each mode per unit of the pixels'; 0 for modes of added noise.

    Notes
    -----
    A sheared image is I(A^-1 u), its modes I(A^T k) (Sheldon & Huff 2017, ApJ 841, 24; Huff &
    Mandelbaum 2017). With q = A^T k the modes stay on their grid, and k = A^-T q. The added noise
    is sheared the other way, so that the correlations that the shear makes in both cancel.
    """
    found = []
    for sign, those in ((1, modes), (-1, noise)):
        back = np.linalg.inv(shear_matrix(sign * g1, sign * g2)).T
        for one, weight in zip(those, weights if those else (), strict=True):
            k = back @ one.q
            gauss = weight * np.exp(-0.5 * target_sigma**2 * (k**2).sum(0))
            found.append((k, one.value * gauss, (sign > 0) * one.response * gauss))
    return tuple(np.concatenate(part, axis=-1) for part in zip(*found, strict=True))


def adaptive(k, value, spread, start, least_area):
    """Adaptive moments of an image given by its modes.

    Parameters
    ----------
    k, value, spread
        From `version`.
    start : (centre (2,), moments (2, 2))
        In arcsec.
    least_area : float
        Least determinant^(1/2) of the moments in arcsec^2: an image with the target PSF cannot be
        much smaller.

    Returns
    -------
    Shape, (centre, moments)

    Notes
    -----
    Moments under w = exp(-v' W^-1 v / 2) are sums over the modes with the transforms of w, w v and
    w v v', v = u - centre. A Gaussian has 1/M = 1/W + 1/Q (Bernstein & Jarvis 2002): Q is the
    next W, and the end W = 2 M.
    """
    failed = Shape(*[np.nan] * 6), start
    centre = np.array(start[0], float)
    (xx, xy), (_, yy) = np.asarray(start[1], float)  # numbers: 2 x 2 arrays would take longer
    reach = FARTHEST * np.sqrt((xx + yy) / 2)
    kx, ky = k
    value = value * np.exp(1j * (centre @ k)) if centre.any() else value
    for _ in range(N_ITERATIONS):
        wx, wy, area2 = xx * kx + xy * ky, xy * kx + yy * ky, xx * yy - xy**2
        window = 2 * np.pi * math.sqrt(area2) * np.exp(-0.5 * (kx * wx + ky * wy))
        real, imag = value.real * window, value.imag * window
        flux = float(real.sum())
        if not flux > 0:
            return failed
        # moments of what is under the window, from its centre
        x, y = -float(imag @ wx) / flux, -float(imag @ wy) / flux
        real_x = real * wx
        mxx = xx - float(real_x @ wx) / flux - x * x
        mxy = xy - float(real_x @ wy) / flux - x * y
        myy = yy - float((real * wy) @ wy) / flux - y * y
        area2_m = mxx * myy - mxy**2
        if area2_m <= 0 or mxx <= 0:
            return failed
        # the object alone, where the moments are those of something smaller than the weight
        ixx, ixy, iyy = (myy / area2_m - yy / area2, xy / area2 - mxy / area2_m,
                         mxx / area2_m - xx / area2)
        area2_i = ixx * iyy - ixy**2
        if ixx > 0 and area2_i > 0:  # steps of a disc are 12 % too short
            new = [old + OVER_RELAXED * (one / area2_i - old) for old, one in (
                (xx, iyy), (xy, -ixy), (yy, ixx))]
        else:
            new = [2 * mxx, 2 * mxy, 2 * myy]
        # a step that grows too much is a step towards a neighbour
        shrink = min(1.0, 4 * (xx + yy) / (new[0] + new[2]))
        nxx, nxy, nyy = (shrink * one for one in new)
        move, trace = 2 * np.array([x, y]), nxx + nyy
        if (not least_area < math.sqrt(max(nxx * nyy - nxy**2, 0.0)) < BIGGEST**2 * least_area
                or trace <= 0):
            return failed
        if np.abs(move).max() > SMALLEST_MOVE * math.sqrt(trace):
            centre, value = centre + move, value * np.exp(1j * (move @ k))
        if np.hypot(*(centre - start[0])) > reach:
            return failed
        change = (max(abs(nxx - xx), abs(nxy - xy), abs(nyy - yy)) / trace
                  + np.abs(move).max() / math.sqrt(trace))
        xx, xy, yy = nxx, nxy, nyy
        if change < TOLERANCE:
            break
    else:
        return failed
    # noise of the flux and of Mxx - Myy: independent modes, half of the plane
    noise = spread * window
    flux_error = np.sqrt(noise @ noise)
    stretch = noise * (wx**2 - wy**2)
    shape = Shape((xx - yy) / trace, 2 * xy / trace, trace, 2 * flux, 2 * flux_error,
                  4 * np.sqrt(stretch @ stretch) / flux / trace)
    return shape, (centre, np.array([[xx, xy], [xy, yy]]))


def metacalibrate(epochs, target_sigma, rng, fix_noise=True):
    """Measure the five versions of an object.

    Parameters
    ----------
    epochs : list of Epoch
    target_sigma : float
        Arcsec.
    rng : numpy.random.Generator
        Of the added noise.
    fix_noise : bool
        Add noise of the same level that is sheared the other way.

    Returns
    -------
    dict of str to Shape
        By the names of `SHEARS`.
    """
    weights = np.array([1 / epoch.sigma**2 for epoch in epochs])
    weights /= weights.sum()
    modes, noise = [], []
    for epoch in epochs:
        one = modes_of(epoch, target_sigma)
        modes.append(one._replace(response=epoch.sigma * one.response))
        if fix_noise:
            extra = rng.normal(0, epoch.sigma, epoch.stamp.shape)
            noise.append(modes_of(epoch, target_sigma, True, extra))
    target = target_sigma**2 * np.eye(2)
    centre, moments = np.zeros(2), 1.5 * target
    found, least = {}, 0.5 * target_sigma**2
    for name, (g1, g2) in SHEARS.items():
        # what is not of the round PSF is sheared
        shear = shear_matrix(g1, g2)
        start = centre, shear @ (moments - target) @ shear + target
        shape, end = adaptive(*version(modes, noise, weights, g1, g2, target_sigma), start, least)
        found[name] = shape
        if name == "NOSHEAR" and np.isfinite(shape.e1):
            centre, moments = end
    return found


def psf_moments(epochs):
    """Mean e1, e2 and T of the PSFs of the epochs by adaptive moments in the plane of the sky.

    Weighted as the epochs are; NaN where one fails.
    """
    total, weights = np.zeros(3), 0.0
    for epoch in epochs:
        side = epoch.psf.shape[0]
        k, times = grid(side)
        q = np.linalg.inv(epoch.jacobian).T @ k
        value = np.fft.rfft2(epoch.psf).ravel() * np.exp(1j * (side // 2) * k.sum(0)) * times
        scale = np.sqrt(abs(np.linalg.det(epoch.jacobian)))
        start = np.zeros(2), (1.5 * scale) ** 2 * np.eye(2)
        shape, _ = adaptive(q, value, np.zeros(len(value)), start, 0.2 * scale**2)
        total += np.array([shape.e1, shape.e2, shape.size]) / epoch.sigma**2
        weights += 1 / epoch.sigma**2
    return total / weights
