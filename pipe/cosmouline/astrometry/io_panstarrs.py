"""Magnitudes of Pan-STARRS1 around a point, and how they join another catalogue."""

from cosmouline.astrometry import catalogues, io_gaia, tangent
from cosmouline.astrometry.align import mutual_pairs

import numpy as np

SAME_ARCSEC = 1.0
BANDS = "grizy"
COLUMNS = "objID, RAJ2000, DEJ2000, " + ", ".join(
    f"{band}mag AS mag_{band}_ps1, e_{band}mag AS magerr_{band}_ps1" for band in BANDS)
SERVICES = (("VizieR", "https://tapvizier.cds.unistra.fr/TAPVizieR/tap", COLUMNS,
             '"II/349/ps1"', ("RAJ2000", "DEJ2000", "rmag")),)


def fetch(ra_deg, dec_deg, radius_arcmin, services=SERVICES, timeout_s=io_gaia.TIMEOUT_S):
    """Return a catalogue of Pan-STARRS1 and where it comes from, as `io_gaia.fetch` does."""
    found, meta = io_gaia.fetch(ra_deg, dec_deg, radius_arcmin, services, timeout_s)
    meta.pop("epoch", None)
    return found, meta


def joined(catalogue, other, within_arcsec=SAME_ARCSEC):
    """Add the magnitudes of another catalogue to the stars of one.

    Parameters
    ----------
    catalogue, other : dict of ndarray
    within_arcsec : float
        Each star takes those of the nearest other one, if it is nearest to that one, too.

    Returns
    -------
    catalogue : dict of ndarray
        With the columns ``mag_`` and ``magerr_`` of the other one; NaN where a star has none.
    n_joined : int
    """
    middle = catalogue["ra_deg"][0], catalogue["dec_deg"][0]
    places = [np.nan_to_num(tangent.project(one["ra_deg"], one["dec_deg"], *middle), nan=1e9)
              for one in (catalogue, other)]
    own, row = mutual_pairs(*places, within_arcsec)
    found = dict(catalogue)
    for name in other:
        if name.startswith(("mag_", "magerr_")):
            found[name] = np.array(catalogues.column(found, name))
            found[name][own] = other[name][row]
    return found, len(own)
