"""Residuals of zero points against colour, magnitude and place; zero points against the date."""

from cosmouline.plots import style
from cosmouline.plots.light_curve import time_series
from cosmouline.plots.scaling import finite

import numpy as np


@style.styled
def zero_point_page(sets, mhjd, zero_points, set_of_image, airmass, title="", info=""):
    """Page of the zero points of one band.

    Parameters
    ----------
    sets : list of dict
        For each set ``name``, and for its stars ``colour``, ``mag``, ``x``, ``y`` (-1 to 1),
        ``residual`` (mag), ``sigma`` and ``used``: arrays of shape (n_stars,).
    mhjd, zero_points, airmass : ndarray of float, shape (n_images,)
    set_of_image : list of str
    title, info : str

    Returns
    -------
    Figure
    """
    page, axes = style.figure(2, 3, (12.0, 10.5))
    style.title_page(page, title, info)
    panels = (("colour", "colour (mag)"), ("mag", "catalogue magnitude"),
              ("x", "place along x"), ("y", "place along y"))
    for ax, (key, label) in zip(axes.flat, panels, strict=False):
        for k, one in enumerate(sets):
            colour = style.source_colour(k)
            for used, marker in ((True, "o"), (False, "x")):
                chosen = (one["used"] == used) & np.isfinite(one["residual"]) & np.isfinite(
                    one[key])
                if chosen.any():
                    ax.errorbar(one[key][chosen], one["residual"][chosen], one["sigma"][chosen],
                                fmt=marker, color=colour, markersize=4, linewidth=0.8,
                                label=one["name"] if used else f"{one['name']}, left out")
        ax.axhline(0, color=style.FAINT, linewidth=0.8)
        ax.set(xlabel=label, ylabel="residual (mag)")
        good = np.concatenate([one["residual"][one["used"]] for one in sets] or [np.zeros(0)])
        if finite(good).size:
            reach = max(2 * float(np.abs(finite(good)).max()), 0.01)
            ax.set_ylim(reach, -reach)
    if sets:
        axes[0, 0].legend(fontsize=8)
    time_series(axes[2, 0], mhjd, zero_points, colour=np.array(set_of_image), calendar=False,
                show_key=False)
    axes[2, 0].set(xlabel="MHJD", ylabel="zero point for 1 e-/s (mag)")
    axes[2, 1].plot(airmass, zero_points, "o", color=style.INK, markersize=3)
    axes[2, 1].set(xlabel="airmass", ylabel="zero point for 1 e-/s (mag)")
    return page
