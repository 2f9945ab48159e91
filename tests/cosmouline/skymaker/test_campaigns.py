"""Ready campaigns hold what they promise."""

from dataclasses import replace

from cosmouline.skymaker import draw
from cosmouline.skymaker.campaigns import (
    demo_campaign,
    demo_lens,
    field_stars,
    scattered,
    tiny_campaign,
)
from cosmouline.skymaker.geometry import frame_to_frame_matrix
from cosmouline.skymaker.pointspread import add_point, local_point_spread

import numpy as np
import pytest

IMAGES = ["A", "B", "C", "D"]


@pytest.fixture(scope="module")
def demo():
    """Give the demo campaign."""
    return demo_campaign(1)


def photon_error(campaign, index):
    """Relative errors of the fluxes of A-D with a known PSF and known positions (Cramer-Rao)."""
    lens_only = replace(campaign, stars=(), galaxies=())
    camera, frame = campaign.telescope_of(index), campaign.frames[index]
    table = draw.objects_of_frame(lens_only, index)[:4]
    profiles = []
    for source in table:
        image = np.zeros((camera.ny, camera.nx))
        x, y = float(source["x_px"]), float(source["y_px"])
        add_point(image, x, y, 1.0, local_point_spread(camera, frame, x, y))
        profiles.append(image.ravel())
    profiles = np.array([*profiles, np.ones(camera.ny * camera.nx)])
    variance = draw.expected_electrons(lens_only, index).ravel() + camera.read_noise_e**2
    covariance = np.linalg.inv((profiles / variance) @ profiles.T)
    return np.sqrt(np.diag(covariance)[:4]) / table["flux_e"]


def test_demo_has_eight_nights_of_two_frames(demo):
    nights = np.array([int(frame.mjd_start) for frame in demo.frames])

    assert len(demo.frames) == 16
    assert np.all(np.unique(nights, return_counts=True)[1] == 2)
    assert np.all(np.diff([frame.mjd_mid for frame in demo.frames]) > 360 / 86400)


def test_demo_varies_in_seeing_sky_and_transparency(demo):
    good = [frame for frame in demo.frames if frame.defect == "none"]
    seeing = np.array([frame.fwhm_arcsec for frame in good])

    assert 0.8 <= seeing.min() < 0.9
    assert 1.5 < seeing.max() <= 1.6
    assert np.ptp([frame.transparency for frame in good]) > 0.2
    skies = [draw.sky_electrons(demo, index).mean() for index in range(16)]
    assert max(skies) > 3 * min(skies)


def test_demo_has_a_turned_a_flipped_and_a_clouded_frame(demo):
    angles = [frame.rotation_deg for frame in demo.frames]

    assert (angles[5], angles[9]) == (10.0, 180.0)
    assert np.abs(np.delete(angles, [5, 9])).max() < 1.0
    assert [i for i, frame in enumerate(demo.frames) if frame.defect != "none"] == [12]
    assert demo.frames[12].defect == "thick cloud"
    matrix = frame_to_frame_matrix(demo, 0, 9)
    np.testing.assert_allclose(matrix[:, :2], -np.eye(2), atol=0.02)


def test_clouded_frame_of_the_demo_shows_two_stars_at_most(demo):
    camera = demo.telescopes[0]
    light, sky = draw.source_electrons(demo, 12), draw.sky_electrons(demo, 12).mean()

    peaks = [
        light[round(star["y_px"]), round(star["x_px"])]
        for star in draw.objects_of_frame(demo, 12)
        if 0 < star["x_px"] < camera.nx - 1 and 0 < star["y_px"] < camera.ny - 1
    ]

    assert np.sum(np.array(peaks) > 2 * np.sqrt(sky)) <= 2


def test_images_a_to_c_of_the_demo_can_be_measured_to_one_and_a_half_percent(demo):
    for index in (1, 9):  # the worst seeing
        errors = photon_error(demo, index)
        assert np.all(errors[:3] < 0.015)
        assert errors[3] < 0.03


def test_demo_saturates_two_stars_and_not_the_others(demo):
    best = int(np.argmin([frame.fwhm_arcsec for frame in demo.frames]))
    for index in (best, 9):
        _, _, truth = draw.draw_frame(demo, index)
        full = [
            star["name"]
            for star in truth["objects"]
            if truth["saturated"][round(star["y_px"]), round(star["x_px"])]
        ]
        assert full == ["S01", "S02"]


def test_demo_lens_has_separations_of_its_kind():
    places = np.array([(image.east_arcsec, image.north_arcsec) for image in demo_lens().images])

    separations = [np.hypot(*(a - b)) for i, a in enumerate(places) for b in places[:i]]
    assert 0.9 < min(separations) < max(separations) < 2.3
    assert [image.name for image in demo_lens().images] == IMAGES


def test_a_shorter_demo_has_the_same_frames(demo):
    short = demo_campaign(1, n_frames=6)

    assert short.frames == demo.frames[:6]
    assert short.stars == demo.stars
    assert demo_campaign(1, n_frames=20).frames[19].mjd_start > demo.frames[-1].mjd_start


def test_another_seed_is_another_sky(demo):
    other = demo_campaign(2)

    assert other.stars[0].ra_deg != demo.stars[0].ra_deg
    assert other.frames[0].fwhm_arcsec != demo.frames[0].fwhm_arcsec
    assert other.lens.seed != demo.lens.seed


def test_tiny_campaign_is_small_and_without_defects():
    campaign = tiny_campaign(6)
    camera = campaign.telescopes[0]

    assert (camera.nx, camera.ny) == (180, 160)
    assert len(campaign.stars) == 13
    for index in range(6):
        _, _, truth = draw.draw_frame(campaign, index)
        assert not truth["saturated"].any()
        x, y = truth["objects"]["x_px"], truth["objects"]["y_px"]
        assert np.all((x > 3) & (x < 176) & (y > 3) & (y < 156))


def test_tiny_campaign_takes_fields_of_the_telescope():
    campaign = tiny_campaign(1, nx=200, name="ECAM", gain_e_per_adu=1.5, dtype="float32")

    camera = campaign.telescope_of(0)
    assert (camera.nx, camera.gain_e_per_adu, camera.dtype) == (200, 1.5, "float32")
    assert campaign.frames[0].telescope == "ECAM"


def test_places_are_apart_and_inside():
    places = scattered(np.random.default_rng(1), 25, (40, 30), apart_arcsec=6, hole_arcsec=10)

    assert places.shape == (25, 2)
    assert np.all(np.abs(places) <= [40, 30])
    assert np.hypot(*places.T).min() > 10
    assert min(np.hypot(*(a - b)) for i, a in enumerate(places) for b in places[:i]) > 6


def test_places_that_do_not_fit():
    with pytest.raises(ValueError, match="of 100 positions found: apart_arcsec is too large"):
        scattered(np.random.default_rng(1), 100, (10, 10), apart_arcsec=5)


def test_stars_get_their_magnitudes_and_random_motions():
    stars = field_stars(np.random.default_rng(1), np.zeros((400, 2)), np.linspace(15, 20, 400))

    motions = np.array([(star.pm_ra_mas_yr, star.pm_dec_mas_yr) for star in stars])
    assert stars[-1].mag == 20.0
    assert motions.std() == pytest.approx(6.0, rel=5 / np.sqrt(2 * 800))
