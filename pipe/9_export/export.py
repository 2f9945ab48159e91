"""Export the database as tables: ECSV for TOPCAT and astropy, and a pickle of dicts.

Needs   : the rows of the database
Writes  : export/<lens>_db.ecsv, .pkl, .json and _readme.txt, and the same as <date>_<lens>_...
Settings: lens_name, lens_ra_deg, lens_dec_deg, dec_name, psf_name, renorm_name, export_psfs,
          export_renorms, export_decs
Next    : lcmanip/1_join

Run as  : python pipe/9_export/export.py configs/MYLENS [--psfs psf1 psf2] [--renorms renorm1]
          [--decs lens lens2]

The fields of several PSFs, renormalisations and deconvolutions are kept next to each other: all
are exported, or only those that are named. The readme lists them. The .json is a copy of the
complete database, which can replace work_dir/database.json. The files without a date are the
newest; dated copies stay, one per day.
"""

import shutil
import time

from cosmouline import __version__
from cosmouline.database import export, paths
from cosmouline.database.fields import lookup
from cosmouline.database.json_store import Store
from cosmouline.files import io_report
from cosmouline.files.atomic import atomic_path
from cosmouline.files.io_table import write_ecsv, write_plain_pickle
from cosmouline.run import log_line, run

NEEDS = ("img_name",)
WRITES = ()
ARGUMENTS = {f"--{kind}": {"nargs": "+", "metavar": "NAME", "help":
             f"those to export (default: export_{kind} of the settings, else all)"}
             for kind in ("psfs", "renorms", "decs")}
ENDS = ("db.ecsv", "db.pkl", "db.json", "readme.txt")


def declared(rows):
    """Return type, unit and meaning of every field that some row has, by name."""
    return {name: lookup(name)[1:4] for name in export.fields_of(rows)}


def readme(rows, fields, settings):
    """Return a text on what the tables hold."""
    place = (f"target: RA {settings.lens_ra_deg}, Dec {settings.lens_dec_deg} deg\n"
             if settings.lens_ra_deg is not None else "")
    return (f"cosmouline {__version__}\n{place}\n{export.text(rows)}\n"
            f"in the settings: deconvolution {settings.dec_name}, PSF {settings.psf_name}, "
            f"renormalisation {settings.renorm_name}\n\n" + export.field_table(fields))


def wanted(settings):
    """Return the names to export by kind, from the options or else the settings."""
    return {kind: getattr(settings.options, f"{kind}s") or getattr(settings, f"export_{kind}s")
            for kind in export.KINDS}


def main(settings, db):
    """Write the tables, the text that explains them, and the dated copies."""
    rows = export.without(db.select(), wanted(settings))
    fields = declared(rows)
    folder, name = paths.exports(settings), settings.lens_name or "lens"
    write_ecsv(folder / f"{name}_db.ecsv", rows, fields)
    write_plain_pickle(folder / f"{name}_db.pkl", rows)
    with atomic_path(folder / f"{name}_db.json") as temporary:
        Store(temporary).save(db.rows, db.runs)
    io_report.write_report(folder / f"{name}_readme.txt", f"{name}: the database of images",
                           readme(rows, fields, settings))
    date = time.strftime("%Y-%m-%d", time.gmtime())
    for end in ENDS:
        with atomic_path(folder / f"{date}_{name}_{end}") as temporary:
            shutil.copyfile(folder / f"{name}_{end}", temporary)
    log_line("%d images, %d fields: %s", len(rows), len(fields), paths.relative(folder))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
