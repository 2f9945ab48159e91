from cosmouline.lightcurve.io_rdb import write_rdb

import numpy as np

SCRIPT = "extrascripts/rdb_statistics"


def table(path, n, step_d, fwhm):
    flag = np.ones(n, bool)
    flag[0] = False
    write_rdb(path, {
        "mhjd": 50000 + step_d * np.arange(n), "nbimg": np.full(n, 3), "fwhm": np.full(n, fwhm),
        "airmass": np.full(n, 1.2), "flag": flag, "mag_A": np.zeros(n),
        "magerr_A_5": np.full(n, 0.01)})


def test_lenses_stand_beside_each_other(script, tmp_path):
    table(tmp_path / "one.rdb", 11, 3.0, 1.5)
    table(tmp_path / "two.rdb", 6, 7.0, 0.9)

    code = script(SCRIPT).main([str(tmp_path / "one.rdb"), str(tmp_path / "two.rdb"),
                                "--out", str(tmp_path)])

    assert code == 0
    lines = (tmp_path / "rdb_statistics.txt").read_text().splitlines()
    assert [line.replace("|", " ").split() for line in lines[-2:]] == [
        ["one", "10", "1", "33", "27", "3.00", "1.50", "1.20", "0.0100", "0.0000"],
        ["two", "5", "1", "18", "28", "7.00", "0.90", "1.20", "0.0100", "0.0000"]]
    assert (tmp_path / "rdb_statistics.png").stat().st_size > 10000


def test_a_file_that_is_not_there_ends_it(script, tmp_path):
    assert script(SCRIPT).main([str(tmp_path / "none.rdb")]) == 1
