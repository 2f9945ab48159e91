"""Pages of the shape route: the PSF on stars kept back, star or galaxy, shapes and guards."""

from cosmouline.plots import style

import numpy as np

RHO_FLOOR = 1e-9


@style.styled
def psf_page(plane, stars, residuals, rho, growth):
    """Return the page of PSF residuals: over the field, with the peak, rho statistics.

    Parameters
    ----------
    plane : ndarray of float, shape (n, 2)
        East and north in arcsec.
    stars : dict of ndarray, shape (n,)
        star_e1, star_e2, psf_e1, psf_e2, peak.
    residuals : dict of ndarray
        e1, e2, size.
    rho : Rho
    growth : str
        In words, for the panel of the size with the peak.
    """
    page, axes = style.figure(3, 2)
    for ax, name in zip(axes[0], ("e1", "e2", "size"), strict=True):
        limit = np.nanpercentile(np.abs(residuals[name]), 95)
        points = ax.scatter(*plane.T, c=residuals[name], s=14, cmap="RdBu_r", vmin=-limit,
                            vmax=limit)
        page.colorbar(points, ax=ax)
        ax.set_aspect("equal")
        ax.invert_xaxis()
        style.title_panel(ax, f"{name}: star - PSF")
        ax.set_xlabel("east (arcsec)")
        ax.set_ylabel("north (arcsec)")
    ax = axes[1, 0]
    for name, colour in (("e1", 0), ("e2", 1)):
        ax.plot(stars[f"psf_{name}"], stars[f"star_{name}"], ".", color=style.source_colour(
            colour), label=name)
    ends = np.array(ax.get_xlim())
    ax.plot(ends, ends, "-", color=style.PALE, zorder=0)
    ax.set_xlabel("ellipticity of the PSF")
    ax.set_ylabel("of the star")
    ax.legend()
    ax = axes[1, 1]
    ax.plot(stars["peak"], residuals["size"], ".", color=style.source_colour(0))
    ax.axhline(0, color=style.PALE, zorder=0)
    ax.set_ylim(*(3 * np.array([-1, 1]) * (1.5 * np.nanstd(residuals["size"]) / 2 + 1e-6)))
    ax.set_xscale("log")
    ax.set_xlabel("peak (ADU)")
    ax.set_ylabel("size star / PSF - 1")
    style.title_panel(ax, growth)
    ax = axes[1, 2]
    for k in range(5):
        ax.plot(rho.distance, np.maximum(np.abs(rho.rho[k]), RHO_FLOOR), "o-", markersize=3,
                color=style.source_colour(k), label=f"rho{k + 1}")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("distance (arcsec)")
    ax.set_ylabel("|rho|")
    ax.legend(ncols=2)
    return page


@style.styled
def spread_page(mag, spread, classes, limits):
    """Return the page of the spread model against magnitude; `limits` are shape_catalogue."""
    page, ax = style.figure(size=(8.0, 5.5))
    for code, name, colour in ((0, "star", 0), (1, "galaxy", 1), (2, "neither", 6)):
        chosen = (classes == code) & (mag < 40)
        ax.plot(mag[chosen], spread[chosen], ".", markersize=3, label=f"{name} ({chosen.sum()})",
                color=style.source_colour(colour))
    for value in (-limits["spread_star_max"], limits["spread_star_max"],
                  limits["spread_galaxy_min"]):
        ax.axhline(value, color=style.FAINT, linewidth=0.7)
    shown = spread[np.isfinite(spread)]
    if shown.size:
        low, high = np.percentile(shown, [1, 99])
        ax.set_ylim(min(low, -0.01) - 0.005, high + 0.01)
    ax.set_xlabel("MAG_AUTO")
    ax.set_ylabel("spread model")
    ax.legend()
    return page


@style.styled
def shapes_page(plane, mag, e, psf_e, galaxies, stars, snr, failures):
    """Return the page of the shapes of a field.

    Parameters
    ----------
    plane : ndarray of float, shape (n, 2)
        East and north in arcsec.
    mag, snr : ndarray of float, shape (n,)
    e, psf_e : ndarray of float, shape (n, 2)
    galaxies, stars : ndarray of bool, shape (n,)
    failures : dict of str to (int, int)
        Objects of each CCD, and those without a PSF there.
    """
    page, axes = style.figure(3, 2)
    ax = axes[0, 0]
    ax.plot(*plane.T, ".", color=style.PALE, markersize=2)
    ax.plot(*plane[galaxies].T, ".", color=style.source_colour(0), markersize=3, label="galaxies")
    ax.plot(*plane[stars].T, ".", color=style.source_colour(1), markersize=3, label="stars")
    ax.set_aspect("equal")
    ax.invert_xaxis()
    ax.legend(loc="upper right", frameon=True)
    ax.set_xlabel("east (arcsec)")
    ax.set_ylabel("north (arcsec)")
    bins = np.linspace(-1, 1, 41)
    for i, name in enumerate(("e1", "e2")):
        axes[0, 1].hist(e[galaxies, i], bins, histtype="step", label=name,
                        color=style.source_colour(i))
        axes[1, 0].plot(psf_e[galaxies, i], e[galaxies, i], ".", markersize=2, label=name,
                        color=style.source_colour(i))
    axes[0, 1].set_xlabel("ellipticity of the galaxies")
    axes[0, 1].legend()
    axes[1, 0].set_xlabel("ellipticity of the PSF")
    axes[1, 0].set_ylabel("of the galaxy")
    axes[1, 0].legend()
    ax = axes[0, 2]
    ax.plot(mag[galaxies], np.hypot(*e[galaxies].T), ".", markersize=2,
            color=style.source_colour(0), label="galaxies")
    ax.plot(mag[stars], np.hypot(*e[stars].T), ".", markersize=2, color=style.source_colour(1),
            label="stars")
    ax.set_xlabel("MAG_AUTO")
    ax.set_ylabel("|e|")
    ax.legend()
    ax = axes[1, 1]
    ax.plot(mag[galaxies], snr[galaxies], ".", markersize=2, color=style.source_colour(0))
    ax.set_yscale("log")
    ax.set_xlabel("MAG_AUTO")
    ax.set_ylabel("S/N of the shape")
    ax = axes[1, 2]
    names = sorted(failures)
    ax.bar(range(len(names)), [100 * failures[name][1] / max(failures[name][0], 1)
                               for name in names], color=style.ACCENT)
    ax.set_ylim(0, 100)
    ax.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
    ax.set_ylabel("objects without a PSF (%)")
    return page
