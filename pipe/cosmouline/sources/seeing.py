"""Seeing of a frame: FWHM, ellipticity and its angle, from the stars among its sources."""

from dataclasses import dataclass

from cosmouline.errors import ImageRejected
from cosmouline.robust import mad_sigma, median_of_finite

import numpy as np

CLUSTER_WIDTH = 1.15  # stars of a frame agree within 15 % in peak ratio and in width
CLUSTER_FRACTION = 0.4  # a cluster holds at least this fraction of the fullest window
CLUSTER_LEAST = 4

BRIGHTEST = 60  # stars that count in one frame
PIXELS_MIN = 9  # sources with fewer pixels are too faint, or cosmic rays
FWHM_MIN_PX = 1.0  # nothing that came through a telescope is sharper
FEW_STARS = 12  # below, the mode of the widths is not defined: the upper cluster is taken
FWHM_SPREAD = 0.15  # stars have a width within 15 % of the frame's

ODD_FEW_STARS = 3  # a transform needs three
ODD_ELLIPTICITY = 0.35  # guided frames stay below
ODD_SATURATED_PART = 0.3
ODD_NARROW, ODD_NARROW_PART, ODD_NARROW_LEAST = 0.75, 0.2, 4  # nothing is sharper than a star

RECURRING_BRIGHTEST = 40  # stars that count in a set of frames
RECURRING_SPREAD = 0.12  # a star's width over that of its frames; galaxies are wider
RECURRING_CLUSTER = 1.1  # widest over narrowest star, each relative to its frames
RECURRING_FEW = 3  # with fewer stars than this nothing is selected
RECURRING_FLOOR = 0.02  # widths agree to 2 % at best, which the clip must not undercut


@dataclass(frozen=True)
class Seeing:
    """Width and shape of the stars of one frame."""

    fwhm_px: float  # median FWHM
    ellipticity: float  # median 1 - b/a
    pa_deg: float  # mean angle of the long axis from x towards y, -90 to 90
    n_stars: int  # stars behind these numbers


def half_sample_mode(values):
    """Mode of a sample: the half that spans least, halved again until five values are left.

    Returns the mean of these five. `values` has at least one value, no NaN. Bickel & Fruehwirth
    2006, Comput. Stat. Data Anal. 50, 3500: no bin width is needed.
    """
    values = np.sort(np.asarray(values, dtype=float))
    if values.size == 0:
        raise ValueError("values must not be empty")
    while values.size > 5:
        half = (values.size + 1) // 2
        start = int(np.argmin(values[half - 1 :] - values[: values.size - half + 1]))
        values = values[start : start + half]
    return float(values.mean())


def low_cluster(values, width=CLUSTER_WIDTH, fraction=CLUSTER_FRACTION, least=CLUSTER_LEAST):
    """Median of the lowest cluster of a sample of positive values.

    Parameters
    ----------
    values : array_like of float
        Sample; NaN and values that are not positive are left out.
    width : float
        A cluster lies in a window [a, `width` a].
    fraction : float
        It holds at least this fraction of the number in the fullest window, and ...
    least : int
        ... at least this many values (half of a smaller sample).

    Returns
    -------
    float
        NaN for an empty sample.

    Notes
    -----
    Stars are the least sharp sources, so their ratio of peak to smoothed peak is the lowest
    cluster. The mode fails in a poor field, where cosmic rays outnumber the stars.
    """
    values = np.asarray(values, dtype=float)
    values = np.sort(values[np.isfinite(values) & (values > 0)])
    if values.size < 3:
        return float(np.median(values)) if values.size else float("nan")
    # number of values in the window that begins at each value
    inside = np.searchsorted(values, width * values, side="right") - np.arange(values.size)
    enough = inside >= max(min(least, values.size // 2), fraction * inside.max())
    first = int(np.argmax(enough))
    # the first window that is full enough, moved on to the fullest that overlaps with it
    fullest = first + int(np.argmax(inside[first : first + inside[first]]))
    return float(np.median(values[fullest : fullest + inside[fullest]]))


def frame_seeing(catalog):
    """Seeing of one frame from its own sources.

    Parameters
    ----------
    catalog : ndarray (structured)
        Sources of ``detect.CATALOG_DTYPE``, brightest first.

    Returns
    -------
    Seeing

    Raises
    ------
    ImageRejected
        If no unsaturated source has a measured width, or the few that have one disagree.

    Notes
    -----
    Mode of the FWHM of the 60 brightest, then the median of those within 15 % of it. Good to a few
    per cent where stars outnumber galaxies; `recurring_seeing` is better once frames are aligned.
    COSMOULINE takes the peak of a histogram, and never less than 2.01 px.
    """
    usable = ~catalog["is_saturated"] & (catalog["flux_e"] > 0)
    widths = catalog["fwhm_px"][usable & (catalog["n_pix"] >= PIXELS_MIN)][:BRIGHTEST]
    widths = widths[np.isfinite(widths) & (widths > FWHM_MIN_PX)].astype(float)
    if widths.size == 0:
        n_saturated = int(np.count_nonzero(catalog["is_saturated"]))
        saturated = f"{n_saturated} are saturated, the others " if n_saturated else ""
        raise ImageRejected(f"no star with a measured width among {len(catalog)} sources: "
                            f"{saturated}too faint, or narrower than 1.1 px")
    # the mode; of few sources the widest cluster, for cosmic rays are narrower than stars
    peak = half_sample_mode(widths)
    if widths.size < FEW_STARS:
        peak = 1 / low_cluster(1 / widths)
    near = widths[np.abs(widths / peak - 1) < FWHM_SPREAD]
    fwhm_px = float(np.median(near if near.size else widths))
    with np.errstate(invalid="ignore"):
        stars = catalog[usable & (np.abs(catalog["fwhm_px"] / fwhm_px - 1) < FWHM_SPREAD)]
    if not len(stars):
        raise ImageRejected(f"no seeing: the widths of {widths.size} sources do not agree "
                            f"({widths.min():.1f} to {widths.max():.1f} px)")
    ellipticity = stars["ellipticity"][:BRIGHTEST].astype(float)
    pa_deg = mean_angle_deg(stars["pa_deg"][:BRIGHTEST], ellipticity)
    return Seeing(fwhm_px, float(np.median(ellipticity)), pa_deg, len(stars))


def odd_stars(seeing, catalog):
    """Return what is unusual about the stars of a frame, a list of texts; empty for most frames.

    `catalog` holds its sources, of ``detect.CATALOG_DTYPE``.
    """
    notes = []
    if seeing.n_stars <= ODD_FEW_STARS:
        notes.append(f"few stars: {seeing.n_stars} behind the seeing; cloud?")
    if seeing.ellipticity > ODD_ELLIPTICITY:
        notes.append(f"elongated stars: ellipticity of {seeing.ellipticity:.2f}; trailed?")
    n_saturated = int(catalog["is_saturated"].sum())
    if n_saturated > ODD_SATURATED_PART * len(catalog):
        notes.append(f"saturated stars: {n_saturated} of {len(catalog)} sources")
    usable = ~catalog["is_saturated"] & (catalog["flux_e"] > 0)
    widths = catalog["fwhm_px"][usable & (catalog["n_pix"] >= PIXELS_MIN)][:BRIGHTEST]
    widths = np.sort(widths[np.isfinite(widths) & (widths > FWHM_MIN_PX)])
    n_narrow = int((widths < ODD_NARROW * seeing.fwhm_px).sum())
    if n_narrow >= max(ODD_NARROW_LEAST, ODD_NARROW_PART * len(widths)):
        notes.append(f"galaxies taken for stars? {n_narrow} of {len(widths)} sources are narrower "
                     f"than {ODD_NARROW:g} of the seeing of {seeing.fwhm_px:.1f} px, the sharpest "
                     f"have {np.median(widths[:ODD_NARROW_LEAST]):.1f}")
    return notes


def mean_angle_deg(pa_deg, weight):
    """Mean of axis angles, which repeat every 180 deg: the mean of the doubled angles, halved.

    Without NaN; the result is between -90 and 90. With the ellipticities as weights the angles of
    round stars, which are noise, do not count.
    """
    doubled = np.radians(2 * np.asarray(pa_deg, dtype=float))
    y, x = np.sum(weight * np.sin(doubled)), np.sum(weight * np.cos(doubled))
    return float(np.degrees(0.5 * np.arctan2(y, x)))


def recurring_seeing(fwhm_px, ellipticity, pa_deg, is_usable, n_brightest=RECURRING_BRIGHTEST):
    """Seeing of every frame of a set from the stars that recur in it.

    Parameters
    ----------
    fwhm_px, ellipticity, pa_deg : ndarray of float, shape (n_frames, n_stars)
        Measured shapes, brightest star first; NaN where a star was not measured.
    is_usable : ndarray of bool, shape (n_stars,)
        Stars that may count: not saturated.
    n_brightest : int
        Usable stars that count.

    Returns
    -------
    list of Seeing or None
        None for a frame with fewer than two of the stars.

    Notes
    -----
    Cosmic rays do not recur, and a galaxy is wider than the stars in all of its frames, so what is
    left are stars. Each width is divided by the star's median ratio to its frames, which takes
    out the effects of colour, a close companion or the position in the field; then 3 sigma are
    clipped. Estimate over truth .977 to 1.013 from 3.3 to 9.5 px, 1.02 to 1.05 at 2.0 to 2.5 px.
    """
    brightest = np.flatnonzero(is_usable)[:n_brightest]
    frame_px = np.full(len(fwhm_px), np.nan)  # first width of each frame, from three stars on
    for k, row in enumerate(fwhm_px):
        widths = row[brightest][np.isfinite(row[brightest])]
        if widths.size > 2:
            frame_px[k] = half_sample_mode(widths)
    ratio = median_of_finite(fwhm_px / frame_px[:, None], axis=0)
    # Nothing is sharper than a star, but galaxies that outnumber the stars set the first width:
    # then the narrowest width that several sources share is that of the stars
    narrowest = low_cluster(ratio[brightest], RECURRING_CLUSTER)
    if narrowest < 1 - RECURRING_SPREAD:
        ratio = ratio / narrowest
    # what is wider than its frames is no star
    with np.errstate(invalid="ignore"):
        stars = brightest[np.abs(ratio[brightest] - 1) < RECURRING_SPREAD]
    if len(stars) < RECURRING_FEW:
        stars = brightest
    if len(stars) <= RECURRING_FEW:  # so few cannot give ratios of their own
        ratio = np.ones_like(ratio)
    return _seeings(fwhm_px[:, stars] / ratio[stars], ellipticity[:, stars], pa_deg[:, stars])


def known_seeing(fwhm_px, ellipticity, pa_deg, is_usable, ratio, n_brightest=RECURRING_BRIGHTEST):
    """Seeing of frames from stars whose widths over those of other frames of the set are known.

    As `recurring_seeing`, but `ratio`, (n_stars,), NaN where unknown, comes from those frames: so
    a few new ones need not be measured together with all others.
    """
    brightest = np.flatnonzero(is_usable & np.isfinite(ratio))[:n_brightest]
    stars = brightest[np.abs(ratio[brightest] - 1) < RECURRING_SPREAD]
    if len(stars) < RECURRING_FEW:
        stars = brightest
    if len(stars) <= RECURRING_FEW:
        ratio = np.ones_like(ratio)
    return _seeings(fwhm_px[:, stars] / ratio[stars], ellipticity[:, stars], pa_deg[:, stars])


def _seeings(fwhm_px, ellipticity, pa_deg):
    """Seeing of each frame from the widths of stars, divided by their ratios; None from one."""
    seeings = []
    for widths, shape, angle in zip(fwhm_px, ellipticity, pa_deg, strict=True):
        measured = np.isfinite(widths)
        if measured.sum() < 2:
            seeings.append(None)
            continue
        widths, shape, angle = widths[measured], shape[measured], angle[measured]
        # outliers: cosmic rays on a star, close pairs that the seeing has joined
        middle = np.median(widths)
        limit = 3 * (mad_sigma(widths) + RECURRING_FLOOR * middle)
        kept = np.abs(widths - middle) < limit
        seeings.append(Seeing(float(np.median(widths[kept])), float(np.median(shape)),
                              mean_angle_deg(angle, shape), int(kept.sum())))
    return seeings
