"""Read configs/<lens>/settings.py over configs/sample/settings.py, and check it."""

import contextlib
import math
import os
import re
import runpy
import traceback
import types
from pathlib import Path
from types import SimpleNamespace

from cosmouline.database.notation import read_aperture, read_region
from cosmouline.database.script_header import ROOT
from cosmouline.database.settings_cluster import check_cluster
from cosmouline.database.settings_shapes import check_shapes
from cosmouline.database.settings_sources import LONGEST_NAME, check_name, check_sources
from cosmouline.database.settings_values import DEGREES, degrees, fits, set_twice, wanted
from cosmouline.errors import UserError, did_you_mean, one_line

SAMPLE = ROOT / "configs" / "sample" / "settings.py"

CHOICES = {
    "engine": ("serial", "local", "dask"),
    "master_by": ("night", "all"),
    "fringe_by": ("night", "set"),
    "align_method": ("triangles", "astroalign"),
    "wcs": ("solve", "header", "none"),
    "point_sources_unit": ("arcsec", "deg"),
    "coeff_method": ("als", "median"),
    "renorm_method": ("als", "median"),
    "psf_engine": ("gp", "starred"),
    "psf_field": ("auto", "on", "off"),
    "deconv_engine": ("gp", "starred"),
    "combi_method": ("mean", "median"),
    "combi_coefficient": ("medcoeff", "renorm", "none"),
    "combi_group_by": ("night", "target"),
    "dec_coefficient": ("renorm", "medcoeff", "none"),
    "extended_light": ("auto", "galaxy", "none"),
    "shift_prior": ("stars", "alignment"),
    "join_by": ("night", "image", "minutes"),
    "join_center": ("mean", "median"),
    "join_separate": ("no", "telescope", "set"),
    "excluded_nights": ("flag", "drop"),
    "curve_panels": ("one", "each"),
}
NAMES = ("psf_name", "dec_name", "renorm_name", "combi_name",
         "combi_group_name", "photom_name")  # become parts of file and field names
TINY = 1e-9
LONGEST_FILE = 255  # letters of a name of a file, on most file systems
LIMITS = {  # least and greatest value
    "lens_ra_deg": (0, 360), "lens_dec_deg": (-90, 90), "north_angle_deg": (-360, 360),
    "max_cpus": (0, 4096), "image_timeout_s": (TINY, math.inf), "died_retries": (0, 100),
    "flat_level_limits": (0, 1), "calibration_saturated_max": (0, 1),
    "master_min_frames": (1, 10_000), "master_days_max": (TINY, math.inf),
    "master_temperature_max_c": (0, 100), "flat_least": (0, 1),
    "hot_pixel_sigma": (1, math.inf), "detect_threshold_sigma": (0.1, math.inf),
    "detect_min_area_px": (1, 10_000), "sky_box_px": (8, 10_000), "fringe_cell_px": (2, 1000),
    "align_rms_max_px": (0.01, 5), "catalogue_radius_arcmin": (0.1, 120),
    "pointing_error_arcmin": (0, 600), "wcs_sip_degree": (0, 3), "star_ruwe_max": (1, 1000),
    "zero_point_flat_degree": (0, 2), "zero_point_range_mag": (TINY, 100),
    "photom_zero_point_range_mag": (TINY, 100), "photom_threshold_sigma": (1, 1000),
    "n_norm_stars": (1, 10_000), "star_snr_min": (0, math.inf),
    "star_lens_distance_px": (0, math.inf), "aperture_fwhm": (0.1, 50),
    "psf_stamp_fwhm": (3, 50), "psf_upsampling": (1, 6), "psf_prior": (TINY, 1e3),
    "psf_wings": (0, 1e3),
    "psf_min_stars": (1, 1000), "n_psf_draws": (0, 1000), "n_control_stars": (0, 100),
    "n_held_epochs": (0, 100000),
    "n_injection_sites": (1, 100),
    "cosmic_sigma": (TINY, math.inf), "cosmic_fraction": (TINY, math.inf),
    "cosmic_object": (TINY, math.inf),
    "lens_stamp_fwhm": (2, 50), "lens_stamp_px": (16, 400), "join_minutes": (TINY, math.inf),
    "night_min_images": (1, 10_000), "psf_peak_max": (0.01, 1),
    "fwhm_max_ratio": (1, math.inf),
} | dict.fromkeys((
    "fwhm_max_arcsec", "ellipticity_max", "sky_level_max_e", "dec_fwhm_max_arcsec",
    "dec_ellipticity_max", "dec_coeff_max", "dec_sky_max_e", "dec_trail_min_arcsec",
    "join_fwhm_max_arcsec",
    "join_ellipticity_max", "join_sky_max_e", "join_coeff_max", "night_fwhm_max_arcsec",
    "night_ellipticity_max", "night_sky_max_e", "night_coeff_max", "combi_fwhm_max_arcsec",
    "combi_ellipticity_max", "combi_coeff_max", "combi_sky_max_e"), (TINY, math.inf))
SET_KEYS = {"name": str, "telescope": str, "raw_dir": str, "overrides": dict,
            "bad_pixel_mask": str, "extension": int, "band": str, "files": str | list[str],
            "filter": str,
            "camera": str, "science_only": bool, "folders": str, "lens_only": bool}
RAW_KEYS = {"name": str, "telescope": str, "raw_dir": str, "folders": str, "overrides": dict,
            "files": str | list[str], "extension": int, "masters": str}  # of raw_frames
SET_CHOICE = ("extension", "files", "filter", "camera", "folders")  # by which sets share a folder
SET_MUST = ("name", "telescope", "raw_dir")

# The settings of COSMOULINE that users know by heart, and what became of them.
FORMERLY = {
    "lensName": "lens_name", "lensRA": "lens_ra_deg", "lensDEC": "lens_dec_deg",
    "workdir": "work_dir", "maxcores": "max_cpus", "telescopename": "sets", "setnames": "sets",
    "setname": "sets", "rawdirs": "sets", "rawdir": "sets", "refimgname": "ref_img_name",
    "refimgname_per_band": "band_ref_img_names", "psfname": "psf_name", "decname": "dec_name",
    "lensregion": "lens_position_px", "cosmicssigclip": "cosmic_sigma",
    "renormname": "renorm_name", "decnormfieldname": "dec_coefficient",
    "decpsfnames": "dec_psf_names", "normcoeffname": "renorm_name", "sourcenames": "join_sources",
    "toaddsourcenames": "sum_sources", "sumsourcename": "sum_sources", "lc_to_sum": "sum_sources",
    "imgskiplistfilename": "join_skiplists", "deconvname": "dec_name",
    "telescopenames": "join_separate", "exportsetnames": "join_separate",
    "imgmaxseeing": "join_fwhm_max_arcsec", "imgmaxell": "join_ellipticity_max",
    "imgmaxrelskylevel": "join_sky_max_e", "imgmaxmedcoeff": "join_coeff_max",
    "nightmaxseeing": "night_fwhm_max_arcsec", "nightmaxell": "night_ellipticity_max",
    "nightmaxrelskylevel": "night_sky_max_e", "nightmaxnormcoeff": "night_coeff_max",
    "nightminnbimg": "night_min_images", "outputname": "lens_name", "baseraw": "sets",
    "trimheight": "sets", "renormsources": "renorm_stars",
    "combibestname": "combi_name", "combibestmaxseeing": "combi_fwhm_max_arcsec",
    "combibestmaxell": "combi_ellipticity_max", "combibestmaxmedcoeff": "combi_coeff_max",
    "combibestmaxstddev": "combi_sky_max_e", "combinightname": "combi_group_name",
    "combinightrenormcoeff": "combi_coefficient",
    "emptyregion": "empty_region", "sexphotomname": "photom_apertures",
    "sexphotomfields": "photom_apertures", "maxpixelvaluecoeff": "psf_peak_max",
    "objname": "photom_stars", "objnames": "photom_stars",
    "identtolerance": "align_rms_max_px",
}


def load_settings(config_dir):
    """Return the settings of the lens whose settings.py is in a folder, as a namespace.

    It has every name of the sample, `work_dir` as a Path, `sets` with their paths expanded, and
    `config_dir`, and `notices`, lines on what is odd. Raises UserError, before any work, for an
    unknown name, a wrong type, a value that is not among the choices, or a path that is relative
    or missing.
    """
    if config_dir is None:
        raise UserError("give the folder of a lens: python <script> configs/<lens> "
                        "(or set the variable COSMOULINE_CONFIG).")
    path = Path(str(config_dir).removesuffix("/settings.py")) / "settings.py"
    if not path.is_file():
        others = [one.parent.name for one in path.parent.parent.glob("*/settings.py")]
        raise UserError(f"there is no {path}.{did_you_mean(path.parent.name, others)} For a new "
                        f"lens copy configs/sample to {config_dir} and edit its settings.py.")
    folder = path.parent.resolve()  # before the settings can change the folder
    # The names of the lens must be those of the sample, and so must the types
    sample, annotations = _run(SAMPLE)
    own, _ = _run(path, sample)
    for name in sorted(own.keys() - sample.keys()):
        if name in FORMERLY:
            raise UserError(f"{path}: '{name}' of the old COSMOULINE is now '{FORMERLY[name]}' "
                            "(see configs/sample/settings.py).")
        hint = did_you_mean(name, sample) or (
            " See configs/sample/settings.py; what is no setting begins with '_'.")
        raise UserError(f"{path}: unknown setting '{name}'.{hint}")
    for name, value in own.items():
        kind = annotations[name]
        if not fits(value, kind):
            raise UserError(f"{path}: {name} = {_shown(value)}, but it must be "
                            f"{wanted(kind, sample[name])}.")
        if name != "cluster" and any(len(part) > LONGEST_FILE for text in _texts(value)
                                     for part in text.split("/")):
            raise UserError(f"{path}: {name} has a text of more than {LONGEST_FILE} letters, too "
                            "long for a name.")
    for name in own.keys() & DEGREES.keys():
        try:
            own[name] = degrees(name, own[name])
        except ValueError as problem:
            raise UserError(f"{path}: {name} = {_shown(own[name])}, {problem}.") from problem
    # The values together, then one by one
    settings = SimpleNamespace(**(sample | own))
    settings.config_dir = folder
    settings.notices = [  # for the user, not for programs that read settings
        f"{path}: {name} is set in line {first} and again in line {last}: the last one counts. "
        "Delete the other." for name, first, last in set_twice(
            path.read_text(encoding="utf-8-sig"), sample)]
    settings.band = ""  # all of them; `bands.split` makes copies for one
    _check_values(settings, path)
    _check_lens(settings, path)
    settings.sets = [_checked_set(dict(one), f"{path}: sets[{i}]")
                     for i, one in enumerate(settings.sets)]
    settings.raw_frames = [_checked_set(dict(one), f"{path}: raw_frames[{i}]", RAW_KEYS)
                           for i, one in enumerate(settings.raw_frames)]
    names = [one["name"] for one in settings.raw_frames]
    if doubles := [name for name in names if names.count(name) > 1]:
        raise UserError(f"{path}: two entries of raw_frames are called '{doubles[0]}'.")
    _check_sets(settings, path)
    check_shapes(settings, sample, path)
    return settings


def differences(settings):
    """Return the settings of a lens that differ from the sample, by name."""
    sample, _ = _run(SAMPLE)
    return {name: value for name, value in sorted(vars(settings).items())
            if name in sample and value != sample[name]}


def _run(path, known=()):
    """Return the names that a settings.py defines, and their annotations.

    Functions and modules are left out, but not under the `known` names of settings.
    """
    try:
        path.read_text(encoding="utf-8")  # Python itself lets other bytes pass in comments
        with contextlib.redirect_stdout(None):
            names = runpy.run_path(str(path))
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not utf-8 text: save it as utf-8.") from error
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise UserError(f"{path}{line}: {error.msg}.") from error
    except SystemExit as error:
        raise UserError(f"{path} stops Python; a settings.py only sets values.") from error
    except (Exception, GeneratorExit) as error:
        lines = [one.lineno for one in traceback.extract_tb(error.__traceback__)
                 if one.filename == str(path)]
        place = f"{path}, line {lines[-1]}" if lines else path
        why = one_line(f"{type(error).__name__}: {error}")
        raise UserError(f"{place}: {why.rstrip(': ')}.") from error
    # Only values are settings; of paths their text
    code = types.ModuleType | type | types.FunctionType
    data = {name: str(value) if isinstance(value, Path) else value
            for name, value in names.items()
            if name in known or not (name.startswith("_") or isinstance(value, code))}
    return data, names.get("__annotations__", {})


def _shown(value):
    """Show a value in a message of one line, whatever it is."""
    try:
        return one_line(repr(value))
    except (ValueError, RecursionError):  # a number of more digits than Python writes
        return "something that cannot be shown"


def _check_values(settings, path):
    """Raise UserError for a value that is not among its choices or within its limits."""
    for name, allowed in CHOICES.items():
        if getattr(settings, name) not in allowed:
            raise UserError(f"{path}: {name} = {getattr(settings, name)!r}, but it must be one of "
                            f"{', '.join(allowed)}.")
    if isinstance(settings.psf_prior, str) and settings.psf_prior != "auto":
        raise UserError(f"{path}: psf_prior = {settings.psf_prior!r}, but it must be three "
                        'numbers or "auto".')
    # Regions and radii are texts of a form of their own
    for name, read in (("empty_region", read_region), ("photom_apertures", read_aperture)):
        for text in _listed(getattr(settings, name)):
            try:
                read(text)
            except ValueError as problem:
                raise UserError(f"{path}: {name}: {problem}.") from problem
    for name, (least, most) in LIMITS.items():
        value = getattr(settings, name)
        for number in _listed(value):  # NaN is out of all limits
            if number is not None and not isinstance(number, str) and not least <= number <= most:
                allowed = (f"from {least:g} to {most:g}" if math.isfinite(most)
                           else "above 0" if least == TINY else f"{least:g} or more")
                raise UserError(f"{path}: {name} = {value!r}, but it must be {allowed}.")
    if (settings.lens_stamp_px or 0) % 8:
        raise UserError(f"{path}: lens_stamp_px = {settings.lens_stamp_px}, but it must be a "
                        "multiple of 8.")
    for name in NAMES:
        check_name(getattr(settings, name), f"{path}: {name}")
    for name in settings.dec_psf_names:
        check_name(name, f"{path}: dec_psf_names")


def _texts(value):
    """Yield all texts of a value, in lists and dictionaries too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _listed(value):
    return value if isinstance(value, list | tuple) else (value,)


def _check_lens(settings, path):
    """Check name, point sources, work folder and cluster of a lens; expand the paths."""
    # Files and fields are called after it
    name = settings.lens_name
    problem = ("has a '/'" if "/" in name else "begins with '.'" if name.startswith(".")
               else "has characters that cannot be printed" if not name.isprintable()
               else f"is longer than {LONGEST_NAME}" if len(name) > LONGEST_NAME else "")
    if problem:
        raise UserError(f"{path}: lens_name = {_shown(name)} {problem}: files are called after "
                        "it.")
    _check_letters(name, f"{path}: lens_name")
    check_sources(settings, path)
    settings.work_dir = _path(settings.work_dir, f"{path}: work_dir")
    if settings.work_dir.resolve() in (Path("/"), Path.home()):
        raise UserError(f"{path}: work_dir = '{settings.work_dir}': give a folder of its own.")
    # Where the workers of engine "dask" are
    where = f"{path}: cluster"
    settings.cluster = check_cluster(settings.cluster, where)
    if settings.engine == "dask" and not settings.cluster:
        raise UserError(f'{where} is not set, but engine = "dask" needs it: an address, a '
                        "scheduler file, or a description of jobs (see doc/cluster.md).")
    if isinstance(settings.cluster, str) and "://" not in settings.cluster:  # a scheduler file
        settings.cluster = str(_path(settings.cluster, where))


def _check_sets(settings, path):
    """Raise UserError for sets that do not go together."""
    sets, names = settings.sets, [one["name"] for one in settings.sets]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{path}: two sets are called '{name}'.")
    # Either all sets have a band, or none
    named = {one["band"] for one in sets if "band" in one}
    without = [one["name"] for one in sets if "band" not in one]
    if named and without:
        raise UserError(f"{path}: the set {without[0]} has no 'band', but others have one. Give "
                        "each set its band, or none.")
    for name in settings.band_ref_img_names.keys() - named:
        raise UserError(f"{path}: band_ref_img_names: no set has the band '{name}'.")
    # Two sets may not take the same frames of a folder, as far as the settings show
    chosen = {}
    for one in sets:
        chosen.setdefault(str(one["raw_dir"].resolve()), []).append(
            tuple(str(one[key]) if key in one else None for key in SET_CHOICE))
    for folder, choices in chosen.items():
        everything = (None,) * len(SET_CHOICE)
        if len(choices) > 1 and (everything in choices or len(set(choices)) < len(choices)):
            raise UserError(f"{path}: two sets have the frames of '{folder}'. Give each of them "
                            "its own: 'filter': \"R\", 'camera': \"ECAM\", or 'files': "
                            '"*_R_*".')
    for one in (*sets, *settings.raw_frames):
        if settings.work_dir.resolve().is_relative_to(one["raw_dir"].resolve()):
            raise UserError(f"{path}: work_dir {settings.work_dir} lies inside raw_dir "
                            f"{one['raw_dir']}: its products would be taken for frames.")


def _checked_set(one, where, keys=SET_KEYS):
    """Return a set, or an entry of raw_frames, with its paths expanded."""
    for key in SET_MUST:
        if key not in one:
            raise UserError(f"{where} lacks '{key}'.")
    for key, value in one.items():
        if key not in keys:
            raise UserError(f"{where}: unknown key '{key}'.{did_you_mean(key, keys)}")
        if not fits(value, keys[key]):
            raise UserError(f"{where}: {key} = {_shown(value)}, but it must be "
                            f"{wanted(keys[key])}.")
    check_name(one["name"], f"{where}: name")
    if (pattern := one.get("folders", "*")).startswith("/") or ".." in pattern.split("/"):
        raise UserError(f"{where}: folders = {pattern!r} leads out of raw_dir: give a pattern "
                        "such as '2019*', or '**' for all folders below it.")
    if "band" in one:
        check_name(one["band"], f"{where}: band")
    for key in ("raw_dir", "bad_pixel_mask", "masters"):
        if key in one:
            one[key] = _path(one[key], f"{where}: {key}")
    if "bad_pixel_mask" in one and not one["bad_pixel_mask"].is_file():
        raise UserError(f"{where}: there is no bad_pixel_mask {one['bad_pixel_mask']}.")
    return one


def _path(text, where):
    """Expand "~" and variables of the environment; the result must be absolute."""
    if not text.isprintable():
        raise UserError(f"{where} = {_shown(text)} has characters that cannot be printed.")
    # "~" and variables first: what is left of a variable is not set
    expanded = os.path.expanduser(os.path.expandvars(text))
    _check_letters(expanded, where)
    unset = re.search(r"\$\{?(\w+)", expanded)
    if unset:
        raise UserError(f"{where} = '{text}', but the variable {unset[1]} is not set. "
                        f"Run: export {unset[1]}=/path/to/it")
    if not text or not os.path.isabs(expanded):
        raise UserError(f"{where} = '{text}': give an absolute path, or one from '~'.")
    return Path(expanded)


def _check_letters(text, where):
    """Raise UserError for a name that no file can have in this locale."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise UserError(f"{where} = '{text}' has letters that this locale has not. "
                        "Run: export PYTHONUTF8=1") from error
