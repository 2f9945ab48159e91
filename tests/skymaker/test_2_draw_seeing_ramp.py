"""2_draw_seeing_ramp.py: the frames have the seeing that was asked for."""

import pytest
from astropy.table import Table

SCRIPT = "skymaker/2_draw_seeing_ramp"


def test_ramp_is_drawn(script, tmp_path):
    arguments = ["--frames", "2", "--grid", "4", "--seeing", "0.7", "1.5", "--out", str(tmp_path)]

    assert script(SCRIPT).main(arguments) == 0

    table = Table.read(tmp_path / "truth_frames.ecsv")
    assert list(table["seeing_arcsec"]) == [0.7, 1.5]
    assert (tmp_path / "frames/RAMP/ramp_0001.fits").exists()


@pytest.mark.parametrize(
    ("option", "text"),
    [
        (["--grid", "3"], "'3' is not an integer from 4 on"),
        (["--seeing", "0", "1"], "'0' is not a number above 0"),
    ],
)
def test_ramp_that_cannot_be_is_refused(script, tmp_path, capsys, option, text):
    with pytest.raises(SystemExit):
        script(SCRIPT).main(["--out", str(tmp_path), *option])

    assert text in capsys.readouterr().err
