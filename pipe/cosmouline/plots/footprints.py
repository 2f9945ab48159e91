"""Footprints of the images on the sky, with the lens and the stars of a catalogue."""

from cosmouline import library
from cosmouline.plots import style

import numpy as np

colors = library("matplotlib.colors")

MOST_OUTLINES = 300  # more hide the map below them
STAR_PT2 = (3.0, 60.0)  # areas of the faintest and the brightest star


@style.styled
def footprint_page(counts, extent_arcmin, outlines, lens_arcmin=None, out=(), stars_arcmin=None,
                   star_mag=None, is_good=None, title="", info=""):
    """Page of the sky: how many images cover each place, and their outlines.

    Parameters
    ----------
    counts : ndarray of int, shape (n_north, n_east)
        Images at each place, see `footprint.coverage`.
    extent_arcmin : (float, float, float, float)
        East and north ends of the map: west, east, south, north, in arcmin from its centre.
    outlines : list of ndarray of float, shape (4, 2)
        Corners of images, east and north in arcmin.
    lens_arcmin : (float, float), optional
    out : list of ndarray of float, shape (4, 2)
        Corners of images that miss the lens.
    stars_arcmin : ndarray of float, shape (n, 2), optional
        Stars of a catalogue.
    star_mag : ndarray of float, shape (n,), optional
    is_good : ndarray of bool, shape (n,), optional
        False for stars that are no good standards.
    title, info : str

    Returns
    -------
    Figure
    """
    page, ax = style.figure(1, 1, (8.2, 8.0))
    style.title_page(page, title, info)
    levels = np.unique(np.round(np.linspace(0, max(counts.max(), 1), 9)).astype(int))
    shown = np.ma.masked_equal(counts, 0)
    mesh = ax.imshow(shown, origin="lower", extent=extent_arcmin, cmap="Blues",
                     norm=colors.BoundaryNorm(np.append(levels, levels[-1] + 1), 256),
                     interpolation="nearest", alpha=0.75)
    step = max(1, -(-len(outlines) // MOST_OUTLINES))
    for corners, colour, width in [(one, style.FAINT, 0.5) for one in outlines[::step]] + [
            (one, style.ACCENT, 0.9) for one in list(out)[:MOST_OUTLINES]]:
        ax.plot(*np.vstack([corners, corners[:1]]).T, color=colour, linewidth=width)
    if stars_arcmin is not None and len(stars_arcmin):
        mag = np.where(np.isfinite(star_mag), star_mag, np.nanmax(star_mag))
        part = (mag.max() - mag) / max(np.ptp(mag), 1e-9)
        size = STAR_PT2[0] + (STAR_PT2[1] - STAR_PT2[0]) * part**2
        for good, colour, label in ((True, style.SOURCE_COLOURS[2], "stars of the catalogue"),
                                    (False, style.ACCENT, "no standard: variable, blended ...")):
            chosen = np.asarray(is_good) == good
            if chosen.any():
                ax.scatter(*stars_arcmin[chosen].T, s=size[chosen], color=colour, linewidth=0,
                           label=f"{chosen.sum()} {label}")
        ax.legend(loc="upper right", fontsize=8)
    if lens_arcmin is not None:
        ax.plot(*lens_arcmin, marker="+", markersize=16, markeredgewidth=1.6, color="black")
    # north is up, east to the left, as on the sky
    ax.set_xlim(max(extent_arcmin[:2]), min(extent_arcmin[:2]))
    ax.set_ylim(extent_arcmin[2:])
    ax.set_aspect("equal")
    ax.set(xlabel=style.axis_label("east", "arcmin"), ylabel=style.axis_label("north", "arcmin"))
    style.colour_bar(ax, mesh, "images")
    return page
