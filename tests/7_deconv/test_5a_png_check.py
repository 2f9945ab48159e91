from cosmouline.database import paths
from cosmouline.errors import UserError

import numpy as np
import pytest
from matplotlib.image import imread

SCRIPT = "7_deconv/5a_png_check"
NAMES = ["R_tiny_0001", "R_tiny_0003"]


def test_the_overview_shows_chi2_and_shifts(lens_before, script, pages):
    lens = lens_before(SCRIPT)
    images = [lens.rows[name] for name in lens.truth.good]

    pages["overview"] = script(f"pipe/{SCRIPT}").overview(images, lens.settings(SCRIPT))

    chi2 = pages.heights("overview")[0]
    assert len(chi2) == 6
    assert np.median(chi2) == pytest.approx(1, abs=0.06)
    texts = pages.texts("overview")
    assert "TINY: lens" in texts
    assert "6 epochs, chi2" in " ".join(texts)
    assert "systematic error, 1 σ (%)" in texts  # of the checks


def test_pages_are_drawn_and_kept_until_the_fit_changes(lens_before, pages):
    lens = lens_before(SCRIPT)
    others = [name for name in lens.truth.good if name not in NAMES]
    (lens.config / "dec_lens_skiplist.txt").write_text("\n".join(others))
    for script in ("7_deconv/1_prepare", "7_deconv/2_apply_norm", "7_deconv/4_deconv", SCRIPT):
        lens.run(script)

    assert set(pages) == {"dec_lens"}
    folder = paths.pictures(lens.settings(), "dec_lens")
    assert sorted(path.stem for path in folder.iterdir()) == NAMES
    assert imread(folder / f"{NAMES[0]}.png").std() > 0.05  # not one colour

    assert lens.run(SCRIPT)["kept"] == 2
    lens.update(NAMES[0], **{"ran__7_deconv/4_deconv:lens": "done 900 900"})
    counts = lens.run(SCRIPT)
    assert (counts["done"], counts["kept"]) == (1, 1)


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"there is no fit yet\. Run 7_deconv/4_deconv\.py first"):
        lens_before("7_deconv/4_deconv").run(SCRIPT)
