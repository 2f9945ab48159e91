"""What a coefficient depends on, and whether the stars behind it scatter by their errors."""

from cosmouline.plots import style
from cosmouline.plots.point_colours import draw_key, point_colours
from cosmouline.plots.scaling import finite, root_mean_square
from cosmouline.plots.star_curves import against

import numpy as np

N_COLS = 7  # of the histograms: the usual 12 stars and all of them make two rows
FARTHEST = 5.0  # sigma; pulls beyond are counted at the ends
BIN = 0.5
ROW_IN, TOP_IN = 1.75, 3.4
MAX_STARS = 69  # with the panel of all stars ten rows


@style.styled
def normalisation_page(quantities, coefficient, pulls, names, by_set=None, title="",
                       label="coefficient", is_variable=None):  # fmt: skip
    """Page of a coefficient against what it should not depend on, and of the pulls of the stars.

    Parameters
    ----------
    quantities : sequence of three (array of shape (n,), str, str)
        Values, label and unit: seeing, sky, airmass; NaN where not known.
    coefficient : array of float, shape (n,)
        Bigger is a fainter image.
    pulls : array of float, shape (n_stars, n)
        Residuals per quoted error; NaN where a star was not measured.
    names : sequence of str
        Of the stars.
    by_set : array of str, shape (n,), optional
        Colours the points of the coefficient.
    title, label : str
        Of the page; name of the coefficient.
    is_variable : array of bool, shape (n_stars,), optional
        Stars without a say in the coefficient: not in the panel of all stars.

    Returns
    -------
    Figure
        The histograms have the unit Gaussian in them. Wider ones mean errors that are too small,
        or a star that varies; narrow ones errors that are too large.
    """
    pulls = np.reshape(np.asarray(pulls, dtype=float), (len(names), np.size(coefficient)))
    shown = min(len(names), MAX_STARS)
    n_rows = -(-(shown + 1) // N_COLS)
    height_in = 0.7 + TOP_IN + ROW_IN * n_rows
    page, axes = style.figure(1, 2, (style.PAGE_WIDTH_IN, height_in), squeeze=False,
                              height_ratios=(TOP_IN, ROW_IN * n_rows))
    style.title_page(page, title)
    above, below = (_panels(page, ax, *shape) for ax, shape in zip(
        axes[:, 0], ((1, len(quantities)), (n_rows, N_COLS)), strict=True))
    for ax, (values, name, unit) in zip(above, quantities, strict=True):
        against(ax, values, coefficient, by_set)
        _count_outside(ax, values, coefficient)
        ax.set_xlabel(style.axis_label(name, unit))
    above[0].set_ylabel(style.safe_text(label))
    draw_key(above[-1], point_colours(by_set, np.size(coefficient))[1], "set")
    varies = np.zeros(len(names), bool) if is_variable is None else np.asarray(is_variable)
    pull_histogram(below[0], pulls[~varies], "constant stars" if varies.any() else "all stars")
    for ax, star, name, variable in zip(below[1:], pulls[:shown], names, varies, strict=False):
        pull_histogram(ax, star, f"{name} (varies)" if variable else name)
    below[0].set_xlabel("residual / error", fontsize=8)
    for ax in below[shown + 1:]:
        ax.set_axis_off()
    return page


def _count_outside(ax, x, y):
    """Write how many points lie outside the axes: clouds, the worst seeing."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    inside = (x >= left) & (x <= right) & (y >= low) & (y <= high)
    n_out = int((np.isfinite(x) & np.isfinite(y) & ~inside).sum())
    if n_out:
        ax.text(0.98, 0.97, f"{n_out} outside", transform=ax.transAxes, ha="right", va="top",
                fontsize=8, color=style.ACCENT)


def _panels(page, ax, n_rows, n_cols):
    """Put a grid of Axes in the place of one."""
    grid = ax.get_subplotspec().subgridspec(n_rows, n_cols)
    ax.remove()
    return [page.add_subplot(grid[k // n_cols, k % n_cols]) for k in range(n_rows * n_cols)]


@style.styled
def pull_histogram(ax, pulls, name=""):
    """Draw the histogram of pulls with the unit Gaussian, and write their rms.

    Parameters
    ----------
    ax : Axes
    pulls : array of float
        NaN are left out; those beyond 5 sigma are counted in the outermost bins.
    name : str
        Of the star.
    """
    values = finite(pulls)
    ax.set_title(style.safe_text(name), fontsize=8.5)
    ax.set(xlim=(-FARTHEST, FARTHEST), xticks=(-4, -2, 0, 2, 4), yticks=[])
    if values.size == 0:
        style.no_data(ax)
        return
    edges = np.arange(-FARTHEST, FARTHEST + BIN / 2, BIN)
    counts, _ = np.histogram(np.clip(values, -FARTHEST, FARTHEST), edges)
    ax.stairs(counts, edges, fill=True, color=style.SOURCE_COLOURS[0], alpha=0.4)
    x = np.linspace(-FARTHEST, FARTHEST, 101)
    gaussian = values.size * BIN * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    ax.plot(x, gaussian, color=style.INK, linewidth=1.0)
    ax.set_ylim(0, 1.3 * max(counts.max(), gaussian.max()))
    n_far = int((np.abs(values) > FARTHEST).sum())
    text = f"rms {style.short(root_mean_square(values))}" + (f"\n{n_far} beyond" if n_far else "")
    ax.text(0.97, 0.95, text, transform=ax.transAxes, ha="right", va="top", fontsize=7.5,
            color=style.ACCENT if n_far else style.INK)
