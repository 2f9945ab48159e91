from cosmouline.plots.one_star import one_star_page

import numpy as np


def test_a_star_in_per_cent_with_its_pulls(texts):
    flux, sigma = np.array([99.0, 100.0, 101.0, 100.0]), np.full(4, 0.5)
    panels = [(np.arange(4.0), label, "") for label in ("seeing", "airmass", "sky")]

    page = one_star_page(np.arange(4.0), flux, sigma, np.ones(4), panels, np.arange(4.0),
                         "airmass", title="a")

    found = " ".join(texts(page))
    # deviations -1, 0, 1, 0 per cent: rms sqrt(1/2); errors of a half: pulls of sqrt(2)
    assert "4 images, rms 0.707 %, error 0.500 %" in found
    assert "rms 1.41" in found


def test_a_star_that_was_never_measured_draws(texts):
    nothing = np.full(2, np.nan)

    page = one_star_page(np.arange(2.0), nothing, nothing, nothing,
                         [(nothing, "seeing", "")] * 3, nothing, "airmass", title="a")
    assert "not measured" in " ".join(texts(page))
