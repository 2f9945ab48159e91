from cosmouline.errors import UserError

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
