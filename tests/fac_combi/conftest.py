"""Three nights of two images, to be stacked."""

from cosmouline.database import paths
from cosmouline.images.io_stack import stack_writer

import numpy as np
import pytest


@pytest.fixture
def lens(lens_after):
    """Give the small lens with coefficients and resampled images, two of them a night."""
    lens = lens_after("4_norm/3a_medcoeff")
    lens.run("3_align/2a_opt_align")
    good = lens.truth.good
    for first, second in zip(good[::2], good[1::2], strict=True):
        lens.update(second, mjd=lens.rows[first]["mjd"] + 0.01)
    return lens


@pytest.fixture
def stacked(lens):
    """Give the same lens with its three stacks."""
    for script in ("fac_combi/1_prepare", "fac_combi/2_combine"):
        lens.run(script)
    return lens


@pytest.fixture
def one_stack():
    """Give a function that writes one stack of 60 x 80 pixels and two stars into a work folder."""
    def write(settings, **cards):
        y, x = np.indices((60, 80))
        image = np.random.default_rng(1).normal(500, 10, (60, 80))
        for x_px, y_px, height in ((30, 30, 4000), (50, 35, 150)):
            image += height * np.exp(-((x - x_px) ** 2 + (y - y_px) ** 2) / (2 * 1.7**2))
        path = paths.stacks(settings) / "R" / "TINY_2019-03-01-0300.fits"
        head = {"GAIN": 2.0, "SATURLVL": 5e4, "SKYLEVEL": 500.0, "SKYSIG": 10.0, "PIXSIG": 9.0,
                "NCOMBINE": 2, "EXPTIME": 600.0, "COMBINE": "mean",
                "DATE-OBS": "2019-03-01T03:00:00"}
        with stack_writer(path, image.shape, head | cards) as write_part:
            write_part(slice(0, 60), slice(0, 80), (image, np.full_like(image, 100.0),
                                                    np.full_like(image, 2)))
        return path

    return write
