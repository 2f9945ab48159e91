"""The report on the intake of frames, on made-up rows."""

from types import SimpleNamespace

from cosmouline.frames import db_intake_report
from cosmouline.frames.db_intake_report import flagged, refused, warn_of_duplicates, write

import pytest

ADD = "1_character/1a_add_to_database"


def row(name, **more):
    return {"img_name": name, "set_name": "R", "raw_path": f"/raw/{name}.fits", "gogogo": True,
            "filter": "R", "telescope": "E", "gain_e_per_adu": 2.0, "mjd": float(ord(name[-1])),
            "exptime_s": 1.0} | more


class Rows(list):
    """Rows with the method of the database that the report uses."""

    def select(self, **wanted):
        return [one for one in self if all(one.get(key) == value for key, value in wanted.items())]


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "raw" / "folder.fits").mkdir(parents=True)
    return SimpleNamespace(work_dir=tmp_path, lens_name="Q", band="",
                           sets=[{"name": "R", "raw_dir": tmp_path / "raw"}])


def test_images_are_refused_by_scripts_and_not_by_the_user():
    rows = [row("a", gogogo=False, whynot=f"no GAIN ({ADD})"),
            row("b", gogogo=False, whynot="kicklist: trail (of a satellite)"), row("c")]

    assert [(one["img_name"], why) for one, why in refused(rows)] == [("a", f"no GAIN ({ADD})")]


def test_flags_are_the_notes_of_the_scripts_and_what_differs_from_the_set():
    rows = [row("a", frame_notes="GAIN = '2' is a text: taken as 2 | no filter in the header"),
            row("b", star_notes="few stars"), row("c", filter="I"), row("d", telescope="N"),
            row("e", gain_e_per_adu=3.0), row("f", mjd=ord("g") * 1.0), row("g"),
            row("h", set_name="V", scene_notes="trail", pixel_notes="NaN"),
            row("i", gogogo=False, frame_notes="x")]

    assert [(one["img_name"], note) for one, note in flagged(rows)] == [
        ("a", "GAIN = '2' is a text: taken as 2"), ("a", "no filter in the header"),
        ("b", "few stars"), ("c", "filter = 'I', not 'R' like the rest of the set"),
        ("d", "telescope = 'N', not 'E' like the rest of the set"),
        ("e", "gain = 3 e-/ADU, not 2 like the rest of the set"),
        ("g", "duplicate: it has the moment of f"), ("h", "NaN"), ("h", "trail"),
        ("h", "1 image only in the set V: no scatter between images")]


@pytest.mark.parametrize(("gain", "is_flagged"), [(2.59, False), (2.61, True), (1.55, False),
                                                  (1.53, True)])
def test_a_gain_may_differ_by_30_percent_from_the_median(gain, is_flagged):
    rows = [row("a"), row("b"), row("c", gain_e_per_adu=gain)]

    assert bool(flagged(rows)) is is_flagged


def test_the_report_lists_images_and_files_and_the_log_counts_reasons(settings, caplog):
    caplog.set_level("INFO", "cosmouline")
    rows = Rows([row("a", gogogo=False, whynot=f"EXPTIME = 0 is not between 1 and 2 ({ADD})"),
                 row("b", gogogo=False, whynot=f"EXPTIME = -1 is not between 1 and 2 ({ADD})"),
                 row("c", gogogo=False, whynot=f"no GAIN in the header ({ADD})"),
                 row("d", pixel_notes="2 pixels beyond 1e+15: taken as NaN | "
                                      "NCOMBINE = 5: a stack"),
                 row("e", pixel_notes="3 pixels beyond 1e+15: taken as NaN"), row("f")])

    write(settings, rows)

    assert caplog.messages[:2] == [
        "3 of 6 images refused: 2 EXPTIME; c (no GAIN in the header)",
        "2 flagged: 2 pixels beyond ...; d (NCOMBINE = 5: a stack)"]
    text = (settings.work_dir / "report_intake.txt").read_text()
    lines = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    assert ["2", "refused", "a", "EXPTIME = 0 is not between 1 and 2"] in lines
    assert ["1", "flagged", "d", "NCOMBINE = 5: a stack"] in lines
    assert ["b", "b.fits", f"EXPTIME = -1 is not between 1 and 2 ({ADD})"] in lines
    assert ["d", "d.fits", "NCOMBINE = 5: a stack"] in lines
    assert text.startswith("Q: intake of the frames")
    assert "Repair or replace the files and run again" in text
    assert "1 files ignored" in text
    assert any(cells == ["R", "'folder.fits'", "a folder"] for cells in lines)


def test_the_log_names_the_six_most_frequent_reasons(settings, caplog):
    caplog.set_level("INFO", "cosmouline")
    words = ["cloud", "trail", "ghost", "moon", "fog", "star", "wind", "rain"]
    notes = [word for k, word in enumerate(words) for _ in range(8 - k)]
    rows = Rows(row(f"x{chr(65 + k)}", star_notes=note) for k, note in enumerate(notes))

    write(settings, rows)

    assert caplog.messages[1] == ("36 flagged: 8 cloud; 7 trail; 6 ghost; 5 moon; 4 fog; 3 star; "
                                  "2 more reasons")
    caplog.clear()
    write(settings, Rows(rows[:-1]))
    assert caplog.messages[1].endswith("3 star; 1 more reasons")
    write(settings, Rows(rows[:32]))
    assert caplog.messages[-2].endswith("4 fog; 2 star")


def test_only_copies_with_the_same_pixels_in_use_are_warned_of(caplog):
    rows = Rows([row("a", pixel_hash="1"), row("b", pixel_hash="1"), row("c", mjd=97.0),
                 row("d", pixel_hash="2", gogogo=False), row("e", pixel_hash="2")])

    warn_of_duplicates(rows)

    assert caplog.messages == ["b duplicate: it has the pixels of a. Name one of them in "
                               "kicklist.txt."]
    assert db_intake_report.N_KINDS == 6
