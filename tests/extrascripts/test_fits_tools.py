"""fits_to_png.py and edit_header.py from their options to their files."""

from cosmouline.errors import UserError

import numpy as np
import pytest
from astropy.io import fits
from matplotlib.image import imread


@pytest.fixture
def path(tmp_path):
    data = np.random.default_rng(1).normal(100, 5, (60, 80)).astype("float32")
    data[30, 40] = 5000
    fits.PrimaryHDU(data, fits.Header({"FILTER": "V"})).writeto(tmp_path / "a.fits")
    return tmp_path / "a.fits"


def options(**values):
    return type("Options", (), values)


def drawn(script, path, **changes):
    module = script("extrascripts/fits_to_png")
    module.main(options(**{"files": [path], "out": path.parent / "png", "cuts": None,
                           "scale": "log", "extension": None} | changes))
    return imread(path.parent / "png" / "a.png")


def test_cuts_and_scale_change_the_picture(script, path):
    usual = drawn(script, path)
    dark = drawn(script, path, cuts=[0.0, 100.0], scale="linear")

    assert usual.shape == dark.shape
    assert dark[..., 0].mean() < usual[..., 0].mean() - 0.05  # all pixels about the upper cut


def test_what_cannot_be_drawn_is_told_and_the_others_are_drawn(script, path, caplog):
    (path.parent / "b.fits").write_text("")

    with pytest.raises(UserError, match="1 of 2 files cannot be drawn"):
        drawn(script, path, files=[path.parent / "b.fits", path])
    assert (path.parent / "png" / "a.png").exists()
    with pytest.raises(UserError, match="--cuts: the first must be below the second"):
        drawn(script, path, cuts=[2.0, 1.0])


def test_a_header_is_edited_in_a_copy(script, path):
    main = script("extrascripts/edit_header").main
    given = options(files=[path], out=path.parent / "out", set=["filter=R"], remove=[],
                    repair=False, filler=None)

    main(given)

    assert fits.getval(path.parent / "out" / "a.fits", "FILTER") == "R"
    assert fits.getval(path, "FILTER") == "V"
    with pytest.raises(UserError, match=r"a\.fits exists already: give another --out"):
        main(given)
    given.set = ["FILTER"]
    with pytest.raises(UserError, match="--set FILTER: give KEY=VALUE"):
        main(given)
