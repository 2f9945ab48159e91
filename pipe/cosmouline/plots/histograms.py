"""Histograms of what was measured on the images, with the median marked, for each set."""

from cosmouline.plots import style
from cosmouline.plots.scaling import MAD_TO_SIGMA, finite, robust_limits

import numpy as np
from matplotlib import patches
from matplotlib.ticker import MaxNLocator

MIN_BINS, MAX_BINS = 8, 60
MAX_SETS = 10  # more sets than that are drawn together
N_PIXEL_BINS = 120
MAX_STEP_PIXELS, MAX_STEPS = 20000, 20  # to find the step of the ADU; coarser than a part of a bin
LEGEND_ROOM = 0.12  # above the steps, for each line of the legend, as a part of their height


@style.styled
def histogram(ax, values, label="", unit="", by_set=None, limits=None):
    """Draw the histogram of a quantity and mark its median, for each set of images.

    Parameters
    ----------
    ax : Axes
    values : array of float, shape (n,)
        NaN (not measured) are left out.
    label, unit : str
        Of the horizontal axis.
    by_set : array of str, shape (n,), optional
        Name of the set of each value; None: one set. Sets are drawn in order of their names.
    limits : (float, float), optional
        Of the axis; None: all values but the wild ones, whose number is written at the side
        where they lie.
    """
    values = np.asarray(values, dtype=float).ravel()
    ax.set_xlabel(style.axis_label(label, unit))
    if finite(values).size == 0:
        style.no_data(ax)
        return
    low, high = limits or _limits(finite(values))
    edges = np.linspace(low, high, _n_bins(finite(values), high - low) + 1)
    names, groups = _groups(values, by_set)
    for index, group in enumerate(groups):
        _draw_group(ax, group, edges, style.source_colour(index), alone=len(groups) == 1)
    top = (1.06 + LEGEND_ROOM * len(names)) * max(1, ax.dataLim.y1)
    ax.set(xlim=(low, high), ylim=(0, top), ylabel="number of images")
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    _write_legend(ax, names, groups, unit)
    _count_outside(ax, finite(values), low, high)


def _limits(values):
    """Limits without the wild values; what is never negative does not start below 0."""
    low, high = robust_limits(values, least=1e-3 * abs(np.median(values)) or 1e-3, reach=1.5)
    return (max(low, 0.0) if values.min() >= 0 else low), high


def _n_bins(values, span):
    """Count the bins on the axis, their width by Freedman and Diaconis (1981)."""
    q1, q3 = np.percentile(values, (25, 75))
    width = 2 * (q3 - q1) / np.cbrt(values.size)
    return int(np.clip(np.ceil(span / width), MIN_BINS, MAX_BINS)) if width > 0 else MIN_BINS


def _groups(values, by_set):
    """Names of the sets and their finite values, without the empty sets."""
    if by_set is None:
        return [""], [finite(values)]
    by_set = np.asarray(by_set).astype(str)
    names = np.unique(by_set)
    if len(names) > MAX_SETS:
        return [f"{len(names)} sets"], [finite(values)]
    pairs = [(str(name), finite(values[by_set == name])) for name in names]
    pairs = [pair for pair in pairs if pair[1].size]
    return [name for name, _ in pairs], [group for _, group in pairs]


def _draw_group(ax, group, edges, colour, alone):
    """Draw the steps of one set, filled where it is alone, and a line at its median."""
    counts, _ = np.histogram(group, edges)
    ax.stairs(counts, edges, fill=True, color=colour, alpha=0.35 if alone else 0.13)
    ax.stairs(counts, edges, color=colour, linewidth=1.2)
    ax.axvline(np.median(group), color=colour, linewidth=1.2, linestyle=(0, (4, 2)))


def _write_legend(ax, names, groups, unit):
    """Names, medians and numbers, in the room that is left above the steps."""
    handles, texts = [], []
    for index, (name, group) in enumerate(zip(names, groups, strict=True)):
        colour = style.source_colour(index)
        handles.append(patches.Patch(fc=(*_rgb(colour), 0.25), ec=colour))
        median = f"median {style.short(np.median(group))}{style.unit_text(unit)}"
        texts.append(f"{style.safe_text(name)}  {median}  (n = {group.size})".strip())
    ax.legend(handles, texts, loc="upper right", fontsize=8, frameon=True, framealpha=1,
              edgecolor="none")


def _rgb(colour):
    """Red, green and blue of a ``#rrggbb`` colour, 0..1."""
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def _count_outside(ax, values, low, high):
    """Write how many values lie beyond the ends of the axis."""
    for count, x, text in (
        ((values < low).sum(), 0.01, "◂ {} below"),
        ((values > high).sum(), 0.99, "{} above ▸"),
    ):
        if count:
            ax.text(
                x,
                0.03,
                text.format(count),
                transform=ax.transAxes,
                ha="left" if x < 0.5 else "right",
                fontsize=7.5,
                color=style.ACCENT,
                path_effects=style.halo(),
            )


@style.styled
def histograms_page(panels, by_set=None, title=""):
    """Page of histograms, such as seeing, ellipticity, sky level and coefficient.

    Parameters
    ----------
    panels : sequence of (array of shape (n,), str, str)
        Values, label and unit of each panel.
    by_set : array of str, shape (n,), optional
        Name of the set of each image.
    title : str
        Of the page.

    Returns
    -------
    Figure
    """
    n_cols = 2 if len(panels) == 4 else min(max(len(panels), 1), 3)
    n_rows = int(np.ceil(max(len(panels), 1) / n_cols))
    page, axes = style.figure(n_cols, n_rows, (12.0, 0.7 + 3.5 * n_rows), squeeze=False)
    style.title_page(page, title)
    for ax, panel in zip(axes.flat, panels, strict=False):
        histogram(ax, *panel, by_set=by_set)
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    return page


def _pixel_edges(pixels, level, half):
    """Edges of some 120 bins; each holds as many steps of the ADU as the others."""
    width = 2 * half / N_PIXEL_BINS
    near = np.unique(pixels[np.abs(pixels - level) < half][:MAX_STEP_PIXELS])
    step = np.median(np.diff(near)) if near.size > 1 else width
    if step > width / MAX_STEPS:  # else the steps are too fine to be seen
        width = step * np.ceil(width / step)
        level = near[np.argmin(np.abs(near - level))] + step / 2
    n_side = int(np.ceil(half / width))
    return level + width * np.arange(-n_side, n_side + 1)


@style.styled
def pixel_histogram(ax, image_e, level_e=None, sigma_e=None):
    """Draw the histogram of the pixels around the sky, with the level and +- sigma marked.

    Parameters
    ----------
    ax : Axes
    image_e : ndarray of float
        Pixels in electrons; NaN are left out.
    level_e, sigma_e : float, optional
        Level and scatter that were measured; None: median and scaled median deviation.
    """
    pixels = finite(image_e)
    ax.set_xlabel(style.axis_label("pixel", "e-"))
    if pixels.size == 0:
        style.no_data(ax)
        return
    level = np.median(pixels) if level_e is None else level_e
    sigma = MAD_TO_SIGMA * np.median(np.abs(pixels - level)) if sigma_e is None else sigma_e
    half = 8 * max(sigma, 1e-6)
    counts, edges = np.histogram(pixels, _pixel_edges(pixels, level, half))
    ax.stairs(counts, edges, fill=True, color=style.SOURCE_COLOURS[0], alpha=0.45)
    ax.axvspan(level - sigma, level + sigma, color=style.FAINT, alpha=0.15, linewidth=0)
    ax.axvline(level, color=style.INK, linewidth=1.0)
    ax.set(yscale="log" if counts.any() else "linear", ylim=(0.7, None), ylabel="number of pixels")
    ax.set_xlim(level - half, level + half)
    ax.text(
        0.97,
        0.95,
        f"level {style.short(level)} e⁻\nσ {style.short(sigma)} e⁻",
        transform=ax.transAxes,
        ha="right",
        va="top",
        fontsize=8.5,
    )


@style.styled
def check_page(fwhm_px, ellipticity, pixels_e, seeing_px, mean_ellipticity, level_e, sigma_e,
               title=""):  # fmt: skip
    """Page of what was measured on one image: its sources and its pixels; returns the Figure.

    Parameters
    ----------
    fwhm_px, ellipticity : array of float, shape (n,)
        Of the sources; NaN are left out.
    pixels_e : array of float
        Pixels of the image.
    seeing_px, mean_ellipticity, level_e, sigma_e : float
        The values that were found, drawn as lines.
    title : str
        Of the page.
    """
    page = style.blank(13.0, 4.2)
    axes = [style.place(page, left_in, 0.8, 3.55, 2.75) for left_in in (0.65, 5.0, 9.3)]
    style.title_page(page, title)
    for ax, values, found, label, unit, limits in (
        (axes[0], fwhm_px, seeing_px, "FWHM of the sources", "px", (0, 2.5 * seeing_px)),
        (axes[1], ellipticity, mean_ellipticity, "ellipticity of the sources", "", (0, 1)),
    ):
        histogram(ax, values, label, unit, limits=limits)
        ax.axvline(found, color=style.ACCENT, linewidth=1.4, linestyle="--")
        ax.set_ylabel("number of sources")
        style.title_panel(ax, f"measured {style.short(found)}{style.unit_text(unit)}")
    pixel_histogram(axes[2], pixels_e, level_e, sigma_e)
    style.title_panel(axes[2], "pixels, level and scatter of the sky")
    return page


@style.styled
def peaks(ax, names, peak, limit=None, label="peak", unit="ADU"):
    """Draw the peak values of each star over all images, and the limit where it saturates.

    Parameters
    ----------
    ax : Axes
    names : sequence of str
        Stars, from the top down.
    peak : array of float, shape (n_stars, n_images)
        NaN where the star was not measured.
    limit : float, optional
        Saturation; images above it are counted at the right.
    label, unit : str
        Of the horizontal axis.
    """
    peak = np.asarray(peak, dtype=float).reshape(len(names), np.shape(peak)[-1])
    ax.set_xlabel(style.axis_label(label, unit))
    if finite(peak).size == 0:
        style.no_data(ax)
        return
    for row, values in enumerate(peak):
        values = finite(values)
        # a fixed pattern of shifts, so that the same data make the same picture
        shift = 0.6 * ((np.arange(values.size) * 0.618034) % 1.0 - 0.5)
        is_above = values > (np.inf if limit is None else limit)
        colours = np.where(is_above, style.ACCENT, style.SOURCE_COLOURS[0])
        ax.scatter(values, row + shift, s=5, c=colours, alpha=0.55, linewidths=0)
        if is_above.any():
            ax.text(1.01, row, f"{is_above.sum()} above", transform=ax.get_yaxis_transform(),
                    va="center", fontsize=8, color=style.ACCENT)  # fmt: skip
    if limit is not None:
        ax.axvline(limit, color=style.ACCENT, linewidth=1.0, linestyle="--")
    ax.set_yticks(np.arange(len(names)), [style.safe_text(name) for name in names])
    ax.set(ylim=(len(names) - 0.4, -0.6))
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
