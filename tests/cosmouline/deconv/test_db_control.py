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


NAMES = SimpleNamespace(psf_name="p", renorm_name="r")


def images_of(lens):
    return [row for row in lens.rows.values() if "dec_coeff__lens" in row]


def result(flux=40000.0, light=1000.0, extended="auto"):
    """What is asked of the fit of a lens: two sources, and light of galaxy and nodes."""
    return SimpleNamespace(
        flux=np.array([[flux, flux / 2]] * 3), n_images=2, systematic_covariance=np.eye(2),
        galaxy=Galaxy(0.25 * light, 3.0, 2.0, 0.0, 0.0, 0.0, 0.0), node_flux=np.full(3, light / 4),
        log=[], image_width=0.0, found_width=None,
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
    lens.set("n_control_stars = 1\nextended_light = 'galaxy'\n")
    settings = lens.settings()
    stars = sorted(db_stars.norm_stars(settings), key=lambda star: star.flux_e)

    faint, bright = (db_control.control(images_of(lens), result(star.flux_e), settings).names
                     for star in (stars[0], stars[-1]))

    assert (faint, bright) == ([stars[0].name], [stars[-1].name])


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

    wider = db_control.with_control(fit, [], NAMES)

    # 1 % of 40000 and of 20000 electrons, joined with 1
    assert np.diag(wider.systematic_covariance) == pytest.approx([1 + 400.0**2, 1 + 200.0**2])
    assert "control stars a" in caplog.text
    assert "that of the PSF by -1.2 %" in caplog.text
    # 500 of 60000 electrons are .83 %, within 3 times .4 %; 5000 are not
    assert ("errors of the PSF" in caplog.text) == is_told


def test_without_control_stars_nothing_changes(monkeypatch):
    monkeypatch.setattr(db_control, "control", lambda *_: None)
    fit = result()

    assert db_control.with_control(fit, [], NAMES) is fit


def fitted(flux, light):
    return SimpleNamespace(flux=np.array([[flux], [np.nan]]), node_flux=np.array([light / 4] * 2),
                           galaxy=SimpleNamespace(flux=light / 2),
                           found_width={"width": light / 1e4})


def test_what_the_control_stars_show_is_the_median_of_them(monkeypatch):
    """By hand; the fluxes differ by -3, +1 and +8 % with light of 1, -2 and 6 % in the fit."""
    fits = {"a": (970.0, 10.0), "b": (1010.0, -20.0), "c": (1080.0, 60.0)}
    usable = {"a": 4, "b": 10, "c": 5, "few": 3}
    gathered, asked = {}, []

    def gather(images, xy, settings, name, *_):
        gathered[name] = images
        good = np.zeros((10, 2, 2), bool)
        good[: usable[name], 0, 1] = True
        return SimpleNamespace(epochs=SimpleNamespace(usable=good, name=name, xy=xy))

    def fit_lens(epochs, start, options):
        asked.append((epochs.name, options.extended_light))
        assert start.tolist() == [[0.0, 0.0]]
        return fitted(*(fits[epochs.name] if options.extended_light == "auto" else (1000.0, 0.0)))

    # the brightest source has 40000; by the logarithm the stars are a, c, few, b, and d is fifth
    stars = {"a": 41000.0, "b": 10000.0, "c": 70000.0, "d": 500.0, "few": 20000.0, "cut": None,
             "uncut": 40000.0}
    monkeypatch.setattr(db_control, "gather", gather)
    monkeypatch.setattr(db_control, "fit_lens", fit_lens)
    monkeypatch.setattr(db_control.db_stamps, "objects", lambda *_: (
        None, [name for name in stars if name != "uncut"]))
    monkeypatch.setattr(db_control.db_stars, "norm_stars", lambda _: [
        SimpleNamespace(name=name, flux_e=flux, x_px=1.0, y_px=2.0)
        for name, flux in stars.items()])
    settings = SimpleNamespace(deconv_engine="jax", n_control_stars=4)
    images = list(range(28))
    lens = result()
    lens.flux[1] = np.nan

    found = db_control.control(images, lens, settings)

    assert found.names == ["a", "c", "b"]
    assert found.flux_error == pytest.approx(0.03)
    assert found.light == pytest.approx(0.02)
    assert found.widths == pytest.approx([0.0] * 3)  # those of the fits of points alone
    assert asked == [(name, light) for name in ("a", "c", "b") for light in ("auto", "none")]
    # ten of 28 images, from the first to the last
    assert gathered["few"] == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]
    # few images are each there once; no star with four of them is no control
    assert db_control.control(images[:4], lens, settings).names == ["a", "c", "b"]
    assert gathered["a"] == [0, 1, 2, 3]
    usable.update(a=3, b=0, c=2)
    assert db_control.control(images, lens, settings) is None


@pytest.mark.parametrize(("light", "is_told"), [
    (719.0, True), (-719.0, True), (721.0, False), (-721.0, False)])
def test_light_within_three_times_that_of_the_stars_is_told_however_signed(
        monkeypatch, caplog, light, is_told):
    """Of 60000 electrons of the images 720 are 3 x .4 %; a third object counts for nothing."""
    monkeypatch.setattr(db_control, "control", lambda *_: db_control.Control(
        ["a"], 0.01, 0.004, []))
    monkeypatch.setattr(db_control, "replace", lambda fit, **changed: SimpleNamespace(
        **(vars(fit) | changed)))
    fit = result(light=light)
    fit.flux = np.array([[np.nan] * 3, [39000.0, 20000.0, 1e6], [41000.0, 20000.0, 1e6]])
    fit.systematic_covariance = np.full((3, 3), 7.0)

    wider = db_control.with_control(fit, [], NAMES)

    assert ("errors of the PSF" in caplog.text) == is_told
    if is_told:
        assert "1.20 % of its images, are within 3 times" in caplog.text
    assert wider.systematic_covariance == pytest.approx(
        7.0 + np.diag([400.0**2, 200.0**2, 1e4**2]))
