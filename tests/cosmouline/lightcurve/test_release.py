from cosmouline.lightcurve import release

import pytest


def test_a_bundle_that_fails_leaves_the_old_one(tmp_path):
    (tmp_path / "a.txt").write_text("first")
    folder = tmp_path / "final" / "today"
    release.write(folder, {"x/a.txt": tmp_path / "a.txt"}, "readme")
    (tmp_path / "a.txt").write_text("second")

    with pytest.raises(FileNotFoundError):
        release.write(folder, {"x/a.txt": tmp_path / "a.txt", "z": tmp_path / "none"}, "readme")

    assert (folder / "x/a.txt").read_text() == "first"
    assert [path.name for path in folder.parent.iterdir()] == ["today"]


def test_a_new_bundle_has_nothing_of_the_old_one(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    folder = tmp_path / "today"
    release.write(folder, {"old.txt": tmp_path / "a.txt"}, "readme")

    release.write(folder, {"new.txt": tmp_path / "a.txt"}, "About.", ["stack"])

    assert {path.name for path in folder.iterdir()} == {"new.txt", "readme.txt"}
    readme = (folder / "readme.txt").read_text()
    assert readme.startswith("About.\n\nwritten 20")
    assert "missing:\n  stack\n" in readme
    # sha256 of the four letters "text"
    assert "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1  new.txt" in readme


def test_versions_of_what_makes_numbers_are_known():
    assert {"cosmouline", "python", "numpy", "astropy"} <= set(release.versions())
