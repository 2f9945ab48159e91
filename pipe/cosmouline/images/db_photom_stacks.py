"""Stacks of the photometry of the field: which images, on which scale, under which cards."""

import hashlib
import re
from typing import NamedTuple

from cosmouline.database import bands, manifest, paths
from cosmouline.database.columns import column, texts
from cosmouline.dates import mjd_to_iso
from cosmouline.errors import UserError
from cosmouline.frames.nights import group_by_night
from cosmouline.images import db_stack
from cosmouline.images.io_stack import read_stack, read_weight
from cosmouline.images.sep_tools import background, default_box_px
from cosmouline.images.stack_noise import mean_date

import numpy as np

STACK_ZERO_POINT_MAG = 25.0  # of a stack on the scale of a catalogue: so bright is a flux of 1
INSTRUMENTAL_MAG = 0.0  # of one without: electrons of the image whose coefficient is 1
ALL_NIGHTS = "all"
ALIGN = "3_align/2a_opt_align"


def filter_of(image, settings):
    """Return the name of the filter of an image: band of its set, else its header's, else set."""
    name = bands.of(image, settings) or image.get("filter") or image["set_name"]
    return re.sub(r"[^A-Za-z0-9+.-]+", "-", name).strip("-") or image["set_name"]


def zero_points(images, settings):
    """Return zero points for 1 e-/s (n,), and whether they are on the scale of a catalogue.

    Without a catalogue those of the coefficients: instrumental, but as good among themselves.
    """
    renorm = settings.renorm_name
    found = column(images, f"zero_point_mag__{renorm}")
    if np.isfinite(found).all():
        return found, True
    light = column(images, f"renorm__{renorm}") * column(images, "exptime_s")
    return -2.5 * np.log10(light), False


def nights_of(images):
    """Return the evening's date (YYYYMMDD) of each image: a night is from noon to noon."""
    lon_deg = column(images, "site_lon_deg")  # the gap of COSMOULINE where one is not known
    lon_deg = lon_deg if np.isfinite(lon_deg).all() else None
    mjd, names = column(images, "mjd"), [""] * len(images)
    for group in group_by_night(mjd, lon_deg):
        # half a day before the local noon that follows
        evening = mjd[group].min() + (0.0 if lon_deg is None else lon_deg[group[0]] / 360) - 0.5
        for i in group:
            names[i] = mjd_to_iso(evening)[:10].replace("-", "")
    return names


def far_from_the_others(zero_points_mag, range_mag, filter_name):
    """Return for each image of a filter why its zero point bars it from the stacks, or "".

    Parameters
    ----------
    zero_points_mag : ndarray of float, shape (n,)
    range_mag : float or None
        Largest distance from the median, either way; None: all are taken.
    filter_name : str
    """
    middle = float(np.median(zero_points_mag))
    reasons = []
    for away in zero_points_mag - middle:
        if range_mag is None or abs(away) <= range_mag:
            reasons.append("")
            continue
        where, factor, why = (("above", "brighter", "a wrong exposure time or gain?") if away > 0
                              else ("below", "fainter", "clouds?"))
        reasons.append(f"its zero point of {middle + away:.2f} mag is {abs(away):.2f} mag {where} "
                       f"the median of filter {filter_name} ({10 ** (0.4 * abs(away)):.1f} times "
                       f"{factor}), limit {range_mag:g} mag: {why}")
    return reasons


def is_calibrated(images, settings):
    """Whether the zero points that the images of a stack were given are those of a catalogue."""
    chosen = column(images, f"photom_zero_point_mag__{settings.photom_name}")
    return bool((chosen == column(images, f"zero_point_mag__{settings.renorm_name}")).all())


def scales(images, settings):
    """Return factors (n,) to the flux scale of the stack of these images."""
    found = column(images, f"photom_zero_point_mag__{settings.photom_name}")
    zero = STACK_ZERO_POINT_MAG if is_calibrated(images, settings) else INSTRUMENTAL_MAG
    return 10 ** (0.4 * (zero - found)) / column(images, "exptime_s")


def stacks_of(images, settings):
    """Return the stacks to make: of all nights of each filter, and of each of several nights.

    Returns
    -------
    list of dict
        ``img_name`` (what messages call it), ``filter``, ``night`` (or `ALL_NIGHTS`), ``path``,
        and ``images``, the rows in order of time.
    """
    filters = texts(images, f"photom_filter__{settings.photom_name}")
    nights, found = nights_of(images), []
    for name in sorted(set(filters)):
        mine = sorted((image["mjd"], image["img_name"], k) for k, image in enumerate(images)
                      if filters[k] == name)
        rows = [k for *_, k in mine]
        own = sorted({nights[k] for k in rows})
        for night in [ALL_NIGHTS, *(own if len(own) > 1 else [])]:
            found.append({
                "img_name": f"{name} {night}", "filter": name, "night": night,
                "path": stack_path(settings, name, night),
                "images": [images[k] for k in rows if night in (ALL_NIGHTS, nights[k])]})
    return found


def stack_path(settings, filter_name, night):
    """Return the path of a stack."""
    lens = re.sub(r"[^A-Za-z0-9+.-]+", "-", settings.lens_name)
    return paths.photometry(settings) / filter_name / f"{lens}_{filter_name}_{night}.fits"


def key_of(images, settings):
    """Return a text that differs for another stack: images, their scales, how they are joined."""
    made = [image.get(manifest.MADE + ALIGN, "") for image in images]
    text = repr([texts(images, "img_name"), made, scales(images, settings).tolist(),
                 db_stack.sigma_e(images).tolist(), settings.combi_method])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def cards(images, settings):
    """Return the cards of a stack, as PhotoPipe has them; what is not known is left out."""
    renorm, has_zero_point = settings.renorm_name, is_calibrated(images, settings)
    zero = STACK_ZERO_POINT_MAG if has_zero_point else INSTRUMENTAL_MAG
    coeff = scales(images, settings)
    exptime_s, airmass = column(images, "exptime_s"), column(images, "airmass")
    mjd = column(images, "mjd")
    middle = mean_date(mjd, coeff, db_stack.sigma_e(images), settings.combi_method)
    found = {
        "NSTACK": len(images), "EXPTIME": float(np.median(exptime_s)),
        "TOTALEXP": float(exptime_s.sum()), "MINEXP": float(exptime_s.min()),
        "MAXEXP": float(exptime_s.max()), "DATE1": mjd_to_iso(float(mjd.min())),
        "DATEN": mjd_to_iso(float(mjd.max())), "DATE-OBS": mjd_to_iso(middle),
        "FILTER": images[0][f"photom_filter__{settings.photom_name}"],
        "COEFF": "zero point", "MAGZERO": zero, "BUNIT": f"flux of magnitude {zero:g}"}
    if np.isfinite(airmass).any():
        found |= {"AIRMASS": float(np.nanmean(airmass)), "AIRMIN": float(np.nanmin(airmass)),
                  "AIRMAX": float(np.nanmax(airmass))}
    if has_zero_point:
        name = images[0][f"zero_point_band__{renorm}"]
        scatter, sigma = (column(images, f"zero_point_{what}_mag__{renorm}")
                          for what in ("scatter", "sigma"))
        found |= {"ABSZPT": zero, "MAGBAND": name.partition(" ")[0],
                  "MAGSYS": name.rpartition("(")[2].rstrip(")"),
                  "ABSZPTSC": float(np.median(scatter)), "ABSZPRMS": float(np.median(sigma))}
    return found


def stacks_there(settings):
    """Return the paths of all stacks that are there; other images of their folders are not."""
    return [path for path in sorted(paths.photometry(settings).glob("*/*.fits"))
            if (night := path.stem.rpartition("_")[2]) == ALL_NIGHTS or night.isdigit()]


def all_nights(settings):
    """Return the stacks of all nights as (filter, path); UserError where there is none."""
    found = [(path.parent.name, path) for path in stacks_there(settings)
             if path.stem.endswith(f"_{ALL_NIGHTS}")]
    if not found:
        raise UserError(f"there is no stack in {paths.photometry(settings)}. Run "
                        "fac_photom/2_stack.py first.")
    return found


def of_nights(settings):
    """Return the stacks of single nights: a dict of night to list of (filter, path)."""
    found = {}
    for path in stacks_there(settings):
        night = path.stem.rpartition("_")[2]
        if night.isdigit():
            found.setdefault(night, []).append((path.parent.name, path))
    return dict(sorted(found.items()))


class FlatStack(NamedTuple):
    """A stack read to be measured; arrays of shape (ny, nx)."""

    image: np.ndarray  # without the sky that was left; NaN where too few images are
    variance: np.ndarray  # as it counts for a flux, sources included
    weight: np.ndarray  # one over the variance of the sky
    header: object

    @property
    def bad(self):
        """Pixels without a value."""
        return ~np.isfinite(self.image)


def read_flat(path, blocked=None):
    """Read a stack and take off the sky that the sky maps of its images have left.

    `blocked` are the pixels of sources, (ny, nx), where they are known.
    """
    image, variance, _, header = read_stack(path)
    weight = read_weight(path)
    bad = ~np.isfinite(image)
    mask = bad if blocked is None else bad | blocked
    if not mask.all():
        left = background(np.where(bad, 0, image).astype(np.float32), mask,
                          default_box_px(image.shape))
        image = image - left.back(dtype=np.float32)
    return FlatStack(image, variance, weight, header)
