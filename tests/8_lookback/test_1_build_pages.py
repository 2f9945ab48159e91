"""The pages as files; what they do in a browser is in test_pages_in_a_browser.py."""

import json
import re

from cosmouline.errors import UserError
from cosmouline.lightcurve.io_rdb import read_rdb
from cosmouline.pages import lookback
from cosmouline.plots import style

import numpy as np
import pytest

SCRIPT = "8_lookback/1_build_pages"
CLOUDED = "R_tiny_0004"


def data_of(folder):
    text = (folder / "data.js").read_text()
    return json.loads(text.removeprefix("const lookback = ").removesuffix(";\n"))


def column_of(data, label):
    return next(column for column in data["columns"] if column["label"] == label)


def test_the_curves_are_those_of_the_database_and_of_lcmanip(lens_before):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    data = data_of(lens.work / "lookback_lens")
    flux_e = lens.values("flux_e__lens__B") * lens.values("dec_coeff__lens")
    found = dict(zip(data["names"], data["images"]["mag"][1], strict=True))
    assert [found[name] for name in lens.truth.good] == pytest.approx(
        -2.5 * np.log10(flux_e), abs=6e-7)  # rounded to 1e-6
    assert found[CLOUDED] is None
    table = read_rdb(lens.work / "export" / "TINY_lens_by_night.rdb")
    nights = data["nights"]
    report = (lens.work / "report_join_lens_by_night.txt").read_text()
    index = (lens.work / "lookback_lens" / "index.html").read_text()
    assert nights["t"] == pytest.approx(table["mhjd"], abs=6e-6)
    for s, source in enumerate("AB"):
        assert nights["mag"][s] == pytest.approx(table[f"mag_{source}"], abs=6e-5)
        # the page and the report of 1_join show the same digits
        shown = re.search(rf"^{source} +\| +\d+ \| +(\S+) \| +(\S+)", report, re.MULTILINE)
        page = re.search(rf"</span> {source}</th><td>([^<]+)</td>\s*<td>([^<]+)</td>", index)
        assert page is not None, index
        assert (page[1].replace("−", "-"), page[2]) == shown.groups()
        assert nights["sigma"][s] == pytest.approx(table[f"magerr_{source}_cov"], abs=6e-5)
    assert [len(members) for members in nights["members"]] == list(table["nbimg"])


def test_every_image_is_in_the_table_rejected_ones_with_the_reason(lens_before):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0001", quality_note="sky of 900 e-")
    lens.set("join_ellipticity_max = 0.001\n")
    lens.run(SCRIPT)
    assert set(data_of(lens.work / "lookback_lens")["state"]) == {"rejected", "outside"}
    (lens.config / "dec_lens_skiplist.txt").write_text("R_tiny_0003 satellite\n")
    lens.set()

    lens.run(SCRIPT)

    data = data_of(lens.work / "lookback_lens")
    assert len(list((lens.work / "lookback_lens" / "images").iterdir())) == 7
    became = dict(zip(data["names"], zip(data["state"], data["why"], strict=True), strict=True))
    assert became[CLOUDED] == ("rejected", lens.rows[CLOUDED]["whynot"])
    assert became["R_tiny_0001"] == ("flagged", "sky of 900 e-")
    assert became["R_tiny_0003"] == ("skipped", "satellite")
    assert became["R_tiny_0000"] == ("used", "")
    seeing = dict(zip(data["names"], column_of(data, "seeing")["values"], strict=True))
    assert seeing["R_tiny_0000"] == round(lens.rows["R_tiny_0000"]["field_fwhm_arcsec"], 2)
    assert column_of(data, "flux_A")["unit"] == "e-"
    assert data["skiplist"] == {"R_tiny_0003": "satellite"}


def test_only_what_changed_is_written_again(lens_before):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)
    before = lens.snapshot()

    lens.run(SCRIPT)
    assert lens.snapshot() == before
    lens.update("R_tiny_0002", test_comment="another")
    lens.run(SCRIPT)

    changed = {path.rpartition("/")[2] for path, time in lens.snapshot()[1].items()
               if before[1].get(path) != time}
    assert changed == {"R_tiny_0002.html", "data.js"}  # data.js: the field is new to the meanings


def test_the_page_of_an_image_that_is_gone_is_removed(lens_before):
    lens = lens_before(SCRIPT)
    page = lens.work / "lookback_lens" / "images" / "R_gone.html"
    page.parent.mkdir(parents=True)
    page.write_text("old")

    lens.run(SCRIPT)

    assert not page.exists()


def test_bands_have_folders_of_their_own(lens_before):
    lens = lens_before(SCRIPT)
    lens.set(f'sets = [{{"name": "R", "telescope": "generic", "raw_dir": "{lens.raw}", '
             '"band": "red"}]\n')

    lens.run(SCRIPT)

    assert (lens.work / "lookback_lens_red" / "index.html").is_file()
    assert not (lens.work / "lookback_lens").exists()
    # a rejected image of a set that is no longer in the settings has no band, and no page
    page = lens.work / "lookback_lens_red" / "images" / f"{CLOUDED}.html"
    assert page.is_file()
    lens.update(CLOUDED, set_name="lost")
    lens.run(SCRIPT)
    assert not page.exists()


def test_without_fluxes_there_are_pages_without_curves(lens_before, caplog):
    lens = lens_before("7_deconv/6_readout")

    lens.run(SCRIPT)

    assert "no fluxes of 'lens' yet: no light curve (7_deconv/6_readout)" in caplog.text
    lens.set('dec_name = "other"\n')
    lens.run(SCRIPT)
    assert "no fluxes of 'other' yet" in caplog.text
    lens.set()
    data = data_of(lens.work / "lookback_lens")
    assert (data["sources"], data["nights"]["t"]) == ([], [])
    assert set(data["state"]) == {"not fitted", "rejected"}


def test_the_first_script_is_named_where_there_is_no_image(lens_before):
    with pytest.raises(UserError, match=r"no image yet\. Run 1_character/1a_add_to_database"):
        lens_before("1_character/1a_add_to_database").run(SCRIPT)


def test_sources_have_the_colours_of_the_pictures():
    """Their one home is plots/style; on a dark page a sheet may replace them."""
    light = lookback.assets()["style.css"].partition("@media")[0]

    assert tuple(re.findall(r"--source-\d: (#\w+)", light)) == tuple(
        colour.lower() for colour in style.SOURCE_COLOURS)
