import csv
import json

from cosmouline.errors import UserError
from cosmouline.stamps.stamps import stamp_side

import numpy as np
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

    # COSMOULINE's formula: the median star, each over its median of all images
    flux_e = np.array([lens.values(f"star_flux_e__psf1__{star}") for star in "abc"])
    single = np.median(np.median(flux_e, 1)[:, None] / flux_e, 0)
    expected = single / single[lens.truth.good.index(REFERENCE)]
    assert lens.values("renorm__three") == pytest.approx(expected)
    assert set(lens.values("n_renorm_stars__three")) == {3}
    assert "renorm_chi2__three" not in lens.rows["R_tiny_0003"]


def give_golden_rows(lens, folder):
    """Put the images of COSMOULINE's stored example in the place of those of the lens."""
    images = json.loads((folder / "renorm_input.json").read_text())
    for name in lens.rows:
        lens.update(name, gogogo=False, whynot="kicklist: not of the example",
                    ref_img_name=images[0]["imgname"])
    for k, image in enumerate(images):
        values = {f"star_{kind}_e__psf1__{star}": factor * image[star] for star in "abc"
                  for kind, factor in (("flux", 1.0), ("sigma", 0.01)) if star in image}
        lens.update(image["imgname"], gogogo=True, treatme=True, testlist=False, set_name="R",
                    telescope=image["telescopename"], mjd=6e4 + k, star_list="own",
                    n_psf_phot__psf1=len(values) // 2, ref_img_name=images[0]["imgname"],
                    band_ref_img_name=images[0]["imgname"], **values)


def test_the_median_is_that_of_cosmouline_for_two_telescopes(lens_before, shared_data):
    folder, lens = shared_data("cosmouline_golden"), lens_before(SCRIPT)
    give_golden_rows(lens, folder)
    with (folder / "renorm_output.txt").open() as file:
        expected = {row["imgname"]: row for row in csv.DictReader(file, delimiter="|")}

    lens.set("renorm_method = 'median'\nrenorm_stars = ['a', 'b', 'c']\n")
    lens.run(SCRIPT)

    found = {name: row for name, row in lens.rows.items() if "renorm__renorm1" in row}
    assert {row["telescope"] for row in found.values()} == {
        lens.rows[name]["telescope"] for name in expected}
    assert len({row["telescope"] for row in found.values()}) == 2
    assert set(found) == {name for name in expected if expected[name]["renorm_1_comment"] != "0"}
    for name, row in found.items():
        assert row["renorm__renorm1"] == pytest.approx(float(expected[name]["renorm_1"]), rel=1e-9)
        scatter = row["renorm_sigma__renorm1"] * row["n_renorm_stars__renorm1"] ** 0.5
        assert scatter == pytest.approx(float(expected[name]["renorm_1_err"]), rel=1e-9, abs=1e-12)

    lens.set("renorm_method = 'median'\nrenorm_stars = ['a', 'b', 'c']\n"
             "renorm_reference_star = 'b'\n")
    lens.run(SCRIPT)
    medians = [np.median([row["renorm__renorm1"] * row["star_flux_e__psf1__b"]
                          for name, row in lens.rows.items() if "star_flux_e__psf1__b" in row
                          and row.get("telescope") == telescope and name in found])
               for telescope in {row["telescope"] for row in found.values()}]
    # the medians of single stars, not of their common coefficient, are made alike
    assert medians[0] == pytest.approx(medians[1], rel=0.05)


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


def test_the_scatter_of_the_stars_is_in_the_error_of_the_coefficient(lens_before, caplog):
    """Each star off by 3 % in each image: .03 for 48 fluxes less 14 means, known to 12 %."""
    lens = lens_before(SCRIPT)
    random = np.random.default_rng(8)
    for star in "abcdefgh":
        scale(lens, star, 1 + 0.03 * random.standard_normal(6))

    lens.run(SCRIPT)

    assert "It is in the errors of stars and lens, magerr_<source>_calib" in caplog.text
    for name in lens.truth.good:
        row = lens.rows[name]
        assert row["renorm_calib__renorm1"] == pytest.approx(0.03, rel=5 * 0.12)
        assert row["renorm_sigma__renorm1"] > row["renorm_calib__renorm1"] * row["renorm__renorm1"]


def test_stars_within_their_errors_add_nothing(lens_after):
    lens = lens_after(SCRIPT)

    assert set(lens.values("renorm_calib__renorm1")) == {0.0}
    assert all("psf_note__psf1" not in lens.rows[name] for name in lens.truth.good)
    assert max(lens.values("psf_aperture_scatter__psf1")) < 0.01


def test_an_image_whose_psf_disagrees_with_the_apertures_is_flagged(lens_before, caplog):
    """The PSF fluxes of one image grow by 8 % per magnitude."""
    lens = lens_before(SCRIPT)
    row = lens.rows["R_tiny_0003"]
    lens.update("R_tiny_0003", **{
        field: value * (value / row["star_flux_e__psf1__a"]) ** -0.08
        for field, value in row.items() if field.startswith("star_flux_e__psf1__")})

    lens.run(SCRIPT)

    bad, good = lens.rows["R_tiny_0003"], lens.rows[REFERENCE]
    # (f / f_a)^-.08: 8 % of 1.0857 mag per e-fold; the noise of an aperture is .3 %
    assert bad["psf_aperture_slope_mag__psf1"] == pytest.approx(0.08 / 1.0857, abs=0.015)
    assert "per magnitude" in bad["psf_note__psf1"]
    assert "psf_note__psf1" not in good
    assert "the PSFs of 1 images disagree with the apertures (worst: R_tiny_0003" in caplog.text
    assert bad["renorm_calib__renorm1"] > 0.02
    assert bad["renorm_sigma__renorm1"] > 3 * good["renorm_sigma__renorm1"]
    assert good["renorm_calib__renorm1"] < 0.004
