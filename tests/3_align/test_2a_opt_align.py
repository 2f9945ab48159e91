from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits import read_image, read_image_header, wcs_cards

import numpy as np
import pytest

SCRIPT = "3_align/2a_opt_align"


def box(image, xy, half=9):
    x, y = np.rint(xy).astype(int)
    return image[y - half:y + half + 1, x - half:x + half + 1]


def test_every_aligned_image_lies_on_the_grid_of_the_reference(lens_after):
    lens = lens_after("3_align/1b_identify_stars")

    assert lens.run(SCRIPT)["done"] == len(lens.truth.good)

    settings, reference = lens.settings(), "R_tiny_0001"
    stars = lens.truth.xy(reference)
    bright = next(xy for xy in stars if ((xy > 30) & (xy < (150, 130))).all())
    fluxes = []
    for name in lens.truth.good:
        aligned_e = read_image(paths.aligned(settings, name))
        assert aligned_e.shape == (160, 180)
        fluxes.append(np.nansum(box(aligned_e, bright)) / lens.truth.light(name))
    # the same star in the same place, a turned image included: 19 x 19 pixels hold all but 1-2 %
    # of it, by the seeing (Moffat wings), and 2 x 10^5 electrons have a noise below 1 %
    assert fluxes == pytest.approx([np.mean(fluxes)] * len(fluxes), rel=0.05)


def test_the_header_has_the_coordinates_of_the_reference(lens_after):
    lens = lens_after("3_align/1b_identify_stars")
    lens.run(SCRIPT, only=["R_tiny_0002"])

    settings = lens.settings()
    found = read_image_header(paths.aligned(settings, "R_tiny_0002"))
    reference = read_image_header(paths.image(settings, "R_tiny_0001"))
    assert wcs_cards(found) == wcs_cards(reference)
    assert found["REFIMG"] == "R_tiny_0001"


def test_cover_and_noise_are_told_and_holes_are_left_open(lens_after):
    lens = lens_after("3_align/1b_identify_stars")
    lens.run(SCRIPT)

    part, noise = lens.values("aligned_part"), lens.values("aligned_noise")
    names = lens.truth.good
    assert part[names.index("R_tiny_0001")] > 0.98  # but for half a pixel all around
    assert 0.8 < part[names.index("R_tiny_0002")] < 0.95  # turned by 10 degrees
    assert noise[names.index("R_tiny_0001")] == pytest.approx(1, abs=0.02)  # nothing is moved
    assert (noise[1:] > 0.7).all()
    aligned_e = read_image(paths.aligned(lens.settings(), "R_tiny_0002"))
    middle = aligned_e[40:120, 45:135]
    assert 0 < np.isnan(middle).mean() < 0.02  # hot pixels and cosmics
    row = lens.rows["R_tiny_0002"]
    # the pixels scatter as told: by differences of pixels too far apart to be correlated, away
    # from stars and lens; 5 sigma of some thousand of them
    rows, cols = np.indices(aligned_e.shape)
    places = [*lens.truth.xy("R_tiny_0001"), lens.truth.centre("R_tiny_0001")]
    away = np.min([np.hypot(cols - x, rows - y) for x, y in places], axis=0) > 22
    apart = np.where(away, aligned_e, np.nan)
    apart = (apart[:, 5:] - apart[:, :-5]) / np.sqrt(2)
    apart = np.abs(apart[np.isfinite(apart)])
    assert apart.size > 1000
    assert 1.4826 * np.median(apart) == pytest.approx(
        row["sky_noise_e"] * row["aligned_noise"], rel=5 * 1.17 / np.sqrt(2 * apart.size) + 0.02)


def test_sharp_pixels_are_found_across_the_bands(script, monkeypatch):
    align = script(f"pipe/{SCRIPT}")
    image = np.random.default_rng(3).normal(500, 20, (300, 200)).astype(np.float32)
    hits = [(0, 10), (99, 50), (100, 90), (101, 130), (299, 20)]
    for place in hits:
        image[place] += 3000
    monkeypatch.setattr(align, "BAND_ROWS", 100)

    assert sorted(map(tuple, np.argwhere(align.sharp(image)).tolist())) == hits


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 3_align/1b_identify_stars\.py first"):
        lens_before("3_align/1b_identify_stars").run(SCRIPT)
