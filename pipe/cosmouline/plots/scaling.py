"""Limits and stretches: which value becomes which shade, and where an axis ends."""

from cosmouline import library
from cosmouline.robust import mad_sigma

import numpy as np

colors = library("matplotlib.colors")

BORDER_PX = 300  # f2n leaves this border out ...
BORDER_MIN_SIDE_PX = 900  # ... of images larger than this
CLIP_SIGMAS = 2.0  # f2n's clip for the sky
LOW_SIGMAS = 3.0  # black (here white) is this far below the sky
HIGH_PERCENTILE = 99.95  # f2n's upper cut
LEAST_SIGMAS = 150.0  # with the log stretch the sky is then in the lightest quarter
MAX_SAMPLE_PX = 1_000_000  # more pixels do not move the percentiles
FEW, FEW_DISTANCE = 50, 8.0  # of fewer values, only those 8 quartile ranges away are outliers
SAME = 1e-9  # values closer than this, as a fraction of them, are equal
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
    image = np.asanyarray(image)
    if image.ndim == 2 and min(image.shape) > BORDER_MIN_SIDE_PX:
        image = image[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    # every n-th pixel of the inner frame
    step = int(np.ceil(np.sqrt(max(image.size, 1) / MAX_SAMPLE_PX)))
    pixels = finite(image[(slice(None, None, step),) * image.ndim])
    if pixels.size == 0:
        return 0.0, 1.0
    # median and standard deviation of the sky after one clip around the median
    level = np.median(pixels)
    sky = pixels[np.abs(pixels - level) <= CLIP_SIGMAS * mad_sigma(pixels)]
    level, sigma = np.median(sky), sky.std()
    high = max(np.percentile(pixels, HIGH_PERCENTILE), level + least_sigmas * sigma)
    return _widen(level - LOW_SIGMAS * sigma, high)


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
    slope = (z2 - z1) / knee if knee else 50.0

    # u goes from 0 to 1 between the cuts
    def forward(value):
        u = np.clip((value - z1) / (z2 - z1), 0.0, 1.0)
        return np.arcsinh(slope * u) if stretch == "asinh" else np.log10(10 + 990 * u)

    def inverse(shade):
        u = np.sinh(shade) / slope if stretch == "asinh" else (np.power(10.0, shade) - 10) / 990
        return z1 + (z2 - z1) * u

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
    low, high = np.percentile(values, (low, high))
    # equal limits move apart by 1 % on both sides
    half = 0.0 if high > low else max(abs(low) * 0.01, 1e-6)
    return float(low - half), float(high + half)


def padded_limits(values, fraction=0.03, least=1e-6):
    """Limits of an axis, at least `least` wide: all finite values plus a margin; or (0, 1)."""
    values = finite(values)
    if values.size == 0:
        return 0.0, 1.0
    low, high = values.min(), values.max()
    size = max(abs(low), abs(high))
    if high - low <= SAME * size and least <= max(1e-6, SAME * size):
        least = 2 * min(0.05 * size, 2.0) or 1.0  # equal values: ticks that can be read
    pad = fraction * (high - low) + max(0.0, least - (high - low)) / 2
    return float(low - pad), float(high + pad)


def robust_limits(values, least=0.0, distance=0.5, fraction=0.06):
    """Limits of an axis that a few outliers cannot widen.

    Parameters
    ----------
    values : array of float
        NaN and masked values are left out.
    least : float
        Smallest width.
    distance : float
        Values farther beyond the 2-98 % range than this fraction of it stay outside.
    fraction : float
        Margin on both sides, as a fraction of the width.

    Returns
    -------
    low, high : float
        (0, 1) where no value is finite.
    """
    values = finite(values)
    if values.size == 0:
        return 0.0, 1.0
    # few values have no tails that differ from outliers: quartiles, and a larger distance
    low, high = np.percentile(values, (2, 98) if values.size >= FEW else (25, 75))
    distance = (distance if values.size >= FEW else FEW_DISTANCE) * (high - low) + least / 2
    inside = values[(values >= low - distance) & (values <= high + distance)]
    return padded_limits(inside, fraction, least=max(least, 1e-9 * abs(high), 1e-12))


def shrink(image, max_side_px):
    """Bin an image by the mean to about a size; returns the image and the factor.

    NaN pixels are left out of their block of factor x factor pixels, which is NaN without a
    finite pixel. Rows and columns that do not fill a block are dropped.
    """
    image = np.asarray(image)
    factor = min(int(np.ceil(max(image.shape) / max_side_px)), min(image.shape))
    if factor == 1:
        return image, factor
    # mean of the finite pixels of each block
    ny, nx = (side // factor for side in image.shape)
    blocks = image[: ny * factor, : nx * factor].reshape(ny, factor, nx, factor)
    is_finite = np.isfinite(blocks)
    count = is_finite.sum(axis=(1, 3))
    total = np.where(is_finite, blocks, 0).sum(axis=(1, 3), dtype=float)
    return np.where(count, total / np.maximum(count, 1), np.nan), factor
