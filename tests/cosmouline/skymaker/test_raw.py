"""Raw frames: their calibration frames take out what was put in; fluxes stay the true ones."""

from dataclasses import replace

from cosmouline.skymaker import draw, raw
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.io_campaign import draw_campaign
from cosmouline.skymaker.model import RawCamera, change_frame, change_telescopes

import numpy as np
import pytest
from astropy.io import fits

N = 5  # calibration frames of each kind


@pytest.fixture(scope="module")
def campaign():
    """Give one raw frame with hot pixels and a bad column, without cosmics."""
    tiny = tiny_campaign(1, n_hot_pixels=10, defect_seed=3, bad_columns=((40, 20),),
                         raw=RawCamera())
    return change_frame(tiny, 0, n_cosmics=0)


def stack(campaign, kind):
    """Median of the calibration frames of a kind, overscan level taken out of each, in ADU."""
    camera = campaign.telescopes[0]
    frames = (raw.calibration_frame(campaign, camera, kind, number, 300.0)[0]
              for number in range(N))
    return np.median([without_level(frame, camera) for frame in frames], axis=0)


def without_level(data_adu, camera):
    data_adu = data_adu.astype(float)
    return data_adu[:, :camera.nx] - np.median(data_adu[:, camera.nx:])


def reduced(campaign):
    """Frame 0 in electrons, as any textbook reduces it."""
    camera = campaign.telescopes[0]
    bias, dark, flat = (stack(campaign, kind) for kind in ("bias", "dark", "flat"))
    flat = (flat - bias) / np.median(flat - bias)
    data_adu, _, truth = draw.draw_frame(campaign, 0)
    return (without_level(data_adu, camera) - dark) / flat * camera.gain_e_per_adu, truth


def test_a_frame_reduced_by_its_calibrations_is_the_expected_light(campaign):
    found, _ = reduced(campaign)
    plain = change_telescopes(campaign, raw=None, n_hot_pixels=0)
    expected = draw.expected_electrons(plain, 0)

    good = np.ones(found.shape, bool)
    good[:, 40] = False  # 0.3 of the light, 3 times the noise
    deviation = ((found - expected) / np.sqrt(expected + 5.0**2))[good]

    # noise of frame and calibrations: 1 + 1/5 of dark and bias; 0.4 % of 4000 e- for the flat
    assert np.median(deviation) == pytest.approx(0, abs=0.1)
    assert 1.0 < np.percentile(np.abs(deviation), 68.3) < 1.3


def test_without_the_flat_the_light_is_not_met(campaign):
    camera = campaign.telescopes[0]
    empty = replace(campaign, stars=(), lens=None)
    data_adu, _, _ = draw.draw_frame(empty, 0)
    sky_e = draw.sky_electrons(empty, 0)
    dark = stack(campaign, "dark")

    plain = (without_level(data_adu, camera) - dark) * camera.gain_e_per_adu / sky_e

    corners = [plain[:20, :20], plain[:20, -20:], plain[-20:, :20], plain[-20:, -20:]]
    fallen = 1 - np.mean([np.median(one) for one in corners]) / np.median(plain[70:90, 80:100])
    assert fallen == pytest.approx(campaign.telescopes[0].raw.vignetting, rel=0.25)  # 0.8-1 of it


def test_truth_and_wcs_are_those_of_the_reduced_frame(campaign):
    plain = change_telescopes(campaign, raw=None)

    np.testing.assert_array_equal(draw.objects_of_frame(campaign, 0),
                                  draw.objects_of_frame(plain, 0))
    header, before = (draw.frame_header(one, 0) for one in (campaign, plain))
    assert {key: header[key] for key in before} == before
    assert {key: header[key] for key in header.keys() - before.keys()} == {
        "INSTRUME": "SIMRAW", "IMAGETYP": "object", "DATASEC": "[1:180,1:160]",
        "TRIMSEC": "[1:180,1:160]",
        "BIASSEC": "[181:204,1:160]"}


def test_the_overscan_shows_the_level_alone(campaign):
    camera = campaign.telescopes[0]
    data_adu, _, _ = draw.draw_frame(campaign, 0)

    overscan = data_adu[:, camera.nx:].astype(float)
    noise_adu = camera.read_noise_e / camera.gain_e_per_adu
    assert data_adu.shape == (160, 180 + 24)
    assert data_adu.dtype == np.uint16
    assert overscan.mean() == pytest.approx(1000, abs=5 * raw.BIAS_DRIFT_ADU)
    rows = overscan.mean(axis=1)
    assert rows[-40:].mean() - rows[:40].mean() == pytest.approx(15, abs=1)  # 3/4 of 20 ADU
    assert (overscan - rows[:, None]).std() == pytest.approx(
        np.hypot(noise_adu, 1 / np.sqrt(12)), rel=5 / np.sqrt(2 * overscan.size) + 0.03)


def test_darks_show_dark_current_and_hot_pixels(campaign):
    camera = campaign.telescopes[0]
    dark = (stack(campaign, "dark") - stack(campaign, "bias")) * camera.gain_e_per_adu

    assert dark.mean() > 0.05 * 300
    assert np.median(dark) == pytest.approx(0.05 * 300, abs=1.0)  # noise of the stacks: 0.03 e-
    assert (dark > 300).sum() >= 5


def test_calibrations_lie_beside_the_frames_with_their_kind(campaign, tmp_path):
    draw_campaign(campaign, tmp_path)

    kinds = [fits.getval(path, "IMAGETYP") for path in sorted(tmp_path.glob("calib/TINY/*.fits"))]
    assert kinds == ["bias"] * N + ["dark"] * N + ["flat"] * N
    np.testing.assert_allclose(fits.getdata(tmp_path / "truth_flat_TINY.fits"),
                               raw.flat_field(campaign.telescopes[0]), rtol=1e-6)
    assert fits.getval(tmp_path / "frames/TINY/tiny_0000.fits", "IMAGETYP") == "object"


def test_raw_frames_are_integers(campaign):
    with pytest.raises(ValueError, match="raw frames are integers"):
        replace(campaign.telescopes[0], dtype="float32")
