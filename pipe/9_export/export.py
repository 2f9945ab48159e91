"""Export the database as tables: ECSV for TOPCAT and astropy, and a pickle of dicts.

Needs   : the rows of the database
Writes  : export/<lens>_db.ecsv, .pkl and _readme.txt
Settings: lens_name, dec_name, psf_name, renorm_name
Next    : lcmanip/1_join

Run as  : python export.py ../../configs/MYLENS
"""

from cosmouline import __version__, paths, reports
from cosmouline.fields import lookup
from cosmouline.io_table import write_ecsv, write_plain_pickle
from cosmouline.run import log_line, run

NEEDS = ("img_name",)
WRITES = ()


def declared(rows):
    """Return type, unit and meaning of every field that some row has, by name."""
    names = sorted({name for row in rows for name in row})
    return {name: lookup(name)[1:4] for name in names}


def readme(rows, fields, settings):
    """Return a text that tells what the tables hold."""
    in_use = [row for row in rows if row["gogogo"]]
    lines = [{"field": name, "unit": unit, "meaning": meaning}
             for name, (_, unit, meaning) in fields.items()]
    return (f"cosmouline {__version__}\n{len(rows)} images, {len(in_use)} in use\n"
            f"deconvolution {settings.dec_name}, PSF {settings.psf_name}, "
            f"renormalisation {settings.renorm_name}\n\n"
            + reports.table(lines, ("field", "unit", "meaning")))


def main(settings, db):
    """Write the tables and the text that explains them."""
    rows = db.select()
    fields = declared(rows)
    folder = paths.exports(settings)
    name = settings.lens_name or "lens"
    write_ecsv(folder / f"{name}_db.ecsv", rows, fields)
    write_plain_pickle(folder / f"{name}_db.pkl", rows)
    reports.write_report(folder / f"{name}_readme.txt", f"{name}: the database of images",
                         readme(rows, fields, settings))
    log_line("%d images, %d fields: %s", len(rows), len(fields), paths.relative(folder))


if __name__ == "__main__":
    run(main, __doc__)
