"""Where each product lies under ``settings.work_dir``."""

import contextlib
from pathlib import Path

from cosmouline.database.script_header import ROOT
from cosmouline.errors import UserError

PREPARATION = "0_preparation/"  # its scripts have a database of their own: of raw frames
RAW_DATABASE = "raw_frames.json"
SHAPES = "fac_shapes/"  # of CCDs and tiles
SHAPES_DATABASE = "shapes.json"

def check_links(settings):
    """Raise UserError for a link in the work folder that leads out of it."""
    inside = settings.work_dir.resolve()
    for path in sorted(inside.iterdir()) if inside.is_dir() else ():
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            raise UserError(f"{path} is a link to {str(path.resolve())!r}, outside of work_dir: "
                            "products would be written there. Remove the link, or give work_dir "
                            "on the larger disk.")


def database(settings, script=""):
    """Return the path of the image database; scripts of raw frames and of CCDs have their own."""
    name = (RAW_DATABASE if script.startswith(PREPARATION) else
            SHAPES_DATABASE if script.startswith(SHAPES) else "database.json")
    return settings.work_dir / name


def logs(settings):
    """Return the folder of the log files, one per run of a script."""
    return settings.work_dir / "logs"


def steps(settings):
    """Return the folder of the notes of scripts that leave nothing in the rows."""
    return settings.work_dir / "steps"


def image(settings, img_name):
    """Return the path of the image in electrons, never resampled."""
    return settings.work_dir / "ali" / f"{img_name}.fits"


def calibrated(settings, name=""):
    """Return the folder of the calibrated frames of one entry of raw_frames."""
    return settings.work_dir / "calibrated" / name


def without_master_sky(settings, name=""):
    """Return the folder of calibrated frames from which a master sky was taken."""
    return settings.work_dir / "calibrated_sky" / name


def masters(settings):
    """Return the folder of master bias, dark, flat and sky frames."""
    return settings.work_dir / "masters"


def master_noise(settings, img_name):
    """Return the path of the variance that master frames brought into an image."""
    return settings.work_dir / "ali" / f"{img_name}.noise.fits"


def aligned(settings, img_name):
    """Return the path of the image resampled onto the reference image, without sky."""
    return settings.work_dir / "aligned" / f"{img_name}.fits"


def deep(settings):
    """Return the path of the deep stack of a band."""
    name = of_band(f"combi_{settings.combi_name}", settings)
    return settings.work_dir / f"{name}.fits"


def stacks(settings):
    """Return the folder of the stacks by night, one folder of frames per set inside."""
    return settings.work_dir / f"combi_{settings.combi_group_name}"


def photometry(settings):
    """Return the folder of the photometry of the field: stacks by filter, their lists and page."""
    return settings.work_dir / f"photom_{settings.photom_name}"


def photom_sources(settings):
    """Return the path of the sources found on the stacks of all filters together."""
    return photometry(settings) / "sources.ecsv"


def photom_table(settings):
    """Return the path of the sources with their fluxes and magnitudes in every filter."""
    return photometry(settings) / "photom.ecsv"


def catalog(settings, img_name):
    """Return the path of the sources detected on one image."""
    return settings.work_dir / "ali" / f"{img_name}.cat.fits"


def wcs(settings, img_name):
    """Return the path of the plate solution of one image: the cards of its WCS."""
    return settings.work_dir / "wcs" / f"{img_name}.fits"


def reference_wcs(settings):
    """Return the path of the WCS of the reference image, for lists of stars in RA and Dec."""
    return settings.work_dir / "reference_wcs.fits"


def catalogue(settings):
    """Return the path of the lens's star catalogue; None where the settings want none."""
    return settings.config_dir / settings.catalogue if settings.catalogue else None


def catalogue_stars(settings):
    """Return the path of the stars of the catalogue that fall on the images."""
    return settings.work_dir / "catalogue_stars.ecsv"


def sky(settings, img_name):
    """Return the path of the sky map of one image."""
    return settings.work_dir / "sky" / f"{img_name}.fits"


def fringes(settings, name):
    """Return the path of the pattern of fringes of one set and night."""
    return settings.work_dir / "fringes" / f"{name}.fits"


def flat_map(settings, set_name):
    """Return the path of the map of the errors of the flat field of one set."""
    return settings.work_dir / "flat" / f"{set_name}.fits"


def bad_pixels(settings, set_name):
    """Return the path of the bad-pixel mask of one set."""
    return settings.work_dir / "badpix" / f"{set_name}.fits"


def field_stars(settings):
    """Return the path of all stars of the field, in pixels of the reference image."""
    return settings.work_dir / "field_stars.ecsv"


def picked_stars(settings):
    """Return the path of the normalisation stars that were picked or taken over."""
    return settings.work_dir / "normstars.cat"


def psf_stamps(settings, img_name):
    """Return the path of the stamps of the PSF stars of one image."""
    return settings.work_dir / f"psf_{settings.psf_name}" / f"{img_name}_stamps.fits"


def psf(settings, img_name):
    """Return the path of the PSF of one image."""
    return settings.work_dir / f"psf_{settings.psf_name}" / f"{img_name}_psf.fits"


def objects(settings, img_name):
    """Return the path of the stamps of the lens and the stars of one image."""
    return settings.work_dir / "objects" / f"{img_name}.fits"


def of_band(name, settings):
    """Return a name with that of the band behind it, if the settings are those of one band."""
    return f"{name}_{settings.band}" if settings.band else name


def deconvolution(settings):
    """Return the folder of one joint deconvolution."""
    return settings.work_dir / of_band(f"dec_{settings.dec_name}", settings)


def injection(settings):
    """Return the folder of the sources that are injected to test one joint deconvolution."""
    return settings.work_dir / of_band(f"injection_{settings.dec_name}", settings)


def injected_stamps(settings, img_name):
    """Return the path of the stamps of one image with injected sources."""
    return injection(settings) / "images" / f"{img_name}.fits"


def injected_psf(settings, img_name):
    """Return the path of the PSF of one image without the stars that are copied."""
    return injection(settings) / "images" / f"{img_name}_psf.fits"


def pictures(settings, name):
    """Return a folder of pictures, one per image."""
    return settings.work_dir / f"{of_band(name, settings)}_png"


def drawn_masks(settings):
    """Return the files of the lens's folder with masks drawn for this PSF and for objects."""
    patterns = f"psf_{settings.psf_name}_mask_*.reg", "obj_*_mask.reg"
    return sorted(path for pattern in patterns for path in settings.config_dir.glob(pattern))


def plot(settings, name):
    """Return the path of one plot."""
    return settings.work_dir / "plots" / f"{of_band(name, settings)}.png"


def report(settings, name):
    """Return the path of one text report."""
    return settings.work_dir / f"report_{of_band(name, settings)}.txt"


def lookback(settings):
    """Return the folder of the web pages that show a reduction."""
    return settings.work_dir / of_band(f"lookback_{settings.dec_name}", settings)


def sample(name):
    """Return the path of a file of the folder of sample settings."""
    return ROOT / "configs" / "sample" / name


def shapes(settings, kind, name=""):
    """Return the path of one product of the shape route, such as that of a CCD, or its folder."""
    return settings.work_dir / "shapes" / kind / name


def exports(settings):
    """Return the folder of exported tables and light curves."""
    return settings.work_dir / "export"


def final(settings):
    """Return the folder of the bundles of final products."""
    return settings.work_dir / "final"


def light_curves(settings):
    """Return the files of all light curves of a deconvolution, joined as the settings say.

    Those of bands, telescopes and sets have their names after ``_``: ``lens2`` is no band of
    ``lens``.
    """
    name, end = f"{settings.lens_name}_{settings.dec_name}", f"_by_{settings.join_by}.rdb"
    return sorted({path for pattern in (f"{name}{end}", f"{name}_*{end}")
                   for path in exports(settings).glob(pattern)})


def light_curve(settings, part=""):
    """Return the path of a light curve that lcmanip writes, of all or of one telescope or set."""
    name = of_band(f"{settings.lens_name}_{settings.dec_name}", settings)
    return exports(settings) / f"{name}{f'_{part}' if part else ''}_by_{settings.join_by}.rdb"


def compiled(settings):
    """Return the folder of compiled programs."""
    return settings.work_dir / "compiled"


def relative(path):
    """Return a path as short as it can be shown to the user."""
    with contextlib.suppress(ValueError):
        return Path(path).relative_to(Path.cwd())
    return Path(path)
