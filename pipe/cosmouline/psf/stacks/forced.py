"""Fluxes at given positions: round apertures, and the PSF at all of them at once."""

from typing import NamedTuple

from cosmouline import library
from cosmouline.psf.model import field_coordinates
from cosmouline.psf.photometry import stars_and_slopes

import numpy as np

csgraph = library("scipy.sparse.csgraph")
sep = library("sep")
sparse = library("scipy.sparse")

SUBPIXELS = 5  # along each axis, as source-extractor: MAG_APER is the same to a thousandth
COVERED_LEAST = 0.5  # of the squared PSF on good pixels
CHUNK_STARS = 2000  # whose images are made at a time


class PsfFluxes(NamedTuple):
    """Fluxes of n sources by the PSF; NaN where less than half of it lies on good pixels."""

    flux: np.ndarray
    sigma: np.ndarray  # noise of sky and sources, pixels independent
    chi2: np.ndarray  # mean squared residual under the PSF, in units of that noise
    covered: np.ndarray  # fraction of the squared PSF on good pixels
    model: np.ndarray  # (ny, nx), all sources


def aperture_fluxes_at(image, variance, bad, xy_px, radii_px):
    """Sum the light in circles around given positions.

    Parameters
    ----------
    image, variance : ndarray of float32, shape (ny, nx)
        Without sky; variance per pixel, sources included.
    bad : ndarray of bool, shape (ny, nx)
    xy_px : ndarray of float, shape (n, 2)
    radii_px : sequence of float

    Returns
    -------
    flux, sigma : ndarray of float, shape (n, k)
        NaN where the circle leaves the frame or a bad pixel lies in it.
    """
    flat, noise = (np.where(bad, 0, one).astype(np.float32) for one in (image, variance))
    flux, sigma = np.full((2, len(xy_px), len(radii_px)), np.nan)
    for k, radius in enumerate(radii_px):
        reach = radius - 0.5
        inside = ((xy_px >= reach) & (xy_px <= np.array(image.shape[::-1]) - 1 - reach)).all(1)
        if not inside.any():
            continue
        x, y = np.ascontiguousarray(xy_px[inside].T)
        light, error, _ = sep.sum_circle(flat, x, y, radius, var=noise, subpix=SUBPIXELS)
        if bad.any():
            hit = sep.sum_circle(bad.astype(np.float32), x, y, radius, subpix=SUBPIXELS)[0] > 0
            light, error = (np.where(hit, np.nan, one) for one in (light, error))
        flux[inside, k], sigma[inside, k] = light, error
    return flux, sigma


def psf_fluxes_at(image, variance, weight, bad, xy_px, psf, alone=False):
    """Fit the fluxes of all sources at once, each with the PSF at its place.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Without sky.
    variance : ndarray of float32, shape (ny, nx)
        Per pixel, sources included: it makes the errors.
    weight : ndarray of float32, shape (ny, nx)
        One over the variance of the sky: it weighs the fit. The image's own noise is not in it,
        so that no flux is pulled down by it.
    bad : ndarray of bool, shape (ny, nx)
    xy_px : ndarray of float, shape (n, 2)
    psf : Psf
    alone : bool
        Fit each source as if there were no other: for places on empty sky.

    Returns
    -------
    PsfFluxes

    Notes
    -----
    The fluxes are linear: normal equations, solved for each group of sources whose stamps overlap.
    """
    ny, nx = image.shape
    side, n = psf.side_px, len(xy_px)
    corner = np.rint(xy_px - (side - 1) / 2).astype(int)
    offset = xy_px - corner - (side - 1) / 2
    if not n:
        return PsfFluxes(*np.zeros((4, 0)), np.zeros(image.shape))
    # the images of the stars as a sparse matrix of (pixel, star)
    step_y, step_x = np.mgrid[:side, :side].reshape(2, -1)
    parts = []
    for first in range(0, n, CHUNK_STARS):
        own = slice(first, first + CHUNK_STARS)
        uv = field_coordinates(xy_px[own], image.shape)
        narrow = psf.narrow(uv if psf.gradient is not None else None)
        light = stars_and_slopes(narrow, psf.upsampling, side, offset[own])[0].reshape(-1, side**2)
        y, x = corner[own, 1:] + step_y, corner[own, :1] + step_x
        there = (y >= 0) & (y < ny) & (x >= 0) & (x < nx)
        star = np.broadcast_to(np.arange(first, first + len(light))[:, None], there.shape)
        parts.append((light[there], (y * nx + x)[there], star[there]))
    light, pixel, star = (np.concatenate(one) for one in zip(*parts, strict=True))
    all_stars = sparse.csc_matrix((light, (pixel, star)), (ny * nx, n))
    good = ~bad.ravel()
    w = np.where(good, weight.ravel(), 0).astype(float)
    data = np.where(good, image.ravel(), 0).astype(float)
    noise = np.where(good, variance.ravel(), 0).astype(float)

    # normal equations; the covariance of the noise that the pixels have
    weighted = all_stars.multiply(w[:, None]).tocsc()
    normal = (weighted.T @ all_stars).tocsr()
    side_of = weighted.T @ data
    inner = (weighted.T @ weighted.multiply(noise[:, None]).tocsc()).tocsr()
    squared = all_stars.multiply(all_stars)
    total = np.asarray(squared.sum(0)).ravel()
    covered = np.asarray(squared.multiply(good[:, None]).sum(0)).ravel() / total
    flux, sigma = np.full((2, n), np.nan)
    usable = covered > COVERED_LEAST
    # those without a neighbour by a division, groups of overlapping stamps by their matrix
    own, own_noise = normal.diagonal()[usable], inner.diagonal()[usable]
    flux[usable], sigma[usable] = side_of[usable] / own, np.sqrt(own_noise) / own
    n_groups, group = csgraph.connected_components(normal, directed=False)
    together = np.split(np.argsort(group, kind="stable"),
                        np.cumsum(np.bincount(group, minlength=n_groups))[:-1])
    for rows in () if alone else together:
        rows = rows[usable[rows]]
        if rows.size > 1:
            inverse = np.linalg.pinv(normal[rows][:, rows].toarray(), hermitian=True)
            flux[rows] = inverse @ side_of[rows]
            sigma[rows] = np.sqrt(np.diag(inverse @ inner[rows][:, rows].toarray() @ inverse))
    # residuals under each PSF
    model = all_stars @ np.nan_to_num(flux)
    square = np.where(noise > 0, (data - model) ** 2 / np.where(noise > 0, noise, 1), 0)
    chi2 = (squared.T @ (good * square)) / np.maximum(squared.T @ good.astype(float), 1e-30)
    return PsfFluxes(flux, sigma, np.where(usable, chi2, np.nan), covered,
                     model.reshape(ny, nx))
