"""Frames without a master sky: written beside the calibrated ones, which stay."""

from cosmouline.errors import UserError

import numpy as np
import pytest
from astropy.io import fits

SCRIPT = "0_preparation/2c_opt_master_sky"


@pytest.mark.parametrize(("per_target", "name"), [
    (False, "sky_TINY_180x160_R"), (True, "sky_TINY_180x160_R_TINY")])
def test_every_calibrated_frame_has_one_without_the_sky(night, per_target, name):
    before = {path.name: path.read_bytes() for path in (
        night.work / "calibrated" / "TINY").glob("*.fits")}

    night.run(SCRIPT, per_target=per_target)

    assert [path.stem for path in (night.work / "masters").glob("sky_*")] == [name]
    assert {path.name: path.read_bytes() for path in (
        night.work / "calibrated" / "TINY").glob("*.fits")} == before
    for file in before:
        with fits.open(night.work / "calibrated_sky" / "TINY" / file, memmap=False) as hdus:
            assert hdus[0].header["CALSKY"] == name
            assert [hdu.name for hdu in hdus] == ["PRIMARY", "MASK", "VARMASTER"]
            data = hdus[0].data
        old = fits.getdata(night.work / "calibrated" / "TINY" / file)
        assert np.nanmedian(data) == pytest.approx(np.nanmedian(old), rel=0.02)
        assert np.array_equal(np.isnan(data), np.isnan(old))


def test_without_calibrated_frames_the_script_to_run_is_told(night):
    row = night.rows()["tiny_0000.fits"]
    (night.work / "calibrated" / "TINY" / f"{row['standard_name']}.fits").unlink()

    with pytest.raises(UserError, match=r"Run 0_preparation/2a_calibrate.py first"):
        night.run(SCRIPT)
