"""The campaign of real difficulties: each one is in the frames as its line of the truth says."""

from collections import Counter
from dataclasses import replace
from functools import cache

from cosmouline.skymaker import detector, draw
from cosmouline.skymaker.geometry import sky_to_pixel
from cosmouline.skymaker.io_campaign import fault_table
from cosmouline.skymaker.mock_real import PLANTS, mock_real_campaign

import numpy as np
import pytest

FIRST = {"CAM1_g": 0, "CAM1_r": 1, "CAM2_i": 2, "CAM3_z": 3, "CAM2_r": 5}  # frames


@cache
def alone(*planted):
    """Campaign with these alone."""
    return mock_real_campaign(planted=planted)


def indices(campaign, telescope):
    """Frames of a telescope."""
    return [i for i, frame in enumerate(campaign.frames) if frame.telescope == telescope]


def added_light(name, index):
    """Light that a planted thing adds to a frame."""
    return (draw.source_electrons(alone(name), index)
            - draw.source_electrons(alone(), index))


def object_of(campaign, index, name):
    """Row of a source in the truth of a frame."""
    (row,) = [row for row in draw.objects_of_frame(campaign, index) if row["name"] == name]
    return row


@pytest.fixture(scope="module")
def mock():
    """Give the whole campaign."""
    return mock_real_campaign()


def test_three_cameras_share_four_bands_and_ten_frames_a_band_are_undersampled(mock):
    assert Counter(frame.telescope for frame in mock.frames) == {
        "CAM1_g": 12, "CAM1_r": 6, "CAM2_r": 6, "CAM2_i": 12, "CAM3_z": 12}
    assert {camera.camera for camera in mock.telescopes} == {"CAM1", "CAM2", "CAM3"}
    fwhm_px = [frame.fwhm_arcsec / mock.telescope_of(i).pixel_scale_arcsec
               for i, frame in enumerate(mock.frames)]
    assert 1.6 <= min(fwhm_px) < 1.7 < 2.4 < max(fwhm_px) <= 2.5


def test_a_shorter_campaign_has_the_same_field_and_frames():
    short = mock_real_campaign(n_frames=9, planted=[])

    assert short.frames == alone().frames[:9]
    assert mock_real_campaign(n_frames=2).faults  # what needs later frames is left out
    assert mock_real_campaign(seed=2).stars[0] != short.stars[0]


@pytest.mark.parametrize("name", PLANTS)
def test_everything_planted_changes_the_campaign_and_is_in_the_truth(mock, name):
    single, plain = alone(name), alone()

    assert (single.frames, single.telescopes, single.sources) != (
        plain.frames, plain.telescopes, plain.sources)
    assert {fault.kind for fault in single.faults} - {"hit"} == {name}
    # what is planted with it changes how much of an image's flux a hot pixel is
    assert {fault for fault in single.faults if fault.kind != "hit"} <= set(mock.faults)


def test_the_truth_names_the_file_of_what_one_frame_has(mock):
    table = fault_table(mock)

    for row, fault in zip(table, mock.faults, strict=True):
        assert (row["file"] == "") == (fault.index == -1)
        assert row["file"] in ("", f"frames/{row['telescope']}/mock_{fault.index:04d}.fits")
    assert set(table["kind"][table["file"] != ""]) == {"trail", "double", "satellite", "asteroid",
                                                            "hit"}


def test_hits_of_chance_are_those_of_the_drawn_frames():
    campaign = alone()
    found = {fault.index: fault for fault in campaign.faults}

    assert {fault.kind for fault in found.values()} == {"hit"}
    for index in (22, 40):  # seed 1: nothing on the first, a track over C on the second
        _, _, truth = draw.draw_frame(campaign, index)
        rows, columns = np.nonzero(truth["cosmic"])
        images = truth["objects"][truth["objects"]["kind"] == "image"]
        hit = [str(image["name"]) for image in images if (np.hypot(
            columns - image["x_px"], rows - image["y_px"]) < 2).any()]
        assert hit == ([found[index].meaning[-1]] if index in found else [])
    assert found[40].meaning.endswith("image C")
    # the light of the track within 2 px of the image, over that of the image
    camera = campaign.telescope_of(40)
    track = detector.cosmic_tracks(np.random.default_rng([campaign.seed, 40]),
                                   (camera.ny, camera.nx), campaign.frames[40].n_cosmics)
    track = track + detector.hot_electrons(camera, campaign.frames[40].exptime_s)
    image = object_of(campaign, 40, "C")
    y, x = np.indices(track.shape)
    light = track[np.hypot(x - image["x_px"], y - image["y_px"]) < 2].sum()
    assert found[40].size == f"{100 * light / image['flux_e']:.0f} % of the flux"


def test_the_gain_of_the_card_is_four_times_that_of_the_noise():
    campaign = replace(alone("gain"), stars=(), lens=None)
    index = FIRST["CAM2_i"]

    data_adu, header, truth = draw.draw_frame(campaign, index)

    pairs = np.diff(data_adu.astype(float).reshape(-1, 2))  # side by side: no gradient
    sigma_adu = 1.4826 * np.median(np.abs(pairs)) / np.sqrt(2)
    expected_e = np.sqrt(truth["sky_e"] + 9.0**2)
    assert header["GAIN"] == pytest.approx(3.6)
    # a median absolute deviation of n Gaussian values has the relative error 1.17 / sqrt(n)
    assert sigma_adu * 0.9 == pytest.approx(expected_e, rel=5 * 1.17 / np.sqrt(pairs.size))


def test_stars_are_flat_below_the_card():
    campaign = alone("saturation", "flat")

    data_adu, header, truth = draw.draw_frame(campaign, FIRST["CAM1_g"])

    assert header["SATURATE"] == 60000
    assert truth["saturated"].sum() > 5
    level = data_adu[truth["saturated"]] / detector.flat_error(campaign.telescope_of(0))[
        truth["saturated"]]
    # the read noise is 6 e- or 4 ADU
    np.testing.assert_allclose(level, 42000, atol=5 * 4)


def test_short_exposures_have_a_thousand_hot_pixels(mock):
    camera = mock.telescope_of(FIRST["CAM3_z"])

    assert mock.frames[FIRST["CAM3_z"]].exptime_s == 40.0
    # two of them fall on one pixel in 1000^2 / 2 / 160000 = 3 cases
    assert 985 <= np.count_nonzero(detector.hot_electrons(camera, 40.0)) <= 1000


def test_a_satellite_goes_through_the_lens(mock):
    index = indices(mock, "CAM1_r")[3]
    light = added_light("satellite", index)
    campaign = alone("satellite")
    satellite = object_of(campaign, index, "SAT")

    (lens_xy,) = sky_to_pixel(campaign, index, campaign.ra_deg, campaign.dec_deg)
    column = round(lens_xy[0])
    # the line rises by one row in two columns: each column holds sqrt(5) / 2 px of its length
    per_column = satellite["flux_e"] / np.hypot(1800, 900) * np.sqrt(5) / 2
    assert light[:, column].sum() == pytest.approx(per_column, rel=0.02)  # wings beyond the edge
    assert abs(light[:, column].argmax() - lens_xy[1]) < 2.5


def test_sources_that_come_and_go_have_their_flux_at_their_place(mock):
    last = indices(mock, "CAM1_r")[-1]
    for name, kind, index, offset in (
            ("SN", "transient", last, (-1.9, 1.3)), ("UNDECLARED", "undeclared", last, None),
            ("AST-S17", "asteroid", 12, None)):
        source, light = object_of(mock, index, name), added_light(kind, index)
        y, x = np.indices(light.shape)
        assert light.sum() == pytest.approx(source["flux_e"], rel=2e-3)
        near = np.hypot(x - source["x_px"], y - source["y_px"]) < 12
        for axis, centre in ((x, source["x_px"]), (y, source["y_px"])):
            assert np.average(axis[near], weights=light[near]) == pytest.approx(centre, abs=0.02)
        if offset:
            (lens_xy,) = sky_to_pixel(mock, index, mock.ra_deg, mock.dec_deg)
            arcsec = np.hypot(*(lens_xy - (source["x_px"], source["y_px"]))) * 0.45
            assert arcsec == pytest.approx(np.hypot(*offset), abs=1e-3)
    assert not [row for row in draw.objects_of_frame(mock, 31) if row["name"] == "SN"]
    undeclared, lens = object_of(mock, last, "UNDECLARED"), sky_to_pixel(
        mock, last, mock.ra_deg, mock.dec_deg)[0]
    away = np.hypot(undeclared["x_px"] - lens[0], undeclared["y_px"] - lens[1]) * 0.45
    assert away == pytest.approx(2.6, abs=0.01)


def test_the_variable_never_saturates_and_galaxies_outnumber_stars(mock):
    full, peaks = {}, {}
    for index in (6, 14, 45):  # the sharpest exposures of the camera with the smallest well
        camera, light = mock.telescope_of(index), draw.expected_electrons(mock, index)
        for star in draw.objects_of_frame(mock, index):
            x, y = round(star["x_px"]), round(star["y_px"])
            if star["kind"] == "star" and 2 < x < camera.nx - 3 and 2 < y < camera.ny - 3:
                peak = light[y - 1:y + 2, x - 1:x + 2].max()
                name = str(star["name"])
                full[name] = camera.saturation_adu * camera.gain_e_per_adu
                peaks[name] = max(peaks.get(name, 0), peak / full[name])

    variable = next(star for star in mock.stars if star.name == "S16")
    assert variable.amplitude_mag == 0.15
    assert peaks["S16"] < 1 < peaks["S04"]
    assert len(mock.galaxies) > len(mock.stars)
    assert all(galaxy.r_eff_arcsec < 0.6 for galaxy in mock.galaxies)
