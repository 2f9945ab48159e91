"""Histograms of what was measured on the images, with the median marked, for each set."""

from cosmouline import library
from cosmouline.plots import style
from cosmouline.plots.scaling import finite, robust_limits
from cosmouline.robust import MAD_TO_SIGMA

import numpy as np

colors = library("matplotlib.colors")
patches = library("matplotlib.patches")
ticker = library("matplotlib.ticker")

MIN_BINS, MAX_BINS = 8, 60
MAX_SETS = 10  # more sets than that are drawn together
N_PIXEL_BINS = 120
MAX_STEP_PIXELS = 20000  # as many give the step of the ADU
MAX_STEPS = 20  # finer steps, more than that in a bin, are not seen
LEAST_COUNTS = 5.0  # width of the axis of whole numbers
LEGEND_ROOM = 0.12  # above the steps, for each line of the legend, as a fraction of their height


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
        Of the axis; None: all values but outliers, whose number is written at the side where
        they lie.
    """
    values = np.asarray(values, dtype=float).ravel()
    ax.set_xlabel(style.axis_label(label, unit))
    measured = finite(values)
    if measured.size == 0:
        style.no_data(ax)
        return
    # limits without the outliers; what is never negative does not start below 0
    if limits is None:
        least = 1e-3 * abs(np.median(measured)) or 1e-3
        if np.array_equal(measured, np.round(measured)):
            least = max(least, LEAST_COUNTS)  # numbers of something: ticks at whole ones
        low, high = robust_limits(measured, least, distance=1.5)
        low = max(low, 0.0) if measured.min() >= 0 else low
    else:
        low, high = limits
    # bins on the axis, their width by Freedman and Diaconis (1981)
    q1, q3 = np.percentile(measured, (25, 75))
    width = 2 * (q3 - q1) / np.cbrt(measured.size)
    n_bins = np.clip(np.ceil((high - low) / width), MIN_BINS, MAX_BINS) if width > 0 else MIN_BINS
    edges = np.linspace(low, high, int(n_bins) + 1)
    groups = {"": measured}
    if by_set is not None:
        by_set = np.asarray(by_set).astype(str)
        names = np.unique(by_set)
        groups = {f"{len(names)} sets": measured} if len(names) > MAX_SETS else {
            str(name): finite(values[by_set == name]) for name in names}
    groups = {name: group for name, group in groups.items() if group.size}
    # steps and median of each set, filled where it is alone; the legend stands above them
    handles, texts = [], []
    for index, (name, group) in enumerate(groups.items()):
        colour, alpha = style.source_colour(index), 0.35 if len(groups) == 1 else 0.13
        counts, _ = np.histogram(group, edges)
        ax.stairs(counts, edges, fill=True, color=colour, alpha=alpha)
        ax.stairs(counts, edges, color=colour, linewidth=1.2)
        ax.axvline(np.median(group), color=colour, linewidth=1.2, linestyle=(0, (4, 2)))
        handles.append(patches.Patch(fc=colors.to_rgba(colour, 0.25), ec=colour))
        median = f"median {style.short(np.median(group))}{style.unit_text(unit)}"
        texts.append(f"{style.safe_text(name)}  {median}  (n = {group.size})".strip())
    top = (1.06 + LEGEND_ROOM * len(groups)) * max(1, ax.dataLim.y1)
    ax.set(xlim=(low, high), ylim=(0, top), ylabel="number of images")
    ax.yaxis.set_major_locator(ticker.MaxNLocator(5, integer=True))
    ax.legend(handles, texts, loc="upper right", fontsize=8, frameon=True, framealpha=1,
              edgecolor="none")
    for count, x, text in (((measured < low).sum(), 0.01, "◂ {} below"),
                           ((measured > high).sum(), 0.99, "{} above ▸")):
        if count:
            style.write_in(ax, x, 0.03, text.format(count), 7.5, va="baseline",
                           color=style.ACCENT, path_effects=style.halo())


@style.styled
def gaussian_histogram(ax, values, edges, x, alpha=0.45, linewidth=1.2):
    """Draw the histogram of values, and at `x` the unit Gaussian with as many of them.

    Values beyond the `edges` are counted in the outermost bins. Returns the largest height.
    """
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    ax.stairs(counts, edges, fill=True, color=style.source_colour(0), alpha=alpha)
    gaussian = np.size(values) * (edges[1] - edges[0]) / np.sqrt(2 * np.pi) * np.exp(-(x**2) / 2)
    ax.plot(x, gaussian, color=style.INK, linewidth=linewidth)
    return max(counts.max(), gaussian.max())


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
    for ax in axes.flat[len(panels):]:
        ax.set_axis_off()
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    return page


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
    # some 120 bins, each with as many steps of the ADU as the others, or they rise and fall
    width, middle = 2 * half / N_PIXEL_BINS, level
    near = np.unique(pixels[np.abs(pixels - level) < half][:MAX_STEP_PIXELS])
    step = np.median(np.diff(near)) if near.size > 1 else width
    if near.size and step > width / MAX_STEPS:
        width = step * np.ceil(width / step)
        middle = near[np.argmin(np.abs(near - level))] + step / 2
    n_side = int(np.ceil(half / width))
    counts, edges = np.histogram(pixels, middle + width * np.arange(-n_side, n_side + 1))
    ax.stairs(counts, edges, fill=True, color=style.SOURCE_COLOURS[0], alpha=0.45)
    ax.axvspan(level - sigma, level + sigma, color=style.FAINT, alpha=0.15, linewidth=0)
    ax.axvline(level, color=style.INK, linewidth=1.0)
    ax.set(yscale="log" if counts.any() else "linear", ylim=(0.7, None), ylabel="number of pixels")
    if counts.any():  # as formulas, which is what a logarithmic axis writes, they take as long
        ax.yaxis.set_major_formatter(style.power_of_ten)  # as all the rest of the axis
        ax.yaxis.set_minor_formatter(ticker.NullFormatter())
    ax.set_xlim(level - half, level + half)
    text = f"level {style.short(level)} e⁻\nσ {style.short(sigma)} e⁻"
    style.write_in(ax, 0.97, 0.95, text, 8.5)


@style.styled
def check_page(fwhm_px, ellipticity, pixels_e, seeing_px, mean_ellipticity, level_e, sigma_e,
               title=""):
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
