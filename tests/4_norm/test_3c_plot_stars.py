from cosmouline.errors import UserError

import numpy as np
import pytest

SCRIPT = "4_norm/3c_plot_stars"


def test_the_stars_the_coefficients_and_the_map_are_drawn(lens_before, pages):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    assert set(pages) == {"stars_aperture", "medcoeff", "map"}
    assert {"TINY: stars in apertures", "seeing (arcsec)"} <= set(pages.texts("stars_aperture"))
    assert {"TINY: medcoeff", "medcoeff"} <= set(pages.texts("medcoeff"))
    coefficients, = pages.heights("medcoeff")
    assert coefficients == pytest.approx(lens.values("medcoeff"))
    texts = " ".join(pages.texts("map"))
    assert "TINY: R_tiny_0001" in texts
    assert "6 images aligned" in texts


def test_the_stars_are_drawn_before_and_after(lens_before, pages):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    panels = pages.heights("stars_aperture")

    for star, before, after in zip("abcdefgh", panels[::2], panels[1::2], strict=True):
        rows = [row for row in lens.rows.values() if f"aper_flux_e__{star}" in row]
        flux_e = np.array([row[f"aper_flux_e__{star}"] for row in rows])
        scaled_e = flux_e * [row["medcoeff"] for row in rows]
        if len(rows):
            assert before == pytest.approx(100 * (flux_e / np.median(flux_e) - 1))
            assert after == pytest.approx(100 * (scaled_e / np.median(scaled_e) - 1))
            # transparencies differ by a third; a normalised star is flat to a per cent
            assert np.ptp(before) > 20 * np.ptp(after)


def test_the_pictures_lie_in_plots(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("norm_stars = ['a', 'b']\npsf_stars = ['e']\n")

    lens.run(SCRIPT)

    assert {path.name for path in (lens.work / "plots").iterdir()} - {"footprints.png"} == {
        "stars_aperture.png", "medcoeff.png", "map.png"}


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 4_norm/3a_medcoeff\.py first"):
        lens_before("4_norm/3a_medcoeff").run(SCRIPT)
