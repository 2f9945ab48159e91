from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.stamps.io_stamps import read_stamps, write_stamps
from cosmouline.stamps.stamps import MASK_COSMIC

import numpy as np
import pytest

SCRIPT = "5_psf/3_find_cosmics"
REFERENCE = "R_tiny_0001"


def stamps_of(lens, name):
    return read_stamps(paths.psf_stamps(lens.settings(), name))


def marked(stamps):
    return (stamps.mask & MASK_COSMIC) != 0


def test_hits_are_marked_and_stars_are_not(lens_before):
    lens = lens_before(SCRIPT)
    stamps, names, header = stamps_of(lens, REFERENCE)
    stamps.data_e[:, 6, 8] += 2500.0  # the median hit, 140 sigma of the sky
    write_stamps(paths.psf_stamps(lens.settings(), REFERENCE), stamps, names, header)

    lens.run(SCRIPT, only=[REFERENCE])

    stamps, _, _ = stamps_of(lens, REFERENCE)
    found = marked(stamps)
    clean = (stamps.mask[:, 6, 8] & ~MASK_COSMIC) == 0  # no neighbour, no bad pixel
    assert clean.sum() >= 6
    assert found[clean, 6, 8].all()
    assert lens.rows[REFERENCE]["n_psf_cosmics__psf1"] == found.sum()
    peaks = stamps.data_e.reshape(8, -1).argmax(1)
    assert not found.reshape(8, -1)[np.arange(8), peaks].any()


def test_a_place_that_several_stars_share_is_the_psf_and_reported(lens_before, caplog):
    lens = lens_before(SCRIPT)
    path = paths.psf_stamps(lens.settings(), REFERENCE)
    place = lens.brighten_a_place_of_stars(path)

    lens.run(SCRIPT, only=[REFERENCE])

    assert not (read_stamps(path)[0].mask[place] & MASK_COSMIC).any()
    assert lens.rows[REFERENCE]["n_psf_alike__psf1"] == 4
    assert f"1 images (most: {REFERENCE}, 4 stars): their stars are suspected" in caplog.text


def test_a_second_look_marks_the_same_pixels(lens_after):
    lens = lens_after(SCRIPT)
    before = {name: stamps_of(lens, name)[0].mask for name in lens.truth.good}

    lens.run(SCRIPT, redo=True)

    for name, mask in before.items():
        assert (stamps_of(lens, name)[0].mask == mask).all()


def test_higher_limits_mark_less(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.values("n_psf_cosmics__psf1").sum()
    lens.set("cosmic_sigma = 500.0\n")

    assert lens.run(SCRIPT)["done"] == 6

    assert lens.values("n_psf_cosmics__psf1").sum() < before


@pytest.mark.parametrize(("setting", "many", "few"), [
    ("cosmic_sigma", 4.0, 500.0), ("cosmic_fraction", 0.05, 1.0), ("cosmic_object", 0.5, 1e6)])
def test_each_limit_is_that_of_the_settings(lens_before, setting, many, few):
    """Hits of 140 sigma with neighbours of 4: a high limit marks few of them, the default more.

    The neighbours of a hit have the limit `cosmic_fraction` x `cosmic_sigma`.
    """
    lens = lens_before(SCRIPT)
    path = paths.psf_stamps(lens.settings(), REFERENCE)
    stamps, names, header = read_stamps(path)
    stamps.data_e[:, 6, 8] += 2500.0
    stamps.data_e[:, 6, 9] += 80.0
    stamps.data_e[:, 5, 8] += 50.0
    write_stamps(path, stamps, names, header)
    found = []
    for value in (many, None, few):
        lens.set("" if value is None else f"{setting} = {value}\n")
        lens.run(SCRIPT, only=[REFERENCE], redo=True)
        found.append(lens.rows[REFERENCE]["n_psf_cosmics__psf1"])

    assert found[0] >= found[1] >= found[2]
    assert found[0] > found[2]


def test_what_is_up_to_date_is_kept(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.snapshot()

    assert lens.run(SCRIPT)["kept"] == 6
    assert lens.snapshot() == before


def test_lost_stamps_fail_alone_and_keep_no_old_value(lens_after):
    row = lens_after(SCRIPT).redo_without(SCRIPT, paths.psf_stamps, "R_tiny_0003")

    assert "n_psf_cosmics__psf1" not in row


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 5_psf/2a_extract\.py first"):
        lens_before("5_psf/2a_extract").run(SCRIPT)
