"""What the points of a light curve are, for one rich campaign: no number moves unnoticed.

That they are right is shown elsewhere, against truth and by hand: see tests/recorded.py.
"""

from cosmouline.database.limits import Limits
from cosmouline.frames.nights import group_by_minutes, group_by_night
from cosmouline.lightcurve import compare, join, night_scatter, outlier_points

import numpy as np
import pytest


@pytest.fixture(scope="module")
def images():
    """Fluxes of three sources in 24 images of unequal nights; one source is missing at times."""
    rng = np.random.default_rng(8)
    mjd = 55000 + np.sort(rng.choice(np.arange(9), 24)) * 3 + rng.uniform(0, 0.2, 24)
    mjd = np.sort(mjd)
    coeff = rng.uniform(0.7, 1.6, 24)
    truth = np.array([4e4, 9e3, 2e3]) * (1 + 0.1 * np.sin(mjd / 4)[:, None])
    sigma = np.array([260.0, 150.0, 120.0]) * rng.uniform(0.7, 2.0, (24, 1))
    flux = truth / coeff[:, None] + sigma * 1.7 * rng.standard_normal((24, 3))
    flux[3, 2], flux[7, 2], sigma[9, 1] = np.nan, -500.0, np.nan
    correlation = np.array([[1, -0.3, 0.1], [-0.3, 1, -0.4], [0.1, -0.4, 1]])
    psf = 0.006 * truth / coeff[:, None]
    return {"mjd": mjd, "flux": flux, "sigma": np.hypot(sigma, psf), "coeff": coeff,
            "coeff_sigma": coeff * rng.uniform(0.004, 0.02, 24), "psf": psf,
            "cov": sigma[:, :, None] * correlation * sigma[:, None, :],
            "sys": 0.01 * truth * [[1, 2, 3]], "seeing": rng.uniform(0.8, 2.6, 24),
            "airmass": rng.uniform(1, 2, 24), "sky": rng.uniform(100, 900, 24)}


@pytest.mark.parametrize("center", ["median", "mean"])
@pytest.mark.parametrize("by", ["night", "minutes"])
def test_points_and_columns(images, center, by, recorded):
    groups = (group_by_night(images["mjd"]) if by == "night"
              else group_by_minutes(images["mjd"], 90.0))
    calib = np.linspace(0.002, 0.012, 24)
    joined = join.join(
        groups, images["flux"], images["sigma"], images["coeff"], images["coeff_sigma"],
        images["cov"], images["psf"], images["sys"], center, calib, 0.6 * calib)
    properties = join.night_properties(
        groups, images["mjd"] + 0.003, images["seeing"], 0.1 * images["airmass"],
        images["airmass"], images["sky"], images["coeff"], ["A", "B"] * 12,
        ["S"] * 20 + ["T"] * 4, mjd=images["mjd"])
    flags = join.night_flags(properties, joined.is_complete, Limits(2.2, 0.19, 900.0, 1.5), 2)
    columns = join.rdb_columns(properties, flags, joined, ["A", "B", "C"],
                               np.arange(len(groups) * 3).reshape(-1, 3) % 11 == 4)
    recorded(f"lightcurve/{by}_{center}", {"joined": joined, "flags": flags, "columns": columns})


def test_how_curves_scatter(images, recorded):
    mag = -2.5 * np.log10(images["flux"][:, 0] * images["coeff"])
    sigma = images["sigma"][:, 0] / images["flux"][:, 0]
    groups = group_by_night(images["mjd"])
    first = {"mag_A": mag, "magerr_A_cov": sigma, "flag": np.arange(24) % 5 != 2}
    second = {"mag_Q": mag[1:] + 0.3 + 0.05 * np.cos(np.arange(23.0)), "magerr_Q": sigma[1:] * 2,
              "flag": np.arange(23) % 7 != 2}
    i, j = compare.match(images["mjd"], images["mjd"][1:] + 0.01)
    recorded("lightcurve/scatter", {
        "dispersion": join.dispersion(images["mjd"], mag, sigma),
        "rms": join.rms_in_windows(images["mjd"], mag, 7.0),
        "nights": night_scatter.measure(groups, mag, sigma),
        "pairs": [i, j], "difference": compare.difference(first, second, i, j, "A", "Q"),
        "far": [outlier_points.far_from_neighbours(images["mjd"], flux, error) for flux, error in
                zip(images["flux"].T, images["sigma"].T, strict=True)],
        "reasons": outlier_points.reasons(images["mjd"], images["flux"][:, 2],
                                          images["sigma"][:, 2], images["coeff"],
                                          np.linspace(0.8, 2.5, 24))})
