"""The report on a light curve: number of images and stars, sampling, errors and scatter."""

from collections import Counter

from cosmouline.database.columns import column
from cosmouline.files import io_report
from cosmouline.lightcurve import join
from cosmouline.robust import median_of_finite

import numpy as np

SEASON_GAP_D = 60.0  # longer gaps are those between seasons, and no sampling
STARS = {"renorm": "n_renorm_stars__{renorm}", "medcoeff": "n_coeff_stars"}
COLUMNS = ("source", "points", "mag", "error", "error 1", "error 5", "systematic",
           "rms in 20 d", "scatter/error", "median")
FORMATS = dict.fromkeys(("mag", "error", "error 1", "error 5", "systematic", "rms in 20 d"),
                        ".4f") | {"scatter/error": ".2f", "median": ".2f"}
LEGEND = """\
Medians of the good points, in magnitudes. error: magerr_cov. error 1 and error 5: COSMOULINE's
bars. systematic: an error that shifts all points together. rms in 20 d: scatter within 20 days.
scatter/error: distance of a point from the line through the points before and after it, divided
by its error, mean and median; the mean is 0.98 where the errors are right.
"""


def text(columns, curve, star_field):
    """Return the report on one light curve: its columns, its `Curve`, and the `star_field`.

    ``scatter/error`` of the table is `join.dispersion`, COSMOULINE's "chi red".
    """
    # Number, dates and sampling of the points.
    mhjd, flag = columns["mhjd"], columns["flag"]
    n_images, images = len(curve.rows), curve.table.conditions
    lines = [f"{n_images} images, but no point with a magnitude of every source"]
    if mhjd.size:
        lines = [f"{n_images} images in {len(mhjd)} points, {int((~flag).sum())} of them flagged; "
                 f"mhjd {mhjd.min():.2f} to {mhjd.max():.2f}"]
    gaps = np.diff(mhjd[flag])
    gaps = gaps[gaps < SEASON_GAP_D]
    if gaps.size:
        lines += [f"sampling of the good points: median {np.median(gaps):.2f} d, mean "
                  f"{gaps.mean():.2f} d (gaps above {SEASON_GAP_D:g} d left out)"]
    # Images behind the points, and stars behind the coefficients.
    lines += [f"median {name} {median_of_finite(images[key]):.4g}{unit}" for name, key, unit in (
        ("seeing", "fwhm_arcsec", " arcsec"), ("airmass", "airmass", ""),
        ("sky level", "sky_level_e", " e-"))]
    lines += ["", "images in a point:", *counted(columns["nbimg"], "images")]
    if star_field and any(star_field in row for row in curve.rows):
        stars = column(curve.rows, star_field)
        lines += ["", "stars behind the coefficient of an image:",
                  *counted(stars[np.isfinite(stars)], "stars")]
    table = io_report.table([source_line(columns, source, flag) for source in curve.sources],
                            COLUMNS, FORMATS)
    return "\n".join(lines) + "\n\n" + table + LEGEND


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
            "scatter/error": mean, "median": median}


def star_field(coefficient, renorm_name):
    """Return the field with the number of stars behind a kind of coefficient; None for none."""
    pattern = STARS.get(coefficient)
    return pattern and pattern.replace("{renorm}", renorm_name)


def counted(values, what):
    """Return the lines of a histogram: how often every whole number occurs."""
    counts = Counter(int(value) for value in values)
    most = max(counts.values(), default=1)
    return [f"{number:6d} {what:<8} {counts[number]:5d}  {'#' * round(40 * counts[number] / most)}"
            for number in sorted(counts)]
