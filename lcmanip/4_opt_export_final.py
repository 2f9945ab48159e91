"""Put the final products of a lens into one folder: curves, pictures, settings, database.

Needs   : the light curves (lcmanip/1_join, 2_plot) and the tables of 9_export/export
Writes  : final/<date>_<lens>_<deconvolution>/ with a readme.txt: versions, hashes, what is missing
Settings: lens_name, dec_name, psf_name, renorm_name, sum_sources, join_sources, join_separate,
          join_skiplists, join_by
Next    : PyCS3, and the archive

Run as  : python lcmanip/4_opt_export_final.py configs/MYLENS

All files are copies, no links, so that the folder can be given away. A second run on the same day
replaces it; folders of other days stay. `sha256sum -c readme.txt` checks a copy.
"""

import time

from cosmouline.database import bands, paths
from cosmouline.lightcurve import db_curves, release
from cosmouline.run import log_line, run

NEEDS = ("flux_e__{dec}__{source}",)
WRITES = ()
ARGUMENTS = db_curves.SUM_ARGUMENT


def curve_files(db, settings):
    """Return tables and pictures of the light curves."""
    found = {}
    for one in db_curves.curves(db, settings):
        stem = db_curves.existing(one.path).stem
        found |= {f"curves/{stem}{end}": one.path.with_name(stem + end) for end in
                  (".rdb", ".ecsv", ".vot", ".fits", ".csv", ".png", ".pdf", "_errors.png",
                   "_images.png")}
    return found


def reference_pictures(db, settings):
    """Return the pictures of the PSF and the deconvolution of the reference of every band."""
    found = {}
    for one, images in bands.split(db.select(gogogo=True, treatme=True), settings):
        name = bands.reference(images, db, one)["img_name"]
        for folder in (paths.pictures(settings, f"psf_{settings.psf_name}"),
                       paths.pictures(one, f"dec_{settings.dec_name}")):
            found[f"reference/{folder.name}_{name}.png"] = folder / f"{name}.png"
    return found


def lens_files(settings):
    """Return settings and lists of the lens, tables of the database, reports, stacks, plots."""
    name = settings.lens_name or "lens"
    database = {f"database/{name}_{end}": paths.exports(settings) / f"{name}_{end}"
                for end in ("db.ecsv", "db.pkl", "db.json", "readme.txt")}
    config = {f"config/{path.name}": path for path in sorted(settings.config_dir.iterdir())
              if path.is_file() and not path.name.startswith(".")}
    work = paths.database(settings).parent
    more = [path for pattern in ("report_*.txt", "plots/*.png", "combi_*.fits")
            for path in sorted(work.glob(pattern))]
    return config | database | {str(path.relative_to(work)): path for path in more}


def main(settings, db):
    """Find the files, copy them into one folder and log those that are missing."""
    files = curve_files(db, settings) | reference_pictures(db, settings) | lens_files(settings)
    missing = [name for name, path in files.items() if not path.is_file()]
    files = {name: path for name, path in files.items() if name not in missing}
    date = time.strftime("%Y-%m-%d", time.gmtime())
    name = f"{date}_{settings.lens_name or 'lens'}_{settings.dec_name}"
    about = (f"{settings.lens_name}: deconvolution {settings.dec_name}, PSF {settings.psf_name}, "
             f"renormalisation {settings.renorm_name}\nMagnitudes are instrumental: -2.5 log10 of "
             "the electrons on the scale of the reference image.")
    target = paths.final(settings) / name
    release.write(target, files, about, missing)
    for one in missing:
        log_line("missing: %s", one)
    log_line("%d files: %s", len(files), paths.relative(target))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
