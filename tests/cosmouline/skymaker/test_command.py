"""Options of the scripts, and what they say at the end."""

from cosmouline.skymaker import command
from cosmouline.skymaker.campaigns import tiny_campaign

import pytest
from astropy.io import fits


def options(*arguments):
    return command.option_parser("what it does", n_frames=4).parse_args(arguments)


def test_defaults_and_values():
    chosen = options("--out", "there", "--seed", "7")

    assert (str(chosen.out), chosen.seed, chosen.frames) == ("there", 7, 4)
    assert not chosen.no_wcs
    assert not chosen.float


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--frames", "4"), "arguments are required: --out"),
        (("--out", "x", "--frames", "0"), "'0' is not an integer from 1 on"),
        (("--out", "x", "--seed", "-1"), "'-1' is not an integer from 0 on"),
        (("--out", "x", "--seed", "one"), "'one' is not an integer from 0 on"),
    ],
)
def test_wrong_options_are_named(arguments, text, capsys):
    with pytest.raises(SystemExit):
        options(*arguments)

    assert text in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "-2", "wide", "nan", "inf"])
def test_positive_numbers_only(text):
    with pytest.raises(Exception, match="is not a number above 0"):
        command.positive(text)


def test_positive_number():
    assert command.positive("0.6") == 0.6


def test_output_says_where_frames_and_truth_are(tmp_path, capsys):
    code = command.draw(tiny_campaign(1), options("--out", str(tmp_path), "--no-wcs", "--float"))

    said = capsys.readouterr().out
    assert code == 0
    assert f"1 frames of campaign tiny in {tmp_path / 'frames'}" in said
    assert f"the truth: {tmp_path / 'truth.json'}, {tmp_path / 'truth_frames.ecsv'}" in said
    header = fits.getheader(tmp_path / "frames/TINY/tiny_0000.fits")
    assert header["BITPIX"] == -32
    assert "CTYPE1" not in header


def test_raw_frames_come_with_their_calibrations(tmp_path, capsys):
    assert command.draw(tiny_campaign(1), options("--out", str(tmp_path), "--raw")) == 0

    assert [fits.getval(tmp_path / "frames/TINY/tiny_0000.fits", "NAXIS1", ext)
            for ext in (1, 2)] == [(180 + 24) // 2] * 2  # of each amplifier
    assert len(list(tmp_path.glob("calib/TINY/*.fits"))) == 15
    with pytest.raises(SystemExit):
        options("--out", "x", "--raw", "--float")
    assert "not allowed with" in capsys.readouterr().err


def test_folder_that_holds_other_frames_is_exit_code_one(tmp_path, capsys):
    (tmp_path / "frames/OTHER").mkdir(parents=True)
    (tmp_path / "frames/OTHER/night.fits").touch()

    code = command.draw(tiny_campaign(1), options("--out", str(tmp_path)))

    assert code == 1
    assert "frames/OTHER/night.fits" in capsys.readouterr().err
