"""The kind of a raw frame by its cards and by its pixels."""

from cosmouline.frames.raw import kinds
from cosmouline.frames.raw.camera import RawCamera, raw_camera
from cosmouline.frames.raw.kinds import Look, decide, kind_by_cards, kind_by_pixels, look_at
from cosmouline.frames.telescope import load_telescope

import numpy as np
import pytest
from astropy.io import fits

TOP = 60000.0
DARK = Look(3.0, 4.0, 0.0, 0)
FLAT = Look(20000.0, 90.0, 0.0, 0)
SKY = Look(400.0, 12.0, 0.0, 60)


@pytest.mark.parametrize(("cards", "kind"), [
    ({"IMAGETYP": "Bias Frame"}, "bias"), ({"OBSTYPE": "DOME FLAT"}, "flat"),
    ({"IMAGETYP": "Dark Frame"}, "dark"), ({"IMAGETYP": "zero"}, "bias"),
    ({"OBSTYPE": "FOCUS"}, "focus"), ({"EXPTYPE": "arc"}, "lamp"),
    ({"OBSTYPE": "OBJECT"}, "object"), ({}, None),
    # Huntsman: the type is wrong, the field is not
    ({"IMAGETYP": "Dark Frame", "FIELD": "Bias"}, "bias"),
    ({"IMAGETYP": "Light Frame", "FIELD": "FlatDither00"}, "flat"),
    ({"IMAGETYP": "Light Frame", "FIELD": "DoradoGroup-p0p0"}, "object"),
    ({"IMAGETYP": "Light Frame", "OBJECT": "Darkestar"}, "object"),
])
def test_the_kind_by_cards(cards, kind):
    found = kind_by_cards(fits.Header(cards), RawCamera())

    assert (found and found[0]) == kind


def test_the_words_of_the_camera_go_first_and_name_and_folder_last():
    camera = raw_camera(load_telescope("LMI"))

    assert kind_by_cards(fits.Header({"OBSTYPE": "SKY FLAT"}), camera)[0] == "flat"
    assert kind_by_cards(fits.Header(), camera, "lmi.0001", "Darks") == (
        "dark", "the folder Darks")
    assert kind_by_cards(fits.Header(), camera, "bias_001", "night1")[0] == "bias"


@pytest.mark.parametrize(("look", "exptime_s", "kind"), [
    (DARK, 0.0, "bias"), (DARK, 300.0, "dark"), (FLAT, 5.0, "flat"), (SKY, 300.0, "object")])
def test_the_kind_by_pixels(look, exptime_s, kind):
    assert kind_by_pixels(look, exptime_s, TOP) == kind


@pytest.mark.parametrize(("by_cards", "look", "exptime_s", "kind", "flag"), [
    (None, FLAT, 5.0, "flat", "no card says what it is"),
    (("bias", "A = bias"), SKY, 0.0, "unclear", "its pixels are those of a frame with light"),
    (("dark", "A = dark"), Look(40000.0, 90, 0, 0), 60.0, "unclear", "a frame with light"),
    (("dark", "A = dark"), Look(9000.0, 90, 0, 0), 60.0, "dark", "light?"),
    (("bias", "A = bias"), DARK, 30.0, "bias", "a bias of 30 s"),
    (("flat", "A = flat"), FLAT._replace(n_stars=3), 5.0, "flat", "3 stars in a flat"),
    (("flat", "A = flat"), DARK, 5.0, "flat", "a faint flat: 3 ADU"),
    (("object", "A = object"), FLAT, 60.0, "object", "no star: a flat?"),
])
def test_cards_and_pixels_together(by_cards, look, exptime_s, kind, flag):
    verdict = decide(by_cards, look, exptime_s, TOP)

    assert verdict.kind == kind
    assert len(verdict.flags) == 1
    assert flag in verdict.flags[0]


def test_stars_are_counted_and_hot_pixels_tracks_and_vignetting_are_none():
    """Twelve round stars are drawn, beside 200 hot pixels and ten tracks of one pixel's width."""
    rng = np.random.default_rng(3)
    y, x = np.indices((300, 320))
    image = 5000 * (1 - 0.2 * np.hypot(x - 160, y - 150)**2 / 200**2) + rng.normal(0, 20, y.shape)
    for i in range(12):
        cy, cx = 25 + 80 * (i // 4), 30 + 80 * (i % 4)
        image += 2000 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 2.0**2))
    image.ravel()[rng.choice(image.size, 200, replace=False)] += 4000
    for row in range(5, 295, 29):
        image[row, 200:235] += 3000

    look = look_at(image.astype(np.float32), image > 9e9)

    assert 10 <= look.n_stars <= 12  # a hot pixel or a track may touch one
    assert look.sigma_adu == pytest.approx(20, rel=0.1)
    assert look.saturated == 0.0


@pytest.mark.parametrize("shape", [(200, 3), (3, 200), (3, 3)])
def test_a_frame_narrower_than_a_cell_has_no_stars(shape):
    data_adu = np.random.default_rng(1).normal(500, 10, shape)

    look = look_at(data_adu, np.zeros(shape, bool))

    assert look.n_stars == 0
    assert np.isfinite(look.level_adu)


def test_every_kind_has_a_letter_of_its_own():
    assert len(set(kinds.LETTERS.values())) == len(kinds.LETTERS)
