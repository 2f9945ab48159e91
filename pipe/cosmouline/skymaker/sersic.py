"""Sersic galaxies, convolved with the point spread function and integrated over the pixels."""

from cosmouline.skymaker.pointspread import window

import numpy as np
from scipy.fft import irfft2, rfft2
from scipy.special import gamma, gammainccinv, gammaincinv

LOST_IN_WINGS = 2e-3  # of the flux of the galaxy, and of its PSF, beyond the drawn square
MAX_HALF_PX = 160  # half of the largest square
N_CELLS = 3  # per pixel and axis: a cusp is right to 2e-4 of the peak at 4 px FWHM, 1e-3 at 2
CUSP_PX = 4.0  # around the centre, the mean of a fine cell is integrated
N_NODES = 8  # Gauss-Legendre nodes per axis of such a cell
N_NODES_CUSP = 40  # of the one at the centre; even, for none may lie on the cusp itself


def density(dx, dy, r_eff_px, n_sersic, axis_ratio, angle_rad):
    """Flux per square pixel of a Sersic galaxy of unit total flux.

    Parameters
    ----------
    dx, dy : ndarray
        Offsets from the centre in pixels; they broadcast.
    r_eff_px : float
        Half-light radius, geometric mean of the two axes.
    n_sersic, axis_ratio, angle_rad : float
        Sersic index, minor over major axis, angle of the major axis from +x to +y.

    Notes
    -----
    Ciotti & Bertin 1999, A&A 352, 447, eqs. 1-4; b is solved for, not approximated.
    """
    # half of the flux lies within r_eff
    b = gammaincinv(2 * n_sersic, 0.5)
    along = np.cos(angle_rad) * dx + np.sin(angle_rad) * dy
    across = np.cos(angle_rad) * dy - np.sin(angle_rad) * dx
    radius = np.sqrt(axis_ratio * along**2 + across**2 / axis_ratio) / r_eff_px
    total = 2 * np.pi * n_sersic * r_eff_px**2 * b ** (-2 * n_sersic) * gamma(2 * n_sersic)
    return np.exp(-b * radius ** (1 / n_sersic)) / total


def radius_px(r_eff_px, n_sersic, axis_ratio, lost):
    """Radius along the major axis that leaves out the fraction `lost` of the flux."""
    b = gammaincinv(2 * n_sersic, 0.5)
    n_radii = (gammainccinv(2 * n_sersic, lost) / b) ** n_sersic
    return n_radii * r_eff_px / np.sqrt(axis_ratio)


def add_galaxy(image, x_px, y_px, flux, psf, shape):
    """Add a galaxy to an image, in place.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
        What falls outside is lost.
    x_px, y_px : float
        Centre, 0-based pixels; it may lie outside.
    flux : float
        Total flux, integrated to infinity. What lies beyond the drawn square is lost (0.2 %,
        more for a galaxy that needs more than `MAX_HALF_PX`).
    psf : pointspread.PointSpread
        At that position.
    shape : tuple of float
        (r_eff_px, n_sersic, axis_ratio, angle_rad) as in `density`.

    Notes
    -----
    The galaxy is averaged over cells finer than a pixel, the PSF sampled on them, and their
    product taken in Fourier space, where the sum of the cells of a pixel is exact. The galaxy is
    centred on a cell; the PSF, which is smooth, carries the shift inside the pixel.
    """
    # a square that holds the galaxy and the wings of the PSF
    half = radius_px(*shape[:3], LOST_IN_WINGS) + psf.radius_px(LOST_IN_WINGS)
    half = int(min(np.ceil(half), MAX_HALF_PX))
    x, y = round(x_px), round(y_px)
    columns, rows = window(image.shape, x_px, y_px, half)
    if columns.size == 0 or rows.size == 0:
        return
    stamp = convolved(half, x_px - x, y_px - y, psf, shape)
    inside = stamp[np.ix_(rows - y + half, columns - x + half)]
    image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += flux * inside


def convolved(half_px, dx_px, dy_px, psf, shape):
    """Galaxy of unit flux in a square of 2 half_px + 1 pixels, its centre off by (dx, dy)."""
    n = (2 * half_px + 1) * N_CELLS
    cells = (np.arange(n) - n // 2) / N_CELLS
    # mean density of the galaxy in each cell: second order Taylor series ...
    galaxy = density(cells[None, :], cells[:, None], *shape)
    middle = galaxy[1:-1, 1:-1]
    around = galaxy[:-2, 1:-1] + galaxy[2:, 1:-1] + galaxy[1:-1, :-2] + galaxy[1:-1, 2:]
    galaxy[1:-1, 1:-1] = middle + (around - 4 * middle) / 24
    # ... near the centre by nodes ...
    near = np.flatnonzero(np.abs(cells) < CUSP_PX)
    nodes, weights = np.polynomial.legendre.leggauss(N_NODES)
    fine = (cells[near, None] + 0.5 * nodes / N_CELLS).ravel()
    light = density(fine[None, :], fine[:, None], *shape)
    light = light.reshape(near.size, N_NODES, near.size, N_NODES)
    galaxy[np.ix_(near, near)] = np.einsum("iajb,a,b->ij", light, 0.5 * weights, 0.5 * weights)
    # ... and in the cell of the cusp by nodes that crowd at its centre as a cube does
    nodes, weights = np.polynomial.legendre.leggauss(N_NODES_CUSP)
    crowded, weights = 0.5 * nodes**3 / N_CELLS, 1.5 * nodes**2 * weights
    cusp = weights @ density(crowded[None, :], crowded[:, None], *shape) @ weights
    galaxy[n // 2, n // 2] = cusp
    kernel = np.fft.ifftshift(psf.density(cells[None, :] - dx_px, cells[:, None] - dy_px))
    # the cells are means already: a pixel of N_CELLS of them has the ratio of the two sincs.
    frequencies = np.fft.fftfreq(n)
    pixel = np.sinc(frequencies * N_CELLS) / np.sinc(frequencies)
    light = rfft2(galaxy) * rfft2(kernel) * pixel[:, None] * pixel[: n // 2 + 1]
    first = N_CELLS // 2
    return irfft2(light, s=(n, n))[first::N_CELLS, first::N_CELLS] / N_CELLS**2
