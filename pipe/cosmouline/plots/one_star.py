"""One star under a coefficient: against the date, and against what it should not depend on."""

from cosmouline.plots import style
from cosmouline.plots.light_curve import time_series
from cosmouline.plots.normalisation import pull_histogram
from cosmouline.plots.scaling import finite, root_mean_square
from cosmouline.plots.star_curves import against, percent_deviation

import numpy as np

LEAST_SPAN_PERCENT = 0.5


@style.styled
def one_star_page(mhjd, flux, sigma, chi2, quantities, colour, colour_label, by_set=None,
                  title=""):
    """Page of one star; returns the Figure.

    Parameters
    ----------
    mhjd : array of float, shape (n,)
        Days.
    flux, sigma, chi2 : array of float, shape (n,)
        Normalised fluxes, their errors (the coefficient's left out), reduced chi2; NaN where the
        star was not measured.
    quantities : sequence of three (array of shape (n,), str, str)
        Values, label and unit.
    colour : array of float, shape (n,)
        Colours the points against the date.
    colour_label : str
    by_set : array of str, shape (n,), optional
        Colours the points of the other panels.
    title : str
    """
    deviation = percent_deviation(np.reshape(flux, (1, -1)))[0]
    values = finite(deviation)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = 100 * np.asarray(sigma) / np.median(finite(flux)) if finite(flux).size else sigma
        pulls = deviation / error
    summary = "not measured"
    if values.size:
        summary = (f"{values.size} images, rms {style.short(root_mean_square(values))} %, error "
                   f"{style.short(np.median(finite(error)))} % (without the coefficient)")
    page, axes = style.figure(1, 2, (style.PAGE_WIDTH_IN, 8.2), squeeze=False)
    style.title_page(page, title, summary)
    time_series(axes[0, 0], mhjd, deviation, error, colour=colour, colour_label=colour_label,
                least_span=LEAST_SPAN_PERCENT)
    axes[0, 0].set_ylabel("deviation from the median (%)")
    # against what the deviation should not depend on, and its pulls
    below = style.split(page, axes[1, 0], 1, 5)
    for ax, (x, label, unit) in zip(below, (*quantities, (chi2, "chi2", "")), strict=False):
        against(ax, x, deviation, by_set)
        ax.set_xlabel(style.axis_label(label, unit))
    pull_histogram(below[4], pulls)
    below[4].set_xlabel("deviation / error")
    below[0].set_ylabel("deviation (%)")
    return page
