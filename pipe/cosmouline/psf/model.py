"""Model of a star on the CCD: a narrow PSF on a finer grid, shifted, blurred and binned."""

from dataclasses import dataclass

from cosmouline.sources.moments import FWHM_PER_SIGMA

import numpy as np

TARGET_FWHM_SMALL = 2.0  # FWHM in small pixels of the Gaussian that samples the star: STARRED's
TARGET_SIGMA_SMALL = TARGET_FWHM_SMALL / FWHM_PER_SIGMA
STEEPEST_FIELD = 0.9  # largest |(e1, e2)| of a star of a field with gradient: below 1 = a line
N_LINEAR, N_QUADRATIC = 10, 13  # Moffat parameters of all stars; a quadratic is of the width alone
OUTSIDE_SAMPLING = 8  # points per pixel and axis of the box integral of the Moffat
LARGEST_OUTSIDE = 0.5  # a flatter Moffat fit knows nothing of the flux outside its stamp


@dataclass(frozen=True, eq=False)
class Psf:
    """The PSF of one image: a Moffat plus a grid of residuals, on small pixels.

    Parameters
    ----------
    moffat : ndarray of float, shape (4,)
        ln(FWHM in pixels), e1, e2, ln(beta) of the narrow Moffat at the centre of the field.
    gradient : ndarray of float, shape (3, 2) or (3, 5), or None
        Change of the first three per unit of the `field_terms`; None: constant.
    residual : ndarray of float, shape (n_small, n_small)
        What is added to the Moffat of unit peak, ``n_small = side_px * upsampling``. The same
        everywhere in the field.
    upsampling : int
        Small pixels per pixel.
    side_px : int
        Side of the star stamps the PSF was made from.

    Notes
    -----
    STARRED's convention (Michalewicz et al. 2023, JOSS 8, 5340, Millon et al. 2024, AJ 168, 55):
    a star is the narrow PSF, convolved with a Gaussian of FWHM 2 small pixels, and averaged over
    ``upsampling x upsampling`` small pixels. What is narrow is therefore narrower than a star.
    """

    moffat: np.ndarray
    gradient: np.ndarray | None
    residual: np.ndarray
    upsampling: int
    side_px: int

    def narrow(self, uv=None):
        """Narrow PSF of sum 1.

        Parameters
        ----------
        uv : array_like of float, shape (2,) or (n, 2), optional
            Field coordinates (see `field_coordinates`); default: the centre of the field.

        Returns
        -------
        ndarray of float, shape (n_small, n_small), or (n, n_small, n_small) for several positions
        """
        parameters = star_parameters(self.moffat, self.gradient, uv)
        image = moffat(parameters, self.side_px * self.upsampling, self.upsampling,
                       self.field_log_fwhm)
        image = image + self.residual
        return image / image.sum((-2, -1), keepdims=True)

    @property
    def field_log_fwhm(self):
        """ln(FWHM) at the centre of a field that varies (`moffat`), else None."""
        return None if self.gradient is None else self.moffat[0]

    @property
    def fwhm_px(self):
        """FWHM of the narrow Moffat, in pixels (see `star_fwhm_px` for that of a star)."""
        return float(np.exp(self.moffat[0]))

    @property
    def star_fwhm_px(self):
        """FWHM of a star on the CCD, mean of the axes, in pixels: Moffat and sampling Gaussian."""
        e = np.hypot(self.moffat[1], self.moffat[2])
        narrow_px = self.fwhm_px / (1 - e**2) ** 0.25
        return float(np.hypot(narrow_px, TARGET_FWHM_SMALL / self.upsampling))

    @property
    def curvature(self):
        """Rms over the field of the part of ln(FWHM) that is quadratic; None without one."""
        if self.gradient is None or self.gradient.shape[1] == 2:
            return None
        # of u, v even between -1 and 1: a Legendre polynomial each, and a product
        square_u, product, square_v = self.gradient[0, 2:]
        return float(np.sqrt(4 / 45 * (square_u**2 + square_v**2) + product**2 / 9))

    @property
    def ellipticity(self):
        """1 - b/a of the narrow Moffat."""
        e = np.hypot(self.moffat[1], self.moffat[2])
        return float(1 - np.sqrt((1 - e) / (1 + e)))

    @property
    def outside(self):
        """Fraction of the flux of the Moffat that falls outside the stamp."""
        return moffat_outside(self.moffat, self.side_px)


def field_coordinates(position_px, shape):
    """Field coordinates (u, v): -1 at the first edge and 1 at the last edge of a frame.

    Parameters
    ----------
    position_px : array_like of float, shape (2,) or (n, 2)
        (x, y) in the frame.
    shape : (ny, nx)
        Shape of the frame.

    Returns
    -------
    ndarray of float, of the shape of `position_px`
    """
    ny, nx = shape
    return 2 * np.asarray(position_px, dtype=float) / np.array([nx, ny]) - 1


def field_terms(uv, n_terms):
    """Terms u, v, and with 5 of them u^2, uv, v^2, at field coordinates (..., 2)."""
    u, v = np.moveaxis(np.asarray(uv, dtype=float), -1, 0)
    return np.stack([u, v, u * u, u * v, v * v][:n_terms], -1)


def varying_terms(n_terms):
    """Pairs (Moffat parameter, term) that are free with so many `field_terms`, a list."""
    return [(k, c) for k in range(3) for c in range(2)] + [(0, c) for c in range(2, n_terms)]


def with_field_slopes(slopes, uv, n_terms):
    """Return derivatives (3 or more, n, ...) to the Moffat, and behind them those to its change.

    `uv` (n, 2) are field coordinates; the change is that of `varying_terms`, in their order.
    """
    terms = field_terms(uv, n_terms).astype(slopes.dtype)
    along = [slopes[k] * terms[:, c, None, None] for k, c in varying_terms(n_terms)]
    return np.concatenate([slopes, along])


def gradient_of(theta):
    """Gradient (3, 2) or (3, 5), or None, of the 4, 10 or 13 parameters that all stars share."""
    if len(theta) < N_LINEAR:
        return None
    gradient = np.zeros((3, 2 if len(theta) == N_LINEAR else 5))
    pairs = varying_terms(gradient.shape[1])
    gradient[tuple(np.transpose(pairs))] = theta[4:]
    return gradient


def star_parameters(parameters, gradient, uv):
    """Moffat parameters at positions in the field.

    Parameters
    ----------
    parameters, gradient
        `Psf.moffat` and `Psf.gradient`.
    uv : array_like of float, shape (2,) or (n, 2), or None
        Field coordinates; None means the centre.

    Returns
    -------
    ndarray of float, shape (4,) or (n, 4)
    """
    parameters = np.asarray(parameters, dtype=float)
    if uv is None:
        return parameters
    uv = np.asarray(uv, dtype=float)
    at = np.tile(parameters, (*uv.shape[:-1], 1))
    if gradient is not None:
        at[..., :3] += field_terms(uv, np.shape(gradient)[1]) @ np.asarray(gradient).T
        at[..., 1:3] = limit_ellipticity(at[..., 1:3], STEEPEST_FIELD)
    return at


def limit_ellipticity(e1_e2, largest):
    """Shorten (e1, e2) to a length of at most `largest`, keeping the direction."""
    length = np.sqrt((e1_e2**2).sum(-1, keepdims=True))
    return e1_e2 * np.minimum(1.0, largest / np.maximum(length, largest))


def moffat(parameters, n_small, upsampling, field_log_fwhm=None):
    """Elliptical Moffat of unit peak, centred on the grid of small pixels.

    Parameters
    ----------
    parameters : ndarray of float, shape (..., 4)
        ln(FWHM in pixels), e1, e2, ln(beta).
    n_small : int
        Side of the grid in small pixels; its centre is ``(n_small - 1) / 2``.
    upsampling : int
        Small pixels per pixel.
    field_log_fwhm : float, optional
        ln(FWHM in pixels) at the centre of a field that varies. What is wider than there by g is
        so as a star is seen, with the Gaussian that samples it: the narrow Moffat is wider by g,
        and blurred by the rest of the Gaussian, of g^2 - 1 times its variance, to first order.

    Returns
    -------
    ndarray of float, shape (..., n_small, n_small)

    Notes
    -----
    ``(1 + q)^-beta`` with ``q = ((1 + e1) x^2 + (1 - e1) y^2 + 2 e2 x y) / alpha^2`` and ``alpha``
    from FWHM and beta (Moffat 1969, A&A 3, 455). 1 - b/a = ``1 - sqrt((1 - e) / (1 + e))``.
    """
    q, _, beta, *_ = _moffat_terms(parameters, n_small, upsampling)
    image = np.exp(-beta * np.log1p(q))
    if field_log_fwhm is None:
        return image
    growth2 = _growth2(parameters, field_log_fwhm)
    return image + 0.5 * TARGET_SIGMA_SMALL**2 * (growth2 - 1) * _laplacian(image)


def moffat_derivatives(parameters, n_small, upsampling, field_log_fwhm=None):
    """Elliptical Moffat of unit peak, and its derivatives by the four parameters.

    Parameters as `moffat`.

    Returns
    -------
    image : ndarray of float, shape (..., n_small, n_small)
    derivatives : ndarray of float, shape (4, ..., n_small, n_small)
    """
    q, per_alpha2, beta, gamma, x, y = _moffat_terms(parameters, n_small, upsampling)
    log = np.log1p(q)
    image = np.exp(-beta * log)
    slope = -beta * image / (1 + q)
    # by ln(beta) at a given FWHM: alpha changes with beta
    by_beta = beta * (-image * log - slope * q * np.log(2) * (gamma + 1) / (beta**2 * gamma))
    by_e1 = slope * (x * x - y * y) * per_alpha2
    by_e2 = slope * (2 * x * y) * per_alpha2
    slopes = np.stack([-2 * q * slope, by_e1, by_e2, by_beta])
    if field_log_fwhm is not None:
        growth2, change = _growth2(parameters, field_log_fwhm), _laplacian(image)
        blur = 0.5 * TARGET_SIGMA_SMALL**2 * (growth2 - 1)
        image, slopes = image + blur * change, slopes + blur * _laplacian(slopes)
        slopes[0] += TARGET_SIGMA_SMALL**2 * growth2 * change
    return image, slopes


def _growth2(parameters, field_log_fwhm):
    """Square of the width relative to that at the centre of the field, (..., 1, 1)."""
    return np.exp(2 * (np.asarray(parameters)[..., 0, None, None] - field_log_fwhm))


def _laplacian(image):
    """Sum of the second differences along both axes of images (..., n, n), 0 at their edges."""
    found = np.zeros_like(image)
    inner = image[..., 1:-1, 1:-1]
    found[..., 1:-1, 1:-1] = (image[..., 2:, 1:-1] + image[..., :-2, 1:-1] + image[..., 1:-1, 2:]
                              + image[..., 1:-1, :-2] - 4 * inner)
    return found


def _moffat_terms(parameters, n_small, upsampling):
    """Return the quadratic form q, 1/alpha^2, beta, 2^(1/beta) - 1, and the coordinates x, y."""
    parameters = np.asarray(parameters, dtype=float)
    log_fwhm, e1, e2, log_beta = (parameters[..., k, None, None] for k in range(4))
    beta = np.exp(log_beta)
    gamma = 2 ** (1 / beta) - 1
    per_alpha2 = 4 * gamma / (np.exp(log_fwhm) * upsampling) ** 2
    axis = np.arange(n_small) - (n_small - 1) / 2
    x, y = axis[None, :], axis[:, None]
    # alpha from the FWHM: q = 2^(1/beta) - 1 at half maximum of a round Moffat
    q = ((1 + e1) * x * x + (1 - e1) * y * y + 2 * e2 * x * y) * per_alpha2
    return q, per_alpha2, beta, gamma, x, y


def moffat_outside(parameters, side_px):
    """Fraction of the flux of a Moffat outside a square of `side_px` pixels centred on it.

    Parameters
    ----------
    parameters : ndarray of float, shape (4,)
        ln(FWHM in pixels), e1, e2, ln(beta).
    side_px : int

    Returns
    -------
    float, in 0 .. 0.5

    Notes
    -----
    Total flux by the integral ``pi alpha^2 / ((beta - 1) sqrt(1 - e1^2 - e2^2))``.
    """
    log_fwhm, e1, e2, log_beta = (float(value) for value in parameters)
    beta = np.exp(log_beta)
    alpha2 = np.exp(2 * log_fwhm) / (4 * (2 ** (1 / beta) - 1))
    # the total by the integral, the inside by a sum over fine pixels
    total = np.pi * alpha2 / (beta - 1) / np.sqrt(max(1 - e1**2 - e2**2, 1e-3))
    inside = moffat(parameters, side_px * OUTSIDE_SAMPLING, OUTSIDE_SAMPLING).sum()
    return float(np.clip(1 - inside / OUTSIDE_SAMPLING**2 / total, 0, LARGEST_OUTSIDE))


def shift_operator(offset_px, side_px, upsampling, derivative=False):
    """Matrices that shift one axis of a narrow PSF, blur it and bin it to pixels.

    Parameters
    ----------
    offset_px : array_like of float, shape (n,)
        Offset of each star from the centre of its stamp along this axis.
    side_px : int
        Side of the stamps.
    upsampling : int
        Small pixels per pixel.
    derivative : bool
        Also return the derivatives with respect to the offsets.

    Returns
    -------
    operator : ndarray of float, shape (n, side_px, side_px * upsampling)
    slope : ndarray of float, of the same shape; only with `derivative`

    Notes
    -----
    ``operator[i, q]`` is the mean over the small pixels j of pixel i of the Gaussian at
    ``j - q - upsampling * offset``. It depends on i and q through ``upsampling * i - q`` alone, so
    the Gaussian is computed once per lag and star.
    """
    offset_px = np.asarray(offset_px, dtype=float)
    n_small = side_px * upsampling
    # Gaussian at every lag, then the mean over the small pixels of each pixel
    lag = np.arange(2 * n_small - 1) - (n_small - 1) - upsampling * offset_px[:, None]
    gauss = np.exp(-0.5 * (lag / TARGET_SIGMA_SMALL) ** 2)
    gauss /= TARGET_SIGMA_SMALL * np.sqrt(2 * np.pi)
    # where upsampling * i - q stands in the list of lags
    index = upsampling * np.arange(side_px)[:, None] - np.arange(n_small) + n_small - 1
    operator = _binned(gauss, upsampling)[:, index]
    if not derivative:
        return operator
    slope = gauss * lag * (upsampling / TARGET_SIGMA_SMALL**2)
    return operator, _binned(slope, upsampling)[:, index]


def _binned(values, upsampling):
    """Return the mean over each run of `upsampling` neighbours along the last axis."""
    # no cumulative sum: its rounding would grow along the axis
    n_runs = values.shape[-1] - upsampling + 1
    return sum(values[..., k : k + n_runs] for k in range(upsampling)) / upsampling


def render(narrow, offset_px, side_px, upsampling):
    """Stars of unit flux in pixels.

    Parameters
    ----------
    narrow : ndarray of float, shape (n_small, n_small) or (n, n_small, n_small)
        Narrow PSF, the same for all stars or one per star. The sum of a star is the sum of
        `narrow`, but for what falls outside the stamp.
    offset_px : array_like of float, shape (n, 2)
        (x, y) of each star from the centre of its stamp, ``(side_px - 1) / 2``.
    side_px, upsampling : int
        Side of the stamps, small pixels per pixel.

    Returns
    -------
    ndarray of float, shape (n, side_px, side_px)
    """
    offset_px = np.asarray(offset_px, dtype=float).reshape(-1, 2)
    rows = shift_operator(offset_px[:, 1], side_px, upsampling)
    cols = shift_operator(offset_px[:, 0], side_px, upsampling)
    return upsampling**2 * rows @ narrow @ cols.swapaxes(1, 2)


def pad_narrow(narrow, n_small):
    """Narrow PSF in a larger (padded with zeros) or smaller (cropped) square.

    Parameters
    ----------
    narrow : ndarray of float, shape (..., m, m)
        Narrow PSF, or draws of it.
    n_small : int
        The new side in small pixels, even where m is even so that the centre stays.

    Returns
    -------
    ndarray of float, shape (..., n_small, n_small)

    Raises
    ------
    ValueError
        If `n_small` and the old side are not both even or both odd.
    """
    change = n_small - narrow.shape[-1]
    if change % 2:
        raise ValueError("n_small must be even or odd as the side of narrow is: "
                         f"{n_small}, {narrow.shape[-1]}")
    if change < 0:
        cut = slice(-change // 2, change // 2)
        return narrow[..., cut, cut]
    edge = change // 2
    return np.pad(narrow, [(0, 0)] * (narrow.ndim - 2) + [(edge, edge)] * 2)
