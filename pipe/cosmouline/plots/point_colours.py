"""Colours of points: one for all, a quantity on a scale, or one per name."""

from cosmouline import library
from cosmouline.plots import style
from cosmouline.plots.scaling import colour_limits

import numpy as np

cm = library("matplotlib.cm")
colors = library("matplotlib.colors")
lines = library("matplotlib.lines")

NO_COLOUR = "#B0B0B0"  # points whose quantity was not measured
MAX_NAMES = 14  # the rarer ones are drawn together


def point_colours(colour, n_points):
    """Colour of each point, and the key that explains them.

    Parameters
    ----------
    colour : None, colour, array of float or array of str
        One colour for all points; or a quantity, shown between its 2nd and 98th percentile, grey
        where it is NaN or None; or names, one colour each and grey for the rare ones beyond
        `MAX_NAMES`.
    n_points : int

    Returns
    -------
    shades : ndarray of float, shape (n_points, 4)
        Red, green, blue and opacity.
    key : None, ScalarMappable or dict of str: colour
        For one colour, a quantity, or names; see `draw_key`.

    Raises
    ------
    ValueError
        If an array has another length than `n_points`.
    """
    # a tuple can be a colour, or three or four values
    is_rgb = isinstance(colour, tuple) and len(colour) != n_points and colors.is_color_like(colour)
    if colour is None or isinstance(colour, str) or is_rgb:
        rgba = colors.to_rgba(colour or style.source_colour(0))
        return np.tile(rgba, (n_points, 1)), None
    if np.shape(colour) != (n_points,):
        raise ValueError(f"colour must hold {n_points} values, not {np.shape(colour)}")
    grey = colors.to_rgba(NO_COLOUR)
    if any(isinstance(value, str) for value in colour):
        # the most frequent names have colours, in the order of the alphabet
        names = [str(value) for value in colour]
        unique, counts = np.unique(names, return_counts=True)
        frequent = np.sort(unique[np.argsort(-counts, kind="stable")[:MAX_NAMES]])
        # first those of the sources, then the same mixed with as much white
        palette = np.array([colors.to_rgba(one) for one in style.SOURCE_COLOURS])
        palette = np.concatenate([palette, 0.5 + 0.5 * palette])
        key = {str(name): tuple(palette[i]) for i, name in enumerate(frequent)}
        shades = np.array([key.get(name, grey) for name in names])
        return shades, key | ({"others": grey} if len(unique) > len(frequent) else {})
    values = np.array([np.nan if value is None else value for value in colour], dtype=float)
    scale = cm.ScalarMappable(colors.Normalize(*colour_limits(values), clip=True), style.FIELD_MAP)
    shades = scale.to_rgba(np.nan_to_num(values)).reshape(-1, 4)
    shades[~np.isfinite(values)] = grey
    return shades, scale


@style.styled
def draw_key(ax, key, label=""):
    """Explain the colours at the right of an Axes: a colour bar, or the names.

    Parameters
    ----------
    ax : Axes
    key : None, ScalarMappable or dict
        From `point_colours`; nothing is drawn for None.
    label : str
        Label of the bar, heading of the names.
    """
    if key is None:
        return
    if isinstance(key, dict):
        ax.legend(**_names(key, label), loc="upper left", bbox_to_anchor=(1.0, 1.02))
    else:
        style.colour_bar(ax, key, label, extend="both", extendfrac=0.02)


def _names(key, label):
    """Arguments of a legend that explains the names."""
    handles = [lines.Line2D([], [], marker="o", markersize=5, linestyle="none", color=shade)
               for shade in key.values()]
    return {"handles": handles, "labels": [style.safe_text(name) for name in key],
            "title": style.safe_text(label), "alignment": "left"}


@style.styled
def draw_common_key(axes, key, label=""):
    """Explain the colours of several Axes once, at the right of the page.

    Parameters
    ----------
    axes : sequence of Axes
        Of a page with a layout (`style.figure`).
    key, label
        As in `draw_key`.
    """
    page = axes[0].figure
    if key is None:
        return
    if isinstance(key, dict):
        page.legend(**_names(key, label), loc="outside right upper")
        return
    bar = page.colorbar(key, ax=list(axes), pad=0.01, aspect=45, fraction=0.03)
    bar.set_label(style.safe_text(label))
    bar.outline.set_linewidth(0.5)
