import pytest

SCRIPT = "1_character/3c_report"


def test_best_seeing_first_and_lines_for_the_test_list(lens_after, caplog):
    lens = lens_after("1_character/3b_measure_seeing")
    for k, name in enumerate(lens.truth.names):
        lens.update(name, fwhm_arcsec=2.0 - 0.1 * k, ellipticity=0.1)
    lens.update("R_tiny_0006", ellipticity=0.8)  # the best seeing, but cosmics

    lens.run(SCRIPT)

    text = (lens.work / "report_seeing.txt").read_text()
    best, rest = text.split("R: 1 images beyond fwhm_max_arcsec or ellipticity_max")
    listed = [line.split()[0] for line in best.splitlines() if line.startswith("R_tiny")]
    assert listed == [f"R_tiny_000{k}" for k in (5, 4, 3, 2, 1, 0)]
    beyond, lines = rest.split("for testlist.txt:")
    assert "R_tiny_0006" in beyond
    assert lines.split("\n")[2:7] == [f"R_tiny_000{k} seeing {2 - 0.1 * k:.2f} arcsec"
                                      for k in (5, 4, 3, 1, 0)]
    assert "seeing 1.40 to 2.00 arcsec, median 1.70" in caplog.messages[-1]


@pytest.mark.parametrize(("limits", "n_beyond"), [
    ("fwhm_max_arcsec = None\nellipticity_max = None", 0), ("ellipticity_max = 0.25", 4),
    ("fwhm_max_arcsec = 1.55\nellipticity_max = None", 5),
    ("fwhm_max_arcsec = 1.75\nellipticity_max = 0.45", 5)])
def test_images_beyond_the_limits_of_the_settings_stand_apart(lens_after, limits, n_beyond):
    """Seeing from 2.0 to 1.4 arcsec, ellipticity from 0.0 to 0.6."""
    lens = lens_after("1_character/3b_measure_seeing")
    for k, name in enumerate(lens.truth.names):
        lens.update(name, fwhm_arcsec=2.0 - 0.1 * k, ellipticity=0.1 * k)
    lens.set(f"{limits}\n")

    lens.run(SCRIPT)

    text = (lens.work / "report_seeing.txt").read_text()
    assert text.startswith("TINY: seeing")
    assert (f"{n_beyond} images beyond" in text) is (n_beyond > 0)
    assert f"R: {7 - n_beyond} images, best seeing first" in text


def test_sets_are_listed_apart(lens_after):
    lens = lens_after("1_character/3b_measure_seeing")
    lens.update("R_tiny_0001", set_name="V")

    lens.run(SCRIPT)

    text = (lens.work / "report_seeing.txt").read_text()
    assert "V: 1 images" in text
    assert text.index("R_tiny_0000") < text.index("V: 1 images")
