"""Objects of an image with weights and flags, with SExtractor's columns."""

from cosmouline import library
from cosmouline.errors import ImageRejected
from cosmouline.images.sep_tools import background, extract
from cosmouline.sources.ccds.elliptical_moments import blocks_of, cut_around, elliptical_moments
from cosmouline.sources.chi_square import FLAG_BLENDED, FLAG_CUT, FLAG_SATURATED
from cosmouline.sources.moments import FWHM_PER_SIGMA

import numpy as np

sep = library("sep")

AUTO_FACTOR, AUTO_LEAST = 2.5, 3.5  # PHOT_AUTOPARAMS
KRON_SEARCH = 6.0  # semi-axes within which the Kron radius is measured
MOMENT_SIDE_PX = 31
NEIGHBOUR_FRACTION = 0.1  # of the Kron ellipse in other objects
FLAG_NEIGHBOUR = 1
NO_MAG = 99.0  # of a flux that is not positive, as SExtractor has it


def noise_map(weight, sky_rms):
    """Standard deviation of the pixels from weights, in units of the measured rms.

    Parameters
    ----------
    weight : ndarray of float, shape (ny, nx)
        Proportional to the inverse variance; 0 where there are no data.
    sky_rms : ndarray of float, shape (ny, nx)
        Measured on the image.

    Returns
    -------
    ndarray of float, shape (ny, nx)
        Infinite where the weight is 0. SExtractor's WEIGHT_TYPE MAP_WEIGHT with its rescaling.
    """
    known = weight > 0
    sigma, own = np.full(weight.shape, np.inf), 1 / np.sqrt(weight[known])
    sigma[known] = own * np.median(sky_rms[known] / own)
    return sigma


def sky_mesh(image, bad, options):
    """Return sky map and its scatter, ndarray of shape (ny, nx), by sep's mesh of 3 x 3 medians.

    The sky is 0 for `options` with sky_box_px 0.
    """
    mesh = background(np.ascontiguousarray(image, dtype=float), bad, options["sky_box_px"] or 64)
    return mesh.back() if options["sky_box_px"] else np.zeros(image.shape), mesh.rms()


def detect_weighted(image, weight, flags, options, zero_point_mag, gain, saturation=np.inf):
    """Find the objects of an image and measure them.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
    weight : ndarray of float, shape (ny, nx)
        0 where there are no data: there nothing is found.
    flags : ndarray of int, shape (ny, nx)
        Bits, OR-ed over the pixels of an object into IMAFLAGS_ISO.
    options : dict
        sigma, min_area_px, deblend, sky_box_px (0: the image has no sky).
    zero_point_mag, gain : float
    saturation : float
        In the units of the image.

    Returns
    -------
    columns : dict of ndarray, shape (n,)
        SExtractor's names and meaning; positions begin with 1. FWHM_IMAGE is that of the Gaussian
        of adaptive moments, NaN where they fail: stars scatter half as much in it as in
        SExtractor's own.
    segments : ndarray of int32, shape (ny, nx)
        Number of the object that a pixel is of; 0: none.
    sky, sky_rms : float
        Medians of the maps.

    Raises
    ------
    ImageRejected
        If nothing is found, or the image is too full.
    """
    bad = ~(weight > 0)
    if bad.all():
        raise ImageRejected("no pixel has a weight above 0")
    image = np.ascontiguousarray(image, dtype=float)
    sky, rms = sky_mesh(image, bad, options)
    flat, sigma = image - sky, noise_map(weight, rms)
    found, segments = extract(flat, np.where(bad, 1e30, sigma), options["sigma"],
                              options["min_area_px"], True, contrast=options["deblend"],
                              mask=bad, filter_type="conv")
    if not len(found):
        raise ImageRejected(f"nothing is {options['sigma']:g} sigma above the sky")
    columns = _measured(flat, np.where(bad, 0.0, sigma), bad, found, segments, gain)
    with np.errstate(divide="ignore", invalid="ignore"):
        flux, error = columns["FLUX_AUTO"], columns["FLUXERR_AUTO"]
        columns["MAG_AUTO"] = np.where(flux > 0, zero_point_mag - 2.5 * np.log10(flux), NO_MAG)
        columns["MAGERR_AUTO"] = np.where(flux > 0, 2.5 / np.log(10) * error / flux, NO_MAG)
        columns["SNR_WIN"] = flux / error
    # bits of the flags over the isophote, and what SExtractor notes of its own
    iso = np.zeros(len(found) + 1, dtype=np.int64)
    np.bitwise_or.at(iso, segments.ravel(), flags.astype(np.int64).ravel())
    columns["IMAFLAGS_ISO"] = iso[1:].astype(np.int32)
    own = np.where(found["flag"] & sep.OBJ_MERGED, FLAG_BLENDED, 0)
    own |= np.where(found["flag"] & sep.OBJ_TRUNC, FLAG_CUT, 0)
    at = np.rint(found["ypeak"]).astype(int), np.rint(found["xpeak"]).astype(int)
    own |= np.where(found["peak"] + sky[at] >= saturation, FLAG_SATURATED, 0)
    own |= np.where(columns.pop("_others") > NEIGHBOUR_FRACTION, FLAG_NEIGHBOUR, 0)
    columns["FLAGS"] = own.astype(np.int32)
    return columns, segments.astype(np.int32), float(np.median(sky)), float(np.median(rms))


def _measured(flat, sigma, bad, found, segments, gain):
    """Return the columns of positions, sizes and fluxes, and the fraction of other objects."""
    x, y, theta = found["x"], found["y"], np.clip(found["theta"], -np.pi / 2, np.pi / 2)
    a, b = np.maximum(found["a"], 0.5), np.maximum(found["b"], 0.5)
    kron, _ = sep.kron_radius(flat, x, y, a, b, theta, KRON_SEARCH, mask=bad)
    radius = np.maximum(AUTO_FACTOR * np.nan_to_num(kron), AUTO_LEAST)
    flux, error, _ = sep.sum_ellipse(flat, x, y, a, b, theta, radius, err=sigma, gain=gain,
                                     mask=bad, subpix=1)
    half, _ = sep.flux_radius(flat, x, y, KRON_SEARCH * a, 0.5, normflux=flux, mask=bad, subpix=5)
    x_win, y_win, flag = sep.winpos(flat, x, y, np.maximum(2 / FWHM_PER_SIGMA * half, 0.5),
                                    mask=bad)
    lost = (flag != 0) | ~np.isfinite(x_win + y_win)
    x_win, y_win = np.where(lost, x, x_win), np.where(lost, y, y_win)
    inside, _, _ = sep.sum_ellipse((segments > 0).astype(float), x, y, a, b, theta, radius,
                                   subpix=1)
    area = np.pi * a * b * radius**2
    sigma_px = np.concatenate([elliptical_moments(
        cut_around(flat, x_win[rows], y_win[rows], MOMENT_SIDE_PX),
        ~cut_around(bad, x_win[rows], y_win[rows], MOMENT_SIDE_PX, True)).sigma_px
        for rows in blocks_of(np.arange(len(x)))])
    return {"NUMBER": np.arange(1, len(found) + 1, dtype=np.int32),
            "X_IMAGE": x + 1, "Y_IMAGE": y + 1, "XWIN_IMAGE": x_win + 1, "YWIN_IMAGE": y_win + 1,
            "A_IMAGE": found["a"], "B_IMAGE": found["b"], "THETA_IMAGE": np.degrees(theta),
            "ELONGATION": a / b, "ISOAREA_IMAGE": found["npix"].astype(np.int32),
            "KRON_RADIUS": radius, "FLUX_AUTO": flux, "FLUXERR_AUTO": error,
            "FLUX_RADIUS": half, "FLUX_MAX": found["peak"],
            "FWHM_IMAGE": FWHM_PER_SIGMA * sigma_px,
            "_others": (inside - found["npix"]) / area}
