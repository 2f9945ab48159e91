"""What a header says about an exposure, by the description of its telescope."""

import fnmatch
import functools
import re
from dataclasses import dataclass, field
from pathlib import Path

from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.io_fits import wcs_pixel_scale_arcsec
from cosmouline.frames.header_dates import mid_exposure
from cosmouline.frames.header_site import site_coordinates
from cosmouline.frames.header_values import first_number, text_of
from cosmouline.frames.telescope_yaml import (
    RANGES,
    SITE_RANGES,
    ZONES_H,
    Telescope,
    Trim,
    number_in,
    telescope_from,
    trim_from,
    unknown_name,
)

import yaml

FOLDER = Path(__file__).parent / "telescopes"
MAX_YAML_BYTES = 1 << 20
MAX_YAML_DEPTH = 20
YAML_OPEN = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken,
             yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken)
YAML_CLOSE = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)
LONGEST_EXPOSURE_S = 36000.0  # a winter night has 15 h; longer ones are milliseconds
MIN_SIDE_PX = 32  # less cannot hold a star and its sky
CAMERA_CARDS = ("INSTRUME", "TELESCOP", "DETNAM")
UNKNOWN = "generic"  # the description for telescopes that have none
OPEN_POSITIONS = ("open", "free", "empty", "blank")  # of a second filter wheel
UNITS = {
    "exptime_s": "s",
    "gain_e_per_adu": "e-/ADU",
    "read_noise_e": "e-",
    "saturation_adu": "ADU",
    "pixel_scale_arcsec": "arcsec",
}
OVERRIDES = (*RANGES, "filter", *SITE_RANGES, "time_zone_h", "trim")


@dataclass(frozen=True)
class Exposure:
    """What the pipeline must know about one frame.

    Attributes
    ----------
    telescope : str
    mjd : float
        Middle of the exposure, UTC.
    exptime_s, gain_e_per_adu, read_noise_e, saturation_adu, pixel_scale_arcsec : float
    filter : str or None
    site_lon_deg, site_lat_deg, site_height_m : float or None
        East positive; None where nobody knows where the telescope stands.
    trim : Trim
    notes : tuple of str
        Where values came from other than the header: the same for all images of a camera.
    flags : tuple of str
        What is odd about this image.
    """

    telescope: str
    mjd: float
    exptime_s: float
    gain_e_per_adu: float
    read_noise_e: float
    saturation_adu: float
    pixel_scale_arcsec: float
    filter: str | None
    site_lon_deg: float | None
    site_lat_deg: float | None
    site_height_m: float | None
    trim: Trim
    notes: tuple
    flags: tuple


@dataclass(frozen=True)
class _Reading:
    """A header being read, and what there is to tell about it so far."""

    header: object
    telescope: Telescope
    overrides: dict
    notes: list = field(default_factory=list)
    flags: list = field(default_factory=list)


def list_telescopes():
    """Names of all telescopes that come with the pipeline, sorted."""
    return sorted((path.stem for path in FOLDER.glob("*.yaml")), key=str.lower)


def load_telescope(name):
    """Load the description of a telescope.

    Parameters
    ----------
    name : str
        One of `list_telescopes`, or the path of a YAML file of the user.

    Returns
    -------
    Telescope

    Raises
    ------
    UserError
        If there is no such telescope, or its file does not follow ``telescopes/generic.yaml``.
    """
    path = Path(name).expanduser()
    if path.suffix.lower() not in (".yaml", ".yml"):
        if name not in list_telescopes():
            raise unknown_name(name, list_telescopes(), "telescope", "name")
        path = FOLDER / f"{name}.yaml"
    return _load(path, path.stat().st_mtime_ns if path.exists() else 0)


@functools.cache
def _load(path, _):
    """Read a description once; a change of the file changes its time, the second argument."""
    return telescope_from(_load_yaml(path), path.stem, str(path))


def read_exposure(header, telescope, overrides=None):
    """Read all that the pipeline must know about a frame.

    Parameters
    ----------
    header : Header
        From `io_fits.read_frame`.
    telescope : Telescope
        From `load_telescope`.
    overrides : dict, optional
        Values that win over the header: ``exptime_s``, ``gain_e_per_adu``, ``read_noise_e``,
        ``saturation_adu``, ``pixel_scale_arcsec``, ``filter``, ``site_lon_deg``,
        ``site_lat_deg``, ``site_height_m``, ``time_zone_h`` and ``trim``.

    Returns
    -------
    Exposure

    Raises
    ------
    ImageRejected
        If a mandatory value is missing, unreadable or impossible.
    UserError
        If an override is unknown or impossible.
    """
    reading = _Reading(header, telescope, checked_overrides(overrides or {}))
    _run_checks(reading)
    values = {name: _quantity(reading, name) for name in RANGES}
    if values["exptime_s"] > LONGEST_EXPOSURE_S:
        reading.flags.append(f"exptime_s = {values['exptime_s']:g}: milliseconds?")
    zone_h = reading.overrides.get("time_zone_h", telescope.time_zone_h)
    middle = mid_exposure(header, telescope, values["exptime_s"], zone_h)
    filter_name = _filter(reading)
    (lon_deg, lat_deg, height_m), site_notes, site_flags = site_coordinates(
        header, telescope, reading.overrides, middle.zone_h
    )
    return Exposure(
        telescope=_name(header, telescope),
        mjd=middle.mjd,
        filter=filter_name,
        site_lon_deg=lon_deg,
        site_lat_deg=lat_deg,
        site_height_m=height_m,
        trim=reading.overrides.get("trim", telescope.trim),
        notes=(*reading.notes, *middle.notes, *site_notes),
        flags=(*reading.flags, *middle.flags, *site_flags),
        **values,
    )


def noise_factor(header):
    """Noise that counts for a flux over the scatter of the pixels, by the card NOISEFAC.

    Stacks of fac_combi have it: resampling correlates pixels, so that they scatter too little.
    None where there is none, or it is no number from 1 to 10.
    """
    found = first_number(header, ["NOISEFAC"], (1.0, 10.0))
    return found.value if found else None


def trim_frame(data, trim):
    """Cut rows and columns off a frame.

    Parameters
    ----------
    data : ndarray, shape (ny, nx)
    trim : Trim

    Returns
    -------
    ndarray
        A view.

    Raises
    ------
    ImageRejected
        If less than 32 pixels a side are left: COSMOULINE made empty images of small frames.
    """
    ny, nx = data.shape
    height, width = ny - trim.bottom - trim.top, nx - trim.left - trim.right
    if min(height, width) < MIN_SIDE_PX:
        raise ImageRejected(f"size: trimming {ny} x {nx} pixels leaves {height} x {width}")
    return data[trim.bottom : trim.bottom + height, trim.left : trim.left + width]


def _load_yaml(path):
    """Read a YAML file that may come from anybody."""
    try:
        if path.stat().st_size > MAX_YAML_BYTES:
            raise UserError(f"{path}: more than 1 MB is no description of a telescope")
        text = path.read_text(encoding="utf-8")
        if path.parent != FOLDER:
            _refuse_bombs(text, path)
        return yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML ({' '.join(str(error).split())})") from None


def _refuse_bombs(text, path):
    """Refuse the YAML that a few lines of make gigabytes, or hours of reading."""
    depth = 0
    for token in yaml.scan(text):
        if isinstance(token, yaml.AliasToken):
            raise UserError(f"{path}: aliases (*name) are not read. Write the value out.")
        depth += isinstance(token, YAML_OPEN) - isinstance(token, YAML_CLOSE)
        if depth > MAX_YAML_DEPTH:
            raise UserError(f"{path}: more than {MAX_YAML_DEPTH} lists in lists are no "
                            "description of a telescope")


def checked_overrides(overrides):
    """Return the user's overrides; UserError for an unknown name or an impossible value."""
    checked = {}
    for name, value in overrides.items():
        if name not in OVERRIDES:
            raise unknown_name(name, OVERRIDES, "overrides", "name")
        if name == "trim":
            checked[name] = trim_from(value, "overrides: trim")
        elif name == "filter":
            checked[name] = str(value)
        else:
            limits = {**RANGES, **SITE_RANGES, "time_zone_h": ZONES_H}[name]
            checked[name] = number_in(value, limits, f"overrides: {name}")
    return checked


def _run_checks(reading):
    """Refuse a frame that its description does not describe, such as a binned one."""
    for check in reading.telescope.checks:
        text = text_of(reading.header, check.keyword)
        if text is not None and not any(_same(text, wanted) for wanted in check.equals):
            raise ImageRejected(f"{check.keyword} = {text}: {check.reason}")


def _same(text, wanted):
    """Whether a card has a value, numbers compared as numbers."""
    try:
        return float(text) == float(wanted)
    except ValueError:
        return text.lower() == str(wanted).lower()


def _quantity(reading, name):
    """Find one number: overrides, keywords, WCS, default."""
    source = getattr(reading.telescope, name)
    if name in reading.overrides:
        reading.notes.append(f"{name} = {reading.overrides[name]:g} by 'overrides'")
        return reading.overrides[name]
    found = first_number(reading.header, source.keywords, source.valid)
    if found:
        if found.flag:
            reading.flags.append(found.flag)
        return _in_range(name, found)
    scale = wcs_pixel_scale_arcsec(reading.header) if source.wcs else None
    if scale is not None:
        return scale
    if source.default is None:
        raise ImageRejected(_nowhere(name, source))
    if source.keywords:
        reading.notes.append(
            f"{name} = {source.default:g} by the description of {reading.telescope.name}: "
            f"no usable {source.keywords[0]} in the header"
        )
    return source.default


def _in_range(name, found):
    """Refuse a number that cannot be true."""
    lowest, highest = RANGES[name]
    if not lowest <= found.value <= highest:
        raise ImageRejected(
            f"{found.keyword} = {found.value:g} is not between {lowest:g} and {highest:g} "
            f"{UNITS[name]}: set '{name}' in 'overrides'"
        )
    return found.value


def _nowhere(name, source):
    """Say that a value is neither in the header nor in the settings."""
    others = f" (nor {', '.join(source.keywords[1:])})" if source.keywords[1:] else ""
    wcs = " nor a WCS" if source.wcs else ""
    return (
        f"no {source.keywords[0]}{others}{wcs} in the header and no '{name}' in 'overrides': "
        f"add it to the set in settings.py, in {UNITS[name]}"
    )


def _filter(reading):
    """Find the name of the filter; None with a flag where there is none."""
    if "filter" in reading.overrides:
        reading.notes.append(f"filter = {reading.overrides['filter']} by 'overrides'")
        return reading.overrides["filter"]
    telescope = reading.telescope
    try:
        name = filter_of(reading.header, telescope)
    except ImageRejected as error:  # an unreadable card; the frame is usable without
        reading.flags.append(str(error))
        return telescope.filter.default
    if name is None:
        reading.flags.append(f"no filter in the header ({', '.join(telescope.filter.keywords)})")
    return name


def _name(header, telescope):
    """Name the telescope; one without a description as its headers do, so that two stay two."""
    if telescope.name != UNKNOWN:
        return telescope.name
    try:
        words = [text_of(header, keyword) for keyword in ("TELESCOP", "INSTRUME")]
    except ImageRejected:  # an unreadable card; the frame is usable without
        return UNKNOWN
    name = "-".join(filter(None, dict.fromkeys(words)))
    return re.sub(r"[^A-Za-z0-9+-]+", "-", name).strip("-") or UNKNOWN


def camera_of(header):
    """Give the name of the camera by a header, or of the telescope where it has none; or None."""
    return next(filter(None, (text_of(header, keyword) for keyword in CAMERA_CARDS)), None)


def filter_of(header, telescope):
    """Give the name of the filter by a header, or by the description where it is silent.

    Parameters
    ----------
    header : Header
    telescope : Telescope

    Returns
    -------
    str or None
        Positions of a wheel that are called open, free or empty are passed over.

    Raises
    ------
    ImageRejected
        If a card is there and cannot be read.
    """
    texts = [text_of(header, keyword) for keyword in telescope.filter.keywords]
    named = [text for text in texts if text and not text.lower().startswith(OPEN_POSITIONS)]
    return named[0] if named else telescope.filter.default


def recognise(header):
    """Give the names of the telescopes whose description says that a header is one of theirs.

    Parameters
    ----------
    header : Header

    Returns
    -------
    list of str
        Sorted; empty where no description fits.
    """
    return [name for name in list_telescopes()
            if any(_fits(header, rule) for rule in load_telescope(name).recognise)]


def _fits(header, rule):
    """Tell whether every card that a rule names has one of its texts, * standing for anything."""
    try:
        cards = {keyword: (text_of(header, keyword) or "").lower() for keyword, _ in rule}
    except ImageRejected:
        return False
    return all(any(fnmatch.fnmatchcase(cards[keyword], text) for text in texts)
               for keyword, texts in rule)
