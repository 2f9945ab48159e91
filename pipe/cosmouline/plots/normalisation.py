"""What a coefficient depends on, and whether the stars behind it scatter by their errors."""

from cosmouline.plots import style
from cosmouline.plots.histograms import gaussian_histogram
from cosmouline.plots.point_colours import draw_key, point_colours
from cosmouline.plots.scaling import finite, root_mean_square
from cosmouline.plots.star_curves import against

import numpy as np

N_COLS = 7  # of the histograms: the default 12 stars and all of them make two rows
FARTHEST = 5.0  # sigma; pulls beyond are counted at the ends
BIN = 0.5
ROW_IN, TOP_IN = 1.75, 3.4
MAX_STARS = 69  # with the panel of all stars ten rows


@style.styled
def normalisation_page(quantities, coefficient, pulls, names, by_set=None, title="",
                       label="coefficient", is_variable=None):
    """Page of a coefficient against what it should not depend on, and of the pulls of the stars.

    Parameters
    ----------
    quantities : sequence of three (array of shape (n,), str, str)
        Values, label and unit: seeing, sky, airmass; NaN where not known.
    coefficient : array of float, shape (n,)
        Larger is a fainter image.
    pulls : array of float, shape (n_stars, n)
        Residuals per quoted error; NaN where a star was not measured.
    names : sequence of str
        Of the stars.
    by_set : array of str, shape (n,), optional
        Colours the points of the coefficient.
    title, label : str
        Of the page; name of the coefficient.
    is_variable : array of bool, shape (n_stars,), optional
        Stars with no weight in the coefficient: not in the panel of all stars.

    Returns
    -------
    Figure
        The histograms have the unit Gaussian in them. Wider ones mean errors that are too small,
        or a star that varies; narrow ones errors that are too large.
    """
    coefficient = np.asarray(coefficient, dtype=float)
    pulls = np.reshape(np.asarray(pulls, dtype=float), (len(names), np.size(coefficient)))
    n_shown = min(len(names), MAX_STARS)
    n_rows = -(-(n_shown + 1) // N_COLS)
    height_in = 0.7 + TOP_IN + ROW_IN * n_rows
    page, axes = style.figure(1, 2, (style.PAGE_WIDTH_IN, height_in), squeeze=False,
                              height_ratios=(TOP_IN, ROW_IN * n_rows))
    style.title_page(page, title)
    above = style.split(page, axes[0, 0], 1, len(quantities))
    below = style.split(page, axes[1, 0], n_rows, N_COLS)
    for ax, (values, name, unit) in zip(above, quantities, strict=True):
        values = np.asarray(values, dtype=float)
        against(ax, values, coefficient, by_set)
        ax.set_xlabel(style.axis_label(name, unit))
        # points outside the axes are counted: clouds, the worst seeing
        (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
        inside = ((values >= left) & (values <= right) & (coefficient >= low)
                  & (coefficient <= high))
        n_out = int((np.isfinite(values) & np.isfinite(coefficient) & ~inside).sum())
        if n_out:
            style.write_in(ax, 0.98, 0.97, f"{n_out} outside", color=style.ACCENT)
    above[0].set_ylabel(style.safe_text(label))
    draw_key(above[-1], point_colours(by_set, np.size(coefficient))[1], "set")
    # all constant stars together, then each star
    varies = np.zeros(len(names), bool) if is_variable is None else np.asarray(is_variable)
    pull_histogram(below[0], pulls[~varies], "constant stars" if varies.any() else "all stars")
    for ax, star, name, variable in zip(below[1:], pulls[:n_shown], names, varies, strict=False):
        pull_histogram(ax, star, f"{name} (varies)" if variable else name)
    below[0].set_xlabel("residual / error", fontsize=8)
    for ax in below[n_shown + 1 :]:
        ax.set_axis_off()
    return page


@style.styled
def pull_histogram(ax, pulls, name=""):
    """Draw the histogram of the pulls of a star with the unit Gaussian, and write their rms.

    NaN are left out; those beyond 5 sigma are counted in the outermost bins.
    """
    values = finite(pulls)
    ax.set_title(style.safe_text(name), fontsize=8.5)
    ax.set(xlim=(-FARTHEST, FARTHEST), xticks=(-4, -2, 0, 2, 4), yticks=[])
    if values.size == 0:
        style.no_data(ax)
        return
    edges = np.arange(-FARTHEST, FARTHEST + BIN / 2, BIN)
    x = np.linspace(-FARTHEST, FARTHEST, 101)
    ax.set_ylim(0, 1.3 * gaussian_histogram(ax, values, edges, x, alpha=0.4, linewidth=1.0))
    n_far = int((np.abs(values) > FARTHEST).sum())
    text = f"rms {style.short(root_mean_square(values))}" + (f"\n{n_far} beyond" if n_far else "")
    style.write_in(ax, 0.97, 0.95, text, 7.5, color=style.ACCENT if n_far else style.INK)
