from cosmouline.plots.star_peaks import star_peaks_page

import numpy as np
import pytest


def test_widths_and_fluxes_are_drawn_in_per_cent_about_their_median(assert_whole, texts):
    peak_e = np.array([1e3, 1e4, 3e4, 5e4, 8e4])
    width = np.stack([0.01 + 2e-7 * peak_e, np.full(5, 0.001)])
    ratio = np.stack([np.array([0.002, 0.0, -0.001, np.nan, 0.001]), np.full(5, 0.002)])
    camera = {"name": "CAM", "sets": [{"name": "R", "peak_e": peak_e, "width": width,
                                       "ratio": ratio}],
              "slopes": ((2e-7, 1e-8, True), (1e-9, 2e-8, False))}

    page = star_peaks_page([camera, camera | {"slopes": (None, None)}], "LENS", "peaks")

    assert_whole(page)
    first = page.axes[0]
    assert first.containers[0].lines[0].get_ydata() == pytest.approx(2e-5 * (peak_e - 3e4))
    x, y = first.lines[1].get_data()
    assert (x.tolist(), y.tolist()) == ([1e3, 8e4], pytest.approx([-0.58, 1.0]))
    assert first.get_ylim()[1] == -first.get_ylim()[0] > 1.0
    assert "CAM: +0.20 +- 0.01 % for 10000 e-" in texts(page)
    assert "CAM: +0.00 +- 0.02 % for 10000 e-: none" in texts(page)
