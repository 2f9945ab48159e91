from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.errors import UserError
from cosmouline.sources.io_sources import read_sources, write_sources

import numpy as np
import pytest

SCRIPT = "3_align/1a_pick_reference"


def chosen(lens):
    """Names that the rows say they are aligned to."""
    return {row.get("ref_img_name") for row in lens.rows.values()}


def test_the_score_is_the_depth_for_faint_stars(lens_after):
    lens = lens_after(SCRIPT)
    score = lens.values("ref_score")

    # light of a star over sky noise and seeing, what the frames were drawn with
    depth = np.array([lens.truth.light(name) / lens.truth.frame(name).fwhm_arcsec
                      / np.sqrt(lens.truth.row(name)["sky_e"] + 25) for name in lens.truth.good])
    # one star of 14 less in common is 7 %; the wings of the stars add up to 30 % to the noise
    assert score / score.max() == pytest.approx(depth / depth.max(), rel=0.3)
    best = lens.truth.good[int(np.argmax(depth))]
    assert chosen(lens) == {best}
    clouded, = lens.truth.spoilt
    assert lens.rows[clouded]["ref_score"] == 0


def test_the_user_s_choice_goes_before_and_must_be_in_use(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("ref_img_name = 'R_tiny_0003'\n")
    lens.run(SCRIPT)
    assert chosen(lens) == {"R_tiny_0003"}

    lens.set("ref_img_name = 'R_tiny_0099'\n")
    with pytest.raises(UserError, match="ref_img_name = 'R_tiny_0099' is not among the images in "
                                        r"use \(see run_all\.py --status\)"):
        lens.run(SCRIPT)


def test_the_choice_stays_when_a_better_image_comes_and_redo_chooses_anew(lens_before):
    lens = lens_before(SCRIPT)
    best = "R_tiny_0001"
    lens.update(best, treatme=False)
    lens.run(SCRIPT)
    first, = chosen(lens) - {None}
    lens.update(best, treatme=True)

    lens.run(SCRIPT)
    assert chosen(lens) == {first}

    lens.run(SCRIPT, redo=True)
    assert chosen(lens) == {best}


@pytest.mark.parametrize("options", [{"only": ["R_tiny_0003"]}, {"test": True}])
def test_a_run_on_some_images_makes_no_second_reference(lens_after, options):
    lens = lens_after(SCRIPT)
    before = chosen(lens)
    lens.update("R_tiny_0003", testlist=True)

    lens.run(SCRIPT, **options)

    assert chosen(lens) == before


def test_a_reference_taken_out_of_use_is_replaced_for_good(lens_after):
    lens = lens_after(SCRIPT)
    lens.update("R_tiny_0001", gogogo=False, whynot="kicklist: trailed")
    lens.set("ref_img_name = 'R_tiny_0003'\n")

    lens.run(SCRIPT)

    db = Database(lens.work / "database.json")
    db.close()
    assert db.reference()["img_name"] == "R_tiny_0003"


def test_the_same_choice_makes_nothing_out_of_date(lens_after):
    lens = lens_after("3_align/1b_identify_stars")
    lens.run(SCRIPT)

    assert lens.run("3_align/1b_identify_stars")["kept"] == 7


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 1_character/4a_sky_stats\.py first"):
        lens_before("1_character/4a_sky_stats").run(SCRIPT)


def test_a_lost_catalogue_is_told_by_its_script(lens_before):
    lens = lens_before(SCRIPT)
    paths.catalog(lens.settings(), "R_tiny_0003").unlink()

    with pytest.raises(UserError, match=r"R_tiny_0003.*1_character/3a_detect"):
        lens.run(SCRIPT)


def test_the_reference_is_chosen_among_the_images_within_the_limits(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)
    best, = chosen(lens) - {None}
    lens.update(best, ellipticity=0.6)

    lens.set("ellipticity_max = 0.5\n")
    lens.run(SCRIPT)

    other, = chosen(lens)
    assert other != best
    assert "ref_score" not in lens.rows[best]
    lens.set("ellipticity_max = 0.001\n")  # none: 3_update_flags stops, and names the image
    lens.run(SCRIPT, redo=True)
    assert any(m.startswith("none of 7 images is within ellipticity") for m in caplog.messages)


def test_few_stars_give_a_reference_all_the_same(lens_before):
    """Five sources per image cannot be aligned: each image has a score that is a number."""
    lens = lens_before(SCRIPT)
    for name in lens.rows:
        path = paths.catalog(lens.settings(), name)
        write_sources(path, read_sources(path)[:5])

    lens.run(SCRIPT)

    assert len(chosen(lens)) == 1
    assert {0.0, 1.0} == set(lens.values("ref_score"))
