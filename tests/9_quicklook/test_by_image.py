import numpy as np
import pytest

SCRIPT = "9_quicklook/by_image"


def test_every_image_is_drawn_with_its_error(lens_before, pages):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    page = "lens_by_image"
    flux_e = lens.values("flux_e__lens__A") * lens.values("dec_coeff__lens")
    assert pages.heights(page)[0] == pytest.approx(-2.5 * np.log10(flux_e))
    bars = pages[page].axes[0].collections[1].get_segments()
    sigma = [np.ptp(bar[:, 1]) / 2 for bar in bars]
    relative = np.hypot(lens.values("flux_sigma_e__lens__A") / lens.values("flux_e__lens__A"),
                        lens.values("dec_coeff_sigma__lens") / lens.values("dec_coeff__lens"))
    assert sigma == pytest.approx(1.0857362 * relative)
    assert "6 images" in pages.texts(page)
