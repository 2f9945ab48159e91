"""db_wcs.py on the small lens, whose stars are taken from some images; the truth is as drawn."""

from types import SimpleNamespace

from cosmouline.astrometry import db_transform, db_wcs
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
    no_wcs = lens.rows[lens.truth.good[0]] | {"has_wcs": False, "wcs_origin": "none"}
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


SIDES = {"nx_px": 101, "ny_px": 61}
SOURCES = np.array([[10.0, 10.0], [80.0, 12.0], [50.0, 40.0], [15.0, 50.0], [90.0, 55.0],
                    [30.0, 25.0], [70.0, 30.0], [60.0, 58.0], [5.0, 30.0], [95.0, 20.0]])


def moved(x, y):
    return np.array([[1.0, 0, x], [0, 1, y]])


def aligned(name, x=0.0, y=0.0, **more):
    return {"img_name": name, "has_wcs": True, "is_aligned": True, "n_sources": 99,
            "fwhm_px": 4.0, **SIDES, **db_transform.matrix_fields(moved(x, y)), **more}


def lost(name="few", **more):
    return {"img_name": name, "has_wcs": True, "is_aligned": False, "n_sources": 10,
            "fwhm_px": 4.0, "align_note": "why", **SIDES, **more}


@pytest.fixture
def placed(monkeypatch):
    """Place an image with sources on a reference with others; by their WCS all are identical."""
    monkeypatch.setattr(db_wcs, "wcs_matrix", lambda reference, image, settings: image.get(
        "wcs", moved(0, 0)))

    def place(image, own_xy, reference_xy=SOURCES, off=(), rms_max_px=1.0, **of_reference):
        reference = aligned("ref", **of_reference)
        lists = {"ref": np.asarray(reference_xy, float), image["img_name"]: np.asarray(own_xy)}
        others = [aligned(f"o{k}", x) for k, x in enumerate(off)]
        return db_wcs.place(
            [reference, image, *others], lambda row: lists[row["img_name"]], reference,
            np.array([50.0, 30.0]), SimpleNamespace(align_rms_max_px=rms_max_px)).get(
                image["img_name"])

    return place


def test_the_shift_and_the_scatter_of_the_sources_by_hand(placed):
    """Moved by (.5, -.25), and four of ten by +-.2 in x: rms .4 / sqrt(10)."""
    own = SOURCES + np.array([0.5, -0.25])
    own[:4, 0] += [0.2, -0.2, 0.2, -0.2]

    found = placed(lost(), own)

    assert found["align_dx_px"] == pytest.approx(0.5)
    assert found["align_dy_px"] == pytest.approx(-0.25)
    assert found["align_rms_px"] == pytest.approx(np.sqrt(4 * 0.04 / 10))
    assert (found["is_aligned"], found["n_align_stars"]) == (True, 10)
    assert (found["lens_x_px"], found["lens_y_px"]) == (50.5, 29.75)
    assert found["align_note"] == ("placed by its WCS, moved by 0.56 px to 10 of its 10 sources "
                                   "(their stars align no other image)")


@pytest.mark.parametrize(("dx", "off", "is_aligned"), [
    # half the FWHM of 4 px, or three times the median of the aligned images
    (1.9, (), True), (2.1, (), False), (2.1, (0.8, 0.9, 0.2), True), (2.5, (0.8, 0.9, 0.2), False),
    # above two FWHM, 8 px, it places nothing
    (0.0, (2.6, 2.6), True), (0.0, (2.7, 2.7), False)])
def test_how_far_the_sources_may_lie_from_the_wcs(placed, dx, off, is_aligned):
    assert placed(lost(), SOURCES + np.array([dx, 0.0]), off=off)["is_aligned"] == is_aligned


@pytest.mark.parametrize(("n_own", "n_there", "is_aligned"), [
    (10, 4, True), (10, 3, False),  # 10 / 3 of ten
    (6, 2, True), (6, 1, False), (3, 2, True), (3, 1, False), (1, 1, False)])
def test_a_third_of_the_sources_that_both_could_have_and_two_must_be_there(
        placed, n_own, n_there, is_aligned):
    own = np.array(SOURCES[:n_own])
    own[n_there:] += [20.0, 7.0]

    found = placed(lost(), own)

    assert found["is_aligned"] == is_aligned
    if not is_aligned:
        least = max(2, int(np.ceil(n_own / 3)))
        assert found["align_note"] == (
            f"its WCS and its stars disagree: {n_there} of {n_own} sources lie within 2.0 px of "
            f"the 10 that the reference image has there, {least} are needed (their stars align no "
            "other image); why")


def test_sources_of_the_reference_beyond_the_edges_count_for_nothing(placed):
    """Pixels 0 to 100 and 0 to 60: four of them are there, of which two are found."""
    reference = np.array([[0.0, 0], [100, 60], [100, 0], [0, 60], [-1, 30], [101, 30], [50, -1],
                          [50, 61], [150, 30], [50, 90]])

    found = placed(lost(), reference[[0, 1]], reference)

    assert (found["is_aligned"], found["n_align_stars"]) == (True, 2)


@pytest.mark.parametrize(("rms_max_px", "is_aligned"), [(0.51, True), (0.49, False)])
def test_sources_may_scatter_about_the_wcs_up_to_the_limit(placed, rms_max_px, is_aligned):
    own = SOURCES + 0.5 * np.resize([1, -1], 10)[:, None] * [0.6, 0.8]

    assert placed(lost(), own, rms_max_px=rms_max_px)["is_aligned"] == is_aligned


@pytest.mark.parametrize(("n_sources", "n_reference", "is_tried"), [
    (40, 40, False), (39, 40, True), (40, 39, True)])
def test_images_with_forty_sources_on_both_sides_need_no_wcs(
        placed, n_sources, n_reference, is_tried):
    reference = np.concatenate([SOURCES + np.array([2.7 * k, 0]) for k in range(4)])[:n_reference]

    found = placed(lost(n_sources=n_sources), reference[:20], reference)

    assert (found is not None) == is_tried


def test_what_is_not_tried(placed):
    assert placed(lost(has_wcs=False), SOURCES) is None
    assert placed(lost(is_aligned=None), SOURCES) is None
    assert placed(lost(), SOURCES, has_wcs=False) is None
    assert placed(lost(wcs=None), SOURCES) is None
    assert placed(lost(), SOURCES) is not None
    assert placed(lost(), np.empty((0, 2)))["is_aligned"] is False


def test_a_note_is_not_written_again_and_that_of_before_stays_at_its_end(placed):
    own = SOURCES + np.array([20.0, 0.0])
    note = placed(lost(align_note="old; why"), own)["align_note"]

    assert note.endswith("); why")
    assert "old" not in note
    assert placed(lost(align_note=note), own) is None


def test_by_how_much_wcss_are_off_at_the_middle_of_the_reference(monkeypatch):
    """Turned by 90 deg about a corner, the stars 3 and 4 px beside it."""
    turned = np.array([[0.0, -1, 60], [1, 0, 0]])
    monkeypatch.setattr(db_wcs, "wcs_matrix", lambda reference, image, settings: (
        None if image["img_name"] == "none" else turned))
    reference = aligned("ref")
    at = turned @ [50.0, 30.0, 1.0]
    images = [reference, aligned("none"), aligned("x", *(at - [50, 30] + [3.0, 4.0]))]

    assert db_wcs.wcs_error_px(images, reference, None) == pytest.approx([5.0])
    assert db_wcs.wcs_error_px([], reference, None).shape == (0,)


@pytest.mark.parametrize(("n", "step"), [(50, 1), (51, 2), (101, 3)])
def test_of_many_images_fifty_at_most_are_compared(monkeypatch, n, step):
    seen = []
    monkeypatch.setattr(db_wcs, "wcs_matrix", lambda reference, image, settings: seen.append(
        int(image["img_name"])))

    db_wcs.wcs_error_px([aligned(str(k)) for k in range(n)], aligned("ref"), None)

    assert seen == list(range(0, n, step))
