import contextlib
import re

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files import io_catalog, io_table
from cosmouline.sources import db_stars

import numpy as np
import pytest

SCRIPT = "4_norm/0_pick_stars"
REFERENCE = "R_tiny_0001"


def picked(lens):
    return db_stars.picked_stars(lens.settings())


def test_the_brightest_stars_are_picked_where_they_are(lens_after):
    lens = lens_after(SCRIPT)
    stars = picked(lens)

    assert [star.name for star in stars] == list("abcdefgh")
    # magnitudes rise by 0.25 from star to star; the lobe moves a centroid by 0.2 px at most
    brightest = lens.truth.objects(REFERENCE)[:8]
    assert db_stars.star_positions(stars) == pytest.approx(
        lens.truth.xy(REFERENCE)[:8], abs=0.25)
    # an isophotal flux misses the wings, more of a faint star
    ratio = np.array([star.flux_e for star in stars]) / brightest["flux_e"]
    assert ratio.min() > 0.93
    assert ratio.max() < 1.0


def test_the_lists_are_written_for_people(lens_after):
    lens = lens_after(SCRIPT)
    settings = lens.settings()
    first = picked(lens)[0]

    line = next(line for line in paths.picked_stars(settings).read_text().splitlines()
                if line.startswith("a "))
    x, y = (float(word) for word in line.split()[1:3])
    assert (x, y) == pytest.approx((first.x_px + 1, first.y_px + 1), abs=1e-4)  # ds9 counts from 1
    assert "{a}" in paths.picked_stars(settings).with_suffix(".reg").read_text()
    field = io_table.read_ecsv(paths.field_stars(settings))
    assert [row["name"] for row in field if "name" in row] == list("abcdefgh")
    assert len(field) == 14  # the stars, and the lens as one blend


def test_the_seeing_is_measured_anew_from_the_stars_that_recur(lens_after):
    lens = lens_after(SCRIPT)

    for name in lens.truth.good:
        row, frame = lens.rows[name], lens.truth.frame(name)
        # the pixels widen a FWHM of 4.2 px by 1.3 %, the lobe by up to 3 %
        assert 0.98 < row["field_fwhm_arcsec"] / frame.fwhm_arcsec < 1.06
        assert row["field_fwhm_px"] == pytest.approx(row["field_fwhm_arcsec"] / 0.21)
        assert row["n_field_stars"] >= 12
    # relative to each other, where the widening cancels
    ratio = lens.values("field_fwhm_arcsec") / [lens.truth.frame(name).fwhm_arcsec
                                                for name in lens.truth.good]
    assert ratio.std() < 0.02


def test_the_list_of_the_user_goes_before(lens_before, caplog):
    lens = lens_before(SCRIPT)
    own = lens.config / "normstars.cat"
    (x, y), (x2, y2) = lens.truth.xy(REFERENCE)[[1, 4]] + 1
    own.write_text(f"one 47.9 22.6\ntwo {x} {y} 5000\nthree {x2} {y2}\nfour 20 140\n")

    lens.run(SCRIPT)

    assert f"stars taken from {own}" in caplog.messages
    assert [star.name for star in picked(lens)] == ["one", "two", "three",
                                                       "four"]
    assert lens.rows["R_tiny_0000"]["star_list"].startswith("own-4-")
    assert f"{own}: no star was found at four" in caplog.messages

    own.write_text("one 47.9 22.6\nfour 200 100\n")
    with pytest.raises(UserError, match=r"star four at \(200\.0, 100\.0\) lies outside of all "
                                        "images. Its pixels are those of the reference image"):
        lens.run(SCRIPT)


def test_a_list_that_was_made_for_another_reference_is_refused(lens_before):
    lens = lens_before(SCRIPT)
    places = lens.truth.xy("R_tiny_0002")[:5] + 1  # this one is turned by 10 degrees
    (lens.config / "normstars.cat").write_text(
        "".join(f"s{i} {x} {y}\n" for i, (x, y) in enumerate(places)))

    with pytest.raises(UserError, match=r"of 5 stars have no source within 3 px on R_tiny_0001\. "
                                        "Was the list made for another reference image"):
        lens.run(SCRIPT)


def test_stars_once_chosen_stay_when_images_are_added(lens_before):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0005", treatme=False)
    lens.update("R_tiny_0006", treatme=False)
    lens.run(SCRIPT)
    before = db_stars.star_positions(picked(lens))
    lens.update("R_tiny_0005", treatme=True)
    names = "R_tiny_0000", "R_tiny_0001"
    rows = {name: dict(lens.rows[name]) for name in names}
    listed = paths.field_stars(lens.settings()).read_bytes()

    lens.run(SCRIPT)
    assert (db_stars.star_positions(picked(lens)) == before).all()
    # one more than four: the list stays too, and what was measured on the old ones is not touched
    assert paths.field_stars(lens.settings()).read_bytes() == listed
    assert {name: lens.rows[name] for name in names} == rows
    added = lens.rows["R_tiny_0005"]["field_fwhm_px"]

    lens.update("R_tiny_0006", treatme=True)  # half as many again: another list, the same stars
    lens.run(SCRIPT)
    assert paths.field_stars(lens.settings()).read_bytes() != listed
    assert (db_stars.star_positions(picked(lens)) == before).all()

    lens.run(SCRIPT, redo=True)
    assert added == pytest.approx(lens.rows["R_tiny_0005"]["field_fwhm_px"], rel=0.01)
    assert np.abs(db_stars.star_positions(picked(lens)) - before).max() > 0


def test_another_number_of_stars_chooses_anew(lens_after):
    lens = lens_after(SCRIPT)
    lens.set("n_norm_stars = 3\n")

    lens.run(SCRIPT)

    assert len(picked(lens)) == 3
    assert lens.rows["R_tiny_0000"]["star_list"].startswith("chosen-3-")


def test_another_reference_image_chooses_anew(lens_after):
    lens = lens_after(SCRIPT)
    before = db_stars.star_positions(picked(lens))
    lens.set("ref_img_name = 'R_tiny_0003'\n")
    for script in ("3_align/1a_pick_reference", "3_align/1b_identify_stars", SCRIPT):
        lens.run(script)

    after = db_stars.star_positions(picked(lens))

    assert after[0] == pytest.approx(lens.truth.xy("R_tiny_0003")[0], abs=0.25)
    assert np.abs(after[0] - before[0]).max() > 1


def test_stars_near_the_lens_and_faint_ones_are_not_taken(lens_before, caplog):
    lens = lens_before(SCRIPT)
    reference = lens.rows[REFERENCE]
    centre = np.array([reference["lens_x_px"], reference["lens_y_px"]])
    distance = np.hypot(*(lens.truth.xy(REFERENCE)[:4] - centre).T)
    lens.set(f"star_lens_distance_px = {np.sort(distance)[1]}\nstar_snr_min = 400.0\n")

    lens.run(SCRIPT)

    stars = db_stars.star_positions(picked(lens))
    assert len(stars) >= 2
    assert np.hypot(*(stars - centre).T).min() > np.sort(distance)[0] + 1
    assert any("px from an excluded position" in message for message in caplog.messages)
    assert any("is below 400" in message for message in caplog.messages)


@pytest.mark.parametrize("setting", ["norm_stars", "psf_stars"])
def test_a_name_that_no_star_bears_is_told_now(lens_before, setting):
    lens = lens_before(SCRIPT)
    lens.set(f"{setting} = ['a', 'zz']\n")

    with pytest.raises(UserError, match=rf"{setting}: there is no star 'zz' among the "
                                        r"normalisation stars \(a, b, c, d, e, f, g, h\)"):
        lens.run(SCRIPT)


def test_no_star_at_all_is_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("star_snr_min = 1e6\n")

    with pytest.raises(UserError, match=r"no star.*(star_snr_min|normstars\.cat)"):
        lens.run(SCRIPT)


def test_the_same_stars_make_nothing_out_of_date(lens_after):
    lens = lens_after("4_norm/2a_photometry")
    lens.run(SCRIPT)

    assert lens.run("4_norm/2a_photometry")["kept"] == 6


def test_the_scripts_before_are_named(lens_before):
    lens = lens_before("3_align/1b_identify_stars")
    with pytest.raises(UserError, match=r"Run 3_align/1b_identify_stars\.py first"):
        lens.run(SCRIPT)


def test_an_own_list_is_read_again_when_it_changes(lens_after):
    lens = lens_after("4_norm/2a_photometry")
    stars = picked(lens)
    io_catalog.write_cat(lens.config / "normstars.cat", stars[:5])
    lens.run(SCRIPT)

    assert lens.run("4_norm/2a_photometry")["done"] == 6

    row = lens.rows["R_tiny_0000"]
    assert "aper_flux_e__b" in row
    assert "aper_flux_e__f" not in row


def test_an_own_list_does_not_outlive_its_file(lens_before):
    lens = lens_before(SCRIPT)
    own = lens.config / "normstars.cat"
    (x, y), (x2, y2) = lens.truth.xy(REFERENCE)[[1, 4]] + 1
    own.write_text(f"one {x} {y}\ntwo {x2} {y2}\n")
    lens.run(SCRIPT)
    assert [star.name for star in picked(lens)] == ["one", "two"]
    own.unlink()

    lens.run(SCRIPT)

    assert [star.name for star in picked(lens)] == list("abcdefgh")


def empty_place(lens):
    """Give the place of the reference image that is farthest from all objects and edges."""
    y, x = np.mgrid[20:140:4, 20:160:4]
    places = np.column_stack([x.ravel(), y.ravel()]).astype(float)
    away = np.hypot(*(places[:, None] - lens.truth.xy(REFERENCE)).transpose(2, 0, 1)).min(1)
    return places[np.argmax(away)], away.max()


def test_a_lens_without_light_stops_and_the_nearest_source_is_named(lens_before):
    lens = lens_before("3_align/1b_identify_stars")
    place, away_px = empty_place(lens)
    lens.set(f"ref_img_name = '{REFERENCE}'\nlens_position_px = {(place + 1).tolist()}\n")
    lens.run("3_align/1b_identify_stars")
    lens.run("3_align/3_update_flags")

    with pytest.raises(UserError, match="there is nothing at the position of the lens") as stop:
        lens.run(SCRIPT)

    found = re.search(r"nearest source is ([\d.]+) arcsec away, at \(([\d.]+), ([\d.]+)\)",
                      str(stop.value))
    away_arcsec, x, y = map(float, found.groups())
    assert away_arcsec == pytest.approx(
        0.21 * np.hypot(x - 1 - place[0], y - 1 - place[1]), abs=0.06)
    assert away_arcsec <= 0.21 * (away_px + 1.5)


def test_images_that_the_lens_lies_at_the_edge_of_are_named(lens_before, caplog):
    """On the star nearest to the edge, which all images that are shifted the other way lose."""
    lens = lens_before("3_align/1b_identify_stars")
    stars = lens.truth.xy(REFERENCE)[:8]
    star = stars[np.argmin(stars[:, 0])]
    lens.set(f"ref_img_name = '{REFERENCE}'\nlens_position_px = {(star + 1).tolist()}\n")
    lens.run("3_align/1b_identify_stars")
    lens.run("3_align/3_update_flags")
    with contextlib.suppress(UserError):
        lens.run(SCRIPT)

    margin_px = 6 * lens.values("fwhm_px")  # the sources lie within 1.5 arcsec of the position
    x = lens.values("lens_x_px")
    least = int((x < margin_px).sum())
    assert least > 0
    counts = [re.search(r"edge of (\d+) of (\d+) images", one) for one in caplog.messages]
    counts = [tuple(map(int, found.groups())) for found in counts if found]
    assert counts
    assert counts[0][0] >= least
    assert counts[0][1] == len(x)


def test_images_with_the_lens_at_their_edge_are_named(lens_before, caplog):
    """The lens with 6 FWHM of sky does not fit between it and the edge of two images."""
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", lens_x_px=5.0)
    lens.update("R_tiny_0005", lens_y_px=lens.rows["R_tiny_0005"]["ny_px"] + 4.0)

    lens.run(SCRIPT)

    line, = (m for m in caplog.messages if m.startswith("the lens lies at or beyond the edge"))
    assert "of 2 of 6 images" in line
    assert line.endswith(": R_tiny_0003, R_tiny_0005")
