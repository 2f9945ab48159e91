"""Configuration files of ShapePipe as settings of fac_shapes."""

import configparser
import os
import re
from pathlib import Path
from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.files.io_text import read_lines
from cosmouline.shapes.io_runs import MODULES
from cosmouline.shapes.numbering import expression_of

TRUE = {"true", "yes", "on", "1", "y"}
RUN_NUMBER = re.compile(r"_?(RUN_)?\d+$")  # of a module that runs twice: _RUN_2, or 2
# Files that an option of a section names, and how each is written
NAMED_FILES = {("MASK_RUNNER", "MASK_CONFIG_PATH"): "ini",
               ("SEXTRACTOR_RUNNER", "DOT_SEX_FILE"): "sex",
               ("PSFEX_RUNNER", "DOT_PSFEX_FILE"): "psfex"}
# (section, option): (setting, key, type). A mask that is not made has the flag 0
TAKEN = {
    ("BORDER_PARAMETERS", "BORDER_WIDTH"): ("shape_masks", "border_px", int),
    ("BORDER_PARAMETERS", "BORDER_FLAG_VALUE"): ("shape_masks", "border_flag", int),
    ("HALO_PARAMETERS", "HALO_MAG_LIM"): ("shape_masks", "halo_mag_max", float),
    ("HALO_PARAMETERS", "HALO_SCALE_FACTOR"): ("shape_masks", "halo_slope", float),
    ("HALO_PARAMETERS", "HALO_FLAG_VALUE"): ("shape_masks", "halo_flag", int),
    ("SPIKE_PARAMETERS", "SPIKE_MAG_LIM"): ("shape_masks", "spike_mag_max", float),
    ("SPIKE_PARAMETERS", "SPIKE_SCALE_FACTOR"): ("shape_masks", "spike_slope", float),
    ("SPIKE_PARAMETERS", "SPIKE_FLAG_VALUE"): ("shape_masks", "spike_flag", int),
    ("MESSIER_PARAMETERS", "MESSIER_SIZE_PLUS"): ("shape_masks", "objects_plus", float),
    ("MESSIER_PARAMETERS", "MESSIER_FLAG_VALUE"): ("shape_masks", "objects_flag", int),
    ("MD_PARAMETERS", "MD_THRESH_FLAG"): ("shape_masks", "missing_flag", float),
    ("MD_PARAMETERS", "MD_THRESH_REMOVE"): ("shape_masks", "missing_remove", float),
    ("SEX", "DETECT_THRESH"): ("shape_detection", "sigma", float),
    ("SEX", "DETECT_MINAREA"): ("shape_detection", "min_area_px", int),
    ("SEX", "DEBLEND_MINCONT"): ("shape_detection", "deblend", float),
    ("SEX", "BACK_SIZE"): ("shape_detection", "sky_box_px", int),
    ("PSFEX", "PSFVAR_DEGREES"): ("shape_psf", "max_degree", int),
    ("PSFEX", "PSF_SIZE"): ("shape_psf", "side_px", int),
    ("PSFEX_INTERP_RUNNER", "STAR_THRESH"): ("shape_psf", "min_stars", int),
    ("PSFEX_INTERP_RUNNER", "CHI2_THRESH"): ("shape_psf", "max_chi2", float),
    ("VIGNETMAKER_RUNNER", "STAMP_SIZE"): ("shape_psf", "side_px", int),
    ("MAKE_CAT_RUNNER", "SM_STAR_THRESH"): ("shape_catalogue", "spread_star_max", float),
    ("MAKE_CAT_RUNNER", "SM_GAL_THRESH"): ("shape_catalogue", "spread_galaxy_min", float),
    ("RANDOM_CAT_RUNNER", "DENSITY"): ("shape_catalogue", "random_per_arcmin2", float),
    ("JOB", "SMP_BATCH_SIZE"): (None, "max_cpus", int)}
SWITCHES = {"HALO_MAKE": "halo_flag", "SPIKE_MAKE": "spike_flag", "BORDER_MAKE": "border_flag",
            "MESSIER_MAKE": "objects_flag"}
FORMERLY = {"PSFEXINTERP_RUNNER": "PSFEX_INTERP_RUNNER", "MAKE_CATALOG_RUNNER": "MAKE_CAT_RUNNER",
            "SM_STAR_STRESH": "SM_STAR_THRESH", "DENSITY_RANDOM": "DENSITY"}
ELSEWHERE = {  # options that are used without a key of their own
    "MODULE", "FILE_PATTERN", "FILE_EXT", "NUMBERING_SCHEME", "INPUT_DIR", "INPUT_MODULE",
    "SETOOLS_CONFIG_PATH", "TIMEOUT", "ZP_FROM_HEADER", "BACK_TYPE", "MAG_ZEROPOINT", "MAG_ZP",
    "MD_REMOVE", "OUTPUT_SUFFIX", *(option for _, option in NAMED_FILES), *SWITCHES}
GONE = {  # what became of the others
    "VERBOSE": "lines on the terminal are the same always; --debug shows tracebacks",
    "RUN_NAME": "a run is a log file: fac_shapes/0_runs", "RUN_DATETIME": "fac_shapes/0_runs",
    "MODE": "what a step does follows from its script", "LOG_NAME": "work_dir/logs",
    "RUN_LOG_NAME": "fac_shapes/0_runs", "OUTPUT_DIR": "work_dir",
    "NUMBER_LIST": "--only @FILE, a name of a CCD or tile on each line",
    "CORRECT_FILE_PATTERN": "the patterns of shape_images", "SMP_BACKEND": "engine",
    "N_HDU": "as many CCDs as a file has", "OUTPUT_PATH": "the database has the coordinates",
    "LOG_WCS": "the database has the coordinates", "USE_EXT_FLAG": "'flags' of shape_images",
    "USE_EXT_STAR": "catalogue", "EF_MAKE": "'flags' of shape_images",
    "HALO_MASKMODEL_PATH": "halo_radius_arcsec", "HALO_MAG_PIVOT": "13.8 mag",
    "SPIKE_MASKMODEL_PATH": "spike_length_arcsec, spike_width_arcsec",
    "SPIKE_MAG_PIVOT": "13.8 mag", "MESSIER_CAT_PATH": "'objects' of shape_masks: a table with "
    "ra_deg, dec_deg, radius_arcsec", "NGC_CAT_PATH": "the same table as Messier's objects",
    "MD_MAKE": "missing data are always counted", "DOT_PARAM_FILE": "the columns are fixed",
    "DOT_CONV_FILE": "always the filter of default.conv", "WEIGHT_IMAGE": "always",
    "FLAG_IMAGE": "always", "CHECKIMAGE": "the sky is made again where it is needed",
    "MAKE_POST_PROCESS": "4a_detect_tiles does it always", "CCD_SIZE": "the size of each CCD",
    "GET_SHAPES": "always", "ME_DOT_PSF_DIR": "the PSFs of 3c_psf_model",
    "MASKING": "bad pixels have bits in the vignets", "COORD": "vignets of tile and epochs both",
    "PIXEL_SCALE": "from the coordinates of each CCD", "OUTPUT_MODE": "a table of its own",
    "ID_OBJ_MIN": "6_shapes --part 1/8", "ID_OBJ_MAX": "6_shapes --part 1/8",
    "SM_DO_CLASSIFICATION": "always", "SHAPE_MEASUREMENT_TYPE": "'prefix' of shape_catalogue",
    "SAVE_PSF_DATA": "shapes/psf_epochs", "PREFIX": "names are fixed", "SUFFIX": "names are fixed"}
PROGRAMS = "no other program is run"


class Old(NamedTuple):
    """All options of a set of configuration files, and where they stand."""

    options: dict  # (section, option): text
    runs: dict  # the same, of the second run of a module
    paths: dict  # names of files by (section, option)


def read_old(files, variables):
    """Read configuration files and the files that they name.

    Parameters
    ----------
    files : sequence of Path
    variables : dict of str to str
        Values of ``$SP_CONFIG`` and others; what is not in it comes from the environment.

    Raises
    ------
    UserError
        If one cannot be read.

    Notes
    -----
    Of two values of an option the later one counts; sections of a second run of a module, and
    SExtractor on tiles, are kept apart.
    """
    options, runs, paths = {}, {}, {}
    for file in files:
        for (section, option), value in _ini(file).items():
            value = re.sub(r"\$\{?(\w+)\}?", lambda found: variables.get(
                found[1], os.environ.get(found[1], found[0])), value)
            name = RUN_NUMBER.sub("", section)
            name, option = FORMERLY.get(name, name), FORMERLY.get(option, option)
            is_tile = name == "SEXTRACTOR_RUNNER" and "tile" in value.lower()
            is_second = section.endswith(("_RUN_2", "2")) or is_tile
            place = runs if is_second else options
            if option == "MODULE" and (name, option) in place:
                value = f"{place[name, option]}, {value}"
            place[name, option] = value
            kind = NAMED_FILES.get((name, option))
            if kind:
                named = Path(value) if Path(value).is_absolute() else file.parent / value
                paths[name, option] = str(named)
                if not named.is_file():
                    raise UserError(f"{file}: {option} = {value}: there is no such file. Say "
                                    "where it lies: --set SP_CONFIG=/path")
                place |= _ini(named) if kind == "ini" else {
                    (kind.upper(), key): text for key, text in _sextractor(named).items()}
    return Old(options, runs, paths)


def _ini(path):
    """Return the options of a file, by section and option."""
    parser = configparser.RawConfigParser(strict=False, default_section="",
                                          inline_comment_prefixes=(" #", ";"))
    parser.optionxform = str
    try:
        parser.read_string("\n".join(read_lines(path)), str(path))
    except configparser.Error as error:
        raise UserError(f"{path} is no configuration of ShapePipe: "
                        f"{str(error).splitlines()[0]}") from error
    return {(section, option): " ".join(value.split()) for section in parser.sections()
            for option, value in parser.items(section)}


def _sextractor(path):
    """Return the keywords of a file of SExtractor or PSFEx."""
    words = (line.partition("#")[0].split(None, 1) for line in read_lines(path))
    return {line[0].upper(): line[1].strip() for line in words if len(line) == 2}


def settings_of(old):
    """Return the settings that the options give, and notes on those that have another meaning.

    Raises UserError for a value that cannot be read.
    """
    found, notes = {}, {}

    def put(setting, key, value):
        (found if setting is None else found.setdefault(setting, {}))[key] = value

    for place, is_second in ((old.options, False), (old.runs, True)):
        for (section, option), text in place.items():
            if (section, option) not in TAKEN:
                continue
            setting, key, kind = TAKEN[section, option]
            first = "tile_" if is_second and setting == "shape_detection" else ""
            try:
                put(setting, first + key, kind(float(text.split(",")[0])))
            except ValueError as error:
                raise UserError(f"[{section}] {option} = {text}: it must be a number.") from error
        if place.get(("SEX", "BACK_TYPE"), "AUTO").upper() == "MANUAL":
            put("shape_detection", ("tile_" if is_second else "") + "sky_box_px", 0)
    for (_, option), text in old.options.items():
        if option in SWITCHES and text.lower() not in TRUE:
            put("shape_masks", SWITCHES[option], 0)
    if old.options.get(("MD_PARAMETERS", "MD_REMOVE"), "true").lower() not in TRUE:
        put("shape_masks", "missing_remove", 1.0)
    if timeout := old.options.get(("JOB", "TIMEOUT")):
        parts = timeout.split(":")
        if len(parts) != 3 or not all(part.isdigit() for part in parts):
            raise UserError(f"[JOB] TIMEOUT = {timeout}: it must be like 96:00:00.")
        seconds = sum(int(part) * unit for part, unit in zip(parts, (3600, 60, 1), strict=True))
        put(None, "image_timeout_s", float(seconds))
    if ("SETOOLS_RUNNER", "SETOOLS_CONFIG_PATH") in old.options:
        put(None, "star_selection", Path(
            old.options["SETOOLS_RUNNER", "SETOOLS_CONFIG_PATH"]).name)
    is_header = old.options.get(("SEXTRACTOR_RUNNER", "ZP_FROM_HEADER"), "False").lower() in TRUE
    for place in (("NGMIX_RUNNER", "MAG_ZP"), ("SEX", "MAG_ZEROPOINT")):
        if place in old.options and not is_header:
            put("shape_images", "zero_point_mag", float(old.options[place]))
            notes["MAG_ZP"] = "zero_point_mag is that of exposures and tiles both"
    if old.options.get(("PSFEX", "PSF_SAMPLING"), "1").rstrip("0") not in ("1", "1."):
        notes["PSF_SAMPLING"] = "the PSF has the pixels of the image"
    modules = [one.strip() for (_, option), text in old.options.items() if option == "MODULE"
               for one in text.split(",") if one.strip()]
    notes |= {module: "no script of fac_shapes does it" for module in modules
              if module.lower() not in MODULES}
    return found, notes


def names_of_images(old):
    """Return the patterns of shape_images that file patterns and numbering schemes tell.

    What is meant by each is told by its words: image, weight, flag; in a run on tiles the first
    two are those of the tile. Raises UserError for a scheme that cannot be read.
    """
    found = {}
    for (section, option), text in [*old.options.items(), *old.runs.items()]:
        if option == "NUMBERING_SCHEME":
            try:
                expression_of(text)
            except ValueError as error:
                raise UserError(f"[{section}] {error}") from error
    for place in (old.options, old.runs):
        split = place.get(("SPLIT_EXP_RUNNER", "OUTPUT_SUFFIX"))
        words = [word.strip() for word in (split or "").split(",") if word.strip()]
        for word in words:
            key = {"image": "exposures", "weight": "weights", "flag": "flags"}.get(word)
            if key:
                found[key] = f"{word}-*.fits*"
        mask = [word.strip() for word in place.get(("MASK_RUNNER", "FILE_PATTERN"), "").split(",")]
        for word in mask:
            if "_image" in word or "_weight" in word:
                found["tiles" if "_image" in word else "tile_weights"] = f"{word}-*.fits*"
    return found


def left_out(old, notes):
    """Return what is not taken over, by section and option, and what is here in its place."""
    said = {}
    for section, option in [*old.options, *old.runs]:
        if (section, option) in TAKEN or option in ELSEWHERE or section in ("SEX", "PSFEX"):
            continue
        why = GONE.get(option) or (PROGRAMS if "PATH" in option or option.startswith("WW_")
                                   else None)
        said[f"[{section}] {option}"] = why or "has no place here: doc/from_shapepipe.md"
    return said | notes


def settings_text(name, values, said):
    """Return the text of settings.py, with what has no place in it as comments."""
    lines = ['"""Taken over from ShapePipe; a line taken away is as in configs/sample."""\n\n',
             f"lens_name = {name!r}\n"]
    for key, value in values.items():
        if isinstance(value, dict):
            inner = "".join(f"    {one!r}: {two!r},\n" for one, two in value.items())
            lines.append(f"{key} = {{\n{inner}}}\n")
        elif key != "lens_name":
            lines.append(f"{key} = {value!r}\n")
    lines.append("\n# --- options of ShapePipe that are not taken over, and what is here\n")
    return "".join(lines + [f"# {key}: {why}\n" for key, why in said.items()])
