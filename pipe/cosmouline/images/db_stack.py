"""Stacks of images of the database: their images, weights and header."""

from cosmouline import library
from cosmouline.astrometry import db_coordinates
from cosmouline.database import manifest, paths
from cosmouline.database.coefficient_choice import COEFFICIENTS
from cosmouline.database.columns import column
from cosmouline.database.fields import expand
from cosmouline.dates import JD_MINUS_MJD, mjd_to_iso
from cosmouline.errors import UserError
from cosmouline.files import io_fits
from cosmouline.images.combine import combine, strips
from cosmouline.images.io_stack import PLANES, WEIGHT, row_reader, stack_writer
from cosmouline.images.stack_noise import as_exposure, mean_date

import numpy as np

astropy_wcs = library("astropy.wcs")

COVERED_MIN = 0.5  # a pixel that fewer of the images cover is left empty
RDNOISE_MOST_E, SATURLVL_MOST = 200.0, 1e7  # more is refused when a frame is imported again
MOST_NAMED = 9999  # images whose names fit into a header
NEEDS = ("aligned_noise", "align_scale", "sky_noise_e", "sky_level_e", "saturation_e",
         "read_noise_e", "exptime_s", "mjd", "pixel_scale_arcsec")


def needs(settings):
    """Return the fields that a stack needs: those of all, and the coefficient chosen."""
    return NEEDS + COEFFICIENTS[settings.combi_coefficient][:1]


def coefficient(image, settings):
    """Return the coefficient that brings an image to the scale of its stack."""
    names = expand(COEFFICIENTS[settings.combi_coefficient][:1], settings)
    return image[names[0]] if names else 1.0


def exposure(images, settings, coeff=None):
    """Return the `stack_noise.Exposure` that the stack of these images is; see `write`."""
    scale = column(images, "align_scale")
    room_e = (column(images, "saturation_e") - column(images, "sky_level_e")) * scale**2
    coeff = _coefficients(images, settings) if coeff is None else coeff
    return as_exposure(
        coeff, sigma_e(images), column(images, "read_noise_e") * scale, room_e,
        column(images, "aligned_noise"), settings.combi_method)


def sigma_e(images):
    """Return the noise of the sky per pixel of the reference that counts for a flux."""
    return column(images, "sky_noise_e") * column(images, "align_scale")


def _coefficients(images, settings):
    return np.array([coefficient(image, settings) for image in images])


def write(path, images, reference, settings, as_sum=False, own_cards=None, coeff=None):
    """Combine images and write the stack; return its cards.

    Parameters
    ----------
    path : Path
    images : list of dict
        Rows; their resampled images must be there.
    reference : dict
        Row of the reference image, whose grid and celestial coordinates the stack has.
    settings : namespace
    as_sum : bool
        True: on the scale of the sum of the exposures, with a sky, to be imported again as a
        frame. False: electrons of the image whose coefficient is 1, without sky.
    own_cards : dict, optional
        More cards.
    coeff : ndarray of float, shape (n,), optional
        Scale of each image; the weights are then a plane of the file too. None: the coefficient
        that the settings choose.
    """
    planes = PLANES if coeff is None else (*PLANES, WEIGHT)
    coeff = _coefficients(images, settings) if coeff is None else np.asarray(coeff, float)
    found = exposure(images, settings, coeff)
    scale, sky = (found.scale, found.sky_adu) if as_sum else (1.0, 0.0)
    cards = {"BUNIT": "adu" if as_sum else "electron"}
    cards |= _cards(images, coeff, reference, settings, found, scale, sky) | (own_cards or {})
    wcs = db_coordinates.header_of(reference, settings)
    shape = reference["ny_px"], reference["nx_px"]
    readers = [_reader(image, shape, settings) for image in images]
    sigma = sigma_e(images) * coeff
    # row by row of all images, so that they are never in memory together
    with stack_writer(path, shape, cards, wcs, planes) as write_part:
        for rows, cols in strips(len(images), shape):
            values = np.stack([read(rows, cols) * np.float32(c)
                               for read, c in zip(readers, coeff, strict=True)])
            part = combine(values, sigma, coeff, settings.combi_method,
                           int(np.ceil(COVERED_MIN * len(images))),
                           sigma * column(images, "aligned_noise"))
            made = (part.image * np.float32(scale) + np.float32(sky),
                    part.variance * np.float32(scale**2), part.count,
                    np.nan_to_num(1 / (part.sky_variance * np.float32(scale**2))))
            write_part(rows, cols, made[:len(planes)])
    return cards


def stacks_made(settings):
    """Return the paths of the stacks of fac_combi, by set and date; UserError without any."""
    found = sorted(paths.stacks(settings).glob("*/*.fits"))
    if not found:
        raise UserError(f"there is no stack in {paths.stacks(settings)}. Run "
                        "fac_combi/2_combine.py first.")
    return found


def catalogue_rows(sources, fluxes, radii_fwhm, header):
    """Return the rows of a catalogue: position, shape, fluxes in apertures; NaN left out.

    `sources` are of ``detect.CATALOG_DTYPE``, `fluxes` the `ApertureFluxes` in apertures of
    `radii_fwhm`; the coordinates of the `header` of the stack, if any, give ra_deg and dec_deg.
    """
    columns = {name: sources[name].astype(float)
               for name in ("x_px", "y_px", "fwhm_px", "ellipticity", "pa_deg")}
    for k, radius in enumerate(radii_fwhm):
        columns[f"flux_{radius:g}fwhm_e"] = fluxes.flux_e[:, k]
        columns[f"sigma_{radius:g}fwhm_e"] = fluxes.sigma_e[:, k]
    cards = io_fits.wcs_cards(header)
    if cards is not None:
        places = astropy_wcs.WCS(cards).all_pix2world(sources["x_px"], sources["y_px"], 0)
        columns["ra_deg"], columns["dec_deg"] = places
    rows = [{name: float(v) for name, v in zip(columns, values, strict=True) if np.isfinite(v)}
            for values in zip(*columns.values(), strict=True)]
    return [row | {"is_saturated": bool(flag)}
            for row, flag in zip(rows, sources["is_saturated"], strict=True)]


def _reader(image, shape, settings):
    """Return the function that reads rows of a resampled image; check that it is as expected."""
    path = paths.aligned(settings, image["img_name"])
    manifest.check(path, image, settings)
    if not path.is_file():
        raise UserError(f"{path} is missing. Run 3_align/2a_opt_align.py --redo --only "
                        f"{image['img_name']}.")
    found, read = row_reader(path)
    if found != shape:
        raise UserError(f"{path} has {found[1]} x {found[0]} pixels, the reference image "
                        f"{shape[1]} x {shape[0]}. Run 3_align/2a_opt_align.py --redo.")
    return read


def _cards(images, coeff, reference, settings, found, scale, sky):
    """Return the cards of a stack, as telescopes/Combi.yaml reads them."""
    mjd = mean_date(column(images, "mjd"), coeff, sigma_e(images), settings.combi_method)
    per = scale / found.scale  # from the unit of the sum to that of the file
    first = images[0]
    named = {f"IMG{i:04d}": image["img_name"] for i, image in enumerate(images[:MOST_NAMED], 1)}
    return {
        "OBJECT": settings.lens_name, "REFIMG": reference["img_name"],
        "SETNAME": first["set_name"], "FILTER": first.get("filter"), "NCOMBINE": len(images),
        "COMBINE": settings.combi_method, "COEFF": settings.combi_coefficient,
        "JD": mjd + JD_MINUS_MJD, "MJD": mjd, "DATE-OBS": mjd_to_iso(mjd),
        "EXPTIME": sum(image["exptime_s"] for image in images),
        "GAIN": found.gain_e_per_adu / per,
        "RDNOISE": min(found.read_noise_e, RDNOISE_MOST_E),
        "SATURLVL": min((found.saturation_adu - found.sky_adu) * per + sky, SATURLVL_MOST),
        "SKYLEVEL": sky, "SKYSIG": found.sky_sigma_adu * per,
        "PIXSIG": found.pixel_sigma_adu * per, "NOISEFAC": found.noise_factor,
        "SCFACTOR": scale, "PIXSIZE": reference["pixel_scale_arcsec"],
        "TELSLON": first.get("site_lon_deg"), "TELSLAT": first.get("site_lat_deg"),
        "TELSELEV": first.get("site_height_m"), "ORIGTEL": first["telescope"],
    } | named
