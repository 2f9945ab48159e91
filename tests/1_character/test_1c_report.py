SCRIPT = "1_character/1c_report"


def test_images_are_listed_in_the_order_of_time_and_rejected_ones_apart(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0002", gogogo=False, whynot="kicklist: trail")
    lens.update("R_tiny_0005", mjd=lens.rows["R_tiny_0000"]["mjd"] - 1)

    lens.run(SCRIPT)

    text = (lens.work / "report_content.txt").read_text()
    in_use, out_of_use = text.split("1 images out of use")
    assert text.startswith("TINY: images\n")
    assert "6 images in use" in in_use
    assert in_use.index("R_tiny_0005") < in_use.index("R_tiny_0000") < in_use.index("R_tiny_0001")
    assert "R_tiny_0002" not in in_use
    line, = (line for line in out_of_use.splitlines() if line.startswith("R_tiny_0002"))
    assert line.split(" | ")[1] == "kicklist: trail"
    assert caplog.messages[-1].startswith("6 images in use, 1 not: ")


def test_notes_about_a_frame_are_shown(lens_before):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0001", pixel_notes="3 rows are constant")

    lens.run(SCRIPT)

    assert "3 rows are constant" in (lens.work / "report_content.txt").read_text()
