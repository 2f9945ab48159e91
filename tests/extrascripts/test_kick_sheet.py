SCRIPT = "extrascripts/kick_sheet"


def test_every_image_out_of_use_has_its_reason(lens_after, pages):
    lens = lens_after("1_character/4a_sky_stats")
    lens.update("R_tiny_0001", gogogo=False, whynot="kicklist: trail")
    for name, why in (("R_tiny_0002", "seeing of 3.1"), ("R_tiny_0003", "seeing of 2.8")):
        lens.update(name, gogogo=False, whynot=f"{why} (3_align/3_update_flags)")
    (lens.work / "ali" / "R_tiny_0003.fits").unlink()  # and nothing to draw it from

    lens.run(SCRIPT)

    texts = pages.texts("out_of_use_1")
    assert {"R_tiny_0001", "R_tiny_0002", "R_tiny_0003", "kicklist: trail", "no data", "rejected",
            "set aside"} <= set(texts)
    assert "R_tiny_0000" not in texts
    report = (lens.work / "report_out_of_use.txt").read_text()
    assert report.startswith("TINY: out of use")
    assert "     2 | seeing of # (#_align/#_update_flags)" in report


def test_with_all_in_use_there_is_no_sheet(lens_after, pages, caplog):
    lens = lens_after("1_character/4a_sky_stats")

    lens.run(SCRIPT)

    assert not pages
    assert any(line.startswith("0 of 7 images are out of use") for line in caplog.messages)
