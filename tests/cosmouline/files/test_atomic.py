from cosmouline.files.atomic import atomic_path

import pytest


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    target = tmp_path / "new" / "x.fits"
    with atomic_path(target) as temporary:
        temporary.write_text("half")
        assert not target.exists()
        assert temporary.suffix == ".fits"
    assert target.read_text() == "half"
    assert list(target.parent.iterdir()) == [target]


def test_after_an_error_the_old_file_stays_and_nothing_else(tmp_path):
    target = tmp_path / "x.txt"
    target.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_path(target) as temporary:
        temporary.write_text("new") and (tmp_path / "absent").read_text()

    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_without_sync_is_whole_too(tmp_path):
    target = tmp_path / "x.txt"
    with atomic_path(target, is_synced=False) as temporary:
        temporary.write_text("half")
        assert not target.exists()

    assert target.read_text() == "half"
    assert list(tmp_path.iterdir()) == [target]
