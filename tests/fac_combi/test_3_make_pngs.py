from cosmouline.database import paths
from cosmouline.errors import UserError

import pytest
from matplotlib.text import Text

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


def test_pages_bear_the_names_of_the_settings(lens_before, one_stack, pages, script, monkeypatch):
    lens = lens_before("1_character/1b_copy_convert")
    lens.set('combi_group_name = "mine"\n')
    one_stack(lens.settings())
    drawn = {}
    monkeypatch.setattr(script(f"pipe/{SCRIPT}").drawing, "save_page",
                        lambda page, *names: drawn.update({names[:2]: page}))

    lens.run(SCRIPT)

    (names, page), = drawn.items()
    assert names == ("combi_mine", "R_TINY_2019-03-01-0300")
    texts = [text.get_text() for text in page.findobj(Text)]
    assert any("TINY: R TINY_2019-03-01-0300" in text for text in texts)
    assert "TINY: stacks mine" in pages.texts("combi_mine")
