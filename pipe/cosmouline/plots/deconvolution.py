"""Pages of the deconvolution: one for each epoch, and one for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from cosmouline.plots import marks, style
from cosmouline.plots.dec_checks import (
    amplitude_bars,
    direction_bars,
    pull_histogram,
    source_circles,
)
from cosmouline.plots.histograms import gaussian_histogram
from cosmouline.plots.light_curve import time_series
from cosmouline.plots.scaling import colour_limits, finite, padded_limits, stretch_norm
from cosmouline.plots.stamps import residual_stamp, stamp, stamp_norm
from cosmouline.robust import mad_sigma

import numpy as np

PANEL_IN, LEFT_IN, RIGHT_IN = 3.05, 0.25, 0.8
GAP_IN = (0.85, 0.45)  # holds a colour bar with its label
TOP_IN = style.TITLE_IN + 0.28
UPPER_IN = 2.45  # height of the first row of the overview
RESIDUAL_LIMIT = 5.0  # sigma
HISTOGRAM_LIMIT = 6.0  # sigma
N_WORST = 3  # epochs that are named in the overview
WORST_SIGMAS = 5.0  # of the scatter of chi2, above which an epoch is named


@dataclass
class EpochPage:
    """What the page of one epoch of a deconvolution shows.

    data, model and sigma are the stamp, its model and the noise in electrons, shape (ny, nx);
    good is False for a pixel that was not used: grey in the residual. deconvolved and background
    are the model at the final resolution, with the point sources and without them (galaxy and
    sky), on a finer grid that covers the stamp. names, xy_px (in pixels of the stamp, first pixel
    at 0, 0; shape (n_sources, 2)), flux_e and flux_sigma_e (electrons) are those of the point
    sources. pixel_scale_arcsec, of the stamp, gives the scale bar. numbers are pairs of texts,
    label and value: date, seeing, coefficient, chi2. circles are positions (n_sources, 2) on the
    stamp, a radius in pixels, and chi2 (n_sources,) of the residual inside.
    """

    data: np.ndarray
    model: np.ndarray
    sigma: np.ndarray
    deconvolved: np.ndarray
    background: np.ndarray
    names: Sequence[str] = ()
    xy_px: Sequence = ()
    good: np.ndarray | None = None
    pixel_scale_arcsec: float | None = None
    numbers: Sequence[tuple] = ()
    flux_e: Sequence | None = None
    flux_sigma_e: Sequence | None = None
    title: str = ""
    subtitle: str = ""
    circles: tuple | None = None


@style.styled
def epoch_page(shown):
    """Page of one epoch, an `EpochPage`; returns the Figure."""
    data, model, sigma = (np.asarray(image, dtype=float)
                          for image in (shown.data, shown.model, shown.sigma))
    page = _page(TOP_IN + 2 * PANEL_IN + GAP_IN[1] + 0.4, shown.title, shown.subtitle)
    second_in = TOP_IN + PANEL_IN + GAP_IN[1]
    upper, lower = _panels(page, TOP_IN, 3), _panels(page, second_in, 2)
    # data and model in the same shades
    masked = None if shown.good is None else ~np.asarray(shown.good, dtype=bool)
    norm = stamp_norm(data, masked)
    _draw(upper[0], data, "data", norm)
    _draw(upper[1], model, "model", norm, "e-")
    with np.errstate(divide="ignore", invalid="ignore"):
        residual_stamp(upper[2], (data - model) / sigma, RESIDUAL_LIMIT, masked)
    style.title_panel(upper[2], "residual")
    if upper[2].images:
        style.colour_bar(upper[2], upper[2].images[0], "σ", ticks=[-4, -2, 0, 2, 4])
    if shown.circles is not None:
        source_circles(upper[2], *shown.circles)
    _draw(lower[0], shown.deconvolved, "deconvolved", None, "e-", data.shape)
    _draw(lower[1], shown.background, "background", None, "e-", data.shape)
    _label_sources(lower[0], shown.names, shown.xy_px)
    if shown.pixel_scale_arcsec and data.size:
        marks.scale_bar(upper[0], shown.pixel_scale_arcsec)
    # the numbers, and below them the fluxes, their errors, and chi2 around the sources
    rows = list(shown.numbers)
    if shown.flux_e is not None:
        nothing, circles = [None] * len(shown.names), shown.circles
        errors = nothing if shown.flux_sigma_e is None else shown.flux_sigma_e
        around = nothing if circles is None else circles[2]
        rows += [("",), ("source", "flux (e⁻)", "error (e⁻)", "" if circles is None else "χ²")]
        for name, flux, error, chi2 in zip(shown.names, shown.flux_e, errors, around,
                                           strict=True):
            # digits in groups of three
            flux = f"{flux:,.0f}".replace(",", " ") if np.isfinite(flux) else "–"
            rows.append((str(name), flux, style.short(error),
                         "" if circles is None else style.short(chi2)))
    style.numbers(page, _left_in(2), second_in, rows, tabs_in=(0.0, 1.1, 2.07, 3.0))
    return page


def _page(height_in, title, subtitle):
    """Page as wide as three panels and their colour bars."""
    page = style.blank(LEFT_IN + 3 * PANEL_IN + 2 * GAP_IN[0] + RIGHT_IN, height_in)
    style.title_page(page, title, subtitle)
    return page


def _left_in(col):
    """Left side of a column of panels."""
    return LEFT_IN + col * (PANEL_IN + GAP_IN[0])


def _panels(page, top_in, n_panels):
    """Axes of a row of panels."""
    return [style.place(page, _left_in(col), top_in, PANEL_IN, PANEL_IN)
            for col in range(n_panels)]


def _draw(ax, image, title, norm=None, unit="", shape=None):
    """Image with its title and, for a unit, its scale; `shape` is that of the stamp it covers."""
    image = np.asarray(image, dtype=float)
    norm = norm or stamp_norm(image)
    stamp(ax, image, norm=norm, shape=shape)
    style.title_panel(ax, title)
    if unit and ax.images:
        label = style.unit_text(unit).strip()
        style.colour_bar(ax, ax.images[0], label, ticks=round_ticks(norm), format="%g")


def _label_sources(ax, names, xy_px):
    """Write the names of point sources next to small marks at their positions."""
    marks.mark_stars(ax, xy_px, names, style.ACCENT, marker=marks.crosshair(), size_pt=24.0)


def round_ticks(norm, n_ticks=6):
    """Round values that are spread evenly over the shades of a norm.

    Parameters
    ----------
    norm : Normalize
        With its inverse.
    n_ticks : int
        About how many.

    Returns
    -------
    ndarray of float
        Increasing, not negative, of one significant digit, inside the limits of the norm.
    """
    # even steps of shades above 0, their values rounded down to one digit
    start = float(norm(max(norm.vmin, 0.0)))
    values = np.asarray(norm.inverse(np.linspace(start, 1.0, n_ticks)[1:]), dtype=float)
    step = 10.0 ** np.floor(np.log10(np.maximum(values, 1e-300)))
    rounded = np.unique(np.append(np.floor(values / step) * step, 0.0))
    return rounded[(rounded >= norm.vmin) & (rounded <= norm.vmax)]


@style.styled
def overview_page(mhjd, chi2, shifts_px, galaxy, residuals, epochs=None, names=(), xy_px=(),
                  pixel_scale_arcsec=None, title="", subtitle="", checks=None):
    """Page of a complete deconvolution: where it fits badly, in time and on the sky.

    Parameters
    ----------
    mhjd : array of float, shape (n,)
        Days of the epochs.
    chi2 : array of float, shape (n,)
        Reduced chi2 of each.
    shifts_px : array of float, shape (n, 2)
        Shift (x, y) of each.
    galaxy : ndarray of float, shape (nup, nup)
        Background that all epochs share.
    residuals : array of float, shape (n, ny, nx)
        (data - model) / sigma of each epoch; NaN where a pixel was not used.
    epochs : sequence of str, optional
        Names of the epochs: the worst three are written next to their points.
    names, xy_px
        Point sources, as in `EpochPage`.
    pixel_scale_arcsec : float, optional
        Gives the scale bar.
    title, subtitle : str
    checks : tuple of three tuples, optional
        What `amplitude_bars`, `direction_bars` and `pull_histogram` draw in a third row.

    Returns
    -------
    Figure
        chi2 against the days; shifts; all residuals and a Gaussian of width 1; the galaxy;
        the mean residual times the root of the number of epochs (1 everywhere for pure noise)
        and the rms of the residual over the epochs.
    """
    residuals = np.asarray(residuals, dtype=float)
    second_in = TOP_IN + UPPER_IN + 1.05
    third_in = second_in + PANEL_IN + 0.65
    height_in = third_in - 0.25 if checks is None else third_in + UPPER_IN + 0.65
    page = _page(height_in, title, subtitle)
    # first row: chi2 (the calendar stands above it), shifts, residuals of all pixels
    top = TOP_IN + 0.12
    chi2_curve(style.place(page, 0.6, top, 4.8, UPPER_IN), mhjd, chi2, epochs)
    shift_plot(style.place(page, 6.15, top, UPPER_IN, UPPER_IN), shifts_px)
    residual_histogram(style.place(page, 9.2, top, UPPER_IN, UPPER_IN), residuals)
    # second row: what the epochs share, and what the model leaves on the sky
    axes = _panels(page, second_in, 3)
    _draw(axes[0], galaxy, "background", None, "e-", residuals.shape[1:])
    _label_sources(axes[0], names, xy_px)
    if pixel_scale_arcsec and axes[0].images:
        marks.scale_bar(axes[0], pixel_scale_arcsec)
    mean, rms = residual_maps(residuals)
    # limits around 1, so wide that plain noise looks flat
    low, high = colour_limits(rms, 1, 99)
    for ax, image, text, colour_map, limits in (
            (axes[1], mean, "mean residual × √n", style.RESIDUAL_MAP,
             (-RESIDUAL_LIMIT, RESIDUAL_LIMIT)),
            (axes[2], rms, "rms of the residual", style.FIELD_MAP,
             (min(low, 0.5), max(high, 1.5)))):
        stamp(ax, image, norm=stretch_norm(*limits, "linear"), colour_map=colour_map)
        style.title_panel(ax, text)
        if ax.images:
            style.colour_bar(ax, ax.images[0], "σ")
    if checks is not None:
        amplitude_bars(style.place(page, 1.2, third_in, 2.4, UPPER_IN), *checks[0])
        direction_bars(style.place(page, 4.75, third_in, 3.3, UPPER_IN), *checks[1])
        pull_histogram(style.place(page, 8.9, third_in, 2.75, UPPER_IN), *checks[2])
    return page


def residual_maps(residuals):
    """Mean and scatter of the residuals of each pixel over the epochs.

    Parameters
    ----------
    residuals : array of float, shape (n, ny, nx)
        In units of the noise; NaN where a pixel was not used.

    Returns
    -------
    mean, rms : ndarray of float, shape (ny, nx)
        Mean times the root of the number of values (scatter 1 for pure noise), and root mean
        square; NaN where a pixel was never used.
    """
    residuals = np.asarray(residuals, dtype=float)
    # sums over the epochs in which the pixel was used
    is_used = np.isfinite(residuals)
    count = is_used.sum(axis=0)
    filled = np.where(is_used, residuals, 0.0)
    unused = np.where(count, 1.0, np.nan)
    mean = unused * filled.sum(axis=0) / np.sqrt(np.maximum(count, 1))
    return mean, unused * np.sqrt((filled**2).sum(axis=0) / np.maximum(count, 1))


@style.styled
def chi2_curve(ax, mhjd, chi2, epochs=None):
    """Draw the reduced chi2 of the epochs against the days; the worst are named.

    Parameters
    ----------
    ax : Axes
    mhjd, chi2 : array of float, shape (n,)
        NaN are left out.
    epochs : sequence of str, optional
        Names of the epochs.
    """
    mhjd, chi2 = np.asarray(mhjd, dtype=float), np.asarray(chi2, dtype=float)
    kept = np.isfinite(mhjd) & np.isfinite(chi2)
    # bad epochs are what the picture is for: none is left outside
    limits = padded_limits(np.append(chi2[kept], (0.8, 1.2)), 0.06) if kept.any() else None
    time_series(ax, mhjd, chi2, limits=limits)
    ax.set_ylabel("reduced χ²")
    if not kept.any():
        return
    ax.axhline(1.0, color=style.FAINT, linewidth=0.7, zorder=1)
    if epochs is None:
        return
    # the names of epochs far above the others, on the side of their points that has more room
    mhjd, chi2, epochs = mhjd[kept], chi2[kept], np.asarray(epochs)[kept]
    least = np.median(chi2) + WORST_SIGMAS * mad_sigma(chi2)
    for i in np.argsort(-chi2)[:N_WORST]:
        if chi2[i] >= least:
            side = 1 if mhjd[i] < np.mean(ax.get_xlim()) else -1
            ax.annotate(style.safe_text(epochs[i]), (mhjd[i], chi2[i]), (6 * side, 0),
                        textcoords="offset points", ha="left" if side > 0 else "right",
                        va="center", fontsize=7.5)


@style.styled
def shift_plot(ax, shifts_px):
    """Draw the shifts (x, y) of the epochs in pixels, array of shape (n, 2)."""
    shifts = np.asarray(shifts_px, dtype=float).reshape(-1, 2)
    shifts = shifts[np.isfinite(shifts).all(axis=1)]
    ax.set(xlabel="shift in x (px)", ylabel="shift in y (px)")
    if shifts.size == 0:
        style.no_data(ax)
        return
    half = 1.1 * max(np.abs(shifts).max(), 1e-3)
    for line in (ax.axhline, ax.axvline):
        line(0.0, color=style.PALE, linewidth=0.7, zorder=1)
    ax.scatter(*shifts.T, s=8, color=style.source_colour(0), alpha=0.7, linewidths=0, zorder=2)
    ax.set(xlim=(-half, half), ylim=(-half, half))
    ax.locator_params(nbins=5)


@style.styled
def residual_histogram(ax, residuals):
    """Draw the histogram of all residuals in units of the noise, and a Gaussian of width 1.

    NaN are left out; residuals beyond 6 sigma are counted in the outermost bins.
    """
    values, limit = finite(residuals), HISTOGRAM_LIMIT
    ax.set(xlabel=style.axis_label("residual", "σ"), yticks=[])
    if values.size == 0:
        style.no_data(ax)
        return
    edges = np.linspace(-limit, limit, 61)
    top = gaussian_histogram(ax, values, edges, (edges[1:] + edges[:-1]) / 2)
    ax.set(yscale="log", xlim=(-limit, limit), ylim=(0.5, 3 * top))
    ax.yaxis.set_major_formatter(style.power_of_ten)
    marks.info_box(ax, [f"rms {style.short(np.sqrt(np.mean(values**2)))}"], "upper right")
