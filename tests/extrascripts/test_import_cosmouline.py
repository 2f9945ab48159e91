"""An old reduction in its three formats gives the light curve that COSMOULINE itself wrote.

Input and output are those of the original's own script (shared/data/cosmouline_golden).
"""

import json
import pickle
import sqlite3
from contextlib import closing

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
    with closing(sqlite3.connect(path)) as connection, connection:
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
        options = {"old": path, "name": None, "out": tmp_path / "of 2026" / "new",
                   "work_dir": str(tmp_path / "work")}
        script(SCRIPT).main(type("Options", (), options))
        settings = load_settings(tmp_path / "of 2026" / "new")
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
    assert not (tmp_path / "of 2026" / "new").exists()


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
    assert (tmp_path / "of 2026" / "new" / "kicklist.txt").read_text() == "1_a clouds\n"
    assert ("no database: settings and lists alone are taken over, so that there is nothing to "
            "join") in caplog.messages
    assert "Next: python pipe/1_character/1a_add_to_database.py" in caplog.messages[-1]


def golden_rows(shared_data):
    return json.loads((shared_data("cosmouline_golden") / "join_input.json").read_text())


def reduction(folder, rows=None, settings=SETTINGS, **lists):
    """Write an old configuration folder: settings, lists, an exported pickle of rows."""
    folder.mkdir()
    (folder / "settings.py").write_text(settings)
    for name, text in lists.items():
        (folder / f"{name}.txt").write_text(text)
    if rows is not None:
        write_pickle(folder / "2021-10-01_HE0000_db.pkl", rows)
    return folder


def joined(settings, script):
    """Join the light curve of what was taken over; return its columns."""
    db = Database(settings.work_dir / "database.json")
    script("lcmanip/1_join").main(settings, db)
    db.close()
    path, = (settings.work_dir / "export").glob("*.rdb")
    return read_rdb(path)


PLACES = SETTINGS + """
refimgname = "844_i001"
emptyregion = "[20:60 , 21:63]"
lensregion = "[100:163 , 200:263]"
telescopename = "WFI"
trimheight = 1000 if telescopename in ["WFI", "VST"] else 0
"""


def test_regions_of_the_reference_image_keep_their_pixels(taken_over, tmp_path):
    settings = taken_over(reduction(tmp_path / "old", settings=PLACES))

    assert settings.empty_region == "[20:60, 21:63]"  # ds9 counts from 1 in both
    assert settings.lens_position_px == (131.5, 231.5)  # the middle of 64 columns and 64 rows
    one, = settings.sets
    assert one["telescope"] == "WFI"
    # their images had lost 1000 rows at both sides: regions and star lists are of those
    assert one["overrides"] == {"trim": {"bottom": 1000, "top": 1000}}


@pytest.mark.parametrize(("text", "why"), [
    ("emptyregion = '20-60'", "# emptyregion = '20-60': '20-60' is no region: write"),
    ("lensregion = '[60:20 , 1:2]'", "holds no pixel"),
    ("lensregion = 5", "# lensregion = 5: "),
    ("emptyregion = '[1:2, 1:2]'", "a place on the reference image, but there is no refimgname")])
def test_a_region_that_says_nothing_is_told(taken_over, tmp_path, text, why):
    settings = taken_over(reduction(tmp_path / "old", settings=f"{SETTINGS}\n{text}\n"))

    assert (settings.empty_region, settings.lens_position_px) == (None, None)
    assert why in (tmp_path / "of 2026" / "new" / "settings.py").read_text()


def test_references_of_bands_come_along_where_sets_are_bands(taken_over, tmp_path, shared_data):
    text = """
lensName = "J1"
setnames, baseraw = ["R", "V"], "/raw/"
setnames = ["R", "V"]
rawdirs = ["/raw/R", "/raw/V"]
refimgname = "R_1"
refimgname_per_band = {"R": "R_1", "V": "V_7", "gone": "x"}
"""
    settings = taken_over(reduction(tmp_path / "old", settings=text))

    assert settings.band_ref_img_names == {"R": "R_1", "V": "V_7"}
    assert [one["band"] for one in settings.sets] == ["R", "V"]


def test_references_of_bands_stay_out_of_a_database(taken_over, tmp_path, shared_data):
    rows = golden_rows(shared_data)
    settings = taken_over(reduction(tmp_path / "old", rows, SETTINGS + """
refimgname_per_band = {"844": "844_i003"}
"""))

    assert settings.band_ref_img_names == {}
    assert "# refimgname_per_band = {'844': '844_i003'}: band_ref_img_names, where several" in (
        tmp_path / "of 2026" / "new" / "settings.py").read_text()


def test_a_condition_in_the_settings_is_read(taken_over, tmp_path):
    text = SETTINGS + """
telescopename = "VST"
if telescopename == "VST":
    cosmicssigclip = 7.0
else:
    cosmicssigclip = 5.0
if undefined:
    maxcores = 3
"""
    settings = taken_over(reduction(tmp_path / "old", settings=text))

    assert settings.cosmic_sigma == 7.0
    assert "# maxcores (line " in (tmp_path / "of 2026" / "new" / "settings.py").read_text()


@pytest.mark.parametrize("change", [
    pytest.param(lambda row: {"renorm_1_comment": "a b c d e f g h i"}, id="names of nine stars"),
    pytest.param(lambda row: {"renorm_1_comment": "9.0"}, id="a number with a point"),
    pytest.param(lambda row: {"imgname": f"/data/ali/{row['imgname']}"}, id="names with a path"),
    pytest.param(lambda row: {"setname": None}, id="no set name")])
def test_the_light_curve_stays_the_same(taken_over, tmp_path, script, shared_data, change):
    rows = [row | change(row) for row in golden_rows(shared_data)]
    rows = [{name: value for name, value in row.items() if value is not None} for row in rows]

    found = joined(taken_over(reduction(tmp_path / "old", rows)), script)

    theirs = read_rdb(shared_data("cosmouline_golden") / "join_output_renorm_1.rdb")
    for name in ("mhjd", "mag_A", "magerr_A_1", "magerr_B_5"):  # as far as the .rdb writes them
        np.testing.assert_allclose(found[name], theirs[name], rtol=0, atol=1.1e-4, err_msg=name)


def test_names_with_paths_are_found_in_lists_and_settings(taken_over, tmp_path, shared_data):
    rows = golden_rows(shared_data)
    for number, row in enumerate(rows):
        row["imgname"] = f"n{number % 2}/844_{'same' if number < 2 else row['imgname']}"
    settings = taken_over(reduction(
        tmp_path / "old", rows, SETTINGS + 'refimgname = "n0/844_same"\n',
        kicklist="n1/844_same  trailed a lot\n\n# of 2021\n",
        testlist=f"{rows[4]['imgname']}\n"))

    assert settings.ref_img_name == "n0-844_same"  # two of one name keep their folders
    assert (tmp_path / "of 2026" / "new" / "kicklist.txt").read_text() == (
        "n1-844_same trailed a lot\n\n# of 2021\n")
    assert (tmp_path / "of 2026" / "new" / "testlist.txt").read_text() == "844_844_i005\n"
    db = Database(settings.work_dir / "database.json")
    assert {"n0-844_same", "n1-844_same", "844_844_i005"} <= set(db.rows)
    db.close()


def test_images_without_set_name_are_told(taken_over, tmp_path, shared_data, caplog):
    rows = golden_rows(shared_data)
    for row in rows:
        del row["setname"]
    rows[-1]["imgname"] = "alone"

    settings = taken_over(reduction(tmp_path / "old", rows))

    assert "15 images have no setname: the set is the start of their names" in caplog.messages
    assert [one["name"] for one in settings.sets] == ["844", "old"]


def test_a_renormalisation_without_errors_is_told(taken_over, tmp_path, script, shared_data,
                                                  caplog):
    rows = golden_rows(shared_data)
    for row in rows:
        del row["renorm_1_err"]

    found = joined(taken_over(reduction(tmp_path / "old", rows)), script)

    assert "light curves are joined with renorm_1, its error unknown" in caplog.messages
    theirs = read_rdb(shared_data("cosmouline_golden") / "join_output_renorm_1.rdb")
    np.testing.assert_allclose(found["mag_A"], theirs["mag_A"], rtol=0, atol=1.1e-4)


EMPTY = {
    "no byte": lambda path: path.write_bytes(b""),
    "no table": lambda path: sqlite3.connect(path).execute("VACUUM").connection.close(),
    "no row": lambda path: path.write_text("000000|000000|recno:int|imgname:str\n"),
    "empty list": lambda path: write_pickle(path, [])}


@pytest.mark.parametrize("kind", EMPTY)
def test_an_empty_database_has_nothing_to_join(taken_over, tmp_path, caplog, kind):
    folder = reduction(tmp_path / "old")
    EMPTY[kind](folder / "database.dat")

    settings = taken_over(folder)

    assert (f"{folder / 'database.dat'} is empty: settings and lists alone are taken over, so "
            "that there is nothing to join") in caplog.messages
    assert [one["name"] for one in settings.sets] == ["844"]


def test_a_failure_leaves_no_folder_behind(taken_over, tmp_path, shared_data):
    rows = golden_rows(shared_data)
    rows[1]["imgname"] = rows[0]["imgname"]
    with pytest.raises(UserError, match="844_i001 is there twice"):
        taken_over(reduction(tmp_path / "old", rows))
    assert not (tmp_path / "of 2026" / "new").exists()
