from cosmouline.errors import UserError

import numpy as np
import pytest

SCRIPT = "8_renorm/2_plot_star_curves"


def test_stars_and_coefficients_are_drawn(lens_before, pages):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    assert {name for name in pages if "renorm1" in name} == {
        "stars_renorm1", "renorm1", "checks_renorm1", "peaks_renorm1"}
    after = pages.heights("stars_renorm1")[1::2]
    assert len(after) == 8
    for star, percent in zip("abcdefgh", after, strict=True):
        flux_e = lens.values(f"star_flux_e__psf1__{star}") * lens.values("renorm__renorm1")
        assert percent == pytest.approx(100 * (flux_e / np.median(flux_e) - 1))
    assert {"TINY: stars with renorm1", "seeing (arcsec)"} <= set(pages.texts("stars_renorm1"))
    assert {"TINY: renorm1", "renorm1"} <= set(pages.texts("renorm1"))
    assert pages.heights("renorm1")[0] == pytest.approx(lens.values("renorm__renorm1"))
    for panel in pages.heights("checks_renorm1"):  # seeing, sky, airmass
        assert panel == pytest.approx(lens.values("renorm__renorm1"))


def test_the_scatter_of_the_stars_is_in_the_errors_of_the_pulls(lens_before, monkeypatch, script):
    """With a scatter of 50 % no star is off by more than a tenth of its error."""
    lens = lens_before(SCRIPT)
    drawn = script("pipe/" + SCRIPT)
    pulls = []
    monkeypatch.setattr(drawn, "normalisation_page", lambda *args: pulls.append(args[2]))
    monkeypatch.setattr(drawn.drawing, "lens", lambda settings: "L")
    images = [lens.rows[name] for name in lens.truth.good]

    for calib in (0.0, 0.5):
        rows = [row | {"renorm_calib__renorm1": calib} for row in images]
        drawn.checks(rows, list("abcdefgh"), lens.values("renorm__renorm1"), lens.settings())

    assert 0.5 < np.sqrt(np.mean(pulls[0] ** 2)) < 1.5
    assert np.abs(pulls[1]).max() < 0.1


def test_the_named_stars_are_drawn_into_plots(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("renorm_stars = ['a', 'c']\n")

    lens.run(SCRIPT)

    assert {path.name for path in (lens.work / "plots").glob("*renorm1*")} == {
        "stars_renorm1.png", "renorm1.png", "checks_renorm1.png", "peaks_renorm1.png"}


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 8_renorm/1a_renormalize\.py first"):
        lens_before("8_renorm/1a_renormalize").run(SCRIPT)
