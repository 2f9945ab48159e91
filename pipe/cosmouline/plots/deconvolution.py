"""Pages of the deconvolution: one for each epoch, and one for all of them."""

from cosmouline.plots import marks, style
from cosmouline.plots.dec_checks import (
    amplitude_bars,
    direction_bars,
    pull_histogram,
    source_circles,
)
from cosmouline.plots.light_curve import time_series
from cosmouline.plots.scaling import (
    MAD_TO_SIGMA,
    colour_limits,
    finite,
    padded_limits,
    stretch_norm,
)
from cosmouline.plots.stamps import residual_stamp, stamp, stamp_norm

import numpy as np

PANEL_IN, LEFT_IN, RIGHT_IN = 3.05, 0.25, 0.8
GAP_IN = (0.85, 0.45)  # holds a colour bar with its label
TOP_IN = style.TITLE_IN + 0.28
UPPER_IN = 2.45  # height of the first row of the overview
RESIDUAL_LIMIT = 5.0  # sigma
N_WORST = 3  # epochs that are named in the overview


@style.styled
def label_sources(ax, names, xy_px, colour=style.ACCENT):
    """Write the names of point sources beside small marks at their places.

    Parameters
    ----------
    ax : Axes
        In pixels of the stamp.
    names : sequence of str
        Of the sources.
    xy_px : array of float, shape (n, 2)
        Positions; NaN are left out.
    colour : colour
        Of marks and letters.
    """
    marks.mark_stars(ax, xy_px, names, colour, marker=marks.CROSSHAIR, size_pt=24.0)


@style.styled
def epoch_page(
    data, model, sigma, deconvolved, background, names=(), xy_px=(), good=None,
    pixel_scale_arcsec=None, numbers=(), flux_e=None, flux_sigma_e=None, title="", subtitle="",
    circles=None,
):  # fmt: skip
    """Page of one epoch of a deconvolution; returns the Figure.

    Parameters
    ----------
    data, model, sigma : ndarray of float, shape (ny, nx)
        Stamp of the epoch, its model and the noise, in electrons.
    deconvolved, background : ndarray of float, shape (nup, nup)
        The model at the final resolution, with the point sources and without them (galaxy and
        sky), on a finer grid that covers the stamp.
    names : sequence of str
        Of the point sources.
    xy_px : array of float, shape (n_sources, 2)
        Their positions in pixels of the stamp (first pixel at 0, 0).
    good : ndarray of bool, shape (ny, nx), optional
        False for a pixel that was not used: grey in the residual.
    pixel_scale_arcsec : float, optional
        Of the stamp; gives the scale bar.
    numbers : sequence of (str, str)
        Label and value of what is known of the epoch: date, seeing, coefficient, chi2.
    flux_e, flux_sigma_e : array of float, shape (n_sources,), optional
        Fluxes and their errors in electrons.
    title, subtitle : str
        Of the page.
    circles : tuple, optional
        Places (n_sources, 2) on the stamp, radius in pixels, and chi2 (n_sources,) of the
        residual inside.
    """
    data, model, sigma = (np.asarray(image, dtype=float) for image in (data, model, sigma))
    page = _page(TOP_IN + 2 * PANEL_IN + GAP_IN[1] + 0.4, title, subtitle)
    second_in = TOP_IN + PANEL_IN + GAP_IN[1]
    upper, lower = _panels(page, TOP_IN, 3), _panels(page, second_in, 2)
    norm = stamp_norm(data, None if good is None else ~np.asarray(good, dtype=bool))
    _draw(upper[0], data, "data", norm)
    _draw(upper[1], model, "model", norm, "e-")
    _draw_residual(upper[2], data, model, sigma, good)
    if circles is not None:
        source_circles(upper[2], *circles)
    _draw(lower[0], deconvolved, "deconvolved", None, "e-", data.shape)
    _draw(lower[1], background, "background", None, "e-", data.shape)
    label_sources(lower[0], names, xy_px)
    if pixel_scale_arcsec and data.size:
        marks.scale_bar(upper[0], pixel_scale_arcsec)
    chi2 = None if circles is None else circles[2]
    rows = [*numbers, *_flux_rows(names, flux_e, flux_sigma_e, chi2)]
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
    side = PANEL_IN, PANEL_IN
    return [style.place(page, _left_in(col), top_in, *side) for col in range(n_panels)]


def _draw(ax, image, title, norm=None, unit="", shape=None):
    """Image with its title and, for a unit, its scale; `shape` is that of the stamp it covers."""
    image = np.asarray(image, dtype=float)
    norm = norm or stamp_norm(image)
    stamp(ax, image, norm=norm, shape=shape)
    style.title_panel(ax, title)
    if unit and ax.images:
        label = style.unit_text(unit).strip()
        style.colour_bar(ax, ax.images[0], label, ticks=round_ticks(norm), format="%g")


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
    start = float(norm(max(norm.vmin, 0.0)))
    values = np.asarray(norm.inverse(np.linspace(start, 1.0, n_ticks)[1:]), dtype=float)
    step = 10.0 ** np.floor(np.log10(np.maximum(values, 1e-300)))
    rounded = np.unique(np.append(np.floor(values / step) * step, 0.0))
    return rounded[(rounded >= norm.vmin) & (rounded <= norm.vmax)]


def _draw_residual(ax, data, model, sigma, good):
    """Residual in units of the noise, its chi2 in the title."""
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = (data - model) / sigma
    masked = None if good is None else ~np.asarray(good, dtype=bool)
    residual_stamp(ax, residual, RESIDUAL_LIMIT, masked)
    style.title_panel(ax, "residual")
    if ax.images:
        style.colour_bar(ax, ax.images[0], "σ", ticks=[-4, -2, 0, 2, 4])


def _flux_rows(names, flux_e, flux_sigma_e, chi2):
    """Rows of the fluxes, their errors, and the chi2 around the sources."""
    if flux_e is None:
        return []
    errors = [None] * len(names) if flux_sigma_e is None else flux_sigma_e
    around = ["" for _ in names] if chi2 is None else [style.short(value) for value in chi2]
    rows = [("",), ("source", "flux (e⁻)", "error (e⁻)", "" if chi2 is None else "χ²")]
    for name, flux, error, value in zip(names, flux_e, errors, around, strict=True):
        rows.append((str(name), _thousands(flux), style.short(error), value))
    return rows


def _thousands(number):
    """Write an integer in groups of three digits; a dash for NaN."""
    return f"{number:,.0f}".replace(",", " ") if np.isfinite(number) else "–"


@style.styled
def overview_page(
    mhjd, chi2, shifts_px, galaxy, residuals, epochs=None, names=(), xy_px=(),
    pixel_scale_arcsec=None, title="", subtitle="", checks=None,
):  # fmt: skip
    """Page of a whole deconvolution: where it fits badly, in time and on the sky.

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
        Names of the epochs: the worst three are written beside their points.
    names, xy_px
        Point sources, as in `epoch_page`.
    pixel_scale_arcsec : float, optional
        Gives the scale bar.
    title, subtitle : str
        Of the page.
    checks : tuple of three tuples, optional
        What `amplitude_bars`, `direction_bars` and `pull_histogram` draw in a third row.

    Returns
    -------
    Figure
        chi2 against the days; shifts; all residuals beside a Gaussian of width 1; the galaxy;
        the mean residual times the root of the number of epochs (1 everywhere for pure noise)
        and the rms of the residual over the epochs.
    """
    residuals = np.asarray(residuals, dtype=float)
    second_in = TOP_IN + UPPER_IN + 1.05
    third_in = second_in + PANEL_IN + 0.65
    height_in = third_in - 0.25 if checks is None else third_in + UPPER_IN + 0.65
    page = _page(height_in, title, subtitle)
    top = TOP_IN + 0.12  # the calendar stands above the first panel
    chi2_curve(style.place(page, 0.6, top, 4.8, UPPER_IN), mhjd, chi2, epochs)
    shift_plot(style.place(page, 6.15, top, UPPER_IN, UPPER_IN), shifts_px)
    residual_histogram(style.place(page, 9.2, top, UPPER_IN, UPPER_IN), residuals)
    axes = _panels(page, second_in, 3)
    _draw(axes[0], galaxy, "background", None, "e-", residuals.shape[1:])
    label_sources(axes[0], names, xy_px)
    if pixel_scale_arcsec and axes[0].images:
        marks.scale_bar(axes[0], pixel_scale_arcsec)
    mean, rms = residual_maps(residuals)
    limit = RESIDUAL_LIMIT
    _draw_map(axes[1], mean, "mean residual × √n", style.RESIDUAL_MAP, (-limit, limit))
    _draw_map(axes[2], rms, "rms of the residual", style.FIELD_MAP, _rms_limits(rms))
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
    is_used = np.isfinite(residuals)
    count = is_used.sum(axis=0)
    filled = np.where(is_used, residuals, 0.0)
    unused = np.where(count, 1.0, np.nan)
    mean = unused * filled.sum(axis=0) / np.sqrt(np.maximum(count, 1))
    return mean, unused * np.sqrt((filled**2).sum(axis=0) / np.maximum(count, 1))


def _rms_limits(rms):
    """Colour limits around 1, wide enough that plain noise looks flat."""
    low, high = colour_limits(rms, 1, 99)
    return min(low, 0.5), max(high, 1.5)


def _draw_map(ax, image, title, colour_map, limits):
    """Map on a linear colour scale."""
    stamp(ax, image, norm=stretch_norm(*limits, "linear"), colour_map=colour_map)
    style.title_panel(ax, title)
    if ax.images:
        style.colour_bar(ax, ax.images[0], "σ")


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
    _name_worst(ax, mhjd[kept], chi2[kept], np.asarray(epochs)[kept] if epochs is not None else [])


def _name_worst(ax, mhjd, chi2, epochs):
    """Names of the epochs that stand out, on the side of their points that has more room."""
    level = np.median(chi2)
    spread = MAD_TO_SIGMA * np.median(np.abs(chi2 - level))
    worst = np.argsort(-chi2)[:N_WORST] if len(epochs) else []
    for index in worst:
        if chi2[index] < level + 5 * spread:
            continue
        side = 1 if mhjd[index] < np.mean(ax.get_xlim()) else -1
        ax.annotate(
            style.safe_text(epochs[index]),
            (mhjd[index], chi2[index]),
            (6 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=7.5,
        )


@style.styled
def shift_plot(ax, shifts_px):
    """Draw the shifts (x, y) of the epochs in pixels, array of shape (n, 2)."""
    shifts = np.asarray(shifts_px, dtype=float).reshape(-1, 2)
    shifts = shifts[np.isfinite(shifts).all(axis=1)]
    ax.set(xlabel="shift in x (px)", ylabel="shift in y (px)")
    if shifts.size == 0:
        style.no_data(ax)
        return
    reach = 1.1 * max(np.abs(shifts).max(), 1e-3)
    for line in (ax.axhline, ax.axvline):
        line(0.0, color=style.PALE, linewidth=0.7, zorder=1)
    ax.scatter(*shifts.T, s=8, color=style.source_colour(0), alpha=0.7, linewidths=0, zorder=2)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
    ax.locator_params(nbins=5)


@style.styled
def residual_histogram(ax, residuals):
    """Draw the histogram of all residuals in units of the noise, beside a Gaussian of width 1."""
    values = finite(residuals)
    ax.set(xlabel=style.axis_label("residual", "σ"), yticks=[])
    if values.size == 0:
        style.no_data(ax)
        return
    edges = np.linspace(-6, 6, 61)
    counts, _ = np.histogram(np.clip(values, -6, 6), edges)
    ax.stairs(counts, edges, fill=True, color=style.source_colour(0), alpha=0.45)
    middles = (edges[1:] + edges[:-1]) / 2
    gauss = values.size * 0.2 / np.sqrt(2 * np.pi) * np.exp(-(middles**2) / 2)
    ax.plot(middles, gauss, color=style.INK, linewidth=1.2)
    ax.set(yscale="log", xlim=(-6, 6), ylim=(0.5, 3 * max(counts.max(), gauss.max())))
    marks.info_box(ax, [f"rms {style.short(np.sqrt(np.mean(values**2)))}"], "upper right")
