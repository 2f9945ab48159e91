"""The page of one PSF: its stars, what the model leaves, the PSF, its profile and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from cosmouline import library
from cosmouline.plots import mosaic, style
from cosmouline.plots.scaling import finite, stretch_norm, symmetric_limit
from cosmouline.plots.stamps import residual_colours, residual_mappable, stamp_norm

import numpy as np

ticker = library("matplotlib.ticker")

MAX_STARS = 12  # more do not fit next to each other
LEFT_IN, GAP_IN, STAR_IN = 0.42, 0.07, 1.55  # margin, gap, and largest size of a star
STARS_TOP_IN = style.TITLE_IN + 0.3
FOOT_IN = 3.3  # height of the lower row
DEPARTURE_IN = 1.15  # below the numbers
LEAST_PERCENT = 0.1  # of the peak: a departure that is smaller looks flat
RESIDUAL_LIMIT = 5.0  # sigma
DECADES = 4.0  # of the PSF that are shown
PROFILE_BIN_PX = 0.5
PROFILE_DECADES = 4.5


@dataclass
class PsfPage:
    """What the page of a PSF shows.

    data, model and sigma are stamps, the fitted model and the noise in electrons, shape
    (n_stars, ny, nx); xy_px the fitted centres in pixels of the stamps (first pixel at 0, 0),
    shape (n_stars, 2); flux_e, names, chi2 (reduced) and used (False for a star that the fit left
    out) have one value per star. good, shape (n_stars, ny, nx), is False for a pixel that was not
    used: grey in the residuals. psf is the (narrow) PSF on its fine grid, shape (nup, nup), and
    departure what it has beside its Moffat, in the same unit. What is None is left out.
    """

    data: np.ndarray
    model: np.ndarray
    sigma: np.ndarray
    xy_px: np.ndarray
    flux_e: np.ndarray
    names: Sequence[str]
    psf: np.ndarray
    chi2: np.ndarray | None = None
    used: np.ndarray | None = None
    good: np.ndarray | None = None
    fwhm_px: float | None = None
    fwhm_arcsec: float | None = None
    ellipticity: float | None = None
    beta: float | None = None
    departure: np.ndarray | None = None
    title: str = ""
    info: Sequence[str] = ()


@style.styled
def psf_page(shown):
    """Page of the PSF of one image, a `PsfPage`: the first `MAX_STARS` stars; returns a Figure."""
    n_stars, n_shown = len(shown.names), min(len(shown.names), MAX_STARS)
    used = np.ones(n_stars, bool) if shown.used is None else np.asarray(shown.used, bool)
    room = style.PAGE_WIDTH_IN - LEFT_IN - 0.75
    cell = min(STAR_IN, room / n_shown - GAP_IN) if n_shown else 0.0
    top = STARS_TOP_IN + 3 * (cell + GAP_IN) + 0.5
    page = style.blank(style.PAGE_WIDTH_IN, top + FOOT_IN)
    style.title_page(page, shown.title,
                     f"first {n_shown} of {n_stars} stars" if n_shown < n_stars else "")
    if n_shown:
        _draw_stars(page, shown, used, n_shown, cell)
    side = FOOT_IN - 0.75
    _draw_psf(style.place(page, LEFT_IN, top, side, side), shown.psf)
    radial_profile(style.place(page, LEFT_IN + side + 1.5, top, 4.3, side), shown.data,
                   shown.model, shown.xy_px, shown.flux_e, used, shown.good)
    # the table of numbers, without those that are not known
    arcsec = "" if shown.fwhm_arcsec is None else f"  =  {style.short(shown.fwhm_arcsec)}″"
    rows = [
        ("FWHM", None if shown.fwhm_px is None else f"{style.short(shown.fwhm_px)} px{arcsec}"),
        ("ellipticity", None if shown.ellipticity is None else f"{shown.ellipticity:.3f}"),
        ("Moffat β", None if shown.beta is None else style.short(shown.beta)),
        ("stars used", f"{int(np.sum(used))} of {n_stars}"),
    ]
    if shown.chi2 is not None:
        typical = finite(np.asarray(shown.chi2, dtype=float)[used])
        rows.append(("median χ²", style.short(np.median(typical)) if typical.size else "–"))
    rows = [row for row in rows if row[1] is not None] + [str(line) for line in shown.info]
    style.numbers(page, LEFT_IN + side + 6.2, top, rows)
    if shown.departure is not None:
        percent = 100 * np.asarray(shown.departure) / np.max(shown.psf)
        ax = style.place(page, LEFT_IN + side + 6.2, top + side - DEPARTURE_IN, DEPARTURE_IN,
                         DEPARTURE_IN)
        style.bare(ax)
        style.title_panel(ax, "beside the Moffat")
        limit = symmetric_limit(percent, 99.8, LEAST_PERCENT)
        image = ax.imshow(percent, vmin=-limit, vmax=limit, cmap=style.RESIDUAL_MAP)
        style.colour_bar(ax, image, "% of the peak")
    return page


def _draw_stars(page, shown, used, n_shown, cell_in):
    """Draw a column for each star: data and model in the same shades, and the residual."""
    pictures, corners = [], []
    for i in range(n_shown):
        data, model, sigma = (np.asarray(cube[i], dtype=float)
                              for cube in (shown.data, shown.model, shown.sigma))
        masked = None if shown.good is None else ~np.asarray(shown.good[i], dtype=bool)
        norm = stamp_norm(data, masked)
        with np.errstate(divide="ignore", invalid="ignore"):
            residual = (data - model) / sigma
        pictures += [mosaic.paint(data, norm), mosaic.paint(model, norm),
                     residual_colours(residual, RESIDUAL_LIMIT, masked)]
        corners += [(LEFT_IN + i * (cell_in + GAP_IN), STARS_TOP_IN + row * (cell_in + GAP_IN))
                    for row in range(3)]
    boxes = mosaic.draw_mosaic(page, pictures, corners, (cell_in, cell_in))
    # the name above, chi2 below; in colour and in words where the star was left out
    for i in range(n_shown):
        colour = style.INK if used[i] else style.ACCENT
        mosaic.write_above(page, boxes[3 * i], shown.names[i], color=colour)
        words = [] if shown.chi2 is None else [f"χ² {style.short(shown.chi2[i])}"]
        words += [] if used[i] else ["not used"]
        mosaic.write_below(page, boxes[3 * i + 2], "\n".join(words), ha="center", color=colour)
    # names of the rows at the left, the scale of the residuals at the right
    for box, text in zip(boxes[:3], ("data", "model", "residual"), strict=True):
        mosaic.write_beside(page, box, text)
    last = boxes[-1]
    bar = style.place(page, last.right + 0.06, last.top, 0.09, last.bottom - last.top)
    style.fill_bar(bar, residual_mappable(RESIDUAL_LIMIT), style.axis_label("residual", "σ"),
                   ticks=[-5, 0, 5])


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
    image = ax.imshow(np.ma.masked_invalid(depth), norm=stretch_norm(-DECADES, 0.0, "linear"),
                      cmap=style.DEPTH_MAP)
    ticks = np.arange(-DECADES, 1)
    bar = style.colour_bar(ax, image, "fraction of the peak", ticks=ticks)
    bar.ax.set_yticklabels([f"{10.0**tick:g}" for tick in ticks])


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
    ax.set(xlabel="radius (px)", ylabel="fraction of the flux per px")
    style.title_panel(ax, "radial profile")
    # radius, data and model of the pixels of each star, and its flux for each of them
    profiles = []
    for i in range(len(data)):
        star, fitted = np.asarray(data[i], dtype=float), np.asarray(model[i], dtype=float)
        y, x = np.indices(star.shape)
        radius = np.hypot(x - xy_px[i][0], y - xy_px[i][1])
        kept = np.isfinite(star) & np.isfinite(fitted) & np.isfinite(radius) & (flux_e[i] > 0)
        if good is not None:
            kept &= np.asarray(good[i], dtype=bool)
        unit = np.full(kept.sum(), float(flux_e[i]))
        profiles.append(np.stack([radius[kept], star[kept], fitted[kept], unit]))
    # pixels as faint dots, those of the used stars last
    look = {"marker": "o", "markersize": 1.4, "markeredgewidth": 0, "alpha": 0.25, "zorder": 2}
    for is_used, colour in ((False, style.ACCENT), (True, style.source_colour(0))):
        chosen = [one for one, star_used in zip(profiles, used, strict=True)
                  if star_used == is_used]
        radius, pixels, fitted, unit = np.concatenate([np.empty((4, 0)), *chosen], axis=1)
        ax.plot(radius, pixels / unit, color=colour, linestyle="none", **look)
    # rings of the used stars where the model is positive
    ring = (radius / PROFILE_BIN_PX).astype(int)
    total = np.bincount(ring, unit)
    kept = (total > 0) & (np.bincount(ring, fitted) > 0)
    if not kept.any():
        style.no_data(ax)
        return
    middles, level, measured = (np.bincount(ring, electrons)[kept] / total[kept]
                                for electrons in (radius * unit, fitted, pixels))
    positive = measured > 0
    ax.scatter(middles[positive], measured[positive], s=22, color=style.source_colour(0),
               edgecolors="white", linewidths=0.6, zorder=4, label="mean of the data")
    ax.plot(middles, level, color=style.INK, linewidth=1.2, zorder=5, label="model")
    ax.set(yscale="log", xlim=(0, middles.max() + PROFILE_BIN_PX))
    ax.set_ylim(10.0**-PROFILE_DECADES * level.max(), 2.5 * level.max())
    ax.yaxis.set_major_formatter(style.power_of_ten)
    ax.yaxis.set_minor_locator(ticker.LogLocator(subs=(2, 5)))  # every tick takes its millisecond
    ax.legend(loc="upper right")
