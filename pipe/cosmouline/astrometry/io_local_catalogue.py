"""The catalogue of a lens's field as a file: ECSV, FITS, VOTable or CSV, of any origin."""

import hashlib
import logging
import re
import warnings
from pathlib import Path

from cosmouline import library
from cosmouline.astrometry import catalogues
from cosmouline.errors import UserError, one_line
from cosmouline.files.atomic import atomic_path

import numpy as np

astropy_table = library("astropy.table")

log = logging.getLogger("cosmouline")

# Columns of other catalogues and programs, in lower case, by ours
NAMES = {
    "ra_deg": ("ra_deg", "ra", "ra_icrs", "raj2000", "_ra", "ramean", "alpha_j2000", "ra_j2000"),
    "dec_deg": ("dec_deg", "dec", "de_icrs", "dej2000", "_de", "decmean", "delta_j2000",
                "dec_j2000", "decj2000"),
    "source_id": ("source_id", "source", "designation", "name", "id", "objid", "object_id"),
    "epoch_year": ("epoch_year", "ref_epoch", "epoch", "refepoch"),
    "pmra_mas_yr": ("pmra_mas_yr", "pmra", "pm_ra", "pm_ra_cosdec"),
    "pmdec_mas_yr": ("pmdec_mas_yr", "pmdec", "pmde", "pm_dec"),
    "parallax_mas": ("parallax_mas", "parallax", "plx"),
    "ra_error_mas": ("ra_error_mas", "ra_error", "e_ra_icrs"),
    "dec_error_mas": ("dec_error_mas", "dec_error", "e_de_icrs"),
    "ruwe": ("ruwe",),
    "excess_noise_mas": ("excess_noise_mas", "astrometric_excess_noise", "epsi"),
    "excess_noise_sig": ("excess_noise_sig", "astrometric_excess_noise_sig", "sepsi"),
    "is_duplicated": ("is_duplicated", "duplicated_source", "dup"),
    "is_variable": ("is_variable", "phot_variable_flag", "varflag", "variable"),
    "is_non_single": ("is_non_single", "non_single_star", "nss"),
    "galaxy_probability": ("galaxy_probability", "classprob_dsc_combmod_galaxy", "pgal"),
    "quasar_probability": ("quasar_probability", "classprob_dsc_combmod_quasar", "pqso"),
}
MAGNITUDES = {  # band: columns of the magnitude, columns of its error, in lower case
    "G": (("phot_g_mean_mag", "gmag_gaia", "g_mean_mag"), ("phot_g_mean_mag_error",)),
    "BP": (("phot_bp_mean_mag", "bpmag"), ("phot_bp_mean_mag_error", "e_bpmag")),
    "RP": (("phot_rp_mean_mag", "rpmag"), ("phot_rp_mean_mag_error", "e_rpmag")),
    "g_skymapper": (("g_psf",), ("e_g_psf",)), "r_skymapper": (("r_psf",), ("e_r_psf",)),
    "i_skymapper": (("i_psf",), ("e_i_psf",)), "z_skymapper": (("z_psf",), ("e_z_psf",)),
    **{f"{band}_ps1": ((f"{band}meanpsfmag",), (f"{band}meanpsfmagerr",)) for band in "grizy"},
}
EXACT_MAGNITUDES = {"Gmag": ("G", "e_Gmag")}  # VizieR's: Gmag of Gaia, gmag of others
FLUX_OVER_ERROR = {"G": "phot_g_mean_flux_over_error", "BP": "phot_bp_mean_flux_over_error",
                   "RP": "phot_rp_mean_flux_over_error"}
UCDS = {"pos.eq.ra;meta.main": "ra_deg", "pos.eq.dec;meta.main": "dec_deg",
        "pos.pm;pos.eq.ra": "pmra_mas_yr", "pos.pm;pos.eq.dec": "pmdec_mas_yr",
        "pos.parallax;meta.main": "parallax_mas", "pos.parallax.trig": "parallax_mas"}
WORDS_OF_TRUE = {"true": 1.0, "t": 1.0, "1": 1.0, "variable": 1.0}
FORMATS = {".ecsv": "ascii.ecsv", ".fits": "fits", ".fit": "fits", ".vot": "votable",
           ".xml": "votable", ".votable": "votable", ".csv": "ascii.csv"}
MAG_LIMITS = (-5.0, 40.0)
ERROR_MAG = 2.5 / np.log(10)


def read(path):
    """Return the columns of a catalogue, brightest star first, as a dict of ndarray.

    Parameters
    ----------
    path : str or Path
        ECSV, FITS, VOTable or CSV. Columns are known by their names (`catalogues.COLUMNS`, those
        of the Gaia archive, of VizieR, Pan-STARRS and SkyMapper) or their UCDs; magnitudes called
        ``mag_<band>`` are taken under that band.

    Raises
    ------
    UserError
        If it cannot be read, has no positions in degrees, or no star.

    Notes
    -----
    Rows without position are left out, and a source that stands twice counts once.
    """
    path = Path(path)
    kind = FORMATS.get("".join(path.suffixes[-1:]).lower())
    if not path.is_file():
        raise UserError(f"there is no catalogue {path}. Make one with "
                        "fac_astrometry/1_fetch_catalogue.py, or set catalogue = None.")
    if kind is None:
        raise UserError(f"{path}: a catalogue must end with {', '.join(FORMATS)}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = astropy_table.Table.read(path, format=kind)
    except Exception as error:  # astropy raises what the reader of each format raises
        raise UserError(f"{path} cannot be read as {kind.removeprefix('ascii.')}: "
                        f"{one_line(str(error))[:150]}. Is it complete?") from error
    return from_table(table, path)


def from_table(table, where):
    """Return the columns of an astropy table as `read` does; `where` begins its messages."""
    by_name = {}
    for name in table.colnames:  # the first of two columns of one name in lower case
        by_name.setdefault(name.lower(), name)
    found = {}
    for ours, words in NAMES.items():
        name = next((by_name[word] for word in words if word in by_name), None)
        if name is None:
            name = next((one for one in table.colnames
                         if UCDS.get(_ucd(table[one])) == ours), None)
        if name is not None:
            found[ours] = (_texts if ours == "source_id" else _numbers)(table[name], where)
    missing = [name for name in ("ra_deg", "dec_deg") if name not in found]
    if missing:
        raise UserError(f"{where} has no column '{missing[0]}' (or {', '.join(NAMES[missing[0]])}"
                        f"). It has {', '.join(table.colnames[:12])}.")
    # one epoch for all may stand in the header
    if "epoch_year" not in found:
        epoch = next((value for key, value in table.meta.items() if str(key).lower() in
                      ("epoch", "epoch_year", "ref_epoch")), None)
        if isinstance(epoch, int | float):
            found["epoch_year"] = np.full(len(table), float(epoch))
    found |= _magnitudes(table, by_name, where)
    return _checked(found, where)


def _ucd(column):
    """Return the UCD of a column in lower case, of VOTable or of astropy's meta data."""
    return str(getattr(column, "ucd", None) or column.meta.get("ucd", "")).lower()


def _magnitudes(table, by_name, where):
    """Return the columns mag_<band> and magerr_<band> of a table."""
    found = {}
    for name in table.colnames:
        if match := re.fullmatch(r"mag_(\w+)", name):
            found[name] = _numbers(table[name], where)
            if f"magerr_{match[1]}" in table.colnames:
                found[f"magerr_{match[1]}"] = _numbers(table[f"magerr_{match[1]}"], where)
    known = [(band, next((by_name[word] for word in mags if word in by_name), None),
              next((by_name[word] for word in errors if word in by_name), None))
             for band, (mags, errors) in MAGNITUDES.items()]
    known += [(band, name if name in table.colnames else None, error)
              for name, (band, error) in EXACT_MAGNITUDES.items()]
    for band, name, error in known:
        if name is None or f"mag_{band}" in found:
            continue
        found[f"mag_{band}"] = _numbers(table[name], where)
        ratio = by_name.get(FLUX_OVER_ERROR.get(band))
        if error in table.colnames:
            found[f"magerr_{band}"] = _numbers(table[error], where)
        elif ratio is not None:
            with np.errstate(divide="ignore"):
                found[f"magerr_{band}"] = ERROR_MAG / _numbers(table[ratio], where)
    # nothing is as bright as -99, nor as faint as 99
    for name in [name for name in found if name.startswith("mag_")]:
        values = found[name]
        found[name] = np.where((values > MAG_LIMITS[0]) & (values < MAG_LIMITS[1]), values,
                               np.nan)
    return found


def _numbers(column, where):
    """Return a column as floats, masked values NaN; words of truth as 1 and 0."""
    if column.dtype.kind in "fiub":
        plain = np.ma.asarray(column)
        return np.ma.filled(plain.astype(float), np.nan)
    values = np.ma.filled(np.ma.asarray(column).astype(object), None).tolist()
    numbers = np.full(len(values), np.nan)
    for k, value in enumerate(values):
        text = str(value).strip().lower()
        if value is None or text in ("", "--", "nan", "none", "null"):
            continue
        if isinstance(value, bool | int | float | np.number):
            numbers[k] = float(value)
        elif re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text):
            numbers[k] = float(text)
        elif ":" in text or re.search(r"\d[hd ]", text):
            raise UserError(f"{where}, column '{column.name}': {value!r} is sexagesimal; give "
                            "degrees.")
        else:
            numbers[k] = WORDS_OF_TRUE.get(text, 0.0)
    return numbers


def _texts(column, where):
    """Return a column as texts."""
    return np.array([str(value).strip() for value in np.ma.filled(
        np.ma.asarray(column).astype(str), "")], dtype=str)


def _checked(found, where):
    """Leave out what is no star, sort the rest by brightness, warn of what is odd."""
    ra, dec = found["ra_deg"], found["dec_deg"]
    good = (ra >= 0) & (ra <= 360) & (np.abs(dec) <= 90)
    if not good.any():
        raise UserError(f"{where} has no star with RA (0 to 360) and Dec (-90 to 90) in degrees "
                        f"among {len(ra)} rows.")
    wrong = np.isfinite(ra) & np.isfinite(dec) & ~good
    if wrong.any():
        log.warning("%s: %d of %d rows have positions that are no degrees: left out", where,
                    wrong.sum(), len(ra))
    found = {name: values[good] for name, values in found.items()}
    # a star that stands twice
    keys = np.round(np.column_stack([found["ra_deg"], found["dec_deg"]]), 7)
    _, first = np.unique(keys, axis=0, return_index=True)
    found = {name: values[np.sort(first)] for name, values in found.items()}
    if "epoch_year" not in found and np.nansum(np.abs(found.get("pmra_mas_yr", 0.0))) > 0:
        log.warning("%s has proper motions but no epoch: they are not used. Add a column "
                    "epoch_year (Gaia DR3: %.1f)", where, catalogues.GAIA_EPOCH)
    if not catalogues.bands_of(found):
        log.warning("%s has no magnitudes: call them mag_<band>. All stars count as equally "
                    "bright", where)
    order = np.argsort(catalogues.brightness(found), kind="stable")
    return {name: values[order] for name, values in found.items()}


def write(path, catalogue, meta=None):
    """Write a catalogue as ECSV, with units, meanings and where it comes from (`meta`)."""
    table = astropy_table.Table(meta=meta or {})
    for name, values in catalogue.items():
        unit, meaning = catalogues.COLUMNS.get(name, (
            "mag", f"magnitude in {name[4:]}" if name.startswith("mag_") else
            f"error of mag_{name.partition('_')[2]}"))
        table[name] = astropy_table.Column(
            np.asarray(values), unit=unit if unit not in ("", "1") else None, description=meaning)
    with atomic_path(path) as temporary:
        table.write(temporary, format="ascii.ecsv")


def digest(path):
    """Return a hash of the file of a catalogue."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]
