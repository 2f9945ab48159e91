"""Notes on images: what one script writes another reads, note by note, by their kinds."""

from types import SimpleNamespace

from cosmouline.database import fields, notes

import pytest


def test_what_is_written_is_read_note_by_note():
    row = {"frame_notes": notes.as_text(["GAIN = 'x' is a text: taken as 2", "", "no filter"]),
           "star_notes": notes.as_text(["few stars: 3 behind the seeing; cloud?"])}

    assert notes.of(row, "frame_notes") == [
        ("GAIN", "GAIN = 'x' is a text: taken as 2"), ("no filter", "no filter")]
    assert [note.kind for note in notes.of(row, *notes.INTAKE)] == [
        "GAIN", "no filter", "few stars"]
    assert notes.of(row, "pixel_notes") == notes.of({}, *notes.INTAKE) == []


def test_without_a_note_the_field_is_absent():
    assert notes.as_text([]) is None
    assert notes.as_text([""]) is None


def test_the_fields_are_declared():
    assert all(fields.lookup(name).type is str for name in notes.INTAKE)


@pytest.mark.parametrize(("reason", "short"), [
    ("truncated: the header announces 5 bytes (1_character/1b_copy_convert)", "truncated"),
    ("GAIN = '2.7 e-/ADU' is a text: taken as 2.7", "GAIN"),
    ("1.4 % of the pixels are NaN", "part of the pixels are NaN"),
    ("size of 80 x 90 pixels, not 160 x 180 like the rest", "size of ... pixels"),
    ("elongated stars: ellipticity of 0.54; trailed?", "elongated stars"),
    ("3 very negative pixels (down to -5e4): stars beyond 16 bits?", "very negative pixels"),
    ("only 1 sources in the image", "only ... sources in the image"),
    ("duplicate: it has the pixels of R_a", "duplicate")])
def test_reasons_of_one_kind_are_counted_together(reason, short):
    assert notes.kind(reason) == short


def test_counts_are_reported_where_there_are_some(caplog):
    db = SimpleNamespace(rows={"a": {"n_lost": 2}, "b": {"img_name": "b", "n_lost": 5}, "c": {},
                               "d": {"n_lost": 0}, "e": {"n_lost": 9}})
    images = [{"img_name": name} for name in "abcd"]

    with caplog.at_level("INFO", "cosmouline"):
        notes.log_counts(db, images, "n_lost", "why")
        notes.log_counts(db, images[2:], "n_lost", "why not")

    assert caplog.messages == ["2 images (most: b, 5 stars): why"]
