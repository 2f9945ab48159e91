from pathlib import Path
from types import SimpleNamespace

from cosmouline.database import paths

SETTINGS = SimpleNamespace(band="", work_dir=Path("/work"),
                           psf_name="p", dec_name="d", lens_name="L",
                           join_by="night")


def test_every_product_has_a_place_of_its_own():
    places = [
        paths.database(SETTINGS), paths.logs(SETTINGS), paths.image(SETTINGS, "i"),
        paths.catalog(SETTINGS, "i"), paths.sky(SETTINGS, "i"), paths.bad_pixels(SETTINGS, "s"),
        paths.field_stars(SETTINGS), paths.picked_stars(SETTINGS),
        paths.psf_stamps(SETTINGS, "i"), paths.psf(SETTINGS, "i"), paths.objects(SETTINGS, "i"),
        paths.deconvolution(SETTINGS), paths.pictures(SETTINGS, "objects"),
        paths.plot(SETTINGS, "map"), paths.report(SETTINGS, "content"),
        paths.exports(SETTINGS), paths.light_curve(SETTINGS)]

    assert len(set(places)) == len(places)
    assert all(place.is_relative_to("/work") for place in places)


def test_the_names_of_the_choices_are_in_the_paths():
    assert paths.psf(SETTINGS, "i") == Path("/work/psf_p/i_psf.fits")
    assert paths.deconvolution(SETTINGS) == Path("/work/dec_d")
    assert paths.light_curve(SETTINGS) == Path("/work/export/L_d_by_night.rdb")


def test_a_path_is_shown_as_short_as_it_can_be(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert paths.relative(tmp_path / "a" / "b.png") == Path("a/b.png")
    assert paths.relative("/elsewhere/b.png") == Path("/elsewhere/b.png")
