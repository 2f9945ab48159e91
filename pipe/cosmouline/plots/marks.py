"""Marks on a frame: stars with their names, the lens, boxes, scale bar, compass, notes."""

from cosmouline import library
from cosmouline.plots import style

import numpy as np

patches = library("matplotlib.patches")
path = library("matplotlib.path")

MAX_LABELS = 300  # more names than that cannot be read
FEW_LABELS = 30  # more names are written smaller
LABEL_HEIGHT, LABEL_WIDTH = 1.3, 0.63  # of the font size; the width is that of one letter
DIRECTIONS = np.deg2rad((0, 180, 45, 135, 315, 225, 90, 270))  # the sides of the star first
NICE_ARCSEC = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200,
               1800, 3600, 7200)


@style.styled
def mark_stars(ax, xy_px, names=None, colour=None, marker="o", size_pt=13.0, label=""):
    """Mark stars by open circles, and write their names where they hide least.

    Parameters
    ----------
    ax : Axes
        With the image drawn, so that its limits are known.
    xy_px : array of float, shape (n, 2)
        Positions; stars with NaN are left out.
    names : sequence of str, optional
        None: no names. More than `MAX_LABELS` are not written.
    colour, marker, size_pt
        Look of the mark: its size is that on the screen, whatever the frame.
    label : str
        For the legend.
    """
    xy_px = np.asarray(xy_px, dtype=float).reshape(-1, 2)
    kept = np.isfinite(xy_px).all(axis=1)
    colour = colour or style.source_colour(0)
    ax.scatter(*xy_px[kept].T, s=size_pt**2, marker=marker, facecolors="none", edgecolors=colour,
               linewidths=1.1, label=style.safe_text(label), zorder=3)
    if names is not None and kept.sum() <= MAX_LABELS:
        names = [str(name) for name, keep in zip(names, kept, strict=True) if keep]
        write_names(ax, xy_px[kept], names, colour, size_pt)


def crosshair():
    """Return a marker of four strokes that leave the middle free, in units of half its size."""
    ends = [(0.45, 0), (1, 0), (-0.45, 0), (-1, 0), (0, 0.45), (0, 1), (0, -0.45), (0, -1)]
    return path.Path(ends, [path.Path.MOVETO, path.Path.LINETO] * 4)


@style.styled
def write_names(ax, xy_px, names, colour=style.INK, size_pt=13.0):
    """Write names next to marks of a size, each on the side where it covers the least.

    Parameters
    ----------
    ax : Axes
        With its limits and its position on the page.
    xy_px : array of float, shape (n, 2)
        Finite positions of the marks.
    names : sequence of str
        One per mark.
    colour : colour or sequence of colours
        Of the letters.
    size_pt : float
        Diameter of the marks.
    """
    # marks and upper right corner in points, for the room that an image of aspect 1 has
    origin = np.array([ax.get_xlim()[0], ax.get_ylim()[0]])
    span = np.array([ax.get_xlim()[1], ax.get_ylim()[1]]) - origin
    box = ax.get_window_extent()
    scale = min(box.width / abs(span[0]), box.height / abs(span[1])) * 72 / ax.figure.dpi
    marks, corner = (np.reshape(xy_px, (-1, 2)) - origin) * scale, span * scale
    size = 8.5 if len(names) <= FEW_LABELS else 7.0
    colours = [colour] * len(names) if isinstance(colour, str) else colour
    taken = []
    for centre, xy, name, letters in zip(marks, xy_px, names, colours, strict=True):
        half = size * np.array([LABEL_WIDTH * len(name), LABEL_HEIGHT]) / 2
        centres, costs = [], []
        for angle in DIRECTIONS:
            # the label touches its mark in this direction
            direction = np.array([np.cos(angle), np.sin(angle)])
            label = centre + direction * (size_pt / 2 + 2 + half * np.abs(direction))
            # cost: marks and (double) labels that it would cover; the border above all
            on_marks = (np.abs(marks - label) < half + size_pt / 2).all(axis=1).sum()
            on_labels = sum(int((np.abs(other - label) < half + other_half).all())
                            for other, other_half in taken)
            is_outside = (label - half < 0).any() or (label + half > corner).any()
            centres.append(label)
            costs.append(on_marks + 2 * on_labels + 20 * int(is_outside))
        best = centres[int(np.argmin(costs))]
        taken.append((best, half))
        ax.annotate(style.safe_text(name), xy, best - centre, textcoords="offset points",
                    ha="center", va="center", fontsize=size, color=letters,
                    path_effects=style.halo(), zorder=4)


@style.styled
def mark_lens(ax, x_px, y_px, label="lens", colour=style.ACCENT, size_pt=26.0):
    """Mark a position by four strokes that leave its middle free; nothing for NaN or None."""
    if x_px is None or y_px is None or not np.isfinite([x_px, y_px]).all():
        return
    look = {"marker": crosshair(), "facecolors": "none", "zorder": 5, "s": size_pt**2}
    # white below the colour: the strokes are seen on dark stars too
    ax.scatter([x_px], [y_px], linewidths=3.4, edgecolors="white", **look)
    ax.scatter([x_px], [y_px], linewidths=1.6, edgecolors=colour, **look)
    ax.annotate(style.safe_text(label), (x_px, y_px), (0.28 * size_pt, 0.28 * size_pt),
                textcoords="offset points", color=colour, fontweight="bold",
                path_effects=style.halo(), zorder=5)


@style.styled
def mark_box(ax, x1_px, x2_px, y1_px, y2_px, label="", colour=style.SOURCE_COLOURS[2]):
    """Outline a region of the frame, its label inside (the empty region of the noise)."""
    ax.add_patch(patches.Rectangle((x1_px, y1_px), x2_px - x1_px, y2_px - y1_px, fill=False,
                                   edgecolor=colour, ls="--"))
    ax.annotate(style.safe_text(label), (x1_px, y2_px), (4, -4), textcoords="offset points",
                va="top", fontsize=8, color=colour, path_effects=style.halo())


@style.styled
def info_box(ax, lines, loc="upper left"):
    """Write lines of text, if any, in a corner of the picture, on a half-transparent box.

    Parameters
    ----------
    ax : Axes
    lines : sequence of str
    loc : str
        ``upper left``, ``lower right``, ...
    """
    if not len(lines):
        return
    vertical, horizontal = loc.split()
    x, y = {"left": 0, "right": 1}[horizontal], {"lower": 0, "upper": 1}[vertical]
    ax.annotate("\n".join(style.safe_text(line) for line in lines), (x, y),
                (7 - 14 * x, 7 - 14 * y), xycoords="axes fraction", textcoords="offset points",
                ha=horizontal, va={"lower": "bottom", "upper": "top"}[vertical], fontsize=8,
                linespacing=1.4, zorder=6,
                bbox={"boxstyle": "square,pad=0.4", "fc": "white", "ec": "none", "alpha": 0.85})


def nice_angle_arcsec(longest_arcsec):
    """Largest round angle (0.1, 0.2, 0.5, 1, 2, 5, 10 ... arcsec, then arcmin) up to a length."""
    index = np.searchsorted(NICE_ARCSEC, longest_arcsec * (1 + 1e-9)) - 1
    return float(NICE_ARCSEC[max(0, int(index))])


@style.styled
def scale_bar(ax, pixel_scale_arcsec, longest=0.22):
    """Draw a bar of a round angle, at most `longest` of the width, at the lower left."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    arcsec = nice_angle_arcsec(longest * abs(right - left) * pixel_scale_arcsec)
    # white below the bar: it is seen on dark pixels too
    x = left + 0.035 * (right - left) + np.array([0, arcsec / pixel_scale_arcsec])
    y = np.full(2, bottom + 0.035 * (top - bottom))
    ax.plot(x, y, color="white", linewidth=4.5, solid_capstyle="butt", zorder=5, scalex=False)
    ax.plot(x, y, color=style.INK, linewidth=2, solid_capstyle="butt", zorder=6, scalex=False)
    ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.annotate(f"{arcsec / 60:g}′" if arcsec >= 60 else f"{arcsec:g}″", (x.mean(), y[0]),
                (0, 3.5), textcoords="offset points", ha="center", fontsize=8.5,
                path_effects=style.halo(2.5), zorder=6)


@style.styled
def compass(ax, north, east, corner=(0.96, 0.04), length=0.055):
    """Draw arrows to the north and to the east near a corner.

    Parameters
    ----------
    ax : Axes
        With the image drawn, so that its limits are known.
    north, east : (float, float)
        Directions in pixels (dx, dy), of any length: a mirrored frame shows as what it is.
    corner : (float, float)
        Point that the drawing keeps to, as fractions of the Axes.
    length : float
        Length of the arrows as a fraction of the longer side.
    """
    limits = np.array([ax.get_xlim(), ax.get_ylim()])
    span = limits[:, 1] - limits[:, 0]
    # arrows in pixels, and letters beyond their tips
    arrows = np.array([np.array(v) / np.hypot(*v) for v in (north, east)])
    arrows = arrows * length * np.abs(span).max()
    letters = arrows * 1.3
    # the box around the drawing touches the corner from inside
    drawn = np.vstack([np.zeros(2), letters])
    touch = np.where(np.array(corner) > 0.5, drawn.max(axis=0), drawn.min(axis=0))
    foot = limits[:, 0] + np.array(corner) * span - touch
    look = {"mutation_scale": 9, "color": style.INK, "linewidth": 1.2, "zorder": 6,
            "arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0}
    for arrow, letter, name in zip(arrows, letters, "NE", strict=True):
        ax.add_patch(patches.FancyArrowPatch(foot, foot + arrow, **look))
        ax.text(*(foot + letter), name, ha="center", va="center", path_effects=style.halo(),
                fontsize=8.5, zorder=6)
