"""The page of the stars against their peaks: what is drawn is what was put in."""

from cosmouline.pages.star_peaks import star_peaks

import numpy as np
import pytest

NAMES = list("abcdefgh")
SIGMA = 0.002


def rows(growth, n_images=6, seed=1):
    """Images of one camera; widths grow by `growth` at a peak of 10000 e-."""
    random = np.random.default_rng(seed)
    peaks = np.linspace(2e3, 3e4, len(NAMES))
    found = []
    for k in range(n_images):
        row = {"img_name": f"i{k}", "telescope": "CAM", "set_name": "R"}
        for name, peak in zip(NAMES, peaks, strict=True):
            row |= {f"star_width__p__{name}": growth * peak / 1e4 + random.normal(0, SIGMA),
                    f"star_width_sigma__p__{name}": SIGMA, f"star_peak_e__p__{name}": peak,
                    f"star_flux_e__p__{name}": 20 * peak, f"aper_flux_e__{name}": 20 * peak}
        found.append(row)
    return found


@pytest.mark.parametrize("growth", [0.0, 0.01])
def test_the_line_has_the_slope_that_was_drawn(growth):
    page = star_peaks(rows(growth), NAMES, "p", "LENS")

    width = page.axes[0]
    line = next(line for line in width.lines if line.get_label().startswith("_child")
                and len(line.get_xdata()) == 2 and np.ptp(line.get_xdata()) > 1e4)
    slope = np.ptp(line.get_ydata()) / np.ptp(line.get_xdata()) * np.sign(
        line.get_ydata()[1] - line.get_ydata()[0])
    # per cent per electron; SIGMA of 48 widths, peaks that scatter by 9200 e-
    assert 1e4 * slope == pytest.approx(100 * growth, abs=5 * 100 * SIGMA / np.sqrt(48) / 0.92)
    assert ("none" in width.get_title(loc="left")) == (growth == 0)
    assert "no flux is corrected" in "".join(text.get_text() for text in page.texts)


def test_corrected_images_are_counted():
    images = rows(0.01)
    images[0]["psf_peak_slope__p"] = 1e-6

    page = star_peaks(images, NAMES, "p", "LENS")

    assert "1 of 6 images: the fluxes of the lens are corrected" in "".join(
        text.get_text() for text in page.texts)


def test_without_widths_there_is_no_page():
    bare = [{key: value for key, value in row.items() if "width" not in key} for row in rows(0.0)]

    assert star_peaks(bare, NAMES, "p", "LENS") is None
