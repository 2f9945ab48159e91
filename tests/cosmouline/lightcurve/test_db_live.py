from types import SimpleNamespace

from cosmouline.lightcurve import db_live, io_rdb, news

import numpy as np
import pytest


@pytest.fixture
def told(tmp_path):
    """Write a curve of two sources, brighter at its end by some errors; give what is told."""
    settings = SimpleNamespace(work_dir=tmp_path, lens_name="Q", dec_name="second",
                               join_by="image", band="")
    (tmp_path / "export").mkdir()

    def of(n, rise=0.0, name="Q_second_by_image.rdb"):
        mag = np.full(n, 18.0)
        mag[-1] -= rise
        io_rdb.write_rdb(tmp_path / "export" / name, {
            "mhjd": 58000.0 + np.arange(n), "datetime": [f"2019-01-{i + 1:02d}" for i in range(n)],
            "telescope": ["T"] * n, "nbimg": [2] * n, "flag": [True] * n,
            "mag_A": mag, "magerr_A_cov": [.01] * n, "mag_B": [np.nan] * n,
            "magerr_B_cov": [np.nan] * n})
        return db_live.tell(settings)
    of.folder = tmp_path / "export"
    return of


def test_each_point_is_told_once(told):
    assert len(told(3)) == 6
    assert told(3) == []
    assert [line.partition(",")[0] for line in told(4)] == ["Q A 2019-01-04 18.000 +- 0.010",
                                                            "Q B 2019-01-04 not measured"]


def test_a_rise_is_told_as_one(told):
    told(4)

    line = told(5, rise=0.1)[0]

    assert line.startswith("RISE: Q A 2019-01-05 17.900 +- 0.010, +8.7 sigma")  # .1 / .0115


def test_the_news_lie_beside_the_curve_of_each_band(told):
    told(2)
    told(2, name="Q_second_V_by_image.rdb")

    for name in ("Q_second_news.jsonl", "Q_second_V_news.jsonl"):
        points = news.read_news(told.folder / name)
        assert [(one["lens"], one["source"]) for one in points] == [("Q", "A"), ("Q", "B")] * 2


def test_other_curves_are_not_told(told):
    for name in ("P_second_by_image.rdb", "Q_lens_by_image.rdb", "Q_second_by_night.rdb"):
        assert told(2, name=name) == []
