"""Colours of the stars from the apertures of two bands, and errors of coefficients as fields."""

from types import SimpleNamespace

from cosmouline.photometry import db_calibration
from cosmouline.photometry.calibration import Calibration
from cosmouline.photometry.db_calibration import colours
from cosmouline.photometry.set_terms import SetTerms

import numpy as np
import pytest

SETS = [{"name": "G", "band": "g"}, {"name": "R", "band": "r"}]


def image(set_name, exptime_s, **fluxes):
    return {"set_name": set_name, "exptime_s": exptime_s} | {
        f"aper_flux_e__{star}": flux for star, flux in fluxes.items()}


def test_colours_are_those_of_the_first_two_bands_about_the_median_star():
    """Per second 10, 10, 10 e- in g and 10, 20, 40 in r: the second is the median star."""
    images = [image("G", 10.0, a=100.0, b=100.0, c=100.0), image("R", 20.0, a=200.0, b=400.0),
              image("R", 20.0, a=200.0, b=400.0, c=800.0)]
    settings = SimpleNamespace(sets=SETS)

    found = colours(images, ["a", "b", "c", "d"], settings)

    step = 2.5 * np.log10(2)
    assert found == pytest.approx([-step, 0, step, np.nan], nan_ok=True)
    assert np.isnan(colours(images[1:], ["a", "b"], settings)).all()  # one band


@pytest.fixture
def asked(monkeypatch):
    """Give what is asked of the calibration: images 0 and 2 are noted under the PSF "two"."""
    found = {}

    def calibrate(residual, sigma, used, sets, nights, noted, mjd):
        found.update(noted=noted.tolist(), nights=nights.tolist())
        return Calibration(np.array([0.3, 0.0, np.nan]), np.array([0.1, 0.0, np.nan]), 1.0, 9.0)

    monkeypatch.setattr(db_calibration, "check_psfs", lambda *_: {
        "i": {"psf_note__two": "x"}, "j": {"psf_note__one": "y"}, "k": {"psf_note__two": "z"}})
    monkeypatch.setattr(db_calibration.calibration, "calibrate", calibrate)
    monkeypatch.setattr(db_calibration.calibration, "log_calibration", lambda *_: None)
    monkeypatch.setattr(db_calibration, "check_detectors", lambda *_: None)
    monkeypatch.setattr(db_calibration, "check_flat_fields", lambda images, *_: np.array(
        [0.0, 0.02, 0.0][:len(images)]))
    return found


def written(method):
    """Give the fields of three images, the last one of another night."""
    rows = [{"img_name": name, "mjd": mjd, "telescope": "t", "set_name": "S",
             "site_lon_deg": 0.0, "gain_e_per_adu": 1.0}
            for name, mjd in (("i", 100.1), ("j", 100.2), ("k", 101.1))]
    ones = np.ones((3, 2))
    found = SimpleNamespace(coeff=np.array([1.0, 2.0, 1.0]), residual=ones, used=ones > 0,
                            coeff_sigma=np.array([0.4, 0.4, 0.4]), is_variable=np.zeros(2, bool))
    settings = SimpleNamespace(psf_name="two", renorm_name="r", renorm_method=method)
    return db_calibration.fields(rows, ["a", "b"], found, (ones, ones), None, settings)


def test_the_scatter_of_the_stars_is_in_the_errors_of_the_coefficients(asked):
    fields = written("als")

    assert asked == {"noted": [True, False, True], "nights": [0, 0, 1]}
    assert fields["i"]["renorm_sigma__r"] == pytest.approx(np.hypot(0.4, 0.3))
    assert fields["j"]["renorm_sigma__r"] == 0.4
    assert (fields["i"]["renorm_calib__r"], fields["i"]["renorm_calib_night__r"]) == (0.3, 0.1)
    # with too few stars the scatter is not known, and nothing is written
    assert fields["k"]["renorm_sigma__r"] == 0.4
    assert "renorm_calib__r" not in fields["k"]


def test_the_median_keeps_the_errors_of_cosmouline(asked):
    fields = written("median")

    assert asked == {}
    assert [one["renorm_sigma__r"] for one in fields.values()] == [0.4, 0.4, 0.4]
    assert "renorm_calib__r" not in fields["i"]


def test_what_is_asked_of_the_scatter(monkeypatch):
    """Relative errors of the stars; variable stars are no departures."""
    asked = {}
    rows = [{"img_name": name, "mjd": mjd, "telescope": "t", "set_name": set_name,
             "site_lon_deg": 0.0, "gain_e_per_adu": gain, "exptime_s": 60.0}
            for name, mjd, set_name, gain in (("i", 100.1, "S", 2.0), ("j", 100.2, "T", 2.0))]

    def calibrate(residual, sigma, used, sets, nights, noted, mjd):
        asked.update(residual=residual.tolist(), sigma=sigma.tolist(), used=used.tolist(),
                     sets=sets, mjd=mjd.tolist())
        return Calibration(np.zeros(2), np.zeros(2), 1.0, 9.0)

    monkeypatch.setattr(db_calibration, "check_psfs", lambda *_: {"i": {}, "j": {}})
    monkeypatch.setattr(db_calibration.calibration, "calibrate", calibrate)
    monkeypatch.setattr(db_calibration.calibration, "log_calibration",
                        lambda _, gain: asked.update(gain=gain))
    used = np.array([[True, False], [True, True]])
    found = SimpleNamespace(coeff=np.ones(2), coeff_sigma=np.ones(2), used=used,
                            residual=np.full((2, 2), 0.1), is_variable=np.array([False, True]),
                            terms=None)
    settings = SimpleNamespace(psf_name="two", renorm_name="r", renorm_method="als")
    flux, sigma = np.array([[10.0, 20], [40, 50]]), np.array([[1.0, 1], [2, 2]])

    db_calibration.fields(rows, ["a", "b"], found, (flux, sigma), np.full(2, np.nan), settings)

    assert [one[0] for one in asked["residual"]] == [0.1, 0.1]
    assert np.isnan([one[1] for one in asked["residual"]]).all()
    assert asked["sigma"] == [[0.1, 0.05], [0.05, 0.04]]
    assert (asked["used"], asked["sets"], asked["mjd"], asked["gain"]) == (
        used.tolist(), ["S", "T"], [100.1, 100.2], {"S": 2.0, "T": 2.0})
    rows[1] |= {"gain_e_per_adu": 3.0, "set_name": "S"}  # two gains in a set: none is blamed
    db_calibration.fields(rows, ["a", "b"], found, (flux, sigma), np.full(2, np.nan), settings)
    assert asked["gain"] == {"S": None}


def test_the_stars_of_every_image_are_compared_by_brightness_place_and_colour(monkeypatch, caplog):
    """Fields of 101 x 51 pixels (2 x / n - 1); fluxes of 100 and 1 e- are -5 and 0 mag."""
    images = [{"img_name": name, "nx_px": 100, "ny_px": 50, "star_x_px__p__a": 75.0,
               "star_y_px__p__a": 0.0, "star_x_px__p__b": 0.0, "star_y_px__p__b": 50.0,
               "aper_flux_e__a": 90.0, "aper_sigma_e__a": 3.0, "aper_flux_e__b": 2.0,
               "aper_sigma_e__b": 1.0} for name in ("i", "j", "k")]
    given = []

    def compare(ratio, sigma, quantities):
        given.append({name: list(values) for name, values in quantities.items()})
        scatter = (0.02, 0.09, 0.05)[len(given) - 1]
        return {"scatter": scatter}, f"{scatter:g} bad" if scatter > 0.03 else ""

    monkeypatch.setattr(db_calibration, "compare", compare)
    monkeypatch.setattr(db_calibration, "log_ratio", lambda *fluxes: (
        given.clear() or np.array(fluxes)[:2] * 0))
    flux = np.array([[100.0, 1.0], [100.0, -1.0], [100.0, 1.0]])
    settings = SimpleNamespace(psf_name="p", renorm_name="r")

    found = db_calibration.check_psfs(images, ["a", "b"], (flux, flux), [0.1, 0.2], settings)

    assert given[0] == {"mag": [-5.0, 0.0], "x": [0.5, -1.0], "y": [-1.0, 1.0],
                        "colour": [0.1, 0.2]}
    assert np.isnan(given[1]["mag"][1])
    assert found == {"i": {"psf_aperture_scatter__p": 0.02},
                     "j": {"psf_aperture_scatter__p": 0.09, "psf_note__p": "0.09 bad"},
                     "k": {"psf_aperture_scatter__p": 0.05, "psf_note__p": "0.05 bad"}}
    assert "the PSFs of 2 images disagree with the apertures (worst: j, 0.09 bad)" in caplog.text


@pytest.mark.parametrize(("absent", "is_told"), [(("c",), True), (("b", "c"), False)])
def test_apertures_of_two_stars_in_every_image_are_compared(monkeypatch, absent, is_told):
    images = [{"img_name": str(k), "set_name": "S", "mjd": float(k)} for k in range(3)]
    for image in images:
        image |= {f"aper_{kind}_e__{star}": 5.0 for kind in ("flux", "sigma") for star in "abc"
                  if image["img_name"] != "1" or star not in absent}
    told = []
    monkeypatch.setattr(db_calibration.coefficients, "solve", lambda *given: given)
    monkeypatch.setattr(db_calibration.coefficients, "log_scatter",
                        lambda *given: told.append(given))

    db_calibration.compare_with_apertures("found", images, list("abc"), images[2],
                                          SimpleNamespace(renorm_method="als"))

    assert bool(told) == is_told
    if is_told:
        found, aperture, mjd = told[0]
        assert (found, aperture[2:], mjd.tolist()) == ("found", (2, "als", ["S"] * 3), [0, 1, 2])


def test_stars_that_scatter_more_than_their_errors_are_named(caplog):
    """Of four stars in twelve images one scatters 3 times, one varies, one has nine images."""
    rng = np.random.default_rng(2)
    residual = 0.01 * rng.normal(size=(12, 4)) * [1, 3, 9, 9]
    used = np.ones((12, 4), bool)
    used[:3, 3] = False
    found = SimpleNamespace(residual=residual, used=used,
                            is_variable=np.array([False, False, True, False]))
    caplog.set_level("WARNING", logger="cosmouline")

    db_calibration.warn_of_restless(found, list("abcd"), np.full((12, 4), 0.01))

    (record,) = caplog.records
    pull = np.sqrt((residual[:, 1] ** 2).sum() / 11) / 0.01
    assert f"hold: b ({pull:.1f} times): variable" in record.getMessage()
    caplog.clear()
    db_calibration.warn_of_restless(found, list("abcd"), np.full((12, 4), 0.05))
    assert not caplog.records


@pytest.mark.parametrize("flat", [0.0, 0.01])
def test_flat_fields_are_reported_by_set(flat, caplog):
    """Twelve stars, two sets of ten images each; each set has a flat field of its own."""
    random = np.random.default_rng(3)
    names, sets = list("abcdefghijkl"), np.repeat(["S", "T"], 10)
    images = [{"img_name": f"i{k}", "set_name": name} | {
        f"star_{axis}_px__two__{star}": 100.0 * n for n, star in enumerate(names)
        for axis in "xy"} for k, name in enumerate(sets)]
    level = random.normal(0, flat, (2, 12)) + random.normal(0, 0.001, (2, 12))
    raw = level - level.mean(0)
    sigma = np.full((20, 12), 0.003)
    found = SimpleNamespace(
        terms=SetTerms(["S", "T"], raw, raw, np.full((2, 12), 0.001), 0.0),
        is_variable=np.zeros(12, bool), used=np.ones((20, 12), bool),
        residual=random.normal(0, 0.003, (20, 12)))

    error = db_calibration.check_flat_fields(images, names, found, found.residual, sigma,
                                             np.zeros(12), SimpleNamespace(psf_name="two"))

    assert [len(set(error[sets == name])) for name in "ST"] == [1, 1]
    # 12 stars know it to a fifth
    assert error == pytest.approx(flat, rel=0.7)
    assert [message[:13] for message in caplog.messages] == (
        ["S: flat field", "T: flat field"] if flat else [])
    if flat:
        assert "more than their colours and widths tell. So may the lens" in caplog.messages[0]


@pytest.mark.parametrize(("per_e", "late_s"), [(0.0, 0.0), (5e-7, 0.0), (0.0, 0.05)])
def test_a_detector_that_is_not_linear_and_a_slow_shutter_are_reported(per_e, late_s, caplog):
    """5 % at 10^5 e-; and exposures of 2 and 10 s, those of the stars apart by .05 s."""
    random = np.random.default_rng(6)
    names, n = list("abcdefghijkl"), 30
    peak_e = random.uniform(0.4, 1.0, (n, 1)) * np.geomspace(3e3, 6e4, 12)
    exptime_s = np.where(np.arange(n) % 2, 2.0, 10.0)
    sigma = np.full((n, 12), 0.003)
    change = random.normal(0, 0.003, sigma.shape) + per_e * peak_e
    change += random.normal(0, late_s, 12) / exptime_s[:, None]
    change -= change.mean(1, keepdims=True)
    images = [{"img_name": f"i{k}", "set_name": "S", "exptime_s": float(exptime_s[k])} | {
        f"star_peak_e__two__{star}": float(peak) for star, peak in zip(names, one, strict=True)}
        for k, one in enumerate(peak_e)]

    db_calibration.check_detectors(images, names, change - change.mean(0), sigma,
                                   SimpleNamespace(psf_name="two"))

    assert len(caplog.messages) == bool(per_e) + bool(late_s)
    if per_e:
        slope = float(caplog.messages[0].split("change by ")[1].split()[0])
        # residuals of .3 % over 360 peaks; without what images and stars have in all, these
        # scatter by 3000 e- rms: .3 / sqrt(360) / .3 = .05 %
        assert slope == pytest.approx(0.50, abs=5 * 0.05)
        assert "a detector that is not linear" in caplog.messages[0]
    if late_s:
        seconds = float(caplog.messages[0].split("differ by ")[1].split()[0])
        assert seconds == pytest.approx(0.05, rel=0.7)  # of 12 stars
        assert "a shutter that is not as fast everywhere" in caplog.messages[0]


def test_images_of_a_set_in_another_filter_are_named(caplog):
    """The last three of the first set; the second has one filter."""
    random = np.random.default_rng(4)
    images = [{"img_name": f"{name}{k}", "set_name": name} for name in "ST" for k in range(6)]
    residual, sigma = random.normal(0, 0.003, (12, 8)), np.full((12, 8), 0.003)
    residual[3:6] += random.normal(0, 0.2, 8)
    db_calibration.warn_of_two_kinds(images, residual, sigma)

    line, = caplog.messages
    assert line.startswith("S: in 3 of 6 images the stars differ from those of the rest by ")
    assert "another filter" in line
    assert line.endswith(("First: S0, S1, S2", "First: S3, S4, S5"))
