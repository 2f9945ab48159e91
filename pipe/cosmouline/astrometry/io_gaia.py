"""Gaia DR3 around a point, from the first of several TAP services that gives a sound answer."""

import logging

from cosmouline.astrometry import catalogues, io_local_catalogue, tangent
from cosmouline.astrometry.io_tap import query
from cosmouline.errors import UserError

import numpy as np

log = logging.getLogger("cosmouline")

TIMEOUT_S = 60.0
MOST_STARS = 20_000  # the brightest ones
EDGE_ARCSEC = 2.0  # beyond the circle, for motions and rounding
ARCHIVE = ("source_id, ra, dec, ref_epoch, pmra, pmdec, parallax, ra_error, dec_error, ruwe, "
           "astrometric_excess_noise, astrometric_excess_noise_sig, duplicated_source, "
           "phot_variable_flag, non_single_star, phot_g_mean_mag, phot_g_mean_flux_over_error, "
           "phot_bp_mean_mag, phot_bp_mean_flux_over_error, phot_rp_mean_mag, "
           "phot_rp_mean_flux_over_error")
CLASSES = ", classprob_dsc_combmod_galaxy, classprob_dsc_combmod_quasar"
VIZIER = ("Source, RA_ICRS, DE_ICRS, pmRA, pmDE, Plx, e_RA_ICRS, e_DE_ICRS, RUWE, epsi, sepsi, "
          "Dup, VarFlag, NSS, Gmag, e_Gmag, BPmag, e_BPmag, RPmag, e_RPmag, PGal, PQSO")
# name, address, columns, table, names of RA, Dec and G
SERVICES = (
    ("ESA", "https://gea.esac.esa.int/tap-server/tap", ARCHIVE + CLASSES,
     "gaiadr3.gaia_source", ("ra", "dec", "phot_g_mean_mag")),
    ("ARI", "https://gaia.ari.uni-heidelberg.de/tap", ARCHIVE, "gaiadr3.gaia_source",
     ("ra", "dec", "phot_g_mean_mag")),
    ("VizieR", "https://tapvizier.cds.unistra.fr/TAPVizieR/tap", VIZIER, '"I/355/gaiadr3"',
     ("RA_ICRS", "DE_ICRS", "Gmag")),
)


def services(address=None):
    """Return the services to ask: `SERVICES`, or one at an address, as that of ESA."""
    return SERVICES if address is None else (("service", address, *SERVICES[0][2:]),)


def adql(service, ra_deg, dec_deg, radius_arcmin):
    """Return the query of a service for the brightest stars of a circle."""
    _, _, columns, table, (ra, dec, mag) = service
    return (f"SELECT TOP {MOST_STARS} {columns} FROM {table} WHERE 1 = CONTAINS("
            f"POINT('ICRS', {ra}, {dec}), CIRCLE('ICRS', {ra_deg:.7f}, {dec_deg:.7f}, "
            f"{radius_arcmin / 60:.7f})) AND {mag} IS NOT NULL ORDER BY {mag}")


def fetch(ra_deg, dec_deg, radius_arcmin, services=SERVICES, timeout_s=TIMEOUT_S, make=adql):
    """Return a catalogue and where it comes from.

    Parameters
    ----------
    ra_deg, dec_deg, radius_arcmin : float
        The circle.
    services : sequence
        As `SERVICES`: they are asked in this order.
    timeout_s : float
        For each.
    make : callable
        Gives the query of a service, as `adql`.

    Returns
    -------
    catalogue : dict of ndarray
    meta : dict
        Service, address and query.

    Raises
    ------
    UserError
        If none gives a sound answer: what each of them did, in one line.
    """
    troubles, cut = [], None
    for service in services:
        name, url = service[:2]
        text = make(service, ra_deg, dec_deg, radius_arcmin)
        try:
            table, is_cut = query(url, text, timeout_s, MOST_STARS)
            found = checked(table, ra_deg, dec_deg, radius_arcmin, name)
        except UserError as problem:
            log.warning("%s (%s): %s", name, url, problem)
            troubles.append(f"{name}: {problem}")
            continue
        meta = {"service": name, "address": url, "adql": text, "epoch": catalogues.GAIA_EPOCH}
        if not is_cut and catalogues.n_of(found) < MOST_STARS:
            return found, meta
        # the brightest ones only: another service may give all of them
        log.warning("%s gives the %d brightest stars and no more: a smaller "
                    "catalogue_radius_arcmin would be complete", name, catalogues.n_of(found))
        if cut is None or catalogues.n_of(found) > catalogues.n_of(cut[0]):
            cut = found, meta | {"cut": "the brightest stars only"}
        if catalogues.n_of(found) >= MOST_STARS:
            break
    if cut is not None:
        return cut
    raise UserError(f"no service gave a catalogue: {'; '.join(troubles)}. Without one everything "
                    "else works; a file of your own is taken with --from-file.")


def checked(table, ra_deg, dec_deg, radius_arcmin, name):
    """Return the catalogue of an answer; UserError if it is not one of this circle."""
    if not len(table):
        raise UserError("it has no star there")
    found = io_local_catalogue.from_table(table, name)
    away = tangent.distance_arcsec(found["ra_deg"], found["dec_deg"], ra_deg, dec_deg)
    outside = away > 60 * radius_arcmin + EDGE_ARCSEC
    if outside.any():
        raise UserError(f"{outside.sum()} of its {len(away)} stars lie outside of the circle that "
                        f"was asked for (first: {away[outside][0] / 60:.1f} arcmin away): the "
                        "answer is not used")
    if not catalogues.bands_of(found):
        raise UserError("its stars have no magnitudes: the answer is not used")
    if "epoch_year" not in found and "G" in catalogues.bands_of(found):
        found["epoch_year"] = np.full(len(away), catalogues.GAIA_EPOCH)
    return found
