"""What a header says about an exposure, by the description of its telescope."""

import contextlib
import fnmatch
import functools
import re
from dataclasses import dataclass, replace
from pathlib import Path

from cosmouline.dates import iso_to_mjd
from cosmouline.errors import ImageRejected, UserError
from cosmouline.frames.cross_checks import Claim, choose, claims_of, square_flag
from cosmouline.frames.header_dates import mid_exposure
from cosmouline.frames.header_site import site_coordinates
from cosmouline.frames.header_units import PixelUnit, pixel_unit
from cosmouline.frames.header_values import by_table, filter_flag, filter_of, text_of
from cosmouline.frames.telescope_yaml import (
    RANGES,
    SITE_RANGES,
    ZONES_H,
    DateRecipe,
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
LONGEST_EXPOSURE_S = 3600.0  # of a CCD; longer ones are stacks, or in milliseconds
GAIN_OF_A_UNIT = (0.05, 1e6)  # electrons of an exposure in one unit of a rate or a flux
CAMERA_CARDS = ("INSTRUME", "TELESCOP", "DETNAM")
FAMILIES = ("Amateur",)  # descriptions of many cameras with the same cards
UNKNOWN = "generic"  # the description for telescopes that have none
UNITS = {
    "exptime_s": "s",
    "gain_e_per_adu": "e-/ADU",
    "read_noise_e": "e-",
    "saturation_adu": "ADU",
    "pixel_scale_arcsec": "arcsec",
}
OVERRIDES = (*RANGES, "filter", *SITE_RANGES, "time_zone_h", "trim", "date", "dates")


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
        What is suspicious about this image.
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
    """Read a YAML file of anybody; once, until its time, the second argument, changes."""
    try:
        if path.stat().st_size > MAX_YAML_BYTES:
            raise UserError(f"{path}: more than 1 MB is no description of a telescope")
        text = path.read_text(encoding="utf-8")
        # Refuse the few lines of YAML that become gigabytes, or take hours to read
        depth = 0
        for token in yaml.scan(text) if path.parent != FOLDER else ():
            if isinstance(token, yaml.AliasToken):
                raise UserError(f"{path}: aliases (*name) are not read. Write the value out.")
            depth += isinstance(token, YAML_OPEN) - isinstance(token, YAML_CLOSE)
            if depth > MAX_YAML_DEPTH:
                raise UserError(f"{path}: more than {MAX_YAML_DEPTH} lists in lists are no "
                                "description of a telescope")
        description = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    return telescope_from(description, path.stem, str(path))


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
        ``site_lat_deg``, ``site_height_m``, ``time_zone_h``, ``trim``, and ``date``: start of the
        exposure, UTC, such as 2019-08-14T06:12:31.

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
    overrides = checked_overrides(overrides or {})
    notes, flags = [], []
    if "date" in overrides:
        notes.append("date by 'overrides'")
        telescope = replace(telescope, date=(DateRecipe("fixed", (overrides["date"],)),),
                            date_check=None, cross_checks=telescope.cross_checks and replace(
                                telescope.cross_checks, dates_that_win=()))
    # Refuse a frame that its description does not describe, such as a binned one
    for check in telescope.checks:
        text = text_of(header, check.keyword)
        if text is not None and _comparable(text) not in map(_comparable, check.equals):
            raise ImageRejected(f"{check.keyword} = {text}: {check.reason}")
    values = _quantities(header, telescope, overrides, notes, flags)
    if values["exptime_s"] > LONGEST_EXPOSURE_S:
        flags.append(f"exptime_s = {values['exptime_s']:g}: milliseconds, or a stack?")
    if flag := square_flag(header):
        flags.append(flag)
    flags += _other_telescope(header, telescope)
    middle = mid_exposure(header, telescope, values["exptime_s"],
                          overrides.get("time_zone_h", telescope.time_zone_h))
    # The filter; without one the frame is usable, with a flag
    filter_name = overrides.get("filter")
    if filter_name is not None:
        notes.append(f"filter = {filter_name} by 'overrides'")
    else:
        try:
            filter_name = filter_of(header, telescope)
            if filter_name is None:
                flags.append(f"no filter in the header ({', '.join(telescope.filter.keywords)})")
            elif telescope.cross_checks:  # who described a camera knows its cards
                flags += filter(None, [filter_flag(header, telescope)])
        except ImageRejected as error:  # an unreadable card
            flags.append(str(error))
            filter_name = telescope.filter.default
    # A telescope without a description is named as its headers do, so that two stay two
    name = telescope.name
    if name == UNKNOWN or name in FAMILIES:
        try:
            words = [text_of(header, keyword) for keyword in ("TELESCOP", "INSTRUME")]
            words = "-".join(filter(None, dict.fromkeys(words)))
            name = re.sub(r"[^A-Za-z0-9+-]+", "-", words).strip("-") or name
        except ImageRejected:  # an unreadable card; the frame is usable without
            pass
    site, site_notes, site_flags = site_coordinates(
        header, telescope, overrides, middle.zone_h, middle.mjd)
    return Exposure(
        name, middle.mjd, *(values[one] for one in RANGES), filter_name, *site,
        trim=overrides.get("trim", telescope.trim),
        notes=(*notes, *middle.notes, *site_notes), flags=(*flags, *middle.flags, *site_flags))


def _other_telescope(header, telescope):
    """Return a flag, in a list, where a header is not one of the description that reads it."""
    if telescope.name in (UNKNOWN, *FAMILIES) or telescope.name not in list_telescopes() or (
            _fits_any(header, telescope.recognise)):
        return []
    # Only a header that does not fit its own description is compared with all others
    recognised, said = recognise(header), []
    for card in dict.fromkeys(card for rule in telescope.recognise for card, _ in rule):
        with contextlib.suppress(ImageRejected):  # an unreadable card
            text = None if card.startswith("NAXIS") else text_of(header, card)
            said += [f"{card} = {text}"] if text else []
    if not recognised and not said:
        return []
    whose = f"that of {', '.join(recognised)}" if recognised else f"of another one ({said[0]})"
    return [f"the header is {whose}, not of {telescope.name}, which is the 'telescope' of the set"]


def _quantities(header, telescope, overrides, notes, flags):
    """Find all numbers; gain and saturation level are those of a unit of the pixels."""
    values, unit = {}, PixelUnit()
    for name in RANGES:
        try:
            values[name] = _quantity(header, telescope, overrides, name, notes, flags)
        except ImageRejected:  # pixels in electrons need no gain
            if name != "gain_e_per_adu" or not unit.is_electrons:
                raise
            values[name] = 1.0
        if name == "exptime_s":
            unit = pixel_unit(header, values[name], by_table(header, telescope.unit))
    if "gain_e_per_adu" in overrides or telescope.gain_e_per_adu.as_is:
        return values
    notes += [unit.note] if unit.note else []
    flags += [unit.flag] if unit.flag else []
    # In electrons of the exposure, counts of the camera no longer matter but for its top
    camera = values["gain_e_per_adu"]
    values["gain_e_per_adu"] = unit.per_unit * (1.0 if unit.is_electrons else camera)
    if unit.is_electrons and not unit.is_rate and camera != 1.0:
        flags.append(f"{unit.note.partition(';')[0]}; the gain of {camera:g} is not used")
    if "saturation_adu" not in overrides and not telescope.saturation_adu.as_is:
        values["saturation_adu"] *= (camera if unit.is_electrons and unit.is_rate else 1.0
                                     ) / unit.per_unit
    return values


def _comparable(value):
    """Return a value of a card as a number where it is one, else in lower case."""
    try:
        return float(value)
    except ValueError:
        return str(value).lower()


def _quantity(header, telescope, overrides, name, notes, flags):
    """Find one number: by overrides, keywords, WCS, or default."""
    # In this order: the user, the cards, the WCS (of the pixel scale), the description
    source = getattr(telescope, name)
    if name in overrides:
        notes.append(f"{name} = {overrides[name]:g} by 'overrides'")
        return overrides[name]
    # The cards of the description, compared with all others that give the same quantity. A
    # description without a table of its own knows which of its cards to use
    others = telescope.cross_checks or load_telescope(UNKNOWN).cross_checks
    claims = claims_of(header, name, source.keywords, getattr(others, name, ()), source.valid)
    if claims and (source.wcs or any(claim.name in source.cards for claim in claims)):
        if telescope.cross_checks is None:
            claims = [claims[0], *(one for one in claims[1:] if one.name not in source.cards)]
        used, flag = choose(claims, name, telescope.cross_checks is None)
        flags += [one for one in (used.flag, flag) if one]
        lowest, highest = RANGES[name]
        if not lowest <= used.value <= highest:
            raise ImageRejected(
                f"{used.name} = {used.value:g} is not between {lowest:g} and {highest:g} "
                f"{UNITS[name]}: set '{name}' in 'overrides'")
        return used.value
    default = by_table(header, source)
    if name == "pixel_scale_arcsec" and claims and default is not None:
        _, flag = choose([Claim(default, f"the description of {telescope.name}"),
                          *(one for one in claims if one.name not in others.pixel_scale_arcsec)],
                         name, True)
        flags += [flag] if flag else []
    if default is None:
        others = f" (nor {', '.join(source.keywords[1:])})" if source.keywords[1:] else ""
        raise ImageRejected(
            f"no {(source.keywords or ['card'])[0]}{others}"
            f"{' nor a WCS' if source.wcs else ''} in the header and no '{name}' in 'overrides': "
            f"add it to the set in settings.py, in {UNITS[name]}")
    if source.keywords:
        notes.append(f"{name} = {default:g} by the description of {telescope.name}: "
                     f"no usable {source.keywords[0]} in the header")
    return default


def checked_overrides(overrides):
    """Return the user's overrides; UserError for an unknown name or an impossible value."""
    checked = {}
    for name, value in overrides.items():
        # Every override has the checks of the key of the same name in a description
        if name not in OVERRIDES:
            raise unknown_name(name, OVERRIDES, "overrides", "name")
        if name == "trim":
            checked[name] = trim_from(value, "overrides: trim")
        elif name in ("filter", "dates"):
            checked[name] = str(value)
        elif name == "date":
            try:
                iso_to_mjd(value)
            except ValueError as error:
                raise UserError(f"overrides: date: {error}") from None
            checked[name] = value
        else:
            limits = {**RANGES, **SITE_RANGES, "time_zone_h": ZONES_H,
                      "gain_e_per_adu": GAIN_OF_A_UNIT}[name]
            checked[name] = number_in(value, limits, f"overrides: {name}")
    return checked


def camera_of(header):
    """Return the name of the camera by a header, else of the telescope, or None."""
    return next(filter(None, (text_of(header, keyword) for keyword in CAMERA_CARDS)), None)


def recognise(header):
    """Return the names of the telescopes whose description fits a header, sorted.

    A family of cameras is one of them only where no description of a camera fits.
    """
    names = [name for name in list_telescopes()
             if _fits_any(header, load_telescope(name).recognise)]
    return [name for name in names if name not in FAMILIES] or names


def _fits_any(header, rules):
    """Return whether every card of one of the rules has one of its texts; * is anything."""
    for rule in rules:
        try:
            if all(any(fnmatch.fnmatchcase((text_of(header, keyword) or "").lower(), text)
                       for text in texts) for keyword, texts in rule):
                return True
        except ImageRejected:  # an unreadable card
            continue
    return False
