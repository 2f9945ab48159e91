"""Control stars of a joint fit."""

from types import SimpleNamespace

from cosmouline.deconv import db_control, db_gather
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.result import Galaxy
from cosmouline.sources import db_stars

import numpy as np
import pytest

N_CONTROL_STARS = 2


@pytest.fixture
def lens(lens_after):
    lens = lens_after("7_deconv/1_prepare")
    lens.set(f"n_control_stars = {N_CONTROL_STARS}\nextended_light = 'galaxy'\n")
    return lens


def images_of(lens):
    return [row for row in lens.rows.values() if "dec_coeff__lens" in row]


def result(flux=40000.0, light=1000.0, extended="auto"):
    """What is asked of the fit of a lens: two sources, and light of galaxy and nodes."""
    return SimpleNamespace(
        flux=np.array([[flux, flux / 2]] * 3), n_images=2, systematic_covariance=np.eye(2),
        galaxy=Galaxy(0.25 * light, 3.0, 2.0, 0.0, 0.0, 0.0, 0.0), node_flux=np.full(3, light / 4),
        options=FitOptions(extended_light=extended))


def test_a_star_is_gathered_as_the_lens_is_with_the_psf_at_its_place(lens):
    settings, images = lens.settings(), images_of(lens)
    star = db_stars.norm_stars(settings)[0]

    content = db_gather.gather(images, np.array([star.x_px, star.y_px]), settings, star.name)
    fit = fit_lens(content.epochs, np.zeros((1, 2)), FitOptions(extended_light="none"))

    # its own flux, whichever image: S/N above 100 in each
    scatter = np.nanstd(fit.flux) / np.nanmean(fit.flux)
    assert np.nanmean(fit.flux) == pytest.approx(star.flux_e, rel=0.05)
    assert scatter < 0.02
    assert content.epochs.shift_px == pytest.approx(np.zeros((len(images), 2)), abs=1.0)


def test_stars_with_right_psfs_keep_their_flux_and_get_no_light(lens):
    found = db_control.control(images_of(lens), result(), lens.settings())

    assert len(found.names) == N_CONTROL_STARS
    # a flux of S/N > 100 in 6 epochs: .4 %; the field takes less than its error
    assert found.flux_error < 0.01
    assert found.light < 0.02
    assert np.abs(found.widths).max() < 0.01  # drawn with the PSF of the others
    assert len(found.widths) == N_CONTROL_STARS


def test_the_stars_of_the_brightness_of_the_lens_are_taken(lens):
    settings = lens.settings()
    stars = sorted(db_stars.norm_stars(settings), key=lambda star: star.flux_e)

    faint, bright = (db_control.control(images_of(lens), result(star.flux_e), settings).names[0]
                     for star in (stars[0], stars[-1]))

    assert (faint, bright) == (stars[0].name, stars[-1].name)


@pytest.mark.parametrize("text", ["n_control_stars = 0\n", "deconv_engine = 'starred'\n"])
def test_no_stars_are_fitted_where_none_are_asked_for(lens, text):
    lens.set(text)

    assert db_control.control(images_of(lens), result(), lens.settings()) is None


def test_point_sources_alone_need_no_control(lens):
    assert db_control.control(images_of(lens), result(extended="none"), lens.settings()) is None


@pytest.mark.parametrize(("light", "is_told"), [(500.0, True), (5000.0, False)])
def test_the_error_of_the_stars_widens_the_systematic_one(monkeypatch, caplog, light, is_told):
    caplog.set_level("INFO", "cosmouline")
    monkeypatch.setattr(db_control, "control", lambda *_: db_control.Control(
        ["a"], 0.01, 0.004, [-0.012]))
    fit = SimpleNamespace(**vars(result(light=light)))
    monkeypatch.setattr(db_control, "replace", lambda fit, **changed: SimpleNamespace(
        **(vars(fit) | changed)))

    wider = db_control.with_control(fit, [], None)

    # 1 % of 40000 and of 20000 electrons, joined with 1
    assert np.diag(wider.systematic_covariance) == pytest.approx([1 + 400.0**2, 1 + 200.0**2])
    assert "control stars a" in caplog.text
    assert "that of the PSF by -1.2 %" in caplog.text
    # 500 of 60000 electrons are .83 %, within 3 times .4 %; 5000 are not
    assert ("errors of the PSF" in caplog.text) == is_told


def test_without_control_stars_nothing_changes(monkeypatch):
    monkeypatch.setattr(db_control, "control", lambda *_: None)
    fit = result()

    assert db_control.with_control(fit, [], None) is fit
