"""Sources of one frame: found, cosmic rays rejected, measured."""

from cosmouline.errors import ImageRejected
from cosmouline.images.bad_pixels import (
    LINEAR_FRACTION,
    SHARP_PIXELS_FWHM_PX,
    mend_pixels,
    sharp_pixels,
)
from cosmouline.images.sep_tools import background, default_box_px, extract, usable_pixels
from cosmouline.sources.moments import HALF_PX, adaptive_moments
from cosmouline.sources.seeing import FWHM_SPREAD, PIXELS_MIN, low_cluster

import numpy as np

CATALOG_DTYPE = np.dtype([
    ("x_px", "f8"), ("y_px", "f8"),
    ("flux_e", "f8"),  # sum of the pixels above the threshold
    ("peak_e", "f4"),
    ("fwhm_px", "f4"),  # Moffat FWHM by adaptive moments; NaN where not measured
    ("ellipticity", "f4"),  # 1 - b/a
    ("pa_deg", "f4"),  # long axis from x towards y
    ("is_saturated", "?"), ("n_pix", "i4")])

THRESHOLD_SIGMA = 3.0
MIN_AREA_PX = 5
SATURATED_NEAR_PX = 2  # a source is saturated by a saturated pixel this near to its centre
# Peak over peak of the frame smoothed by 3 x 3 pixels: cosmic rays are sharper than stars. Kept
# stars .992-1.000, kept cosmic rays .000-.008 on three simulated fields.
COSMIC_RATIO = 1.25
# No star has more: 2.5 at a FWHM of 1.2 px, centred on a pixel; hot pixels have 4, pairs 2.7-3.6
SHARPEST_RATIO = 2.6
# Blocks of 2 x 2 hot pixels have a width of 1.1 to 1.2 px, stars of a FWHM of 1.5 px 1.4 and more.
# Narrower sources are left out where five wider ones agree on a width: those are the stars
NARROWEST_FWHM_PX = 1.35
WIDER_LEAST = 5
COSMIC_BRIGHTEST = 50  # sources from which the ratio of the stars is measured
WIDE_FWHM_PX = 9.0  # from here on the small stamps cut the moments


def detect_sources(image_e, saturation_e=None, bad=None, threshold_sigma=THRESHOLD_SIGMA,
                   min_area_px=MIN_AREA_PX, n_moments=300, sky=None, mend_sharp=True):
    """Find the sources of a frame and measure the brightest.

    Parameters
    ----------
    image_e : ndarray, shape (ny, nx)
        Frame in electrons, sky included. NaN pixels are bad.
    saturation_e : float or None
        Saturation level in electrons; None: no source is flagged as saturated.
    bad : ndarray of bool, shape (ny, nx), or None
        Pixels to interpolate before the search.
    threshold_sigma : float
        Detection threshold in units of the scatter of the sky.
    min_area_px : int
        Least number of connected pixels of a source.
    n_moments : int
        Number of the brightest sources whose width and shape are measured.
    sky : SkyMap or None
        Sky of the frame where it is known; None: one pass of a background mesh.
    mend_sharp : bool
        Where sources sharper than stars outnumber them, interpolate the pixels that are sharper
        than a star can be, and look again: hot pixels move the stars on which they lie.

    Returns
    -------
    ndarray of CATALOG_DTYPE
        Stars and galaxies, brightest first. Saturated ones are kept and flagged. Sources sharper
        than stars are left out as cosmic rays or hot pixels, and those of the brightest whose
        moments do not converge or that are within 12 px (24 px in bad seeing) of the edge.

    Raises
    ------
    ImageRejected
        If there is no star: the frame is blank, has no good pixel, or only cosmic rays.

    Notes
    -----
    sep (Barbary 2016, JOSS 1, 58; SExtractor's algorithms) with a scalar noise and its 3 x 3
    kernel. COSMOULINE's threshold of 5 sigma on 30 pixels finds 45 % of the stars with S/N > 20
    where this finds 99.6 %.
    """
    image_e, bad = usable_pixels(image_e, bad)
    raw_e = image_e
    if bad is not None:
        image_e = mend_pixels(image_e, bad)
    if sky is None:
        first = background(np.nan_to_num(image_e), bad, default_box_px(image_e.shape))
        flat_e, sigma_e = image_e.copy(), first.globalrms
        first.subfrom(flat_e)
    else:
        flat_e, sigma_e = image_e - sky.level(), float(np.median(sky.sigma_mesh_e))
    if bad is not None:  # pixels that could not be interpolated become sky
        flat_e = np.nan_to_num(flat_e)
    found = extract(flat_e, sigma_e, threshold_sigma, min_area_px)
    if len(found) == 0:
        raise ImageRejected(f"no star: nothing is {threshold_sigma:g} sigma above the sky")

    # saturated: a pixel near the centre is
    saturated = np.zeros(len(found), dtype=bool)
    if saturation_e is not None:
        step = np.arange(-SATURATED_NEAR_PX, SATURATED_NEAR_PX + 1)
        ny, nx = raw_e.shape
        rows = np.clip(np.rint(found["y"]).astype(int)[:, None, None] + step[:, None], 0, ny - 1)
        cols = np.clip(np.rint(found["x"]).astype(int)[:, None, None] + step, 0, nx - 1)
        saturated = (raw_e[rows, cols] >= LINEAR_FRACTION * saturation_e).any(axis=(1, 2))

    # no sharper than the stars, whose ratio is the lowest cluster of the brightest sources, nor
    # than any optics: in a shallow frame hot pixels can be nearly all that is found
    ratio = found["peak"] / np.maximum(found["cpeak"], 1e-9)
    weight = found["flux"] * (~saturated) * (found["npix"] >= PIXELS_MIN)
    weight *= ratio < SHARPEST_RATIO
    brightest = np.argsort(-weight)[:COSMIC_BRIGHTEST]
    star = ratio < min(COSMIC_RATIO * low_cluster(ratio[brightest]), SHARPEST_RATIO)

    catalog, measured = _measure(flat_e, found, star, saturated, n_moments)
    wide = measured & star & (catalog["fwhm_px"] > NARROWEST_FWHM_PX)
    same = np.abs(catalog["fwhm_px"] / low_cluster(catalog["fwhm_px"][wide]) - 1) < FWHM_SPREAD
    if np.count_nonzero(wide & same) >= WIDER_LEAST:
        star &= wide | ~measured
    kept = (star & (np.isfinite(catalog["ellipticity"]) | ~measured)) | saturated
    if not kept.any():
        raise ImageRejected(f"no star: all {len(found)} sources are cosmic rays, hot pixels or "
                            "have no shape")
    catalog = catalog[kept]
    n_sharp, fwhm_px = np.count_nonzero(ratio >= SHARPEST_RATIO), catalog["fwhm_px"]
    if mend_sharp and n_sharp > len(catalog) and low_cluster(fwhm_px) > SHARP_PIXELS_FWHM_PX:
        hot = sharp_pixels(raw_e) if bad is None else bad | sharp_pixels(raw_e)
        return detect_sources(raw_e, saturation_e, hot, threshold_sigma, min_area_px, n_moments,
                              sky, mend_sharp=False)
    return catalog[np.argsort(-catalog["flux_e"], kind="stable")]


def _measure(flat_e, found, star, saturated, n_moments):
    """Return the catalogue of all sources found, and which of them were measured."""
    brightest = np.argsort(-np.where(star, found["flux"], -1))[:n_moments]
    places = found["x"][brightest], found["y"][brightest]
    moments = adaptive_moments(flat_e, *places)
    solved = np.isfinite(moments.fwhm_px)
    # bad seeing needs stamps twice as wide
    if solved.any() and np.median(moments.fwhm_px[solved]) > WIDE_FWHM_PX:
        moments = adaptive_moments(flat_e, *places, half_px=2 * HALF_PX)
    catalog = np.zeros(len(found), dtype=CATALOG_DTYPE)
    for name in ("x", "y", "flux", "peak"):
        catalog[name + ("_px" if name in "xy" else "_e")] = found[name]
    catalog["n_pix"], catalog["is_saturated"] = found["npix"], saturated
    for name in ("fwhm_px", "ellipticity", "pa_deg"):
        catalog[name] = np.nan
        catalog[name][brightest] = getattr(moments, name)
    solved = np.isfinite(moments.x_px)
    for name in ("x_px", "y_px"):
        catalog[name][brightest[solved]] = getattr(moments, name)[solved]
    measured = np.zeros(len(found), dtype=bool)
    measured[brightest] = True
    return catalog, measured
