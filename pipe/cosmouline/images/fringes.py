"""Fringes: the pattern of thin CCDs in the light of the night sky, found and removed.

The pattern stays on the detector while the stars move with the dithering. So the median over the
images of a night, sources left out, is the pattern. Its height follows the airglow, which changes
from image to image: it is fitted to each.
"""

from dataclasses import replace
from typing import NamedTuple

from cosmouline import library
from cosmouline.errors import ImageRejected
from cosmouline.images.sky import CLIP_SIGMAS, SkyMap, box_middles, object_mask, sky_map
from cosmouline.robust import MAD_TO_SIGMA, mad_sigma, median_of_finite

import numpy as np

ndimage = library("scipy.ndimage")

LEAST_IMAGES = 3  # two cannot separate a star from a fringe
LEAST_VALUES = 2  # images that must show a pixel free of sources
LEAST_DITHERED = 0.8  # fraction of the light of bright stars that a median over the images loses
BRIGHT_SIGMAS = 10.0
SMOOTH_PX = 2.0  # sigma: takes out 96 % of the noise, and 3 % of a fringe of 20 pixels
MEDIAN_VARIANCE = np.pi / 2  # of a median over that of a mean
FINE_PASSES = 3  # each finds fainter sources on what the one before has left
MARGIN_CELLS = 16  # mirrored around the mesh: a Fourier transform ties its ends together
WIENER_STEPS, WIENER_HEAT, WIENER_COOLING = 60, 30.0, 0.85  # gaps are settled to 1 % by then
BLOCK_ROWS = 256  # of a stack that are in memory at once
LEAST_FOUND = 5.0  # sigma of the power that two halves of the stack share


class Pattern(NamedTuple):
    """The fringes of one night."""

    frame_e: np.ndarray  # float32, (ny, nx): electrons of its median image; mean about 0
    rms_e: float  # from what two halves of the stack have in common: without noise; 0 for none
    found_sigma: float  # the power of the two halves in units of its error
    dithered: float  # fraction of the light of bright stars that the median has lost
    noise_e: float  # of a pixel of the stack, before it was smoothed

    def why_not(self):
        """Return why the pattern is not to be used; empty if it is."""
        if self.dithered < LEAST_DITHERED:
            return ("the images are not dithered enough: their median still has "
                    f"{100 * (1 - self.dithered):.0f} % of the light of the bright stars")
        if self.found_sigma < LEAST_FOUND:
            return "no fringes: two halves of the images have no pattern in common"
        return ""


def fringe_pattern(flat_images, box_px=None):
    """Find the fringes of dithered images of one night.

    Parameters
    ----------
    flat_images : sequence of ndarray of float32, shape (ny, nx)
        Images in electrons without their smooth sky; NaN where a pixel is bad. At least 3.
    box_px : int or None
        Mesh with which sources are found, as that of `sky.sky_map`.

    Returns
    -------
    Pattern

    Raises
    ------
    ValueError
        If there are fewer than 3 images.

    Notes
    -----
    Two passes, because high fringes look like sources: masked in the first one, they would be
    lost. Each source is masked on its own image, so no image takes its own stars out of itself,
    and a pixel that is masked in all images but one is filled from around it. COSMOULINE's
    1b_compute_fringes clips at 1.2 sigma and takes the median, whatever the number of images: a
    single one loses a fraction of its own light.

    The pattern is smoothed by a kernel that is flat at low frequencies (2 G - G G with a Gaussian
    G, the "twicing" of Tukey 1977), which keeps what is left of single pixels out of it.
    """
    if len(flat_images) < LEAST_IMAGES:
        raise ValueError(f"flat_images must be at least {LEAST_IMAGES}, not {len(flat_images)}")
    # pass 1: a plain median; pass 2: the sources that stand out from it are masked first
    first_e = _smooth(_stacked(flat_images, None))
    hidden = [sources_on(image - first_e, box_px) for image in flat_images]
    stack_e = _stacked(flat_images, hidden)

    # what two independent halves of the images share is the pattern without noise
    halves = [_stacked(flat_images[i::2], hidden[i::2], 1) for i in (0, 1)]
    smoothed = []
    for half in halves:
        gaps = ndimage.binary_dilation(np.isnan(half), iterations=round(SMOOTH_PX))
        smoothed.append(np.where(gaps, np.nan, _smooth(half)))
    a, b = smoothed
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both] - a[both].mean(), b[both] - b[both].mean()
    shared = float(np.mean(a * b))
    n_independent = a.size / (4 * np.pi * SMOOTH_PX**2)  # smoothing ties neighbours together
    error = float(np.sqrt(np.mean(a**2) * np.mean(b**2) / max(n_independent, 1)))
    difference_e = halves[0] - halves[1]
    noise_e = mad_sigma(difference_e[np.isfinite(difference_e)]) / 2

    # fraction of the light of bright pixels that the median has lost: fringes are never that high
    # above the scatter that they make
    known = [np.nan_to_num(image) for image in flat_images]
    limit_e = BRIGHT_SIGMAS * max(mad_sigma(image.ravel()) for image in known)
    light = np.mean([image[image > limit_e].sum() for image in known])
    dithered = float(1 - first_e[first_e > limit_e].sum() / light) if light > 0 else 1.0
    return Pattern(_smooth(stack_e), float(np.sqrt(max(shared, 0.0))),
                   shared / error if error > 0 else 0.0, dithered, noise_e)


def sources_on(flat_e, box_px=None):
    """Mark the sources of an image whose bad pixels are NaN; those are marked too."""
    bad = ~np.isfinite(flat_e)
    filled = np.where(bad, np.float32(0), flat_e).astype(np.float32)
    return object_mask(filled, bad if bad.any() else None, box_px) | bad


def fringe_scale(flat_e, frame_e, hidden):
    """Fit the height of a pattern to an image without its smooth sky.

    Least squares about both means, without the `hidden` pixels and those beyond 4 sigma; 0 for a
    flat pattern. All arrays have the shape (ny, nx).
    """
    pixels, fringe = flat_e[~hidden].astype(float), frame_e[~hidden].astype(float)
    scale = 0.0
    # clip and fit in turns: first about no fringes at all
    for _ in range(3):
        left = pixels - scale * fringe
        middle, sigma = np.median(left), mad_sigma(left)
        good = np.abs(left - middle) <= CLIP_SIGMAS * sigma
        x = fringe[good] - fringe[good].mean()
        power = x @ x
        if not power > 0:
            return 0.0
        scale = float(x @ (pixels[good] - pixels[good].mean()) / power)
    return scale


def sky_with_fringes(image_e, bad, frame_e, noise_e, n_images, box_px=None):
    """Map the sky of an image together with its fringes.

    Parameters
    ----------
    image_e : ndarray of float32, shape (ny, nx)
        In electrons, sky included.
    bad : ndarray of bool, shape (ny, nx)
    frame_e : ndarray of float32, shape (ny, nx)
        The pattern of its night.
    noise_e : float
        Noise of a pixel of that pattern before it was smoothed.
    n_images : int
        Images in it, this one included.
    box_px : int or None

    Returns
    -------
    SkyMap
        Its level includes the fringes; its scatter is that which counts for the flux of a star.

    Notes
    -----
    A smooth pattern adds nearly nothing to the scatter of single pixels, but its noise is the same
    over all pixels of a star: their sum has as much of it as without smoothing. So it is added to
    the variance of each pixel, n / (n - 1) of it, because a star is left out of its own image:
    50 % more variance for 3 images, 11 % for 10.
    """
    def flat(level_e):
        return np.where(bad, np.nan, image_e - level_e).astype(np.float32)

    first_e = flat(sky_map(image_e, bad, box_px).level())
    scale = fringe_scale(first_e, frame_e, sources_on(first_e - frame_e, box_px))
    rest = sky_map(image_e - np.float32(scale) * frame_e, bad, box_px)
    added_e2 = (scale * noise_e) ** 2 * n_images / (n_images - 1)
    return replace(rest, sigma_mesh_e=np.sqrt(rest.sigma_mesh_e**2 + added_e2),
                   fringes_e=frame_e, fringe_scale=scale)


def fine_sky(image_e, bad=None, cell_px=4, box_px=None):
    """Map the sky of one image finely enough to follow fringes, without other images.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        In electrons, sky included.
    bad : ndarray of bool, shape (ny, nx), or None
    cell_px : int
        Side of the cells, a fifth of the distance of the fringes or less.
    box_px : int or None
        Mesh of the first, smooth map, and of the noise.

    Returns
    -------
    SkyMap
        Its boxes are the cells.

    Raises
    ------
    ImageRejected
        If fewer than 2 % of the pixels are sky, or none.

    Notes
    -----
    Medians of the pixels in each cell, sources left out, then a Wiener filter by the power that
    the cells themselves have (see `_wiener`): it keeps what repeats over the frame, as fringes
    do, and continues it under the sources. Those are found again on the image without that map,
    because fringes are no sources. COSMOULINE's
    1b_alternate_compute_fringes_when_no_dithering has a mesh of 256 cells and fills the gaps from
    their rims (Telea 2004), where a gap half as wide as a fringe keeps most of its height.
    """
    smooth = sky_map(image_e, bad, box_px)
    flat_e = np.asarray(image_e - smooth.level(), np.float32)
    flat_e = flat_e if bad is None else np.where(bad, np.float32(np.nan), flat_e)
    noise_e = float(np.median(smooth.sigma_mesh_e))
    hidden = ~np.isfinite(flat_e)
    rows, cols = (-(-side // cell_px) for side in flat_e.shape)
    padded = np.full((rows * cell_px, cols * cell_px), np.nan, np.float32)
    for _ in range(FINE_PASSES):
        # median and number of the free pixels of each cell
        padded[:flat_e.shape[0], :flat_e.shape[1]] = np.where(hidden, np.nan, flat_e)
        cells = padded.reshape(rows, cell_px, cols, cell_px).swapaxes(1, 2)
        cells = cells.reshape(rows, cols, -1)
        mesh_e = _wiener(median_of_finite(cells, axis=-1).astype(float),
                         np.isfinite(cells).sum(axis=-1), noise_e, cell_px)
        # sources and noise again, without the fringes found
        found = SkyMap(mesh_e, np.ones_like(mesh_e), cell_px, flat_e.shape)
        hidden = sources_on(flat_e - found.level(), box_px)
        noise_e = mad_sigma((flat_e - found.level())[~hidden])
    rest = sky_map(image_e - found.level(), bad, box_px)
    middles = np.ix_(*(box_middles(side, cell_px) for side in flat_e.shape))
    return SkyMap(mesh_e + rest.level()[middles], rest.sigma()[middles].astype(float), cell_px,
                  flat_e.shape)


def _wiener(mesh_e, n_free, noise_e, cell_px):
    """Filter a mesh by its own power, and fill its gaps with what that continues.

    Stars that are not masked have power at all frequencies, fringes at few: so twice the median
    power counts as noise. The result is that half a pixel further up, where `SkyMap` has the
    middles of its boxes in y.
    """
    n_full = n_free.max()
    if n_full == 0:
        raise ImageRejected("no cell of the image shows the sky")
    gaps = n_free < n_full / 2
    noise_e2 = MEDIAN_VARIANCE * noise_e**2 / n_full
    data = np.pad(np.where(gaps, 0.0, mesh_e), MARGIN_CELLS, mode="reflect")
    gaps = np.pad(gaps, MARGIN_CELLS, mode="reflect")
    # the gaps start empty; each step puts signal / (signal + noise) of all waves into them. The
    # noise is raised at first, so that the strongest waves come first (the cooling of Elsner &
    # Wandelt 2013, A&A 549, A111)
    for step in range(WIENER_STEPS):
        waves = np.fft.rfft2(data)
        power = ndimage.gaussian_filter(np.abs(waves) ** 2 / data.size, 1.0, mode="wrap")
        floor = max(noise_e2, 2 * float(np.median(power)))
        signal = np.maximum(power - floor, 0)
        waves *= signal / (signal + (1 + WIENER_HEAT * WIENER_COOLING**step) * floor)
        data[gaps] = np.fft.irfft2(waves, data.shape)[gaps]
    waves *= np.exp(1j * np.pi * np.fft.fftfreq(len(data)) / cell_px)[:, None]
    inside = (slice(MARGIN_CELLS, -MARGIN_CELLS),) * 2
    return np.fft.irfft2(waves, data.shape)[inside]


def _stacked(images, hidden, least=LEAST_VALUES):
    """Stack images, NaN where fewer than `least` show a pixel free of sources.

    The median, where no sources are masked; else the mean of what is within 4 sigma of it, because
    a mean has a third less noise.
    """
    stack_e = np.empty(images[0].shape, np.float32)
    for start in range(0, len(stack_e), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        block = np.stack([image[rows] for image in images])
        if hidden is None:
            stack_e[rows] = median_of_finite(block)
            continue
        block[np.stack([one[rows] for one in hidden])] = np.nan
        # outliers by the scatter of each image about the median of all
        away = np.abs(block - median_of_finite(block))
        for one, values in zip(away, block, strict=True):
            known = one[np.isfinite(one) & (one > 0)]
            if known.size:
                values[one > CLIP_SIGMAS * MAD_TO_SIGMA * np.median(known)] = np.nan
        n_free = np.isfinite(block).sum(axis=0)
        total = np.where(np.isfinite(block), block, 0).sum(axis=0)
        stack_e[rows] = np.where(n_free < least, np.nan, total / np.maximum(n_free, 1))
    return stack_e


def _smooth(stack_e):
    """Smooth a stack and fill its gaps; its mean becomes 0."""
    # gaps are filled by the Gaussian mean around them, ever wider until none is left
    filled, gaps, sigma_px = np.nan_to_num(stack_e), np.isnan(stack_e), SMOOTH_PX
    known = (~gaps).astype(filled.dtype)
    while known.any() and gaps.any():
        weight = ndimage.gaussian_filter(known, sigma_px)
        near = gaps & (weight > 0.05)
        if near.any():
            filled[near] = (ndimage.gaussian_filter(np.where(known > 0, filled, 0), sigma_px)[near]
                            / weight[near])
            known[near] = 1
            gaps &= ~near
        sigma_px *= 1.5
    once = ndimage.gaussian_filter(filled, SMOOTH_PX)
    twice = once + ndimage.gaussian_filter(filled - once, SMOOTH_PX)
    return (twice - twice.mean()).astype(np.float32)
