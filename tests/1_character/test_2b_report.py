from cosmouline.database import paths

SCRIPT = "1_character/2b_report"


def test_odd_images_stand_first_and_the_others_by_airmass(lens_after, caplog):
    lens = lens_after("1_character/2a_astrocalc")
    lens.update("R_tiny_0003", astro_note="the Sun is up")
    for k, name in enumerate(lens.truth.names):
        lens.update(name, airmass=2.0 - 0.1 * k)

    lens.run(SCRIPT)

    odd, fine = (lens.work / "report_astrocalc.txt").read_text().split("R: 6 images, lowest")
    assert odd.startswith("TINY: time, airmass, Moon and Sun\n")
    assert "R: 1 flagged images" in odd
    assert "R_tiny_0003 | the Sun is up" in odd
    listed = [line.split()[0] for line in fine.splitlines() if line.startswith("R_tiny")]
    assert listed == [f"R_tiny_000{k}" for k in (6, 5, 4, 2, 1, 0)]
    assert caplog.messages[-1].startswith("7 images, 1 of them flagged: ")


def test_without_a_site_the_images_stand_in_order_of_time(lens_after):
    """Frames that do not say where they were taken have no airmass: nothing stops."""
    lens = lens_after("1_character/2a_astrocalc")
    for name in lens.rows:
        lens.update(name, airmass=None, astro_note=None)

    lens.run("1_character/2b_report")

    text = paths.report(lens.settings(), "astrocalc").read_text()
    assert [line.split()[0] for line in text.splitlines() if line.startswith("R_")] == sorted(
        lens.rows, key=lambda name: lens.rows[name]["mjd"])
