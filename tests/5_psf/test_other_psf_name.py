"""All of 5_psf under another psf_name: fields, folders, reports and pages have it."""

from cosmouline.database import paths
from cosmouline.pages import drawing
from cosmouline.psf import db_build
from cosmouline.psf.io_psf import read_psf
from cosmouline.stamps import db_stamps

import pytest

REFERENCE = "R_tiny_0001"
NAMED = 'psf_name = "sharp"\n'


def no_other_name(lens):
    """Check that neither a field nor a file bears the default name."""
    assert not [f for row in lens.rows.values() for f in row if f.endswith(("__psf1", ":psf1"))]
    assert not [path for path in lens.work.rglob("*psf1*") if "logs" not in path.parts]


@pytest.fixture
def lens(lens_before, monkeypatch):
    """Give a lens with PSFs of another name; 'auto' has chosen their prior."""
    chosen = iter([((0.1, 0.8, 1.0), 30.0), ((0.2, 0.6, 1.0), 40.0)])
    monkeypatch.setattr(db_build, "choose_prior", lambda *_: next(chosen))
    lens = lens_before("5_psf/2a_extract")
    lens.set(f"{NAMED}psf_prior = 'auto'\npsf_wings = (0.0, 1.0, 1.0)\nn_psf_draws = 0\n")
    for script in ("5_psf/2a_extract", "5_psf/3_find_cosmics", "5_psf/3b_choose_prior",
                   "5_psf/3b_choose_prior", "5_psf/4_build_psf"):
        lens.run(script)
    return lens


def test_psfs_under_another_name(lens, monkeypatch, caplog):
    row = lens.rows[REFERENCE]
    assert row["n_psf_cut__sharp"] == row["n_psf_used__sharp"] == 8
    assert row["psf_prior__sharp"] == "0.1 0.8 1 0 1 1"  # decided once, with our wings
    assert row["psf_varies__sharp"] in (True, False)
    assert "n_psf_cosmics__sharp" in row
    found = read_psf(lens.work / "psf_sharp" / f"{REFERENCE}_psf.fits")
    assert found.header["engine"] == "gp"
    assert found.draws is None
    assert found.psf.star_fwhm_px == pytest.approx(row["psf_fwhm_px__sharp"])

    pages = {}
    monkeypatch.setattr(drawing, "save_page", lambda page, folder, name, *_: pages.update(
        {(folder, name): page}))
    lens.run("5_psf/5_png_check", only=[REFERENCE])
    assert list(pages) == [("psf_sharp", REFERENCE)]

    fields = {f: row[f] for f in ("psf_fwhm_px__sharp", "psf_chi2__sharp")}
    lens.run("5_psf/4_build_psf", only=[REFERENCE], redo=True)
    assert {f: lens.rows[REFERENCE][f] for f in fields} == fields
    lens.update(REFERENCE, psf_chi2__sharp=9.0)
    assert lens.run("5_psf/4_build_psf")["kept"] == 6
    assert f"worst {REFERENCE} 9.00" in caplog.messages[-1]
    no_other_name(lens)


def test_lists_and_sheets_under_another_name(lens_after, pages, caplog):
    lens = lens_after("5_psf/4_build_psf")
    lens.rename("psf1", "sharp")
    lens.set(NAMED)
    (lens.config / "psf_sharp_skiplist.txt").write_text("R_tiny_0002 ring\nR_gone zz\n")
    (lens.work / "psf_sharp_png").mkdir()
    (lens.work / "psf_sharp_png" / f"{REFERENCE}.png").write_bytes(b"png")
    paths.psf(lens.settings(), "R_tiny_0003").unlink()
    lens.update("R_tiny_0005", **{"n_psf_used__sharp": None, "ran__5_psf/4_build_psf:sharp":
                                  "failed 9 9: too dark"})

    lens.run("5_psf/6_opt_check_files")
    lens.run("5_psf/6b_opt_hand_check")
    lens.run("5_psf/7_opt_list_saturated")
    lens.run("5_psf/5b_opt_contact_sheet", only=["R_tiny_0001", "R_tiny_0002"])

    text = (lens.work / "report_psf_sharp_missing.txt").read_text()
    assert text.startswith("TINY: images without sharp\n")
    assert "R_tiny_0003_psf.fits is missing" in text
    assert [line for line in text.splitlines() if line.startswith("R_tiny_0005")
            and "5_psf/4_build_psf failed" in line]
    text = (lens.work / "report_psf_sharp_saturated.txt").read_text()
    assert text.startswith("TINY: stars of sharp above 0.78 of the saturation level\n")
    assert (lens.work / "psf_sharp" / "saturated.txt").is_file()
    assert '"list":"psf_sharp_skiplist.txt"' in (
        lens.work / "choose_psf_sharp.html").read_text()
    assert pages.texts("psf_sharp_1").count("set aside") == 1
    assert "R_gone" in caplog.text  # a name of our skiplist that no image has
    no_other_name(lens)


def test_the_sheet_shows_as_much_as_the_stamps_and_their_pixels(lens_after, monkeypatch, script):
    """psf_stamp_fwhm x FWHM x psf_upsampling small pixels, to the next even number."""
    lens = lens_after("5_psf/4_build_psf")
    sheets, found = script("pipe/5_psf/5b_opt_contact_sheet").contact_sheets, []
    monkeypatch.setattr(sheets, "save", lambda images, name, settings, file, picture, **_:
                        found.append(picture.keywords["side"]))
    fwhm_px = sorted(lens.values("psf_fwhm_px__psf1"))
    median_px = (fwhm_px[2] + fwhm_px[3]) / 2

    for text, factor in (("", 14), ("psf_stamp_fwhm = 5.0\n", 10), ("psf_upsampling = 3\n", 21)):
        lens.set(text)
        lens.run("5_psf/5b_opt_contact_sheet")
        assert found[-1] == pytest.approx(factor * median_px, abs=1)
        assert found[-1] % 2 == 0


def test_the_engine_is_noted_in_the_file(lens_after, monkeypatch):
    lens = lens_after("5_psf/4_build_psf")
    settings, row = lens.settings(), lens.rows[REFERENCE]
    settings.n_psf_draws = 0
    stamps, names, _ = db_stamps.psf_stamps(row, settings)
    built = db_build.build(stamps, names, row, settings)
    monkeypatch.setattr(db_build, "build", lambda *_: built)
    lens.set("psf_engine = 'starred'\n")

    lens.run("5_psf/4_build_psf", only=[REFERENCE], redo=True)

    assert read_psf(paths.psf(settings, REFERENCE)).header["engine"] == "starred"
