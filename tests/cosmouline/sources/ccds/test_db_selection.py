"""Which of the tables of a selection the stars of the PSF are; the rest runs in fac_shapes."""

from types import SimpleNamespace

from cosmouline.sources.ccds import db_selection

import pytest

SELECTION = """[RAND_SPLIT:{first}]
RATIO = {ratio}
MASK = star_selection
[RAND_SPLIT:{second}]
RATIO = 40
MASK = star_selection
"""


@pytest.mark.parametrize(("first", "second", "ratio", "kept", "test"), [
    ("star_split", "galaxy_split", 20, "star_split_ratio_80", "star_split_ratio_20"),
    ("galaxy_split", "star_split", 20, "star_split_ratio_60", "star_split_ratio_40"),
    ("star_split", "galaxy_split", 0.25, "star_split_ratio_75", "star_split_ratio_25"),
    ("galaxy_split", "other_split", 20, "star_selection", "star_selection")])
def test_stars_are_split_by_the_section_of_their_name(
        monkeypatch, tmp_path, first, second, ratio, kept, test):
    """A RATIO below 1 is a part, else per cent, as in setools."""
    (tmp_path / "own.setools").write_text(SELECTION.format(
        first=first, second=second, ratio=ratio))
    settings = SimpleNamespace(config_dir=tmp_path, star_selection="own.setools",
                               work_dir=tmp_path)
    monkeypatch.setattr(db_selection, "read_table", lambda path, name: name)

    assert db_selection.stars({"img_name": "c1"}, settings) == kept
    assert db_selection.stars({"img_name": "c1"}, settings, is_test=True) == test
