"""Level and scatter of the sky: two numbers for a frame, or a smooth map of it."""

import math
from dataclasses import dataclass
from functools import cached_property

from cosmouline import library
from cosmouline.errors import ImageRejected
from cosmouline.images.sep_tools import background, default_box_px, extract, usable_pixels
from cosmouline.robust import MAD_TO_SIGMA

import numpy as np

ndimage = library("scipy.ndimage")
sep = library("sep")

CLIP_SIGMAS = 4.0  # keeps 99.994 % of Gaussian pixels
SAMPLE_PIXELS = 500_000  # median good to 0.002 sigma, sigma to 0.1 %; a 4k frame has 32 x more

OBJECT_SIGMA = 3.0  # threshold and ...
OBJECT_AREA_PX = 5  # ... least area of the objects that are kept out of the sky
OBJECT_GROWTH_PX = 4  # their segments are widened by this, ...
ELLIPSE_AXES = 5.0  # ... and joined by ellipses of this many of their half axes, ...
ELLIPSE_MAX_PX = 30.0  # ... each half axis at most this long
BINNED_SIDE_PX = 1024  # objects of larger frames are found on a binned copy
SKY_FRACTION_MIN = 0.02  # least fraction of the pixels that must be sky
BOX_SKY_FRACTION = 0.5  # sep uses boxes with more good pixels than this fraction
CROWDED_BOXES = 0.5  # a frame is crowded when at most this fraction of the boxes is used

# SExtractor's mode, 2.5 median - 1.5 mean, of a sample of small skewness g and scatter s: the
# median lies g s / 6 below the mean (Cornish-Fisher), so the mode lies 2.5 g s / 6 below it.
MODE_LOSS = 2.5 / 6
SKEW_MAX = 1.2  # a sky with less variance than electrons have is no sky in electrons

SLOPE_MAX = 0.01  # of the variance in a box; above, the slope of the sky is subtracted first
STEEP_SLOPE = 1 / 12  # a rise by the scatter; above, all is done again without the plane
PLANE_CLIPS = 5
STEP_SAMPLE = 20_000  # pixels from which the step of digitisation is found
STEP_FRACTION = 0.25  # a sample with fewer different values than this fraction is digitised
TINY_E2 = 1e-12
DITHER_SIDE_PX = 64  # of the tile of random numbers


def sky_level_and_sigma(image_e, max_clips=10):
    """Level and scatter of the sky pixels, by an iterated clip around the median.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        Image in electrons, sky included. NaN pixels are left out.
    max_clips : int
        Largest number of clips; it stops earlier once a clip removes nothing.

    Returns
    -------
    level_e, sigma_e : float
        Median and standard deviation of the pixels kept, in electrons.

    Raises
    ------
    ValueError
        If no pixel is finite.

    Notes
    -----
    The clip uses the median absolute deviation, which stars do not move; the result does not,
    because on integer counts it takes steps of 1.48 counts (30 % at sigma = 5). Follows
    COSMOULINE's 4a_skystats, with the clip iterated to the end, and without its first cut at twice
    the median, which cuts into a sky near zero. Frames of more than a million pixels are sampled.
    """
    # every k-th pixel, k and the width without a common factor, so that all columns count
    image_e = np.asarray(image_e)
    step = max(1, image_e.size // SAMPLE_PIXELS)
    while math.gcd(step, image_e.shape[-1]) > 1:
        step += 1
    pixels = image_e.reshape(-1)[::step].astype(float)
    pixels = pixels[np.isfinite(pixels)]
    if pixels.size == 0:
        raise ValueError("no finite pixel in the image")
    for _ in range(max_clips):
        distance = np.abs(pixels - np.median(pixels))
        # more than half of the pixels of a coarsely digitised frame can be equal
        scale = MAD_TO_SIGMA * np.median(distance) or pixels.std()
        inside = distance <= CLIP_SIGMAS * scale
        if inside.all():
            break
        pixels = pixels[inside]
    return float(np.median(pixels)), float(pixels.std())


@dataclass(frozen=True, eq=False)
class SkyMap:
    """Smooth level and scatter of the sky of one frame, as a mesh of boxes.

    Between the centres of the boxes the map is the bicubic spline of SExtractor (Bertin & Arnouts
    1996, A&AS 117, 393) as sep evaluates it, its two habits included: the second derivatives
    couple to their neighbours six times less than in a natural spline (which makes it stiffer),
    and the centres lie half a pixel higher in y than in x. So a map of a few hundred numbers
    gives the frame that sep subtracts.
    """

    level_mesh_e: np.ndarray  # level of the sky in each box in electrons, (my, mx)
    sigma_mesh_e: np.ndarray  # standard deviation of its pixels, (my, mx)
    box_px: int  # side of a box
    shape: tuple  # (ny, nx) of the frame
    fringes_e: np.ndarray | None = None  # pattern of fringes that belongs to the level, (ny, nx)
    fringe_scale: float = 0.0  # by which it is multiplied

    @cached_property
    def _weights(self):
        """Weight of every mesh value in each row and in each column."""
        return _mesh_weights(self.shape, self.box_px)

    def level(self, rows=slice(None), cols=slice(None)):
        """Sky level in electrons on two slices of the frame, float32, fringes included."""
        smooth_e = self._on(self.level_mesh_e, rows, cols)
        if self.fringes_e is None:
            return smooth_e
        return smooth_e + np.float32(self.fringe_scale) * self.fringes_e[rows, cols]

    def sigma(self, rows=slice(None), cols=slice(None)):
        """Scatter of the sky pixels in electrons on two slices of the frame, float32."""
        return self._on(self.sigma_mesh_e, rows, cols)

    def sigma_at(self, x_px, y_px):
        """Scatter in electrons, (n,), at the pixels nearest to positions, clipped to the frame."""
        rows = np.clip(np.rint(y_px).astype(int), 0, self.shape[0] - 1)
        cols = np.clip(np.rint(x_px).astype(int), 0, self.shape[1] - 1)
        by_row = self._weights[0][rows] @ self.sigma_mesh_e
        return np.einsum("nm,nm->n", by_row, self._weights[1][cols])

    def _on(self, mesh_e, rows, cols):
        """Spline through a mesh on two slices of the frame."""
        of_row, of_column = self._weights
        by_row = (of_row[rows] @ mesh_e).astype(np.float32)
        return by_row @ of_column[cols].T.astype(np.float32)


def sky_map(image_e, bad=None, box_px=None):
    """Map the sky of a frame, its objects left out.

    Parameters
    ----------
    image_e : ndarray, shape (ny, nx)
        Frame in electrons, sky included. NaN pixels are bad.
    bad : ndarray of bool, shape (ny, nx), or None
        Pixels not to use.
    box_px : int or None
        Side of the boxes; None: a sixteenth of the shorter side, 64 to 256 pixels. A frame may
        be smaller than a box.

    Returns
    -------
    SkyMap

    Raises
    ------
    ImageRejected
        If no pixel is good, or fewer than 2 % of them are sky.
    ValueError
        If `box_px` is below 8: a mode is not defined by so few pixels.

    Notes
    -----
    Two passes: objects above 3 sigma of a first mesh are widened and left out of a second one.
    One pass is biased by the wings of the stars in a crowded frame. sep estimates the level of
    a box as 2.5 median - 1.5 mean, which is low by 2.5 L / (6 s^2), up to 0.42 electrons, on a
    Poisson sky of level L and scatter s; that is added back (sep, SExtractor, COSMOULINE and
    LightCurver leave it). On integer ADU its median takes integer values, which moves the level
    by .02 s where s is 12 ADU and by .16 s where it is 4. So a digitised frame gets a uniform
    noise of one step first, whose variance is subtracted from the scatter again. The scatter
    comes from a clipped box: it is 1.3 % low, and is left so. Under a steep sky, as near the
    Moon, the boxes are measured once more after the level is subtracted, or their slope would
    count as noise (sep and SExtractor count it). Where it rises by more than the scatter across a
    box, all is done again without the plane through it: hidden wings of stars and partly masked
    boxes moved the level by up to 50 of 24 electrons of scatter where 350 to 3500 ADU lie across
    512 pixels; then by less than 2.
    """
    if box_px is not None and box_px < 8:
        raise ValueError(f"box_px must be at least 8, not {box_px}")
    image_e, bad = usable_pixels(image_e, bad)
    box_px = box_px or default_box_px(image_e.shape)
    image_e, step_e = _dithered(image_e)
    level_mesh_e, sigma_mesh_e = _two_passes(image_e, bad, box_px, step_e)
    if _slope_fraction(level_mesh_e, sigma_mesh_e) > STEEP_SLOPE:
        plane_e = _plane(level_mesh_e, box_px, image_e.shape)
        level_mesh_e, sigma_mesh_e = _two_passes(image_e - plane_e, bad, box_px, step_e)
        level_mesh_e += _mesh_of(plane_e, box_px)
    # what the mode loses on a Poisson sky; a frame with less variance is not in electrons
    variance = np.median(sigma_mesh_e) ** 2
    skew = np.median(level_mesh_e) / variance if variance > 0 else 0.0
    level_mesh_e += MODE_LOSS * min(skew, 1.0) if 0 < skew < SKEW_MAX else 0.0
    return SkyMap(level_mesh_e, sigma_mesh_e, box_px, image_e.shape)


def _two_passes(image_e, bad, box_px, step_e):
    """Return level and scatter of the boxes, (my, mx) each, without the noise of `_dithered`."""
    # pass 1 finds the objects, pass 2 measures between them
    objects = object_mask(image_e, bad, box_px)
    if bad is not None:
        objects |= bad
    fraction = 1 - np.count_nonzero(objects) / objects.size
    if fraction < SKY_FRACTION_MIN:
        raise ImageRejected(f"only {100 * fraction:.1f} % of the pixels are sky")
    image_e, objects = _crowded_boxes_filled(image_e, objects, box_px)
    final = background(image_e, objects, box_px)
    level_mesh_e = _mesh_of(final.back(), box_px)
    # a slope inside the boxes would count as noise: then once more on the flat frame
    scatter = final
    if _slope_fraction(level_mesh_e, _mesh_of(final.rms(), box_px)) > SLOPE_MAX:
        scatter = background(image_e - final.back(dtype=np.float32), objects, box_px)
    variance_mesh = _mesh_of(scatter.rms(), box_px) ** 2 - step_e**2 / 12
    return level_mesh_e, np.sqrt(np.maximum(variance_mesh, 0))


def _crowded_boxes_filled(image_e, objects, box_px):
    """Return frame and mask in which the boxes of a crowded frame have enough pixels for sep.

    sep passes over a box of which more than half is masked, and returns a level of 0 and a scatter
    of 1 where all boxes are. Where more than half of the boxes are, the masked pixels of each box
    get the values of its sky pixels in turn, which have the same mode and scatter.
    """
    starts = [range(0, side, box_px) for side in image_e.shape]
    boxes = [np.s_[y : y + box_px, x : x + box_px] for y in starts[0] for x in starts[1]]
    sky_fraction = np.array([1 - objects[box].mean() for box in boxes])
    if (sky_fraction > BOX_SKY_FRACTION).mean() > CROWDED_BOXES:
        return image_e, objects
    image_e, objects = image_e.copy(), objects.copy()
    for box, fraction in zip(boxes, sky_fraction, strict=True):
        if SKY_FRACTION_MIN < fraction < 1:
            hidden = objects[box]
            image_e[box][hidden] = np.resize(image_e[box][~hidden], np.count_nonzero(hidden))
            objects[box] = False
    return image_e, objects


def _plane(level_mesh_e, box_px, shape):
    """Return the plane through the levels of the boxes, 0 in the corner, float32 of a shape."""
    rows, cols = (index.ravel() * box_px for index in np.indices(level_mesh_e.shape))
    terms, level_e = np.column_stack([np.ones(rows.size), rows, cols]), level_mesh_e.ravel()
    kept = np.ones(level_e.size, bool)
    for _ in range(PLANE_CLIPS):
        plane = np.linalg.lstsq(terms[kept], level_e[kept], rcond=None)[0]
        away_e = np.abs(level_e - terms @ plane)
        kept = away_e <= CLIP_SIGMAS * MAD_TO_SIGMA * np.median(away_e)
    y, x = (np.arange(n, dtype=np.float32) for n in shape)
    return np.float32(plane[1]) * y[:, None] + np.float32(plane[2]) * x


def _slope_fraction(level_mesh_e, sigma_mesh_e):
    """Return the largest fraction of the variance in a box that the slope of the sky makes."""
    # a plane that rises by s across a box has the variance s^2 / 12 in it
    rises = [np.gradient(level_mesh_e, axis=axis)
             for axis, side in enumerate(level_mesh_e.shape) if side > 1]
    of_slope = sum(rise**2 for rise in rises) / 12
    return float(np.max(of_slope / np.maximum(sigma_mesh_e**2, TINY_E2), initial=0.0))


def even_sky(level_e, sigma_e, shape):
    """Return the `SkyMap` of a frame of `shape` whose sky is the same everywhere: one box."""
    return SkyMap(np.full((1, 1), float(level_e)), np.full((1, 1), float(sigma_e)), max(shape),
                  tuple(shape))


def _dithered(image_e):
    """Add uniform noise of one step to a digitised frame; return the frame and the step, or 0."""
    sample = image_e.reshape(-1)[:: max(1, image_e.size // STEP_SAMPLE)]
    values = np.unique(sample)
    if not 1 < len(values) < STEP_FRACTION * len(sample):
        return image_e, 0.0
    step_e = float(np.diff(values).min())
    # the same in every tile and in every run: a permutation of equal steps has an exact variance
    side = DITHER_SIDE_PX
    order = np.random.default_rng(0).permutation(side**2).reshape(side, side)
    tile = np.float32(step_e) * ((order + np.float32(0.5)) / np.float32(side**2) - np.float32(0.5))
    tiles = np.tile(tile.astype(np.float32), (1, -(-image_e.shape[1] // side)))
    dithered_e = np.empty_like(image_e)
    for start in range(0, len(image_e), side):
        rows = image_e[start : start + side]
        np.add(rows, tiles[: len(rows), : rows.shape[1]], out=dithered_e[start : start + side])
    return dithered_e, step_e


def object_mask(image_e, bad=None, box_px=None):
    """Mark the objects of a frame: widened segments, and ellipses around them, (ny, nx).

    `image_e` is C-contiguous float32 without NaN, with or without its sky, `bad` its bad pixels or
    None, `box_px` as that of `sky_map`. Large frames are searched on a binned copy.
    """
    box_px = box_px or default_box_px(image_e.shape)
    factor = int(np.clip(min(image_e.shape) // BINNED_SIDE_PX, 1, OBJECT_GROWTH_PX))
    if factor == 1:
        return _objects(image_e, bad, box_px, OBJECT_AREA_PX, 1)
    bad = None if bad is None else _binned(bad, factor) > 0
    small = _objects(_binned(image_e, factor), bad, box_px // factor, 2, factor)
    mask = np.zeros(image_e.shape, dtype=bool)
    ny, nx = (factor * side for side in small.shape)
    mask[:ny, :nx] = np.repeat(np.repeat(small, factor, axis=0), factor, axis=1)
    return mask


def _objects(image_e, bad, box_px, min_area_px, factor):
    """Mark the objects of a frame binned by `factor`: widened segments, and ellipses."""
    first = background(image_e, bad, box_px)
    flat_e = image_e - first.back(dtype=np.float32)
    if bad is not None:
        flat_e[bad] = 0
    # widened segments, joined by ellipses whose size is bounded
    found, segments = extract(flat_e, first.globalrms, OBJECT_SIGMA, min_area_px, True)
    mask = ndimage.binary_dilation(segments > 0, iterations=OBJECT_GROWTH_PX // factor)
    half_axes = (np.minimum(found[axis], ELLIPSE_MAX_PX / factor) for axis in ("a", "b"))
    sep.mask_ellipse(mask, found["x"], found["y"], *half_axes, found["theta"], r=ELLIPSE_AXES)
    return mask


def _binned(image, factor):
    """Mean over boxes of factor x factor pixels; rows and columns left over are dropped."""
    ny, nx = (side // factor * factor for side in image.shape)
    rows = sum(image[start:ny:factor, :nx].astype(np.float32) for start in range(factor))
    return sum(rows[:, start::factor] for start in range(factor)) / np.float32(factor**2)


def _mesh_weights(shape, box_px):
    """Weights of the mesh values for each row and each column of a frame, as sep's spline."""
    ny, nx = shape
    of_row = _spline_weights((np.arange(ny) / box_px) - 0.5, -(-ny // box_px))
    of_column = _spline_weights((np.arange(nx) + 0.5) / box_px - 0.5, -(-nx // box_px))
    return of_row, of_column


def _spline_weights(position, n_nodes):
    """Weights (n, n_nodes) of a cubic spline through nodes 0, 1, ... at fractional positions."""
    if n_nodes == 1:
        return np.ones((len(position), 1))
    low = np.clip(np.floor(position).astype(int), 0, n_nodes - 2)
    up = (position - low)[:, None]
    down = 1 - up
    # a sixth of the second derivatives at the nodes from their values, by sep's recursion
    value = np.eye(n_nodes)
    pivot, forward = np.zeros(n_nodes), np.zeros((n_nodes, n_nodes))
    for j in range(1, n_nodes - 1):
        pivot[j] = -1 / (pivot[j - 1] + 4)
        bend = value[j + 1] + value[j - 1] - 2 * value[j]
        forward[j] = pivot[j] * (forward[j - 1] - 6 * bend)
    curvature = np.zeros((n_nodes, n_nodes))
    for j in range(n_nodes - 2, 0, -1):
        curvature[j] = (pivot[j] * curvature[j + 1] + forward[j]) / 6
    linear = down * value[low] + up * value[low + 1]
    return linear + (down**3 - down) * curvature[low] + (up**3 - up) * curvature[low + 1]


def _mesh_of(full_map, box_px):
    """Mesh values of sep's map of a frame, solved from its pixels nearest to the centres."""
    sides = full_map.shape
    near = [box_middles(side, box_px) for side in sides]
    of_row, of_column = (w[k] for w, k in zip(_mesh_weights(sides, box_px), near, strict=True))
    sampled = full_map[np.ix_(*near)].astype(float)
    return np.linalg.solve(of_column, np.linalg.solve(of_row, sampled).T).T


def box_middles(side, box_px):
    """Pixels of a side of a frame that are nearest to the middles of its boxes."""
    return np.minimum(((np.arange(-(-side // box_px)) + 0.5) * box_px).astype(int), side - 1)
