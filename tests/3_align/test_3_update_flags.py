from cosmouline.errors import UserError

import numpy as np
import pytest

SCRIPT = "3_align/3_update_flags"


def in_use(lens):
    return [name for name, row in lens.rows.items() if row["gogogo"]]


def test_what_is_not_aligned_goes_out_with_the_reason(lens_after):
    lens = lens_after(SCRIPT)
    clouded, = lens.truth.spoilt

    assert in_use(lens) == lens.truth.good
    why = lens.rows[clouded]["whynot"]
    assert why.startswith("not aligned: its WCS and its stars disagree: 0 of 2 sources lie within")
    assert "only 2 sources in the image" in why
    assert why.endswith(f"({SCRIPT})")


@pytest.mark.parametrize(("setting", "field", "word"), [
    ("fwhm_max_arcsec", "fwhm_arcsec", "seeing"),
    ("ellipticity_max", "ellipticity", "ellipticity"),
    ("sky_level_max_e", "sky_level_e", "sky")])
def test_a_limit_takes_the_worst_image_out_and_a_wider_one_brings_it_back(
        lens_after, setting, field, word, caplog):
    lens = lens_after(SCRIPT)
    worst, second = sorted(lens.truth.good, key=lambda name: -lens.rows[name][field])[:2]
    limit = (lens.rows[worst][field] + lens.rows[second][field]) / 2
    lens.set(f"{setting} = {limit}\n")

    lens.run(SCRIPT)

    assert worst not in in_use(lens)
    assert len(in_use(lens)) == 5
    assert lens.rows[worst]["whynot"] == (
        f"{word} of {lens.rows[worst][field]:.3g} is above {limit:g} ({setting}) "
        f"({SCRIPT})")
    assert caplog.messages[-1] == "5 of 7 images stay in use"

    lens.set(f"{setting} = 1e6\n")
    lens.run(SCRIPT)
    assert in_use(lens) == lens.truth.good
    assert "whynot" not in lens.rows[worst]


@pytest.mark.parametrize(("limit", "is_out"), [(None, False), (4.0, True), (6.0, False)])
def test_an_image_far_wider_than_those_of_its_set_is_out_of_focus(lens_after, limit, is_out):
    """Five times the median of seven images and itself, in pixels and arcsec."""
    lens = lens_after(SCRIPT)
    name = next(name for name in lens.truth.good if name != lens.rows[name]["ref_img_name"])
    median = np.median([lens.rows[one]["fwhm_arcsec"] for one in lens.rows if one != name])
    lens.update(name, fwhm_arcsec=5 * median)
    lens.set(f"fwhm_max_ratio = {limit}\n")

    lens.run(SCRIPT, redo=True)

    assert (name not in in_use(lens)) is is_out
    if is_out:
        assert lens.rows[name]["whynot"].startswith("out of focus? seeing of")
        assert f"times that of its set, above {limit:g} (fwhm_max_ratio)" in (
            lens.rows[name]["whynot"])


def test_a_reference_image_beyond_the_limit_is_told(lens_after):
    lens = lens_after(SCRIPT)
    lens.set("fwhm_max_arcsec = 0.5\n")

    with pytest.raises(UserError, match=r"the reference image R_tiny_0001 itself is out: "
                                        r"seeing of .* is above 0\.5 \(fwhm_max_arcsec\)\. Set "
                                        "ref_img_name to another one, or widen the limit"):
        lens.run(SCRIPT)
    assert in_use(lens) == lens.truth.good


def test_what_is_up_to_date_is_kept(lens_after):
    assert lens_after(SCRIPT).run(SCRIPT)["kept"] == 7


def test_the_script_before_is_named(lens_before):
    lens = lens_before("3_align/1b_identify_stars")

    with pytest.raises(UserError, match=r"Run 3_align/1b_identify_stars\.py first"):
        lens.run(SCRIPT)


def test_an_image_of_which_the_alignment_failed_does_not_stop_the_others(lens_before):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", is_aligned=None,
                **{"ran__3_align/1b_identify_stars": "failed 99 99: ValueError: bad"})

    assert lens.run(SCRIPT)["done"] == 5


def test_an_image_that_somebody_has_said_not_to_be_aligned_goes_out_without_a_reason(lens_before):
    lens = lens_before(SCRIPT)
    name = lens.truth.good[-1]  # not the reference image
    lens.update(name, is_aligned=False, align_note=None)

    lens.run(SCRIPT)

    assert lens.rows[name]["whynot"] == f"not aligned: no reason is noted ({SCRIPT})"
