import pickle
import shutil

from cosmouline.database.fields import lookup
from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv

import pytest
from astropy.table import Table

SCRIPT = "9_export/export"


def test_the_tables_hold_all_rows(lens_before, caplog):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    folder = lens.work / "export"
    ends = ("TINY_db.ecsv", "TINY_db.pkl", "TINY_db.json", "TINY_readme.txt")
    newest = {path.name for path in folder.iterdir() if path.name.startswith("TINY")}
    assert newest == set(ends)
    for end in ends:  # and a dated copy of each
        dated, = folder.glob(f"20??-??-??_{end}")
        assert dated.read_bytes() == (folder / end).read_bytes()
    rows = [{field: value for field, value in lens.rows[name].items()
             if not field.startswith("made__")} for name in lens.truth.names]
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
    assert "deconvolution lens: 6 images" in text
    assert "of A, B; with the PSF psf1" in text
    assert "telescope TINY: 6 images\nset R: 6 images" in text
    assert f"out of use: {next(iter(lens.truth.spoilt))}: " in text
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


def test_the_copy_of_the_database_can_take_its_place(lens_before):
    lens = lens_before(SCRIPT)
    rows = lens.rows
    lens.run(SCRIPT)

    shutil.copy(lens.work / "export" / "TINY_db.json", lens.work / "database.json")

    assert lens.rows == rows


def test_of_several_names_side_by_side_those_are_exported_that_are_wanted(lens_before):
    lens = lens_before(SCRIPT)
    for name in lens.truth.good:
        lens.update(name, flux_e__other__A=1000.0, renorm__second=1.1)
    lens.set("export_renorms = ['second']\n")

    lens.run(SCRIPT, decs=["other"])

    names = set(Table.read(lens.work / "export" / "TINY_db.ecsv", format="ascii.ecsv").colnames)
    assert {"flux_e__other__A", "renorm__second", "psf_chi2__psf1", "mjd"} <= names
    assert not [name for name in names if name.startswith(("flux_e__lens", "renorm__renorm1"))]
    with pytest.raises(UserError, match=r"no PSF 'bad' in the database\. It has psf1"):
        lens.run(SCRIPT, psfs=["bad"])
