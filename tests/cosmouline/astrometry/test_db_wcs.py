"""db_wcs.py on the small lens, whose stars are taken from some images; the truth is as drawn."""

from cosmouline.astrometry import db_transform
from cosmouline.astrometry.align import apply
from cosmouline.astrometry.db_wcs import wcs_matrix
from cosmouline.database import paths
from cosmouline.sources.io_sources import read_sources, write_sources

import numpy as np
import pytest
from astropy.io import fits

SCRIPT = "3_align/1b_identify_stars"
CORNERS = np.array([[20.0, 20], [160, 20], [160, 140], [20, 140]])
FEW = ("R_tiny_0002", "R_tiny_0003")  # the first is turned by 10 deg


def keep_sources(lens, name, rows):
    path = paths.catalog(lens.settings(), name)
    catalog = read_sources(path)[rows]
    write_sources(path, catalog)
    lens.update(name, n_sources=len(catalog))


def move_wcs(lens, name, by_px):
    path = paths.image(lens.settings(), name)
    fits.setval(path, "CRPIX1", value=fits.getval(path, "CRPIX1") + by_px)


def off_px(lens, name):
    """Distances at the corners from where the frames were drawn."""
    reference, = {row["ref_img_name"] for row in lens.rows.values() if "ref_img_name" in row}
    true = apply(lens.truth.matrix(reference, name), CORNERS)
    return np.hypot(*(apply(db_transform.matrix(lens.rows[name]), CORNERS) - true).T)


def test_the_transform_of_two_wcs_is_the_one_that_was_drawn(lens_before):
    lens = lens_before(SCRIPT)
    reference = next(row for row in lens.rows.values()
                     if row.get("ref_img_name") == row["img_name"])

    for name in lens.truth.good:
        found = wcs_matrix(reference, lens.rows[name], lens.settings())
        true = apply(lens.truth.matrix(reference["img_name"], name), CORNERS)
        assert apply(found, CORNERS) == pytest.approx(true, abs=0.02)
    no_wcs = lens.rows[lens.truth.good[0]] | {"has_wcs": False}
    assert wcs_matrix(reference, no_wcs, lens.settings()) is None


def test_images_with_three_stars_are_placed_by_their_wcs_and_say_so(lens_before, caplog):
    """The lobe of a PSF moves a centroid by up to .25 px, as where many stars are matched."""
    lens = lens_before(SCRIPT)
    for name in FEW:
        keep_sources(lens, name, [1, 3, 6])

    lens.run(SCRIPT)

    for name in FEW:
        row = lens.rows[name]
        assert row["is_aligned"] is True
        assert off_px(lens, name).max() < 0.4
        assert row["n_align_stars"] == 3
        assert row["align_note"].startswith("placed by its WCS, moved by 0.")
        assert "to 3 of its 3 sources (the WCS of 3 images that their stars align" in (
            row["align_note"])
        assert any(m.startswith(f"{name} has too few stars to be aligned: placed by its WCS")
                   for m in caplog.messages)
    assert any(m.startswith("6 of 7 images are aligned to ") for m in caplog.messages)
    assert lens.run(SCRIPT)["kept"] == 7


def test_an_image_whose_stars_are_not_where_its_wcs_has_them_is_left_out(lens_before):
    lens = lens_before(SCRIPT)
    keep_sources(lens, FEW[1], [1, 3, 6])
    move_wcs(lens, FEW[1], 12.0)

    lens.run(SCRIPT)
    lens.run(SCRIPT)  # the note is not written twice

    row = lens.rows[FEW[1]]
    assert row["is_aligned"] is False
    assert row["align_note"].startswith("its WCS and its stars disagree: 0 of 3 sources lie")
    assert row["align_note"].count("disagree") == 1
    assert row["align_note"].endswith("a match by chance cannot be ruled out")


def test_where_the_wcs_of_the_aligned_images_are_off_it_places_nothing(lens_before):
    lens = lens_before(SCRIPT)
    keep_sources(lens, FEW[1], [1, 3, 6])
    for k, name in enumerate(lens.truth.good):
        if name != FEW[1]:
            move_wcs(lens, name, 8.0 * k)

    lens.run(SCRIPT)

    row = lens.rows[FEW[1]]
    assert row["is_aligned"] is False
    assert row["align_note"].startswith("its WCS is not used: the WCS of ")


def test_where_no_image_has_enough_stars_all_are_placed_by_their_wcs(lens_before):
    lens = lens_before(SCRIPT)
    for name in lens.truth.good:
        keep_sources(lens, name, slice(0, 5))

    lens.run(SCRIPT)

    placed = [name for name in lens.truth.good if lens.rows[name]["is_aligned"]]
    assert len(placed) >= 5  # of six; other stars are the five brightest in some
    assert max(off_px(lens, name).max() for name in placed) < 0.6
    assert sum("their stars align no other image" in lens.rows[name].get("align_note", "")
               for name in placed) == len(placed) - 1


def test_sources_that_scatter_about_the_wcs_by_more_than_the_limit_place_nothing(lens_before):
    lens = lens_before(SCRIPT)
    path = paths.catalog(lens.settings(), FEW[1])
    keep_sources(lens, FEW[1], [1, 3, 6, 7])
    catalog = read_sources(path)
    catalog["x_px"] += [0.9, -0.9, 0.9, -0.9]
    write_sources(path, catalog)
    lens.set("align_rms_max_px = 0.5\n")

    lens.run(SCRIPT)

    row = lens.rows[FEW[1]]
    assert row["is_aligned"] is False
    assert row["align_note"].startswith("its WCS is not used: 4 of its sources scatter by ")
    assert row["align_note"].count("more than 0.5 px") == 1
