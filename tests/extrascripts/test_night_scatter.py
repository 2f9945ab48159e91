import numpy as np
import pytest

SCRIPT = "extrascripts/night_scatter"


def lines_of(lens):
    text = (lens.work / "report_night_scatter.txt").read_text()
    return {line.split(" |")[0].strip(): line.replace("|", " ").split()[2:]
            for line in text.splitlines() if line.startswith(("star ", "source "))}


def test_stars_and_sources_of_nights_with_two_images(lens_before):
    """A pair of images in a night scatters by the difference of magnitudes over sqrt 2."""
    lens = lens_before("lcmanip/1_join")
    first, second = lens.truth.good[:2]
    lens.update(second, mjd=lens.rows[first]["mjd"] + 0.005)

    lens.run(SCRIPT)

    found = lines_of(lens)
    assert found["source A"][:2] == ["1", "2"]
    ratio = lens.values("flux_e__lens__A") * lens.values("dec_coeff__lens")
    expected = abs(2.5 * np.log10(ratio[0] / ratio[1])) / np.sqrt(2)
    assert float(found["source A"][2]) == pytest.approx(expected, abs=6e-5)
    assert {"source A", "source B", "star a", "star b"} <= set(found)


def test_before_the_deconvolution_the_stars_alone_are_told(lens_after):
    lens = lens_after("8_renorm/1a_renormalize")
    first, second = lens.truth.good[:2]
    lens.update(second, mjd=lens.rows[first]["mjd"] + 0.005)

    lens.run(SCRIPT)

    assert {name.split()[0] for name in lines_of(lens)} == {"star"}
