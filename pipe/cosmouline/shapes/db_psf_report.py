"""The report and the picture of the PSF on stars that were kept back."""

import logging

from cosmouline.astrometry.tangent import project
from cosmouline.database import paths
from cosmouline.files import io_report
from cosmouline.plots import style
from cosmouline.plots.survey import shapes as shape_plots
from cosmouline.psf.over_field import db_field
from cosmouline.psf.over_field.validation import mean_and_error, rho_statistics, slope_with_error

import numpy as np

log = logging.getLogger("cosmouline")
N_BINS = 8  # of distances of the rho statistics
SLOPE_SIGMAS = 3.0  # a growth of the size with flux beyond this is reported


def write(images, settings):
    """Write report_psf_field.txt and plots/psf_field.png of the CCDs that were validated."""
    if not images:
        log.warning("no star was kept back: the PSF is not validated")
        return
    stars = db_field.tested_stars(images, settings)
    residuals = {"e1": stars["star_e1"] - stars["psf_e1"],
                 "e2": stars["star_e2"] - stars["psf_e2"],
                 "size": stars["star_sigma_px"] / stars["psf_sigma_px"] - 1}
    rows = []
    for name, values in residuals.items():
        mean, error, scatter = mean_and_error(values, stars["snr"])
        rows.append({"residual": name, "mean": mean, "error": error, "scatter": scatter,
                     "n_stars": int(np.isfinite(values).sum())})
    slope, error = slope_with_error(stars["peak"] / 1e4, residuals["size"])
    plane = project(stars["ra_deg"], stars["dec_deg"], np.median(stars["ra_deg"]),
                    np.median(stars["dec_deg"]))
    reach = np.nanmax(np.ptp(plane, axis=0))
    edges = np.geomspace(reach / 100, reach, N_BINS + 1)
    rho = rho_statistics(plane, stars["star_e1"] + 1j * stars["star_e2"],
                         stars["psf_e1"] + 1j * stars["psf_e2"], 2 * stars["star_sigma_px"]**2,
                         2 * stars["psf_sigma_px"]**2, edges)
    text = io_report.table(rows, ("residual", "mean", "error", "scatter", "n_stars"), {
        "mean": "+.5f", "error": ".5f", "scatter": ".5f"})
    growth = (f"growth of the size with the peak: {slope:+.5f} +- {error:.5f} per 10 000 ADU"
              if np.isfinite(slope) else "too few stars for a slope of the size with the peak")
    text += f"\n\n{growth}\n\nrho statistics (distances in arcsec)\n\n"
    text += io_report.table([
        {"arcsec": rho.distance[k], "n_pairs": int(rho.n_pairs[k])} | {
            f"rho{i + 1}": rho.rho[i, k] for i in range(5)} for k in range(N_BINS)],
        ("arcsec", "n_pairs", *(f"rho{i + 1}" for i in range(5))),
        {"arcsec": ".1f"} | {f"rho{i + 1}": "+.2e" for i in range(5)})
    text += "\n\nCCDs\n\n" + io_report.table(images, (
        "img_name", "n_ccd_psf_used", "n_ccd_tested", "ccd_psf_model", "ccd_psf_chi2",
        "ccd_psf_fwhm_px", "ccd_psf_e1_residual", "ccd_psf_e2_residual",
        "ccd_psf_size_residual"), {"ccd_psf_chi2": ".2f", "ccd_psf_fwhm_px": ".2f"}
        | dict.fromkeys(("ccd_psf_e1_residual", "ccd_psf_e2_residual", "ccd_psf_size_residual"),
                        "+.4f"))
    io_report.write_report(paths.report(settings, "psf_field"),
                           f"{settings.lens_name}  the PSF on stars kept back", text)
    if abs(slope) > SLOPE_SIGMAS * error:
        log.warning("stars grow with their flux: %+.4f +- %.4f of their size per 10 000 ADU "
                    "(brighter-fatter): faint galaxies need the PSF of faint stars", slope, error)
    page = shape_plots.psf_page(plane, stars, residuals, rho, growth)
    style.title_page(page, f"{settings.lens_name}  the PSF on {len(plane)} stars kept back")
    path = paths.plot(settings, "psf_field")
    style.save(page, path, style.stamp_text(settings.lens_name, "3d_psf_validate"))
    log.info("residuals on %d stars: e1 %+.4f +- %.4f, e2 %+.4f +- %.4f, size %+.4f +- %.4f",
             len(plane), rows[0]["mean"], rows[0]["error"], rows[1]["mean"], rows[1]["error"],
             rows[2]["mean"], rows[2]["error"])
