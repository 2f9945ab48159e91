"""Sources of one frame: found, freed from cosmics, measured."""

from cosmouline.errors import ImageRejected
from cosmouline.images.bad_pixels import mend_pixels
from cosmouline.images.sep_tools import background, default_box_px, extract, usable_pixels
from cosmouline.sources.moments import HALF_PX, adaptive_moments
from cosmouline.sources.seeing import PIXELS_MIN, low_cluster

import numpy as np

CATALOG_DTYPE = np.dtype(
    [
        ("x_px", "f8"),
        ("y_px", "f8"),
        ("flux_e", "f8"),  # sum of the pixels above the threshold
        ("peak_e", "f4"),
        ("fwhm_px", "f4"),  # Moffat FWHM by adaptive moments; NaN where not measured
        ("ellipticity", "f4"),  # 1 - b/a
        ("pa_deg", "f4"),  # long axis from x towards y
        ("is_saturated", "?"),
        ("n_pix", "i4"),
    ]
)

THRESHOLD_SIGMA = 3.0
MIN_AREA_PX = 5
SATURATED_SHARE = 0.9  # of the saturation level: detectors bend before they stop
SATURATED_REACH_PX = 2  # a saturated pixel this near to the centre spoils a source
# Peak over peak of the frame smoothed by 3 x 3 pixels: cosmics are sharper than stars. Kept stars
# .992-1.000, kept cosmics .000-.008 on three simulated fields.
COSMIC_RATIO = 1.25
COSMIC_BRIGHTEST = 50  # sources that tell the ratio of the stars
WIDE_FWHM_PX = 9.0  # from here on the small stamps cut the moments


def detect_sources(
    image_e,
    saturation_e=None,
    bad=None,
    threshold_sigma=THRESHOLD_SIGMA,
    min_area_px=MIN_AREA_PX,
    n_moments=300,
    sky=None,
):
    """Find the sources of a frame and measure the brightest.

    Parameters
    ----------
    image_e : ndarray, shape (ny, nx)
        Frame in electrons, sky included. NaN pixels are bad.
    saturation_e : float or None
        Saturation level in electrons; None: nothing is taken for saturated.
    bad : ndarray of bool, shape (ny, nx), or None
        Pixels to mend before anything is looked for.
    threshold_sigma : float
        Detection threshold in units of the scatter of the sky.
    min_area_px : int
        Least number of connected pixels of a source.
    n_moments : int
        Number of the brightest sources whose width and shape are measured.
    sky : SkyMap or None
        Sky of the frame where it is known; None: one pass of a background mesh.

    Returns
    -------
    ndarray of CATALOG_DTYPE
        Stars and galaxies, brightest first. Saturated ones are kept and flagged. Sources sharper
        than stars are left out as cosmics, and those of the brightest whose moments do not
        converge or that are within 12 px (24 px in bad seeing) of the edge.

    Raises
    ------
    ImageRejected
        If there is no star: the frame is blank, has no good pixel, or holds cosmics alone.

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
    flat_e, sigma_e = _flatten(image_e, bad, sky)
    found = extract(flat_e, sigma_e, threshold_sigma, min_area_px)
    if len(found) == 0:
        raise ImageRejected(f"no star: nothing is {threshold_sigma:g} sigma above the sky")
    saturated = _is_saturated(raw_e, found, saturation_e)
    star = _is_no_cosmic(found, saturated)
    catalog, measured = _measure(flat_e, found, star, saturated, n_moments)
    kept = (star & (np.isfinite(catalog["fwhm_px"]) | ~measured)) | saturated
    if not kept.any():
        raise ImageRejected(f"no star: all {len(found)} sources are cosmics or have no shape")
    catalog = catalog[kept]
    return catalog[np.argsort(-catalog["flux_e"], kind="stable")]


def _flatten(image_e, bad, sky):
    """Frame without sky, and the scatter of the sky; pixels that could not be mended are sky."""
    if sky is None:
        first = background(np.nan_to_num(image_e), bad, default_box_px(image_e.shape))
        flat_e, sigma_e = image_e.copy(), first.globalrms
        first.subfrom(flat_e)
    else:
        flat_e, sigma_e = image_e - sky.level(), float(np.median(sky.sigma_mesh_e))
    return (flat_e if bad is None else np.nan_to_num(flat_e)), sigma_e


def _is_saturated(raw_e, found, saturation_e):
    """Mark sources with a saturated pixel near their centre."""
    if saturation_e is None:
        return np.zeros(len(found), dtype=bool)
    step = np.arange(-SATURATED_REACH_PX, SATURATED_REACH_PX + 1)
    ny, nx = raw_e.shape
    rows = np.clip(np.rint(found["y"]).astype(int)[:, None, None] + step[:, None], 0, ny - 1)
    cols = np.clip(np.rint(found["x"]).astype(int)[:, None, None] + step, 0, nx - 1)
    return (raw_e[rows, cols] >= SATURATED_SHARE * saturation_e).any(axis=(1, 2))


def _is_no_cosmic(found, saturated):
    """Mark sources no sharper than the stars of the frame."""
    ratio = found["peak"] / np.maximum(found["cpeak"], 1e-9)
    weight = found["flux"] * (~saturated) * (found["npix"] >= PIXELS_MIN)
    brightest = np.argsort(-weight)[:COSMIC_BRIGHTEST]
    return ratio < COSMIC_RATIO * low_cluster(ratio[brightest])


def _measure(flat_e, found, star, saturated, n_moments):
    """Catalogue of all sources found, and which of them were measured."""
    brightest = np.argsort(-np.where(star, found["flux"], -1))[:n_moments]
    moments = _moments(flat_e, found["x"][brightest], found["y"][brightest])
    catalog = np.zeros(len(found), dtype=CATALOG_DTYPE)
    for name in ("x", "y", "flux", "peak"):
        catalog[name + ("_px" if name in "xy" else "_e")] = found[name]
    catalog["n_pix"], catalog["is_saturated"] = found["npix"], saturated
    for name in ("fwhm_px", "ellipticity", "pa_deg"):
        catalog[name] = np.nan
        catalog[name][brightest] = getattr(moments, name)
    solved = brightest[np.isfinite(moments.x_px)]
    for name in ("x_px", "y_px"):
        catalog[name][solved] = getattr(moments, name)[np.isfinite(moments.x_px)]
    measured = np.zeros(len(found), dtype=bool)
    measured[brightest] = True
    return catalog, measured


def _moments(flat_e, x_px, y_px):
    """Adaptive moments, in stamps twice as wide where the seeing asks for it."""
    moments = adaptive_moments(flat_e, x_px, y_px)
    solved = np.isfinite(moments.fwhm_px)
    if solved.any() and np.median(moments.fwhm_px[solved]) > WIDE_FWHM_PX:
        return adaptive_moments(flat_e, x_px, y_px, half_px=2 * HALF_PX)
    return moments
