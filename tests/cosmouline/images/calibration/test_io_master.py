"""Masters made by other programs, in the units of our own; ours are read in 0_preparation."""

from cosmouline.images.calibration.io_master import Master, read_planes

import numpy as np
import pytest
from astropy.io import fits


@pytest.mark.parametrize(("kind", "exptime_s", "unit", "level"), [
    ("flat", 10.0, "adu", 2000.0), ("dark", 50.0, "adu", 50.0), ("dark", 50.0, "adu/s", 1.0),
    ("bias", 0.0, "adu", 1.0)])
def test_a_flat_has_a_median_of_1_and_a_dark_is_a_rate(tmp_path, kind, exptime_s, unit, level):
    """Pixels of 2000 and a scatter of 20, of which the variance is known to 5 %."""
    pixels = np.random.default_rng(3).normal(2000, 20, (120, 160)).astype(np.float32)
    path = tmp_path / "master.fits"
    fits.PrimaryHDU(pixels, fits.Header([("BUNIT", unit)])).writeto(path)

    image, variance = read_planes(Master(
        path, kind, "S", None, None, exptime_s, None, None, 1, "", is_own=False))

    median = np.median(pixels) if kind == "flat" else level
    np.testing.assert_allclose(image, pixels / median, rtol=1e-6)
    assert variance == pytest.approx(np.full(pixels.shape, (20 / level) ** 2), rel=0.1)
