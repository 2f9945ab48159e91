SCRIPT = "1_character/2b_report"


def test_odd_images_stand_first_and_the_others_by_airmass(lens_after, caplog):
    lens = lens_after("1_character/2a_astrocalc")
    lens.update("R_tiny_0003", astro_note="the Sun is up")
    for k, name in enumerate(lens.truth.names):
        lens.update(name, airmass=2.0 - 0.1 * k)

    lens.run(SCRIPT)

    odd, fine = (lens.work / "report_astrocalc.txt").read_text().split("R: 6 images, lowest")
    assert odd.startswith("TINY: time, airmass, Moon and Sun\n")
    assert "R: 1 odd images" in odd
    assert "R_tiny_0003 | the Sun is up" in odd
    listed = [line.split()[0] for line in fine.splitlines() if line.startswith("R_tiny")]
    assert listed == [f"R_tiny_000{k}" for k in (6, 5, 4, 2, 1, 0)]
    assert caplog.messages[-1].startswith("7 images, 1 of them odd: ")
