"""A survey of frames that nobody has described."""

from pathlib import Path

from cosmouline.errors import UserError
from cosmouline.frames import survey as survey_module
from cosmouline.frames.survey import lines_of, missing, summary, survey
from cosmouline.frames.telescope import load_telescope

import numpy as np
import pytest
from astropy.io import fits

HEADERS = Path(__file__).parent / "headers"
COMPLETE = {"DATE-OBS": "2020-01-01T00:00:00", "EXPTIME": 10.0, "GAIN": 1.0, "RDNOISE": 1.0,
            "SATURATE": 6e4, "PIXSCALE": 0.2}


def test_values_that_are_missing_are_named_each():
    generic = load_telescope("generic")

    assert missing(fits.Header(COMPLETE), generic) == ()
    without = {card: value for card, value in COMPLETE.items() if card not in ("GAIN", "DATE-OBS")}
    assert missing(fits.Header(without), generic) == ("gain_e_per_adu", "date")
    assert missing(fits.Header(COMPLETE | {"GAIN": 0.0}), generic) == ("gain_e_per_adu",)
    assert len(missing(fits.Header(), generic)) == 6


def test_a_known_camera_lacks_nothing():
    header = fits.Header.fromstring((HEADERS / "WFI.txt").read_text(), sep="\n")

    found = summary(Path("a.fits"), header)

    assert (found.telescope, found.filter, found.kind, found.missing) == (
        "WFI", "BB#Rc/162_ESO844", None, ())


def test_a_frame_that_two_cameras_could_have_taken_is_of_none(monkeypatch):
    monkeypatch.setattr(survey_module, "recognise", lambda header: ["EulerCAM", "FORS2"])

    found = summary(Path("a.fits"), fits.Header(COMPLETE))

    assert (found.telescope, found.recognised) == ("generic", ("EulerCAM", "FORS2"))


@pytest.mark.parametrize(("cards", "binning"), [
    ({"CCDSUM": "1 1"}, None), ({"XBINNING": 2}, "2"), ({"CCDSUM": "2 2"}, "2 2"), ({}, None)])
def test_the_binning(cards, binning):
    assert summary(Path("a.fits"), fits.Header(COMPLETE | cards)).binning == binning


def test_what_belongs_to_another_file_is_no_frame(tmp_path):
    for name, cards in {"a": {}, "a_wht": {}, "b": {"PRODTYPE": "wtmap"}}.items():
        fits.writeto(tmp_path / f"{name}.fits", np.zeros((4, 4)), fits.Header(COMPLETE | cards))

    frames, problems = survey(tmp_path)

    assert [one.path.name for one in frames] == ["a.fits"]
    assert problems == {tmp_path / "a_wht.fits": "the weight of another file",
                        tmp_path / "b.fits": "a weight by its header"}
    assert lines_of(frames, problems)[1] == (
        "1 files are no frames: the weight of another file (a_wht.fits)")


def test_a_frame_in_a_folder_of_calibrations_is_one():
    assert summary(Path("night/Flats/a.fits"), fits.Header(COMPLETE)).kind == "flat"
    assert summary(Path("flats_of_2019/deep/a.fits"), fits.Header(COMPLETE)).kind is None


def test_a_tree_is_looked_through_and_what_cannot_be_read_is_told(tmp_path):
    (tmp_path / "deep").mkdir()
    cards = fits.Header(COMPLETE | {"OBJECT": "Q", "TELESCOP": "Mine", "IMAGETYP": "Dark"})
    fits.PrimaryHDU(np.zeros((4, 4)), cards).writeto(tmp_path / "deep" / "a.fits")
    (tmp_path / "broken.fits").write_text("")

    (found,), problems = survey(tmp_path)

    assert (found.telescope, found.camera, found.target, found.kind) == ("generic", "Mine", "Q",
                                                                     "dark")
    assert [path.name for path in problems] == ["broken.fits"]
    with pytest.raises(UserError, match="nothing is not a folder"):
        survey(tmp_path / "nothing")
