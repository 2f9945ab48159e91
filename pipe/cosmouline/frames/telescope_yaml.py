"""The description of a camera, from YAML: what each key may be, checked when it is read.

``telescopes/generic.yaml`` explains the keys to a user.
"""

import difflib
from dataclasses import dataclass

from cosmouline.errors import UserError
from cosmouline.frames.header_values import angle_deg

# lowest and highest value that can be true; the least exposure is any above 0
RANGES = {
    "exptime_s": (1e-6, float("inf")),
    "gain_e_per_adu": (0.05, 50.0),
    "read_noise_e": (0.0, 200.0),
    "saturation_adu": (10.0, 1e7),
    "pixel_scale_arcsec": (1e-3, 100.0),
}
SITE_RANGES = {
    "site_lon_deg": (-180.0, 360.0),
    "site_lat_deg": (-90.0, 90.0),
    "site_height_m": (-500.0, 10000.0),
}
ZONES_H = (-12.0, 14.0)
RECIPES = ("iso", "split", "clock", "day_seconds", "mjd", "jd", "unix", "day", "fixed")
NEEDS_TIME = ("split", "clock", "day_seconds")
MOMENTS = ("start", "mid", "end")


@dataclass(frozen=True)
class Source:
    """Where a value comes from: keywords in turn, then the WCS, then a default.

    `valid` is a pair: a card outside it counts as missing. `table` gives the default by the texts
    of the cards `by`, joined. `as_is` marks a value in the unit of the pixels.
    """

    keywords: tuple = ()
    default: float | str | None = None
    valid: tuple | None = None
    wcs: bool = False
    by: tuple = ()
    table: dict | None = None
    as_is: bool = False

    @property
    def cards(self):
        """Keywords without the sign of an inverse."""
        return tuple(keyword.removeprefix("1/") for keyword in self.keywords)


@dataclass(frozen=True)
class DateRecipe:
    """How cards are turned into a date, and which moment of the exposure it names."""

    recipe: str
    date: tuple
    time: tuple = ()
    moment: str = "start"
    same_day_as: tuple = ()
    note: str | None = None
    time_system: str | None = None


@dataclass(frozen=True)
class CrossChecks:
    """Further cards of the same quantities: recipes of the date, keywords of the numbers.

    The first of the dates in `dates_that_win` is used where it differs from the date in use.
    """

    dates_that_win: tuple = ()
    dates: tuple = ()
    exptime_s: tuple = ()
    gain_e_per_adu: tuple = ()
    pixel_scale_arcsec: tuple = ()


@dataclass(frozen=True)
class Trim:
    """Rows and columns to cut off; a row at the bottom has a small y."""

    bottom: int = 0
    top: int = 0
    left: int = 0
    right: int = 0


@dataclass(frozen=True)
class Mask:
    """Which values of a mask are saturated pixels, and which are good; all others are bad.

    They are bits, added up in each pixel, or with `codes` one value for each pixel. `since` is
    the card of the version and the first one for which that holds: of earlier ones all but 0 is
    bad.
    """

    saturated: tuple = ()
    good: tuple = ()
    codes: bool = False
    since: tuple = ()


@dataclass(frozen=True)
class Check:
    """A card that must have one of some values where it is present."""

    keyword: str
    equals: tuple
    reason: str


@dataclass(frozen=True)
class Site:
    """Coordinates of the telescope; `table` gives them by the value of the card `by`."""

    lon_deg: Source
    lat_deg: Source
    height_m: Source
    by: str | None = None
    table: dict | None = None


@dataclass(frozen=True)
class Telescope:
    """A camera at a telescope; see ``telescopes/generic.yaml`` for the meaning."""

    name: str
    description: str
    date: tuple
    date_check: DateRecipe | None
    time_system: str
    time_zone_h: float
    exptime_s: Source
    gain_e_per_adu: Source
    read_noise_e: Source
    saturation_adu: Source
    pixel_scale_arcsec: Source
    filter: Source
    site: Site
    trim: Trim
    checks: tuple
    recognise: tuple = ()
    cross_checks: CrossChecks | None = None
    unit: Source = Source()
    mask: Mask | None = None
    raw: dict | None = None  # of raw frames: see `raw.camera`


def telescope_from(description, name, where):
    """Return the Telescope of a mapping from YAML, of which `where` is the file, for messages.

    Raises
    ------
    UserError
        If a key is unknown or missing, or a value cannot be used.
    """
    known = [field for field in Telescope.__dataclass_fields__ if field != "name"]
    keys = _mapping(description, where, known, needs=("description", "date", *RANGES))
    if not isinstance(keys["date"], list) or not keys["date"]:
        raise UserError(f"{where}: date: a list of recipes is needed")
    check = keys.get("date_check")  # a second opinion on the date: an MJD card
    if check is not None:
        check = _mapping(check, f"{where}: date_check", ("mjd", "is"), needs=("mjd",))
        check = {"recipe": "mjd", "date": check["mjd"], "is": check.get("is", "start")}
    parts = ("keyword", "equals", "reason")
    checks = [_mapping(one, f"{where}: checks", parts, parts) for one in keys.get("checks", [])]
    rules = keys.get("recognise", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) and rule for rule in rules):
        raise UserError(f"{where}: recognise: {rules!r} is not a list of mappings (keyword: text)")
    return Telescope(
        name=name,
        description=str(keys["description"]),
        date=tuple(_recipe(one, f"{where}: date") for one in keys["date"]),
        date_check=check and _recipe(check, f"{where}: date_check"),
        time_system=str(keys.get("time_system", "UTC")),
        time_zone_h=number_in(keys.get("time_zone_h", 0.0), ZONES_H, f"{where}: time_zone_h"),
        filter=_source(keys.get("filter", {}), f"{where}: filter"),
        site=_site(keys.get("site", {}), f"{where}: site"),
        trim=trim_from(keys.get("trim", {}), f"{where}: trim"),
        checks=tuple(Check(one["keyword"], tuple(_listed(one["equals"])), one["reason"])
                     for one in checks),
        # tuples of (keyword, texts in lower case), one for each rule
        recognise=tuple(tuple((keyword, tuple(str(text).lower() for text in _listed(texts)))
                              for keyword, texts in rule.items()) for rule in rules),
        cross_checks=_cross_checks(keys.get("cross_checks"), f"{where}: cross_checks"),
        unit=_source(keys.get("unit", {}), f"{where}: unit"),
        mask=_mask(keys.get("mask", {}), f"{where}: mask"),
        raw=_mapping(keys.get("raw", {}), f"{where}: raw", keys.get("raw", {})),
        **{key: _source(keys[key], f"{where}: {key}", RANGES[key]) for key in RANGES},
    )


def trim_from(entry, where):
    """Build a Trim from a mapping; UserError for an unknown key or no number of pixels."""
    edges = _mapping(entry, where, list(Trim.__dataclass_fields__))
    for edge, value in edges.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise UserError(f"{where}: {edge} = {value!r} is not a number of pixels")
    return Trim(**edges)


def number_in(value, limits, where):
    """Return a number of the user as a float; UserError where it is none or outside the limits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{where} = {value!r} is not a number")
    if not limits[0] <= value <= limits[1]:
        raise UserError(f"{where} = {value:g} is not between {limits[0]:g} and {limits[1]:g}")
    return float(value)


def unknown_name(name, known, where, kind):
    """Return the UserError of an unknown name, with the nearest one that is known."""
    by_lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(str(name).lower(), by_lower, n=1)
    hint = f"did you mean {by_lower[near[0]]!r}?" if near else f"known: {', '.join(known)}"
    return UserError(f"{where}: unknown {kind} {name!r}; {hint}")


def _mapping(entry, where, known, needs=()):
    """Check the keys of a mapping."""
    if not isinstance(entry, dict):
        raise UserError(f"{where}: {entry!r} is not a mapping (key: value)")
    for key in entry:
        if key not in known:
            raise unknown_name(key, known, where, "key")
    for key in needs:
        if key not in entry:
            raise UserError(f"{where}: the key {key!r} is missing")
    return entry


def _source(entry, where, limits=None):
    """Read a value, a list of keywords, or the mapping that has both."""
    if isinstance(entry, list):
        entry = {"keywords": entry}
    if not isinstance(entry, dict):
        entry = {"default": entry}
    # Numbers must be possible; a text must not be one that YAML reads as a number or logical
    keys = _mapping(entry, where, ("keywords", "default", "valid", "wcs", "by", "table", "as_is"))
    default, table = keys.get("default"), keys.get("table", {})
    _mapping(table, f"{where}: table", table)
    for value in (*table.values(), *([default] if default is not None else [])):
        if limits:
            number_in(value, limits, where)
        elif not isinstance(value, str):
            raise UserError(f"{where}: {value!r} must be a text: put quotes around it")
    valid = keys.get("valid")
    return Source(_keywords(keys.get("keywords", []), where),
                  float(default) if limits and default is not None else default,
                  tuple(float(limit) for limit in valid) if valid else None,
                  bool(keys.get("wcs", False)), _keywords(keys.get("by", []), where),
                  {str(name).lower(): value for name, value in table.items()} or None,
                  bool(keys.get("as_is", False)))


def _mask(entry, where):
    """Read what the values of a mask mean."""
    keys = _mapping(entry, where, list(Mask.__dataclass_fields__))
    for name in keys.keys() - {"codes", "since"}:
        if not all(isinstance(value, int) and value > 0 for value in _listed(keys[name])):
            raise UserError(f"{where}: {name}: {keys[name]!r} is not a list of numbers above 0")
    since = keys.get("since", {})
    _mapping(since, f"{where}: since", since)
    return Mask(tuple(_listed(keys.get("saturated", []))), tuple(_listed(keys.get("good", []))),
                bool(keys.get("codes", False)), tuple((str(k), str(v)) for k, v in since.items()))


def _keywords(entry, where):
    """Read one keyword or a list of them."""
    keywords = [entry] if isinstance(entry, str) else entry
    if not isinstance(keywords, list) or not all(isinstance(key, str) for key in keywords):
        raise UserError(f"{where}: {entry!r} is not a list of header keywords (quote each)")
    return tuple(keywords)


def _recipe(entry, where):
    """Read one recipe."""
    known = ("recipe", "date", "time", "is", "same_day_as", "note", "time_system")
    keys = _mapping(entry, where, known, needs=("recipe", "date"))
    if keys["recipe"] not in RECIPES:
        raise unknown_name(keys["recipe"], RECIPES, where, "recipe")
    moment = keys.get("is", "start")
    if moment not in MOMENTS:
        raise unknown_name(moment, MOMENTS, where, "moment")
    if (keys["recipe"] in NEEDS_TIME) != ("time" in keys):
        raise UserError(f"{where}: 'time' belongs to the recipes {' and '.join(NEEDS_TIME)}")
    return DateRecipe(keys["recipe"], _keywords(keys["date"], where),
                      _keywords(keys.get("time", []), where), moment,
                      _keywords(keys.get("same_day_as", []), where), keys.get("note"),
                      keys.get("time_system"))


def _cross_checks(entry, where):
    """Read the cards with which values are compared; None where the description has none."""
    if entry is None:
        return None
    keys = _mapping(entry, where, list(CrossChecks.__dataclass_fields__))
    return CrossChecks(**{
        key: tuple(_recipe(one, where) for one in value) if key.startswith("dates")
        else _keywords(value, where) for key, value in keys.items()})


def _site(entry, where):
    """Read the coordinates of the telescope: constants, keywords, or a table by a card."""
    names, sources = ("lon_deg", "lat_deg", "height_m"), []
    keys = _mapping(entry, where, (*names, "by", "table"))
    table = {str(code).lower(): tuple(
        _constant(_mapping(place, where, names, names)[name], name, where) for name in names)
        for code, place in keys.get("table", {}).items()}
    # A list has keywords, a mapping keywords and a default, anything else is the default
    for name in names:
        value = keys.get(name)
        value = {"keywords": value} if isinstance(value, list) else value
        value = value if isinstance(value, dict) else {"default": value}
        value = _mapping(value, where, ("keywords", "default"))
        default = value.get("default")
        sources.append(Source(_keywords(value.get("keywords", []), where),
                              None if default is None else _constant(default, name, where)))
    return Site(*sources, by=keys.get("by"), table=table)


def _constant(value, name, where):
    """Read a coordinate given as degrees, or as a text with colons."""
    try:
        angle = angle_deg(value)
    except ValueError as error:
        raise UserError(f"{where}: {name}: {error}") from None
    try:
        return number_in(angle, SITE_RANGES[f"site_{name}"], f"{where}: {name}")
    except UserError as error:  # YAML reads -70:43:48 without quotes as the number -254628
        raise UserError(f"{error}; a value with colons needs quotes") from None


def _listed(entry):
    """Return a list as it is, and anything else as a list of one."""
    return entry if isinstance(entry, list) else [entry]
