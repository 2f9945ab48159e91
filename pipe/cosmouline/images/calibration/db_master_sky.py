"""Calibrated frames without the pattern that a master sky has."""

import logging
import tempfile
from pathlib import Path

from cosmouline import library
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits import read_header
from cosmouline.frames.header_values import filter_key
from cosmouline.images.calibration.db_calibrate import BAD, header_with, write_calibrated
from cosmouline.images.calibration.io_master import (
    KIND,
    put_aside,
    rows_of,
    variance_of_masters,
)
from cosmouline.images.calibration.master_sky import filled, prepared, removed
from cosmouline.images.calibration.masters import combined
from cosmouline.images.io_stack import read_stack, stack_writer
from cosmouline.robust import mad_sigma

import numpy as np

fits = library("astropy.io.fits")

log = logging.getLogger("cosmouline")

LEAST_FRAMES = 3


def path_of(image, settings):
    """Return the path of the calibrated frame of a row."""
    return paths.calibrated(settings, image["set_name"]) / f"{image['standard_name']}.fits"


def groups(images, per_target):
    """Return the master skies to make: one for each camera and filter, or target too."""
    found = {}
    for image in images:
        key = [image["set_name"], image["frame_config"], filter_key(image.get("frame_filter", ""))]
        key += [image.get("frame_target", "")] if per_target else []
        found.setdefault("_".join(["sky", *key]), []).append(image)
    items = []
    for name, rows in sorted(found.items()):
        name = "".join(c if c.isalnum() or c in "_+-." else "-" for c in name)
        if len(rows) < LEAST_FRAMES:
            log.warning("%s: only %d frames, a master sky needs %d", name, len(rows), LEAST_FRAMES)
            continue
        items.append({"img_name": name, "images": rows})
    return items


def make(item, settings):
    """Write the master sky of some frames, and these frames without its pattern."""
    images, folder = item["images"], paths.masters(settings)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{item['img_name']}.fits"
    levels, sigmas, readers, shape = [], [], [], None
    with tempfile.TemporaryDirectory(dir=folder, prefix=".prepared-") as aside:
        for number, image in enumerate(images):
            data, mask, _, _ = _read(path_of(image, settings))
            if shape not in (None, data.shape):
                raise UserError(f"{image['standard_name']} has another size than the first frame")
            shape = data.shape
            relative, level = prepared(data, (mask & BAD) > 0)
            if not level > 0:
                raise UserError(f"{image['standard_name']}: its sky is {level:.1f} ADU: a master "
                                "sky needs frames with their sky")
            levels.append(level)
            sigmas.append(mad_sigma(relative[np.isfinite(relative)][::7]))
            put_aside(Path(aside) / f"{number}", relative)
            readers.append(rows_of(Path(aside) / f"{number}", shape))
        cards = {"BUNIT": "1", KIND: "sky", "SETNAME": images[0]["set_name"],
                 "FILTER": images[0].get("frame_filter"), "NCOMBINE": len(images)}
        with stack_writer(path, shape, cards) as write:
            combined(readers, shape, sigmas, np.zeros(len(images)), write)
    sky, variance, _, _ = read_stack(path)
    sky = filled(sky)
    for image, level in zip(images, levels, strict=True):
        data, mask, header, source = _read(path_of(image, settings))
        extra = variance_of_masters(source, data.shape)
        extra = np.zeros(data.shape, np.float32) if extra is None else extra
        noise = np.nan_to_num(variance) * np.float32(level**2)
        extra = np.where(extra > 0, extra + noise, 0)
        target = paths.without_master_sky(settings, image["set_name"]) / source.name
        write_calibrated(target, removed(data, sky, level), mask, extra,
                         header_with(header, {"CALSKY": item["img_name"][:60]}))
    log.info("%s: %d frames, its pattern has an rms of %.2g of the sky", item["img_name"],
             len(images), mad_sigma(sky.ravel()[::7]))
    return {}


def _read(path):
    """Return counts, mask and header of a calibrated frame, and its path."""
    if not path.is_file():
        raise UserError(f"there is no {path}. Run 0_preparation/2a_calibrate.py first.")
    with fits.open(path, memmap=False) as hdus:
        data, mask = hdus[0].data.astype(np.float32), hdus["MASK"].data
    return data, mask, read_header(path), path
