"""Which frames make which master, and whether it is up to date."""

import hashlib
import logging
import tempfile
from pathlib import Path

from cosmouline.database import paths, provenance
from cosmouline.engine import tasks
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.io_fits import frame_stem
from cosmouline.frames.header_values import filter_key, filter_of, first_number
from cosmouline.frames.raw import db_raw_frames, kinds
from cosmouline.frames.raw.camera import raw_camera
from cosmouline.frames.telescope import load_telescope
from cosmouline.images.calibration.calibrate import linearised
from cosmouline.images.calibration.io_master import (
    KIND,
    given_masters,
    masters_in,
    put_aside,
    read_planes,
    rows_of,
)
from cosmouline.images.calibration.masters import clipped_median, coarse_shape, combined
from cosmouline.images.io_stack import stack_writer

import numpy as np

log = logging.getLogger("cosmouline")

CHOICE = ("flat_level_limits", "calibration_saturated_max", "master_by", "master_min_frames",
          "master_days_max", "master_temperature_max_c")
SHAPE_WITHIN = 0.01  # rms of the levels of parts of a flat over those of most
SAME_EXPOSURE = 0.01  # relative difference of two exposure times that count as one
QUANTISATION_ADU = 12**-0.5  # noise of whole numbers: a camera may give one value for its bias
MOST_FRAMES_NAMED = 999  # in the header of a master


def make_all(kind, images, settings):
    """Make the master frames of one kind; return for each frame which one it is part of.

    A master stays as it is while its frames, its own masters and the settings are the same.
    """
    images = [image for image in images if image["cal_use"] and image["cal_kind"] == kind]
    items = groups(images, kind, settings)
    folder = paths.masters(settings)
    before = {master.name: master for master in masters_in(folder)}
    for item in items:
        item["recipe"] = recipe(item, settings, list(before.values()))
    todo = [item for item in items if settings.options.redo or item["img_name"] not in before
            or before[item["img_name"]].recipe != item["recipe"]]
    list(tasks.results(make, todo, settings, f"master {kind}"))
    names = {item["img_name"] for item in items}
    for master in before.values():
        if master.kind == kind and master.name not in names:
            log.info("%s: its frames are no longer used: removed", master.name)
            master.path.unlink()
    log.info("%d master %s frames, %d of them new", len(items), kind, len(todo))
    return {image["img_name"]: {f"in_{kind}": item["img_name"]}
            for item in items for image in item["images"]}


def groups(images, kind, settings):
    """Return the masters to make of calibration frames: a list of dicts with name and images.

    Frames of one camera, size, binning, read-out mode and night go together; darks of one
    exposure time and temperature, flats of one filter. Groups of too few frames are told.
    """
    found = {}
    for image in images:
        key = [image["set_name"], image["frame_config"]]
        if kind == "dark":
            key.append(f"{image['frame_exptime_s']:g}s")
        if kind == "flat":
            key.append(filter_key(image.get("frame_filter", "none")))
        key.append(image["frame_night"] if settings.master_by == "night" else "all")
        found.setdefault(tuple(key), []).append(image)
    items = []
    for key, rows in sorted(found.items()):
        parts = _by_temperature(rows, settings.master_temperature_max_c) if kind == "dark" else (
            [rows])
        for part in parts:
            name = "_".join([kind, *key] + ([f"{_temperature(part):.0f}C"] if len(parts) > 1
                                            else []))
            name = "".join(c if c.isalnum() or c in "_+-." else "-" for c in name)
            if len(part) < settings.master_min_frames:
                log.warning("%s: only %d frames, but master_min_frames is %d: no master is made "
                            "of them", name, len(part), settings.master_min_frames)
                continue
            items.append({"img_name": name, "kind": kind, "images": part})
    return items


def _by_temperature(rows, most_c):
    """Divide frames where their temperatures differ by more than `most_c`."""
    rows = sorted(rows, key=lambda row: row.get("frame_temperature_c", 0.0))
    parts = [[]]
    for row in rows:
        if parts[-1] and row.get("frame_temperature_c", 0.0) - parts[-1][0].get(
                "frame_temperature_c", 0.0) > most_c:
            parts.append([])
        parts[-1].append(row)
    return parts


def _temperature(rows):
    """Return the median temperature of frames; NaN where none has one."""
    known = [row["frame_temperature_c"] for row in rows if "frame_temperature_c" in row]
    return float(np.median(known)) if known else float("nan")


def recipe(item, settings, there):
    """Return a hash of what a master depends on: frames, masters taken off, settings, camera."""
    entry = db_raw_frames.entry_of(item["images"][0], settings)
    used = provenance.settings_used(settings, CHOICE)
    camera = raw_camera(load_telescope(entry["telescope"]))
    below = sorted({str(one and (one.name, one.recipe)) for image in item["images"]
                    for one in masters_of(image, settings, item["kind"], there)})
    frames = sorted((image["img_name"], image["frame_hash"]) for image in item["images"])
    text = repr((frames, used, below, camera, entry.get("overrides")))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make(item, settings):
    """Combine the frames of one master and write it, with variance and number of frames."""
    images, kind = item["images"], item["kind"]
    folder = paths.masters(settings)
    folder.mkdir(parents=True, exist_ok=True)
    noise_adu = max(QUANTISATION_ADU, float(np.median([image["frame_sigma_adu"]
                                                       for image in images])))
    gains = np.array([image["frame_gain_e_per_adu"] for image in images])
    read_noise = np.array([image["frame_read_noise_e"] for image in images]) / gains
    bias_is_off = True
    with tempfile.TemporaryDirectory(dir=folder, prefix=".prepared-") as aside:
        readers, levels, shape, kept, coarse = [], [], None, {}, []
        for number, image in enumerate(images):
            data, bias_is_off = prepared(image, settings, kind, kept)
            if shape not in (None, data.shape):
                raise UserError(f"{image['img_name']} has {data.shape[::-1]} pixels, other "
                                f"frames of {item['img_name']} {shape[::-1]}")
            shape, path = data.shape, Path(aside) / f"{number}"
            levels.append(clipped_median(data))
            if kind == "flat":
                if not levels[-1] > 0:
                    raise UserError(f"{image['img_name']}: a flat of level {levels[-1]:.0f} ADU. "
                                    "Name it in calibrations.txt: skip")
                data = data / np.float32(levels[-1])
                coarse.append(coarse_shape(data))
            put_aside(path, data)
            readers.append(rows_of(path, shape))
        levels = np.array(levels)
        # Bias and dark: equal weights; flats: by their counts
        exptime_s = float(images[0]["frame_exptime_s"])
        if kind == "bias":
            sigma, coeff = np.full(len(images), noise_adu), np.zeros(len(images))
        elif kind == "dark":
            sigma = np.full(len(images), noise_adu / exptime_s)
            coeff = 1 / (gains * exptime_s)
        else:
            sigma = np.sqrt(read_noise**2 + levels / gains) / levels
            coeff = np.zeros(len(images))
        path = folder / f"{item['img_name']}.fits"
        with stack_writer(path, shape, cards_of(item, settings, bias_is_off, levels)) as write:
            combined(readers, shape, sigma, coeff, write, is_photon_limited=kind == "flat")
    log.info("%s: %d frames", item["img_name"], len(images))
    if len(coarse) > 2:
        away = np.array(coarse) / np.nanmedian(coarse, axis=0) - 1
        rms = np.sqrt(np.nanmean(away**2, axis=(1, 2)))
        odd = [f"{image['standard_name']} ({100 * one:.1f} %)"
               for image, one in zip(images, rms, strict=True) if one > SHAPE_WITHIN]
        if odd:
            log.warning("%s: the light lies otherwise on the detector in %s than in most of its "
                        "frames: clouds, a lamp, another rotation, or light from aside? Name them "
                        "in calibrations.txt: skip", item["img_name"], ", ".join(odd))
    return {}


def prepared(image, settings, kind, kept=None):
    """Return a calibration frame ready to be combined, and whether its bias level is off.

    A bias in ADU, a dark in ADU/s, a flat in ADU without bias and dark. `kept` holds the masters
    that were read before.
    """
    raw = db_raw_frames.raw_image(image, settings)
    entry = db_raw_frames.entry_of(image, settings)
    camera = raw_camera(load_telescope(entry["telescope"]))
    data = raw.data_adu
    if kind == "bias":
        return data, True
    kept = {} if kept is None else kept
    bias, dark = masters_of(image, settings, kind)
    bias_is_off = bias is not None or raw.overscan_adu is not None or not camera.has_bias
    for one in (bias, dark):
        if one and one.path not in kept:
            kept[one.path] = read_planes(one)
        if one and kept[one.path].image.shape != data.shape:
            raise UserError(f"{image['img_name']} has {data.shape[::-1]} pixels, {one.name} "
                            f"{kept[one.path].image.shape[::-1]}")
    if bias:
        data = data - kept[bias.path].image
    if kind == "dark":
        return linearised(data, camera.linearity, raw.factors) / np.float32(
            image["frame_exptime_s"]), bias_is_off
    exptime_s = image["frame_exptime_s"]
    if not bias_is_off and not (dark and not dark.is_scalable):
        raise UserError(f"{image['img_name']}: a flat without overscan, and no master bias for "
                        "it: its bias level is not known. Add bias frames to raw_frames.")
    data = linearised(data, camera.linearity, raw.factors)
    if dark:
        data = data - kept[dark.path].image * np.float32(exptime_s)
    return data, bias_is_off


def masters_of(image, settings, kind, there=None):
    """Return the master bias and dark for a calibration frame of some kind; None without one.

    `there` are the masters that were made here; read from the disk by default.
    """
    entry = db_raw_frames.entry_of(image, settings)
    camera = raw_camera(load_telescope(entry["telescope"]))
    if kind == "bias":
        return None, None
    there, found = all_masters(settings, entry, there), []
    for one, is_needed in (("bias", camera.has_bias),
                           ("dark", kind != "dark" and camera.has_dark)):
        try:
            found.append(nearest(there, one, image, settings) if is_needed else None)
        except ImageRejected:  # a flat of seconds does without a dark
            found.append(None)
    return tuple(found)


def all_masters(settings, entry, there=None):
    """Return all masters of an entry of raw_frames: those made here, and those given."""
    there = masters_in(paths.masters(settings)) if there is None else there
    own = [one for one in there if one.set_name == entry["name"]]
    if "masters" not in entry:
        return own
    telescope = load_telescope(entry["telescope"])
    camera = raw_camera(telescope)

    def describe(header, path):
        found = kinds.kind_by_cards(header, camera, frame_stem(path), "")
        if found is None or found[0] not in ("bias", "dark", "flat"):
            return None
        temperature = first_number(header, camera.temperature, (-250.0, 60.0))
        exptime_s = db_raw_frames.exposure_time(header, telescope, {})
        return (found[0], filter_of(header, telescope), exptime_s,
                temperature.value if temperature else None, None)

    return own + given_masters(entry["masters"], entry["name"], describe)


def nearest(there, kind, image, settings):
    """Return the master of a kind that suits a frame and is nearest in time; None without one.

    Raises
    ------
    ImageRejected
        If there are masters of that kind for the camera, and none of them suits.
    """
    found, why = [], []
    for one in (one for one in there if one.kind == kind):
        days = abs(one.mjd - image["frame_mjd"]) if one.mjd else 0.0
        if one.config not in (None, image["frame_config"]):
            why.append(f"of {one.config}, not {image['frame_config']}")
        elif kind == "flat" and filter_key(one.filter or "") != filter_key(
                image.get("frame_filter", "none")) and one.filter is not None:
            why.append(f"of the filter {one.filter}, not {image.get('frame_filter')}")
        elif kind != "bias" and days > settings.master_days_max:
            why.append(f"{days:.0f} days away, more than master_days_max = "
                       f"{settings.master_days_max:g}")
        elif kind == "dark" and None not in (one.temperature_c, image.get("frame_temperature_c")
                                             ) and abs(one.temperature_c - image[
                                                 "frame_temperature_c"]
                                             ) > settings.master_temperature_max_c:
            why.append(f"{one.temperature_c:.0f} deg C, not {image['frame_temperature_c']:.0f}")
        elif kind == "dark" and not one.is_scalable and not _same_exposure(one, image):
            why.append(f"of {one.exptime_s:g} s with its bias, not {image['frame_exptime_s']:g} s")
        else:
            # A dark of the same exposure time before one that is nearer
            found.append((kind == "dark" and not _same_exposure(one, image), days, one.name, one))
    if not found and why:
        raise ImageRejected(f"no master {kind} suits: {why[0]}" + (
            f" (and {len(why) - 1} more)" if len(why) > 1 else ""))
    return min(found, key=lambda one: one[:3])[3] if found else None


def _same_exposure(master, image):
    """Return whether master and frame have one exposure time."""
    return abs(master.exptime_s - image["frame_exptime_s"]) <= SAME_EXPOSURE * master.exptime_s


def cards_of(item, settings, bias_is_off, levels):
    """Return the cards of a master: what it is of, and the files in it with their hashes."""
    images, kind = item["images"], item["kind"]
    entry = db_raw_frames.entry_of(images[0], settings)
    mjd = np.array([image["frame_mjd"] for image in images])
    temperature = _temperature(images)
    cards = {"BUNIT": {"bias": "adu", "dark": "adu/s", "flat": "1"}[kind], KIND: kind,
             "SETNAME": entry["name"], "CONFIG": images[0]["frame_config"],
             "EXPTIME": float(np.median([image["frame_exptime_s"] for image in images])),
             "DETTEMP": temperature if np.isfinite(temperature) else None,
             "MJDMID": float(mjd.mean()), "MJDFIRST": float(mjd.min()),
             "MJDLAST": float(mjd.max()), "NCOMBINE": len(images),
             "SCALABLE": bool(bias_is_off), "LEVEL": float(np.median(levels)),
             "RECIPE": item["recipe"]}
    if kind == "flat":
        cards["FILTER"] = images[0].get("frame_filter")
    for number, image in enumerate(images[:MOST_FRAMES_NAMED], 1):
        cards[f"FRM{number:03d}"] = f"{image['img_name']} {image['frame_hash']}"
    return cards


def planes_of(image, settings):
    """Return (kind, image) of the masters that suit a science frame."""
    there = all_masters(settings, db_raw_frames.entry_of(image, settings))
    found = []
    for kind in ("bias", "dark", "flat"):
        try:
            one = nearest(there, kind, image, settings)
        except ImageRejected:
            continue
        if one:
            found.append((kind, read_planes(one).image))
    return found
