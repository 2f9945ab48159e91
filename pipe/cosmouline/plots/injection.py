"""The page of injected sources: bias, scatter, and what they depend on."""

from cosmouline.plots import style

import numpy as np

SHIFT = 0.14  # between the points of two kinds at one source


@style.styled
def injection_page(names, bias, quoted, is_clone, scatters, deviations, conditions, correlation,
                   title="", subtitle=""):
    """Page on what a fit made of injected sources; returns the Figure.

    Parameters
    ----------
    names : sequence of str
        Of the n_sources sources.
    bias : ndarray of float, shape (n_sites, n_sources)
        Relative static bias of each site.
    quoted : ndarray of float, shape (n_sources,)
        Quoted systematic error, relative.
    is_clone : ndarray of bool, shape (n_sites,)
        Sites with copies of stars.
    scatters : dict of (ndarray, ndarray)
        Scatter over error and its error by source, under the names of the legend.
    deviations : ndarray of float, shape (n,)
        Of all fluxes, in quoted errors.
    conditions : dict of (ndarray, ndarray)
        By the label of the axis: a quantity and the deviations that go with it.
    correlation : (ndarray, ndarray, ndarray)
        Of pairs of sources: predicted, found, and its error, each (n_pairs,).
    title, subtitle : str
    """
    page, axes = style.figure(3, 2, size=(style.PAGE_WIDTH_IN, 8.0))
    axes = np.reshape(axes, (2, 3))
    style.title_page(page, title, subtitle)
    at = np.arange(len(names))
    # Static bias of every site, the quoted error as a band
    ax = axes[0, 0]
    ax.bar(at, 200 * quoted, bottom=-100 * quoted, width=0.7, color=style.PALE, zorder=0)
    for is_one, label, colour, shift in ((~is_clone, "by the PSF", style.source_colour(0), -SHIFT),
                                         (is_clone, "copies of stars", style.ACCENT, SHIFT)):
        for k, row in enumerate(bias[is_one]):
            ax.plot(at + shift, 100 * row, "o", ms=3.5, color=colour,
                    label=label if k == 0 else None)
    _named(ax, names, "static bias (%)")
    ax.set_title("Static bias of each site (band: quoted systematic)")
    # Scatter over error
    ax = axes[0, 1]
    for k, (label, (ratio, error)) in enumerate(scatters.items()):
        ax.errorbar(at + SHIFT * (k - (len(scatters) - 1) / 2), ratio, error, fmt="o", ms=4,
                    color=style.source_colour(k), label=label)
    ax.axhline(1, color=style.FAINT, lw=0.8)
    _named(ax, names, "scatter / quoted error")
    ax.set_title("Random errors")
    # All deviations against a Gaussian
    ax, edges = axes[0, 2], np.linspace(-5, 5, 41)
    known = deviations[np.isfinite(deviations)]
    if known.size:
        ax.hist(np.clip(known, -5, 5), edges, density=True, color=style.PALE)
        ax.plot(edges, np.exp(-0.5 * edges**2) / np.sqrt(2 * np.pi), color=style.ACCENT, lw=1)
    else:
        style.no_data(ax)
    ax.set_xlabel("(found − injected) / quoted error")
    ax.set_title(f"{known.size} fluxes; line: right errors")
    # What they depend on
    for ax, (label, (quantity, away)) in zip((axes[1, 0], axes[1, 1]), conditions.items(),
                                             strict=False):
        _running(ax, quantity, away)
        ax.set_xlabel(label)
        ax.set_ylabel("deviation in errors: mean, scatter")
    # Correlations
    ax, (predicted, found, error) = axes[1, 2], correlation
    if len(predicted):
        ax.errorbar(predicted, found, error, fmt="o", ms=4, color=style.source_colour(0))
        ax.axline((0, 0), slope=1, color=style.FAINT, lw=0.8)
    else:
        style.no_data(ax)
    ax.set_xlabel("predicted correlation of two sources")
    ax.set_ylabel("found")
    return page


def _named(ax, names, label):
    """Put the names of the sources below an axis."""
    ax.set_xticks(np.arange(len(names)), names)
    ax.set_ylabel(label)
    ax.legend(loc="best")


def _running(ax, quantity, away):
    """Draw deviations against a quantity, with mean and scatter of eight equal groups."""
    known = np.isfinite(quantity) & np.isfinite(away)
    if known.sum() < 16:
        style.no_data(ax)
        return
    x, y = quantity[known], away[known]
    ax.plot(x, y, ".", ms=2, color=style.PALE, zorder=0)
    groups = np.array_split(np.argsort(x, kind="stable"), 8)
    middle = [np.median(x[g]) for g in groups]
    ax.errorbar(middle, [y[g].mean() for g in groups],
                [y[g].std(ddof=1) / np.sqrt(len(g)) for g in groups], fmt="o", ms=4,
                color=style.source_colour(0), label="mean")
    ax.plot(middle, [y[g].std(ddof=1) for g in groups], "s-", ms=4, lw=0.8, color=style.ACCENT,
            label="scatter")
    for level in (0, 1):
        ax.axhline(level, color=style.FAINT, lw=0.8)
    ax.set_ylim(-4, 4)
    ax.legend(loc="lower right")
