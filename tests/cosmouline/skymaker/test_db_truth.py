from cosmouline.database.database import Database
from cosmouline.errors import UserError
from cosmouline.skymaker import db_truth

import numpy as np
import pytest


@pytest.fixture
def lens(lens_after):
    return lens_after("7_deconv/6_readout")


def compare(lens):
    db = Database(lens.work / "database.json")
    try:
        (_, found), = db_truth.compare_sources(db, lens.settings(), lens.sky)  # one band
        return found
    finally:
        db.close()


def test_measured_and_true_curves_are_on_one_scale(lens):
    found = compare(lens)

    assert found.sources == ["A", "B"]
    true = np.array([lens.truth.objects(name, "image")["mag"] for name in lens.truth.good]).T
    assert found.true_mags == pytest.approx(true, abs=0.002)
    # errors of 0.4 and 0.6 %; the PSF of an image is known to 0.3 %
    assert found.mags == pytest.approx(true, abs=5 * 0.008)
    assert found.mhjd == pytest.approx(lens.values("mhjd"))


def test_bias_scatter_and_pull_of_each_source(lens):
    lines = {line["source"]: line for line in compare(lens).lines}

    for source, error in (("A", 0.37), ("B", 0.65)):
        line = lines[source]
        assert line["error %"] == pytest.approx(error, rel=0.3)
        assert abs(line["bias %"]) < 5 * line["error %"] / np.sqrt(6) + 0.3
        assert line["scatter %"] < (1 + 5 / np.sqrt(10)) * np.hypot(line["error %"], 0.3)


def test_a_factor_on_all_fluxes_and_stars_changes_nothing(lens):
    before = compare(lens)
    for name in lens.truth.good:
        row = lens.rows[name]
        lens.update(name, **{field: 3 * value for field, value in row.items()
                             if field.startswith(("flux_e__", "flux_sigma_e__", "flux_sys_e__",
                                                  "star_flux_e__"))})

    assert compare(lens).mags == pytest.approx(before.mags, abs=1e-9)


def test_the_curves_are_those_of_the_names_of_the_settings(lens):
    before = compare(lens)
    for old, new in (("psf1", "sharp"), ("renorm1", "other"), ("__lens", "__second")):
        lens.rename(old, new)
    lens.set('psf_name = "sharp"\nrenorm_name = "other"\ndec_name = "second"\n')

    assert compare(lens).mags == pytest.approx(before.mags, abs=1e-12)


def test_bad_frames_are_known_by_their_defect(lens):
    defects = compare(lens).defects
    clouded, = lens.truth.spoilt

    assert defects == dict.fromkeys(lens.truth.names, "") | {clouded: "thick cloud"}


def test_a_folder_without_truth_is_told(lens):
    lens.sky = lens.config

    with pytest.raises(UserError, match=r"truth_frames\.ecsv: give the folder that skymaker "
                                        "wrote as --truth"):
        compare(lens)
