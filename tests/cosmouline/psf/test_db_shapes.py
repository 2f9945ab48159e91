"""Faults injected into the widths of the stars of two sets, and what is reported of them."""

import logging
from types import SimpleNamespace

from cosmouline.psf import db_shapes

import numpy as np
import pytest

SETTINGS = SimpleNamespace(psf_name="p", sets=[{"band": "g"}, {"band": "r"}])
NAMES = list("abcdefghijkl")
SIDE_PX, LENS_PX = 400, (210.0, 170.0)
LENS_UV = 2 * np.array(LENS_PX) / SIDE_PX - 1
SIGMA = 0.004  # of the width in an image of the median star


def drawn(seed, effect=lambda one: 0.0, n_images=12):
    """Rows of two sets with one telescope; `effect` gives what is added to the width of a star.

    It has the name, place (u, v), peak_e and seeing_px of the star, and the set.
    """
    random = np.random.default_rng(seed)
    uv = random.uniform(-0.8, 0.8, (len(NAMES), 2))
    flux_e = np.exp(random.uniform(11.0, 13.0, len(NAMES)))
    rows = []
    for set_name in ("CAM_g", "CAM_r"):
        for k in range(n_images):
            fwhm_px = random.uniform(1.6, 2.5)
            row = {"img_name": f"{set_name}{k}", "set_name": set_name, "telescope": "CAM",
                   "nx_px": SIDE_PX, "ny_px": SIDE_PX, "lens_x_px": LENS_PX[0],
                   "lens_y_px": LENS_PX[1], "field_fwhm_px": fwhm_px}
            for name, place, flux in zip(NAMES, uv, flux_e, strict=True):
                peak_e = 0.7 * flux / fwhm_px**2
                sigma = SIGMA * np.sqrt(2e4 / peak_e)
                one = SimpleNamespace(name=name, uv=place, peak_e=peak_e, set=set_name,
                                      fwhm_px=fwhm_px)
                values = {
                    "star_width": random.normal(0, sigma) + effect(one), "star_peak_e": peak_e,
                    "star_width_sigma": sigma, "star_along": random.normal(0, sigma),
                    "star_diagonal": random.normal(0, sigma), "star_flux_e": flux,
                    "star_x_px": (place[0] + 1) * SIDE_PX / 2,
                    "star_y_px": (place[1] + 1) * SIDE_PX / 2}
                row |= {f"{field}__p__{name}": float(value) for field, value in values.items()}
                row[f"aper_flux_e__{name}"] = flux * random.normal(1, 0.004)
            rows.append(row)
    return rows


def checked(rows, caplog, colour=None, level=logging.WARNING):
    """Messages, and the fields that were added to the images."""
    caplog.set_level(level)
    found = {row["img_name"]: {} for row in rows}
    colour = np.full(len(NAMES), np.nan) if colour is None else colour
    db_shapes.check(found, rows, NAMES, colour, SETTINGS)
    return caplog.messages, found


@pytest.mark.parametrize("seed", range(10))
def test_nothing_is_said_of_stars_that_fit_their_psfs(seed, caplog):
    messages, found = checked(drawn(seed), caplog)

    assert not messages
    assert list(found.values()) == [{"star_width_scatter__p": 0.0}] * len(found)


def test_stars_of_unlike_widths_have_their_scatter_as_a_field(caplog):
    """Widths that alternate by 2 % are off their mean by 2 %."""
    messages, found = checked(drawn(1, lambda one: 0.02 * (-1) ** NAMES.index(one.name)
                                    * (one.set == "CAM_g")), caplog)

    n = len(NAMES)
    assert found["CAM_g2"]["star_width_scatter__p"] == pytest.approx(
        0.02 * np.sqrt(n / (n - 1)), rel=0.15)
    assert found["CAM_r2"] == {"star_width_scatter__p": 0.0}
    assert len(messages) == 1
    assert messages[0].startswith("CAM_g: the stars differ in width by ")


@pytest.mark.parametrize("seed", range(3))
def test_a_psf_that_varies_more_than_its_model_is_told_with_the_width_at_the_lens(seed, caplog):
    rows = drawn(seed, lambda one: 0.08 * (one.uv**2).sum() * (one.set == "CAM_r"))

    messages, found = checked(rows, caplog)

    assert len(messages) == 1
    assert messages[0].startswith("CAM_r: the PSF varies over the field more than its model holds")
    uv = np.array([[rows[0][f"star_{axis}_px__p__{name}"] for axis in "xy"] for name in NAMES])
    away_px = np.hypot(*(LENS_PX - uv.mean(0)))
    assert f"The lens is {away_px:.0f} px from the centre of the stars" in messages[0]
    width, sigma = (found["CAM_r3"][f"psf_lens_{what}__p"] for what in ("width", "width_sigma"))
    # the PSF is that of the mean star, the brighter ones count more
    lens, stars = (LENS_UV**2).sum(), ((2 * uv / SIDE_PX - 1) ** 2).sum(1).mean()
    assert width == pytest.approx(0.08 * (lens - stars), abs=5 * sigma + 0.01)
    assert found["CAM_g3"] == {"star_width_scatter__p": 0.0}


@pytest.mark.parametrize("seed", range(3))
def test_brighter_and_fatter_stars_are_told_of_the_camera(seed, caplog):
    """1 % at a full well of 10^5 e-: in both sets of the camera, one message."""
    rows = drawn(seed, lambda one: 1e-7 * one.peak_e)

    messages, found = checked(rows, caplog)

    assert len(messages) == 1
    assert "CAM (CAM_g, CAM_r): bright stars are wider than faint ones, by 0." in messages[0]
    assert "brighter-fatter" in messages[0]
    slope = float(messages[0].split("by ")[1].split()[0])
    # widths of .1 % for 24 stars, whose peaks scatter by 2 x 10^4 e-: .01 % for 10^4
    assert slope == pytest.approx(0.10, abs=5 * 0.01)
    peaks = [rows[0][f"star_peak_e__p__{name}"] for name in NAMES]
    one = found["CAM_g0"]
    assert one["psf_peak_slope__p"] == pytest.approx(1e-6 * slope, abs=6e-9)
    assert one["psf_peak_slope_sigma__p"] == pytest.approx(1e-8, rel=0.7)
    # a bright star is known better: the PSF has the width of a peak above that of the mean star
    assert np.mean(peaks) < one["psf_peak_e__p"] < max(peaks)
    assert "psf_lens_width__p" not in one


def test_stars_that_are_wider_than_brighter_and_fatter_ones_tell_of_counts(caplog):
    """20 % at 10^5 e-, 5 % for peaks of 3 x 10^4 e-: no detector does that."""
    rows = drawn(0, lambda one: 2e-6 * one.peak_e)

    messages, _ = checked(rows, caplog)

    told = [one for one in messages if "bright stars are wider" in one]
    assert len(told) == 1
    assert "counts that do not grow with the light" in told[0]
    assert "brighter-fatter" not in told[0]


def test_what_no_camera_shows_alone_is_told_of_all(caplog):
    """Two sets as of two cameras; .06 % for 10^4 e- is 2 to 3 errors in each of most draws."""
    told, alone, silent = 0, 0, 0
    for seed in range(12):
        for per_e in (0.0, 6e-8):
            rows = drawn(seed, lambda one, per_e=per_e: per_e * one.peak_e)
            for row in rows:
                row["telescope"] = row["set_name"]
            caplog.clear()
            messages, _ = checked(rows, caplog)
            bright = [one for one in messages if "bright stars are wider" in one]
            together = any("in all cameras together" in one for one in bright)
            assert len(bright) == 1 or not together
            if per_e:
                told += bool(bright)
                alone += bool(bright) and not together
            else:
                silent += not bright

    assert silent >= 11  # .3 % of slopes by chance, three of them in each draw
    assert told > alone
    assert told >= 8


def test_a_galaxy_among_the_stars_is_named_with_its_cause(caplog):
    rows = drawn(4, lambda one: 0.07 * (2 / one.fwhm_px) ** 2 * (one.name == "d"))

    messages, found = checked(rows, caplog)

    assert len(messages) == 4
    for message, set_name in zip(messages[::2], ("CAM_g", "CAM_r"), strict=True):
        assert message.startswith(f"{set_name}: star d is wider than the others by ")
        assert "more so in good seeing, as a galaxy or a double" in message
    # the others have the width of the PSF in this test: a PSF made with the galaxy would not
    assert "CAM_g: without d the stars are" in messages[1]
    assert abs(found["CAM_g1"]["psf_lens_width__p"]) < 5 * found["CAM_g1"][
        "psf_lens_width_sigma__p"] < 0.005


def test_stars_narrower_than_a_psf_with_a_galaxy_in_it_tell_the_width_of_the_lens(caplog):
    rows = drawn(4, lambda one: 0.07 * (2 / one.fwhm_px) ** 2 * (one.name == "d") - 0.02)

    _, found = checked(rows, caplog)

    width, sigma = (found["CAM_g1"][f"psf_lens_{what}__p"] for what in ("width", "width_sigma"))
    assert width == pytest.approx(-0.02, abs=5 * sigma)
    assert sigma < 0.001


def test_stars_and_galaxies_in_equal_numbers_are_told_without_names_of_single_ones(caplog):
    rows = drawn(5, lambda one: 0.06 * (one.name in "bdfhjl"))

    messages, found = checked(rows, caplog)

    assert len(messages) == 2
    assert all("the stars differ in width by" in message for message in messages)
    narrowest = messages[0].split("the narrowest ")[1][0]
    widest = messages[0].split("the widest ")[1][0]
    assert narrowest not in "bdfhjl"
    assert widest in "bdfhjl"
    # the width of the lens is as uncertain as theirs differ: two values .06 apart
    assert found["CAM_r2"]["psf_lens_width_sigma__p"] == pytest.approx(0.03, rel=0.2)


def test_too_few_stars_tell_nothing(caplog):
    rows = [{key: value for key, value in row.items() if key[-3:-1] != "__" or key[-1] in "abcd"}
            for row in drawn(6, lambda one: 0.08 * (one.uv**2).sum())]

    messages, found = checked(rows, caplog)

    assert not messages
    assert not any(found.values())


@pytest.mark.parametrize(("seed", "slope"), [(0, 0.02), (1, -0.02), (2, 0.0), (3, 0.0)])
def test_red_stars_that_are_wider_are_told_of_all_sets(seed, slope, caplog):
    colour = np.random.default_rng(100 + seed).normal(0, 0.4, len(NAMES))
    rows = drawn(seed, lambda one: slope * colour[NAMES.index(one.name)])

    messages, found = checked(rows, caplog, colour, logging.INFO)

    told = [one for one in messages if "for 1 mag of g - r, in all sets together" in one]
    fields = [(one.get("psf_colour_slope__p"), one.get("psf_colour_slope_sigma__p"))
              for one in found.values()]
    assert len(set(fields)) == 1
    value, sigma = fields[0]
    assert bool(told) == (slope != 0) == (value is not None)
    if slope:
        assert value == pytest.approx(slope, abs=3 * sigma)
        assert sigma < 0.2 * abs(slope)
