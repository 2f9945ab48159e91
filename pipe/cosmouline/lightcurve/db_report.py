"""What COSMOULINE tells of a light curve: its nights, its seeing, its sampling, its scatter."""

from collections import Counter

from cosmouline.database.columns import column
from cosmouline.files import io_report
from cosmouline.lightcurve import join
from cosmouline.robust import median_of_finite

import numpy as np

SEASON_GAP_D = 60.0  # longer gaps are those between seasons, and no sampling
STARS = {"renorm": "n_renorm_stars__{renorm}", "medcoeff": "n_coeff_stars"}
COLUMNS = ("source", "points", "mag", "error", "error 1", "error 5", "systematic",
           "rms in 20 d", "about neighbours", "median")
FORMATS = dict.fromkeys(("mag", "error", "error 1", "error 5", "systematic", "rms in 20 d"),
                        ".4f") | {"about neighbours": ".2f", "median": ".2f"}


def text(columns, rows, sources, star_field):
    """Return the report on one light curve.

    Parameters
    ----------
    columns : dict of ndarray
        Of the light curve.
    rows : list of dict
        Images behind it.
    sources : list of str
    star_field : str or None
        Field with the number of stars behind the coefficient of an image.

    Notes
    -----
    ``error`` is magerr_cov, the median as that of the others; ``about neighbours`` is
    `lightcurve.dispersion`, COSMOULINE's "chi red", 0.98 where the errors are right.
    """
    lines = [*_dates(columns, len(rows)), *_images(columns, rows, star_field), ""]
    good = columns["flag"]
    table = io_report.table([source_line(columns, source, good) for source in sources], COLUMNS,
                            FORMATS)
    return "\n".join(lines) + "\n" + table


def source_line(columns, source, good):
    """Return the numbers of one source over its good points."""
    mhjd, mag, error = (columns[name][good] for name in
                        ("mhjd", f"mag_{source}", f"magerr_{source}_cov"))
    mean, median, _ = join.dispersion(mhjd, mag, error)
    return {"source": source, "points": int(np.isfinite(mag).sum()), "mag": median_of_finite(mag),
            "error": median_of_finite(error),
            "error 1": median_of_finite(columns[f"magerr_{source}_1"][good]),
            "error 5": median_of_finite(columns[f"magerr_{source}_5"][good]),
            "systematic": median_of_finite(columns[f"magsys_{source}"][good]),
            "rms in 20 d": join.rms_in_windows(mhjd, mag),
            "about neighbours": mean, "median": median}


def star_field(coefficient, renorm_name):
    """Return the field with the number of stars behind a kind of coefficient; None for none."""
    pattern = STARS.get(coefficient)
    return pattern and pattern.replace("{renorm}", renorm_name)


def counted(values, what):
    """Write how often every whole number occurs: a histogram in words."""
    counts = Counter(int(value) for value in values)
    most = max(counts.values(), default=1)
    return [f"{number:6d} {what:<8} {counts[number]:5d}  {'#' * round(40 * counts[number] / most)}"
            for number in sorted(counts)]


def _dates(columns, n_images):
    """Yield the lines on number, span and sampling of the points."""
    mhjd, flag = columns["mhjd"], columns["flag"]
    if not mhjd.size:
        yield f"{n_images} images, but no point with a magnitude of every source"
        return
    yield (f"{n_images} images in {len(mhjd)} points, {int((~flag).sum())} of them flagged; "
           f"mhjd {mhjd.min():.2f} to {mhjd.max():.2f}")
    gaps = np.diff(mhjd[flag])
    gaps = gaps[gaps < SEASON_GAP_D]
    if gaps.size:
        yield (f"sampling of the good points: median {np.median(gaps):.2f} d, mean "
               f"{gaps.mean():.2f} d (gaps above {SEASON_GAP_D:g} d left out)")


def _images(columns, rows, star_field):
    """Yield the lines on the images behind the points."""
    for name, field, unit in (("seeing", "field_fwhm_arcsec", " arcsec"),
                              ("airmass", "airmass", ""), ("sky level", "sky_level_e", " e-")):
        yield f"median {name} {median_of_finite(column(rows, field)):.4g}{unit}"
    yield from ["", "images in a point:", *counted(columns["nbimg"], "images")]
    if star_field and any(star_field in row for row in rows):
        stars = column(rows, star_field)
        yield from ["", "stars behind the coefficient of an image:",
                    *counted(stars[np.isfinite(stars)], "stars")]
