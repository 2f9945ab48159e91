import os
from types import SimpleNamespace

from cosmouline.database.bands import set_of
from cosmouline.database.database import Database
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.atomic import digest
from cosmouline.frames.db_intake import (
    frame_with_sides,
    frames_of,
    image_name,
    is_replaced,
    known_and_new,
    log_assumptions,
    mark_lists,
    overrides_of,
    sides_of_frames,
    state,
    warn_of_twins,
)

import numpy as np
import pytest
from astropy.io import fits


@pytest.fixture
def settings(tmp_path):
    """Settings of one set of two files; nothing looks into them here."""
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("a.fits", "b.fits.gz", "notes.txt", ".c.fits"):
        (raw / name).write_text("")
    return SimpleNamespace(sets=[{"name": "R", "telescope": "generic", "raw_dir": raw}],
                           config_dir=tmp_path)


@pytest.fixture
def db(tmp_path):
    db = Database(tmp_path / "database.json")
    yield db
    db.close()


@pytest.mark.parametrize(("stem", "name"), [
    ("frame_01", "R_frame_01"), ("my frame (2)", "R_my-frame-2"), ("é.v1+x", "R_v1+x"),
    ("x" * 200, "R_" + "x" * 98)])
def test_an_image_is_called_by_its_set_and_file(stem, name):
    assert image_name("R", stem) == name


def test_frames_are_the_fits_files_of_the_folder(settings):
    found = frames_of(settings.sets[0])

    assert {name: path.name for name, path in found.items()} == {
        "R_a": "a.fits", "R_b": "b.fits.gz"}


@pytest.fixture
def mixed(tmp_path):
    """A folder of frames in two filters, a flat in one of them, and a file that is no frame."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name, cards in {"a1": {"FILTER": "R"}, "a2": {"FILTER": "V"},
                        "b1": {"FILTER": "R ", "TELESCOP": "SIM1"},
                        "flat": {"FILTER": "R", "IMAGETYP": "Flat Field"}}.items():
        fits.PrimaryHDU(np.zeros((4, 4)), fits.Header(cards)).writeto(folder / f"{name}.fits")
    (folder / "broken.fits").write_text("")
    return lambda **part: {"name": "S", "telescope": "generic", "raw_dir": folder} | part


@pytest.mark.parametrize(("part", "found"), [
    ({}, ["a1", "a2", "b1", "broken", "flat"]),
    ({"files": "a*"}, ["a1", "a2"]),
    ({"filter": "R"}, ["a1", "b1", "flat"]),
    ({"filter": "R", "science_only": True}, ["a1", "b1"]),
    ({"science_only": True}, ["a1", "a2", "b1"]),
    ({"filter": "V", "files": "a*"}, ["a2"]),
    ({"camera": "sim1"}, ["b1"])])
def test_a_set_takes_its_part_of_a_folder(mixed, part, found, caplog):
    assert sorted(frames_of(mixed(**part))) == [f"S_{name}" for name in found]
    told = [message for message in caplog.messages if "broken.fits is left out: " in message]
    assert len(told) == ("files" not in part and bool(part))


def test_a_part_that_is_empty_is_told(mixed):
    with pytest.raises(UserError, match=r"set S: none of the 5 FITS files in .*mixed is of it "
                                        r"\(filter = 'B'\)"):
        frames_of(mixed(filter="B"))


def test_a_frame_in_two_sets_is_refused(mixed, db, tmp_path):
    sets = [mixed(filter="R"), mixed(files="a*") | {"name": "T"}]

    with pytest.raises(UserError, match=r"a1\.fits is taken by the sets S and T"):
        known_and_new(SimpleNamespace(sets=sets, config_dir=tmp_path), db)


def test_files_that_belong_to_frames_are_no_frames_of_the_set(mixed, db, tmp_path, caplog):
    caplog.set_level("INFO", "cosmouline")
    one = mixed(files="a*")
    for name in ("a1.wht", "a2.wht", "a1_mask"):
        fits.writeto(one["raw_dir"] / f"{name}.fits", np.ones((4, 4)))

    assert sorted(frames_of(one)) == ["S_a1", "S_a2"]
    sets = [one, mixed(files="b*") | {"name": "T"}]
    known_and_new(SimpleNamespace(sets=sets, config_dir=tmp_path), db)
    assert [m for m in caplog.messages if "no frames" in m] == [
        "1 files are no frames but the mask of another one (first: a1_mask.fits)",
        "2 files are no frames but the weight of another one (first: a1.wht.fits)"]
    assert sides_of_frames([one])[str(one["raw_dir"] / "a1.fits")] == {
        "weight": one["raw_dir"] / "a1.wht.fits", "mask": one["raw_dir"] / "a1_mask.fits"}


@pytest.fixture
def nights(tmp_path):
    """Two nights with files of the same names, a folder of darks, and a hidden one."""
    for folder in ("2019/a", "2020/a", "2020/Darks", "2020/.old", "2020/b"):
        (tmp_path / "raw" / folder).mkdir(parents=True)
        (tmp_path / "raw" / folder / "f.fits").write_text("")
    return {"name": "S", "telescope": "generic", "raw_dir": tmp_path / "raw"}


@pytest.mark.parametrize(("folders", "names"), [
    ("**", ["S_2019-a-f", "S_2020-a-f", "S_2020-b-f"]), ("*/a", ["S_2019-a-f", "S_2020-a-f"]),
    ("2020/*", ["S_2020-a-f", "S_2020-b-f"])])
def test_the_folders_of_nights_are_one_set(nights, folders, names):
    assert sorted(frames_of(nights | {"folders": folders})) == names


def test_folders_without_frames_and_frames_in_folders_are_told(nights):
    with pytest.raises(UserError, match="no FITS file in"):
        frames_of(nights | {"folders": "2021*"})
    with pytest.raises(UserError, match=r'Give their names as \'folders\', such as "\*"'):
        frames_of(nights | {"raw_dir": nights["raw_dir"] / "2019"})


def frame_with(tmp_path, *hdus, beside=None, saturation_adu=60000.0):
    path = tmp_path / "f.fits"
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    return frame_with_sides(path, {"telescope": "WFC3UVIS"}, {
        "saturation_adu": saturation_adu, "gain_e_per_adu": 1.0}, beside or {})


def test_the_quality_and_error_planes_of_hubble_are_used(tmp_path):
    """Bits of WFC3: 4 is a bad pixel, 256 a full one, 16 hot but corrected by the dark."""
    image = np.full((8, 9), 5.0, np.float32)
    quality = np.zeros((8, 9), np.int16)
    quality[1, 1:4] = 4, 256, 16
    error = np.full((8, 9), 3.0, np.float32)
    error[2, 2] = 0.0

    frame = frame_with(tmp_path, fits.ImageHDU(image, name="SCI"),
                       fits.ImageHDU(error, name="ERR"), fits.ImageHDU(quality, name="DQ"),
                       fits.ImageHDU(np.zeros((3, 4), np.float32), name="D2IMARR"))

    assert np.argwhere(np.isnan(frame.data_adu)).tolist() == [[1, 1], [2, 2]]
    assert frame.data_adu[1, 2] == 60000.0
    assert np.count_nonzero(frame.data_adu == 5.0) == 72 - 3


def test_the_mask_and_error_of_las_cumbres_are_used_beside_its_catalogue(tmp_path):
    """BANZAI: 1 is bad, 2 saturated; the table of sources is no image."""
    path = tmp_path / "f.fits"
    mask = np.zeros((8, 9), np.uint8)
    mask[0, :2] = 1, 2
    table = fits.BinTableHDU.from_columns([fits.Column("x", "E", unit="pix", array=[1.0])],
                                          name="CAT")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.ones((8, 9)), name="SCI"), table,
                  fits.ImageHDU(mask, name="BPM"),
                  fits.ImageHDU(np.ones((8, 9)), name="ERR")]).writeto(path)

    frame = frame_with_sides(path, {"telescope": "LCO"},
                             {"saturation_adu": 9.0, "gain_e_per_adu": 1.0}, {})

    assert np.isnan(frame.data_adu[0, 0])
    assert (frame.data_adu[0, 1], frame.data_adu[1, 1], frame.warnings) == (9.0, 1.0, ())


def test_a_mask_beside_a_frame_that_cannot_be_read_is_a_warning(tmp_path):
    (tmp_path / "f_mask.fits").write_text("no mask")

    frame = frame_with(tmp_path, fits.ImageHDU(np.ones((4, 4)), name="SCI"),
                       beside={"mask": tmp_path / "f_mask.fits"})

    assert frame.warnings[-1].startswith("f_mask.fits beside it is not used: not a FITS file")
    assert (frame.data_adu == 1).all()


def test_new_frames_get_a_row_and_known_ones_keep_theirs(settings, db, caplog):
    caplog.set_level("INFO", "cosmouline")
    rows = known_and_new(settings, db)
    assert [row["img_name"] for row in rows] == ["R_a", "R_b"]
    assert rows[0]["set_name"] == "R"
    assert rows[0]["raw_path"].endswith("raw/a.fits")
    assert (rows[0]["gogogo"], rows[0]["treatme"]) == (True, True)
    assert caplog.messages == ["2 frames found, 2 of them new"]

    db.reject("R_a", "kicklist: trail")
    db.update("R_b", {"testlist": True})
    known_and_new(settings, db)
    assert db.rows["R_a"]["gogogo"] is False
    assert db.rows["R_b"]["testlist"] is True
    assert caplog.messages[-1] == "2 frames found, 0 of them new"


def test_names_that_differ_by_case_only_are_refused(settings, db):
    (settings.sets[0]["raw_dir"] / "A.fits").write_text("")

    with pytest.raises(UserError, match=r"A\.fits and a\.fits|a\.fits and A\.fits"):
        known_and_new(settings, db)


def test_the_set_of_an_image(settings):
    assert set_of({"img_name": "R_a", "set_name": "R"}, settings) is settings.sets[0]
    with pytest.raises(UserError, match="V_a belongs to the set 'V', which is no longer in sets"):
        set_of({"img_name": "V_a", "set_name": "V"}, settings)


def test_assumptions_are_told_once_with_their_number(caplog):
    caplog.set_level("INFO", "cosmouline")
    images = [{"set_name": "R", "header_notes": "gain is 2 (default) | no filter; none asked"},
              {"set_name": "R", "header_notes": "gain is 2 (default)"}, {"set_name": "V"}]

    log_assumptions(images)

    assert caplog.messages == ["R: gain is 2 (default) (2 images)",
                               "R: no filter; none asked (1 images)"]


def test_lists_mark_images_and_tell_unknown_names(settings, db, caplog):
    known_and_new(settings, db)
    (settings.config_dir / "kicklist.txt").write_text("# bad ones\nR_a  cosmic on the lens\nR_z\n")
    (settings.config_dir / "testlist.txt").write_text("R_b\n")

    mark_lists(settings, db)

    assert db.rows["R_a"]["whynot"] == "kicklist: cosmic on the lens"
    assert (db.rows["R_b"]["testlist"], db.rows["R_b"]["test_comment"]) == (True, "na")
    assert db.rows["R_a"]["testlist"] is False
    assert "kicklist.txt: R_z is not in the database" in caplog.messages


def test_a_frame_that_was_replaced_is_done_anew_and_told(settings, db, caplog):
    caplog.set_level("INFO", "cosmouline")
    known_and_new(settings, db)
    for name in ("R_a", "R_b"):
        db.update(name, {"ran__1_character/1a_add_to_database": "done 1 1"})

    known_and_new(settings, db)
    assert "ran__1_character/1a_add_to_database" in db.rows["R_a"]

    (settings.sets[0]["raw_dir"] / "a.fits").write_text("other pixels")
    known_and_new(settings, db)
    assert "ran__1_character/1a_add_to_database" not in db.rows["R_a"]
    assert "ran__1_character/1a_add_to_database" in db.rows["R_b"]
    assert ("R_a: the frame has changed since it was imported: it is done "
            "again") in caplog.messages


def test_an_image_without_its_frame_is_told_and_stays(settings, db, caplog):
    known_and_new(settings, db)
    (settings.sets[0]["raw_dir"] / "a.fits").unlink()

    known_and_new(settings, db)

    assert "R_a" in db.rows
    assert "1 images have no frame in the sets any more (first: R_a)" in caplog.text


def test_one_frame_twice_is_told(caplog):
    row = {"set_name": "R", "mjd": 5.0, "exptime_s": 300.0}
    warn_of_twins([row | {"img_name": "a"}, row | {"img_name": "b"},
                   row | {"img_name": "c", "mjd": 6.0}, row | {"img_name": "d", "set_name": "I"}])

    assert [record.message.split(" are ")[0] for record in caplog.records] == ["a and b"]
    caplog.clear()
    warn_of_twins([row | {"img_name": name} for name in "abcd"])
    assert [record.message.split(" are ")[0] for record in caplog.records] == [
        "a and b and 2 more"]


def test_a_frame_is_replaced_where_size_or_content_differ(tmp_path):
    path = tmp_path / "a.fits"
    path.write_text("pixels")
    now = f"6 {path.stat().st_mtime_ns}"

    assert not is_replaced({"raw_state": now}, path)
    assert is_replaced({"raw_state": "6 1"}, path)  # the content is not known
    assert not is_replaced({"raw_state": "6 1", "raw_hash": digest(path)}, path)
    assert is_replaced({"raw_state": "6 1", "raw_hash": "x"}, path)
    assert is_replaced({"raw_state": "7 1", "raw_hash": digest(path)}, path)


def test_another_frame_of_equal_size_and_time_is_noticed(tmp_path):
    """As `cp -p` or rsync leaves it."""
    path = tmp_path / "a.fits"
    path.write_text("first.")
    row = {"raw_state": state(path), "raw_hash": digest(path)}
    when = path.stat().st_mtime_ns
    assert not is_replaced(row, path)

    path.write_text("second")
    os.utime(path, ns=(when, when))

    assert is_replaced(row, path)


def test_frames_beside_the_folders_of_a_set_are_reported(mixed, db, tmp_path, caplog):
    one = mixed(files="a*")
    night = one["raw_dir"] / "night2"
    night.mkdir()
    (one["raw_dir"] / "flats").mkdir()
    for path in (night / "a3.fits", one["raw_dir"] / "flats" / "a4.fits"):
        fits.writeto(path, np.zeros((4, 4)))

    known_and_new(SimpleNamespace(sets=[one], config_dir=tmp_path), db)
    known_and_new(SimpleNamespace(sets=[one | {"folders": "*"}], config_dir=tmp_path), db)
    said = [m for m in caplog.messages if "in none of its folders" in m]
    assert [m.split("left out ")[1] for m in said] == [
        "(first: night2/a3.fits). To take them: 'folders': \"**\"",
        "(first: a1.fits). To take them: 'folders': \"**\""]
    caplog.clear()
    known_and_new(SimpleNamespace(sets=[one | {"folders": "**"}], config_dir=tmp_path), db)
    other = {"name": "N", "telescope": "generic", "raw_dir": night}
    known_and_new(SimpleNamespace(sets=[one, other], config_dir=tmp_path), db)
    assert not [m for m in caplog.messages if "in none of its folders" in m]


def test_the_date_of_a_frame_is_that_of_the_file_of_dates(tmp_path):
    dates = tmp_path / "dates.txt"
    dates.write_text("# a 2001-01-01\na   2020-01-02T03:04:05 \nb.fits 2021-01-01\n\nodd\n")
    one = {"name": "R", "overrides": {"gain_e_per_adu": 2.0, "dates": str(dates)}}

    assert overrides_of(one, tmp_path / "a.fits") == {"gain_e_per_adu": 2.0,
                                                      "date": "2020-01-02T03:04:05"}
    assert overrides_of(one, tmp_path / "b.fits")["date"] == "2021-01-01"
    assert one["overrides"]["dates"] == str(dates)  # the set keeps it for the next frame
    for name in ("odd.fits", "c.fits"):
        with pytest.raises(ImageRejected, match=f"no date for {name} in "):
            overrides_of(one, tmp_path / name)
    assert overrides_of({"name": "R"}, tmp_path / "a.fits") == {}
    dates.unlink()
    with pytest.raises(UserError, match=r"set R: dates: .* cannot be read"):
        overrides_of(one, tmp_path / "a.fits")
