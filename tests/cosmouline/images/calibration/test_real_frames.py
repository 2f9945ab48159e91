"""Real raw frames with the masters that others made: KELT-16 and Huntsman."""

from types import SimpleNamespace

from cosmouline.frames.raw.camera import RawCamera
from cosmouline.frames.raw.mosaic import read_detector
from cosmouline.images.calibration.calibrate import calibrated
from cosmouline.images.calibration.db_masters import all_masters
from cosmouline.images.calibration.io_master import read_planes

import numpy as np
import pytest
from astropy.io import fits


def test_kelt_16_is_reduced_with_the_masters_of_its_night(shared_data, tmp_path):
    """The slow obvious way beside ours: (raw - bias - dark) / flat, dark and frame of 90 s."""
    folder = shared_data("real") / "kelt16_calibrated"
    for path in folder.glob("combined_*"):
        (tmp_path / path.name).symlink_to(path)
    entry = {"name": "Aspen", "telescope": "generic", "masters": tmp_path}
    settings = SimpleNamespace(work_dir=tmp_path / "work")
    masters = {one.kind: one for one in all_masters(settings, entry)}
    path = next(folder.glob("kelt-16*"))
    raw = read_detector(path, "", RawCamera(), 65000.0)
    planes = {kind: read_planes(one) for kind, one in masters.items()}

    found = calibrated(raw.data_adu, 90.0, 1.5, 10.0, planes["bias"], planes["dark"],
                       masters["dark"].exptime_s, planes["flat"])

    bias, dark, flat = (fits.getdata(folder / f"combined_{name}.fit.gz").astype(float)
                        for name in ("bias", "dark_90.000", "flat_filter_r"))
    expected = (fits.getdata(path) - bias - dark) / (flat / np.median(flat))
    assert (masters["dark"].exptime_s, masters["flat"].filter) == (90.0, "r")
    np.testing.assert_allclose(found.data_adu, expected, rtol=1e-5, atol=0.01)
    assert np.median(found.data_adu) == pytest.approx(46, abs=2)  # of 1102: the sky alone is left
    # the master bias says 9.9 ADU of noise in its UNCERT; of a dark of the same exposure none is
    # left of it, the dark's own is
    assert found.noise_fraction > 1


def test_a_huntsman_frame_is_made_by_its_published_masters(shared_data):
    """Their bias of 32 is one value, their dark is in ADU/s; the flat was made of (F - B - D t).

    One raw dark and one raw flat were combined: the masters must come out of them.
    """
    folder = shared_data("huntsman") / "tests" / "data"
    raw = {kind: fits.getdata(folder / "raw" / f"{kind}_0.fits").astype(float)
           for kind in ("bias", "dark", "flat")}
    night = folder / "calib" / "2021-01-07"
    dark = fits.getdata(night / "dark" / "dark_14_Huntsman_2021-01-07.fits", 1)[:800, :800]
    flat = fits.getdata(night / "flat" / "flat_14_Huntsman_g_band_2021-01-07.fits",
                        1)[:800, :800]
    good = dark < 0.06  # theirs clips what is hot

    found = calibrated(raw["dark"].astype(np.float32) / 300, 300.0, 1.14, 3.0)
    ours = found.data_adu - raw["bias"] / 300
    flat_ours = raw["flat"] - raw["bias"] - 300 * dark
    flat_ours /= np.median(flat_ours)

    # their images have a column and a row more: the shift is found, the values are theirs
    shifts = [(y, x) for y in (0, 1) for x in (0, 1)]
    scatter = {s: np.std((np.roll(ours, s, (0, 1)) - dark)[good][1000:]) for s in shifts}
    assert min(scatter.values()) < 0.6 * np.std(dark[good])
    best = min(scatter, key=scatter.get)
    ratio = (np.roll(flat_ours, best, (0, 1)) / flat)[5:-5, 5:-5]
    assert np.median(ratio) == pytest.approx(1, abs=0.01)
    assert 1.4826 * np.median(np.abs(ratio - np.median(ratio))) < 0.02
