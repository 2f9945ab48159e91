"""The page of one PSF: its stars, what the model leaves, the PSF, its profile and numbers."""

from itertools import chain

from cosmouline.plots import mosaic, style
from cosmouline.plots.scaling import finite, stretch_norm, symmetric_limit
from cosmouline.plots.stamps import residual_colours, residual_mappable, stamp_norm

import numpy as np
from matplotlib.ticker import LogLocator

MAX_STARS = 12  # more do not fit beside each other
LEFT_IN, GAP_IN, STAR_IN = 0.42, 0.07, 1.55  # margin, gap, and largest size of a star
STARS_TOP_IN = style.TITLE_IN + 0.3
FOOT_IN = 3.3  # height of the lower row
DEPARTURE_IN = 1.15  # below the numbers
LEAST_PERCENT = 0.1  # of the peak: a departure that is smaller looks flat
RESIDUAL_LIMIT = 5.0  # sigma
DECADES = 4.0  # of the PSF that are shown
PROFILE_BIN_PX = 0.5
PROFILE_DECADES = 4.5


@style.styled
def psf_page(
    data, model, sigma, xy_px, flux_e, names, psf, chi2=None, used=None, good=None,
    fwhm_px=None, fwhm_arcsec=None, ellipticity=None, beta=None, departure=None, title="", info=(),
):  # fmt: skip
    """Page of the PSF of one image; returns the Figure.

    Parameters
    ----------
    data, model, sigma : array of float, shape (n_stars, ny, nx)
        Stamps, the fitted model and the noise in electrons. The first `MAX_STARS` are shown.
    xy_px : array of float, shape (n_stars, 2)
        Fitted centres, in pixels of the stamps (first pixel at 0, 0).
    flux_e : array of float, shape (n_stars,)
        Fitted fluxes.
    names : sequence of str
        Of the stars.
    psf : ndarray of float, shape (nup, nup)
        The (narrow) PSF on its fine grid.
    chi2 : array of float, shape (n_stars,), optional
        Reduced chi2 of each star.
    used : array of bool, shape (n_stars,), optional
        False for a star that the fit left out.
    good : array of bool, shape (n_stars, ny, nx), optional
        False for a pixel that was not used: grey in the residuals.
    fwhm_px, fwhm_arcsec, ellipticity, beta : float, optional
        Numbers of the PSF; None is left out.
    departure : ndarray of float, shape (nup, nup), optional
        What the PSF has beside its Moffat, in the units of `psf`.
    title : str
        Usually the image's name.
    info : sequence of str
        Further lines of text.
    """
    data, model, sigma = (np.asarray(cube, dtype=float) for cube in (data, model, sigma))
    n_shown = min(len(names), MAX_STARS)
    used = np.ones(len(names), dtype=bool) if used is None else np.asarray(used, dtype=bool)
    room = style.PAGE_WIDTH_IN - LEFT_IN - 0.75
    cell = min(STAR_IN, room / n_shown - GAP_IN) if n_shown else 0.0
    foot_top = STARS_TOP_IN + 3 * (cell + GAP_IN) + 0.5
    page = style.blank(style.PAGE_WIDTH_IN, foot_top + FOOT_IN)
    style.title_page(page, title, _how_many(n_shown, len(names)))
    pictures = [
        _star_pictures(data[i], model[i], sigma[i], None if good is None else good[i])
        for i in range(n_shown)
    ]
    boxes = _draw_stars(page, pictures, cell)
    for i in range(n_shown):
        _name_star(page, boxes[i], names[i], used[i], None if chi2 is None else chi2[i])
    if n_shown:
        _label_rows(page, boxes[0], boxes[-1])
    side = FOOT_IN - 0.75
    _draw_psf(style.place(page, LEFT_IN, foot_top, side, side), psf)
    profile = style.place(page, LEFT_IN + side + 1.5, foot_top, 4.3, side)
    radial_profile(profile, data, model, xy_px, flux_e, used, good)
    rows = _number_rows(fwhm_px, fwhm_arcsec, ellipticity, beta, chi2, used, info)
    style.numbers(page, LEFT_IN + side + 6.2, foot_top, rows)
    if departure is not None:
        below = style.place(page, LEFT_IN + side + 6.2, foot_top + side - DEPARTURE_IN,
                            DEPARTURE_IN, DEPARTURE_IN)
        _draw_departure(below, 100 * np.asarray(departure) / np.max(psf))
    return page


def _how_many(n_shown, n_stars):
    """Note where not all stars are shown."""
    return f"first {n_shown} of {n_stars} stars" if n_shown < n_stars else ""


def _star_pictures(data, model, sigma, good):
    """Colours of data, model and residual of one star, data and model in the same shades."""
    masked = None if good is None else ~np.asarray(good, dtype=bool)
    norm = stamp_norm(data, masked)
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = (data - model) / sigma
    residual = residual_colours(residual, RESIDUAL_LIMIT, masked)
    return mosaic.paint(data, norm), mosaic.paint(model, norm), residual


def _draw_stars(page, pictures, cell):
    """Draw the pictures of each star below each other; returns their boxes alike."""
    step = cell + GAP_IN
    corners = [(LEFT_IN + col * step, STARS_TOP_IN + row * step)
               for col in range(len(pictures)) for row in range(3)]  # fmt: skip
    boxes = mosaic.draw_mosaic(page, list(chain(*pictures)), corners, (cell, cell))
    return [boxes[start : start + 3] for start in range(0, len(boxes), 3)]


def _name_star(page, boxes, name, is_used, chi2):
    """Name above, chi2 below; in colour and in words where the star was left out."""
    colour = style.INK if is_used else style.ACCENT
    mosaic.write_above(page, boxes[0], name, color=colour)
    words = [] if chi2 is None else [f"χ² {style.short(chi2)}"]
    words += [] if is_used else ["not used"]
    mosaic.write_below(page, boxes[2], "\n".join(words), ha="center", color=colour)


def _label_rows(page, first, last):
    """Names of the rows beside the first star, and the scale of the residuals after the last."""
    for box, text in zip(first, ("data", "model", "residual"), strict=True):
        mosaic.write_beside(page, box, text)
    place = style.place(
        page, last[2].right + 0.06, last[2].top, 0.09, last[2].bottom - last[2].top
    )
    label = style.axis_label("residual", "σ")
    style.fill_bar(place, residual_mappable(RESIDUAL_LIMIT), label, ticks=[-5, 0, 5])


def _draw_psf(ax, psf):
    """Draw the PSF over four decades, in units of its peak."""
    psf = np.asarray(psf, dtype=float)
    style.bare(ax)
    style.title_panel(ax, "narrow PSF")
    values = finite(psf)
    if values.size == 0 or values.max() <= 0:
        style.no_data(ax)
        return
    depth = np.log10(np.maximum(psf / values.max(), 10.0**-DECADES))
    norm = stretch_norm(-DECADES, 0.0, "linear")
    image = ax.imshow(np.ma.masked_invalid(depth), norm=norm, cmap=style.DEPTH_MAP)
    ticks = np.arange(-DECADES, 1)
    bar = style.colour_bar(ax, image, "part of the peak", ticks=ticks)
    bar.ax.set_yticklabels([f"{10.0**tick:g}" for tick in ticks])


def _draw_departure(ax, percent):
    """Draw what the PSF has beside its Moffat, in per cent of its peak."""
    style.bare(ax)
    style.title_panel(ax, "beside the Moffat")
    limit = symmetric_limit(percent, 99.8, LEAST_PERCENT)
    image = ax.imshow(percent, vmin=-limit, vmax=limit, cmap=style.RESIDUAL_MAP)
    style.colour_bar(ax, image, "% of the peak")


@style.styled
def radial_profile(ax, data, model, xy_px, flux_e, used=None, good=None):
    """Draw the pixels of all stars, divided by their fluxes, against the radius; and the model.

    Parameters
    ----------
    ax : Axes
        Gets a logarithmic vertical axis.
    data, model : array of float, shape (n_stars, ny, nx)
        Stamps and their model; NaN pixels are left out.
    xy_px : array of float, shape (n_stars, 2)
        Centres in the stamps.
    flux_e : array of float, shape (n_stars,)
        Fluxes; stars without a positive one are left out.
    used : array of bool, shape (n_stars,), optional
        Stars that were not used are drawn in another colour.
    good : array of bool, shape (n_stars, ny, nx), optional
        False pixels are left out.

    Notes
    -----
    The line and the large dots are the means of model and data in rings of half a pixel, over
    the used stars, each pixel with the weight of its star's flux: the mean of the electrons over
    that of the fluxes.
    """
    used = np.ones(len(data), dtype=bool) if used is None else np.asarray(used, dtype=bool)
    ax.set(xlabel="radius (px)", ylabel="part of the flux per px")
    style.title_panel(ax, "radial profile")
    profiles = [
        _star_profile(data[i], model[i], xy_px[i], flux_e[i], None if good is None else good[i])
        for i in range(len(data))
    ]
    _draw_pixels(ax, _joined(profiles, ~used), style.ACCENT)
    _draw_pixels(ax, _joined(profiles, used), style.source_colour(0))
    _draw_rings(ax, _joined(profiles, used))


def _draw_pixels(ax, profile, colour):
    """Pixels of stars as faint dots."""
    radius, pixels, _, unit = profile
    look = {"marker": "o", "markersize": 1.4, "markeredgewidth": 0, "alpha": 0.25, "zorder": 2}
    ax.plot(radius, pixels / unit, color=colour, linestyle="none", **look)


def _draw_rings(ax, profile):
    """Means of the rings, and the limits of the Axes that they give."""
    radius, level, measured = _ring_means(profile)
    if radius.size == 0:
        style.no_data(ax)
        return
    kept = measured > 0
    look = {"edgecolors": "white", "linewidths": 0.6, "zorder": 4, "label": "mean of the data"}
    ax.scatter(radius[kept], measured[kept], s=22, color=style.source_colour(0), **look)
    ax.plot(radius, level, color=style.INK, linewidth=1.2, zorder=5, label="model")
    ax.set(yscale="log", xlim=(0, radius.max() + PROFILE_BIN_PX))
    ax.set_ylim(10.0**-PROFILE_DECADES * level.max(), 2.5 * level.max())
    ax.yaxis.set_major_formatter(style.power_of_ten)
    ax.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))  # every tick takes its millisecond
    ax.legend(loc="upper right")


def _star_profile(data, model, xy_px, flux_e, good):
    """Radius, data and model of the pixels of one star, and its flux for each; shape (4, n)."""
    data, model = np.asarray(data, dtype=float), np.asarray(model, dtype=float)
    y, x = np.indices(data.shape)
    radius = np.hypot(x - xy_px[0], y - xy_px[1])
    kept = np.isfinite(data) & np.isfinite(model) & np.isfinite(radius)
    kept &= bool(flux_e > 0) if good is None else bool(flux_e > 0) & np.asarray(good, dtype=bool)
    return np.stack([radius[kept], data[kept], model[kept], np.full(kept.sum(), float(flux_e))])


def _joined(profiles, chosen):
    """Profile of all pixels of the chosen stars."""
    found = [profile for profile, keep in zip(profiles, chosen, strict=True) if keep]
    return np.concatenate([np.empty((4, 0)), *found], axis=1)


def _ring_means(profile):
    """Radius, model and data of the rings in units of the flux, where the model is positive."""
    radius, data, model, unit = profile
    ring = (radius / PROFILE_BIN_PX).astype(int)
    total = np.bincount(ring, unit)
    kept = (total > 0) & (np.bincount(ring, model) > 0)
    total = np.where(total > 0, total, 1.0)
    middles, *levels = (
        np.bincount(ring, part)[kept] / total[kept] for part in (radius * unit, model, data)
    )
    return middles, *levels


def _number_rows(fwhm_px, fwhm_arcsec, ellipticity, beta, chi2, used, info):
    """Rows of the table of numbers; what is not known is left out."""
    arcsec = "" if fwhm_arcsec is None else f"  =  {style.short(fwhm_arcsec)}″"
    rows = [
        ("FWHM", None if fwhm_px is None else f"{style.short(fwhm_px)} px{arcsec}"),
        ("ellipticity", None if ellipticity is None else f"{ellipticity:.3f}"),
        ("Moffat β", None if beta is None else style.short(beta)),
        ("stars used", f"{int(np.sum(used))} of {len(used)}"),
    ]
    if chi2 is not None:
        typical = finite(np.asarray(chi2, dtype=float)[used])
        rows.append(("median χ²", style.short(np.median(typical)) if typical.size else "–"))
    return [row for row in rows if row[1] is not None] + [str(line) for line in info]
