"""Plots that a selection file asks for: points, scatter with colours, histograms."""

from cosmouline.plots import style

import numpy as np

MARKERS = {"+", ".", "o", "x", "s", "d", "*", "^", "v", ","}


@style.styled
def selection_page(keys, series, colour=None, bins=None, title=""):
    """Return the page of one PLOT section.

    Parameters
    ----------
    keys : dict of str
        Of the section: TYPE, XLABEL, YLABEL, LOG, XLIM, YLIM, ALPHA, HTYPE.
    series : list of dict
        x, y (ndarray), label, marker, size.
    colour : ndarray, optional
        Of a scatter plot, by point of the first series.
    bins : int, optional
        Of a histogram.
    title : str
    """
    page, ax = style.figure(size=(7.0, 5.0))
    kind = keys.get("TYPE", "plot").lower()
    alpha = float(keys.get("ALPHA", 1))
    for one in series:
        if kind == "hist":
            ax.hist(one["y"][np.isfinite(one["y"])], bins or 20, label=one["label"], alpha=alpha,
                    histtype=keys.get("HTYPE", "bar"))
        elif kind == "scatter":
            points = ax.scatter(one["x"], one["y"], c=colour, marker=one["marker"], alpha=alpha)
            page.colorbar(points, ax=ax, label=one["label"])
        else:
            ax.plot(one["x"], one["y"], one["marker"], markersize=one["size"], label=one["label"],
                    alpha=alpha)
    if kind != "scatter" and any(one["label"] for one in series):
        ax.legend()
    for axis in "xy":
        getattr(ax, f"set_{axis}label")(keys.get(f"{axis.upper()}LABEL", ""))
        if limits := keys.get(f"{axis.upper()}LIM"):
            getattr(ax, f"set_{axis}lim")(*(float(part) for part in limits.strip("()[]").split(
                ",")))
    if keys.get("LOG", "").lower() in ("true", "yes", "1"):
        ax.set_yscale("log")
    style.title_panel(ax, title)
    return page


def marker_of(text):
    """Return a marker that matplotlib knows; a point for any other text."""
    return text if text in MARKERS else "."
