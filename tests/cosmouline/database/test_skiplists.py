"""The lists of the user, of images that a step leaves out."""

from types import SimpleNamespace

from cosmouline.database import skiplists

import pytest


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(config_dir=tmp_path)


def test_a_skiplist_is_read_where_there_is_one(settings):
    assert skiplists.skiplist(settings, "dec_lens_skiplist.txt") == {}
    (settings.config_dir / "dec_lens_skiplist.txt").write_text("i trailed\nj\n")
    assert skiplists.skiplist(settings, "dec_lens_skiplist.txt") == {"i": "trailed", "j": "na"}


def test_every_unknown_name_of_every_list_is_reported_alone(settings, caplog):
    (settings.config_dir / "a.txt").write_text("i trailed\nz\nj\n")
    (settings.config_dir / "b.txt").write_text("j\ny hot\n")
    db = SimpleNamespace(rows={"i": {}, "j": {}, "k": {}})

    skiplists.tell_unknown(settings, db, "a.txt", "b.txt", "missing.txt")

    assert caplog.messages == [f"{place} is not in the database" for place in ("a.txt: z",
                                                                               "b.txt: y")]
