"""The settings.py of the original COSMOULINE, read without running it, under our names."""

import ast
import operator
import os

from cosmouline.database import notation
from cosmouline.database.settings import FORMERLY
from cosmouline.errors import UserError
from cosmouline.files.io_catalog import to_ds9
from cosmouline.files.io_text import read_lines
from cosmouline.frames.header_values import angle_deg

# ours: theirs, where the value is the same
SAME = {
    "lens_name": "lensName", "max_cpus": "maxcores", "cosmic_sigma": "cosmicssigclip",
    "ref_img_name": "refimgname",
    "join_fwhm_max_arcsec": "imgmaxseeing", "join_ellipticity_max": "imgmaxell",
    "join_sky_max_e": "imgmaxrelskylevel", "join_coeff_max": "imgmaxmedcoeff",
    "night_fwhm_max_arcsec": "nightmaxseeing", "night_ellipticity_max": "nightmaxell",
    "night_sky_max_e": "nightmaxrelskylevel", "night_coeff_max": "nightmaxnormcoeff",
    "night_min_images": "nightminnbimg"}
ELSEWHERE = ("lensRA", "lensDEC", "telescopename", "setnames", "setname", "baseraw", "rawdirs",
             "rawdir", "workdir", "deconvname", "normcoeffname", "renormname", "psfname",
             "decpsfnames", "sexphotomname", "trimheight")  # used in another way
GONE = {  # what else became of the others; most have a new name in `settings.FORMERLY`
    "lensMag": "the ephemeris needs no magnitude", "xephemlens": "lens_ra_deg, lens_dec_deg",
    "thisisatest": "the option --test", "uselinks": "frames are read where they lie",
    "askquestions": "no script asks", "checkplots": "pictures never stop a script",
    "savefigs": "pictures are always saved", "withsound": "no sound",
    "makejpgarchives": "PNG pictures in folders", "silencemcs": "no Fortran",
    "update": "new frames are found by 1a_add_to_database", "sample_only": "the option --test",
    "refimgname_per_band": "band_ref_img_names, where several sets are bands, each with its "
                           "'band'; deconvolutions that are taken over have none",
    "identtolerance": "the match is refined by itself", "identminnbrstars": "see align_rms_max_px",
    "identfindmindist": "stars are matched by triangles", "dimx": "images are not resampled",
    "dimy": "images are not resampled", "sexphotomfields": "photom_apertures: radii",
    "objname": "all objects are cut at once, other stars by photom_stars",
    "decobjname": "the lens, and all stars by PSF photometry",
    "makeautoskiplist": "dec_..._max", "starstouse1": "norm_stars", "psftouse1": "psf_name",
    "renormsources": "renorm_stars, renorm_reference_star",
    "plotnormfieldname": "--coefficient of 9_quicklook",
    "sourcenames": "point_sources; the old positions are in pixels of the old stamps",
    "writeheader": "always written", "showplots": "pictures are always saved",
    "combiname": "combi_name, combi_group_name",
    "combidir": "combi_name, combi_group_name", "combidirname": "combi_name, combi_group_name"}


def read_old_settings(path):
    """Return the values of a settings.py that stand there, and the names that need more.

    Returns
    -------
    values : dict
    unread : dict of str to int
        Lines of assignments that are more than texts, numbers, lists, sums and joined paths.

    Raises
    ------
    UserError
        If it is not Python.
    """
    try:
        body = ast.parse("\n".join(read_lines(path))).body
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{path} cannot be parsed: {error}. Python 2 print statements, perhaps: "
                        "take them out of a copy.") from error
    values, unread = {}, {}
    while body:
        node, *body = body
        if isinstance(node, ast.If):  # the branch that its condition takes, or none
            try:
                body = (node.body if _value(node.test, values) else node.orelse) + body
            except (ValueError, TypeError, KeyError):
                unread |= {target.id: one.lineno for one in ast.walk(node)
                           if isinstance(one, ast.Assign) for target in one.targets
                           if isinstance(target, ast.Name)}
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Name):
                try:
                    values[target.id] = _value(node.value, values)
                    unread.pop(target.id, None)
                except (ValueError, TypeError, KeyError):
                    values.pop(target.id, None)
                    unread[target.id] = node.lineno
    return values, unread


COMPARED = {ast.Eq: operator.eq, ast.NotEq: operator.ne,
            ast.In: lambda one, many: one in many, ast.NotIn: lambda one, many: one not in many}


def _value(node, known):
    """Evaluate an expression of constants; ValueError for everything else."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return known[node.id]
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(one, known) for one in node.elts]
    if isinstance(node, ast.Dict):
        return {_value(key, known): _value(value, known)
                for key, value in zip(node.keys, node.values, strict=True)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, known)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _value(node.left, known) + _value(node.right, known)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(_value(one, known)) for one in node.values)
    if isinstance(node, ast.FormattedValue):
        spec = "" if node.format_spec is None else _value(node.format_spec, known)
        return format(_value(node.value, known), spec)
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.path.join", "join"):
        return os.path.join(*[_value(one, known) for one in node.args])
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
        return COMPARED[type(node.ops[0])](_value(node.left, known),
                                           _value(node.comparators[0], known))
    if isinstance(node, ast.IfExp):
        return _value(node.body if _value(node.test, known) else node.orelse, known)
    raise ValueError(ast.dump(node))


def translated(values):
    """Return old settings under our names; those that are left out have a reason.

    Returns
    -------
    settings : dict
    reasons : dict of str to str
        By old name.
    """
    settings = {ours: values[theirs] for ours, theirs in SAME.items() if theirs in values}
    taken, became = {*SAME.values(), *ELSEWHERE}, FORMERLY | GONE
    reasons = {name: became.get(name, "not a setting of COSMOULINE's sample") for name in values
               if name not in taken and not name.startswith("_")}
    try:
        if "lensRA" in values and "lensDEC" in values:
            # 15 degrees an hour
            settings["lens_ra_deg"] = round(15 * angle_deg(str(values["lensRA"])), 7)
            settings["lens_dec_deg"] = round(angle_deg(str(values["lensDEC"])), 7)
    except ValueError as error:
        reasons = {"lensRA": f"{error}"} | reasons
    # Regions of the reference image: pixels from 1 there and here
    for theirs in ("emptyregion", "lensregion"):
        try:
            box = notation.read_region(values.get(theirs))
        except (ValueError, TypeError) as error:
            reasons[theirs] = f"{error}"
            continue
        if box is not None and "refimgname" not in values:
            reasons[theirs] = "a place on the reference image, but there is no refimgname"
        elif box is not None:
            reasons.pop(theirs)
            x1, x2, y1, y2 = box
            settings |= ({"empty_region": notation.write_region(box)} if theirs == "emptyregion"
                         else {"lens_position_px": tuple(
                             to_ds9([(x1 + x2) / 2, (y1 + y2) / 2]).tolist())})
    return settings, reasons
