"""Fetch the star catalogue of the field once: from Gaia by the network, or from a file.

Needs   : lens_ra_deg and lens_dec_deg of the settings, and the network; or a file (--from-file)
Writes  : configs/<lens>/catalogue.ecsv (the name that `catalogue` of the settings gives)
Settings: catalogue, catalogue_radius_arcmin, lens_ra_deg, lens_dec_deg
Next    : fac_astrometry/2_plate_solve

Run as  : python pipe/fac_astrometry/1_fetch_catalogue.py configs/MYLENS
          [--from-file topcat.csv] [--add panstarrs] [--add-file mags.csv] [--service URL]

A catalogue that is there stays, unless --redo is given. Three services are asked for Gaia DR3,
each for 60 s at most: those of ESA, ARI and VizieR. The file can be made on another machine and
copied: the scripts after this one need no network. --from-file takes what TOPCAT or another
program has saved; --add and --add-file join magnitudes of Pan-STARRS1, or of a file, to the stars.
"""

from pathlib import Path

from cosmouline.astrometry import catalogues, db_catalogue, io_gaia, io_local_catalogue
from cosmouline.astrometry import io_panstarrs as magnitudes
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.run import log_line, run

ARGUMENTS = {
    "--from-file": {"help": "a table of stars: ECSV, FITS, VOTable or CSV, RA and Dec in degrees"},
    "--add": {"choices": ("panstarrs",), "help": "join the magnitudes of this survey"},
    "--add-file": {"help": "join the magnitudes of the stars of this table"},
    "--service": {"help": "ask this TAP service, with the tables of ESA's Gaia archive"},
    "--timeout": {"type": float, "default": io_gaia.TIMEOUT_S, "metavar": "S",
                  "help": "seconds for each service (%(default)g)"},
}


def stars_of(path, settings):
    """Return the catalogue, and where it comes from: None for the file that is there."""
    options = settings.options
    if options.from_file:
        return io_local_catalogue.read(options.from_file), {"file": Path(options.from_file).name}
    if path.exists() and not options.redo:
        log_line("%s is there: kept (--redo fetches it again)", paths.relative(path))
        return io_local_catalogue.read(path), None
    try:
        return io_gaia.fetch(*db_catalogue.circle(settings), io_gaia.services(options.service),
                             options.timeout)
    except UserError as problem:
        if not path.exists():
            raise
        log_line("%s stays as it was: %s", paths.relative(path), problem)
        return io_local_catalogue.read(path), None


def main(settings, db):
    """Fetch or read, join magnitudes, check and write."""
    path, options = paths.catalogue(settings), settings.options
    if path is None or path.suffix != ".ecsv":
        raise UserError(f"catalogue = {settings.catalogue!r} in the settings: name the file to "
                        'write, as catalogue = "catalogue.ecsv".')
    stars, meta = stars_of(path, settings)
    if options.add or options.add_file:
        other = (magnitudes.fetch(*db_catalogue.circle(settings), timeout_s=options.timeout)[0]
                 if options.add else io_local_catalogue.read(options.add_file))
        stars, n = magnitudes.joined(stars, other)
        meta = (meta or {}) | {"joined": options.add or Path(options.add_file).name}
        log_line("magnitudes of %d stars are joined", n)
    db_catalogue.check_place(stars, settings)
    if meta is not None:
        io_local_catalogue.write(path, stars, meta)
    log_line("%d stars, magnitudes in %s: %s", catalogues.n_of(stars),
             ", ".join(catalogues.bands_of(stars)) or "no band", paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
