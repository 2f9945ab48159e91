from cosmouline.errors import UserError
from cosmouline.run import run

import pytest

SCRIPT = "1_character/5b_opt_hand_check"


@pytest.fixture
def lens(lens_after):
    """Give a lens with pictures of two images, whose content does not matter."""
    lens = lens_after("1_character/4a_sky_stats")
    (lens.work / "img_png").mkdir()
    for name in ("R_tiny_0000", "R_tiny_0001"):
        (lens.work / "img_png" / f"{name}.png").write_bytes(b"png")
    return lens


def test_the_page_shows_the_pictures_and_what_is_listed(lens, caplog):
    (lens.config / "kicklist.txt").write_text("R_tiny_0001 trail\n")

    lens.run(SCRIPT)

    page = (lens.work / "choose_img.html").read_text()
    assert '"img_png/R_tiny_0000.png"' in page
    assert '"R_tiny_0001":"trail"' in page
    assert str(lens.config / "kicklist.txt") in page
    assert any(line.startswith("5 images have no picture: run 1_character/5a_opt_make_pngs.py")
               for line in caplog.messages)
    assert caplog.messages[-1].startswith("2 pictures: open ")


def test_without_pictures_the_script_before_is_named(lens_after):
    with pytest.raises(UserError, match=r"Run 1_character/5a_opt_make_pngs\.py first"):
        lens_after("1_character/4a_sky_stats").run(SCRIPT)


def test_viewer_is_an_unknown_option(lens, script, capsys):
    module = script(f"pipe/{SCRIPT}")

    with pytest.raises(SystemExit) as ended:
        run(module.main, module.__doc__, argv=[str(lens.config), "--viewer"])

    assert ended.value.code == 2
    assert "unrecognized arguments: --viewer" in capsys.readouterr().err
    assert not (lens.work / "choose_img.html").exists()
