from cosmouline.database import paths
from cosmouline.errors import UserError

import pytest

SCRIPT = "fac_combi/1_prepare"


def test_images_of_one_night_are_one_group(lens):
    lens.run(SCRIPT)

    groups = [lens.rows[name]["combi_group__night1"] for name in lens.truth.good]
    assert groups == [1, 1, 2, 2, 3, 3]
    text = paths.report(lens.settings(), "combi_night1").read_text()
    assert text.splitlines()[5].split(" | ")[0].strip() == "1"


def test_two_telescopes_are_never_mixed_and_a_target_is_one_group(lens):
    lens.update(lens.truth.good[1], telescope="NOT")
    lens.set('combi_group_by = "target"\ncombi_group_name = "all"')

    lens.run(SCRIPT)

    groups = [lens.rows[name]["combi_group__all"] for name in lens.truth.good]
    assert groups == [1, 2, 1, 1, 1, 1]
    text = paths.report(lens.settings(), "combi_all").read_text()
    assert text.startswith("TINY: groups to be stacked\n")


def test_a_gap_makes_the_nights_where_the_site_is_not_known(lens):
    first = lens.truth.good[0]
    lens.update(first, site_lon_deg=None)
    lens.update(lens.truth.good[1], mjd=lens.rows[first]["mjd"] + 0.35)  # past local noon

    lens.run(SCRIPT)

    groups = [lens.rows[name]["combi_group__night1"] for name in lens.truth.good]
    assert groups == [1, 1, 2, 2, 3, 3]


def test_the_script_before_is_named(lens_after):
    with pytest.raises(UserError, match=r"Run 3_align/2a_opt_align\.py first"):
        lens_after("4_norm/3a_medcoeff").run(SCRIPT)
