"""Stamps in native pixels: cut, masked, with the noise of the sky."""

from dataclasses import dataclass, fields, replace

from cosmouline.sources.star_selection import NEIGHBOUR_BETA

import numpy as np

MASK_BAD = np.uint8(1)  # a bad or non-finite pixel
MASK_SATURATED = np.uint8(2)
MASK_NEIGHBOUR = np.uint8(4)  # light of another source of the catalogue
MASK_COSMIC = np.uint8(8)
MASK_OUTSIDE = np.uint8(16)  # outside the frame
MASK_DRAWN = np.uint8(32)  # inside a region that the user has drawn

CORE_FWHM = 1.0  # radius of the core in FWHM
CORE_GOOD_MIN = 0.6  # fraction of good pixels that a usable core has
EDGE_PX = 3.0  # a star nearer to the edge of the frame is not usable

NEIGHBOUR_SIGMA = 0.5  # it is masked to where it falls below this many sigmas of the sky
NEIGHBOUR_MIN_FWHM = 1.0  # least radius of a masking disc
NEIGHBOUR_GAP_FWHM = 0.75  # the disc ends this far from the star itself
SELF_FWHM, SELF_PX = 0.5, 0.5  # a catalogue entry nearer than the sum is the star itself


@dataclass(frozen=True, eq=False)
class Stamps:
    """Square cutouts of one frame around given positions, all of one size.

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
    """Side of a star stamp in pixels, for a seeing in pixels; ValueError if it is not positive.

    Parameters
    ----------
    fwhm_px : float
    n_fwhm : float
        Side in FWHM; 7 leaves less than 0.3 % of the flux of a star outside.
    smallest, largest : int
        Limits of the side.
    step : int
        The side is rounded up to a multiple of it, so that few sizes occur in a campaign.
    """
    if not fwhm_px > 0:
        raise ValueError(f"fwhm_px must be positive: {fwhm_px}")
    return int(np.clip(step * np.ceil(n_fwhm * fwhm_px / step), smallest, largest))


def cut_stamps(image_e, sky_level, sky_sigma, position_px, side_px, fwhm_px, saturation_e,
               bad=None, neighbours_px=None, neighbours_flux_e=None):
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
        Bad pixels of the frame.
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
    if neighbours_px is None:
        neighbours_px, neighbours_flux_e = np.zeros((0, 2)), np.zeros(0)
    neighbours_px = np.asarray(neighbours_px, dtype=float).reshape(-1, 2)
    if neighbours_flux_e is None or len(neighbours_flux_e) != len(neighbours_px):
        raise ValueError("neighbours_flux_e must have one flux per row of neighbours_px")
    flux_e = np.asarray(neighbours_flux_e, dtype=float)
    known = np.isfinite(neighbours_px).all(1) & np.isfinite(flux_e)

    # stamps without any pixel of the frame, at the nearest pixels
    corner_px = np.round(np.nan_to_num(position_px) - (side_px - 1) / 2).astype(int)
    shape = (len(position_px), side_px, side_px)
    stamps = Stamps(np.zeros(shape, np.float32), np.ones(shape, np.float32),
                    np.full(shape, MASK_OUTSIDE), corner_px, position_px, np.zeros(shape[0], bool))
    for k, (x, y) in enumerate(position_px):
        # the part of the stamp inside the frame, if it is at least half of the stamp
        first = corner_px[k][::-1]
        start, stop = np.maximum(first, 0), np.minimum(first + side_px, image_e.shape)
        if not np.isfinite(x + y) or (stop - start < side_px // 2).any():
            continue
        frame = tuple(map(slice, start.tolist(), stop.tolist()))
        inside = tuple(map(slice, (start - first).tolist(), (stop - first).tolist()))

        # data, noise, and the bits of bad and saturated pixels
        pixels = image_e[frame]
        is_bad = ~np.isfinite(pixels) if bad is None else ~np.isfinite(pixels) | bad[frame]
        stamps.data_e[k][inside] = np.where(np.isfinite(pixels), pixels - sky_level(*frame), 0)
        stamps.sky_sigma_e[k][inside] = sky_sigma(*frame)
        bits = np.where(is_bad, MASK_BAD, np.uint8(0))
        stamps.mask[k][inside] = bits | np.where(pixels >= saturation_e, MASK_SATURATED,
                                                 np.uint8(0))

        # usable: the core inside the frame, not saturated, and most of it good
        away = min(x, y, image_e.shape[1] - 1 - x, image_e.shape[0] - 1 - y)
        core = stamps.mask[k][_distance(stamps, k, (x, y)) < CORE_FWHM * fwhm_px]
        stamps.is_usable[k] = (away > EDGE_PX and not (core & MASK_SATURATED).any()
                               and (core == 0).mean() > CORE_GOOD_MIN)
        _mask_neighbours(stamps, k, inside, neighbours_px[known], flux_e[known], fwhm_px)
    return stamps


def _distance(stamps, k, position_px):
    """Return the distance of every pixel of a stamp from a position in the frame."""
    axis = np.arange(stamps.side_px)
    x0, y0 = stamps.corner_px[k]
    return np.hypot(axis + x0 - position_px[0], axis[:, None] + y0 - position_px[1])


def _mask_neighbours(stamps, k, inside, neighbours_px, flux_e, fwhm_px):
    """Set the bit of neighbours in one stamp."""
    away = np.hypot(*(neighbours_px - stamps.position_px[k]).T)
    near = (away > SELF_FWHM * fwhm_px + SELF_PX) & (away < stamps.side_px)
    # radius at which the Moffat of a neighbour falls below the noise of the sky
    alpha = fwhm_px / (2 * np.sqrt(2 ** (1 / NEIGHBOUR_BETA) - 1))
    peak = flux_e[near] * (NEIGHBOUR_BETA - 1) / (np.pi * alpha**2)
    sky_sigma_e = np.median(stamps.sky_sigma_e[k][inside])
    ratio = np.maximum(peak / (NEIGHBOUR_SIGMA * sky_sigma_e), 1.0)
    radius = alpha * np.sqrt(ratio ** (1 / NEIGHBOUR_BETA) - 1)
    # the disc must leave the core of the object itself
    longest = np.maximum(away[near] - NEIGHBOUR_GAP_FWHM * fwhm_px, SELF_FWHM * fwhm_px)
    radius = np.minimum(np.maximum(radius, NEIGHBOUR_MIN_FWHM * fwhm_px), longest)
    for position_px, r in zip(neighbours_px[near], radius, strict=True):
        stamps.mask[k][_distance(stamps, k, position_px) <= r] |= MASK_NEIGHBOUR


def crop(stamps, side_px):
    """Return smaller stamps around the same centres, as views of the same pixels.

    Raises
    ------
    ValueError
        If `side_px` is larger than the side, or even where that is odd: the centres would move.
    """
    edge, odd = divmod(stamps.side_px - side_px, 2)
    if edge < 0 or odd:
        raise ValueError(f"side_px must be smaller than {stamps.side_px} by an even number: "
                         f"{side_px}")
    cut = (slice(None), slice(edge, edge + side_px), slice(edge, edge + side_px))
    return replace(stamps, data_e=stamps.data_e[cut], sky_sigma_e=stamps.sky_sigma_e[cut],
                   mask=stamps.mask[cut], corner_px=stamps.corner_px + edge)


def with_cosmics(stamps, cosmic):
    """Return the stamps with these cosmic rays marked, and no others; False for none."""
    mask = (stamps.mask & ~MASK_COSMIC) | np.where(cosmic, MASK_COSMIC, np.uint8(0))
    return replace(stamps, mask=mask)


def with_drawn(stamps, drawn, fwhm_px):
    """Return the stamps with the pixels inside drawn regions marked.

    An object whose core, of radius one FWHM, is mostly covered is no longer usable.
    """
    # a neighbour's disc may cover the core: that alone makes no object unusable
    mask = stamps.mask | np.where(drawn, MASK_DRAWN, np.uint8(0))
    usable = stamps.is_usable.copy()
    for k in np.flatnonzero(drawn.any((1, 2)) & usable):
        core = _distance(stamps, k, stamps.position_px[k]) < CORE_FWHM * fwhm_px
        usable[k] = ((mask[k][core] & ~MASK_NEIGHBOUR) == 0).mean() > CORE_GOOD_MIN
    return replace(stamps, mask=mask, is_usable=usable)


def join_stamps(one, other):
    """Return two sets of stamps as one; ValueError if their sides differ."""
    if one.side_px != other.side_px:
        raise ValueError(f"one and other must have one side: {one.side_px}, {other.side_px}")
    return Stamps(*(np.concatenate([getattr(one, field.name), getattr(other, field.name)])
                    for field in fields(Stamps)))
