"""A frame: noise, determinism, truth, header, and that each condition does what it says."""

from dataclasses import replace

from cosmouline.skymaker import draw
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.model import (
    Campaign,
    Frame,
    Galaxy,
    Star,
    Telescope,
    change_frame,
    change_telescopes,
)
from cosmouline.skymaker.two_telescopes import two_telescope_campaign
from cosmouline.skymaker.variability import image_magnitude

import numpy as np
import pytest
from astropy.time import Time


def blank(n_frames=1, telescope=(), **frame):
    """Campaign of an empty field, as floats."""
    camera = Telescope(
        **{"name": "T", "nx": 120, "ny": 100, "dtype": "float32", **dict(telescope)}
    )
    frames = tuple(Frame("T", 60000.0 + index, **frame) for index in range(n_frames))
    return Campaign("blank", 50.0, 10.0, (camera,), frames)


def one_star(mag=16.0, telescope=(), **frame):
    """Campaign of an empty field with a star near the centre."""
    return replace(blank(telescope=telescope, **frame), stars=(Star("S", 50.0001, 10.0001, mag),))


def test_noise_is_that_of_the_photons_and_of_the_reading():
    campaign = blank(telescope={"gain_e_per_adu": 2.5, "read_noise_e": 12.0}, sky_mag=21.0)

    data_adu, _, truth = draw.draw_frame(campaign, 0)

    n = data_adu.size
    variance_e = truth["sky_e"] + 12.0**2
    mean_e, sigma_e = 2.5 * data_adu.mean(dtype=float), 2.5 * data_adu.std(dtype=float)
    assert mean_e == pytest.approx(truth["sky_e"], abs=5 * np.sqrt(variance_e / n))
    assert sigma_e == pytest.approx(np.sqrt(variance_e), rel=5 / np.sqrt(2 * n))


def test_sky_is_its_surface_brightness_and_the_moon_adds_to_it():
    dark = draw.sky_electrons(blank(sky_mag=20.5, exptime_s=100.0), 0)
    moonlit = draw.sky_electrons(blank(sky_mag=20.5, moon_mag=20.5, exptime_s=100.0), 0)

    np.testing.assert_allclose(dark, 10 ** (0.4 * (24.5 - 20.5)) * 0.21**2 * 100)
    np.testing.assert_allclose(moonlit, 2 * dark)


def test_gradient_of_the_sky_is_that_of_the_edges():
    sky = draw.sky_electrons(blank(sky_gradient=(0.1, -0.2)), 0)
    mean = sky.mean()

    assert sky[50, -1] / mean == pytest.approx(1.1, abs=0.2 / 50)
    assert sky[-1, 60] / mean == pytest.approx(0.8, abs=0.1 / 60)


def test_star_has_its_flux_in_electrons_and_the_gain_divides():
    campaign = one_star(
        telescope={"nx": 301, "ny": 299}, transparency=0.8, exptime_s=250.0, lobe_fraction=0.06
    )

    light = draw.source_electrons(campaign, 0)

    star = draw.objects_of_frame(campaign, 0)[0]
    assert star["flux_e"] == pytest.approx(10 ** (0.4 * (24.5 - 16)) * 0.8 * 250)
    assert star["flux_e_s"] == pytest.approx(10 ** (0.4 * (24.5 - 16)))
    y, x = np.indices(light.shape)
    inside = np.hypot(x - star["x_px"], y - star["y_px"]) < 100
    assert light[inside].sum() == pytest.approx(star["flux_e"], rel=1e-3)
    gain_2, _, _ = draw.draw_frame(campaign, 0)
    gain_4, _, _ = draw.draw_frame(change_telescopes(campaign, gain_e_per_adu=4.0), 0)
    np.testing.assert_allclose(gain_2, 2 * gain_4, rtol=1e-6)


def test_lens_images_and_galaxy_add_up_to_their_fluxes():
    campaign = replace(tiny_campaign(1, nx=380, ny=380, with_galaxy=True), stars=())

    light = draw.source_electrons(campaign, 0)

    table = draw.objects_of_frame(campaign, 0)
    assert table["kind"].tolist() == ["image", "image", "galaxy"]
    assert light.sum() == pytest.approx(table["flux_e"].sum(), rel=1e-3)


def test_galaxy_points_to_its_position_angle_in_a_turned_mirror():
    galaxy = Galaxy("G", 50.0, 10.0, 16.0, r_eff_arcsec=2.0, axis_ratio=0.4, pa_deg=30.0)
    camera = {"is_mirrored": True, "camera_angle_deg": 20.0}
    campaign = replace(blank(telescope=camera), galaxies=(galaxy,))

    light = draw.source_electrons(campaign, 0)[0:99, 10:109]

    y, x = np.indices(light.shape) - 49.5
    xx, yy, xy = ((term * light).sum() for term in (x * x, y * y, x * y))
    # north is 20 degrees left of up (110), east is to its right: 110 - 30
    assert np.degrees(0.5 * np.arctan2(2 * xy, xx - yy)) == pytest.approx(80.0, abs=0.5)


def test_frames_do_not_depend_on_the_others():
    campaign = tiny_campaign(4)
    alone = tiny_campaign(3)

    last, _, _ = draw.draw_frame(campaign, 2)
    draw.draw_frame(campaign, 0)

    np.testing.assert_array_equal(last, draw.draw_frame(campaign, 2)[0])
    np.testing.assert_array_equal(last, draw.draw_frame(alone, 2)[0])


def test_frames_and_seeds_have_their_own_noise():
    campaign = blank(n_frames=2)

    first, second = (draw.draw_frame(campaign, index)[0] for index in (0, 1))
    other = draw.draw_frame(replace(campaign, seed=1), 0)[0]

    for noise in (second, other):
        correlation = np.corrcoef(first.ravel(), noise.ravel())[0, 1]
        assert abs(correlation) < 5 / np.sqrt(first.size)


def test_saturated_star_is_above_saturate_and_bleeds_along_its_column():
    campaign = one_star(mag=11.0, telescope={"dtype": "uint16"})

    data_adu, header, truth = draw.draw_frame(campaign, 0)

    saturated = data_adu > header["SATURATE"]
    np.testing.assert_array_equal(saturated, truth["saturated"])
    assert data_adu.max() < 61500 + 5 * 5 / 2 + 1  # the full well, and the read noise of 5 e-
    rows, columns = np.nonzero(saturated)
    assert np.ptp(rows) > 2 * np.ptp(columns)


def test_cosmics_are_where_the_truth_says():
    clean, hit = blank(), change_frame(blank(), 0, n_cosmics=8)

    data_adu, _, truth = draw.draw_frame(hit, 0)

    light = draw.expected_electrons(clean, 0)
    bright = 2.0 * data_adu - light > 6 * np.sqrt(light + 25)
    assert truth["cosmic"].sum() > 8
    # six sigma are reached by chance by no pixel, and missed by the ends of tracks alone
    assert not np.any(bright & ~truth["cosmic"])
    assert bright.sum() > 0.8 * truth["cosmic"].sum()


def test_bad_column_and_hot_pixels_are_drawn():
    camera = {"bad_columns": ((30, 50),), "n_hot_pixels": 5}

    data_adu, _, truth = draw.draw_frame(blank(telescope=camera), 0)

    electrons = 2.0 * data_adu
    assert np.median(electrons[50:, 30]) == pytest.approx(0.3 * truth["sky_e"], rel=0.1)
    assert np.median(electrons[:50, 30]) == pytest.approx(truth["sky_e"], rel=0.1)
    assert 4 <= np.sum(electrons > truth["sky_e"] + 400) <= 5  # the fifth may be a faint one


def test_cloud_dims_the_stars_and_not_the_sky():
    clear, cloudy = one_star(), one_star(transparency=0.01)

    np.testing.assert_allclose(
        draw.source_electrons(cloudy, 0), 0.01 * draw.source_electrons(clear, 0)
    )
    np.testing.assert_array_equal(draw.sky_electrons(cloudy, 0), draw.sky_electrons(clear, 0))


def test_trailed_star_is_long_along_the_trail():
    light = draw.source_electrons(one_star(trail_px=(0.0, 14.0)), 0)

    bright = np.argwhere(light > 0.5 * light.max())
    height, width = np.ptp(bright, axis=0) + 1
    assert width == pytest.approx(1.0 / 0.21, abs=2)  # the seeing, in whole pixels
    assert height == pytest.approx(14, abs=2)  # a box of 14 px: its edges are at half its height


def test_variable_star_changes_with_the_date():
    campaign = blank(n_frames=2)
    star = Star("V", 50.0, 10.0, 16.0, amplitude_mag=0.3, period_days=2.0)
    campaign = replace(campaign, stars=(star,))

    mags = [draw.objects_of_frame(campaign, index)["mag"][0] for index in (0, 1)]

    middle = 150 / 86400  # of an exposure of 300 s that starts at a multiple of the period
    expected = 0.3 * np.sin(np.pi * middle)
    np.testing.assert_allclose(mags, [16 + expected, 16 - expected], atol=1e-9)


def test_truth_holds_conditions_and_fluxes_of_the_images():
    campaign = tiny_campaign(2)

    truth = draw.frame_truth(campaign, 1)

    frame = campaign.frames[1]
    table = draw.objects_of_frame(campaign, 1)
    assert truth["mjd"] == pytest.approx(frame.mjd_start + 150 / 86400, abs=1e-9)
    assert (truth["shift_x_px"], truth["shift_y_px"]) == frame.shift_px
    assert truth["sky_e"] == pytest.approx(draw.sky_electrons(campaign, 1).mean())
    for name, image in zip("AB", campaign.lens.images, strict=True):
        row = table[table["name"] == name][0]
        assert row["mag"] == image_magnitude(campaign.lens, image, frame.mjd_mid)
        assert truth[f"mag_{name}"] == row["mag"]
        assert truth[f"flux_e_s_{name}"] == pytest.approx(10 ** (0.4 * (24.5 - row["mag"])))


def test_colour_term_is_in_magnitudes_and_fluxes():
    campaign = two_telescope_campaign(n_frames=2)

    first, second = (draw.objects_of_frame(campaign, index) for index in (0, 1))

    colours = [star.colour_mag for star in campaign.stars[:19]]  # the next one varies
    n = len(colours)
    np.testing.assert_allclose((second["mag"] - first["mag"])[:n], 0.06 * np.array(colours))
    expected = 10 ** (0.4 * (23.9 - second["mag"]))
    np.testing.assert_allclose(second["flux_e_s"], expected)


def test_an_image_of_the_lens_has_its_own_colour():
    campaign = two_telescope_campaign(n_frames=4)

    rows = [draw.objects_of_frame(campaign, index) for index in (0, 2)]  # SIM1 in R and in V

    for image in campaign.lens.images:
        red, green = (table[table["name"] == image.name][0]["mag"] for table in rows)
        at = [image_magnitude(campaign.lens, image, campaign.frames[i].mjd_mid) for i in (0, 2)]
        colour_mag = campaign.lens.colour_mag + image.colour_mag
        assert green - at[1] - (red - at[0]) == pytest.approx(colour_mag)  # the definition: V - R


def test_header_has_the_keywords_of_an_observatory():
    campaign = tiny_campaign(1)

    _, header, _ = draw.draw_frame(campaign, 0)

    date = Time(header["DATE-OBS"], scale="utc")
    assert date.mjd == pytest.approx(header["MJD-OBS"], abs=1e-3 / 86400)
    assert header["MJD-OBS"] == campaign.frames[0].mjd_start
    expected = {
        "EXPTIME": 300.0,
        "GAIN": 2.0,
        "RDNOISE": 5.0,
        "SATURATE": 60000.0,
        "FILTER": "R",
        "PIXSCALE": 0.21,
        "OBJECT": "TINY",
        "TELESCOP": "TINY",
        "SITELONG": -70.7345,
        "SITELAT": -29.2584,
        "SITEELEV": 2347.0,
        "BUNIT": "adu",
        "CTYPE1": "RA---TAN",
    }
    assert {key: header[key] for key in expected} == expected


def test_wcs_can_be_left_out():
    header = draw.frame_header(tiny_campaign(1, has_wcs=False), 0)

    assert not [key for key in header if key.startswith(("CTYPE", "CRVAL", "CRPIX", "CD", "RADE"))]


def test_object_without_a_lens_is_the_campaign():
    assert draw.frame_header(blank(), 0)["OBJECT"] == "blank"


def test_empty_field_has_no_objects():
    assert draw.objects_of_frame(blank(), 0).shape == (0,)
    assert draw.source_electrons(blank(), 0).sum() == 0
