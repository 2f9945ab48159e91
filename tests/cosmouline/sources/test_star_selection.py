"""star_selection.py: each rule refuses the one star that breaks it, and says so."""

from cosmouline.sources.star_catalogue import FIELD_DTYPE, FieldStars
from cosmouline.sources.star_selection import SelectionOptions, select_stars, signal_to_noise

import numpy as np
import pytest

FWHM_PX, SKY_SIGMA_E, N_FRAMES = 4.0, 20.0, 10


def field(n=20, **changes):
    """Good stars 60 px apart, brightest first; `changes` are column=(row, value)."""
    stars = np.zeros(n, dtype=FIELD_DTYPE)
    stars["x_px"], stars["y_px"] = 60.0 * (np.arange(n) % 5 + 1), 60.0 * (np.arange(n) // 5 + 1)
    stars["flux_e"] = np.linspace(2e5, 1e5, n)
    stars["fwhm_ratio"] = 1.0
    stars["n_detected"] = stars["n_inside"] = N_FRAMES
    for name, (row, value) in changes.items():
        stars[name][row] = value
    return FieldStars(stars, np.ones(N_FRAMES))


def select(given, exclude_xy_px=(), **options):
    return select_stars(given, FWHM_PX, SKY_SIGMA_E, exclude_xy_px, SelectionOptions(**options))


def test_the_brightest_are_chosen_in_order():
    chosen = select(field())
    assert chosen.indices.tolist() == list(range(12))
    assert chosen.refused == {}
    assert len(select(field(), n_max=50).indices) == 20


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"saturated_fraction": (2, 0.1)}, "saturated in 10 % of its detections"),
        ({"fwhm_ratio": (2, 1.4)}, "its FWHM is 1.40 of the seeing"),  # a galaxy
        ({"fwhm_ratio": (2, 0.6)}, "its FWHM is 0.60 of the seeing"),  # a pixel
        ({"fwhm_ratio": (2, np.nan)}, "its width was never measured"),
        ({"ellipticity_excess": (2, 0.2)}, "its ellipticity differs by +0.20"),
        ({"ellipticity_excess": (2, -0.1)}, "its ellipticity differs by -0.10"),
        ({"n_inside": (2, 7)}, "only 70 % of the frames show it"),  # at the edge
    ],
)
def test_a_star_that_breaks_a_rule_is_refused_with_the_reason(changes, reason):
    chosen = select(field(**changes))
    assert chosen.indices.tolist() == [0, 1, *range(3, 13)]
    assert list(chosen.refused) == [2]
    assert chosen.refused[2].startswith(reason)


def test_a_limit_itself_is_allowed():
    assert 2 in select(field(saturated_fraction=(2, 0.02))).indices
    assert 2 in select(field(n_inside=(2, 8))).indices  # of 10


def test_faint_stars_are_refused():
    given = field()
    given.stars["flux_e"][15:] = 3000.0
    chosen = select(given, n_max=30)
    assert chosen.indices.tolist() == list(range(15))
    # .6 * 3000 / sqrt(.6 * 3000 + pi 16 400)
    assert chosen.refused[15] == "its S/N of 12 is below 60"


def test_signal_to_noise_is_that_of_the_median_frame():
    given = FieldStars(field().stars, np.array([1.0, 0.01, 0.01]))
    given.stars["n_inside"] = 3
    assert len(select(given).indices) == 0  # 1 % of 2e5 in the median frame


def test_stars_near_the_lens_are_refused():
    given = field()
    chosen = select(given, exclude_xy_px=[given.xy_px[0] + (12, -5), (900, 900)])
    assert chosen.refused == {0: "13.0 px from an excluded position"}
    assert 0 in select(given, exclude_xy_px=[(12.0, 12.0)]).indices
    assert 0 in select(given, exclude_xy_px=given.xy_px[:1], exclude_radius_px=0.0).indices


def test_a_double_star_is_refused():
    given = field()
    given.stars["x_px"][19] = given.stars["x_px"][1] + 2 * FWHM_PX
    given.stars["y_px"][19] = given.stars["y_px"][1]
    chosen = select(given)
    assert chosen.refused == {1: "a neighbour of 51 % of its flux at 2.0 FWHM"}


def test_the_sum_of_faint_neighbours_counts():
    given = field(n=25)
    given.stars["flux_e"][20:] = 0.15 * given.stars["flux_e"][3]
    angle = np.arange(5) * 2 * np.pi / 5
    given.stars["x_px"][20:] = given.stars["x_px"][3] + 1.9 * FWHM_PX * np.cos(angle)
    given.stars["y_px"][20:] = given.stars["y_px"][3] + 1.9 * FWHM_PX * np.sin(angle)
    reason = select(given).refused[3]
    # Moffat of beta 3 at 1.9 FWHM, alpha = FWHM / 1.0196: 2 / pi / a^2 (1 + 3.75)^-3 pi FWHM^2
    leak = 5 * 0.15 * 2 * 1.0196**2 * (1 + (1.9 * 1.0196) ** 2) ** -3
    assert reason == f"neighbours add {100 * leak:.1f} % to its flux"
    assert 3 in select(given, leak_max=0.03).indices


def test_one_star_and_none():
    assert select(field(n=1)).indices.tolist() == [0]
    empty = FieldStars(np.zeros(0, dtype=FIELD_DTYPE), np.full(3, np.nan))
    chosen = select_stars(empty, FWHM_PX, SKY_SIGMA_E)
    assert chosen.indices.tolist() == []
    assert chosen.refused == {}


def test_signal_to_noise_against_a_plain_count():
    # 0.6 * 1e4 electrons on 50.3 pixels of variance 400
    expected = 6000 / np.sqrt(6000 + np.pi * 16 * 400)
    snr = signal_to_noise(np.array([1e4, -5.0, 0.0]), 4.0, 20.0)
    np.testing.assert_allclose(snr, [expected, 0, 0])
