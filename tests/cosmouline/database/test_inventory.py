"""Tables of what is where, counted by hand on a made-up database."""

from cosmouline.database import inventory
from cosmouline.database.database import Database

import pytest

FLAGS = {"gogogo": True, "treatme": True, "testlist": False, "updating": False}


@pytest.fixture
def db(tmp_path):
    db = Database(tmp_path / "database.json")
    for i, (set_name, changes) in enumerate([
            ("R", {}), ("R", {"gogogo": False, "whynot": "cloud"}), ("R", {"treatme": False}),
            ("V", {"testlist": True, "updating": True})]):
        db.update(f"i{i}", FLAGS | {"set_name": set_name, "mjd": 100.0 + i,
                                    "psf_chi2__p": 1.0, "flux_e__a__A": 2.0 * i} | changes)
    db.update("i0", {"psf_chi2__q": 1.0, "dec_number__a": 1})
    yield db
    db.close()


def cells(table):
    """Give the cells of every line below the head."""
    return [[cell.strip() for cell in line.split("|")] for line in table.splitlines()[2:]]


def test_sets(db):
    assert cells(inventory.sets_table(db)) == [
        ["R", "3", "1", "1", "1", "0", "0", "100.000", "102.000"],
        ["V", "1", "1", "0", "0", "1", "1", "103.000", "103.000"]]


def test_names_side_by_side(db):
    assert cells(inventory.families_table(db)) == [
        ["PSF", "p", "4"], ["PSF", "q", "1"], ["deconvolution", "a", "1"]]


def test_fields_by_family_or_each(db):
    found = {line[0]: line[1:6] for line in cells(inventory.fields_table(db))}
    each = {line[0]: line[1:6] for line in cells(inventory.fields_table(db, each=True))}

    assert found["flux_e__{dec}__{source}"] == ["1", "4", "0", "3", "6"]
    assert found["psf_chi2__{psf}"] == ["2", "5", "1", "1", "1"]
    assert each["psf_chi2__q"] == ["1", "1", "1", "1", "1"]
    assert list(found)[:3] == ["img_name", "gogogo", "whynot"]  # as they are declared


def test_what_folders_take(tmp_path):
    (tmp_path / "ali" / "deep").mkdir(parents=True)
    (tmp_path / "ali" / "a").write_bytes(bytes(1_500_000))
    (tmp_path / "ali" / "deep" / "b").write_bytes(bytes(500_000))
    (tmp_path / "file").write_bytes(bytes(1_000_000))

    assert cells(inventory.disk_table(tmp_path)) == [
        ["ali", "2", "2.0"], ["file", "1", "1.0"], ["all", "3", "3.0"]]


def test_all_of_an_image_in_the_order_of_the_fields(db):
    lines = cells(inventory.image_lines(db.rows["i0"]))

    names = [line[0] for line in lines]
    assert names == sorted(names, key=lambda name: inventory._position(name))
    assert ["mjd", "100.0", "d"] in [line[:3] for line in lines]
