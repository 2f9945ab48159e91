from cosmouline.errors import UserError

import pytest

SCRIPT = "4_norm/5_histograms"


def test_both_pages_show_all_images(lens_before, pages):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    assert set(pages) == {"histograms", "seeing_by_date"}
    assert "TINY: images in use" in pages.texts("histograms")
    assert "TINY: seeing" in pages.texts("seeing_by_date")
    panels = [ax for ax in pages["histograms"].axes if ax.patches]
    assert len(panels) == 4
    assert [ax.patches[0].get_data().values.sum() for ax in panels] == [6, 6, 6, 6]
    assert pages["seeing_by_date"].axes[0].get_ylabel() == "seeing (arcsec)"
    seeing, = pages.heights("seeing_by_date")
    assert seeing == pytest.approx(lens.values("field_fwhm_arcsec"))


def test_the_pictures_lie_in_plots(lens_before):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    assert {path.name for path in (lens.work / "plots").iterdir()} - {"footprints.png"} == {
        "histograms.png", "seeing_by_date.png"}


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 4_norm/3a_medcoeff\.py first"):
        lens_before("4_norm/3a_medcoeff").run(SCRIPT)
