"""The stacks of a lens measured: fluxes, errors, magnitudes, the catalogue's names."""

from typing import NamedTuple

from cosmouline.astrometry import catalogues, tangent
from cosmouline.astrometry.db_catalogue import stars_at
from cosmouline.astrometry.transformations import in_band
from cosmouline.database.notation import AUTO, radius_px
from cosmouline.images.db_photom_stacks import read_flat
from cosmouline.photometry.magnitudes import MAG_PER_LN
from cosmouline.photometry.zero_points import zero_point
from cosmouline.psf import io_psf
from cosmouline.psf.stacks.empty_apertures import EMPTY_CLIP_SIGMA, empty_places, noise_curve
from cosmouline.psf.stacks.forced import PsfFluxes, aperture_fluxes_at, psf_fluxes_at
from cosmouline.psf.stacks.stack_psf import fit_stack_psf
from cosmouline.robust import median_of_finite
from cosmouline.sources.chi_square import FLAG_BLENDED
from cosmouline.sources.db_catalogue_stars import of_reference
from cosmouline.sources.db_detection import FIELDS
from cosmouline.sources.detect import detect_sources

import numpy as np

LADDER_FWHM = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)  # radii of the noise curve, beside our own
WINGS_SIGMA = 0.3  # light of known sources above this, per pixel: no empty sky
EMPTY_PSF_FWHM = 1.5  # radius that an empty place of the PSF needs
MOST_EMPTY_PSF = 1500
DETECTED_SIGMA = 2.0  # a fainter flux has no magnitude
STANDARD_SIGMA_MAG = 0.1  # fainter stars of the stack do not check its zero point
LIMIT_SIGMA = 5.0  # of the limiting magnitude
CATALOGUE_FIELDS = {
    "catalogue_name": (str, "", "name of the star of the catalogue there"),
    "catalogue_arcsec": (float, "arcsec", "distance from its position"),
}
STACK_FIELDS = {
    "filter": (str, "", "of the stack of all nights"),
    "n_images": (int, "1", "images in it"),
    "exptime_s": (float, "s", "of all of them together"),
    "airmass": (float, "1", "their mean"),
    "seeing_arcsec": (float, "arcsec", "FWHM of its stars"),
    "fwhm_px": (float, "px", "that of its PSF"),
    "n_psf_stars": (int, "1", "stars behind the PSF"),
    "zero_point_mag": (float, "mag", "magnitude of a flux of 1"),
    "zero_point_sigma_mag": (float, "mag", "its error; absent: magnitudes are instrumental"),
    "band": (str, "", "of the magnitudes, in the catalogue"),
    "system": (str, "", "Vega or AB"),
    "psf_noise": (float, "1", "scatter of PSF fluxes on empty sky / that of independent pixels"),
    "limit_mag": (float, "mag", "of a point source of 5 sigma"),
    "catalogue_offset_mag": (float, "mag", "catalogue minus ours, by the stars on the stack"),
    "catalogue_offset_sigma_mag": (float, "mag", "its error"),
    "n_catalogue_stars": (int, "1", "stars behind it"),
}
NOISE_FIELDS = {
    "radius_px": (float, "px", "radius of the empty apertures"),
    "n": (int, "1", "empty apertures measured"),
    "factor": (float, "1", "their scatter over that of independent pixels; the errors have it"),
    "factor_sigma": (float, "1", "its error"),
    "level": (float, "1", "their mean in units of their scatter: sky that is left"),
    "sigma": (float, "", "their scatter, flux of the stack"),
}


class Measured(NamedTuple):
    """One stack, measured at n positions in k apertures."""

    header: object
    names: list  # of the apertures
    radii_px: np.ndarray  # (k,)
    flux: np.ndarray  # (n, k)
    sigma: np.ndarray  # (n, k), by the noise of empty apertures
    psf: PsfFluxes
    psf_sigma: np.ndarray  # (n,), by the noise of empty places
    psf_factor: float
    aperture_mag: np.ndarray  # (k,), magnitude by the PSF minus that of the aperture, for stars
    curve: object  # NoiseCurve
    fwhm_px: float
    n_psf_stars: int


def measure(path, xy_px, segments, settings, seed=1):
    """Measure a stack at the positions of all sources; return `Measured`.

    Parameters
    ----------
    path : Path
    xy_px : ndarray of float, shape (n, 2)
    segments : ndarray, shape (ny, nx)
        0 for the sky.
    settings : namespace
    seed : int
        Of the places of the empty apertures.

    Raises
    ------
    ImageRejected
        If the stack has no star for a PSF.
    """
    flat = read_flat(path, segments > 0)
    header, gain, bad = flat.header, np.float32(flat.header["GAIN"]), flat.bad
    saturation_e = header["SATURLVL"] * gain
    with np.errstate(divide="ignore"):
        sky_variance = 1 / flat.weight

    # the PSF, in electrons by the gain of the stack, so that its noise is that of photons
    sources = detect_sources(flat.image * gain, saturation_e)
    scatter = header["PIXSIG"] / header["SKYSIG"]
    fit, rows = fit_stack_psf(flat.image * gain, sky_variance * gain**2, sources, saturation_e,
                              settings.psf_upsampling, scatter, settings.psf_stamp_fwhm)
    io_psf.write_psf(path.parent / "psf.fits", fit, [str(row) for row in rows],
                     {"filter_name": header["FILTER"]})
    fwhm_px = fit.psf.star_fwhm_px

    # forced fluxes
    names = [name for name in settings.photom_apertures if name != AUTO]
    radii = np.array([radius_px(name, fwhm_px, header["PIXSIZE"]) for name in names])
    flux, sigma = aperture_fluxes_at(flat.image, flat.variance, bad, xy_px, radii)
    found = psf_fluxes_at(flat.image, flat.variance, flat.weight, bad, xy_px, fit.psf)

    # the noise of empty sky: neither sources nor their wings
    blocked = bad | (segments > 0) | (found.model > WINGS_SIGMA * np.sqrt(sky_variance))
    ladder = np.unique(np.concatenate([radii, np.array(LADDER_FWHM) * fwhm_px]).round(3))
    curve = noise_curve(flat.image, flat.variance, blocked, ladder, seed)
    factor = _psf_factor(flat, blocked, fit.psf, fwhm_px, seed)
    stars = np.column_stack([sources["x_px"], sources["y_px"]])[rows[fit.is_used]]
    return Measured(header, names, radii, flux, sigma * curve.at(radii), found,
                    found.sigma * factor, factor, _aperture_mags(flat, stars, radii, fit.psf),
                    curve, fwhm_px, int(fit.is_used.sum()))


def _psf_factor(flat, blocked, psf, fwhm_px, seed):
    """Scatter of PSF fluxes at empty places over their errors; 1 where there is no room."""
    places = empty_places(blocked, EMPTY_PSF_FWHM * fwhm_px, seed, MOST_EMPTY_PSF)
    if len(places) < 2:
        return 1.0
    found = psf_fluxes_at(flat.image, flat.variance, flat.weight, flat.bad, places, psf,
                          alone=True)
    pulls = (found.flux / found.sigma)[np.isfinite(found.flux)]
    for _ in range(3):
        pulls = pulls[np.abs(pulls - np.median(pulls)) <= EMPTY_CLIP_SIGMA * pulls.std()]
    return float(pulls.std(ddof=1))


def _aperture_mags(flat, stars_px, radii_px, psf):
    """Magnitudes of stars by the PSF minus those in apertures, median; (k,), NaN without stars."""
    light, _ = aperture_fluxes_at(flat.image, flat.variance, flat.bad, stars_px, radii_px)
    whole = psf_fluxes_at(flat.image, flat.variance, flat.weight, flat.bad, stars_px, psf)
    with np.errstate(invalid="ignore", divide="ignore"):
        return median_of_finite(2.5 * np.log10(light / whole.flux[:, None]))


def fields(filters, measured):
    """Return the fields of the table of all sources: of the list, then of every filter."""
    found = dict(FIELDS) | CATALOGUE_FIELDS
    for name, one in zip(filters, measured, strict=True):
        scale = _scale(one.header)
        found |= {
            f"flux_psf_{name}": (float, "", f"by the PSF; 1 is magnitude {one.header['MAGZERO']}"),
            f"fluxerr_psf_{name}": (float, "", "its error, by the noise of empty places"),
            f"mag_psf_{name}": (float, "mag", f"by the PSF, {scale}"),
            f"magerr_psf_{name}": (float, "mag", "its error, without that of the zero point"),
            f"chi2_psf_{name}": (float, "1", "mean squared residual under the PSF; galaxies > 1"),
            f"catalogue_mag_{name}": (float, "mag", "of the catalogue in that band")}
        for aperture in one.names:
            found |= {
                f"flux_{aperture}_{name}": (float, "", f"in a circle of radius {aperture}"),
                f"fluxerr_{aperture}_{name}": (float, "", "its error"),
                f"mag_{aperture}_{name}": (float, "mag", "of that flux, not of the whole light"),
                f"magerr_{aperture}_{name}": (float, "mag", "its error")}
    return found


def _scale(header):
    """Return in words on which scale the magnitudes of a stack are."""
    if "ABSZPT" not in header:
        return "instrumental: no zero point"
    return f"{header['MAGBAND']} ({header['MAGSYS']}), zero point +- {header['ABSZPRMS']:.4f} mag"


def add_measured(rows, filters, measured):
    """Add fluxes and magnitudes of every filter to the rows of the sources, where they exist."""
    for name, one in zip(filters, measured, strict=True):
        kinds = {"psf": (one.psf.flux, one.psf_sigma)} | {
            aperture: (one.flux[:, k], one.sigma[:, k]) for k, aperture in enumerate(one.names)}
        for kind, (flux, sigma) in kinds.items():
            with np.errstate(invalid="ignore", divide="ignore"):
                mag = one.header["MAGZERO"] - 2.5 * np.log10(flux)
                error = MAG_PER_LN * sigma / flux
            for row, *values, is_found in zip(rows, flux, sigma, mag, error,
                                              flux > DETECTED_SIGMA * sigma, strict=True):
                columns = [f"{what}_{kind}_{name}" for what in ("flux", "fluxerr", "mag",
                                                                "magerr")]
                row |= {column: float(value) for column, value in zip(
                    columns[:4 if is_found else 2], values, strict=False) if np.isfinite(value)}
        for row, chi2 in zip(rows, one.psf.chi2, strict=True):
            row |= {f"chi2_psf_{name}": float(chi2)} if np.isfinite(chi2) else {}


def add_catalogue(rows, filters, measured, reference, settings):
    """Add names and magnitudes of the catalogue; return the check of each filter's zero point.

    Returns
    -------
    dict of str to ZeroPoint
        What the catalogue's stars add to the magnitudes by the PSF, by filter: 0 within errors
        where the zero points of the images are right. Empty without a catalogue.
    """
    xy = np.array([(row["x_px"], row["y_px"]) for row in rows]).reshape(-1, 2)
    line, stars = of_reference(xy, reference, settings)
    if stars is None:
        return {}
    sky = stars_at(stars, reference, settings)
    names = stars.get("source_id", np.arange(catalogues.n_of(stars)).astype(str))
    for row, k in zip(rows, line, strict=True):
        if k >= 0:
            away = tangent.distance_arcsec(row["ra_deg"], row["dec_deg"], *sky[k])[0]
            row |= {"catalogue_name": str(names[k]), "catalogue_arcsec": float(away)}
    checks = {}
    for name, one in zip(filters, measured, strict=True):
        known = in_band(stars, one.header["MAGBAND"]) if "MAGBAND" in one.header else None
        if known is None:
            continue
        mag = np.where(line >= 0, known.mag[line], np.nan)
        own = np.array([[row.get(f"{what}_psf_{name}", np.nan) for what in ("mag", "magerr")]
                        for row in rows]).T
        good = ((own[1] < STANDARD_SIGMA_MAG)
                & np.array([(row["flags"] & ~FLAG_BLENDED) == 0 for row in rows]))
        for row, value in zip(rows, mag, strict=True):
            row |= {f"catalogue_mag_{name}": float(value)} if np.isfinite(value) else {}
        if np.isfinite(mag[good]).any():
            checks[name] = zero_point.of_stars(mag[good], known.sigma[line[good]], *own[:, good])
    return checks


def noise_rows(curve):
    """Return the noise curve of a stack as rows of `NOISE_FIELDS`."""
    return [{name: value for name, value in zip(NOISE_FIELDS, values, strict=True)
             if value == value} for values in zip(
                 *(one.tolist() for one in curve), strict=True)]


def stack_fields(measured):
    """Return the fields of the table of stacks: `STACK_FIELDS` and those of the apertures."""
    names = measured[0].names if measured else ()
    return STACK_FIELDS | {f"aperture_mag_{name}": (
        float, "mag", "magnitude of a star by the PSF minus that in this aperture")
        for name in names}


def stack_rows(filters, measured, checks):
    """Return one row of `stack_fields` for each filter."""
    rows = []
    for name, one in zip(filters, measured, strict=True):
        header = one.header
        row = {"filter": name, "n_images": header["NSTACK"], "exptime_s": header["TOTALEXP"],
               "airmass": header.get("AIRMASS"), "seeing_arcsec": header["SEEING"],
               "fwhm_px": one.fwhm_px, "n_psf_stars": one.n_psf_stars,
               "zero_point_mag": header["MAGZERO"], "zero_point_sigma_mag": header.get("ABSZPRMS"),
               "band": header.get("MAGBAND"), "system": header.get("MAGSYS"),
               "psf_noise": one.psf_factor, "limit_mag": limit_mag(one)}
        if name in checks:
            row |= {"catalogue_offset_mag": checks[name].zero_point,
                    "catalogue_offset_sigma_mag": checks[name].sigma,
                    "n_catalogue_stars": int(checks[name].used.sum())}
        row |= dict(zip([f"aperture_mag_{name}" for name in one.names],
                        one.aperture_mag.tolist(), strict=True))
        rows.append({key: value for key, value in row.items()
                     if value is not None and value == value})
    return rows


def limit_mag(one):
    """Magnitude of a point source of `LIMIT_SIGMA` on a stack, by its PSF on empty sky."""
    faint = one.psf_sigma[np.isfinite(one.psf_sigma)]
    if not faint.size:
        return np.nan
    return float(one.header["MAGZERO"] - 2.5 * np.log10(LIMIT_SIGMA * np.quantile(faint, 0.1)))
