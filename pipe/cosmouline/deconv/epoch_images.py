"""Exact images of point sources, of a galaxy and of a lattice of Gaussians, in one epoch.

All are made in Fourier space: the transform of each component, which is known in closed form for
any linear map of the reference frame, times the transfer of the narrow PSF on small pixels;
folding the frequencies above those of the pixels onto them bins the small pixels. Nothing is
interpolated, so a rotated, mirrored or rescaled epoch costs the same and is as exact.

Positions are (x, y) in pixels of the image from the centre of the stamp. Point sources and the
galaxy are seen through the Gaussian of FWHM 2 small pixels of STARRED; the Gaussians of the
lattice, which are wider, are not.
"""

from dataclasses import dataclass
from functools import cached_property

from cosmouline import library
from cosmouline.deconv import sersic
from cosmouline.psf.model import TARGET_SIGMA_SMALL

import numpy as np

fft = library("scipy.fft")

PAD_PX = 16  # room around the stamp: light that leaves on one side comes back on the other


@dataclass(frozen=True)
class Geometry:
    """Side of the stamps in pixels, small pixels per pixel, and what follows from them."""

    side_px: int
    upsampling: int

    @cached_property
    def padded_px(self):
        """Side of the padded stamp."""
        return self.side_px + PAD_PX

    @cached_property
    def n_small(self):
        """Side of the padded stamp in small pixels."""
        return self.padded_px * self.upsampling

    @cached_property
    def inside(self):
        """The rows, or columns, of the padded stamp that are those of the stamp."""
        return slice(PAD_PX // 2, PAD_PX // 2 + self.side_px)

    @cached_property
    def frequencies(self):
        """Rows (upsampling, padded) and columns (upsampling, padded // 2 + 1), cycles per grid."""
        of_grid = _cycles(self.n_small)
        bands = self.padded_px * np.arange(self.upsampling)[:, None]
        rows, columns = np.arange(self.padded_px), np.arange(self.padded_px // 2 + 1)
        return of_grid[rows + bands], of_grid[columns + bands]

    @cached_property
    def base_frequencies(self):
        """Rows (padded,) and columns (padded // 2 + 1,) of what the pixels sample."""
        return _cycles(self.padded_px), np.arange(self.padded_px // 2 + 1.0)

    @cached_property
    def phase_per_px(self):
        """Factor of the frequency in the derivative to a shift of one pixel."""
        return -2j * np.pi * self.upsampling / self.n_small

    def small(self, xy_px):
        """Positions on the padded grid of small pixels."""
        centre = PAD_PX // 2 * self.upsampling + (self.side_px * self.upsampling - 1) / 2
        return xy_px * self.upsampling + centre


def transfer_functions(psf, geometry):
    """Fourier transfer of narrow PSFs, with the bands that the pixels fold together side by side.

    The narrow PSFs (n_epochs, m, m) are on small pixels, centred; m is at most
    ``geometry.n_small``. The shape is (n_epochs, upsampling, padded, upsampling, padded // 2 + 1),
    [row band, row, column band, column]; the sum over the bands is the transform of the binned
    image.
    """
    size = geometry.n_small, geometry.n_small
    return _folded((fft.fft2(narrow, s=size) for narrow in psf), psf.shape, geometry)


def width_derivatives(psf, geometry):
    """Derivatives of the `transfer_functions` to the relative width of the PSFs, at 0.

    A PSF p(x) that is wider by w is p(x / (1 + w)) / (1 + w)^2, to first order p - w div(x p).
    """
    size = geometry.n_small, geometry.n_small
    place = np.arange(psf.shape[-1]) - (psf.shape[-1] - 1) / 2
    slope = 2j * np.pi / geometry.n_small * _cycles(geometry.n_small)
    spectra = (-slope[:, None] * fft.fft2(narrow * place[:, None], s=size)
               - slope * fft.fft2(narrow * place, s=size) for narrow in psf)
    return _folded(spectra, psf.shape, geometry)


def _folded(spectra, shape, geometry):
    """Spectra of PSFs (n_epochs, m, m) on small pixels as `transfer_functions`."""
    n_small, up = geometry.n_small, geometry.upsampling
    # Binning and centre of the PSF as factors along each axis
    k = _cycles(n_small)
    binning = np.exp(2j * np.pi * np.outer(k, np.arange(up)) / n_small).mean(1)
    phase = binning * np.exp(1j * np.pi * k * (shape[-1] - 1) / n_small)
    rows, columns = (f.ravel().astype(int) for f in geometry.frequencies)
    folded = np.empty((shape[0], len(rows), len(columns)), complex)
    for epoch, spectrum in enumerate(spectra):
        folded[epoch] = (spectrum * phase[:, None] * phase)[rows][:, columns]
    return folded.reshape(shape[0], up, geometry.padded_px, up, -1)


def base_band(transfer, geometry):
    """One transfer at the frequencies that the pixels sample, (padded, padded // 2 + 1)."""
    rows = np.arange(geometry.padded_px)
    bands = np.where(rows < geometry.padded_px / 2, 0, geometry.upsampling - 1)
    return transfer[bands, rows, 0, :]


def to_pixels(spectrum, geometry):
    """Stamps (..., side, side) of base-band spectra (..., padded, padded // 2 + 1)."""
    rows = fft.ifft(spectrum, axis=-2)[..., geometry.inside, :]
    return fft.irfft(rows, n=geometry.padded_px)[..., geometry.inside]


def point_images(transfer, xy_px, geometry):
    """Images of point sources of flux 1, and their derivatives to x and y.

    At positions (n_sources, 2), through one transfer: (3, n_sources, side, side).
    """
    f_rows, f_columns = geometry.frequencies
    place = geometry.small(xy_px)
    rows = _waves(f_rows, place[:, 1], geometry, TARGET_SIGMA_SMALL)[..., None, None]
    columns = _waves(f_columns, place[:, 0], geometry, TARGET_SIGMA_SMALL)[:, None]
    # The sum over the bands folds the high frequencies, one axis after the other
    slope = geometry.phase_per_px
    half = (transfer * rows).sum(1)
    half_y = (transfer * (rows * slope * f_rows[..., None, None])).sum(1)
    by_x = (half * (columns * slope * f_columns)).sum(2)
    spectra = np.stack([(half * columns).sum(2), by_x, (half_y * columns).sum(2)])
    return to_pixels(spectra, geometry)


def galaxy_spectra(shape, linear, geometry):
    """Spectra of a centred galaxy of flux 1 through one linear map, and four derivatives.

    Its shape is (ln(effective radius in pixels), ln(Sersic index), e1, e2); that of the spectra
    (5, upsampling, padded, upsampling, padded // 2 + 1).
    """
    f_rows, f_columns = geometry.frequencies
    f_rows = f_rows[..., None, None]
    per_px = geometry.upsampling / geometry.n_small
    point = _blur(f_rows, geometry, TARGET_SIGMA_SMALL)
    point = point * _blur(f_columns, geometry, TARGET_SIGMA_SMALL)
    return point * sersic.transform(shape, linear, f_columns * per_px, f_rows * per_px)


def galaxy_images(transfer, spectra, xy_px, geometry):
    """Image of a galaxy of flux 1, and its derivatives to its shape and position.

    From its `galaxy_spectra`, at (x, y), through one transfer: (7, side, side), the image, its
    derivatives to the four numbers of the shape, to x and to y; of the first spectrum alone the
    image and the last two.
    """
    f_rows, f_columns = geometry.frequencies
    place = geometry.small(xy_px)
    rows = _waves(f_rows, place[1:], geometry, 0.0)[0, ..., None, None]
    moved = transfer * rows * _waves(f_columns, place[:1], geometry, 0.0)[0]
    by_shape = (moved * spectra).sum((1, 3))
    centred = moved * spectra[0] * geometry.phase_per_px
    by_x = (centred * f_columns).sum((0, 2))
    by_y = (centred * f_rows[..., None, None]).sum((0, 2))
    return to_pixels(np.concatenate([by_shape, by_x[None], by_y[None]]), geometry)


def node_waves(nodes_px, node_sigma_px, linear, shift_px, geometry):
    """Separable transforms of the Gaussians of a lattice, of flux 1.

    Positions (n_nodes, 2) and sigma are in pixels of the reference frame; the image of x is
    ``linear @ x + shift_px``. Rows (n_nodes, padded) and columns (n_nodes, padded // 2 + 1).

    A map that stretches one axis more than the other makes an ellipse of a round Gaussian; here
    it stays round, of the right area: the maps of real frames are similarities to 1e-3.
    """
    f_rows, f_columns = geometry.base_frequencies
    place = geometry.small(nodes_px @ linear.T + shift_px)
    stretch = np.sqrt(abs(np.linalg.det(linear)))
    sigma = node_sigma_px * geometry.upsampling * stretch
    rows = _waves(f_rows, place[:, 1], geometry, sigma)
    return rows, _waves(f_columns, place[:, 0], geometry, sigma)


def field_images(band, waves, node_flux, geometry):
    """Image of the light of a lattice, and its derivatives to a shift in x and y.

    From the `base_band` of the transfer and the `node_waves`: (3, side, side).
    """
    f_rows, f_columns = geometry.base_frequencies
    rows, columns = waves
    spectrum = band * ((rows * node_flux[:, None]).T @ columns)
    sloped = spectrum * geometry.phase_per_px
    return to_pixels(np.stack([spectrum, sloped * f_columns, sloped * f_rows[:, None]]), geometry)


def node_images(band, waves, geometry):
    """Image of each Gaussian of a lattice, of flux 1, (n_nodes, side, side)."""
    rows, columns = waves
    return to_pixels(band * rows[:, :, None] * columns[:, None, :], geometry)


def on_nodes(stamps, band, waves, geometry):
    """Scalar products (n_nodes, n_stamps) of stamps with the image of each Gaussian of a lattice.

    The adjoint of `node_images` without its ``n_nodes`` images: one transform per stamp and two
    matrix products.
    """
    # Transforms of the stamps; all columns but the first and the last stand for two frequencies
    side = geometry.padded_px
    padded = np.zeros((len(stamps), side, side))
    padded[:, geometry.inside, geometry.inside] = stamps
    columns = np.arange(side // 2 + 1)
    once = (columns == 0) | (2 * columns == side)
    spectra = np.conj(fft.rfft2(padded)) * (band * np.where(once, 1.0, 2.0) / side**2)
    half = waves[0] @ spectra.swapaxes(0, 1).reshape(side, -1)
    half = half.reshape(len(half), len(stamps), -1)
    return np.einsum("jck,jk->jc", half, waves[1]).real


def _cycles(n):
    """Whole numbers of cycles per grid, in the order of the FFT."""
    return np.rint(np.fft.fftfreq(n) * n)  # the product misses whole numbers by its rounding


def _blur(frequency, geometry, sigma_small):
    """Transform of a Gaussian of flux 1."""
    return np.exp(-2 * (np.pi * sigma_small / geometry.n_small) ** 2 * frequency**2)


def _waves(frequency, place_small, geometry, sigma_small):
    """Spectra of Gaussians of flux 1 at positions (n,) along one axis: shape (n, ...)."""
    place = place_small.reshape(-1, *(1,) * frequency.ndim)
    phase = 2 * np.pi / geometry.n_small * place * frequency
    waves = np.empty(phase.shape, complex)
    waves.real, waves.imag = np.cos(phase), -np.sin(phase)  # half the time of a complex exp
    waves *= _blur(frequency, geometry, sigma_small)
    return waves
