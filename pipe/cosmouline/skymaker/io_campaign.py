"""A campaign on the disk: FITS frames in a folder per telescope, and the truth next to them."""

import dataclasses
import itertools
import json
import os
from pathlib import Path

from cosmouline.astrometry import io_local_catalogue
from cosmouline.errors import UserError
from cosmouline.files.atomic import atomic_path
from cosmouline.skymaker import draw, geometry, raw, variability

import numpy as np
from astropy.io import fits
from astropy.table import Table, vstack
from tqdm import tqdm

N_CALIBRATIONS = 5  # bias, dark and flat frames each, of a night
CALIBRATED_DAYS = 20.0
COMMENTS = {
    "DATE-OBS": "start of the exposure (UTC)",
    "MJD-OBS": "[d] start of the exposure (UTC)",
    "EXPTIME": "[s] exposure time",
    "GAIN": "[electron/adu] conversion factor",
    "RDNOISE": "[electron] read noise",
    "SATURATE": "[adu] saturation level",
    "PIXSCALE": "[arcsec/pixel] scale",
    "SITELONG": "[deg] longitude, east positive",
    "SITELAT": "[deg] latitude",
    "SITEELEV": "[m] height",
}


def draw_campaign(campaign, folder, indices=None, progress=False):
    """Draw the frames of a campaign into a folder, and write the truth next to them.

    Parameters
    ----------
    campaign : model.Campaign
    folder : str or Path
        Holds ``frames/<telescope>/<campaign>_<index>.fits`` and the truth afterwards.
    indices : iterable of int, optional
        The frames to draw; all of them by default. The truth lists the drawn ones.
    progress : bool
        Show a bar.

    Returns
    -------
    list of Path
        The frames, in the order drawn.

    Raises
    ------
    UserError
        If the folder holds other frames, which the truth would not describe.

    Notes
    -----
    Every file is complete or absent, unless its frame is to be cut off. The truth is one row per
    frame (``truth_frames.ecsv``, `draw.frame_truth`), one row per source and frame in 0-based
    pixels (``truth_objects.ecsv``, `draw.objects_of_frame`), one row per star
    (``truth_stars.ecsv``, `star_table`), what was planted (``truth_faults.ecsv``), and all
    parameters with the coordinates of the images of the lens (``truth.json``); ``catalogue.ecsv``
    holds the stars as a catalogue of a survey would, for the folder of the lens. Raw cameras have
    their calibration frames in ``calib/<telescope>`` and their flat fields in
    ``truth_flat_<telescope>.fits``.
    """
    folder = Path(folder)
    indices = list(range(len(campaign.frames)) if indices is None else indices)
    paths = [folder / frame_file(campaign, index) for index in indices]
    # frames of another campaign would have no truth
    others = sorted(set(folder.glob("frames/*/[!.]*.fits")) - set(paths))
    if others:
        raise UserError(
            f"{folder} already holds {len(others)} frames of another campaign (first: "
            f"{others[0].relative_to(folder)}). Give another folder, or delete this one first.")
    # the frames, some of them cut off as by a full disk
    for index, path in zip(tqdm(indices, "drawing", disable=not progress), paths, strict=True):
        data_adu, header, _ = draw.draw_frame(campaign, index)
        write_frame(path, data_adu, header, campaign.telescope_of(index))
        kept = campaign.frames[index].kept_of_file
        if kept < 1:
            os.truncate(path, int(kept * path.stat().st_size))
    # what a raw camera needs to be reduced
    for telescope in campaign.telescopes:
        if telescope.raw is None:
            continue
        for night, first in enumerate(calibration_nights(campaign)):
            for kind, n in itertools.product(raw.CODES, range(N_CALIBRATIONS)):
                number = n + night * N_CALIBRATIONS
                frame = raw.calibration_frame(campaign, telescope, kind, number,
                                              campaign.frames[0].exptime_s, first)
                write_frame(folder / "calib" / telescope.name / f"{kind}_{number:02d}.fits",
                            *frame, telescope)
        write_frame(folder / f"truth_flat_{telescope.name}.fits",
                    raw.flat_field(telescope).astype("float32"), {"TELESCOP": telescope.name})
    # the truth
    faults = [("faults", fault_table(campaign))] if campaign.faults else []
    for name, table in (*faults, ("frames", frame_table(campaign, indices)),
                        ("objects", object_table(campaign, indices)),
                        ("stars", star_table(campaign))):
        with atomic_path(folder / f"truth_{name}.ecsv") as temporary:
            table.write(temporary, format="ascii.ecsv")
    if campaign.stars:
        io_local_catalogue.write(folder / "catalogue.ecsv", catalogue(campaign),
                                 {"campaign": campaign.name, "system": "Vega"})
    with atomic_path(folder / "truth.json") as temporary:
        temporary.write_text(json.dumps(parameters(campaign), indent=1) + "\n")
    return paths


def frame_file(campaign, index):
    """Path of a frame inside the folder of its campaign."""
    telescope = campaign.frames[index].telescope
    return Path("frames") / telescope / f"{campaign.name}_{index:04d}.fits"


def calibration_nights(campaign):
    """Return the frames before whose nights calibrations are taken: every CALIBRATED_DAYS days."""
    found = [0]
    for index, frame in enumerate(campaign.frames):
        if frame.mjd_start - campaign.frames[found[-1]].mjd_start >= CALIBRATED_DAYS:
            found.append(index)
    return found


def write_frame(path, data_adu, header, telescope=None):
    """Write one frame as FITS: uint16 as such (BZERO 32768), float32 as 32 bit floats.

    With a `telescope` of two raw amplifiers each of them has an image of its own.
    """
    parts = raw.extensions(data_adu, telescope) if telescope and telescope.raw else []
    primary = fits.PrimaryHDU(None if parts else data_adu)
    for key, value in header.items():
        primary.header[key] = (value, COMMENTS.get(key, ""))
    hdus = fits.HDUList([primary])
    for pixels, cards in parts:
        hdus.append(fits.ImageHDU(pixels))
        hdus[-1].header.update(cards)
    with atomic_path(path) as temporary:
        hdus.writeto(temporary)


def frame_table(campaign, indices):
    """Truth of the frames: `draw.frame_truth`, after the file; an astropy Table."""
    return Table([{"file": str(frame_file(campaign, index)), **draw.frame_truth(campaign, index)}
                  for index in indices])


def object_table(campaign, indices):
    """Truth of every source on every frame: `draw.objects_of_frame`, after the file; a Table."""
    tables = []
    for index in indices:
        table = Table(draw.objects_of_frame(campaign, index))
        file = str(frame_file(campaign, index))
        table.add_column(np.full(len(table), file), name="file", index=0)
        tables.append(table)
    return vstack(tables)


def star_table(campaign):
    """Truth of the stars: all their parameters and their mean flux on each telescope; a Table.

    The position is that of epoch 2016.0; ``flux_e_s_<telescope>`` is at transparency 1.
    """
    table = Table([dataclasses.asdict(star) for star in campaign.stars])
    for telescope in campaign.telescopes if len(table) else ():
        fluxes = variability.flux_e_s(telescope, table["mag"], table["colour_mag"])
        table[f"flux_e_s_{telescope.name}"] = np.asarray(fluxes)
    table.meta["epoch_year"] = geometry.EPOCH_YEAR
    return table


def catalogue(campaign):
    """Stars of a campaign as a catalogue like Gaia's: columns of `catalogues.COLUMNS`.

    G is the magnitude of the star, BP - RP its colour, half of it on either side of G; then the
    magnitudes in the filters of the telescopes. Variable
    stars are flagged; the sources of the lens are not in it.
    """
    stars = campaign.stars
    mag, colour = (np.array([getattr(star, name) for star in stars])
                   for name in ("mag", "colour_mag"))
    found = {"source_id": np.array([star.name for star in stars]),
             "epoch_year": np.full(len(stars), geometry.EPOCH_YEAR),
             "is_variable": np.array([float(star.amplitude_mag > 0) for star in stars]),
             "ruwe": np.ones(len(stars))}
    for name, attribute in (("ra_deg", "ra_deg"), ("dec_deg", "dec_deg"),
                            ("pmra_mas_yr", "pm_ra_mas_yr"), ("pmdec_mas_yr", "pm_dec_mas_yr")):
        found[name] = np.array([getattr(star, attribute) for star in stars])
    for band, values in (("G", mag), ("BP", mag + colour / 2), ("RP", mag - colour / 2)):
        found |= {f"mag_{band}": values, f"magerr_{band}": np.full(len(stars), 0.001)}
    for telescope in campaign.telescopes:
        found[f"mag_{telescope.filter_name}"] = mag + telescope.colour_term * colour
        found[f"magerr_{telescope.filter_name}"] = np.full(len(stars), 0.001)
    return found


def fault_table(campaign):
    """Truth of what was planted: kind, telescope, file (empty: all frames), size, meaning."""
    return Table([{"kind": fault.kind, "telescope": fault.telescope,
                   "file": str(frame_file(campaign, fault.index)) if fault.index >= 0 else "",
                   "size": fault.size, "meaning": fault.meaning} for fault in campaign.faults])


def parameters(campaign):
    """All parameters of a campaign as a dict that JSON can hold.

    Frames and faults are left out (they have their tables); ``lens_images`` gives the right
    ascension and declination (degrees) of each image of the lens.
    """
    values = dataclasses.asdict(campaign)
    del values["frames"], values["faults"]
    if campaign.lens is not None:
        names = [image.name for image in campaign.lens.images]
        positions = np.column_stack(geometry.lens_positions(campaign.lens)).tolist()
        values["lens_images"] = dict(zip(names, positions, strict=True))
    return values
