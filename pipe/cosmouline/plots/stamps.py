"""Stamps: small cut-outs of the stars and the lens, with what is masked in colour."""

from cosmouline.plots import style
from cosmouline.plots.scaling import MAD_TO_SIGMA, finite, stretch_norm

import numpy as np
from matplotlib import colors, patches

# bits of the MASK plane, in the order they are painted: a saturated pixel hides the others
MASK_LOOKS = (
    (16, "outside the frame", "#9A9A9A"),
    (4, "neighbour", "#56B4E9"),
    (1, "bad pixel", "#E69F00"),
    (8, "cosmic", "#009E73"),
    (2, "saturated", "#D55E00"),
)
OPACITY = 0.55
MAX_SLOPE = 300.0  # on the brightest stars the logarithm starts at this part of the peak
CELL_IN = 1.3
GAP_IN = 0.1
LEFT_IN = 0.32  # holds "data" and "noise" beside the rows


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
    border = finite(np.concatenate([data[:2].ravel(), data[-2:].ravel()]))
    sky = border if border.size else pixels
    depth = 3 * MAD_TO_SIGMA * np.median(np.abs(sky - np.median(sky)))
    z1, z2 = np.median(sky) - depth, pixels.max()
    return stretch_norm(z1, z2, "asinh", max(2 * depth, (z2 - z1) / MAX_SLOPE))


@style.styled
def stamp(ax, data, mask=None, norm=None, colour_map=None, shape=None):
    """Draw one stamp without ticks, masked pixels tinted by their reason.

    Parameters
    ----------
    ax : Axes
    data : ndarray of float, shape (ny, nx)
        Electrons; NaN pixels are pale blue.
    mask : ndarray of uint8, shape (ny, nx), optional
        Bits: 1 bad pixel, 2 saturated, 4 neighbour, 8 cosmic, 16 outside the frame.
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
    norm = norm or stamp_norm(data, mask)
    ny, nx = shape or data.shape
    look = {"norm": norm, "cmap": colour_map or style.IMAGE_MAP}
    ax.imshow(np.ma.masked_invalid(data), extent=(-0.5, nx - 0.5, -0.5, ny - 0.5), **look)
    if mask is not None:
        ax.imshow(mask_tint(mask))


def mask_tint(mask):
    """Colour of each masked pixel, see `MASK_LOOKS`.

    Parameters
    ----------
    mask : ndarray of int, shape (ny, nx)
        Mask bits.

    Returns
    -------
    ndarray of float, shape (ny, nx, 4)
        Red, green, blue, opacity; transparent where the mask is 0.
    """
    mask = np.asarray(mask)
    tint = np.zeros((*mask.shape, 4))
    for bit, _, colour in MASK_LOOKS:
        tint[(mask & bit) != 0] = colors.to_rgba(colour, OPACITY)
    return tint


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
    residual = np.asarray(residual, dtype=float)
    if mask is not None:
        residual = np.where(np.asarray(mask) == 0, residual, np.nan)
    stamp(ax, residual, None, stretch_norm(-limit, limit, "linear"), style.RESIDUAL_MAP)


@style.styled
def mask_legend(ax, mask=None, **place):
    """Explain the colours of the masked pixels; with a mask, those that occur in it.

    Keywords place the legend as in ``Axes.legend``.
    """
    bits = int(np.bitwise_or.reduce(np.ravel(mask), initial=0)) if mask is not None else 255
    looks = [look for look in MASK_LOOKS if look[0] & bits]
    handles = [
        patches.Patch(facecolor=colors.to_rgba(colour, OPACITY), edgecolor=colour, linewidth=0.6)
        for _, _, colour in looks
    ]
    if handles:
        ax.legend(handles, [name for _, name, _ in looks], **place)


@style.styled
def stamps_page(data, mask=None, names=None, sigma=None, notes=None, title="", per_row=8):
    """Page of stamps, in rows: each with its name, its masked pixels and its noise map.

    Parameters
    ----------
    data : array of float, shape (n, ny, nx)
        Stamps in electrons.
    mask : array of uint8, shape (n, ny, nx), optional
        Mask bits, see `stamp`.
    names : sequence of str, optional
        Written above the stamps.
    sigma : array of float, shape (n, ny, nx), optional
        Noise maps, drawn below their stamps on a linear scale.
    notes : sequence of str, optional
        Written below; None: the peak, the noise of the sky and the part that is masked.
    title : str
        Of the page.
    per_row : int
        Stamps in a row.

    Returns
    -------
    Figure
    """
    n_stamps = len(data)
    n_rows, planes = max(1, -(-n_stamps // per_row)), 1 if sigma is None else 2
    row_in = 0.28 + planes * (CELL_IN + GAP_IN) + 0.5
    n_cols = min(max(n_stamps, 4), per_row)
    width = max(6.5, LEFT_IN + 0.15 + n_cols * (CELL_IN + GAP_IN))
    page = style.blank(width, style.TITLE_IN + n_rows * row_in + 0.55)
    style.title_page(page, title)
    for index in range(n_stamps):
        row, col = divmod(index, per_row)
        corner = LEFT_IN + col * (CELL_IN + GAP_IN), style.TITLE_IN + 0.28 + row * row_in
        axes = style.place_grid(page, planes, 1, corner, (CELL_IN, CELL_IN), (0, GAP_IN))[:, 0]
        own_mask, own_sigma = (None if cube is None else cube[index] for cube in (mask, sigma))
        stamp(axes[0], data[index], own_mask)
        if sigma is not None and col == 0:
            axes[0].set_ylabel("data")
            axes[1].set_ylabel("noise")
        if sigma is not None:
            stamp(axes[1], own_sigma, None, _noise_norm(own_sigma))
        axes[0].set_title(style.safe_text(names[index]) if names is not None else "")
        _write_below(axes[-1], notes[index] if notes else _note(data[index], own_mask, own_sigma))
    if mask is not None:
        foot = style.place(page, 0.1, page.get_size_inches()[1] - 0.5, width - 0.2, 0.25)
        foot.set_axis_off()
        mask_legend(foot, mask, loc="upper left", ncols=5, borderaxespad=0)
    return page


def _noise_norm(sigma):
    """Shades of a noise map up to its 99th percentile: masked pixels have a huge sigma."""
    values = finite(sigma)
    if values.size == 0:
        return stretch_norm(0.0, 1.0, "linear")
    low = values.min()
    # a map without structure stays white
    return stretch_norm(low, max(np.percentile(values, 99), 1.5 * low), "linear")


def _note(data, mask, sigma):
    """Peak, noise of the sky and masked part of a stamp, as two lines."""
    hidden = np.zeros(np.shape(data), dtype=bool) if mask is None else np.asarray(mask) != 0
    peak = finite(np.asarray(data)[~hidden]).max(initial=-np.inf)
    part = 100 * hidden.mean() if hidden.size else 0.0
    masked = f"{style.short(part)} % masked" if part else ""
    noise = "" if sigma is None else f", σ {style.short(finite(sigma).min(initial=np.inf))}"
    return f"peak {style.short(peak)}{noise} e⁻\n{masked}"


def _write_below(ax, text):
    """Small text below an Axes."""
    ax.annotate(
        style.safe_text(text),
        (0, 0),
        (0, -3),
        xycoords="axes fraction",
        textcoords="offset points",
        va="top",
        fontsize=8,
        color="#666666",
    )
