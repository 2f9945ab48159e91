"""Full frames: the image, its outline on the reference, and the pages made of them."""

import textwrap

from cosmouline import library
from cosmouline.plots import marks, style
from cosmouline.plots.histograms import pixel_histogram
from cosmouline.plots.scaling import (
    LEAST_SIGMAS,
    colour_limits,
    frame_limits,
    shrink,
    stretch_norm,
)

import numpy as np

collections = library("matplotlib.collections")
ticker = library("matplotlib.ticker")

MAX_SIDE_PX = 1000  # about as many pixels as the picture has on the screen
MAX_OUTSIDE = 0.12  # outlines farther out than this fraction of the frame are not followed
SKY_PANELS = ((0.65, 4.2), (5.45, 4.2), (10.95, 2.9))  # left end and width in inches
IMAGE_WIDTH_IN, IMAGE_HEIGHT_IN = 9.5, 7.0  # largest frame on a page
SIDE_IN, SIDE_LETTERS = 2.7, 36  # column at its right, and what fits into a line of it
LIST_LOOKS = (  # marker, size in points, colour: one list of stars can lie on another
    ("o", 13.0, style.SOURCE_COLOURS[0]),
    ("s", 20.0, style.SOURCE_COLOURS[1]),
    ("D", 22.0, style.SOURCE_COLOURS[2]),
    ("h", 28.0, style.SOURCE_COLOURS[3]),
)


@style.styled
def frame_image(ax, image, limits=None, stretch="log", colour_map=None, max_side_px=MAX_SIDE_PX):
    """Draw an image in its own pixel coordinates, the origin at the lower left.

    Parameters
    ----------
    ax : Axes
        x is the column and y the row, the centre of the first pixel is (0, 0).
    image : ndarray of float, shape (ny, nx)
        Any unit. NaN pixels are pale blue.
    limits : (float, float), optional
        Cuts; None: `scaling.frame_limits` of what is shown.
    stretch : {"log", "asinh", "linear"}
        See `scaling.stretch_norm`.
    colour_map : Colormap, optional
        None: dark stars on a white sky.
    max_side_px : int
        Larger images are binned by the mean to about this size.
    """
    image = np.asarray(image)
    if image.size == 0:
        style.no_data(ax)
        return
    shown, factor = shrink(image, max_side_px)
    least_sigmas = LEAST_SIGMAS if stretch == "log" else 0.0
    ny, nx = shown.shape
    ax.imshow(
        np.ma.masked_invalid(shown),
        norm=stretch_norm(*(limits or frame_limits(shown, least_sigmas)), stretch),
        cmap=colour_map or style.IMAGE_MAP,
        extent=(-0.5, nx * factor - 0.5, -0.5, ny * factor - 0.5),
        # binned frames are resampled once more for the screen: as areas, or thin features alias
        interpolation="nearest" if factor == 1 else "auto",
    )
    ax.set(xlabel="x (px)", ylabel="y (px)")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(ticker.MaxNLocator(6, integer=True))


def image_corners(matrix, shape):
    """Corners of an image on the reference frame.

    Parameters
    ----------
    matrix : array of float, shape (2, 3)
        Maps reference pixels to image pixels: ``xy_img = matrix[:, :2] @ xy_ref + matrix[:, 2]``.
    shape : (int, int)
        (ny, nx) of the image.

    Returns
    -------
    ndarray, shape (4, 2)
        Reference pixels, counter-clockwise on the image from its first pixel; NaN where the
        matrix is not finite or cannot be inverted.
    """
    matrix = np.asarray(matrix, dtype=float)
    ny, nx = shape
    # corners of the outermost pixels, half a pixel beyond their centres
    corners = np.array([(0, 0), (nx, 0), (nx, ny), (0, ny)]) - 0.5
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:, :2])) < 1e-9:
        return np.full((4, 2), np.nan)
    return np.linalg.solve(matrix[:, :2], (corners - matrix[:, 2]).T).T


@style.styled
def footprints(ax, matrices, shapes, colour=style.SOURCE_COLOURS[5], label=""):
    """Outline every image on the reference frame, and widen the view to hold them.

    Parameters
    ----------
    ax : Axes
        With the reference frame drawn.
    matrices : sequence of arrays, shape (2, 3)
        As in `image_corners`. Those that cannot be inverted are left out.
    shapes : (int, int) or sequence of (int, int)
        (ny, nx) of all images, or of each.
    colour : colour
        Of the lines, which are fainter the more there are.
    label : str
        For the legend.
    """
    shapes = np.broadcast_to(shapes, (len(matrices), 2))
    outlines = [image_corners(*pair) for pair in zip(matrices, shapes, strict=True)]
    outlines = [corners for corners in outlines if np.isfinite(corners).all()]
    # so faint that the densest parts of many lines stay transparent
    n_lines = max(len(outlines), 1)
    opacity = float(np.clip(min(3 / np.sqrt(n_lines), 30 / n_lines), 0.012, 0.8))
    ax.add_collection(collections.PolyCollection(
        outlines, facecolors="none", edgecolors=colour, linewidths=0.8, alpha=opacity,
        label=style.safe_text(label)), autolim=False)
    # the view holds them, but grows by no more than `MAX_OUTSIDE`
    points = np.reshape(outlines, (-1, 2))
    for axis, column in (("x", 0), ("y", 1)):
        low, high = getattr(ax, f"get_{axis}lim")()
        most = MAX_OUTSIDE * (high - low)
        ends = np.append(points[:, column], (low, high))
        pad = 0.01 * (high - low) if len(points) else 0.0
        view = max(ends.min() - pad, low - most), min(ends.max() + pad, high + most)
        getattr(ax, f"set_{axis}lim")(*view)


@style.styled
def frame_page(image, title="", info=(), xy_px=None, names=None, lens_xy_px=None, limits=None):
    """Page with one frame: stars marked, the lens, a column of text; returns the Figure.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
        Any unit; large frames are binned.
    title : str
        Above the frame, such as the image's name.
    info : sequence of str
        Lines of the text.
    xy_px : array of float, shape (n, 2), optional
        Stars to mark.
    names : sequence of str, optional
        Their names.
    lens_xy_px : (float, float), optional
        Position of the lens.
    limits : (float, float), optional
        Cuts; None: found.
    """
    page, ax = frame_and_side(np.shape(image), title)
    frame_image(ax, image, limits)
    if xy_px is not None:
        marks.mark_stars(ax, xy_px, names)
    if lens_xy_px is not None:
        marks.mark_lens(ax, *lens_xy_px)
    write_side(ax, info)
    return page


def frame_and_side(shape, title):
    """Page for an image of a shape, with an empty column at the right for what is to be read."""
    ny, nx = (max(side, 1) for side in shape)
    # as large as fits, but no strip
    height_in = float(np.clip(IMAGE_WIDTH_IN * ny / nx, 3.0, IMAGE_HEIGHT_IN))
    width_in = float(np.clip(height_in * nx / ny, 3.0, IMAGE_WIDTH_IN))
    page = style.blank(0.8 + width_in + SIDE_IN, style.TITLE_IN + height_in + 0.65)
    style.title_page(page, title)
    ax = style.place(page, 0.8, style.TITLE_IN, width_in, height_in)
    ax.set_anchor("NW")
    return page, ax


def write_side(ax, info):
    """Write the lines and, below them, the legend in the column at the right of the frame."""
    ax.apply_aspect()
    lines = [textwrap.fill(str(line), SIDE_LETTERS, subsequent_indent="  ") for line in info]
    ax.annotate(style.safe_text("\n".join(lines)), (1, 1), (12, -1), xycoords="axes fraction",
                textcoords="offset points", va="top", linespacing=1.5, fontsize=8.5)
    if any(ax.get_legend_handles_labels()[1]):
        legend = ax.legend(loc="lower left", bbox_to_anchor=(1.0, 0.0), markerscale=0.7,
                           labelspacing=0.9, borderpad=0.8)
        # faint outlines are explained by a line that is seen
        for handle in legend.legend_handles:
            handle.set_alpha(1.0)


@style.styled
def alignment_map(image, star_lists, lens_xy_px=None, empty_box=None, matrices=(), shapes=(),
                  title="", info=(), pixel_scale_arcsec=None, north=None, east=None, limits=None):
    """Page of the reference frame with its stars, the lens and the outlines of all images.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
        Reference frame.
    star_lists : dict of str: (sequence of str, array of shape (n, 2))
        Names and reference pixels of each list, as {"normalisation stars": (names, xy), ...};
        at most four lists. A star of two lists gets two marks and its name once.
    lens_xy_px, title, info, limits
        As in `frame_page`.
    empty_box : (x1, x2, y1, y2), optional
        Region where the noise is measured.
    matrices, shapes
        Outlines, see `footprints`.
    pixel_scale_arcsec : float, optional
        Gives the scale bar.
    north, east : (float, float), optional
        Directions in pixels; both give the compass.

    Returns
    -------
    Figure
    """
    page, ax = frame_and_side(np.shape(image), title)
    frame_image(ax, image, limits)
    if len(matrices):
        footprints(ax, matrices, shapes, label=f"outlines of {len(matrices)} images")
    if empty_box is not None:
        marks.mark_box(ax, *empty_box, label="empty")
    # every list has its own mark; the name of a star of two lists is written once
    written = {}
    for (label, (names, xy_px)), (marker, size_pt, colour) in zip(star_lists.items(), LIST_LOOKS,
                                                                  strict=False):
        marks.mark_stars(ax, xy_px, None, colour, marker, size_pt, label)
        for name, xy in zip(names, np.reshape(xy_px, (-1, 2)), strict=True):
            if np.isfinite(xy).all():
                written.setdefault((str(name), *np.round(xy)), (xy, colour))
    if 0 < len(written) <= marks.MAX_LABELS:
        positions, colours = zip(*written.values(), strict=True)
        names = [name for name, *_ in written]
        marks.write_names(ax, np.array(positions), names, colours, size_pt=18.0)
    if lens_xy_px is not None:
        marks.mark_lens(ax, *lens_xy_px)
    if pixel_scale_arcsec:
        marks.scale_bar(ax, pixel_scale_arcsec)
    if north is not None and east is not None:
        marks.compass(ax, north, east)
    write_side(ax, info)
    return page


@style.styled
def sky_page(skysub_e, sky_e, title="", info=(), xy_px=None):
    """Page of the sky subtraction: the frame without its sky, the map of the sky, the pixels.

    Parameters
    ----------
    skysub_e, sky_e : ndarray of float, shape (ny, nx)
        Frame after the subtraction, and what was subtracted, in electrons.
    title : str
        Such as the image's name.
    info : sequence of str
        Next to the title.
    xy_px : array of float, shape (n, 2), optional
        Some stars, marked on both.

    Returns
    -------
    Figure
    """
    # placed by hand: a layout that is searched for takes longer than all the rest of the page
    page = style.blank(14.0, 4.9)
    axes = [style.place(page, left_in, 0.8, width_in, 3.5) for left_in, width_in in SKY_PANELS]
    style.title_page(page, title, "    ".join(str(line) for line in info))
    frame_image(axes[0], skysub_e)
    frame_image(axes[1], sky_e, colour_limits(sky_e, 0.5, 99.5), "linear", style.FIELD_MAP)
    for ax, name, colour in zip(axes, ("sky subtracted", "sky"), (None, "white"), strict=False):
        style.title_panel(ax, name)
        if xy_px is not None:
            marks.mark_stars(ax, xy_px, colour=colour)
    if axes[1].images:
        style.colour_bar(axes[1], axes[1].images[0], style.axis_label("sky", "e-"))
    axes[1].set(ylabel="")
    pixel_histogram(axes[2], skysub_e)
    style.title_panel(axes[2], "pixels without the sky")
    return page
