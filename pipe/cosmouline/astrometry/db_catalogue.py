"""The star catalogue of a lens: read once, its stars at the date of an image."""

import functools
import logging

from cosmouline.astrometry import catalogues, io_local_catalogue, tangent
from cosmouline.astrometry.db_coordinates import has_sky, wcs_of
from cosmouline.database import paths
from cosmouline.errors import UserError

import numpy as np

log = logging.getLogger("cosmouline")

DEFAULT = "catalogue.ecsv"  # of the settings: it may be missing


def catalogue(settings):
    """Return the columns of the lens's catalogue, brightest star first; None where there is none.

    Raises
    ------
    UserError
        If the file that the settings name is missing or cannot be read.
    """
    path = paths.catalogue(settings)
    if path is None or (settings.catalogue == DEFAULT and not path.exists()):
        return None
    return _read(path, path.stat().st_mtime_ns if path.exists() else 0)


@functools.lru_cache(maxsize=2)
def _read(path, changed_ns):
    """Read a catalogue that every image needs once; `changed_ns` is that of the file."""
    return io_local_catalogue.read(path)


def stars_at(stars, image, settings):
    """Return RA and Dec (n, 2) of a catalogue in the middle of the exposure of an image."""
    return catalogues.positions_at(stars, image["mjd"], settings.use_proper_motion)


def on_image(stars, image, settings):
    """Return positions (n, 2) of a catalogue on an image, NaN for what does not fall on it.

    None for an image without coordinates.
    """
    if not has_sky(image):
        return None
    xy = tangent.pixels_of(wcs_of(image, settings), stars_at(stars, image, settings))
    inside = ((xy >= -0.5) & (xy < (image["nx_px"] - 0.5, image["ny_px"] - 0.5))).all(1)
    return np.where(inside[:, None], xy, np.nan)


def centre_of(stars):
    """Return RA and Dec of the middle of a catalogue in degrees, on any side of RA 0."""
    ra, dec = np.radians(stars["ra_deg"]), np.radians(stars["dec_deg"])
    x, y, z = (np.mean(part) for part in (np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra),
                                          np.sin(dec)))
    return float(np.degrees(np.arctan2(y, x)) % 360), float(np.degrees(np.arctan2(
        z, np.hypot(x, y))))


def circle(settings):
    """Return RA, Dec and radius (arcmin) of what is fetched; UserError without a position."""
    if None in (settings.lens_ra_deg, settings.lens_dec_deg):
        raise UserError("set lens_ra_deg and lens_dec_deg, or give a table with --from-file.")
    return settings.lens_ra_deg, settings.lens_dec_deg, settings.catalogue_radius_arcmin


def check_place(stars, settings):
    """Raise UserError for a catalogue of another place of the sky than the lens's."""
    if None in (settings.lens_ra_deg, settings.lens_dec_deg):
        return
    away = tangent.distance_arcsec(stars["ra_deg"], stars["dec_deg"], settings.lens_ra_deg,
                                   settings.lens_dec_deg)
    reach = 60 * (settings.catalogue_radius_arcmin + settings.pointing_error_arcmin)
    if away.min() > reach:
        middle = centre_of(stars)
        raise UserError(
            f"{paths.catalogue(settings)} is of another field: its stars lie around RA "
            f"{middle[0]:.4f}, Dec {middle[1]:.4f}, the lens at {settings.lens_ra_deg:.4f}, "
            f"{settings.lens_dec_deg:.4f}. Make it again with fac_astrometry/1_fetch_catalogue.py "
            "--redo, or correct lens_ra_deg and lens_dec_deg.")
