"""Three nights of two images, to be stacked."""

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
