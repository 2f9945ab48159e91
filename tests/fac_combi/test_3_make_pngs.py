from cosmouline.database import paths
from cosmouline.errors import UserError

import pytest

SCRIPT = "fac_combi/3_make_pngs"


def test_every_stack_is_drawn_and_all_are_on_a_sheet(stacked, pages):
    stacked.run(SCRIPT)

    texts = pages.texts("combi_night1")
    assert "TINY: stacks night1" in texts
    assert texts.count("2 images") == 3
    folder = paths.pictures(stacked.settings(), "combi_night1")
    assert len(list(folder.glob("R_TINY_*.png"))) == 3


def test_before_there_is_a_stack_the_script_is_named(lens):
    with pytest.raises(UserError, match=r"Run fac_combi/2_combine\.py first"):
        lens.run(SCRIPT)
