import os

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


def test_a_file_that_is_replaced_keeps_what_its_group_may_do(tmp_path):
    target = tmp_path / "x.txt"
    target.write_text("old")
    target.chmod(0o664)
    before = os.umask(0o077)
    try:
        for path in (target, tmp_path / "new.txt"):
            with atomic_path(path) as temporary:
                temporary.write_text("new")
    finally:
        os.umask(before)

    assert oct(target.stat().st_mode & 0o777) == "0o664"
    assert oct((tmp_path / "new.txt").stat().st_mode & 0o777) == "0o600"
