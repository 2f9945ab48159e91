"""The page and the report of the injected sources: the certificate of a light curve."""

from cosmouline import __version__
from cosmouline.database.columns import column
from cosmouline.files import io_html, io_report
from cosmouline.files.io_html import escape
from cosmouline.injection import certificate
from cosmouline.plots.injection import injection_page

import numpy as np

CHECK_COLUMNS = ("check", "found", "error", "expected", "sigmas", "n", "passed")
CHECK_FORMATS = dict.fromkeys(("found", "error", "expected"), ".3f") | {"sigmas": "+.1f"}
SOURCE_COLUMNS = ("source", "bias", "bias_error", "quoted_systematic", "pull", "scatter",
                  "scatter_error", "night_scatter", "night_scatter_error", "slope", "slope_error",
                  "factor_random", "factor_systematic")
SOURCE_FORMATS = dict.fromkeys(SOURCE_COLUMNS[1:], ".3f") | dict.fromkeys(
    ("bias", "bias_error", "quoted_systematic", "slope", "slope_error"), ".4f")
OFFERED_SIGMAS = 3.0  # errors by which a factor must differ from 1 to be offered


def source_rows(names, model, nights, dec_fit):
    """Return a row of `io_certificate.SOURCES` for every source."""
    bias, bias_error, quoted, pulls = certificate.static_bias(model)
    ratio, error, _, n_outliers = certificate.scatter(model)
    of_night, night_error, *_ = certificate.scatter(nights)
    slope, slope_error = certificate.slope(model)
    rows = []
    for i, name in enumerate(names):
        pull = float(np.sqrt(np.nanmean(pulls[:, i] ** 2)))
        n = int(np.isfinite(pulls[:, i]).sum())
        rows.append({
            "source": name, "bias": float(bias[i]), "bias_error": float(bias_error[i]),
            "quoted_systematic": float(quoted[i]), "pull": pull, "scatter": float(ratio[i]),
            "scatter_error": float(error[i]), "n_outliers": int(n_outliers[i]),
            "night_scatter": float(of_night[i]), "night_scatter_error": float(night_error[i]),
            "slope": float(slope[i]), "slope_error": float(slope_error[i]),
            "factor_random": _factor(of_night[i], night_error[i]),
            "factor_systematic": max(1.0, _factor(pull, pull / np.sqrt(2 * n))),
            "n_sites": n, "dec_fit": dec_fit})
    return rows


def flux_rows(sites, names, images):
    """Return a row of `io_certificate.FLUXES` for every flux of every site."""
    return [{"site": site.name, "series": site.series, "star": site.star,
             "img_name": images[k]["img_name"], "mjd": images[k]["mjd"], "source": name,
             "injected": float(site.true[e, i]), "found": float(site.flux[e, i]),
             "sigma": float(site.sigma[e, i])}
            for site in sites for e, k in enumerate(site.index) for i, name in enumerate(names)]


def check_rows(checks):
    """Return a row of `io_certificate.CHECKS` for every `Check`."""
    return [{"check": one.what, "found": one.found, "error": one.error, "expected": one.expected,
             "sigmas": float(one.sigmas), "n": one.n, "passed": one.is_passed} for one in checks]


def quantities(sites, images):
    """Return deviations, and by their names what they may depend on, all of shape (n,)."""
    def of_images(field):
        values = column(images, field)
        return _flat(np.broadcast_to(values[site.index][:, None], site.flux.shape)
                     for site in sites)

    return _flat(site.deviations for site in sites), {
        "seeing (arcsec)": of_images("field_fwhm_arcsec"),
        "sky level (e-)": of_images("sky_level_e"),
        "flux / error": _flat(site.true / site.sigma for site in sites)}


def halves_rows(sites, away, values, places, lens_px):
    """Return one row for each quantity: name, change of the bias, and ratio of the scatters.

    Within the sites for those of `quantities`; for the distance of a site from the lens (`places`
    by its name, (x, y) as `lens_px`) the static pulls.
    """
    away_px = [np.hypot(*(np.array(places[site.name]) - lens_px)) for site in sites]
    distance = _flat(np.full(site.flux.shape[1], one)
                     for site, one in zip(sites, away_px, strict=True))
    pulls = certificate.static_bias(sites)[3].ravel()
    rows = []
    for name, one, off in [*((name, one, away) for name, one in values.items()),
                           ("distance from the lens (static pulls)", distance, pulls)]:
        (bias, bias_error), (ratio, error) = certificate.halves(off, one)
        rows.append({"quantity": name, "bias": bias, "bias_error": bias_error, "ratio": ratio,
                     "ratio_error": error})
    return rows


def page(names, model, clones, nights, away, values, title, subtitle):
    """Return the picture of all results; `away` and `values` are of `quantities`."""
    sites = [*model, *clones]
    bias = np.array([site.bias[0] / np.nanmean(site.true, axis=0) for site in sites])
    _, _, quoted, _ = certificate.static_bias(model)
    scatters = {"images": certificate.scatter(model)[:2],
                "nights": certificate.scatter(nights)[:2]}
    if clones:
        scatters["copies of stars"] = certificate.scatter(clones)[:2]
    predicted, found, error = certificate.correlations(model)
    upper = np.triu_indices(len(names), 1)
    return injection_page(
        names, bias, np.nan_to_num(quoted), np.array([bool(site.star) for site in sites]),
        scatters, away, {name: (values[name], away) for name in list(values)[:2]},
        tuple(one[upper] for one in (predicted, found, error)), title, subtitle)


def summary(checks, model, clones):
    """Return the verdict, and how much is behind it, as two sentences."""
    failed = [one["check"] for one in checks if not one["passed"]]
    verdict = (f"{len(checks) - len(failed)} of {len(checks)} checks passed"
               + (f"; not passed: {'; '.join(failed)}" if failed else ""))
    n = sum(int(np.isfinite(site.residual).sum()) for site in model)
    return verdict, (
        f"{len(model)} sites with the light of the lens by the PSF, {len(clones)} with copies of "
        f"stars; {n} fluxes. The static bias is known by one value of each site: {len(model)} "
        f"sites know a quoted error to {100 / np.sqrt(2 * max(len(model), 1)):.0f} % per source.")


def report_text(rows, checks, halves, texts):
    """Return the report as text."""
    return "\n".join([
        *texts, "", io_report.table(checks, CHECK_COLUMNS, CHECK_FORMATS),
        io_report.table(rows, SOURCE_COLUMNS, SOURCE_FORMATS),
        io_report.table(halves, ("quantity", "bias", "bias_error", "ratio", "ratio_error"),
                        dict.fromkeys(("bias", "bias_error", "ratio", "ratio_error"), ".3f"))])


def html(rows, checks, halves, sites, texts, title, picture):
    """Return the web page."""
    def number(value, form):
        return format(value, form) if np.isfinite(value) else "-"

    def with_error(one, key, form, scale=1.0):
        return (f"{number(scale * one[key], form)} ± "
                f"{number(scale * one[f'{key}_error'], form.replace('+', ''))}")

    return io_html.fill(
        io_html.asset("injection.html"), title=escape(title), style=io_html.asset("style.css"),
        verdict=escape(texts[0]), summary=escape(texts[1]), picture=io_html.url(*picture),
        version=escape(__version__),
        checks=io_html.table_rows(
            (escape(one["check"]), number(one["found"], ".3f"), number(one["error"], ".3f"),
             number(one["expected"], ".3f"), number(one["sigmas"], "+.1f"), one["n"],
             "passed" if one["passed"] else '<b class="warn">not passed</b>') for one in checks),
        sources=io_html.table_rows(
            (escape(one["source"]), with_error(one, "bias", "+.2f", 100),
             number(100 * one["quoted_systematic"], ".2f"), with_error(one, "scatter", ".2f"),
             with_error(one, "night_scatter", ".2f"), with_error(one, "slope", ".4f"),
             number(one["factor_random"], ".2f"), number(one["factor_systematic"], ".2f"))
            for one in rows),
        sites=io_html.table_rows(
            (escape(site.name), escape(site.series),
             escape(f"star {site.star}" if site.star else "PSF"), len(site.index),
             ", ".join(f"{100 * b:+.2f}" for b in site.bias[0] / np.nanmean(site.true, axis=0)))
            for site in sites),
        halves=io_html.table_rows(
            (escape(one["quantity"]), with_error(one, "bias", "+.3f"),
             with_error(one, "ratio", ".3f")) for one in halves))


def _flat(arrays):
    """Return arrays as one, (n,)."""
    return np.concatenate([np.ravel(one) for one in arrays])


def _factor(value, error):
    """Return a factor for errors: 1 where what was found does not differ from it."""
    is_off = np.isfinite(value) and abs(value - 1) > OFFERED_SIGMAS * error
    return float(value) if is_off else 1.0
