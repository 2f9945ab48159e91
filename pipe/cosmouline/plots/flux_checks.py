"""Checks of the fluxes of a deconvolution: shifts, sky, chi2, histograms, one after the other."""

from cosmouline.plots import style
from cosmouline.plots.deconvolution import chi2_curve, shift_plot
from cosmouline.plots.scaling import finite, robust_limits

import numpy as np

ROW_IN = 1.75
TOP_IN = 3.2
N_BINS = 25


@style.styled
def flux_checks_page(number, mhjd, shifts_px, sky_e, chi2, flux_e, coefficient, names, title="",
                     epochs=None):
    """Page of the checks of all fluxes; returns the Figure.

    Parameters
    ----------
    number : array of int, shape (n,)
        Of each image in the deconvolution.
    mhjd : array of float, shape (n,)
        Days.
    shifts_px : array of float, shape (n, 2)
        Fitted shifts against the alignment.
    sky_e, chi2, coefficient : array of float, shape (n,)
        Sky left in the stamps per pixel, reduced chi2, and the coefficient of each image.
    flux_e : array of float, shape (n_sources, n)
        Electrons of the exposures; NaN where a source was not measured.
    names : sequence of str
        Of the sources.
    title : str
    epochs : sequence of str, optional
        Names of the images, to label the worst.
    """
    n_rows = max(len(names), 1)
    height_in = 0.7 + TOP_IN + ROW_IN * n_rows
    page, axes = style.figure(1, 2, (style.PAGE_WIDTH_IN, height_in), squeeze=False,
                              height_ratios=(TOP_IN, ROW_IN * n_rows))
    style.title_page(page, title)
    shifts, sky, curve = style.split(page, axes[0, 0], 1, 3, (1, 1.3, 1.6))
    shift_plot(shifts, shifts_px)
    sky.set(xlabel="number in the deconvolution", ylabel=style.axis_label("sky left", "e-"))
    if finite(sky_e).size:
        sky.axhline(0.0, color=style.FAINT, linewidth=0.7)
        sky.plot(number, sky_e, "o", color=style.source_colour(0), markersize=3.5)
    else:
        style.no_data(sky)
    chi2_curve(curve, mhjd, chi2, epochs)
    # a row for each source: its histograms, and its fluxes one after the other
    below = style.split(page, axes[1, 0], n_rows, 2, (1, 2.4))
    for k, name in enumerate(names):
        counts, curve = below[2 * k : 2 * k + 2]
        flux_histograms(counts, flux_e[k], coefficient)
        flux_by_number(curve, number, flux_e[k], coefficient)
        counts.set_ylabel(style.safe_text(name), rotation=0, ha="right", va="center")
        curve.set_ylabel(style.axis_label("flux", "e-"))
    if names:
        below[-2].set_xlabel("flux / median")
        below[-1].set_xlabel("number in the deconvolution")
        handles, labels = below[1].get_legend_handles_labels()
        if any(labels):
            page.legend(handles, labels, loc="upper right", ncols=2, fontsize=8)
    return page


@style.styled
def flux_histograms(ax, flux_e, coefficient):
    """Draw the histograms of one source, raw and normalised, in units of its medians.

    Parameters
    ----------
    ax : Axes
    flux_e, coefficient : array of float, shape (n,)
        The lowest and the highest normalised flux are written, in per cent of the median.
    """
    ax.set(yticks=[])
    raw, scaled = _over_median(flux_e), _over_median(np.asarray(flux_e) * coefficient)
    if not scaled.size:
        style.no_data(ax)
        return
    low, high = robust_limits(np.append(raw, scaled), least=0.02, distance=1.0)
    edges = np.linspace(low, high, N_BINS + 1)
    # fluxes outside are counted in the outermost bins
    for values, colour, alpha in ((raw, style.FAINT, 0.5), (scaled, style.source_colour(0), 0.6)):
        counts, _ = np.histogram(np.clip(values, low, high), edges)
        ax.stairs(counts, edges, fill=True, color=colour, alpha=alpha)
    least, most = 100 * (scaled.min() - 1), 100 * (scaled.max() - 1)
    style.write_in(ax, 0.02, 0.95, f"least {least:+.1f} %\nmost {most:+.1f} %", 7.5)
    ax.set_xlim(low, high)


@style.styled
def flux_by_number(ax, number, flux_e, coefficient):
    """Draw one source against the number of the image, raw in grey and normalised in colour.

    A line marks each image whose flux is not positive.
    """
    scaled = np.asarray(flux_e) * coefficient
    if not finite(scaled).size:
        style.no_data(ax)
        return
    ax.plot(number, flux_e, "o", color=style.FAINT, markersize=3, alpha=0.6, label="raw")
    ax.plot(number, scaled, "o", color=style.source_colour(0), markersize=3.5, label="normalised")
    for k in np.flatnonzero(scaled <= 0):
        ax.axvline(number[k], color=style.ACCENT, linewidth=0.8)
    ax.set_ylim(*robust_limits(np.append(finite(flux_e), finite(scaled)), distance=1.0))


def _over_median(flux):
    """Finite fluxes over their absolute median; none where that is zero."""
    flux = finite(flux)
    median = abs(np.median(flux)) if flux.size else 0.0
    return flux / median if median > 0 else flux[:0]
