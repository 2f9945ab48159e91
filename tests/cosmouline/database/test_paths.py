from pathlib import Path
from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import UserError

import pytest

SETTINGS = SimpleNamespace(band="", work_dir=Path("/work"), config_dir=Path("/lens"),
                           psf_name="p", dec_name="d", lens_name="L", combi_name="c",
                           combi_group_name="g", join_by="minutes")
PLACES = {
    "database": "database.json", "logs": "logs", "image": "ali/i.fits",
    "aligned": "aligned/i.fits", "deep": "combi_c.fits", "stacks": "combi_g",
    "catalog": "ali/i.cat.fits", "sky": "sky/i.fits", "fringes": "fringes/i.fits",
    "bad_pixels": "badpix/i.fits", "field_stars": "field_stars.ecsv",
    "picked_stars": "normstars.cat", "psf_stamps": "psf_p/i_stamps.fits",
    "psf": "psf_p/i_psf.fits", "objects": "objects/i.fits", "deconvolution": "dec_d",
    "pictures": "i_png", "plot": "plots/i.png", "report": "report_i.txt", "lookback": "lookback_d",
    "exports": "export", "final": "final", "light_curve": "export/L_d_by_minutes.rdb",
    "compiled": "compiled"}
OF_ONE = {"image", "aligned", "catalog", "sky", "fringes", "bad_pixels", "psf_stamps", "psf",
          "objects", "pictures", "plot", "report"}
OF_BAND = {"deep": "combi_c_V.fits", "deconvolution": "dec_d_V", "pictures": "i_V_png",
           "plot": "plots/i_V.png", "report": "report_i_V.txt", "lookback": "lookback_d_V",
           "light_curve": "export/L_d_V_by_minutes.rdb"}


@pytest.mark.parametrize("name", PLACES)
def test_every_product_has_a_place_of_its_own_after_the_names_of_the_settings(name):
    words = ("i",) if name in OF_ONE else ()
    assert getattr(paths, name)(SETTINGS, *words) == Path("/work", PLACES[name])

    of_band = SimpleNamespace(**vars(SETTINGS) | {"band": "V"})
    assert getattr(paths, name)(of_band, *words) == Path("/work", OF_BAND.get(name, PLACES[name]))
    assert len(set(PLACES.values())) == len(PLACES)


def test_a_curve_of_a_part_has_its_name():
    assert paths.light_curve(SETTINGS, "T1") == Path("/work/export/L_d_T1_by_minutes.rdb")


def test_masks_are_those_of_this_psf_and_of_objects(tmp_path):
    for name in ("psf_p_mask_a.reg", "psf_q_mask_a.reg", "obj_a_mask.reg", "psf_p_mask_a.txt"):
        (tmp_path / name).write_text("")
    settings = SimpleNamespace(psf_name="p", config_dir=tmp_path)
    assert [path.name for path in paths.drawn_masks(settings)] == ["obj_a_mask.reg",
                                                                   "psf_p_mask_a.reg"]


def test_a_link_out_of_the_work_folder_is_refused(tmp_path):
    settings = SimpleNamespace(work_dir=tmp_path / "work")
    paths.check_links(settings)  # before it is made
    (tmp_path / "work" / "ali").mkdir(parents=True)
    (tmp_path / "work" / "a").symlink_to(tmp_path / "work" / "ali")
    paths.check_links(settings)
    (tmp_path / "work" / "sky").symlink_to(tmp_path)
    with pytest.raises(UserError, match=r"work/sky is a link to .* outside of work_dir"):
        paths.check_links(settings)


def test_a_path_is_shown_as_short_as_it_can_be(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert paths.relative(tmp_path / "a" / "b.png") == Path("a/b.png")
    assert paths.relative("/elsewhere/b.png") == Path("/elsewhere/b.png")
