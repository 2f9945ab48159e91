"""Stars of constant flux on a map of the flat field, with and without it in their light."""

from types import SimpleNamespace

from cosmouline.photometry import db_flat_stars

import numpy as np
import pytest

N_IMAGES, N_STARS = 12, 14
LEVEL_E, RADIUS_PX, FLAT = 400.0, 3.0, 0.005
AREA_PX = np.pi * RADIUS_PX**2
NAMES = [f"s{k}" for k in range(N_STARS)]


@pytest.fixture
def solved(monkeypatch):
    """Return a function that draws the stars of a set and asks them: the fields of an image."""

    def fields(seed, slope, correct=True, moved=0.4, n_stars=N_STARS, method="als"):
        random = np.random.default_rng(seed)
        # the error of the flat where each star is: the images are moved by less than its scale
        error = FLAT * (random.normal(size=n_stars)
                        + moved * random.normal(size=(N_IMAGES, n_stars)))
        true_e = 10 ** random.uniform(4.3, 5.5, n_stars) * random.uniform(0.8, 1, (N_IMAGES, 1))
        sigma_e = np.sqrt(true_e + AREA_PX * LEVEL_E)
        flux_e = true_e * (1 + slope * error)
        flux_e += np.hypot(sigma_e, 0.002 * true_e) * random.normal(size=flux_e.shape)
        images = [{"img_name": str(k), "set_name": "R", "flat_error": FLAT}
                  | {f"aper_flux_e__{name}": flux for name, flux in zip(NAMES, flux_e[k],
                                                                        strict=False)}
                  | {f"aper_sigma_e__{name}": one for name, one in zip(NAMES, sigma_e[k],
                                                                       strict=False)}
                  for k in range(N_IMAGES)]
        monkeypatch.setattr(db_flat_stars, "_at_stars", lambda *_: error)
        settings = SimpleNamespace(correct_flat=correct, coeff_method=method)
        return db_flat_stars.fields(images, NAMES[:n_stars], images[3], settings)["5"]

    return fields


@pytest.mark.parametrize(("slope", "done"), [(1, "divided"), (0, "subtracted")])
def test_the_stars_tell_a_flat_field_from_added_light(solved, slope, done, caplog):
    caplog.set_level("WARNING", logger="cosmouline")
    found = [solved(seed, slope) for seed in range(20)]

    pull = [(one["flat_slope"] - slope) / one["flat_slope_sigma"] for one in found]
    assert abs(np.mean(pull)) < 4 / np.sqrt(20)
    assert 0.6 < np.std(pull) < 1.5
    # errors of .1 to .2, of which .5 is 2.5 and more
    assert sum(one["flat_map"] == done for one in found) >= 19
    assert all(one["flat_left"] == pytest.approx(0.3 * FLAT) for one in found
               if one["flat_slope_sigma"] < 0.2 and one["flat_map"] == done)
    assert "slope of" in caplog.text


def test_what_is_not_certain_stays_in_the_errors(solved, caplog):
    caplog.set_level("WARNING", logger="cosmouline")
    found = [solved(seed, 1, moved=0.05) for seed in range(6)]  # errors of 1

    for one in found:
        other = 0.0 if one["flat_map"] == "divided" else 1.0
        sure = abs(one["flat_slope"] - other) > 2 * one["flat_slope_sigma"]
        assert one["flat_left"] == pytest.approx(0.3 * FLAT if sure else FLAT)
    assert "That is not certain" in caplog.text


def test_few_stars_correct_the_skies_alone(solved, caplog):
    found = solved(1, 1, n_stars=4)

    assert found == {"flat_map": "subtracted", "flat_left": FLAT}
    assert "too few stars" in caplog.text


def test_the_coefficients_are_those_of_the_settings(solved, monkeypatch):
    methods = []
    original = db_flat_stars.coefficients.solve
    monkeypatch.setattr(db_flat_stars.coefficients, "solve", lambda *args: (
        methods.append(args[3]), original(*args))[1])

    one, other = solved(1, 1), solved(1, 1, method="median")

    assert methods == ["als", "median"]
    assert one["flat_slope"] != other["flat_slope"]


def test_nothing_is_done_without_errors_or_where_the_user_wants_none(solved):
    assert solved(1, 1, correct=False) == {"flat_map": "none"}
    assert db_flat_stars.fields([{"img_name": "a", "flat_error": 0.0}], [], None,
                                SimpleNamespace(correct_flat=True)) == {"a": {"flat_map": "none"}}
