"""Copies of a real star as the images of a lens: scaled, and moved by whole pixels."""

from typing import NamedTuple

import numpy as np

LARGEST_SHARE = 0.5  # of the flux of a star that an image may have: its sky comes with it
OFF_GRID_PX = 0.05  # by which a map may put the images off whole pixels, for an epoch to count


class Copies(NamedTuple):
    """Where copies of a star stand, in whole pixels of an image.

    `offset_px` (n_sources, 2) are (x, y) from the first copy; `is_usable` is False where the map
    of the image puts them between the pixels.
    """

    offset_px: np.ndarray
    is_usable: bool


def whole_positions(position_px):
    """Return the positions of the images of a lens, moved to whole pixels from the first one.

    Positions (n_sources, 2) and result are offsets in the reference frame.
    """
    return position_px[0] + np.round(position_px - position_px[0])


def copies(whole_px, linear):
    """Return the `Copies` in an image for `whole_positions` and the map of the image (2, 2)."""
    exact = (whole_px - whole_px[0]) @ linear.T
    offset = np.round(exact).astype(int)
    return Copies(offset, bool(np.abs(exact - offset).max() <= OFF_GRID_PX))


def copied_light(star, offset_px, share, side_px, rng):
    """Copies of a star, with the photon noise that a fainter star has.

    Parameters
    ----------
    star : Stamps
        One stamp of the star, larger than the result by what the copies are moved.
    offset_px : ndarray of int, shape (n_sources, 2)
        Of each copy, from the middle of the stamp.
    share : ndarray of float, shape (n_sources,)
        Flux of each copy over that of the star, 0 to 1.
    side_px : int
        Of the result, around the same middle.
    rng : Generator

    Returns
    -------
    light_e : ndarray of float, shape (side_px, side_px)
    variance_e2 : ndarray of float, of the same shape
        Of the sky that comes with the copies.
    mask : ndarray of uint8, of the same shape
        Of all copies together.

    Notes
    -----
    A copy f S of S photo-electrons has the variance f^2 S, a star of its flux f S: Poisson noise
    of f (1 - f) S is added. Stars of the frames themselves, moved by whole pixels, are what SNLS
    tested its photometry with (Astier et al. 2013, A&A 557, A55).

    Raises
    ------
    ValueError
        If the stamp of the star is too small.
    """
    edge = (star.side_px - side_px) // 2
    if edge < np.abs(offset_px).max():
        raise ValueError(f"the stamp of the star must be larger by {np.abs(offset_px).max()} px "
                         f"on each side than {side_px}: {star.side_px}")
    light, variance = np.zeros((2, side_px, side_px))
    mask = np.zeros((side_px, side_px), np.uint8)
    for (dx, dy), f in zip(offset_px, share, strict=True):
        cut = (slice(edge - dy, edge - dy + side_px), slice(edge - dx, edge - dx + side_px))
        data = star.data_e[0][cut].astype(float)
        photons = f * (1 - f) * np.maximum(data, 0.0)
        light += f * data + np.sqrt(photons) * rng.standard_normal(data.shape)
        variance += (f * star.sky_sigma_e[0][cut].astype(float)) ** 2
        mask |= star.mask[0][cut]
    return light, variance, mask
