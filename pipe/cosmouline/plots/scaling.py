"""Limits and stretches: which value becomes which shade, and where an axis ends."""

import numpy as np
from matplotlib import colors

MAD_TO_SIGMA = 1.4826  # 1 / Phi^-1(3/4): Gaussian sigma per median absolute deviation
BORDER_PX = 300  # f2n leaves this border out ...
BORDER_MIN_SIDE_PX = 900  # ... of images larger than this
CLIP_SIGMAS = 2.0  # f2n's clip for the sky
LOW_SIGMAS = 3.0  # black (here white) is this far below the sky
HIGH_PERCENTILE = 99.95  # f2n's upper cut
LEAST_SIGMAS = 150.0  # with the log stretch the sky is then in the lightest quarter
MAX_SAMPLE_PX = 1_000_000  # more pixels do not move the percentiles
FEW, FEW_REACH = 50, 8.0  # below this number, values within 8 quartile ranges are not wild
STRETCHES = ("log", "asinh", "linear")


def finite(values):
    """Flat float array of the finite values; masked and non-finite ones are left out."""
    values = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan).ravel()
    return values[np.isfinite(values)]


def root_mean_square(values):
    """Root mean square of the finite values about zero; NaN if there is none."""
    values = finite(values)
    return float(np.sqrt(np.mean(values**2))) if values.size else np.nan


def frame_limits(image, least_sigmas=LEAST_SIGMAS):
    """Cuts (z1, z2) for the picture of a frame, as f2n finds them.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
        In any unit. NaN pixels are left out.
    least_sigmas : float
        The upper cut is at least so many sigma above the sky.

    Returns
    -------
    z1, z2 : float
        Clipped median minus 3 sigma of the sky, and the 99.95th percentile. Always z1 < z2;
        (0, 1) where no pixel is finite.

    Notes
    -----
    Differs from f2n: a million pixels on a regular grid where f2n takes 10 000 (whose upper
    percentile rests on 5 pixels), no cut at 65 000, which means nothing in electrons, and the
    least height, without which the noise fills the picture of a field of faint stars.
    """
    pixels = finite(_sample(np.asanyarray(image)))
    if pixels.size == 0:
        return 0.0, 1.0
    level, sigma = _clipped_sky(pixels)
    high = max(np.percentile(pixels, HIGH_PERCENTILE), level + least_sigmas * sigma)
    return _widen(level - LOW_SIGMAS * sigma, high)


def _sample(image):
    """Every n-th pixel of the inner part of an image."""
    if image.ndim == 2 and min(image.shape) > BORDER_MIN_SIDE_PX:
        image = image[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    step = int(np.ceil(np.sqrt(max(image.size, 1) / MAX_SAMPLE_PX)))
    return image[tuple(slice(None, None, step) for _ in image.shape)]


def _clipped_sky(pixels):
    """Median and standard deviation after one clip around the median."""
    level = np.median(pixels)
    spread = MAD_TO_SIGMA * np.median(np.abs(pixels - level))
    kept = pixels[np.abs(pixels - level) <= CLIP_SIGMAS * spread]
    return np.median(kept), kept.std()


def _widen(low, high):
    """Two floats, apart by at least a millionth of their size."""
    least = max(1e-6 * max(abs(low), abs(high)), 1e-12)
    return float(low), float(max(high, low + least))


def stretch_norm(z1, z2, stretch="log", knee=None):
    """Matplotlib norm that turns values between z1 and z2 into shades.

    Parameters
    ----------
    z1, z2 : float
        The cuts; values beyond them get the first and the last shade.
    stretch : {"log", "asinh", "linear"}
        ``log`` is f2n's: log10(10 + 990 u) with u = 0..1 between the cuts, two decades. ``asinh``
        is linear up to the knee and logarithmic from there.
    knee : float, optional
        For ``asinh``, above z1 and in the unit of the values; None: a fiftieth of the range.

    Raises
    ------
    ValueError
        If `stretch` is none of these.
    """
    if stretch not in STRETCHES:
        raise ValueError(f"stretch must be one of {', '.join(STRETCHES)}, not '{stretch}'")
    z1, z2 = _widen(z1, z2)
    if stretch == "linear":
        return colors.Normalize(z1, z2, clip=True)
    if stretch == "asinh":
        slope = (z2 - z1) / knee if knee else 50.0
        return _shape_norm(z1, z2, lambda u: np.arcsinh(slope * u), lambda v: np.sinh(v) / slope)
    return _shape_norm(
        z1, z2, lambda u: np.log10(10 + 990 * u), lambda v: (np.power(10.0, v) - 10) / 990
    )


def _shape_norm(z1, z2, shape, unshape):
    """Norm from a function of u = 0..1 and its inverse."""

    def forward(value):
        return shape(np.clip((value - z1) / (z2 - z1), 0.0, 1.0))

    def inverse(value):
        return z1 + (z2 - z1) * unshape(value)

    return colors.FuncNorm((forward, inverse), vmin=z1, vmax=z2, clip=True)


def symmetric_limit(values, percentile=99.0, minimum=1e-12):
    """Limit for residuals about 0: the percentile of ``|values|``, at least `minimum`.

    NaN and masked values are left out; 1 where nothing is left (and at least `minimum`).
    """
    size = np.abs(finite(values))
    return float(max(np.percentile(size, percentile) if size.size else 1.0, minimum))


def colour_limits(values, low=2.0, high=98.0):
    """Percentile limits for a colour scale, never equal; (0, 1) without finite values."""
    values = finite(values)
    if values.size == 0:
        return 0.0, 1.0
    return _apart(*np.percentile(values, (low, high)))


def _apart(low, high, fraction=0.01):
    """Two limits, moved apart where they coincide."""
    if high > low:
        return float(low), float(high)
    half = max(abs(low) * fraction, 1e-6)
    return float(low - half), float(high + half)


def padded_limits(values, fraction=0.03, least=1e-6):
    """Limits of an axis, at least `least` wide: all finite values plus a margin; or (0, 1)."""
    values = finite(values)
    if values.size == 0:
        return 0.0, 1.0
    low, high = values.min(), values.max()
    pad = fraction * (high - low) + max(0.0, least - (high - low)) / 2
    return float(low - pad), float(high + pad)


def robust_limits(values, least=0.0, reach=0.5, fraction=0.06):
    """Limits of an axis that a few wild values cannot spoil.

    Parameters
    ----------
    values : array of float
        NaN and masked values are left out.
    least : float
        Smallest width.
    reach : float
        Values further out than this part of the 2-98 % range beyond its ends stay outside.
    fraction : float
        Margin on both sides, as a part of the width.

    Returns
    -------
    low, high : float
        (0, 1) where no value is finite.
    """
    values = finite(values)
    if values.size == 0:
        return 0.0, 1.0
    # few values have no tails to tell apart from wild ones: the quartiles, and a long reach
    low, high = np.percentile(values, (2, 98) if values.size >= FEW else (25, 75))
    reach = (reach if values.size >= FEW else FEW_REACH) * (high - low) + least / 2
    inside = values[(values >= low - reach) & (values <= high + reach)]
    return padded_limits(inside, fraction, least=max(least, 1e-9 * abs(high), 1e-12))


def bin_image(image, factor):
    """Mean of blocks of `factor` x `factor` pixels; NaN pixels are left out of their block.

    Rows and columns that do not fill a block are dropped. A block without a finite pixel is NaN.
    """
    image = np.asarray(image)
    if factor == 1:
        return image
    ny, nx = (side // factor for side in image.shape)
    blocks = image[: ny * factor, : nx * factor].reshape(ny, factor, nx, factor)
    is_finite = np.isfinite(blocks)
    count = is_finite.sum(axis=(1, 3))
    total = np.where(is_finite, blocks, 0).sum(axis=(1, 3), dtype=float)
    return np.where(count, total / np.maximum(count, 1), np.nan)


def shrink(image, max_side_px):
    """Bin an image by the mean to about a size; returns the image and the factor."""
    factor = min(int(np.ceil(max(image.shape) / max_side_px)), min(image.shape))
    return bin_image(image, factor), factor
