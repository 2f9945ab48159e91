"""The epochs of a joint fit as STARRED models them: turns, shifted PSFs, noise of the starlets."""

from typing import NamedTuple

from cosmouline.psf.model import pad_narrow
from cosmouline.psf.starred_fit import smoothing_matrix

import numpy as np
from scipy import fft

LARGEST_TURN_DEG = 15.0  # beyond a quarter turn: STARRED interpolates, and blurs its model by 3 %
LARGEST_STRETCH = 5e-3  # difference of a map from a turn: .1 px at 20 px from the centre
QUARTERS = [np.array(rows, float) for rows in (
    ((1, 0), (0, 1)), ((-1, 0), (0, -1)), ((0, -1), (1, 0)), ((0, 1), (-1, 0)),
    ((-1, 0), (0, 1)), ((1, 0), (0, -1)), ((0, 1), (1, 0)), ((0, -1), (-1, 0)))]


class Turn(NamedTuple):
    """Map of an epoch: ``quarter @ linear`` is a small turn, the one that STARRED makes.

    The quarter turn or mirror (2, 2) is undone on the stamp, exactly; the angle that is left
    counts from x to y.
    """

    quarter: np.ndarray
    angle_deg: float

    @property
    def matrix(self):
        """The small turn as a matrix."""
        cos, sin = np.cos(np.radians(self.angle_deg)), np.sin(np.radians(self.angle_deg))
        return np.array([[cos, -sin], [sin, cos]])


def turn_of(linear, epoch):
    """Return the `Turn` of the map (2, 2) of an epoch.

    Raises ValueError, with its number, if it is not a quarter turn or mirror and a small turn.
    """
    quarter = max(QUARTERS, key=lambda matrix: np.trace(matrix @ linear))
    # The nearest of the eight, and the turn nearest to what is left
    rest = quarter @ linear
    angle = np.degrees(np.arctan2(rest[1, 0] - rest[0, 1], rest[0, 0] + rest[1, 1]))
    turn = Turn(quarter, float(angle))
    if np.abs(rest - turn.matrix).max() > LARGEST_STRETCH:
        raise ValueError(f"epoch {epoch} is stretched against the reference (map {linear.tolist()}"
                         '), which STARRED cannot model. Use deconv_engine = "gp"')
    if abs(angle) > LARGEST_TURN_DEG:
        raise ValueError(f"epoch {epoch} is turned by {angle:.1f} degrees from the pixels of the "
                         f"reference, more than {LARGEST_TURN_DEG:g}: STARRED would blur its "
                         'model. Use deconv_engine = "gp"')
    return turn


def unturned(image, quarter):
    """Undo a quarter turn or mirror: (x, y) from the centre comes to ``quarter @ (x, y)``."""
    if quarter[0, 0] == 0:
        image, quarter = image.T, quarter[:, ::-1]
    return image[:: int(quarter[1, 1]), :: int(quarter[0, 0])]


def shifted(narrow, shift_small, n_small):
    """Shift a narrow PSF (m, m) exactly, by (x, y) small pixels, and crop it.

    The new side `n_small` is even where m is.
    """
    cycles = fft.fftfreq(len(narrow))
    waves = [np.exp(-2j * np.pi * cycles * shift) for shift in shift_small]
    moved = fft.ifft2(fft.fft2(narrow) * waves[1][:, None] * waves[0]).real
    return pad_narrow(moved, n_small)


def pivot_px(n_small, upsampling):
    """Point about which STARRED turns, from the origin of its positions, along both axes."""
    return (n_small // 2 - (n_small - 1) // 2) / upsampling


def small_places(n_small, upsampling):
    """Positions (n_small,) of STARRED's small pixels along an axis, in pixels from its origin."""
    return (np.arange(n_small) - (n_small - 1) // 2) / upsampling


def background_curvature(weight, psf, upsampling):
    """Curvature (n_small, n_small // 2 + 1) of chi2 / 2 by the waves of the background.

    As if the weight of an epoch were the same everywhere, and the stamp had no edges.
    """
    n_small = psf.shape[-1]
    power = sum(mean * np.abs(fft.rfft2(narrow)) ** 2
                for mean, narrow in zip(weight.mean((1, 2)), psf, strict=True))
    waves = np.exp(2j * np.pi * np.outer(fft.fftfreq(n_small), np.arange(upsampling)))
    binning = np.abs(waves.mean(1)) ** 2
    return power * binning[:, None] * binning[: n_small // 2 + 1] * upsampling**2


def starlet_noise(weight, psf, upsampling):
    """Noise of the gradient of chi2 / 2 by each starlet of the background, all epochs together.

    From inverse variances (n_epochs, side, side), 0 where a pixel is not used, and PSFs (n_epochs,
    n_small, n_small), ``n_small = side * upsampling``. One per coefficient: (n_scales + 1,
    n_small, n_small); 0 for the coarsest scale, which STARRED does not penalise.

    Notes
    -----
    ``sum weight (PSF * starlet)^2`` over the pixels, as a correlation, turns other than quarters
    left out. STARRED's own weights come from draws of the noise of the first epoch, and its
    penalty grows faster with the number of epochs than the noise of the gradient does.
    """
    n_small, side = psf.shape[-1], 2 * psf.shape[-1]
    # Starlet of each scale but the coarsest, at pixel n_small // 2: what its smoothing removes
    image, starlets = np.zeros((n_small, n_small)), []
    image[n_small // 2, n_small // 2] = 1
    for scale in range(int(np.log2(n_small))):
        smoothing = smoothing_matrix(n_small, scale)
        smoother = smoothing @ image @ smoothing.T
        starlets.append(_centred(image - smoother))
        image = smoother
    starlets = fft.rfft2(starlets)
    # Seen through the PSF and the pixels, squared, and correlated with the weights
    box = np.zeros((side, side))
    box[:upsampling, :upsampling] = 1
    binning = np.conj(fft.rfft2(box))
    variance = np.zeros((len(starlets), n_small, n_small))
    for of_pixels, narrow in zip(weight, psf, strict=True):
        seen = fft.irfft2(starlets * fft.rfft2(_centred(narrow)) * binning, s=(side, side))
        spread = np.zeros((side, side))
        spread[:n_small:upsampling, :n_small:upsampling] = of_pixels
        products = fft.rfft2(spread) * np.conj(fft.rfft2(seen**2))
        variance += fft.irfft2(products, s=(side, side))[:, :n_small, :n_small]
    return np.sqrt(np.maximum([*variance, np.zeros((n_small, n_small))], 0))


def _centred(image):
    """Return an image in a square twice as wide, its pixel n // 2 at the origin."""
    n_small = len(image)
    return np.roll(np.pad(image, (0, n_small)), (-(n_small // 2), -(n_small // 2)), (0, 1))
