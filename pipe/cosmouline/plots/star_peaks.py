"""Widths of the stars, and PSF over aperture fluxes, against their peaks."""

from cosmouline.plots import style
from cosmouline.plots.scaling import finite

import numpy as np

LEAST_PERCENT = 0.5  # half height of a panel
ROOM = 1.3  # above the largest departure


@style.styled
def star_peaks_page(cameras, title="", info=""):
    """Page of what depends on the brightness of the stars, a column for each camera.

    Parameters
    ----------
    cameras : list of dict
        For each camera ``name``, and ``sets``: for each of its sets a dict of ``name``, ``peak_e``
        and for ``width`` and ``ratio`` (logarithm of PSF over aperture flux) each the mean of
        every star and its error, arrays of shape (2, n_stars); NaN where not known. ``slopes`` are
        (slope per electron, its error, whether it is significant) of both, or None.
    title, info : str

    Returns
    -------
    Figure
        Flat stars in both panels are right. A width that grows with the peak is corrected in the
        fluxes where its line is drawn in full.
    """
    page, axes = style.figure(max(len(cameras), 1), 2, (style.PAGE_WIDTH_IN, 6.5), squeeze=False)
    style.title_page(page, title, info)
    labels = (("width", "width of the stars over that of the PSF (%)"),
              ("ratio", "PSF over aperture flux (%)"))
    for column, camera in enumerate(cameras):
        for row, (key, label) in enumerate(labels):
            ax, reach = axes[row, column], LEAST_PERCENT
            all_peaks = np.concatenate([one["peak_e"] for one in camera["sets"]])
            for k, one in enumerate(camera["sets"]):
                mean, sigma = 100 * (one[key] - [[np.nanmedian(one[key][0])], [0.0]]) if finite(
                    one[key][0]).size else one[key]
                ax.errorbar(one["peak_e"], mean, sigma, fmt="o", markersize=4, linewidth=0.8,
                            color=style.source_colour(k), label=one["name"])
                reach = max(reach, ROOM * np.abs(finite(mean)).max(initial=0))
            found = camera["slopes"][row]
            if found and finite(all_peaks).size:
                slope, sigma, is_significant = found
                x = np.array([np.nanmin(all_peaks), np.nanmax(all_peaks)])
                ax.plot(x, 100 * slope * (x - np.nanmedian(all_peaks)), color=style.INK,
                        linewidth=1.0, linestyle="-" if is_significant else ":")
                ax.set_title(f"{camera['name']}: {1e6 * slope:+.2f} +- {1e6 * sigma:.2f} % for "
                             f"10000 e-{'' if is_significant else ': none'}", fontsize=9)
            ax.axhline(0, color=style.FAINT, linewidth=0.8)
            ax.set(xlabel="peak of the star (e-)", ylim=(-reach, reach),
                   ylabel="" if column else label)
        axes[0, column].legend(fontsize=8)
    return page
