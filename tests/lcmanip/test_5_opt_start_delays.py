"""Drawn curves with known delays, from a table to the program that starts PyCS3."""

import runpy

from cosmouline.errors import UserError
from cosmouline.files.io_text import read_lines
from cosmouline.lightcurve.io_rdb import read_rdb, write_rdb

import numpy as np
import pytest

SCRIPT = "lcmanip/5_opt_start_delays"
LAGS_D = {"A": 0.0, "B": 7.3, "C": -11.9}


@pytest.fixture(scope="module")
def curve():
    """Give three sources of one curve of sines, 1 % errors, two seasons, one bad night."""
    rng = np.random.default_rng(4)
    mjd = 58000 + np.concatenate([np.sort(rng.uniform(0, 160, 45)),
                                  400 + np.sort(rng.uniform(0, 160, 45))])
    table = {"mhjd": mjd}
    for number, (name, lag_d) in enumerate(LAGS_D.items()):
        day, sigma = mjd - lag_d, 0.005 * (1 + number)
        light = 0.1 * np.sin(day / 9) + 0.15 * np.sin(day / 31 + 1)
        table[f"mag_{name}"] = light - 12 + 0.3 * number + rng.normal(0, sigma, len(mjd))
        table[f"magerr_{name}_5"] = np.full(len(mjd), 9.0)  # not these
        table[f"magerr_{name}_cov"] = np.full(len(mjd), sigma)
        table[f"magerr_{name}_norm"] = np.full(len(mjd), 0.9 * sigma if name == "A" else 1e-4)
    table["mag_B"][20] = 3.0
    table["flag"] = np.arange(len(mjd)) != 20
    return table


@pytest.fixture
def found(curve, lens_after, pages, tmp_path, caplog):
    """Run the script on that table beside a lens; give the lens and the table's path."""
    lens = lens_after("1_character/1a_add_to_database")
    path = tmp_path / "three.rdb"
    write_rdb(path, curve)
    lens.run(SCRIPT, rdb=str(path), longest=40.0)
    return lens, path


def test_delays_are_found_within_their_errors(found):
    lens, path = found

    text = (lens.work / "report_delays_three.txt").read_text()
    lines = [line.replace("|", " ").replace("+-", " ").split() for line in text.splitlines()]
    pairs = {line[0]: (float(line[1]), float(line[2])) for line in lines
             if line and line[0] in ("AB", "AC", "BC")}
    assert len(pairs) == 3
    for (one, other), (delay_d, sigma_d) in pairs.items():
        assert abs(delay_d + LAGS_D[other] - LAGS_D[one]) < 4 * sigma_d
        assert sigma_d < 1
    assert "A: 81 % of the variance of a point comes from the coefficient" in text
    assert "B: " not in text.partition("A: 81")[2]
    seasons = [line for line in lines if line and line[0] in "12"]
    assert [line[3] for line in seasons] == ["44", "45"]  # without the flagged night
    assert float(seasons[1][1]) == pytest.approx(
        read_rdb(path)["mhjd"][45], abs=0.006)


def test_the_program_brings_the_curves_together_in_pycs3(found, pages):
    """PyCS3 reads it, and has the delays with their sign in its own words."""
    lc_func = pytest.importorskip("pycs3.gen.lc_func")
    topopt = pytest.importorskip("pycs3.spl.topopt")
    path = found[1].with_name("three_pycs3.py")
    given = {}

    def fit(curves, **_):
        given["curves"] = curves

    with pytest.MonkeyPatch.context() as patch:  # the fit itself takes a minute
        patch.setattr(topopt, "opt_rough", fit)
        patch.setattr(topopt, "opt_fine", fit)
        program = runpy.run_path(str(path))

    assert list(program["ERRORS"].values()) == [f"magerr_{name}_cov" for name in "ABC"]
    assert [one.object for one in given["curves"]] == ["A", "B", "C"]
    assert [len(one.jds) for one in given["curves"]] == [89, 89, 89]
    for name, delay_d in zip(("AB", "AC", "BC"), lc_func.getdelays(given["curves"]), strict=True):
        assert delay_d == pytest.approx(LAGS_D[name[0]] - LAGS_D[name[1]], abs=1.5)
    assert [len(season) for season in program["SEASONS"]] == [4, 4]
    assert path.with_name("three_pycs3.pkl").exists()


def test_the_page_shows_a_panel_for_each_pair(curve, lens_after, tmp_path, monkeypatch, pages):
    from cosmouline.pages import drawing

    monkeypatch.setattr(drawing, "save_as", lambda page, path, *_: pages.update({path.name: page}))
    path = tmp_path / "three.rdb"
    write_rdb(path, curve)
    lens_after("1_character/1a_add_to_database").run(
        SCRIPT, rdb=str(path), longest=40.0, sources=["A", "C"])

    shown = pages["three_delays.png"]
    assert [ax.get_ylabel() for ax in shown.axes if ax.get_ylabel()] == ["mag - median", "AC"]
    left, right = shown.axes[1].get_xlim()
    assert left < -LAGS_D["C"] + 5
    assert right > -LAGS_D["C"] - 5


def test_the_curve_of_the_lens_is_too_short_and_says_so(lens_after):
    lens = lens_after("lcmanip/1_join")
    lens.run(SCRIPT)

    text = (lens.work / "report_delays_lens_by_night.txt").read_text()
    assert "AB: no delay between -4 and +4 d is more probable than others." in text
    program = read_lines(lens.work / "export" / "TINY_lens_by_night_pycs3.py")
    assert "    'B': 0.0,  # no guess: the curves do not tell" in program


@pytest.mark.parametrize(("options", "says"), [
    ({"sources": ["A", "Z"]}, r"has no source 'Z', but A, B, C \(--sources\)"),
    ({"sources": ["A"]}, "a delay needs two sources, there is A only"),
    ({"rdb": "nowhere.rdb"}, r"there is no nowhere\.rdb \(--rdb\)")])
def test_what_cannot_be_is_told(curve, lens_after, tmp_path, options, says):
    write_rdb(tmp_path / "three.rdb", curve)
    with pytest.raises(UserError, match=says):
        lens_after("1_character/1a_add_to_database").run(
            SCRIPT, **{"rdb": str(tmp_path / "three.rdb")} | options)


def test_few_points_are_refused(curve, lens_after, tmp_path):
    curve = curve | {"flag": np.arange(90) < 4}
    write_rdb(tmp_path / "three.rdb", curve)
    with pytest.raises(UserError, match="4 good points of A, at least 5 are needed for a delay"):
        lens_after("1_character/1a_add_to_database").run(SCRIPT, rdb=str(tmp_path / "three.rdb"))
