"""Star catalogues as columns of arrays: positions at a date, magnitudes, which stars are good."""

from cosmouline.astrometry import tangent

import numpy as np

BRIGHT_NEIGHBOUR_MAG = 4.0  # a neighbour fainter by more does no harm
GAIA_EPOCH = 2016.0  # of DR3 and EDR3
EXCESS_SIGNIFICANT = 2.0  # significance of Gaia's excess noise; with an excess that is large, too
EXCESS_MAS = 1.0
PROBABLE = 0.5  # probability of being a galaxy or a quasar
# Columns that a catalogue can have; only the first two must be there. The names of magnitudes are
# mag_<band> and magerr_<band>.
COLUMNS = {
    "ra_deg": ("deg", "right ascension at epoch_year, ICRS"),
    "dec_deg": ("deg", "declination at epoch_year, ICRS"),
    "source_id": ("", "name in the catalogue"),
    "epoch_year": ("yr", "Julian year of the position"),
    "pmra_mas_yr": ("mas/yr", "proper motion in RA x cos Dec"),
    "pmdec_mas_yr": ("mas/yr", "proper motion in Dec"),
    "parallax_mas": ("mas", "parallax"),
    "ra_error_mas": ("mas", "error of RA x cos Dec"),
    "dec_error_mas": ("mas", "error of Dec"),
    "ruwe": ("1", "renormalised unit weight error"),
    "excess_noise_mas": ("mas", "astrometric excess noise"),
    "excess_noise_sig": ("1", "its significance"),
    "is_duplicated": ("", "1 for a source processed twice"),
    "is_variable": ("", "1 for a known variable"),
    "is_non_single": ("", "1 for a known binary"),
    "galaxy_probability": ("1", "of being a galaxy"),
    "quasar_probability": ("1", "of being a quasar"),
}


def n_of(catalogue):
    """Return the number of stars of a catalogue (dict of ndarray)."""
    return len(catalogue["ra_deg"])


def column(catalogue, name):
    """Return a column of numbers; NaN for all where the catalogue has none."""
    return np.asarray(catalogue.get(name, np.full(n_of(catalogue), np.nan)), float)


def bands_of(catalogue):
    """Return the bands that the catalogue has magnitudes in, the most complete first."""
    names = [name[4:] for name in catalogue if name.startswith("mag_")]
    return sorted(names, key=lambda band: (-np.isfinite(column(catalogue, f"mag_{band}")).sum(),
                                           list(catalogue).index(f"mag_{band}")))


def brightness(catalogue):
    """Return one magnitude per star to sort by, of the most complete band; infinity without."""
    bands = bands_of(catalogue)
    if not bands:
        return np.zeros(n_of(catalogue))
    mag = column(catalogue, f"mag_{bands[0]}")
    for band in bands[1:]:  # a star without one comes by another band
        mag = np.where(np.isnan(mag), column(catalogue, f"mag_{band}"), mag)
    return np.where(np.isnan(mag), np.inf, mag)


def positions_at(catalogue, mjd, use_proper_motion=True):
    """RA and Dec in degrees, shape (n, 2), at a date.

    Parameters
    ----------
    catalogue : dict of ndarray
    mjd : float
        Middle of the exposure.
    use_proper_motion : bool
        False: as they stand in the catalogue. A star without motion or epoch stays there, too.
    """
    ra, dec = column(catalogue, "ra_deg"), column(catalogue, "dec_deg")
    if use_proper_motion:
        years = tangent.year_of(mjd) - column(catalogue, "epoch_year")
        ra, dec = tangent.at_epoch(ra, dec, column(catalogue, "pmra_mas_yr"),
                                   column(catalogue, "pmdec_mas_yr"), years)
    return np.column_stack([ra, dec])


def problems(catalogue, neighbour_arcsec, ruwe_max=None, mag_range=None):
    """Why each star is no good standard; empty for a good one.

    Parameters
    ----------
    catalogue : dict of ndarray
    neighbour_arcsec : float
        A star with another one within this, up to 4 mag fainter, is blended.
    ruwe_max : float, optional
        A star of a larger RUWE is not single.
    mag_range : (float, float), optional
        Brightest and faintest magnitude, in the most complete band.

    Returns
    -------
    list of str
    """
    n = n_of(catalogue)
    reasons = [[] for _ in range(n)]

    def note(bad, text):
        for k in np.flatnonzero(bad):
            reasons[k].append(text(k) if callable(text) else text)

    ruwe, excess = column(catalogue, "ruwe"), column(catalogue, "excess_noise_mas")
    if ruwe_max is not None:
        note(ruwe > ruwe_max, lambda k: f"RUWE {ruwe[k]:.2f} above {ruwe_max:g}")
    note((column(catalogue, "excess_noise_sig") > EXCESS_SIGNIFICANT) & (excess > EXCESS_MAS),
         lambda k: f"astrometric excess noise {excess[k]:.1f} mas")
    for name, text in (("is_duplicated", "duplicated in the catalogue"),
                       ("is_variable", "variable in the catalogue"),
                       ("is_non_single", "a binary in the catalogue")):
        note(column(catalogue, name) > 0, text)
    for kind in ("galaxy", "quasar"):
        note(column(catalogue, f"{kind}_probability") > PROBABLE, f"a {kind} in the catalogue")
    mag = brightness(catalogue)
    if mag_range is not None:
        note((mag < mag_range[0]) | (mag > mag_range[1]),
             lambda k: f"magnitude {mag[k]:.2f} outside of {mag_range[0]:g} to {mag_range[1]:g}")
    # neighbours, on a tangent plane in the middle
    for k, (distance, other) in _neighbours(catalogue, mag, neighbour_arcsec).items():
        reasons[k].append(f"a neighbour of magnitude {mag[other]:.1f} at {distance:.1f} arcsec")
    return [", ".join(texts) for texts in reasons]


def _neighbours(catalogue, mag, within_arcsec):
    """Nearest harmful neighbour (distance, row) by row."""
    from scipy.spatial import cKDTree

    ra, dec = np.radians(column(catalogue, "ra_deg")), np.radians(column(catalogue, "dec_deg"))
    vectors = np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    chord = 2 * np.sin(within_arcsec / tangent.ARCSEC_PER_RADIAN / 2)
    found = {}
    for i, j in cKDTree(vectors).query_pairs(chord):
        apart = tangent.ARCSEC_PER_RADIAN * float(np.linalg.norm(vectors[i] - vectors[j]))
        for one, other in ((i, j), (j, i)):
            if not mag[other] > mag[one] + BRIGHT_NEIGHBOUR_MAG and (
                    one not in found or apart < found[one][0]):
                found[one] = (apart, other)
    return found
