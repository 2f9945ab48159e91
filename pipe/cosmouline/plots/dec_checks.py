"""Panels that show when a deconvolution is wrong: amplitudes, degeneracy, pulls."""

from cosmouline.plots import marks, style
from cosmouline.plots.histograms import gaussian_histogram
from cosmouline.plots.scaling import finite

import numpy as np

HIGH_CHI2 = 1.5  # of some 50 pixels, whose scatter is .2
NOTABLE = 2.0  # times its floor: the data ask for this component
LEFT = 0.5  # where the bars begin, so that one at its floor is seen
PULL_RANGE = 5.0


@style.styled
def amplitude_bars(ax, labels, ratio):
    """Draw the amplitudes of the field over their floors as bars on a logarithmic scale.

    Parameters
    ----------
    ax : Axes
    labels : sequence of str
        Of the components.
    ratio : array of float
        1: no more than the floor, which the data do not ask for. NaN are left out.
    """
    ratio = np.asarray(ratio, dtype=float)
    ax.set_xlabel("amplitude of the field / its floor")
    if not np.isfinite(ratio).any():
        style.no_data(ax)
        return
    rows = np.arange(len(ratio))
    colours = np.where(ratio > NOTABLE, style.ACCENT, style.source_colour(0))
    # bars begin at `LEFT`; those of NaN have no length
    length = np.nan_to_num(ratio, nan=LEFT) - LEFT
    ax.barh(rows, length, left=LEFT, color=colours, alpha=0.7, height=0.7)
    ax.axvline(1.0, color=style.INK, linewidth=0.8)
    right = max(4.0, 1.3 * np.nanmax(ratio))
    ax.set(xscale="log", xlim=(LEFT, right), ylim=(len(ratio) - 0.4, -0.6))
    ax.set_yticks([])
    for row, label in zip(rows, labels, strict=True):  # on its bar: beside it there is no room
        ax.text(0.02, row, style.safe_text(label), transform=ax.get_yaxis_transform(),
                va="center", fontsize=8)
    ticks = [tick for tick in (1, 2, 4, 10, 30, 100, 300, 1000) if tick <= right]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()


@style.styled
def direction_bars(ax, names, percent, fraction=None):
    """Draw how the constant fluxes change together in the widest direction of their errors.

    Parameters
    ----------
    ax : Axes
    names : sequence of str
        Of the images.
    percent : array of float, shape (n + 1,)
        Change of each flux for one sigma, and, last, of galaxy and field in per cent of the
        light of all images. NaN: not known.
    fraction : float, optional
        Of the systematic variance, that this direction has.
    """
    percent = np.asarray(percent, dtype=float)
    ax.set_ylabel("systematic error, 1 σ (%)")
    if not np.isfinite(percent).all():
        style.no_data(ax, "not known")
        return
    columns = np.arange(len(percent))
    colours = [style.source_colour(i) for i in range(len(names))] + [style.FAINT]
    ax.bar(columns, percent, color=colours, alpha=0.8, width=0.7)
    ax.axhline(0.0, color=style.INK, linewidth=0.8)
    half = 1.5 * max(np.abs(percent).max(), 1e-3)
    ax.set(ylim=(-half, half), xlim=(-0.6, len(percent) - 0.4))
    ax.set_xticks(columns, [style.safe_text(name) for name in [*names, "galaxy"]])
    if fraction is not None and np.isfinite(fraction):
        marks.info_box(ax, [f"{100 * fraction:.0f} % of the variance"], "upper left")


@style.styled
def pull_histogram(ax, pulls):
    """Draw the histogram of the deviations of the fluxes from the lines through their neighbours.

    `pulls` are in units of the error; NaN are left out, those beyond 5 are counted at the ends.
    """
    pulls = finite(pulls)
    ax.set(xlabel="flux about its neighbours (σ)", yticks=[])
    if pulls.size == 0:
        style.no_data(ax)
        return
    n_bins = int(np.clip(2 * np.sqrt(pulls.size), 14, 40))
    edges, fine = (np.linspace(-PULL_RANGE, PULL_RANGE, n) for n in (n_bins + 1, 201))
    top = gaussian_histogram(ax, pulls, edges, fine)
    ax.set(xlim=(-PULL_RANGE, PULL_RANGE), ylim=(0, 1.25 * top))
    marks.info_box(ax, [f"rms {style.short(np.sqrt(np.mean(pulls**2)))}"], "upper right")


@style.styled
def source_circles(ax, xy_px, radius_px, chi2):
    """Draw circles around sources at `xy_px`, shape (n, 2); bold where the chi2 inside is high.

    Sources whose position or chi2 is NaN have none.
    """
    angle = np.linspace(0, 2 * np.pi, 61)
    for (x, y), value in zip(xy_px, chi2, strict=True):
        if np.isfinite([x, y, value]).all():
            ax.plot(x + radius_px * np.cos(angle), y + radius_px * np.sin(angle),
                    color=style.INK, linewidth=2.0 if value > HIGH_CHI2 else 0.7, scalex=False,
                    scaley=False)
