"""The scripts of a raw night together: frames as good as perfect ones, with the same rows."""

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError
from cosmouline.images.calibration.io_master import masters_in, read_planes
from cosmouline.robust import mad_sigma
from cosmouline.run import call_main, make_options, with_options
from cosmouline.skymaker import raw
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.detector import hot_electrons
from cosmouline.skymaker.draw import draw_frame, expected_electrons
from cosmouline.skymaker.io_campaign import draw_campaign
from cosmouline.skymaker.model import RAW_NIGHT

import numpy as np
import pytest
from astropy.io import fits


@pytest.fixture(scope="session")
def campaign():
    return tiny_campaign(n_frames=3, raw=RAW_NIGHT, n_hot_pixels=5, defect_seed=3)


def calibrated(night, index=0):
    row = night.rows()[f"tiny_000{index}.fits"]
    path = night.work / "calibrated" / "TINY" / f"{row['standard_name']}.fits"
    with fits.open(path, memmap=False) as hdus:
        return hdus[0].data, hdus["MASK"].data, row


def test_all_numbers_of_a_night_are_what_they_were(done_night, recorded, script):
    """That they are right is shown by the other tests: see tests/recorded.py."""
    tool, rows = script("tests/recorded"), done_night.rows()
    recorded("0_preparation/fields", tool.fields_of(rows, ("cal_", "used_", "calibrat")))
    recorded("0_preparation/products", tool.products_of(done_night.work, ()))
    recorded("0_preparation/reports", tool.reports_of(done_night.work))


def test_a_calibrated_frame_is_the_expected_light_with_its_own_noise(done_night, campaign):
    """Truth: the mean electrons that were drawn, which the true flat field divided before."""
    data, mask, row = calibrated(done_night)
    telescope = campaign.telescopes[0]
    expected = expected_electrons(campaign, 0) / telescope.gain_e_per_adu
    faint = (mask == 0) & (expected < np.median(expected) * 1.2)
    cosmic = draw_frame(campaign, 0)[2]["cosmic"]
    sigma = np.sqrt(expected / telescope.gain_e_per_adu + (
        telescope.read_noise_e / telescope.gain_e_per_adu) ** 2)

    pulls = ((data - expected) / sigma)[faint & ~cosmic]

    # masters of five frames: read noise / sqrt 5 of the dark, flats of 5 x 50000 e-
    sky = np.median(expected)
    # and the noise of the dark current of the frame itself, of which no level of the sky tells
    dark_e = telescope.raw.dark_e_s * campaign.frames[0].exptime_s
    masters2 = (2.5**2 / 5 + (sky * 0.002) ** 2 + dark_e / 2.0**2) / np.median(sigma) ** 2
    assert np.median(pulls) == pytest.approx(0, abs=5 * 1.25 / np.sqrt(pulls.size) + 0.03)
    assert mad_sigma(pulls) == pytest.approx(np.sqrt(1 + masters2), rel=0.04)
    # the two amplifiers see one sky, with gains 4 % apart and 2 % non-linearity
    halves = [np.median((data - expected)[:, half][(faint & ~cosmic)[:, half]])
              for half in (slice(0, 90), slice(90, 180))]
    assert abs(halves[1] - halves[0]) < 0.01 * sky
    assert row["used_flat"].startswith("flat_TINY_180x160_R_")
    assert row["used_dark"].startswith("dark_TINY_180x160_")
    assert row["cal_master_noise"] == pytest.approx(masters2, rel=0.5)


def test_the_master_flat_is_the_true_one(done_night, campaign):
    flat = next(one for one in masters_in(done_night.work / "masters") if one.kind == "flat")
    planes = read_planes(flat)
    ratio = planes.image / raw.flat_field(campaign.telescopes[0])

    assert flat.n_frames == 5
    assert flat.filter == "R"
    # photons of about 5 x 47500 e-, at a median level of 23750 ADU
    assert np.std(ratio) == pytest.approx(np.median(np.sqrt(planes.variance)), rel=0.05)
    assert np.std(ratio) == pytest.approx(1 / np.sqrt(5 * 47500), rel=0.15)


def test_the_report_tells_gain_and_read_noise_by_pairs(done_night):
    text = (done_night.work / "report_masters.txt").read_text()
    line = next(line for line in text.splitlines() if line.startswith("TINY   | 180x160"))
    gain, sigma, known, noise, known_noise = (float(cell) for cell in line.split(" | ")[4:])

    assert text.startswith("RAW: master frames\n")
    assert "3 masters" in text
    assert (known, known_noise) == (2.0, 5.0)
    assert abs(gain - 2.0) < 5 * max(sigma, 0.01)
    assert noise == pytest.approx(5.0, rel=0.1)


def test_the_map_of_bad_pixels_has_those_that_were_drawn(done_night, campaign):
    path = next((done_night.work / "masters").glob("badpix_*.fits"))
    mask = fits.getdata(path)
    telescope = campaign.telescopes[0]
    hot = hot_electrons(telescope, 300.0) > 3000  # well above the noise of the master
    assert (mask[hot].astype(int) & 1).all()
    assert hot.any()
    assert np.count_nonzero(mask) < 30
    assert (done_night.work / "report_bad_pixels.txt").read_text().startswith("RAW: bad pixels")


def rows_of_character(night):
    """Return the rows after 1a and 1b of 1_character."""
    for name in ("1a_add_to_database", "1b_copy_convert"):
        script = f"1_character/{name}"
        module = night.script(f"pipe/{script}")
        settings = load_settings(night.config)
        with_options(settings, make_options(script=script))
        db = Database(paths.database(settings, script))
        call_main(module.main, settings, db)
        db.save()
        db.close()
    return db.select(), settings


def test_calibrated_frames_give_the_rows_of_frames_that_came_reduced(done_night, new_night,
                                                                     tmp_path):
    """All that 1_character knows of them but their names, hashes and noise of masters."""
    draw_campaign(tiny_campaign(n_frames=3, n_hot_pixels=5, defect_seed=3), tmp_path / "plain")
    new_night.set(f'sets[0]["raw_dir"] = "{tmp_path}/plain/frames/TINY"\n')
    plain, _ = rows_of_character(new_night)
    ours, settings = rows_of_character(done_night)

    same = ("filter", "mjd", "exptime_s", "gain_e_per_adu", "read_noise_e", "saturation_adu",
            "pixel_scale_arcsec", "nx_px", "ny_px", "saturation_e", "has_wcs", "site_lon_deg")
    assert [{name: row.get(name) for name in same} for row in ours] == [
        {name: row.get(name) for name in same} for row in plain]
    assert all(0 < row["master_noise"] < 1 for row in ours)
    assert paths.master_noise(settings, ours[0]["img_name"]).is_file()
    assert "master_noise" not in plain[0]


@pytest.mark.parametrize(("lines", "n_less"), [("flat_least = 0.99\n", 1000), ("", None)])
def test_pixels_of_a_low_flat_are_bad(done_night, night, lines, n_less):
    night.set(lines + "mark_cosmics = True\n")

    night.run("0_preparation/2a_calibrate")

    data, _, row = calibrated(night)
    before = calibrated(done_night)[2]
    assert "pixels of cosmic rays masked" in row["cal_notes"]
    assert row["cal_n_bad_px"] - before["cal_n_bad_px"] > (n_less or 0)
    assert np.isnan(data).sum() <= row["cal_n_bad_px"]
    if n_less:
        night.run("0_preparation/2b_bad_pixels")
        mask = fits.getdata(next((night.work / "masters").glob("badpix_*.fits"))).astype(int)
        assert np.count_nonzero(mask & 2) > n_less


def test_without_a_flat_no_frame_is_calibrated_and_the_reason_is_told(night):
    night.set("flat_level_limits = (0.9, 1.0)\n")
    for name in ("0b_choose_calibrations", "1c_master_flat"):
        night.run(f"0_preparation/{name}")

    db, counts = night.run("0_preparation/2a_calibrate")

    assert counts["rejected"] == 3
    whynot = next(row["whynot"] for row in db.rows.values() if not row["gogogo"])
    assert whynot.startswith("no master flat of the filter R: add flats to raw_frames")


@pytest.mark.parametrize(("kind", "words"), [
    ("bias", "no master bias"), ("dark", "no master dark")])
def test_frames_that_are_calibrated_without_a_master_are_named(night, caplog, kind, words):
    for path in (night.work / "masters").glob(f"{kind}_*.fits"):
        path.unlink()
    _, counts = night.run("0_preparation/2a_calibrate")

    assert counts["rejected"] == 0
    assert f"TINY: 3 of 3 frames have {words}" in caplog.text
    assert words in calibrated(night)[2]["cal_notes"]


@pytest.mark.parametrize(("exptime_s", "is_told"), [(90.0, True), (110.0, False)])
def test_a_dark_that_is_scaled_by_much_is_told(night, caplog, exptime_s, is_told):
    """The science frames take 300 s."""
    path = next((night.work / "masters").glob("dark_*.fits"))
    with fits.open(path, mode="update") as hdus:
        hdus[0].header["EXPTIME"] = exptime_s
    night.run("0_preparation/2a_calibrate", redo=True)

    assert ("a dark that is scaled up" in caplog.text) == is_told


def test_a_flat_whose_light_lies_otherwise_is_named(night, caplog):
    """Brighter by 15 % from one edge to the other, of five frames: 4 % rms."""
    path = night.sky / "calib" / "TINY" / "flat_01.fits"
    kept = path.read_bytes()
    try:
        with fits.open(path) as hdus:
            tilted = [fits.PrimaryHDU(header=hdus[0].header)]
            for hdu in hdus[1:]:
                slope = 1 + 0.15 * np.linspace(-0.5, 0.5, len(hdu.data))[:, None]
                tilted.append(fits.ImageHDU(np.where(
                    hdu.data > 5000, hdu.data * slope, hdu.data).astype(np.uint16), hdu.header))
        fits.HDUList(tilted).writeto(path, overwrite=True)
        night.run("0_preparation/0a_import_raw", redo=True)
        night.run("0_preparation/1c_master_flat", redo=True)
    finally:
        path.write_bytes(kept)

    name = night.rows()["flat_01.fits"]["standard_name"]
    line, = (one for one in caplog.messages if "lies otherwise on the detector" in one)
    assert f"in {name} (4." in line


def test_what_is_missing_is_told_with_the_script_to_run(new_night):
    with pytest.raises(UserError, match=r"no image yet. Run 0_preparation/0a_import_raw.py first"):
        new_night.run("0_preparation/2a_calibrate")
    new_night.run("0_preparation/0a_import_raw")
    with pytest.raises(UserError, match=r"Run 0_preparation/0b_choose_calibrations.py first"):
        new_night.run("0_preparation/1a_master_bias")
    new_night.run("0_preparation/0b_choose_calibrations")
    with pytest.raises(UserError, match=r"there is no master frame. Run 0_preparation/1a_master"):
        new_night.run("0_preparation/1d_report")


def test_a_master_stays_until_its_frames_or_settings_change(night):
    path = next((night.work / "masters").glob("bias_*.fits"))
    before = path.stat().st_mtime_ns
    night.run("0_preparation/1a_master_bias")
    assert path.stat().st_mtime_ns == before

    name = night.rows()["bias_04.fits"]["standard_name"]
    (night.config / "calibrations.txt").write_text(f"{name} skip\n")
    night.set("master_min_frames = 4\n")
    night.run("0_preparation/0b_choose_calibrations")
    night.run("0_preparation/1a_master_bias")

    assert path.stat().st_mtime_ns > before
    assert masters_in(path.parent)[0].n_frames == 4
    assert "in_bias" not in night.rows()["bias_04.fits"]


def test_a_higher_limit_leaves_hot_pixels_in(night):
    night.set("hot_pixel_sigma = 100000.0\n")

    night.run("0_preparation/2b_bad_pixels")

    mask = fits.getdata(next((night.work / "masters").glob("badpix_*.fits"))).astype(int)
    assert not (mask & 1).any()
