"""The tables of an injection: every flux, the numbers of each source, and the checks."""

from cosmouline.files.io_table import read_ecsv_columns, write_ecsv

FLUXES = {
    "site": (str, "", "site"),
    "series": (str, "", "light curve that was injected"),
    "star": (str, "", "star whose copies were injected"),
    "img_name": (str, "", "image"),
    "mjd": (float, "d", "date"),
    "source": (str, "", "image of the lens"),
    "injected": (float, "e-", "flux that was injected, on the scale of the reference image"),
    "found": (float, "e-", "flux that the fit found"),
    "sigma": (float, "e-", "its quoted random error"),
}
SOURCES = {
    "source": (str, "", "image of the lens"),
    "bias": (float, "1", "mean relative bias of the sites with light by the PSF"),
    "bias_error": (float, "1", "its error, by the scatter of the sites"),
    "quoted_systematic": (float, "1", "quoted systematic error, relative, median of the sites"),
    "pull": (float, "1", "root mean square over the sites of bias / quoted error"),
    "scatter": (float, "1", "scatter of single images / quoted random error"),
    "scatter_error": (float, "1", "error of scatter"),
    "n_outliers": (int, "1", "fluxes beyond 6 quoted errors, left out of scatter"),
    "night_scatter": (float, "1", "the same of nights"),
    "night_scatter_error": (float, "1", "error of night_scatter"),
    "slope": (float, "1", "slope of found against injected flux"),
    "slope_error": (float, "1", "error of slope"),
    "factor_random": (float, "1", "factor offered for the random errors of points"),
    "factor_systematic": (float, "1", "factor offered for the systematic error"),
    "n_sites": (int, "1", "sites with light by the PSF"),
    "dec_fit": (str, "", "hash of the fit of the lens"),
}
CHECKS = {
    "check": (str, "", "what is compared"),
    "found": (float, "1", "value"),
    "error": (float, "1", "its error, and what a right set is off by itself"),
    "expected": (float, "1", "what right errors give"),
    "sigmas": (float, "1", "by how many errors it is off"),
    "n": (int, "1", "degrees of freedom, sites, groups or images behind it"),
    "passed": (bool, "", "off by less than 3 errors"),
}


def write_tables(folder, fluxes, sources, checks):
    """Write injection.ecsv, certificate.ecsv and checks.ecsv; rows are dicts, NaN is left out."""
    for name, rows, columns in (("injection", fluxes, FLUXES), ("certificate", sources, SOURCES),
                                ("checks", checks, CHECKS)):
        write_ecsv(folder / f"{name}.ecsv", [{k: v for k, v in row.items() if v == v and v != ""}
                                             for row in rows], columns)


def read_certificate(folder):
    """Return the columns of certificate.ecsv and of checks.ecsv; None where one is missing."""
    found = [folder / f"{name}.ecsv" for name in ("certificate", "checks")]
    return tuple(map(read_ecsv_columns, found)) if all(p.is_file() for p in found) else None
