"""The point spread function, and point sources integrated over the pixels."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gamma

LOBE_SIGMA = 0.30  # of the FWHM: width of the Gaussian lobe
LOBE_OFFSET = 0.40  # of the FWHM: its distance from the Moffat; a Moffat alone cannot fit it
TRAIL_STEP = 0.2  # of the FWHM: steps along a trail, too fine to be seen
LOST_IN_WINGS = 1e-4  # of the flux, beyond the drawn square: a tenth of the promised 0.1 %
MAX_HALF_PX = 500  # half of the largest square; reached only by a beta below about 2.2
FINE_FWHM = 3.0  # half of the square with the fine integration: beyond, the PSF is smooth
N_NODES_CORE, N_NODES_WINGS = 4, 2  # Gauss-Legendre nodes per pixel and axis
FARTHEST = 3.0  # half sides from the centre: beyond, the linear change of the PSF stops
N_NODES_SHARP, SHARP_PX = 8, 2.5  # nodes in the core below this FWHM


@dataclass(frozen=True)
class PointSpread:
    """Elliptical Moffat and Gaussian lobe, trailed, doubled by a jump; unit integral.

    The light centre is at (0, 0): the Moffat and the lobe lie on opposite sides of it, and the
    trail is symmetric about it. `e1`, `e2` are (1 - b/a) times cos and sin of twice the angle of
    the major axis; `fwhm_px` is the geometric mean of the two axes of the Moffat. A jump of the
    guiding puts `double_fraction` of the light at `double_px` from the rest.
    """

    fwhm_px: float
    beta: float
    e1: float = 0.0
    e2: float = 0.0
    lobe_fraction: float = 0.0
    lobe_angle_deg: float = 0.0
    trail_px: tuple = (0.0, 0.0)
    double_px: tuple = (0.0, 0.0)
    double_fraction: float = 0.0

    @property
    def axes_px(self):
        """Moffat radii (alpha) along the major and the minor axis."""
        alpha = self.fwhm_px / (2 * np.sqrt(2 ** (1 / self.beta) - 1))
        stretch = np.sqrt(1 - np.hypot(self.e1, self.e2))
        return alpha / stretch, alpha * stretch

    def density(self, dx, dy):
        """Flux per square pixel at offsets (dx, dy) in pixels, which broadcast."""
        if self.double_fraction:
            # both positions, on opposite sides of the light centre
            single, second = replace(self, double_fraction=0.0), self.double_fraction
            (x, y), first = self.double_px, 1 - second
            return (first * single.density(dx + second * x, dy + second * y)
                    + second * single.density(dx - first * x, dy - first * y))
        # the lobe and the Moffat lie on opposite sides of the light centre
        angle = np.radians(self.lobe_angle_deg)
        lobe_x = LOBE_OFFSET * self.fwhm_px * np.cos(angle)
        lobe_y = LOBE_OFFSET * self.fwhm_px * np.sin(angle)
        fraction, rest = self.lobe_fraction, 1 - self.lobe_fraction
        variance = (LOBE_SIGMA * self.fwhm_px) ** 2
        # the mean over steps along the trail, one step without a trail
        n_steps = 1 + int(np.ceil(np.hypot(*self.trail_px) / (TRAIL_STEP * self.fwhm_px)))
        total = 0.0
        for step in (np.arange(n_steps) + 0.5) / n_steps - 0.5:
            x, y = dx - step * self.trail_px[0], dy - step * self.trail_px[1]
            light = rest * self._moffat(x + fraction * lobe_x, y + fraction * lobe_y)
            if fraction:
                from_lobe2 = (x - rest * lobe_x) ** 2 + (y - rest * lobe_y) ** 2
                light = light + fraction * (
                    np.exp(-0.5 * from_lobe2 / variance) / (2 * np.pi * variance))
            total = total + light
        return total / n_steps

    def _moffat(self, dx, dy):
        """Elliptical Moffat of unit integral."""
        major, minor = self.axes_px
        angle = 0.5 * np.arctan2(self.e2, self.e1)
        along = (np.cos(angle) * dx + np.sin(angle) * dy) / major
        across = (np.cos(angle) * dy - np.sin(angle) * dx) / minor
        # of unit integral
        peak = (self.beta - 1) / (np.pi * major * minor)
        return peak * (1 + along**2 + across**2) ** -self.beta

    def radius_px(self, lost):
        """Radius that leaves out the fraction `lost` of the Moffat, half the trail added."""
        n_alphas = np.sqrt(lost ** (1 / (1 - self.beta)) - 1)
        return self.axes_px[0] * n_alphas + self.spread_px

    @property
    def spread_px(self):
        """Half of the trail, and the jump of the guiding."""
        jump = np.hypot(*self.double_px) if self.double_fraction else 0.0
        return 0.5 * np.hypot(*self.trail_px) + jump

    def line_density(self, distance_px):
        """Flux per square pixel of a long straight line, 1 e- per pixel of its length.

        The Moffat alone, taken as round, integrated along the line: a power beta - 1/2 of the
        same radius.
        """
        alpha = np.sqrt(np.prod(self.axes_px))
        peak = (self.beta - 1) * gamma(self.beta - 0.5) / (
            gamma(self.beta) * np.sqrt(np.pi) * alpha)
        return peak * (1 + (distance_px / alpha) ** 2) ** (0.5 - self.beta)


def local_point_spread(telescope, frame, x_px, y_px, colour_mag=None):
    """`PointSpread` of a frame at a position: that at the centre, and its change over the field.

    With a colour, its width follows the telescope's `width_per_colour`.
    """
    # -1 to 1 from edge to edge; the change stops far outside the frame
    field = np.array([2 * x_px / (telescope.nx - 1) - 1, 2 * y_px / (telescope.ny - 1) - 1])
    field = np.clip(field, -FARTHEST, FARTHEST)
    angle = np.radians(2 * frame.pa_deg)
    centre = frame.ellipticity * np.array([np.cos(angle), np.sin(angle)])
    e1, e2 = centre + np.array(frame.ellipticity_gradient) @ field
    x, y = np.clip(field, -1, 1)  # a parabola is not continued beyond the edges
    fwhm_arcsec = frame.fwhm_arcsec * (1 + np.dot(frame.fwhm_gradient, field)
                                       + np.dot(frame.fwhm_quadratic, (x * x, x * y, y * y)))
    if colour_mag is not None:
        from_pivot = colour_mag - telescope.colour_pivot_mag
        fwhm_arcsec *= 1 + telescope.width_per_colour * from_pivot
    return PointSpread(float(fwhm_arcsec) / telescope.pixel_scale_arcsec, frame.moffat_beta,
                       float(e1), float(e2), frame.lobe_fraction, frame.lobe_angle_deg,
                       frame.trail_px, frame.double_px, frame.double_fraction)


def pixel_integrals(psf, columns_px, rows_px, n_nodes):
    """Flux of a unit source in each pixel, shape (ny, nx), by Gauss-Legendre integration.

    `columns_px` and `rows_px` are the centres of the pixels, relative to the source; `n_nodes`
    counts per pixel and axis.
    """
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    dx = (columns_px[:, None] + 0.5 * nodes).ravel()
    dy = (rows_px[:, None] + 0.5 * nodes).ravel()
    light = psf.density(dx[None, :], dy[:, None])
    light = light.reshape(rows_px.size, n_nodes, columns_px.size, n_nodes)
    return np.einsum("iajb,a,b->ij", light, 0.5 * weights, 0.5 * weights)


def add_point(image, x_px, y_px, flux, psf):
    """Add a point source to an image, in place.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
        What falls outside is lost.
    x_px, y_px : float
        Light centre, 0-based pixels; it may lie outside.
    flux : float
        Total flux, integrated to infinity.
    psf : PointSpread
        At that position.
    """
    half_wings = min(psf.radius_px(LOST_IN_WINGS), MAX_HALF_PX)
    half_core = FINE_FWHM * psf.fwhm_px + psf.spread_px
    n_core = N_NODES_SHARP if psf.fwhm_px < SHARP_PX else N_NODES_CORE
    columns, rows = window(image.shape, x_px, y_px, half_wings)
    inner_columns, inner_rows = window(image.shape, x_px, y_px, half_core)
    if columns.size == 0 or rows.size == 0:
        return
    # few nodes for the wings, more for the core, where the light changes within a pixel
    stamp = pixel_integrals(psf, columns - x_px, rows - y_px, N_NODES_WINGS)
    if inner_columns.size and inner_rows.size:
        core = pixel_integrals(psf, inner_columns - x_px, inner_rows - y_px, n_core)
        stamp[np.ix_(inner_rows - rows[0], inner_columns - columns[0])] = core
    image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += flux * stamp


def add_line(image, x_px, y_px, flux, psf):
    """Add a straight trail that crosses the image, in place; `flux` is that of `psf.trail_px`."""
    length = np.hypot(*psf.trail_px)
    nodes, weights = np.polynomial.legendre.leggauss(N_NODES_CORE)
    rows, columns = np.indices(image.shape)
    # distance from the line at each node of each pixel
    for node_y, weight_y in zip(0.5 * nodes, 0.5 * weights, strict=True):
        for node_x, weight_x in zip(0.5 * nodes, 0.5 * weights, strict=True):
            across = ((columns + node_x - x_px) * psf.trail_px[1]
                      - (rows + node_y - y_px) * psf.trail_px[0]) / length
            image += weight_x * weight_y * flux / length * psf.line_density(across)


def window(shape, x_px, y_px, half_px):
    """Columns and rows (arrays of int) of the square around a position that lie in an image."""
    half = int(np.ceil(half_px))
    x, y = round(x_px), round(y_px)
    columns = np.arange(max(x - half, 0), min(x + half + 1, shape[1]))
    rows = np.arange(max(y - half, 0), min(y + half + 1, shape[0]))
    return columns, rows
