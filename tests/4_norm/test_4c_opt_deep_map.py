from cosmouline.errors import UserError
from cosmouline.images.io_stack import read_stack

import pytest

SCRIPT = "4_norm/4c_opt_deep_map"


def test_the_map_names_the_stars_and_shows_lens_scale_and_compass(lens_after, pages):
    lens = lens_after("4_norm/3a_medcoeff")
    for before in ("3_align/2a_opt_align", "4_norm/4a_opt_prepare_deep"):
        lens.run(before)
    with pytest.raises(UserError, match=r"Run 4_norm/4b_opt_combine_deep\.py first"):
        lens.run(SCRIPT)
    lens.run("4_norm/4b_opt_combine_deep")

    lens.run(SCRIPT)

    texts = pages.texts("deep_best1")
    assert {"TINY: deep stack best1", "lens", "N", "E", "a", "b"} <= set(texts)
    assert any(text.endswith("″") for text in texts)  # the scale bar
    assert any(text.startswith("3 images, 900 s") for text in texts)


def test_a_stack_of_another_name_is_made_and_drawn_from_its_own_choice(lens_after, pages):
    """The images of `clear` in the order of its numbers, as best1 has none."""
    lens = lens_after("4_norm/3a_medcoeff")
    lens.set('combi_name = "clear"\n')
    for script in ("3_align/2a_opt_align", "4_norm/4a_opt_prepare_deep",
                   "4_norm/4b_opt_combine_deep", SCRIPT):
        lens.run(script)

    by_number = sorted((row["combi_number__clear"], name) for name, row in lens.rows.items()
                       if "combi_number__clear" in row)
    *_, header = read_stack(lens.work / "combi_clear.fits")
    assert [header[f"IMG{i:04d}"] for i in range(1, 4)] == [name for _, name in by_number]
    assert "TINY: deep stack clear" in pages.texts("deep_clear")
    assert not list(lens.work.rglob("*best1*"))
