"""Bad pixels: hot and dead ones found in a set of frames, and single ones interpolated."""

from cosmouline.images.sep_tools import background, default_box_px
from cosmouline.images.sky import sky_level_and_sigma
from cosmouline.robust import median_of_finite

import numpy as np

N_SIGMA = 8.0  # of the median frame: what is bad in every frame stands out by much more
FRAME_SIGMAS = 4.0  # of one frame: a weaker pixel does less harm there than its loss
# Anywhere on a star the higher of the neighbours in the row has at least 0.40 of a pixel's light,
# and so has the one in the column, at a FWHM of 1.6 px (pixel-integrated Gaussian); 0.33 at 1.45.
SHARPNESS = 0.3
SHARP_PIXELS_FWHM_PX = 1.8  # with narrower stars a sharp pixel of a single frame can be one
AROUND_PX = 2  # the surroundings of a pixel are the 5 x 5 pixels around it
FRAMES_MIN = 3  # the median of two frames keeps the cosmic rays of both
STRIP_ROWS = 64  # 40 frames of 4096 columns: 42 MB
SAMPLE_STEP = 7  # of rows and columns, where a noise or a level is measured
LINEAR_FRACTION = 0.9  # of the saturation level: above it a detector is not linear any more
CHUNK = 100_000  # pixels whose neighbours are gathered at a time, 10 MB


def hot_pixels(images, n_frames=None, shape=None, n_sigma=N_SIGMA, sharpness=SHARPNESS):
    """Find the pixels that are hot or dead in every frame of a set.

    Parameters
    ----------
    images : sequence of ndarray of shape (ny, nx), or callable
        At least 3 frames as they came from the camera, not aligned; 40 are enough. NaN pixels
        are left out. Or a function: ``images(k, rows)`` gives the rows (a slice) of frame k, so
        that the frames stay on the disk; `n_frames` and `shape`, (ny, nx), go with it.
    n_sigma, sharpness : float
        As in `sharp_pixels`.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
        True where a pixel is hot, dead or never finite.

    Raises
    ------
    ValueError
        If there are fewer than 3 frames.

    Notes
    -----
    The pixel-wise median of the frames keeps what is fixed on the detector. A pixel is bad if it
    stands out from the median of the 5 x 5 pixels around it by more than the noise of a frame
    hides, and is sharper than any star, either along its row or along its column: so single
    pixels, pairs, rows and columns are found, and stars are not, even where the telescope does
    not drift and the FWHM is 1.6 px. A block of 2 x 2 hot pixels is not sharp, and stays.
    """
    read_rows = images
    if not callable(images):
        frames = list(images)
        n_frames, shape = len(frames), frames[0].shape if frames else ()

        def read_rows(k, rows):
            return frames[k][rows]

    middle_e, frame_sigma_e = temporal_median(read_rows, n_frames, shape)
    return sharp_pixels(middle_e, n_sigma, sharpness, FRAME_SIGMAS * frame_sigma_e)


def temporal_median(read_rows, n_frames, shape, strip_rows=STRIP_ROWS):
    """Pixel-wise median of frames that need not be in memory together.

    Parameters
    ----------
    read_rows : callable
        ``read_rows(k, rows)`` gives the rows (a slice) of frame k.
    n_frames : int
        At least 3, else ValueError.
    shape : tuple of int
        (ny, nx) of the frames.
    strip_rows : int
        Rows read at a time. `n_frames` strips are held in memory.

    Returns
    -------
    middle_e : ndarray of float32, shape (ny, nx)
        Median frame; NaN where no frame is finite.
    frame_sigma_e : float
        Scatter of the pixels of one frame around it.

    Notes
    -----
    Each strip is shifted to the median level of its frames first. Otherwise, wherever the sky
    varies by more than its noise, the median would be the one frame of middling sky, with its
    cosmic rays and stars.
    """
    if n_frames < FRAMES_MIN:
        raise ValueError(f"hot pixels need at least {FRAMES_MIN} frames, not {n_frames}")
    middle_e = np.empty(shape, dtype=np.float32)
    residuals_e = []
    for start in range(0, shape[0], strip_rows):
        rows = slice(start, min(start + strip_rows, shape[0]))
        strip = np.stack([np.asarray(read_rows(k, rows), np.float32) for k in range(n_frames)])
        # all frames to one sky, measured on a sample of the pixels
        level = median_of_finite(strip.reshape(n_frames, -1)[:, ::SAMPLE_STEP], axis=1)
        strip -= (level - median_of_finite(level))[:, None, None].astype(np.float32)
        middle_e[rows] = median_of_finite(strip)
        # one frame is enough for the scatter of all
        residual_e = (strip[n_frames // 2] - middle_e[rows])[::SAMPLE_STEP, ::SAMPLE_STEP]
        residuals_e.append(residual_e[np.isfinite(residual_e)])
    residuals_e = np.concatenate(residuals_e)
    return middle_e, sky_level_and_sigma(residuals_e)[1] if residuals_e.size else 0.0


def sharp_pixels(image_e, n_sigma=N_SIGMA, sharpness=SHARPNESS, excess_min_e=0.0):
    """Find the pixels of one frame that stand out more sharply than a star can.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        NaN pixels are bad.
    n_sigma, excess_min_e : float
        Least distance from the surroundings in units of the pixel noise, and in electrons.
    sharpness : float
        Largest height of the neighbours, in the row or in the column, over that of the pixel.

    Returns
    -------
    ndarray of bool, shape (ny, nx)

    Notes
    -----
    Light is counted from a background mesh, which makes the ratio of neighbours the same all over
    a star; the surroundings are the median of 5 x 5 pixels.
    """
    image_e = np.asarray(image_e, dtype=np.float32)
    missing = ~np.isfinite(image_e)
    if missing.all():
        return missing
    filled_e = np.where(missing, np.median(image_e[~missing][::SAMPLE_STEP]), image_e)
    sky_e = background(filled_e, None, default_box_px(filled_e.shape)).back(dtype=np.float32)
    # noise of the differences from the surroundings, on a sample
    sampled = np.zeros(image_e.shape, dtype=bool)
    sampled[::SAMPLE_STEP, ::SAMPLE_STEP] = True
    # the clipped standard deviation: a median deviation is 0 on a coarsely digitised frame
    noise_e = sky_level_and_sigma(filled_e[sampled] - _around(filled_e, sampled, AROUND_PX))[1]
    limits = max(n_sigma * noise_e, excess_min_e), sharpness
    light_e = filled_e - sky_e
    return _standing_out(light_e, *limits) | _standing_out(-light_e, *limits) | missing


def _standing_out(light_e, least_e, sharpness):
    """Mark pixels that are sharp, and far above their surroundings."""
    # the higher neighbour in the row, or in the column, whichever is lower
    padded = np.pad(light_e, 1, constant_values=-np.inf)
    in_row = np.maximum(padded[1:-1, :-2], padded[1:-1, 2:])
    in_column = np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1])
    mask = (light_e > least_e) & (np.minimum(in_row, in_column) < sharpness * light_e)
    # few pixels are left: only they are compared with the median around them
    mask[mask] = light_e[mask] - _around(light_e, mask, AROUND_PX) > least_e
    return mask


def _around(image_e, mask, half_px):
    """Median of the square around each marked pixel, which may hang over the edge; skips NaN."""
    padded = np.pad(image_e, half_px, constant_values=np.nan)
    rows, cols = np.nonzero(mask)
    step = np.arange(2 * half_px + 1)
    around_e = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        square = padded[rows[part, None, None] + step[:, None], cols[part, None, None] + step]
        around_e[part] = median_of_finite(square.reshape(len(square), -1), axis=1)
    return around_e


def mend_pixels(image_e, bad):
    """Interpolate bad pixels: the median of the good ones among their eight neighbours.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        Frame; the values of its bad pixels do not matter.
    bad : ndarray of bool, shape (ny, nx)

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        A copy; NaN where a bad pixel has no good neighbour.

    Notes
    -----
    Good enough for finding sources and for the faint parts of an aperture, not for measuring a
    star whose core holds a bad pixel.
    """
    filled_e = np.array(image_e, dtype=np.float32)
    filled_e[bad] = _around(np.where(bad, np.float32(np.nan), filled_e), bad, 1)
    return filled_e
