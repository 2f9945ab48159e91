from cosmouline.database import paths
from cosmouline.errors import UserError

import pytest
import sep

SCRIPT = "4_norm/3a_medcoeff"
REFERENCE = "R_tiny_0001"


def enclosed(lens, name):
    """Part of the light of a star inside the aperture of an image."""
    image = lens.truth.star(name, 90.0, 80.0)
    return sep.sum_circle(image, [90.0], [80.0], lens.rows[name]["aper_radius_px"], subpix=0)[0][0]


def expected(lens, name):
    """Coefficient by the transparencies, and by what the apertures miss of the wings."""
    truth = lens.truth
    return (truth.light(REFERENCE) * enclosed(lens, REFERENCE)
            / truth.light(name) / enclosed(lens, name))


def spoil(lens, star, factors):
    """Multiply the fluxes of one star by a factor per image."""
    field = f"aper_flux_e__{star}"
    for name, factor in zip(lens.truth.good, factors, strict=True):
        lens.update(name, **{field: lens.rows[name][field] * factor})


@pytest.mark.parametrize("method", ["als", "median"])
def test_the_coefficients_are_those_of_the_transparencies(lens_after, method):
    lens = lens_after(SCRIPT)
    lens.set(f"coeff_method = {method!r}\n")
    lens.run(SCRIPT)

    for name in lens.truth.good:
        row = lens.rows[name]
        assert row["medcoeff"] == pytest.approx(
            expected(lens, name), abs=5 * max(row["medcoeff_sigma"], 1e-3))
        if (method, name) == ("median", REFERENCE):
            assert row["medcoeff_sigma"] == 0  # of a ratio to itself
        else:
            assert 5e-4 < row["medcoeff_sigma"] / row["medcoeff"] < 4e-3  # 0.3 % a star, 6 stars
        assert row["n_coeff_stars"] >= 6
    assert lens.rows[REFERENCE]["medcoeff"] == 1
    clouded, = lens.truth.spoilt
    assert "medcoeff" not in lens.rows[clouded]


def test_a_variable_star_is_found_and_does_not_count(lens_before, caplog):
    lens = lens_before(SCRIPT)
    spoil(lens, "a", [1.2, 0.8, 1.1, 0.9, 1.25, 0.85])

    lens.run(SCRIPT)

    assert "variable, not used: a" in caplog.messages
    for name in lens.truth.good:
        row = lens.rows[name]
        assert row["medcoeff"] == pytest.approx(expected(lens, name), abs=5 * max(
            row["medcoeff_sigma"], 1e-3))


def test_an_image_with_one_star_has_no_coefficient(lens_after):
    lens = lens_after(SCRIPT)
    name = "R_tiny_0003"
    fluxes = [field for field in lens.rows[name] if field.startswith("aper_flux_e__")]
    lens.update(name, **dict.fromkeys(fluxes[1:]))

    lens.run(SCRIPT)

    assert not {"medcoeff", "medcoeff_sigma", "n_coeff_stars"} & lens.rows[name].keys()
    assert lens.rows[name]["gogogo"] is True


def test_a_reference_image_without_stars_is_told(lens_after):
    lens = lens_after(SCRIPT)
    fluxes = [field for field in lens.rows[REFERENCE] if field.startswith("aper_flux_e__")]
    lens.update(REFERENCE, **dict.fromkeys(fluxes))

    with pytest.raises(UserError, match=r"the reference image has only 0 measured normalisation "
                                        r"star.*Choose other stars"):
        lens.run(SCRIPT)


def test_some_images_alone_keep_the_scale_of_the_reference(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.values("medcoeff")

    lens.run(SCRIPT, only=["R_tiny_0003", "R_tiny_0005"])

    assert lens.values("medcoeff") == pytest.approx(before, rel=5e-3)


def test_the_same_coefficients_make_nothing_out_of_date(lens_after):
    lens = lens_after("5_psf/2a_extract")
    lens.run(SCRIPT)

    assert lens.run("5_psf/2a_extract")["kept"] == 6


def test_a_lost_list_of_stars_is_told(lens_before):
    lens = lens_before(SCRIPT)
    paths.picked_stars(lens.settings()).unlink()

    with pytest.raises(UserError, match=r"normstars\.cat"):
        lens.run(SCRIPT)


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 4_norm/2a_photometry\.py first"):
        lens_before("4_norm/2a_photometry").run(SCRIPT)
