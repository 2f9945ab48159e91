from cosmouline.database import manual, script_header

import pytest


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """Give an empty tree of scripts, and a function that makes them by name."""
    monkeypatch.setattr(script_header, "ROOT", tmp_path)

    def make(*names):
        for name in names:
            path = tmp_path / "pipe" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    return make


def test_optional_scripts_come_behind_those_that_sort_before_them(scripts):
    scripts("1_x/1_do", "1_x/1_alt_not", "1_x/2_opt_more", "1_x/3_go", "1_x/0_opt_first")

    assert manual.all_scripts(("1_x/1_do", "1_x/3_go")) == [
        "1_x/0_opt_first", "1_x/1_do", "1_x/1_alt_not", "1_x/2_opt_more", "1_x/3_go"]


def test_a_second_route_comes_behind_with_what_it_has_of_its_own(scripts):
    scripts("1_x/1_do", "1_x/2_opt_more", "fac_y/1_go", "fac_y/2_opt_on")

    assert manual.all_scripts(("1_x/1_do",), ("1_x/2_opt_more", "fac_y/1_go")) == [
        "1_x/1_do", "1_x/2_opt_more", "fac_y/1_go", "fac_y/2_opt_on"]
