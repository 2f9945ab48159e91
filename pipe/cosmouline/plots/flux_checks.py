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
                     epochs=None):  # fmt: skip
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
        Of the page.
    epochs : sequence of str, optional
        Names of the images, to tell the worst.
    """
    n_rows = max(len(names), 1)
    height_in = 0.7 + TOP_IN + ROW_IN * n_rows
    page, axes = style.figure(1, 2, (style.PAGE_WIDTH_IN, height_in), squeeze=False,
                              height_ratios=(TOP_IN, ROW_IN * n_rows))
    style.title_page(page, title)
    above = _split(page, axes[0, 0], 1, 3, (1, 1.3, 1.6))
    shift_plot(above[0], shifts_px)
    sky_plot(above[1], number, sky_e)
    chi2_curve(above[2], mhjd, chi2, epochs)
    below = _split(page, axes[1, 0], n_rows, 2, (1, 2.4))
    for k, name in enumerate(names):
        flux_histograms(below[2 * k], flux_e[k], coefficient)
        flux_by_number(below[2 * k + 1], number, flux_e[k], coefficient)
        below[2 * k].set_ylabel(style.safe_text(name), rotation=0, ha="right", va="center")
        below[2 * k + 1].set_ylabel(style.axis_label("flux", "e-"))
    if names:
        below[-2].set_xlabel("flux / median")
        below[-1].set_xlabel("number in the deconvolution")
        if any(below[1].get_legend_handles_labels()[1]):
            page.legend(*below[1].get_legend_handles_labels(), loc="upper right", ncols=2,
                        fontsize=8)
    return page


def _split(page, ax, n_rows, n_cols, widths):
    """Put a grid of Axes in the place of one, row by row."""
    grid = ax.get_subplotspec().subgridspec(n_rows, n_cols, width_ratios=widths)
    ax.remove()
    return [page.add_subplot(grid[k // n_cols, k % n_cols]) for k in range(n_rows * n_cols)]


@style.styled
def sky_plot(ax, number, sky_e):
    """Draw the sky left in the stamps, electrons per pixel, against the number of the image."""
    ax.set(xlabel="number in the deconvolution", ylabel=style.axis_label("sky left", "e-"))
    if not finite(sky_e).size:
        style.no_data(ax)
        return
    ax.axhline(0.0, color=style.FAINT, linewidth=0.7)
    ax.plot(number, sky_e, "o", color=style.source_colour(0), markersize=3.5)


@style.styled
def flux_histograms(ax, flux_e, coefficient):
    """Draw the histograms of one source, raw and normalised, in units of its medians.

    Parameters
    ----------
    ax : Axes
    flux_e, coefficient : array of float, shape (n,)
        The lowest and the highest normalised flux are told, in per cent of the median.
    """
    ax.set(yticks=[])
    scaled = _over_median(np.asarray(flux_e) * coefficient)
    if not finite(scaled).size:
        style.no_data(ax)
        return
    raw = _over_median(flux_e)
    low, high = robust_limits(np.append(finite(raw), finite(scaled)), least=0.02, reach=1.0)
    edges = np.linspace(low, high, N_BINS + 1)
    for values, look in ((raw, {"color": style.FAINT, "alpha": 0.5}),
                         (scaled, {"color": style.source_colour(0), "alpha": 0.6})):
        counts, _ = np.histogram(np.clip(finite(values), low, high), edges)
        ax.stairs(counts, edges, fill=True, **look)
    gaps = 100 * (finite(scaled).min() - 1), 100 * (finite(scaled).max() - 1)
    ax.text(0.02, 0.95, f"least {gaps[0]:+.1f} %\nmost {gaps[1]:+.1f} %",
            transform=ax.transAxes, va="top", fontsize=7.5)
    ax.set_xlim(low, high)


@style.styled
def flux_by_number(ax, number, flux_e, coefficient):
    """Draw one source against the number of the image, raw in grey and normalised in colour."""
    scaled = np.asarray(flux_e) * coefficient
    if not finite(scaled).size:
        style.no_data(ax)
        return
    ax.plot(number, flux_e, "o", color=style.FAINT, markersize=3, alpha=0.6, label="raw")
    ax.plot(number, scaled, "o", color=style.source_colour(0), markersize=3.5, label="normalised")
    for k in np.flatnonzero(scaled <= 0):
        ax.axvline(number[k], color=style.ACCENT, linewidth=0.8)
    ax.set_ylim(*robust_limits(np.append(finite(flux_e), finite(scaled)), reach=1.0))


def _over_median(flux):
    """Divide fluxes by the absolute median; NaN where that is zero."""
    flux = np.asarray(flux, dtype=float)
    if not finite(flux).size:
        return flux
    median = abs(np.median(finite(flux)))
    return flux / (median if median > 0 else np.nan)
