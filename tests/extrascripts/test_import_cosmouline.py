"""An old reduction in its three formats gives the light curve that COSMOULINE itself wrote.

Input and output are those of the original's own script (shared/data/cosmouline_golden).
"""

import json
import pickle
import sqlite3

from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.lightcurve.io_rdb import read_rdb
from cosmouline.run import make_options

import numpy as np
import pytest

SCRIPT = "extrascripts/import_cosmouline"
DEC = "dec_844_back1_lens_renorm_1_abijlt"
SETTINGS = f"""
lensName = "HE0000"
setnames, baseraw = ["844"], "/raw/"
setnames = ["844"]
rawdirs = ["/raw/" + "844"]
normcoeffname = "renorm_1"
deconvname = "{DEC}"
nightmaxseeing, dummy = 0, 0
nightmaxseeing = 5.0
nightmaxell = 0.95
nightmaxrelskylevel = 50000
nightmaxnormcoeff = 20
nightminnbimg = 3
"""
KINDS = {bool: ("bool", "BOOL"), int: ("int", "INTEGER"), float: ("float", "REAL"),
         str: ("str", "TEXT")}


def write_text(path, rows):
    """Write KirbyBase's text as it does: counters, columns, a line per row."""
    head = ["000015", "000000", *(f"{n}:{KINDS[type(v)][0]}" for n, v in rows[0].items())]
    lines = ["|".join(head), *("|".join(map(str, row.values())) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


def write_sqlite(path, rows):
    with sqlite3.connect(path) as connection:
        columns = ", ".join(f'"{n}" {KINDS[type(v)][1]}' for n, v in rows[0].items())
        connection.execute(f"CREATE TABLE images ({columns})")
        connection.executemany(f"INSERT INTO images VALUES ({', '.join('?' * len(rows[0]))})",
                               [tuple(row.values()) for row in rows])
    connection.close()


def write_pickle(path, rows):
    path.write_bytes(pickle.dumps(rows, 2))


FORMATS = {"text": ("database.dat", write_text), "sqlite": ("database.dat", write_sqlite),
           "pickle": ("2021-10-01_HE0000_db.pkl", write_pickle)}


@pytest.fixture
def old(shared_data, tmp_path):
    """Make an old configuration folder in one of the formats; give its path."""
    rows = json.loads((shared_data("cosmouline_golden") / "join_input.json").read_text())

    def make(kind, settings=SETTINGS):
        folder = tmp_path / "old"
        folder.mkdir(exist_ok=True)
        (folder / "settings.py").write_text(settings)
        (folder / "normstars.cat").write_text("a 10 20 3000\n")
        (folder / "kicklist.txt").write_text("844_i001 trailed\n")
        (folder / f"{DEC}_skiplist.txt").write_text("844_i002 clouds\n")
        (folder / "psf_ab_mask_a.reg").write_text("circle(3,4,5)\n")
        name, write = FORMATS[kind]
        write(folder / name, rows)
        return folder

    return make


@pytest.fixture
def taken_over(script, tmp_path, caplog):
    """Import an old reduction; give its settings."""
    caplog.set_level("INFO", "cosmouline")

    def take(path):
        options = {"old": path, "name": None, "out": tmp_path / "new",
                   "work_dir": str(tmp_path / "work")}
        script(SCRIPT).main(type("Options", (), options))
        settings = load_settings(tmp_path / "new")
        settings.options = make_options()
        return settings

    return take


@pytest.mark.parametrize("kind", FORMATS)
def test_the_light_curve_is_that_of_cosmouline(old, taken_over, script, shared_data, kind):
    settings = taken_over(old(kind))
    db = Database(settings.work_dir / "database.json")

    script("lcmanip/1_join").main(settings, db)
    db.close()

    theirs = read_rdb(shared_data("cosmouline_golden") / "join_output_renorm_1.rdb")
    path, = (settings.work_dir / "export").glob("*.rdb")
    # the digits that mean something stand in the .rdb, all of them in the .ecsv
    ours = read_rdb(path)
    ours |= {name: values for name, values in read_ecsv_columns(path.with_suffix(".ecsv")).items()
             if name in ours}
    for name, values in theirs.items():
        if values.dtype.kind == "f":  # written to 1e-6 or better
            np.testing.assert_allclose(ours[name], values, rtol=0, atol=2e-6, err_msg=name)
        else:
            np.testing.assert_array_equal(ours[name], values, err_msg=name)


def test_lists_and_masks_come_along(old, taken_over):
    settings = taken_over(old("pickle"))

    names = {path.name for path in settings.config_dir.iterdir()}
    assert names == {"settings.py", "normstars.cat", "kicklist.txt", "psf_ab_mask_a.reg",
                     "dec_844_back1_lens_renorm_1_abijlt_skiplist.txt"}
    assert settings.dec_name == "844_back1_lens_renorm_1_abijlt"
    assert (settings.night_min_images, settings.join_center) == (3, "median")
    assert settings.sets[0]["telescope"] == "WFI"
    assert str(settings.sets[0]["raw_dir"]) == "/raw/844"


def test_a_database_alone_is_enough(old, taken_over, caplog):
    folder = old("sqlite")
    (folder / "settings.py").unlink()

    settings = taken_over(folder / "database.dat")

    assert settings.lens_name == "database"
    assert settings.renorm_name == "renorm_1"  # the only one
    assert "light curves are joined with renorm_1" in caplog.messages
    assert "not taken over, follows from others: recno" in caplog.messages


def test_nothing_is_overwritten(old, taken_over):
    folder = old("pickle")
    settings = taken_over(folder)
    before = (settings.work_dir / "database.json").read_bytes()

    with pytest.raises(UserError, match="new exists already: give another --out"):
        taken_over(folder)
    assert (settings.work_dir / "database.json").read_bytes() == before


def test_an_evil_pickle_leaves_nothing_behind(old, taken_over, tmp_path):
    folder = old("pickle")
    trap = tmp_path / "trap"
    (folder / FORMATS["pickle"][0]).write_bytes(
        b"cos\nsystem\n(S'touch " + str(trap).encode() + b"'\ntR.")

    with pytest.raises(UserError, match=r"the pickle asks for os\.system"):
        taken_over(folder)
    assert not trap.exists()
    assert not (tmp_path / "new").exists()


def test_a_folder_without_database_is_told(taken_over, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match="holds no database"):
        taken_over(tmp_path / "none")
    with pytest.raises(UserError, match=r"there is no .*nowhere"):
        taken_over(tmp_path / "nowhere")


def test_settings_and_lists_alone_are_taken_over(taken_over, tmp_path, caplog):
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "settings.py").write_text(
        'lensName = "J1"\nsetnames = ["1", "2"]\nrawdirs = ["/data/one", "two"]\n')
    (folder / "kicklist.txt").write_text("1_a clouds\n")

    settings = taken_over(folder)

    assert [(one["name"], str(one["raw_dir"])) for one in settings.sets] == [
        ("1", "/data/one"), ("2", "/no/frames/2")]
    assert (tmp_path / "new" / "kicklist.txt").read_text() == "1_a clouds\n"
    assert ("no database: settings and lists alone are taken over, so that there is nothing to "
            "join") in caplog.messages
    assert "Next: python pipe/1_character/1a_add_to_database.py" in caplog.messages[-1]
