"""Stamps in native pixels: cut, masked, with the noise of the sky."""

from dataclasses import dataclass, fields, replace

import numpy as np

MASK_BAD = np.uint8(1)  # a bad or non-finite pixel
MASK_SATURATED = np.uint8(2)
MASK_NEIGHBOUR = np.uint8(4)  # light of another source of the catalogue
MASK_COSMIC = np.uint8(8)
MASK_OUTSIDE = np.uint8(16)  # outside the frame
MASK_DRAWN = np.uint8(32)  # inside a region that the user has drawn

CORE_FWHM = 1.0  # radius of the core in FWHM
CORE_GOOD_MIN = 0.6  # share of good pixels a usable core has
EDGE_PX = 3.0  # a star nearer to the edge of the frame is not usable

NEIGHBOUR_BETA = 3.0  # of the Moffat that says how far the light of a neighbour reaches
NEIGHBOUR_SIGMA = 0.5  # it is masked to where it falls below this many sigmas of the sky
NEIGHBOUR_MIN_FWHM = 1.0  # least radius of a masking disc
NEIGHBOUR_GAP_FWHM = 0.75  # the disc ends this far from the star itself
SELF_FWHM, SELF_PX = 0.5, 0.5  # a catalogue entry nearer than the sum is the star itself


@dataclass(frozen=True, eq=False)
class Stamps:
    """Square cut-outs of one frame around given positions, all of one size.

    Parameters
    ----------
    data_e : ndarray of float32, shape (n, side, side)
        Electrons without sky; 0 outside the frame and where the frame is not finite.
    sky_sigma_e : ndarray of float32, of the same shape
        Standard deviation of sky and read noise, without the noise of the source; 1 outside.
    mask : ndarray of uint8, of the same shape
        0 = good, else a sum of MASK_BAD, MASK_SATURATED, MASK_NEIGHBOUR, MASK_COSMIC,
        MASK_OUTSIDE and MASK_DRAWN.
    corner_px : ndarray of int, shape (n, 2)
        (x, y) of the first pixel of each stamp in the frame.
    position_px : ndarray of float, shape (n, 2)
        Predicted (x, y) of each object in the frame.
    is_usable : ndarray of bool, shape (n,)
        The core is inside the frame, not saturated and most of it good.
    """

    data_e: np.ndarray
    sky_sigma_e: np.ndarray
    mask: np.ndarray
    corner_px: np.ndarray
    position_px: np.ndarray
    is_usable: np.ndarray

    @property
    def good(self):
        """True where a pixel is used, shape (n, side, side)."""
        return self.mask == 0

    @property
    def side_px(self):
        """Side of the stamps in pixels."""
        return self.data_e.shape[-1]

    @property
    def offset_px(self):
        """(x, y) of the objects from the centres of their stamps, shape (n, 2)."""
        return self.position_px - self.corner_px - (self.side_px - 1) / 2

    def only(self, index):
        """Return some of the stamps: a list of numbers, or a mask."""
        return Stamps(*(getattr(self, field.name)[index] for field in fields(Stamps)))


def stamp_side(fwhm_px, n_fwhm=7.0, smallest=16, largest=80, step=8):
    """Side of a star stamp in pixels.

    Parameters
    ----------
    fwhm_px : float
        Seeing of the image in pixels.
    n_fwhm : float
        Side in FWHM; 7 leaves less than 0.3 % of the flux of a star outside.
    smallest, largest : int
        Limits of the side.
    step : int
        The side is rounded up to a multiple of it, so that few sizes occur in a campaign.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If `fwhm_px` is not positive.
    """
    if not fwhm_px > 0:
        raise ValueError(f"fwhm_px must be positive: {fwhm_px}")
    return int(np.clip(step * np.ceil(n_fwhm * fwhm_px / step), smallest, largest))


def cut_stamps(
    image_e,
    sky_level,
    sky_sigma,
    position_px,
    side_px,
    fwhm_px,
    saturation_e,
    bad=None,
    neighbours_px=None,
    neighbours_flux_e=None,
):
    """Cut stamps at the pixels nearest to given positions; nothing is interpolated.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        Frame in electrons, sky included. Pixels that are not finite are bad.
    sky_level, sky_sigma : callable
        ``sky_level(rows, cols)`` gives the sky of the frame on two slices, `sky_sigma` the
        standard deviation of its pixels (sky and read noise), both in electrons.
    position_px : array_like of float, shape (n, 2)
        Predicted (x, y) of the objects; a NaN position gives an empty, unusable stamp.
    side_px : int
        Side of the stamps (`stamp_side`).
    fwhm_px : float
        Seeing of the frame in pixels.
    saturation_e : float
        Pixels of the frame at or above it are saturated; infinite where unknown.
    bad : ndarray of bool, shape (ny, nx), optional
        True for bad pixels of the frame.
    neighbours_px : array_like of float, shape (m, 2), optional
        Positions of all known sources in the frame, the objects themselves among them.
    neighbours_flux_e : array_like of float, shape (m,), optional
        Their fluxes in electrons.

    Returns
    -------
    Stamps

    Notes
    -----
    A neighbour is masked by a disc that reaches to where its Moffat (beta 3) is half a sigma of
    the sky, at least 1 FWHM, and at most to 0.75 FWHM from the object.
    """
    position_px = np.asarray(position_px, dtype=float).reshape(-1, 2)
    first = np.nan_to_num(position_px) - (side_px - 1) / 2
    stamps = _empty(np.round(first).astype(int), position_px, side_px)
    neighbours = _neighbours(neighbours_px, neighbours_flux_e)
    for k in range(len(position_px)):
        overlap = _overlap(stamps, k, image_e.shape)
        if overlap is None:
            continue
        _fill(stamps, k, overlap, image_e, sky_level, sky_sigma, saturation_e, bad)
        stamps.is_usable[k] = _is_core_usable(stamps, k, fwhm_px, image_e.shape)
        _mask_neighbours(stamps, k, overlap[1], neighbours, fwhm_px)
    return stamps


def _empty(corner_px, position_px, side_px):
    """Make stamps without any pixel of the frame."""
    shape = (len(corner_px), side_px, side_px)
    return Stamps(
        np.zeros(shape, np.float32),
        np.ones(shape, np.float32),
        np.full(shape, MASK_OUTSIDE),
        corner_px,
        position_px,
        np.zeros(len(corner_px), bool),
    )


def _neighbours(position_px, flux_e):
    """Return positions (m, 2) and fluxes (m,) of the finite neighbours."""
    if position_px is None:
        return np.zeros((0, 2)), np.zeros(0)
    position_px = np.asarray(position_px, dtype=float).reshape(-1, 2)
    if flux_e is None or len(flux_e) != len(position_px):
        raise ValueError("neighbours_flux_e must have one flux per row of neighbours_px")
    flux_e = np.asarray(flux_e, dtype=float)
    finite = np.isfinite(position_px).all(1) & np.isfinite(flux_e)
    return position_px[finite], flux_e[finite]


def _overlap(stamps, k, shape):
    """Return slices of frame and stamp; None if less than half of the stamp is inside."""
    if not np.isfinite(stamps.position_px[k]).all():
        return None
    side = stamps.side_px
    frame, stamp = [], []
    for first, size in zip(stamps.corner_px[k][::-1], shape, strict=True):
        start, stop = max(0, first), min(size, first + side)
        if stop - start < side // 2:
            return None
        frame.append(slice(int(start), int(stop)))
        stamp.append(slice(int(start - first), int(stop - first)))
    return tuple(frame), tuple(stamp)


def _fill(stamps, k, overlap, image_e, sky_level, sky_sigma, saturation_e, bad):
    """Copy one stamp out of the frame: data, noise, and bits of bad and saturated pixels."""
    frame, stamp = overlap
    pixels = image_e[frame]
    is_bad = ~np.isfinite(pixels)
    if bad is not None:
        is_bad = is_bad | bad[frame]
    stamps.data_e[k][stamp] = np.where(np.isfinite(pixels), pixels - sky_level(*frame), 0)
    stamps.sky_sigma_e[k][stamp] = sky_sigma(*frame)
    bits = np.where(is_bad, MASK_BAD, np.uint8(0))
    stamps.mask[k][stamp] = bits | np.where(pixels >= saturation_e, MASK_SATURATED, np.uint8(0))


def _distance(stamps, k, position_px):
    """Return the distance of every pixel of a stamp from a position in the frame."""
    place = np.arange(stamps.side_px)
    x0, y0 = stamps.corner_px[k]
    return np.hypot(place + x0 - position_px[0], place[:, None] + y0 - position_px[1])


def _is_core_usable(stamps, k, fwhm_px, shape):
    """Tell whether the core of an object is inside the frame, not saturated, and mostly good."""
    x, y = stamps.position_px[k]
    inside = EDGE_PX < x < shape[1] - 1 - EDGE_PX and EDGE_PX < y < shape[0] - 1 - EDGE_PX
    core = stamps.mask[k][_distance(stamps, k, (x, y)) < CORE_FWHM * fwhm_px]
    saturated = (core & MASK_SATURATED).any()
    return bool(inside and not saturated and (core == 0).mean() > CORE_GOOD_MIN)


def _mask_neighbours(stamps, k, inside, neighbours, fwhm_px):
    """Set the bit of neighbours in one stamp."""
    place, flux_e = neighbours
    away = np.hypot(*(place - stamps.position_px[k]).T)
    near = (away > SELF_FWHM * fwhm_px + SELF_PX) & (away < stamps.side_px)
    sky_sigma_e = np.median(stamps.sky_sigma_e[k][inside])
    radius = _reach(flux_e[near], sky_sigma_e, fwhm_px)
    longest = np.maximum(away[near] - NEIGHBOUR_GAP_FWHM * fwhm_px, SELF_FWHM * fwhm_px)
    for position_px, r in zip(place[near], np.minimum(radius, longest), strict=True):
        stamps.mask[k][_distance(stamps, k, position_px) <= r] |= MASK_NEIGHBOUR


def _reach(flux_e, sky_sigma_e, fwhm_px):
    """Return the radius to which the light of a source matters, in pixels."""
    alpha = fwhm_px / (2 * np.sqrt(2 ** (1 / NEIGHBOUR_BETA) - 1))
    peak = flux_e * (NEIGHBOUR_BETA - 1) / (np.pi * alpha**2)
    ratio = np.maximum(peak / (NEIGHBOUR_SIGMA * sky_sigma_e), 1.0)
    radius = alpha * np.sqrt(ratio ** (1 / NEIGHBOUR_BETA) - 1)
    return np.maximum(radius, NEIGHBOUR_MIN_FWHM * fwhm_px)


def crop(stamps, side_px):
    """Smaller stamps around the same centres.

    Parameters
    ----------
    stamps : Stamps
    side_px : int
        New side: smaller, and even or odd as the old one is, so that the centres stay.

    Returns
    -------
    Stamps
        Views of the same pixels.

    Raises
    ------
    ValueError
        If `side_px` is larger than the side, or of the other parity.
    """
    edge, odd = divmod(stamps.side_px - side_px, 2)
    if edge < 0 or odd:
        raise ValueError(
            f"side_px must be smaller than {stamps.side_px} by an even number: {side_px}"
        )
    cut = (slice(None), slice(edge, edge + side_px), slice(edge, edge + side_px))
    return replace(
        stamps,
        data_e=stamps.data_e[cut],
        sky_sigma_e=stamps.sky_sigma_e[cut],
        mask=stamps.mask[cut],
        corner_px=stamps.corner_px + edge,
    )


def with_cosmics(stamps, cosmic):
    """Return the stamps with these cosmics marked, and no others.

    Parameters
    ----------
    stamps : Stamps
    cosmic : ndarray of bool, shape (n, side, side), or False
        True where a cosmic hit; False for none.

    Returns
    -------
    Stamps
    """
    mask = (stamps.mask & ~MASK_COSMIC) | np.where(cosmic, MASK_COSMIC, np.uint8(0))
    return replace(stamps, mask=mask)


def with_drawn(stamps, drawn, fwhm_px):
    """Return the stamps with what a user has drawn marked.

    Parameters
    ----------
    stamps : Stamps
    drawn : ndarray of bool, shape (n, side, side)
        True inside a region.
    fwhm_px : float
        Seeing of the frame: an object whose core is mostly covered is no longer usable.

    Returns
    -------
    Stamps
    """
    mask = stamps.mask | np.where(drawn, MASK_DRAWN, np.uint8(0))
    usable = stamps.is_usable.copy()
    for k in np.flatnonzero(drawn.any((1, 2)) & usable):
        core = _distance(stamps, k, stamps.position_px[k]) < CORE_FWHM * fwhm_px
        usable[k] = ((mask[k][core] & ~MASK_NEIGHBOUR) == 0).mean() > CORE_GOOD_MIN
    return replace(stamps, mask=mask, is_usable=usable)


def join_stamps(one, other):
    """Return two sets of stamps of one side as one.

    Parameters
    ----------
    one, other : Stamps

    Returns
    -------
    Stamps

    Raises
    ------
    ValueError
        If their sides differ.
    """
    if one.side_px != other.side_px:
        raise ValueError(f"one and other must have one side: {one.side_px}, {other.side_px}")
    return Stamps(*(np.concatenate([getattr(one, field.name), getattr(other, field.name)])
                    for field in fields(Stamps)))
