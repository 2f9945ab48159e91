from types import SimpleNamespace

from cosmouline.engine.tool import run_tool
from cosmouline.lightcurve.io_rdb import write_rdb

import numpy as np
import pytest

SCRIPT = "extrascripts/rdb_statistics"


def ended(script, *words):
    """Run the tool; return its exit status."""
    module = script(SCRIPT)
    with pytest.raises(SystemExit) as end:
        run_tool(module.main, module.__doc__, module.ARGUMENTS, [str(word) for word in words])
    return end.value.code


def table(path, n, step_d, fwhm):
    flag = np.ones(n, bool)
    flag[0] = False
    write_rdb(path, {
        "mhjd": 50000 + step_d * np.arange(n), "nbimg": np.full(n, 3), "fwhm": np.full(n, fwhm),
        "airmass": np.full(n, 1.2), "flag": flag, "mag_A": np.zeros(n),
        "magerr_A_5": np.full(n, 0.01)})


def options(folder, *names):
    return SimpleNamespace(curves=[folder / name for name in names], out=folder, flagged=False)


def test_lenses_stand_beside_each_other(script, tmp_path):
    table(tmp_path / "one.rdb", 11, 3.0, 1.5)
    table(tmp_path / "two.rdb", 6, 7.0, 0.9)

    assert ended(script, tmp_path / "one.rdb", tmp_path / "two.rdb") == 0

    lines = (tmp_path / "rdb_statistics.txt").read_text().splitlines()
    assert [line.replace("|", " ").split() for line in lines[-2:]] == [
        ["one", "10", "1", "33", "27", "3.00", "1.50", "1.20", "0.0100", "0.0000"],
        ["two", "5", "1", "18", "28", "7.00", "0.90", "1.20", "0.0100", "0.0000"]]
    assert (tmp_path / "rdb_statistics.png").stat().st_size > 10000


def test_it_writes_beside_the_first_table_or_where_it_is_told(script, tmp_path, monkeypatch):
    for name in ("lens", "elsewhere", "here"):
        (tmp_path / name).mkdir()
    table(tmp_path / "lens" / "one.rdb", 11, 3.0, 1.5)
    monkeypatch.chdir(tmp_path / "here")

    ended(script, "../lens/one.rdb")
    ended(script, "../lens/one.rdb", "--out", tmp_path / "elsewhere")

    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("rdb_stat*")} == {
        f"{folder}/rdb_statistics.{kind}" for folder in ("lens", "elsewhere")
        for kind in ("txt", "png")}


def test_a_file_that_is_not_there_ends_it(script, tmp_path):
    assert ended(script, tmp_path / "none.rdb") == 1


def test_a_table_of_another_program_needs_dates_magnitudes_and_errors_alone(script, tmp_path):
    table(tmp_path / "one.rdb", 11, 3.0, 1.5)
    write_rdb(tmp_path / "other.rdb", {"mhjd": 50000 + 5.0 * np.arange(4), "mag": np.zeros(4),
                                       "magerr": np.full(4, 0.02)})

    script(SCRIPT).main(options(tmp_path, "one.rdb", "other.rdb"))

    last = (tmp_path / "rdb_statistics.txt").read_text().splitlines()[-1]
    words = last.replace("|", " ").split()
    assert (words[:6], words[-2:]) == (["other", "4", "0", "0", "15", "5.00"],
                                       ["0.0200", "0.0000"])
    assert (tmp_path / "rdb_statistics.png").exists()


def test_without_any_condition_no_histogram_is_drawn(script, tmp_path):
    write_rdb(tmp_path / "other.rdb", {"mhjd": [1.0, 2.0], "mag": [1.0, 1.0],
                                       "magerr": [0.1, 0.1]})

    script(SCRIPT).main(options(tmp_path, "other.rdb"))

    assert [path.name for path in tmp_path.glob("rdb_stat*")] == ["rdb_statistics.txt"]


