"""Stamps: small cut-outs of the stars and the lens, with what is masked in colour."""

from cosmouline import library
from cosmouline.plots import mosaic, style
from cosmouline.plots.scaling import finite, stretch_norm
from cosmouline.robust import mad_sigma

import numpy as np

cm = library("matplotlib.cm")
colors = library("matplotlib.colors")
patches = library("matplotlib.patches")

OUTSIDE = 16  # bit of the MASK plane
# all its bits in the order they are painted: a saturated pixel hides the others
MASK_LOOKS = (
    (OUTSIDE, "outside the frame", "#9A9A9A"),
    (4, "neighbour", "#56B4E9"),
    (32, "drawn by hand", "#CC79A7"),
    (1, "bad pixel", "#E69F00"),
    (8, "cosmic ray", "#009E73"),
    (2, "saturated", "#D55E00"),
)
OPACITY = 0.55
MAX_SLOPE = 300.0  # on the brightest stars the logarithm starts at this fraction of the peak
CELL_IN = 1.3
GAP_IN = 0.1
LEFT_IN = 0.32  # holds "data" and "noise" at the left of the rows


def stamp_norm(data, mask=None):
    """Shades of a stamp: faint wings show on a bright star, and noise stays calm on a faint one.

    Parameters
    ----------
    data : ndarray of float, shape (ny, nx)
        NaN pixels are left out.
    mask : ndarray, shape (ny, nx), optional
        Pixels where it is not 0 are left out.

    Returns
    -------
    Normalize
        From 3 sigma below the sky of the outer rows to the brightest pixel, linear over twice
        that distance at least; 0 to 1 where no pixel is left.
    """
    data = np.where(0 if mask is None else np.asarray(mask), np.nan, np.asarray(data, dtype=float))
    pixels = finite(data)
    if pixels.size == 0:
        return stretch_norm(0.0, 1.0, "linear")
    # the sky of the outer rows, where the star is faintest
    border = finite(np.concatenate([data[:2].ravel(), data[-2:].ravel()]))
    sky = border if border.size else pixels
    depth = 3 * mad_sigma(sky)
    z1, z2 = np.median(sky) - depth, pixels.max()
    return stretch_norm(z1, z2, "asinh", max(2 * depth, (z2 - z1) / MAX_SLOPE))


@style.styled
def stamp(ax, data, norm=None, colour_map=None, shape=None):
    """Draw one stamp without ticks.

    Parameters
    ----------
    ax : Axes
    data : ndarray of float, shape (ny, nx)
        Electrons; NaN pixels are pale blue.
    norm : Normalize, optional
        Turns electrons into shades; None: `stamp_norm`.
    colour_map : Colormap, optional
        None: dark stars on a white sky.
    shape : (int, int), optional
        For an image on a finer grid, the shape of the stamp that it covers: it is drawn in the
        pixels of that stamp, so that positions fit on both.
    """
    style.bare(ax)
    data = np.asarray(data, dtype=float)
    if data.size == 0:
        style.no_data(ax)
        return
    ny, nx = shape or data.shape
    ax.imshow(np.ma.masked_invalid(data), extent=(-0.5, nx - 0.5, -0.5, ny - 0.5),
              norm=norm or stamp_norm(data), cmap=colour_map or style.IMAGE_MAP)


def stamp_colours(data, mask=None):
    """Colours of one stamp for a mosaic, masked pixels tinted by their reason.

    Parameters
    ----------
    data : ndarray of float, shape (ny, nx)
        Electrons; NaN pixels are pale blue.
    mask : ndarray of uint8, shape (ny, nx), optional
        Bits: 1 bad pixel, 2 saturated, 4 neighbour, 8 cosmic ray, 16 outside the frame, 32 drawn.

    Returns
    -------
    ndarray of uint8, shape (ny, nx, 4)
        As `mosaic.paint` gives them, in the shades of `stamp_norm`.
    """
    tint = None if mask is None else mask_tint(mask)
    return mosaic.paint(data, stamp_norm(data, mask), tint=tint)


def mask_tint(mask):
    """Colour of each masked pixel by its bits, see `MASK_LOOKS`.

    Red, green, blue and opacity, shape (ny, nx, 4); transparent where the mask is 0.
    """
    mask = np.asarray(mask)
    tint = np.zeros((*mask.shape, 4))
    for bit, _, colour in MASK_LOOKS:
        tint[(mask & bit) != 0] = colors.to_rgba(colour, OPACITY)
    return tint


def residual_mappable(limit=5.0):
    """Shades and colours of a residual, blue below and red above the model, for a colour bar."""
    return cm.ScalarMappable(stretch_norm(-limit, limit, "linear"), style.RESIDUAL_MAP)


@style.styled
def residual_stamp(ax, residual, limit=5.0, mask=None):
    """Draw a residual in units of the noise, blue below and red above the model.

    Parameters
    ----------
    ax : Axes
    residual : ndarray of float, shape (ny, nx)
        (data - model) / sigma.
    limit : float
        Ends of the colour scale.
    mask : ndarray, shape (ny, nx), optional
        Pixels where it is not 0 are grey.
    """
    look = residual_mappable(limit)
    stamp(ax, _without(residual, mask), look.norm, look.cmap)


def residual_colours(residual, limit=5.0, mask=None):
    """Colours of a residual for a mosaic, as `residual_stamp` draws it."""
    look = residual_mappable(limit)
    return mosaic.paint(_without(residual, mask), look.norm, look.cmap)


def _without(image, mask):
    """Image with NaN where a mask is not 0."""
    image = np.asarray(image, dtype=float)
    return image if mask is None else np.where(np.asarray(mask) == 0, image, np.nan)


@style.styled
def mask_legend(ax, mask=None, **look):
    """Explain the colours of the masked pixels; with a mask, those that occur in it.

    `ax` may be a page instead; keywords as those of ``Axes.legend``.
    """
    bits = int(np.bitwise_or.reduce(np.ravel(mask), initial=0)) if mask is not None else 255
    looks = [one for one in MASK_LOOKS if one[0] & bits]
    handles = [patches.Patch(facecolor=colors.to_rgba(colour, OPACITY), edgecolor=colour,
                             linewidth=0.6) for _, _, colour in looks]
    if handles:
        ax.legend(handles, [name for _, name, _ in looks], **look)


@style.styled
def stamps_page(data, mask=None, names=None, sigma=None, notes=None, title="", per_row=8):
    """Page of stamps, in rows: each with its name, its masked pixels and its noise map.

    Parameters
    ----------
    data : array of float, shape (n, ny, nx)
        Stamps in electrons.
    mask : array of uint8, shape (n, ny, nx), optional
        Mask bits, see `stamp_colours`.
    names : sequence of str, optional
        Written above the stamps.
    sigma : array of float, shape (n, ny, nx), optional
        Noise of all light in a pixel, drawn below the stamps on a linear scale; what is outside
        the frame is shown as NaN is.
    notes : sequence of str, optional
        Written below; None: the peak, the noise of the sky and the fraction that is masked.
    title : str
    per_row : int
        Stamps in a row.

    Returns
    -------
    Figure
    """
    n_stamps, has_noise = len(data), sigma is not None
    masks = [None] * n_stamps if mask is None else mask
    # rows of cells; with noise maps, these stand below the stamps of their row
    n_rows, n_cols = max(1, -(-n_stamps // per_row)), min(max(n_stamps, 4), per_row)
    step_in = CELL_IN + GAP_IN
    row_in = 0.28 + (1 + has_noise) * step_in + 0.5
    page = style.blank(max(6.5, LEFT_IN + 0.15 + n_cols * step_in),
                       style.TITLE_IN + n_rows * row_in + 0.55)
    style.title_page(page, title)
    rows, cols = np.divmod(np.arange(n_stamps), per_row)
    left, top = LEFT_IN + cols * step_in, style.TITLE_IN + 0.28 + rows * row_in
    pictures = [stamp_colours(*one) for one in zip(data, masks, strict=True)]
    corners = np.column_stack([left, top])
    if has_noise:
        # outside the frame the maps hold no noise
        sigma = sigma if mask is None else np.where(np.asarray(mask) & OUTSIDE, np.nan, sigma)
        pictures += [mosaic.paint(one, _noise_norm(one)) for one in sigma]
        corners = np.concatenate([corners, np.column_stack([left, top + step_in])])
    boxes = mosaic.draw_mosaic(page, pictures, corners, (CELL_IN, CELL_IN))
    for i in range(n_stamps):
        mosaic.write_above(page, boxes[i], names[i] if names is not None else "")
        note = notes[i] if notes else _note(data[i], masks[i], sigma[i] if has_noise else None)
        # counted from the end: the noise map, or the stamp where there are none
        mosaic.write_below(page, boxes[i - n_stamps], note, color="#666666")
    for i in range(0, n_stamps if has_noise else 0, per_row):
        mosaic.write_beside(page, boxes[i], "data")
        mosaic.write_beside(page, boxes[i + n_stamps], "noise")
    if mask is not None:
        width, height = page.get_size_inches()
        mask_legend(page, mask, ncols=5, borderaxespad=0, loc="upper left",
                    bbox_to_anchor=(0.1 / width, 0.5 / height))
    return page


def _noise_norm(sigma):
    """Shades of a noise map up to its 99th percentile: a saturated pixel would leave it white."""
    values = finite(sigma)
    if values.size == 0:
        return stretch_norm(0.0, 1.0, "linear")
    low = values.min()
    # a map without structure stays white
    return stretch_norm(low, max(np.percentile(values, 99), 1.5 * low), "linear")


def _note(data, mask, sigma):
    """Peak, noise of the sky and masked percentage of a stamp, as two lines."""
    # the smallest noise is that of the sky alone
    hidden = np.zeros(np.shape(data), dtype=bool) if mask is None else np.asarray(mask) != 0
    peak = finite(np.asarray(data)[~hidden]).max(initial=-np.inf)
    percent = 100 * hidden.mean() if hidden.size else 0.0
    masked = f"{style.short(percent)} % masked" if percent else ""
    noise = "" if sigma is None else f", σ {style.short(finite(sigma).min(initial=np.inf))}"
    return f"peak {style.short(peak)}{noise} e⁻\n{masked}"
