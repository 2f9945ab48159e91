import numpy as np

SCRIPT = "1_character/4b_report"


def test_the_darkest_sky_is_first_and_the_excess_is_over_photons_and_read_noise(lens_after):
    lens = lens_after("1_character/4a_sky_stats")
    for k, name in enumerate(lens.truth.names):
        lens.update(name, sky_level_e=900.0 - 100 * k, read_noise_e=10.0, sky_sigma_e=60.0)

    lens.run(SCRIPT)

    text = (lens.work / "report_sky.txt").read_text()
    assert text.startswith("TINY: sky")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("R_tiny")]
    assert [row[0].strip() for row in rows] == [f"R_tiny_000{k}" for k in range(6, -1, -1)]
    expected = 60 / np.sqrt(900.0 - 100 * np.arange(6, -1, -1) + 10.0**2)
    assert [row[3].strip() for row in rows] == [f"{value:.2f}" for value in expected]
