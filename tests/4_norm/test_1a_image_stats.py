from cosmouline.astrometry.align import apply
from cosmouline.database import notation
from cosmouline.errors import UserError
from cosmouline.images import db_images, db_sky, empty_region

import numpy as np
import pytest

SCRIPT = "4_norm/1a_image_stats"
REFERENCE = "R_tiny_0001"


def test_noise_and_mean_are_those_of_the_sky_far_from_all_sources(lens_before, caplog):
    lens = lens_before(SCRIPT)

    assert lens.run(SCRIPT)["done"] == 6

    row = lens.rows[REFERENCE]
    x1, x2, y1, y2 = notation.read_region(row["empty_region"])
    fwhm_px = row["field_fwhm_px"]
    xy = np.vstack([lens.truth.xy(REFERENCE), lens.truth.centre(REFERENCE)])
    away = np.hypot(*(xy - np.clip(xy, (x1, y1), (x2, y2))).T)
    assert away.min() > 1.5 * fwhm_px
    for name in lens.truth.good:
        row = lens.rows[name]
        n = row["n_empty_px"]
        # 5 sigma of a standard deviation from n pixels, one clip takes 1.3 %; the map's own is
        # good to 2 %
        assert row["empty_sigma_e"] == pytest.approx(row["sky_noise_e"],
                                                     rel=0.033 + 5 / np.sqrt(2 * n))
        assert abs(row["empty_mean_e"]) < 5 * row["sky_noise_e"] / np.sqrt(n) + 1.0  # of the map
    assert any(text.startswith("noise there / noise of the sky map: 0.9") or "map: 1.0" in text
               for text in caplog.messages)
    assert lens.run(SCRIPT)["kept"] == 6


def test_a_region_of_the_settings_is_placed_on_the_turned_frame_as_it_fell(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("empty_region = '[21:60, 41:70]'\n")

    lens.run(SCRIPT)

    name = "R_tiny_0002"  # turned by 10 degrees
    image_e = db_images.pixels(lens.rows[name], lens.settings())
    level = db_sky.sky(lens.rows[name], lens.settings()).level()
    x, y = np.meshgrid(np.arange(20, 60, 0.25) - 0.375, np.arange(40, 70, 0.25) - 0.375)
    places = apply(lens.truth.matrix(REFERENCE, name), np.column_stack([x.ravel(), y.ravel()]))
    cols, rows = np.unique(places.round().astype(int), axis=0).T
    inside = (cols >= 0) & (rows >= 0) & (cols < image_e.shape[1]) & (rows < image_e.shape[0])
    values = (image_e - level)[rows[inside], cols[inside]]
    # the same pixels but for the border, which has a tenth of them; a star may be inside
    assert lens.rows[name]["n_empty_px"] <= len(values)
    assert lens.rows[name]["n_empty_px"] > 0.8 * len(values)
    assert lens.rows[name]["empty_mean_e"] == pytest.approx(
        empty_region.clipped_mean_and_sigma(values)[0], abs=float(0.2 * values.std()))


def test_a_region_outside_the_frame_stops_the_script(lens_before):
    lens = lens_before(SCRIPT)
    for region in ("[9001:9060, 41:70]", "[21:60, 9041:9070]"):
        lens.set(f"empty_region = '{region}'\n")
        with pytest.raises(UserError, match=r"lies outside the reference image of \d+ x \d+ pix"):
            lens.run(SCRIPT)


def test_a_crowded_field_is_told_and_stops_nothing(lens_before, monkeypatch, caplog):
    monkeypatch.setattr(empty_region, "LEAST_HALF_PX", 500)
    lens = lens_before(SCRIPT)

    assert lens.run(SCRIPT) is None
    assert "no square of 1001 px is free of sources: nothing is measured" in caplog.messages[-1]
    assert "empty_region" not in lens.rows[REFERENCE]


def test_a_region_off_an_image_gives_nothing_there(lens_before, script):
    lens = lens_before(SCRIPT)

    found = script(f"pipe/{SCRIPT}").measure(
        lens.rows[REFERENCE], lens.settings(), (4998.5, 5050, 40, 80))

    assert list(found) == ["empty_region"]


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 4_norm/0_pick_stars\.py first"):
        lens_before("4_norm/0_pick_stars").run(SCRIPT)
