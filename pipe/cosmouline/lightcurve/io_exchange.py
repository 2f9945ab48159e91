"""Light curves for other programs: VOTable, FITS and CSV, and a table as the CDS asks for."""

import csv
import io

from cosmouline import library
from cosmouline.files import origin
from cosmouline.files.atomic import atomic_path
from cosmouline.files.io_table import warn_of_formulas
from cosmouline.files.io_text import write_text

import numpy as np

fits = library("astropy.io.fits")
astropy_table = library("astropy.table")
tree = library("astropy.io.votable.tree")
astropy_votable = library("astropy.io.votable")

UCDS = {"mhjd": "time.epoch;meta.main", "datetime": "time.epoch", "telescope": "instr.tel",
        "setname": "meta.id", "nbimg": "meta.number;obs.image", "fwhm": "instr.obsty.seeing",
        "ellipticity": "src.ellipticity", "airmass": "obs.airMass",
        "relskylevel": "instr.skyLevel", "normcoeff": "arith.factor", "flag": "meta.code.qual",
        "excluded": "meta.code.qual", "mag": "phot.mag", "magerr": "stat.error;phot.mag",
        "magsys": "stat.error.sys;phot.mag", "magcov": "stat.covariance;phot.mag"}
BANDS = ("U", "B", "V", "R", "I", "J", "H", "K")  # of the UCD words em.opt.R, em.IR.J
CDS_COLUMNS = ("mhjd", "telescope", "setname", "nbimg", "fwhm", "airmass", "flag")
STANDARD_UNITS = ("d", "arcsec", "mag", "mag2")
MJD_ORIGIN = 2400000.5
SYSTEM = "instrumental"
NOTE = ("Magnitudes are instrumental: -2.5 log10 of the electrons on the scale of the reference "
        "image. Dates are heliocentric, UTC.")


def ucd(name, band=""):
    """Return the UCD of a column of a light curve; the band is named where UCDs know it."""
    found = UCDS[name.split("_")[0]]
    if "phot.mag" not in found or "covariance" in found:
        return found
    room = "IR" if band in BANDS[5:] else "opt"
    return f"{found};em.{room}{f'.{band}' if band in BANDS else ''}"


def write_exchange(stem, columns, fields, target, band=""):
    """Write a light curve as ``.vot``, ``.fits`` and ``.csv`` beside its other tables.

    Parameters
    ----------
    stem : Path
        Their path without the ending.
    columns : dict of ndarray
        Values by name; NaN for none.
    fields : dict of tuple
        ``(unit, meaning)`` by name.
    target : tuple
        Name, right ascension and declination (degrees, or None).
    band : str
        The filter; empty where it is not known.
    """
    table = _table(columns, fields)
    for end, write in ((".vot", _write_votable), (".fits", _write_fits)):
        with atomic_path(stem.with_name(stem.name + end)) as temporary:
            write(temporary, table, target, band)
    path, text = stem.with_name(stem.name + ".csv"), io.StringIO(newline="")
    rows = [["" if value != value else value for value in row] for row in zip(
        *(values.tolist() for values in columns.values()), strict=True)]
    csv.writer(text, lineterminator="\n").writerows([list(columns), *rows])
    write_text(path, text.getvalue())
    warn_of_formulas(path, rows)


def write_cds(path, columns, fields):
    """Write a light curve as one table with the byte-by-byte description of the CDS and AAS.

    It has what a paper prints: dates, conditions, magnitudes and one error of each.
    """
    bar = "cov" if any(name.endswith("_cov") for name in columns) else "5"
    table = _table({
        name: values.astype(int) if values.dtype.kind == "b" else values
        for name, values in columns.items() if name in CDS_COLUMNS or name.startswith("mag_")
        or (name.startswith("magerr_") and name.endswith(f"_{bar}"))}, fields)
    for name, column in list(table.columns.items()):
        is_absent = np.isnan(column) if column.dtype.kind == "f" else np.zeros(len(column), bool)
        if is_absent.all():
            table.remove_column(name)
        elif is_absent.any():
            table[name] = astropy_table.MaskedColumn(column, mask=is_absent)
    with atomic_path(path) as temporary:
        table.write(temporary, format="ascii.mrt", overwrite=True)


def _table(columns, fields):
    """Return an astropy table with meanings and those units that all formats have."""
    table = astropy_table.Table()
    for name, values in columns.items():
        # The standards have no unit for electrons: the description says it
        unit, meaning = fields[name]
        is_known = unit in STANDARD_UNITS
        table[name] = astropy_table.Column(values, unit=unit if is_known else None, description=(
            meaning if is_known or unit in ("", "1") else f"{meaning} ({unit})"))
    return table


def _write_votable(path, table, target, band):
    """Write a VOTable 1.4 with its time system, frame, photometric system and UCDs."""
    of_any_length = astropy_table.Table([
        astropy_table.Column(column, dtype=object) if column.dtype.kind == "U" else column
        for column in table.itercols()])
    whole = astropy_votable.from_table(of_any_length, table_id="light_curve")
    whole.version, resource = "1.4", whole.resources[0]
    config = {"version_1_4_or_later": True, "version": "1.4"}
    resource.type, resource.description = "results", NOTE
    resource.infos.extend(tree.Info(ID=word, name=word, value=text)
                          for word, text in origin.values().items())
    resource.time_systems.append(tree.TimeSys(
        ID="time_system", timeorigin=MJD_ORIGIN, timescale="UTC", refposition="HELIOCENTER",
        config=config))
    votable, (name, ra_deg, dec_deg) = resource.tables[0], target
    votable.name = name
    if ra_deg is not None:
        resource.coordinate_systems.append(tree.CooSys(ID="frame", system="ICRS"))
        votable.params.extend(tree.Param(
            whole, name=word, ID=word, value=str(value), datatype="double", unit="deg",
            ref="frame", ucd=f"pos.eq.{word};meta.main")
            for word, value in (("ra", ra_deg), ("dec", dec_deg)))
    # The photometric system, to which the magnitudes refer
    group = tree.Group(votable, ID="photometry", name="photometry", utype="photDM:PhotCal")
    for word, value, unified, utype in (
            ("filterIdentifier", band or "unknown", "meta.id;instr.filter",
             "photDM:PhotometryFilter.identifier"),
            ("magnitudeSystem", SYSTEM, "meta.code", "photDM:PhotCal.magnitudeSystem.type")):
        group.entries.append(tree.Param(whole, name=word, ID=word, value=value, datatype="char",
                                        arraysize="*", ucd=unified, utype=utype))
    votable.groups.append(group)
    for field in votable.fields:
        field.ucd = ucd(field.name, band)
        if field.name == "mhjd":
            field.ref = "time_system"
        elif field.name.startswith("mag") and field.unit is not None:
            field.ref = "photometry"
    whole.to_xml(str(path), tabledata_format="tabledata")


def _write_fits(temporary, table, target, band):
    """Write a binary table with units, UCDs and the cards of the time system.

    FITS is of ASCII: other letters become "?".
    """
    hdu = fits.table_to_hdu(astropy_table.Table([
        astropy_table.Column(np.char.encode(column, "ascii", "replace"), name=column.name)
        if column.dtype.kind == "U" else column for column in table.itercols()]))
    header = hdu.header
    header["EXTNAME"] = "LIGHTCURVE"
    cards = {"OBJECT": target[0].encode("ascii", "replace").decode(), "RA": target[1],
             "DEC": target[2], "RADESYS": "ICRS",
             "FILTER": band or None, "TIMESYS": "UTC", "TREFPOS": "HELIOCENTER", "TIMEUNIT": "d",
             "MJDREF": 0.0, "MAGSYS": SYSTEM}
    header.update({key: value for key, value in cards.items() if value is not None})
    for i, name in enumerate(table.colnames, 1):
        header[f"TUCD{i}"] = ucd(name, band)
        header[f"TCOMM{i}"] = table[name].description or ""
    header["COMMENT"] = NOTE
    hdus = fits.HDUList([fits.PrimaryHDU(), hdu])
    origin.mark(hdus[0].header)
    hdus.writeto(temporary)


def rounded(columns):
    """Return columns with the digits that mean something: what .rdb and .csv hold.

    Dates to 0.1 s, magnitudes to 10 micromagnitudes, their errors to four figures.
    """
    decimals = {"mhjd": 6, "fwhm": 4, "ellipticity": 4, "airmass": 4, "relskylevel": 2,
                "normcoeff": 5, "mag": 5}
    return {name: values if values.dtype.kind != "f" else np.round(values, decimals[kind])
            if (kind := name.split("_")[0]) in decimals
            else np.array([float(f"{value:.4g}") for value in values])
            for name, values in columns.items()}
