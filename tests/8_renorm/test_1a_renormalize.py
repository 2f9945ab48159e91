from cosmouline.errors import UserError
from cosmouline.stamps import stamp_side

import pytest

SCRIPT = "8_renorm/1a_renormalize"
REFERENCE = "R_tiny_0001"


def inside(lens, name):
    """Part of the light of a star inside the stamp that its PSF is made from."""
    half = stamp_side(lens.rows[name]["field_fwhm_px"]) // 2
    star = lens.truth.star(name, 89.5, 79.5)
    return star[80 - half:80 + half, 90 - half:90 + half].sum()


def expected(lens, name):
    """Coefficient by the transparencies, and by what the stamps miss of the wings."""
    truth = lens.truth
    return (truth.light(REFERENCE) * inside(lens, REFERENCE)
            / truth.light(name) / inside(lens, name))


def scale(lens, star, factors):
    """Multiply the fluxes of one star by a factor per image."""
    field = f"star_flux_e__psf1__{star}"
    for name, factor in zip(lens.truth.good, factors, strict=True):
        lens.update(name, **{field: lens.rows[name][field] * factor})


def test_the_coefficients_are_those_of_the_transparencies(lens_after):
    lens = lens_after(SCRIPT)

    for name in lens.truth.good:
        row = lens.rows[name]
        assert row["renorm__renorm1"] == pytest.approx(
            expected(lens, name), abs=5 * row["renorm_sigma__renorm1"])
        # 8 stars of 0.1 to 0.45 %
        assert 4e-4 < row["renorm_sigma__renorm1"] / row["renorm__renorm1"] < 2e-3
        assert row["n_renorm_stars__renorm1"] == 8
        assert row["renorm_chi2__renorm1"] < 1 + 5 * (2 / 7) ** 0.5
    assert lens.rows[REFERENCE]["renorm__renorm1"] == 1
    clouded, = lens.truth.spoilt
    assert "renorm__renorm1" not in lens.rows[clouded]


def test_a_variable_star_is_found_and_does_not_count(lens_before, caplog):
    lens = lens_before(SCRIPT)
    scale(lens, "c", [1.2, 0.8, 1.1, 0.9, 1.25, 0.85])

    lens.run(SCRIPT)

    assert "variable, not used: c" in caplog.messages
    assert set(lens.values("n_renorm_stars__renorm1")) == {7}
    for name in lens.truth.good:
        row = lens.rows[name]
        assert row["renorm__renorm1"] == pytest.approx(
            expected(lens, name), abs=5 * row["renorm_sigma__renorm1"])


def test_the_median_of_the_named_stars(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("renorm_method = 'median'\nrenorm_stars = ['a', 'b', 'c']\nrenorm_name = 'three'\n")

    lens.run(SCRIPT)

    row, reference = lens.rows["R_tiny_0003"], lens.rows[REFERENCE]
    single = sorted(reference[f"star_flux_e__psf1__{star}"] / row[f"star_flux_e__psf1__{star}"]
                    for star in "abc")
    assert row["renorm__three"] == pytest.approx(single[1])
    assert row["n_renorm_stars__three"] == 3
    assert "renorm_chi2__three" not in row


def test_an_image_with_one_star_has_no_coefficient(lens_after, caplog):
    lens = lens_after(SCRIPT)
    name = "R_tiny_0003"
    fluxes = [field for field in lens.rows[name] if field.startswith("star_flux_e__psf1__")]
    lens.update(name, **dict.fromkeys(fluxes[1:]))

    lens.run(SCRIPT)

    assert not [field for field in lens.rows[name] if field.endswith("__renorm1")]
    assert "1 images have too few stars for a coefficient" in caplog.messages


def test_a_star_that_is_not_there_is_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("renorm_stars = ['a', 'zz']\n")

    with pytest.raises(UserError, match="renorm_stars: there is no star 'zz' among"):
        lens.run(SCRIPT)


def test_a_reference_image_without_psf_is_told(lens_before):
    lens = lens_before(SCRIPT)
    fields = [field for field in lens.rows[REFERENCE] if "psf1" in field]
    lens.update(REFERENCE, gogogo=False, whynot="no star (5_psf/4_build_psf)",
                **dict.fromkeys(fields))

    with pytest.raises(UserError, match="reference image"):
        lens.run(SCRIPT)


def test_some_images_alone_keep_the_scale_of_the_reference(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.values("renorm__renorm1")

    lens.run(SCRIPT, only=["R_tiny_0003", "R_tiny_0005"])

    assert lens.values("renorm__renorm1") == pytest.approx(before, rel=5e-3)


def test_the_same_coefficients_make_nothing_out_of_date(lens_after):
    lens = lens_after("7_deconv/1_prepare")
    before = lens.rows["R_tiny_0000"][f"ran__{SCRIPT}:renorm1"].split()[2]

    lens.run(SCRIPT)

    assert lens.rows["R_tiny_0000"][f"ran__{SCRIPT}:renorm1"].split()[2] == before


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 7_deconv/0_star_photometry\.py first"):
        lens_before("7_deconv/0_star_photometry").run(SCRIPT)


def test_zero_points_have_larger_errors_and_need_draws(lens_after):
    lens = lens_after(SCRIPT)
    name, other = "R_tiny_0003", "R_tiny_0005"
    row = lens.rows[name]
    assert row["renorm_abs_sigma__renorm1"] > row["renorm_sigma__renorm1"]
    # stars of .1 to .45 %, PSFs of 8 of them: the sum is known to .1 % and better than .5 %
    assert 5e-4 < row["psf_sum_error__psf1"] < 5e-3

    lens.update(other, psf_sum_error__psf1=None)
    lens.run(SCRIPT)

    assert "renorm_abs_sigma__renorm1" not in lens.rows[other]
    assert "renorm_sigma__renorm1" in lens.rows[other]
