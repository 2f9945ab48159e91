"""Check what the settings contain on the point sources and the light curve."""

import math
import re
from datetime import date

from cosmouline.database.settings_values import degrees
from cosmouline.errors import UserError

LONGEST_NAME = 100  # with the endings of the products it stays below the 255 of file systems
MOST_SOURCES = 12
NEAR_LENS_DEG = 0.04  # sources in RA and Dec are this near to the lens
LARGEST = 1e9  # of positions and their errors; NaN is not below it
FIND = "find"  # as point_sources: those that stand out
FIELD = "field"  # as extra_sources: the stars of the field list


def check_sources(settings, path):
    """Raise UserError for sources, sums, shifts or dates in a settings.py that make no sense."""
    # Point sources are a number of them, a file of the lens, or positions
    for name in ("point_sources", "extra_sources"):
        setattr(settings, name, _from_sexagesimal(settings, name, path))
    sources, extra = settings.point_sources, settings.extra_sources
    where = f"{path}: point_sources"
    if isinstance(sources, str):
        if sources != FIND and not (path.parent / sources).is_file():
            raise UserError(f"{where}: there is no {path.parent / sources}.")
    elif isinstance(sources, dict):
        _check_positions(sources, where)
    elif not 1 <= sources <= MOST_SOURCES:
        raise UserError(f"{where} = {sources}, but from 1 to {MOST_SOURCES} can be looked for.")
    # Neighbours are positions under names of their own, or the stars of the field
    where = f"{path}: extra_sources"
    if not isinstance(extra, str):
        _check_positions(extra, where)
        twice = sorted(set(extra) & set(sources if isinstance(sources, dict) else ()))
        if twice:
            raise UserError(f"{where}: {twice[0]} is one of point_sources already.")
    elif extra != FIELD:
        raise UserError(f"{where} = {extra!r}, but it must be positions, or '{FIELD}'.")
    # Errors of their positions: one for all, or by name
    errors = settings.point_source_sigma_arcsec
    for error in errors.values() if isinstance(errors, dict) else (errors,):
        if error is not None and not (_is_number(error) and error >= 0):
            raise UserError(f"{path}: point_source_sigma_arcsec: {error!r} is no error: give "
                            "arcsec, 0 to hold a source, or None.")
    for name, dates in settings.source_epochs.items():
        _check_dates(dates, f"{path}: source_epochs: {name}")
    # Of the light curve: sums have parts; shifts and dates are numbers and dates
    for name, parts in settings.sum_sources.items():
        check_name(name, f"{path}: sum_sources")
        if not isinstance(parts, list | tuple) or not (
                all(isinstance(part, str) for part in parts)
                and len(set(parts)) == len(parts) > 1):
            raise UserError(f"{path}: sum_sources: {name} = {parts!r}, but it must be two "
                            'different sources or more, as ("A", "B").')
    for name, shift in (settings.curve_shifts_mag or {}).items():
        if not _is_number(shift):
            raise UserError(f"{path}: curve_shifts_mag: {name} = {shift!r}, but it must be a "
                            "number of magnitudes.")
    if settings.curve_dates is not None:
        _check_dates(settings.curve_dates, f"{path}: curve_dates")


def check_name(name, where):
    """Raise UserError unless a name can stand in file names and field names."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*(?:_[A-Za-z0-9.+-]+)*", name):
        raise UserError(f"{where} = {name!r}: use letters, digits, '.', '+', '-' and single "
                        "'_' only.")
    if len(name) > LONGEST_NAME:
        raise UserError(f"{where} has {len(name)} letters: {LONGEST_NAME} at most, since files "
                        "are called after it.")


def _from_sexagesimal(settings, setting, path):
    """Return the positions of a setting, RA and Dec that are texts turned into degrees."""
    sources, found, n_texts = getattr(settings, setting), {}, 0
    if not isinstance(sources, dict):
        return sources
    for name, position in sources.items():
        found[name] = position
        if not isinstance(position, list | tuple) or len(position) != 2 or not all(
                isinstance(value, str) for value in position):
            continue
        where = f"{path}: {setting}: {name}"
        try:
            ra, dec = map(degrees, ("lens_ra_deg", "lens_dec_deg"), position)
        except ValueError as error:
            raise UserError(f"{where} is at {position!r}, {error}.") from error
        if None in (settings.lens_ra_deg, settings.lens_dec_deg):
            raise UserError(f"{where}: RA and Dec need lens_ra_deg and lens_dec_deg too.")
        east = abs((ra - settings.lens_ra_deg + 180) % 360 - 180) * math.cos(math.radians(dec))
        if max(east, abs(dec - settings.lens_dec_deg)) > NEAR_LENS_DEG:
            raise UserError(f"{where} is at RA {ra:.5f}, Dec {dec:.5f}, far from the lens at "
                            f"{settings.lens_ra_deg:.5f}, {settings.lens_dec_deg:.5f}.")
        # next to positions in arcsec it becomes one, too
        found[name] = (ra, dec) if setting == "point_sources" else (
            (ra - settings.lens_ra_deg) * 3600 * math.cos(math.radians(settings.lens_dec_deg)),
            (dec - settings.lens_dec_deg) * 3600)
        n_texts += 1
    if n_texts and setting == "point_sources":
        if n_texts < len(sources):
            raise UserError(f"{path}: {setting}: some positions are RA and Dec as texts, others "
                            "are numbers: give all of them in one way.")
        settings.point_sources_unit = "deg"
    elif n_texts and settings.point_sources_unit == "deg":
        raise UserError(f"{path}: {setting}: give RA and Dec as numbers, in degrees.")
    return found


def _check_positions(sources, where):
    for name, position in sources.items():
        if not isinstance(name, str):
            raise UserError(f"{where}: the name {name!r} is no text: write it as '{name}'.")
        check_name(name, f"{where}: the name")
        if not (isinstance(position, list | tuple) and len(position) == 2
                and all(map(_is_number, position))):
            raise UserError(f"{where}: {name} is at {position!r}, but a position is two numbers.")
    if len(set(map(tuple, sources.values()))) < len(sources):
        raise UserError(f"{where}: two sources are at the same position.")


def _is_number(value):
    return (isinstance(value, int | float) and not isinstance(value, bool)
            and abs(value) < LARGEST)


def _check_dates(dates, where):
    """Raise UserError unless these are a first and a last date, either of them None."""
    if not isinstance(dates, list | tuple) or len(dates) != 2:
        raise UserError(f"{where} is {dates!r}, but it must be (first, last), such as "
                        "('2019-03-01', None).")
    # Each is an ISO date or None, and the first is not after the last
    for day in dates:
        try:
            date.fromisoformat(day or "2000-01-01")
        except (TypeError, ValueError) as error:
            raise UserError(f"{where}: {day!r} is no date such as '2019-03-01'.") from error
    if None not in dates and dates[0] > dates[1]:
        raise UserError(f"{where}: {dates[0]} is after {dates[1]}.")
