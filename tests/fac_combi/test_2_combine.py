"""Stacks of two images each, against the rows that they are made of."""

from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.images.io_stack import read_stack

import numpy as np
import pytest

SCRIPT = "fac_combi/2_combine"


def stacks(lens):
    return sorted(paths.stacks(lens.settings()).glob("*/*.fits"))


def test_a_stack_is_the_sum_of_its_exposures(stacked):
    image, variance, _, header = read_stack(stacks(stacked)[1])
    pair = [stacked.rows[name] for name in stacked.truth.good[2:4]]
    coeff = np.array([row["medcoeff"] for row in pair])
    sigma = np.array([row["sky_noise_e"] * row["align_scale"] for row in pair])
    assert header["NCOMBINE"] == 2
    assert header["SCFACTOR"] == pytest.approx(np.sum(1 / coeff))
    assert header["EXPTIME"] == sum(row["exptime_s"] for row in pair)
    weight = 1 / (coeff * sigma) ** 2
    mjd = np.sum(weight * [row["mjd"] for row in pair]) / np.sum(weight)
    assert header["JD"] - 2400000.5 == pytest.approx(mjd, abs=1e-8)
    assert header["SKYSIG"] == pytest.approx(header["SCFACTOR"] / np.sqrt(weight.sum()))
    # the sky of the sum, by what its noise must be: photons by the gain, and the read noise
    noise_e2 = header["SKYLEVEL"] * header["GAIN"] + header["RDNOISE"] ** 2
    assert np.sqrt(noise_e2) / header["GAIN"] == pytest.approx(header["SKYSIG"])
    assert np.nanmedian(image) == pytest.approx(header["SKYLEVEL"], rel=0.02)
    assert np.nanmedian(variance) == pytest.approx(header["SKYSIG"] ** 2, rel=0.15)


def test_stacks_of_groups_that_are_no_more_go(stacked):
    before = stacks(stacked)
    stacked.set('combi_group_by = "target"')

    for script in ("fac_combi/1_prepare", SCRIPT):
        stacked.run(script)

    assert len(before) == 3
    assert stacks(stacked) == before[:1]


def test_groups_and_files_bear_the_names_of_the_settings(script, tmp_path):
    settings = SimpleNamespace(lens_name="J1 A", combi_group_name="mine", work_dir=tmp_path)
    rows = [{"img_name": name, "set_name": "V", "mjd": mjd, "combi_group__mine": group,
             "combi_group__night1": 1}
            for name, mjd, group in (("b", 60000.5, 2), ("c", 60000.25, 1), ("a", 60000.125, 2))]
    combine = script(f"pipe/{SCRIPT}")

    groups = combine.measure(rows, settings)

    assert {number: [row["img_name"] for row in group] for number, group in groups.items()} == {
        1: ["c"], 2: ["a", "b"]}  # in order of time
    # MJD 60000 is 2023-02-25; 0.125 d are 3 h
    assert combine.path_of(groups[2], settings) == (
        paths.stacks(settings) / "V" / "J1-A_2023-02-25-0300.fits")
