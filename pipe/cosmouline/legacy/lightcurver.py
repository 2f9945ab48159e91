"""The config.yaml and the parse_header of a LightCurver reduction, as settings and a telescope."""

import ast
import math
from pathlib import Path
from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.files.io_text import read_lines
from cosmouline.frames.new_lens import HEAD, clean, literal
from cosmouline.frames.telescope import FOLDER

import yaml

PARSED = ("exptime", "gain", "mjd")  # what parse_header returns
BLOCK_PX = 8  # a side of lens_stamp_px is a multiple of it
ELSEWHERE = {  # keys that `settings_of`, `sets_of` and `telescope_of` use
    "workdir", "raw_dirs", "files_match_pattern", "hdu_data_index", "trim_vertical",
    "trim_horizontal", "multiprocessing_cpu_count", "ROI", "telescope", "plate_scale_interval",
    "stamp_size_ROI", "cosmics_masking_params", "subsampling_factor", "point_sources",
    "fix_point_source_astrometry", "further_optimize_background", "starting_background",
    "constraints_on_frame_columns_for_roi", "constraints_on_normalization_coeff", "do_ROI_model"}
GONE = {  # what became of the others
    "hdu_header_indexes": "all headers of a file are read",
    "ROI_size": "star_lens_distance_px, in pixels",
    "do_background_subtraction": "2_skysub/1b_alt_no_sky leaves the sky in",
    "mask_sources_before_background": "sources are always masked",
    "background_estimation_n_boxes": "sky_box_px, in pixels",
    "source_extraction_threshold": "detect_threshold_sigma, of the noise of a pixel",
    "source_extraction_min_area": "detect_min_area_px",
    "source_extraction_do_plots": "run_all.py --no-pictures",
    "star_selection_strategy": "stars are picked by signal-to-noise, shape and constancy",
    "ROI_disk_radius_arcseconds": "stars are picked over the whole field",
    "star_min_gmag": "saturated stars are left out by their pixels",
    "star_max_gmag": "star_snr_min", "min_phot_g_mean_flux_over_error": "star_snr_min",
    "star_max_astrometric_excess_noise": "stars that move or vary are left out by their scatter",
    "min_number_stars": "psf_min_stars", "gaia_provider": "no service is asked for stars",
    "stars_to_use_psf": "psf_stars: names of normstars.cat",
    "stars_to_use_norm": "norm_stars: names of normstars.cat",
    "stars_to_exclude_psf": "psf_stars: names of normstars.cat",
    "stars_to_exclude_norm": "norm_stars: names of normstars.cat",
    "stamp_size_stars": "psf_stamp_fwhm, in FWHM of each image",
    "mask_bad_rows_and_columns": "find_hot_pixels finds them",
    "clean_cosmics": "cosmic rays are always masked",
    "field_distortion": "psf_field",
    "psf_fit_exclude_strategy": "stars and images that do not fit are left out, and reported",
    "fluxes_fit_exclude_strategy": "stars and images that do not fit are left out, and reported",
    "psf_n_iter_analytic": "fits run until they converge",
    "psf_n_iter_pixels": "fits run until they converge",
    "star_deconv_n_iter": "fits run until they converge",
    "roi_deconv_translations_iters": "fits run until they converge",
    "roi_deconv_all_iters": "fits run until they converge",
    "roi_model_regularization": "the data choose how smooth residual light is",
    "star_photometry_uniform_background_per_epoch": "each stamp has its sky level",
    "star_photometry_starlet_global_background": "stars are points",
    "photometric_band": "'band' of the sets; extrascripts/zero_point",
    "prepared_roi_cutouts_path": "9_export/2_opt_hdf5 writes export/<lens>_<dec_name>.h5",
    "max_pixel_anisotropy": "an alignment whose scale is odd is flagged",
    "plate_solving_min_success_fraction": "what is not aligned is reported",
    "redo_stamp_extraction": "--redo", "redo_psf": "--redo", "redo_star_photometry": "--redo",
    "gaia_query_redo": "--redo"}
PLATE_SOLVING = "frames are aligned by their stars; a WCS in the header is used where there is one"


class Old(NamedTuple):
    """A LightCurver reduction: its folder, its settings, and parse_header as `parsed`.

    `header` has by exptime, gain and mjd the keywords of the header that they are made of, or a
    number.
    """

    folder: Path
    config: dict
    header: dict


def read_old(path):
    """Return the `Old` reduction of a config.yaml, or of the folder that it lies in.

    Nothing is run. Raises UserError if there is none, or if it is no mapping.
    """
    path = path / "config.yaml" if path.is_dir() else path
    try:
        config = yaml.safe_load("\n".join(read_lines(path)))
    except (yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{path} is no YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(config, dict) or not {"raw_dirs", "ROI"} & config.keys():
        raise UserError(f"{path} is no config.yaml of LightCurver: it has neither raw_dirs nor "
                        "ROI.")
    parser = path.parent / "header_parser" / "parse_header.py"
    header = parsed(parser) if parser.is_file() else {}
    return Old(path.parent, config, header)


def parsed(path):
    """Return which keywords parse_header of a file uses for exptime, gain and mjd, or numbers.

    The text is parsed, not run: what each returned value is made of is followed through the
    assignments above. What cannot be followed is absent.
    """
    try:
        tree = ast.parse("\n".join(read_lines(path)))
    except (SyntaxError, ValueError):
        return {}
    assigned, returned = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            assigned |= {one.id: node.value for one in node.targets if isinstance(one, ast.Name)}
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Dict):
            returned |= {key.value: value for key, value in zip(
                node.value.keys, node.value.values, strict=True) if isinstance(key, ast.Constant)}
    found = {name: _made_of(returned[name], assigned) for name in PARSED if name in returned}
    return {name: value for name, value in found.items() if value}


def settings_of(old):
    """Return our settings, but the sets, and what needs a look: names with reasons."""
    config, notes = old.config, {}
    name, place = next(iter((config.get("ROI") or {}).items()), ("LENS", {}))
    if len(config.get("ROI") or {}) > 1:
        notes["ROI"] = f"only the first of several is taken: {name}"
    values = {"lens_name": clean(str(name))}
    # The place: LightCurver has one region, and sources in degrees
    if coordinates := (place or {}).get("coordinates"):
        values |= dict(zip(("lens_ra_deg", "lens_dec_deg"), map(float, coordinates), strict=True))
    if sources := config.get("point_sources"):
        values["point_sources"] = {str(label): tuple(map(float, radec))
                                   for label, radec in sources.items()}
        values["point_sources_unit"] = "deg"
    # Errors of the positions: 0 fixes them; a number of pixels is a prior
    fixed = config.get("fix_point_source_astrometry")
    if fixed is True:
        values["point_source_sigma_arcsec"] = 0.0
    elif isinstance(fixed, float | int) and fixed:
        if scale := config.get("plate_scale_interval"):
            values["point_source_sigma_arcsec"] = float(f"{fixed * sum(scale) / 2:.3g}")
        else:
            notes["fix_point_source_astrometry"] = "point_source_sigma_arcsec, in arcsec"
    if config.get("further_optimize_background") is False:
        if config.get("starting_background"):
            notes["starting_background"] = "a light that is given and held has no place"
        else:
            values["extended_light"] = "none"
    # Limits: its data are divided by the coefficient, ours multiplied by it
    columns = config.get("constraints_on_frame_columns_for_roi") or {}
    for column, (_, most) in columns.items():
        ours = {"seeing_arcseconds": "dec_fwhm_max_arcsec",
                "ellipticity": "dec_ellipticity_max"}.get(column)
        if ours:
            values[ours] = float(most)
        else:
            notes[f"constraints_on_frame_columns_for_roi: {column}"] = "a line of dec_skiplist"
    least = (config.get("constraints_on_normalization_coeff") or {}).get("coefficient", [0])[0]
    if least:
        values["dec_coeff_max"] = float(f"{1 / least:.4g}")
    # Numbers that mean the same
    cosmics = config.get("cosmics_masking_params") or {}
    for ours, value in {
            "cosmic_sigma": cosmics.get("sigclip"), "cosmic_fraction": cosmics.get("sigfrac"),
            "cosmic_object": cosmics.get("objlim"),
            "psf_upsampling": config.get("subsampling_factor"),
            "max_cpus": config.get("multiprocessing_cpu_count")}.items():
        if isinstance(value, int | float):
            values[ours] = int(value) if ours in ("psf_upsampling", "max_cpus") else float(value)
    if isinstance(side := config.get("stamp_size_ROI"), int):
        values["lens_stamp_px"] = BLOCK_PX * math.ceil(side / BLOCK_PX)
    return values, notes


def sets_of(old, telescope):
    """Return the entries of ``sets``: one per folder of raw frames."""
    folders = old.config.get("raw_dirs") or []
    sets = []
    for i, folder in enumerate([folders] if isinstance(folders, str) else folders):
        path = Path(str(folder)).expanduser()
        one = {"name": f"S{i + 1}", "telescope": str(telescope),
               "raw_dir": str(path if path.is_absolute() else old.folder / path)}
        pattern = old.config.get("files_match_pattern", "*.fits")
        if pattern != "*.fits":
            one["files"] = str(pattern)
        if old.config.get("hdu_data_index"):
            one["extension"] = int(old.config["hdu_data_index"])
        sets.append(one)
    return sets


def telescope_of(old):
    """Return the description of the telescope: the generic one with what the old reduction says.

    The keywords of parse_header come before the generic ones, the place of the telescope and the
    trim are its own.
    """
    generic = yaml.safe_load((FOLDER / "generic.yaml").read_text(encoding="utf-8"))
    place = old.config.get("telescope") or {}
    generic["description"] = str(place.get("name") or "from a LightCurver reduction")
    for ours, theirs in {"exptime_s": "exptime", "gain_e_per_adu": "gain"}.items():
        found = old.header.get(theirs)
        if isinstance(found, list):
            generic[ours] = [*found, *(one for one in generic[ours] if one not in found)]
        elif found is not None:
            generic[ours] = found
    dates = [one for one in old.header.get("mjd", []) if one not in old.header.get("exptime", [])]
    recipes = [{"recipe": recipe, "date": [*dates]} for recipe in ("iso", "mjd", "jd") if dates]
    if len(dates) > 1:
        recipes = [{"recipe": "split", "date": dates[:1], "time": dates[1:]}]
    generic["date"] = [*recipes, *generic["date"]]
    where = {"lon_deg": "longitude", "lat_deg": "latitude", "height_m": "elevation"}
    if all(isinstance(place.get(name), int | float) for name in where.values()):
        generic["site"] = {ours: float(place[theirs]) for ours, theirs in where.items()}
    rows, columns = (int(old.config.get(f"trim_{way}") or 0) for way in ("vertical", "horizontal"))
    if rows or columns:
        generic["trim"] = {"bottom": rows, "top": rows, "left": columns, "right": columns}
    return yaml.safe_dump(generic, sort_keys=False, allow_unicode=True)


def settings_text(old, values, sets, notes):
    """Return the text of settings.py, with what has no place in it as comments."""
    lines = [HEAD.format(name=literal(values["lens_name"]))]
    lines += [f"{key} = {value!r}\n" for key, value in values.items() if key != "lens_name"]
    lines += ["sets = [\n", *(f"    {literal(one)},\n" for one in sets), "]\n"]
    lines.append("\n# --- settings of LightCurver that are not taken over, and what is here\n")
    lines += [f"# {key}: {why}\n" for key, why in (left_out(old) | notes).items()]
    return "".join(lines)


def left_out(old):
    """Return what is not taken over, by key, and what is here in its place."""
    return {key: GONE.get(key) or (PLATE_SOLVING if "plate" in key or "wcs" in key or
                                   "astrometry_net" in key else "not a setting of LightCurver 1.2")
            for key in map(str, old.config) if key not in ELSEWHERE}


def _made_of(node, assigned, depth=5):
    """Return the number that an expression is, or the keywords of the header in it, in order."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name) and node.id in assigned and depth:
        return _made_of(assigned[node.id], assigned, depth - 1)
    keywords = []
    for one in sorted((one for one in ast.walk(node) if hasattr(one, "lineno")),
                      key=lambda one: (one.lineno, one.col_offset)):
        key = (one.slice if isinstance(one, ast.Subscript) else
               one.args[0] if isinstance(one, ast.Call) and one.args and isinstance(
                   one.func, ast.Attribute) and one.func.attr == "get" else None)
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            keywords.append(key.value)
        elif isinstance(one, ast.Name) and one.id in assigned and depth:
            found = _made_of(assigned[one.id], assigned, depth - 1)
            keywords += found if isinstance(found, list) else []
    return list(dict.fromkeys(keywords))
