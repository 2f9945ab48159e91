from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.psf.io_psf import read_psf
from cosmouline.stamps.io_stamps import read_stamps

import numpy as np
import pytest

SCRIPT = "5_psf/5_png_check"
NAME = "R_tiny_0001"


def test_a_page_is_drawn_and_kept_until_its_psf_changes(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("psf_stars = ['a', 'b', 'd']\n")
    for script in ("5_psf/2a_extract", "5_psf/3_find_cosmics",
                   "5_psf/3b_choose_prior", "5_psf/4_build_psf"):
        lens.run(script, only=[NAME])

    assert lens.run(SCRIPT, only=[NAME])["done"] == 1

    page, = (lens.work / "psf_psf1_png").iterdir()
    assert page.name == f"{NAME}.png"
    assert page.stat().st_size > 20000
    assert lens.run(SCRIPT, only=[NAME])["kept"] == 1
    lens.update(NAME, **{"ran__5_psf/4_build_psf:psf1": "done 900 900"})
    page.unlink()
    assert lens.run(SCRIPT, only=[NAME])["done"] == 1
    assert page.exists()


def test_the_model_on_the_page_is_that_of_the_stars(lens_before, script):
    lens = lens_before(SCRIPT)
    settings = lens.settings()
    found = read_psf(paths.psf(settings, NAME))
    stamps, _, _ = read_stamps(paths.psf_stamps(settings, NAME))
    use = stamps.is_usable

    model_e, centre_px = script(f"pipe/{SCRIPT}").model_of(
        found, stamps.position_px[use], (160, 180))

    assert model_e.sum(axis=(1, 2)) == pytest.approx(found.stars["flux_e"], rel=0.01)
    assert centre_px == pytest.approx(stamps.offset_px[use] + (stamps.side_px - 1) / 2, abs=0.3)
    # residuals like noise, neighbours and hits apart
    sigma_e = np.sqrt(stamps.sky_sigma_e[use] ** 2 + np.maximum(model_e, 0))
    pulls = ((stamps.data_e[use] - model_e) / sigma_e)[found.good]
    assert pulls.std() == pytest.approx(1, abs=0.1)


def test_the_page_has_a_title_and_how_far_the_psf_departs_from_its_moffat(
        lens_before, monkeypatch, script):
    """Both have a light of 1, so that what departs adds up to nothing; a Moffat has one peak."""
    lens, pages = lens_before(SCRIPT), []
    module = script(f"pipe/{SCRIPT}")
    monkeypatch.setattr(module, "psf_page", pages.append)
    monkeypatch.setattr(module.drawing, "save_page", lambda *_: None)

    lens.run(SCRIPT, only=[NAME])

    page, = pages
    assert NAME in page.title
    assert page.departure.sum() == pytest.approx(0, abs=1e-9)
    assert np.abs(page.departure).max() > 1e-3 * page.psf.max()
    middle = (page.psf - page.departure)[len(page.psf) // 2]
    assert (np.diff(np.sign(np.diff(middle))) != 0).sum() == 1
    assert (middle > 0).all()


def test_a_lost_psf_fails_alone(lens_before):
    lens = lens_before(SCRIPT)
    paths.psf(lens.settings(), "R_tiny_0003").unlink()

    counts = lens.run(SCRIPT, only=["R_tiny_0003"])

    assert counts["failed"] == 1
    assert not (lens.work / "psf_psf1_png").exists()


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 5_psf/4_build_psf\.py first"):
        lens_before("5_psf/4_build_psf").run(SCRIPT)
