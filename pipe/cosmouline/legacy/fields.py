"""Rows of the original COSMOULINE as rows of ours: names, units, types."""

import itertools
import math
import re

from cosmouline import dates
from cosmouline.database import fields
from cosmouline.frames.header_values import angle_deg

NOTHING = ("na", "None", "")  # what COSMOULINE wrote where there is no value
PX_PER_STEP = 0.5  # its deconvolutions counted half pixels
DECONVOLUTION = "decfilenum_"
NOT_TAKEN = {  # columns without a counterpart, and why; as regular expressions
    r"recno|scalingfactor|date|calctime|hjd|jd|maxalistars|maxcoeffstars": "follows from others",
    r"rotator|pre(red)?(comment|float)\d|pastd|aimage|bimage|spancoeff|stddev|emptymean":
        "not used by any script here",
    r"flag_(psf|obj)_.*|obj_.*_cosmics|astrofishy": "only meant with the old products",
    r"out_.*_(x|y|z1|z2)": "in pixels or units of the old stamps",
    r".*_peakadu|.*_(auto|ap\d+)_flux(_err)?": "other apertures than ours",
    r"angle|alicomment": "of the old alignment"}


def _text(value):
    """Give a value as text, None where there is none."""
    return None if value in NOTHING else str(value)


def n_stars(comment):
    """Return the number of stars that a comment on a coefficient tells, or whose names it lists.

    None where it says nothing.
    """
    words = [] if comment in NOTHING else re.split(r"[\s,;]+", str(comment).strip("[]() "))
    return int(float(words[0])) if len(words) == 1 and words[0].replace(".", "").isdigit() \
        else len(words) or None


def set_name(old):
    """Return the set of an old row: its own, else what stands before the first "_" of its name."""
    named = old["imgname"].partition("_")
    return our_name(str(old.get("setname") or (named[0] if named[1] else ""))) or "old"


def _root_mean(sigma, n):
    """Give the error of a mean; theirs is the scatter."""
    return sigma / math.sqrt(int(n)) if int(n) > 0 else None


COPIED = {  # ours: theirs, where value and unit are the same
    "exptime_s": "exptime", "gain_e_per_adu": "gain", "read_noise_e": "readnoise",
    "saturation_adu": "saturlevel", "pixel_scale_arcsec": "pixsize", "mjd": "mjd",
    "site_height_m": "telescopeelevation", "mhjd": "mhjd", "airmass": "airmass",
    "alt_deg": "alt", "az_deg": "az", "moon_dist_deg": "moondist", "moon_alt_deg": "moonalt",
    "moon_percent": "moonpercent", "sun_alt_deg": "sunalt", "sun_dist_deg": "sundist",
    "fwhm_px": "seeingpixels", "fwhm_arcsec": "seeing", "field_fwhm_arcsec": "seeing",
    "field_fwhm_px": "seeingpixels", "ellipticity": "ell", "field_ellipticity": "ell",
    "pa_deg": "pa", "n_good_stars": "goodstars", "sky_level_e": "skylevel",
    "sky_sigma_e": "prealistddev", "n_align_stars": "nbralistars", "align_rms_px": "geomaprms",
    "align_scale": "geomapscale", "medcoeff": "medcoeff", "n_coeff_stars": "nbrcoeffstars"}
CHANGED = {  # ours: theirs, and what has to be done to the value
    "telescope": ("telescopename", _text),
    "raw_path": ("rawimg", _text), "filter": ("filter", _text), "whynot": ("whynot", _text),
    "gogogo": ("gogogo", bool), "treatme": ("treatme", bool), "testlist": ("testlist", bool),
    "updating": ("updating", bool), "test_comment": ("testcomment", _text),
    "datetime_utc": ("datet", _text), "astro_note": ("astrocomment", _text),
    "site_lon_deg": ("telescopelongitude", angle_deg),
    "site_lat_deg": ("telescopelatitude", angle_deg),
    "align_angle_deg": ("geomapangle", math.degrees), "is_aligned": ("flagali", bool)}


def deconvolutions(rows):
    """Return the names of the deconvolutions in old rows, and how many images each has."""
    counts = {}
    for row in rows:
        for name in row:
            if name.startswith(DECONVOLUTION):
                key = name.removeprefix(DECONVOLUTION)
                counts[key] = counts.get(key, 0) + 1
    return counts


def our_name(name):
    """Return an old name as it can stand in our fields; without ``dec_`` in front."""
    plain = re.sub(r"[^A-Za-z0-9.+_-]", "-", name.removeprefix("dec_"))
    return re.sub(r"_+", "_", plain).strip("_")


def convert_row(old, renorms, coefficient=None, photometry=(), errors_known=True):
    """Return an old row under our names.

    Parameters
    ----------
    old : dict
        Values by old name; empty ones left out.
    renorms : sequence of str
        Names of the columns of renormalisations.
    coefficient : str, optional
        Column of the coefficient that the light curve was joined with; None: the one that the
        deconvolution was made with.
    photometry : sequence of str
        Names of aperture photometries, of which the second aperture ``ap30`` is taken.
    errors_known : bool
        False if no image has an error of the coefficient: 0, as of that of a deconvolution. An
        image without error among others has no flux.

    Returns
    -------
    row : dict
        Fields that `fields.convert` accepts.
    used : set of str
        The old columns that went into it.
    """
    # values that keep their meaning
    row = {"img_name": old["imgname"], "set_name": set_name(old), "gogogo": True, "treatme": True,
           "testlist": False, "updating": False, "raw_state": "imported"}
    used = {"imgname", "setname"}
    pairs = [(ours, theirs, float if fields.FIELDS[ours].type is float else int)
             for ours, theirs in COPIED.items()]
    pairs += [(ours, theirs, change) for ours, (theirs, change) in CHANGED.items()]
    for ours, theirs, change in pairs:
        _take(row, used, old, ours, theirs, change)
    if "mjd" not in row and "jd" in old:
        row["mjd"] = dates.jd_to_mjd(float(old["jd"]))
        used.add("jd")
    # COSMOULINE's coefficients: 0 stars means that there is none
    if "sigcoeff" in old and "nbrcoeffstars" in old:
        used.add("sigcoeff")
        row["medcoeff_sigma"] = _root_mean(float(old["sigcoeff"]), old["nbrcoeffstars"])
        if not int(old["nbrcoeffstars"]):
            row["medcoeff"] = None
    for name in renorms:
        value, sigma = coefficient_of(old, name)
        if value is not None:
            used |= {name, f"{name}_err", f"{name}_comment"}
            row |= {f"renorm__{our_name(name)}": value, f"renorm_sigma__{our_name(name)}": sigma}
            _take(row, used, old, f"n_renorm_stars__{our_name(name)}", f"{name}_comment", n_stars)
    # aperture fluxes
    for prefix, name in itertools.product(photometry, old):
        found = re.fullmatch(rf"{re.escape(prefix)}_(.+)_ap30_flux(_err)?", name)
        if found and float(old[name]) > 0:
            kind = "sigma" if found[2] else "flux"
            row[f"aper_{kind}_e__{our_name(found[1])}"] = float(old[name])
            used.add(name)
    for key in deconvolutions([old]):
        _take_deconvolution(row, used, old, key, coefficient, errors_known)
    return {name: value for name, value in row.items() if value is not None
            and not (isinstance(value, float) and not math.isfinite(value))}, used


def _take(row, used, old, ours, theirs, change):
    """Put one value under our name; what cannot be converted is left out."""
    if theirs in old:
        used.add(theirs)
        try:
            row[ours] = change(old[theirs])
        except (TypeError, ValueError, OverflowError):
            row.setdefault(ours, None)


def coefficient_of(old, name):
    """Return a coefficient and the error of its mean; (None, None) where there is none."""
    if name == "medcoeff":
        errors = "sigcoeff", "nbrcoeffstars"
    else:
        errors = f"{name}_err", f"{name}_comment"
    value = float(old.get(name, 0.0))
    if value <= 0:  # COSMOULINE's sign that no star was found
        return None, None
    try:
        return value, _root_mean(float(old[errors[0]]), n_stars(old[errors[1]]) or 0)
    except (KeyError, ValueError):
        return value, None


def _take_deconvolution(row, used, old, key, coefficient, errors_known):
    """Put one deconvolution under our names; without a coefficient its fluxes mean nothing."""
    dec = our_name(key)
    row[f"dec_number__{dec}"] = int(old[DECONVOLUTION + key]) - 1  # number 1 was the reference
    row[f"dec_psf__{dec}"] = _text(old.get(f"decpsf_{key}"))
    if coefficient:
        value, sigma = coefficient_of(old, coefficient)
        sigma = sigma if errors_known else 0.0
    else:  # its own one, whose error is not known
        value = float(old.get(f"decnorm_{key}", 0.0))
        value, sigma = (value, 0.0) if value > 0 else (None, None)
    row |= {f"dec_coeff__{dec}": value, f"dec_coeff_sigma__{dec}": sigma}
    used |= {DECONVOLUTION + key, f"decpsf_{key}", f"decnorm_{key}"}
    for name in old if value and sigma is not None else ():
        found = re.fullmatch(rf"out_{re.escape(key)}_(.+)_(flux|shotnoise)", name)
        if found:
            kind = "flux_e" if found[2] == "flux" else "flux_sigma_e"
            row[f"{kind}__{dec}__{our_name(found[1])}"] = float(old[name])
            used.add(name)
    for number, axis in (("1", "x"), ("2", "y")):
        _take(row, used, old, f"dec_shift_{axis}_px__{dec}", f"out_{key}_delta{number}",
              lambda value: PX_PER_STEP * float(value))


def why_not_taken(name):
    """Return why an old column has no counterpart."""
    return next((why for pattern, why in NOT_TAKEN.items() if re.fullmatch(pattern, name)),
                "not known")
