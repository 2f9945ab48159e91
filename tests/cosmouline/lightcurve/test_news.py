"""Numbers by hand; files that a crash has cut."""

import json

from cosmouline.lightcurve import news

import numpy as np
import pytest


def curve(mag, error=0.01, good=None, images=None):
    n = len(mag)
    return {"mhjd": 58000.0 + np.arange(n), "datetime": np.array([f"d{i}" for i in range(n)]),
            "telescope": np.array(["T"] * n), "nbimg": np.array(images or [2] * n),
            "flag": np.ones(n, bool), "mag_A": np.array(mag, float),
            "magerr_A_cov": np.broadcast_to(np.asarray(error, float), n).copy(),
            "flag_A": np.array(good or [True] * n)}


def test_a_change_is_in_errors_of_the_difference_to_the_mean_of_three_before():
    found = news.news(curve([18.0, 18.2, 18.1, 18.3, 18.12], [.01, .02, .02, .01, .03]), ["A"])

    weight = np.array([1 / .02**2, 1 / .02**2, 1 / .01**2])  # of 18.2, 18.1, 18.3
    mean = (18.2 * weight[0] + 18.1 * weight[1] + 18.3 * weight[2]) / weight.sum()
    assert found[4]["change_sigma"] == pytest.approx(
        (mean - 18.12) / np.sqrt(.03**2 + 1 / weight.sum()))
    assert found[0]["change_sigma"] is None
    assert found[1]["change_sigma"] == pytest.approx(-.2 / np.hypot(.01, .02))


def test_a_rise_is_brighter_by_more_than_five_errors():
    step = 0.01 * np.sqrt(1 + 1 / 3)  # one error of the difference to the mean of three

    def last(change, good=True):
        return news.news(curve([18, 18, 18, 18 - change * step],
                               good=[True, True, True, good]), ["A"])[-1]["is_rise"]

    assert last(5.1)
    assert not last(4.9)
    assert not last(-9)  # fainter
    assert not last(9, good=False)


def test_flagged_points_are_no_measure_for_the_next():
    found = news.news(curve([18.0, 15.0, 18.0], good=[True, False, True]), ["A"])

    assert found[2]["change_sigma"] == pytest.approx(0)
    assert [one["is_good"] for one in found] == [True, False, True]


def test_known_points_are_left_out_and_a_night_with_more_images_is_new():
    before = news.news(curve([18.0, 18.1]), ["A"])
    known = {news.key_of(one) for one in before}

    found = news.news(curve([18.0, 18.1, 18.2], images=[2, 3, 2]), ["A"], known)

    assert [(one["mhjd"], one["images"]) for one in found] == [(58001.0, 3), (58002.0, 2)]


def test_points_come_in_the_order_of_time_whatever_that_of_the_table():
    table = {name: values[::-1] for name, values in curve([18.0, 18.1, 18.2]).items()}

    assert [one["mag"] for one in news.news(table, ["A"])] == [18.0, 18.1, 18.2]


def test_what_was_not_measured_is_null(tmp_path):
    found = news.news(curve([18.0, np.nan, 18.0], [.01, np.nan, .01]), ["A"])
    news.add_news(tmp_path / "n.jsonl", found)

    lines = (tmp_path / "n.jsonl").read_text().splitlines()
    assert json.loads(lines[1])["mag"] is None
    assert json.loads(lines[1])["change_sigma"] is None
    assert json.loads(lines[2])["change_sigma"] == pytest.approx(0)
    assert news.read_news(tmp_path / "n.jsonl") == found


def test_news_are_added_and_a_line_cut_off_is_told_again(tmp_path):
    path, found = tmp_path / "n.jsonl", news.news(curve([18.0, 18.1, 18.2]), ["A"])
    news.add_news(path, found[:2])
    path.write_text(path.read_text()[:-20])

    assert news.read_news(path) == found[:1]
    news.add_news(path, found[1:])
    assert news.read_news(path) == found


def test_a_file_that_is_not_there_has_no_news(tmp_path):
    assert news.read_news(tmp_path / "none.jsonl") == []
