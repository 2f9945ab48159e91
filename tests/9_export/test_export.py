import pickle

from cosmouline.fields import lookup
from cosmouline.io_table import read_ecsv

import pytest
from astropy.table import Table

SCRIPT = "9_export/export"


def test_the_tables_hold_all_rows(lens_before, caplog):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    folder = lens.work / "export"
    assert {path.name for path in folder.iterdir()} == {
        "TINY_db.ecsv", "TINY_db.pkl", "TINY_readme.txt"}
    rows = [lens.rows[name] for name in lens.truth.names]
    assert pickle.loads((folder / "TINY_db.pkl").read_bytes()) == rows
    exported = read_ecsv(folder / "TINY_db.ecsv")
    assert len(exported) == 7
    for row, ours in zip(exported, rows, strict=True):
        assert row == {name: value for name, value in ours.items() if value != ""}
    assert caplog.messages[-1].startswith("7 images, ")


def test_units_and_meanings_are_in_the_table_and_in_the_text(lens_before):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    table = Table.read(lens.work / "export" / "TINY_db.ecsv", format="ascii.ecsv")
    assert str(table["field_fwhm_arcsec"].unit) == "arcsec"
    assert str(table["flux_e__lens__A"].unit) == "electron"
    assert table["mhjd"].description == lookup("mhjd").meaning
    text = (lens.work / "export" / "TINY_readme.txt").read_text()
    assert "7 images, 6 in use" in text
    assert "deconvolution lens, PSF psf1, renormalisation renorm1" in text
    assert lookup("flux_e__lens__A").meaning in text
    names = {line.split(" | ")[0].strip() for line in text.splitlines() if " | " in line}
    assert set(table.colnames) <= names


@pytest.mark.parametrize("script", ["1_character/1b_copy_convert", "7_deconv/4_deconv"])
def test_a_reduction_half_way_through_can_be_exported(lens_before, script):
    lens = lens_before(script)
    lens.run(SCRIPT)

    assert len(read_ecsv(lens.work / "export" / "TINY_db.ecsv")) == 7


def test_a_lens_without_a_name(lens_before):
    lens = lens_before("1_character/1b_copy_convert")
    lens.set("lens_name = ''\n")
    lens.run(SCRIPT)

    assert (lens.work / "export" / "lens_db.ecsv").is_file()
