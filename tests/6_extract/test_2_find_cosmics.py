from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.stamps.io_stamps import read_stamps, write_stamps
from cosmouline.stamps.stamps import MASK_COSMIC

import numpy as np
import pytest

SCRIPT = "6_extract/2_find_cosmics"
REFERENCE = "R_tiny_0001"


def objects_of(lens, name):
    return read_stamps(paths.objects(lens.settings(), name))


def test_hits_are_marked_and_the_cores_of_the_objects_are_not(lens_before):
    lens = lens_before(SCRIPT)
    stamps, names, header = objects_of(lens, REFERENCE)
    stamps.data_e[:, 9, 7] += 2500.0  # the median hit, 140 sigma of the sky
    write_stamps(paths.objects(lens.settings(), REFERENCE), stamps, names, header)

    lens.run(SCRIPT, only=[REFERENCE])

    stamps, _, _ = objects_of(lens, REFERENCE)
    found = (stamps.mask & MASK_COSMIC) != 0
    clean = (stamps.mask[:, 9, 7] & ~MASK_COSMIC) == 0  # no neighbour, no bad pixel
    assert clean.sum() >= 6
    assert clean[0]
    assert found[clean, 9, 7].all()
    assert lens.rows[REFERENCE]["n_object_cosmics"] == found.sum()
    for xy in lens.truth.xy(REFERENCE, "image"):
        x, y = np.round(xy).astype(int) - stamps.corner_px[0]
        assert not found[0, y, x]


def test_a_place_that_several_stars_share_is_the_psf_and_reported(lens_before, caplog):
    lens = lens_before(SCRIPT)
    path = paths.objects(lens.settings(), REFERENCE)
    place = lens.brighten_a_place_of_stars(path)

    lens.run(SCRIPT, only=[REFERENCE])

    assert not (read_stamps(path)[0].mask[place] & MASK_COSMIC).any()
    assert lens.rows[REFERENCE]["n_object_alike"] == 4
    assert f"1 images (most: {REFERENCE}, 4 stars): their stars are suspected" in caplog.text


def test_a_second_look_marks_the_same_pixels(lens_after):
    lens = lens_after(SCRIPT)
    before = {name: objects_of(lens, name)[0].mask for name in lens.truth.good}

    lens.run(SCRIPT, redo=True)

    for name, mask in before.items():
        assert (objects_of(lens, name)[0].mask == mask).all()


@pytest.mark.parametrize(("setting", "many", "few"), [
    ("cosmic_sigma", 4.0, 500.0), ("cosmic_fraction", 0.05, 1.0), ("cosmic_object", 0.5, 1e6)])
def test_each_limit_is_that_of_the_settings(lens_before, setting, many, few):
    """Hits of 140 sigma with neighbours of 4: a high limit marks few of them, the default more.

    The neighbours of a hit have the limit `cosmic_fraction` x `cosmic_sigma`.
    """
    lens = lens_before(SCRIPT)
    path = paths.objects(lens.settings(), REFERENCE)
    stamps, names, header = read_stamps(path)
    stamps.data_e[:, 6, 8] += 2500.0
    stamps.data_e[:, 6, 9] += 80.0
    stamps.data_e[:, 5, 8] += 50.0
    write_stamps(path, stamps, names, header)
    found = []
    for value in (many, None, few):
        lens.set("" if value is None else f"{setting} = {value}\n")
        lens.run(SCRIPT, only=[REFERENCE], redo=True)
        found.append(lens.rows[REFERENCE]["n_object_cosmics"])

    assert found[0] >= found[1] >= found[2]
    assert found[0] > found[2]


def test_what_is_up_to_date_is_kept_and_new_stamps_are_not(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.snapshot()
    assert lens.run(SCRIPT)["kept"] == 6
    assert lens.snapshot() == before

    lens.set("lens_stamp_px = 56\n")
    lens.run("6_extract/1_extract_objects", only=[REFERENCE])
    counts = lens.run(SCRIPT)
    assert (counts["done"], counts["kept"]) == (1, 5)


def test_lost_stamps_fail_alone_and_keep_no_old_value(lens_after):
    row = lens_after(SCRIPT).redo_without(SCRIPT, paths.objects, "R_tiny_0003")

    assert "n_object_cosmics" not in row


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 6_extract/1_extract_objects\.py first"):
        lens_before("6_extract/1_extract_objects").run(SCRIPT)
