"""Bands: which image belongs where, and which one sets the scale. Small made-up rows."""

from types import SimpleNamespace

from cosmouline.database import bands, paths
from cosmouline.errors import UserError
from cosmouline.run import make_options

import pytest

ROWS = [{"img_name": f"{name}_1", "set_name": name, "ref_score": score}
        for name, score in (("EV", 0.4), ("ER", 1.0), ("WV", 0.7))]


class Rows:
    """A database whose reference of the alignment is ER_1."""

    def reference(self, images=None):
        """Give it, if it is among some images."""
        if images is not None and ROWS[1] not in images:
            raise UserError("missing")
        return ROWS[1]


def settings_with(*sets, **more):
    return SimpleNamespace(sets=[{"name": name, **band} for name, band in sets], band="",
                           band_ref_img_names={}, options=make_options(), **more)


@pytest.fixture
def two():
    return settings_with(("ER", {"band": "R"}), ("EV", {"band": "V"}), ("WV", {"band": "V"}))


def test_images_are_split_by_the_band_of_their_set(two):
    found = bands.split(ROWS, two)

    assert [(one.band, [row["img_name"] for row in rows]) for one, rows in found] == [
        ("R", ["ER_1"]), ("V", ["EV_1", "WV_1"])]
    assert two.band == ""


def test_without_bands_all_sets_are_one(tmp_path):
    one = settings_with(("ER", {}), ("EV", {}), ("WV", {}), work_dir=tmp_path, dec_name="lens")

    (found, rows), = bands.split(ROWS, one)

    assert len(rows) == 3
    assert paths.deconvolution(found).name == "dec_lens"
    assert paths.deconvolution(bands.only(one, "V")).name == "dec_lens_V"


def test_one_band_is_chosen_by_its_name(two):
    assert bands.chosen(two, "V").band == "V"
    assert bands.chosen(settings_with(("ER", {"band": "R"})), None).band == "R"
    assert bands.chosen(settings_with(("ER", {})), None).band == ""
    for wrong in (None, "I"):
        with pytest.raises(UserError, match=r"--band: give one of R, V\."):
            bands.chosen(two, wrong)


def test_an_image_of_a_set_that_is_gone_is_told():
    with pytest.raises(UserError, match="set 'ER', which is no longer in sets"):
        bands.of(ROWS[1], settings_with(("EV", {"band": "V"})))
    assert bands.of(ROWS[1], settings_with(("EV", {}))) == ""


def test_the_scale_of_a_band_is_the_reference_or_the_best_or_the_users(two):
    (red, rows_r), (green, rows_v) = bands.split(ROWS, two)

    assert bands.reference(rows_r, Rows(), red)["img_name"] == "ER_1"
    assert bands.reference(rows_v, Rows(), green)["img_name"] == "WV_1"
    green.band_ref_img_names = {"V": "EV_1"}
    assert bands.reference(rows_v, Rows(), green)["img_name"] == "EV_1"
    green.band_ref_img_names = {"V": "EV_9"}
    with pytest.raises(UserError, match="'EV_9' is not among the images in use of the band V"):
        bands.reference(rows_v, Rows(), green)


def test_the_scale_stays_when_a_better_image_comes(two):
    (_, _), (green, rows_v) = bands.split(ROWS, two)
    before = [row | {"band_ref_img_name": "EV_1"} for row in rows_v]

    assert bands.reference(before, Rows(), green)["img_name"] == "EV_1"
    assert bands.reference(before, Rows(), green, anew=True)["img_name"] == "WV_1"


def test_a_scale_that_is_lost_is_told(two, caplog):
    (_, _), (green, rows_v) = bands.split(ROWS, two)
    left = [row | {"band_ref_img_name": "EV_1"} for row in rows_v if row["img_name"] != "EV_1"]

    assert bands.reference(left, Rows(), green)["img_name"] == "WV_1"
    assert "band V: EV_1, whose coefficient was 1, is not in use here: now it is WV_1" in (
        caplog.text)


def test_bands_made_one_take_the_better_scale_of_both(two):
    green = bands.only(two, "V")
    both = [row | {"band_ref_img_name": row["img_name"]} for row in ROWS if row is not ROWS[1]]

    assert bands.reference(both, Rows(), green)["img_name"] == "WV_1"
