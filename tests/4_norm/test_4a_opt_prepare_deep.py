from cosmouline.database import paths
from cosmouline.errors import UserError

import numpy as np
import pytest

SCRIPT = "4_norm/4a_opt_prepare_deep"


@pytest.fixture
def lens(lens_after):
    lens = lens_after("4_norm/3a_medcoeff")
    lens.run("3_align/2a_opt_align")
    return lens


def chosen(lens, name="best1"):
    numbers = {img: row.get(f"combi_number__{name}") for img, row in lens.rows.items()}
    return sorted((img for img, n in numbers.items() if n), key=numbers.get)


def test_without_limits_the_half_with_the_best_seeing_is_chosen(lens):
    lens.run(SCRIPT)

    by_seeing = sorted(lens.truth.good, key=lambda name: lens.rows[name]["field_fwhm_arcsec"])
    assert chosen(lens) == by_seeing[:3]
    text = paths.report(lens.settings(), "deep_best1").read_text()
    assert text.count("seeing in the worse half") == 3


def test_limits_hold_and_the_report_says_which(lens):
    coeff = np.sort(lens.values("medcoeff"))
    lens.set(f'combi_name = "clear"\ncombi_coeff_max = {(coeff[3] + coeff[4]) / 2}\n'
             "combi_ellipticity_max = 0.9\n")

    lens.run(SCRIPT)

    assert len(chosen(lens, "clear")) == 4
    assert chosen(lens) == []
    text = paths.report(lens.settings(), "deep_clear").read_text()
    assert text.count("coefficient above") == 2
    assert "ellipticity above" not in text


@pytest.mark.parametrize(("setting", "field"), [
    ("combi_fwhm_max_arcsec", "field_fwhm_arcsec"), ("combi_ellipticity_max", "field_ellipticity"),
    ("combi_coeff_max", "medcoeff"), ("combi_sky_max_e", "relative_sky_e")])
def test_each_limit_leaves_out_what_is_above_it(lens, setting, field):
    sky = dict(zip(lens.truth.good, lens.values("sky_level_e") * lens.values("medcoeff"),
                   strict=True))
    values = sky if field == "relative_sky_e" else {
        name: lens.rows[name][field] for name in lens.truth.good}
    ordered = sorted(values.values())
    lens.set(f'combi_name = "few"\n{setting} = {(ordered[1] + ordered[2]) / 2}\n')

    lens.run(SCRIPT)

    assert set(chosen(lens, "few")) == set(sorted(values, key=values.get)[:2])
    text = paths.report(lens.settings(), "deep_few").read_text()
    assert text.startswith("TINY: images of few\n")
    assert text.count(" above ") == 4


def test_no_image_within_the_limits_is_told(lens):
    lens.set("combi_fwhm_max_arcsec = 0.1")

    with pytest.raises(UserError, match="no image is within the limits combi_"):
        lens.run(SCRIPT)


def test_the_scripts_before_are_named(lens_after):
    lens = lens_after("4_norm/3a_medcoeff")

    with pytest.raises(UserError, match=r"Run 3_align/2a_opt_align\.py first"):
        lens.run(SCRIPT)
    lens.run("3_align/2a_opt_align")
    lens.set('combi_coefficient = "renorm"')
    with pytest.raises(UserError, match=r"Run 8_renorm/1a_renormalize\.py first"):
        lens.run(SCRIPT)
