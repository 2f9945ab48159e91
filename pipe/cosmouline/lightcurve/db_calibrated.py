"""Calibrated magnitudes next to the relative ones of a light curve."""

from cosmouline.database.columns import column
from cosmouline.robust import median_of_finite

import numpy as np


def offsets(rows, settings):
    """Return calibrated minus instrumental magnitude of each image, and its error, (n,) each.

    NaN where 8_renorm/5_zero_points gave none. The magnitudes of a deconvolution are on the scale
    of its own coefficient: where that is not renorm, their ratio enters.
    """
    renorm = settings.renorm_name
    ratio = column(rows, f"dec_coeff__{settings.dec_name}") / column(rows, f"renorm__{renorm}")
    scale = column(rows, f"zero_point_scale_mag__{renorm}")
    return (scale + 2.5 * np.log10(ratio),
            column(rows, f"zero_point_scale_sigma_mag__{renorm}"))


def columns(rows, groups, joined, sources, settings):
    """Return the columns mag_cal_X and magerr_cal_X of the sources; {} without zero points.

    Parameters
    ----------
    rows : list of dict
    groups : list of ndarray of int
        Images of each point.
    joined : Joined
    sources : list of str
    settings : namespace

    Notes
    -----
    The error is that of the calibration: zero point, colour term and colour of the lens. All
    points share it, and it is not in the errors of the relative magnitudes. The rows are those of
    `join.rdb_columns`: points with any magnitude, in order of their date.
    """
    offset, sigma = offsets(rows, settings)
    if not np.isfinite(offset).any():
        return {}
    mhjd = column(rows, "mhjd")
    mhjd = mhjd if np.isfinite(mhjd).all() else column(rows, "mjd")
    order = np.argsort([np.mean(mhjd[g]) for g in groups], kind="stable")
    order = order[np.isfinite(joined.mag[order]).any(axis=1)]
    of_point = np.array([[median_of_finite(one[g]) for one in (offset, sigma)] for g in groups])
    found = {}
    for i, source in enumerate(sources):
        found[f"mag_cal_{source}"] = (joined.mag[:, i] + of_point[:, 0])[order]
        error = np.where(np.isfinite(joined.mag[:, i] + of_point[:, 0]), of_point[:, 1], np.inf)
        found[f"magerr_cal_{source}"] = error[order]
    return found


def band_of(rows, settings):
    """Return the bands of the calibrated magnitudes, such as "G (Vega)"; empty without."""
    names = {row.get(f"zero_point_band__{settings.renorm_name}") for row in rows} - {None}
    return " and ".join(sorted(names))
