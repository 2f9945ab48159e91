"""Where the point sources of a joint fit lie, in the units that users ask for."""

from cosmouline.astrometry.db_lens_position import arcsec_from_lens, sky_of_places
from cosmouline.files.io_catalog import Star, to_ds9

import numpy as np


def source_rows(fit, centre_px, start, reference, settings):
    """Return a row of every source, and all of them as a list of stars.

    Parameters
    ----------
    fit : LensFit
    centre_px : ndarray of float, shape (2,)
        Pixel of the reference image from which its positions are counted.
    start : list of Star
        Where the sources were looked for.
    reference : dict
        Row of the reference image.
    settings : namespace

    Returns
    -------
    rows : list of dict
        Pixels from 1, arcsec from the lens, RA and Dec where there is a WCS, and magnitudes
        -2.5 log10 of the mean flux in electrons of the reference image. A source without light
        has no magnitude.
    stars : list of Star
        Pixels from 0, a flux that is not positive left out.
    """
    xy = fit.position_px + centre_px
    moved = np.hypot(*(xy - [(star.x_px, star.y_px) for star in start]).T)
    offset = arcsec_from_lens(reference, settings, xy)
    sky, shown = sky_of_places(reference, settings, xy), to_ds9(xy)
    rows, stars = [], []
    for k, star in enumerate(start):
        flux = fit.flux[:, k][np.isfinite(fit.flux[:, k])]
        mean = float(flux.mean()) if flux.size else float("nan")
        row = {"source": star.name, "x_px": shown[k, 0], "y_px": shown[k, 1],
               "moved_px": moved[k], "east_arcsec": offset[k, 0], "north_arcsec": offset[k, 1]}
        if sky is not None:
            row |= {"ra_deg": sky[k, 0], "dec_deg": sky[k, 1]}
        row["flux_e"] = mean
        if mean > 0:
            per_flux = 2.5 / np.log(10) / mean
            row |= {"mag": -2.5 * np.log10(mean), "scatter_mag": per_flux * flux.std(),
                    "systematic_mag": per_flux * fit.flux_systematic[k]}
        rows.append(row)
        stars.append(Star(star.name, *xy[k].tolist(), mean if mean > 0 else None))
    return rows, stars


def pasted(rows, n_images):
    """Return the positions as a line for settings.py: point_sources, and extra_sources if any."""
    lines = []
    for name, part in (("point_sources", rows[:n_images or None]),
                       ("extra_sources", rows[n_images:] if n_images else [])):
        places = ", ".join(f'"{row["source"]}": ({row["east_arcsec"]:.4f}, '
                           f'{row["north_arcsec"]:.4f})' for row in part)
        lines += [f"{name} = {{{places}}}"] if part else []
    return "\n".join(lines)
