"""Two extractions side by side: the same engine twice agrees; STARRED agrees with ours."""

import shutil
from types import SimpleNamespace

from cosmouline.deconv import db_fit
from cosmouline.lightcurve.delay import db_two_extractions
from cosmouline.lightcurve.delay.db_two_extractions import curve, delay_rows, point_rows, spread

import numpy as np
import pytest

SCRIPT, AFTER = "7_deconv/7b_opt_two_extractions", "7_deconv/6_readout"


def rows_of(lens):
    """The lines of the report on the sources, as dicts of text."""
    lines = (lens.work / "report_two_extractions_lens.txt").read_text().splitlines()
    first = next(k for k, line in enumerate(lines) if line.lstrip().startswith("source"))
    head = [cell.strip() for cell in lines[first].split("|")]
    return [dict(zip(head, (cell.strip() for cell in line.split("|")), strict=True))
            for line in lines[first + 2:first + 4]]


def test_a_second_fit_by_the_same_engine_is_the_same(lens_after, pages, monkeypatch, caplog):
    """Told to be STARRED: all ratios are 1, and it is not made again when nothing has changed."""
    lens = lens_after(AFTER)
    fit, calls = db_two_extractions.fit_epochs, []

    def ours(part, sources, settings):
        calls.append(len(part.names))
        return fit(part, sources, SimpleNamespace(**vars(settings) | {"deconv_engine": "gp"}))

    monkeypatch.setattr(db_two_extractions, "fit_epochs", ours)
    lens.run(SCRIPT, images=0)
    lens.run(SCRIPT, images=0)

    assert calls == [6]
    assert "starred: 6 of 6 images, the stored fit stays" in caplog.text
    for row in rows_of(lens):
        assert float(row["ratio"]) == pytest.approx(0.0, abs=2e-4)  # convergence of the fit
        assert float(row["pull"]) < 0.05
    assert "two_extractions_lens" in pages


def test_the_other_engine_fits_the_other_deconvolution(lens_after, monkeypatch):
    """Its engine is the one that the lens was not fitted with; its file is in that folder."""
    lens, engines = lens_after(AFTER), []
    shutil.copytree(lens.work / "dec_lens", lens.work / "dec_two")
    settings = lens.settings()
    settings.dec_name, settings.deconv_engine = "two", "starred"
    monkeypatch.setattr(db_two_extractions, "fit_epochs", lambda part, sources, changed: (
        engines.append(changed.deconv_engine), (None, None))[1])
    monkeypatch.setattr(db_two_extractions, "write_fit", lambda path, *_: engines.append(path))
    monkeypatch.setattr(db_two_extractions.db_products, "start_sources", lambda _: [])
    monkeypatch.setattr(db_two_extractions.db_sources, "of_fit", lambda *_: None)
    monkeypatch.setattr(db_two_extractions.db_warm_start, "made_of", lambda *_: {})

    db_two_extractions.other_extraction(SimpleNamespace(names=["i"]), [], {}, settings)

    assert engines == ["gp", lens.work / "dec_two" / "fit_gp.npz"]


@pytest.mark.long
def test_starred_finds_the_fluxes_of_the_drawn_lens(lens_after, pages, monkeypatch):
    """Two point sources without a galaxy: both engines are right to their errors."""
    lens = lens_after(AFTER)
    monkeypatch.setattr(db_fit, "keep_compiled", lambda path: None)

    lens.run(SCRIPT, images=6)

    for row in rows_of(lens):
        assert int(row["points"]) == 6
        assert abs(float(row["ratio"])) < 5 * float(row["random"]) / np.sqrt(6) + 0.003
        assert float(row["pull"]) < 1


def drawn(n, seed, offset_d):
    """Two curves of one walk, the second later, by two extractions with a ratio of 1.02."""
    rng = np.random.default_rng(seed)
    mjd = np.sort(rng.uniform(0, 200, n))
    grid = np.arange(-100.0, 400.0)
    walk = np.cumsum(rng.normal(0, 0.03, grid.size))
    flux = 1e5 * 10 ** (-0.4 * np.stack([np.interp(mjd, grid, walk),
                                         np.interp(mjd - offset_d, grid, walk)], 1))
    sigma = 0.003 * flux
    fits = []
    for factor in (1.0, 1.02):
        noisy = factor * (flux + sigma * rng.standard_normal(flux.shape))
        covariance = sigma[:, :, None] ** 2 * np.eye(2)
        fits.append(SimpleNamespace(flux=noisy, covariance_total=covariance))
    return mjd, [curve(one, np.zeros(flux.shape), "AB", mjd) for one in fits]


def test_the_ratio_of_the_fluxes_is_found_with_pulls_of_one():
    _, curves = drawn(200, 1, 12.0)

    for row in point_rows(*curves, "AB", [0.01, 0.01]):
        assert row["ratio"] == pytest.approx(0.02, abs=5 * 1.25 * 0.003 * np.sqrt(2 / 200))
        assert row["pull"] == pytest.approx(1.0, abs=5 * 1.17 / np.sqrt(200))
        assert row["random"] == pytest.approx(0.003, rel=0.01)


def test_both_delays_are_those_of_the_curve():
    _, curves = drawn(60, 2, 12.0)

    (row,) = delay_rows(*curves, "AB")

    assert row["pair"] == "AB"
    # what is to be added to the dates of B, which is later
    assert row["first"] == pytest.approx(-12.0, abs=5 * row["first error"])
    assert row["second"] == pytest.approx(-12.0, abs=5 * row["second error"])
    assert 0 < row["first error"] < 3


def test_report_and_picture_have_the_names_of_the_settings(script, monkeypatch):
    module, saved = script("pipe/" + SCRIPT), {}
    mjd, (columns, _) = drawn(20, 3, 5.0)
    flux = 10 ** (-0.4 * np.stack([columns["mag_A"], columns["mag_B"]], 1))
    fit = SimpleNamespace(flux=flux, covariance_total=(0.003 * flux)[:, :, None] ** 2 * np.eye(2),
                          flux_systematic=0.01 * flux.mean(0), n_images=2, take=lambda _: fit)
    zero, names = np.zeros(flux.shape), [SimpleNamespace(name=name) for name in "AB"]
    monkeypatch.setattr(module, "db_products", SimpleNamespace(
        gathered_epochs=lambda _: SimpleNamespace(names=list(range(20))),
        start_sources=lambda _: names, joint_fit=lambda _: (fit, zero)))
    monkeypatch.setattr(module.two, "of_epochs", lambda content, _: content)
    monkeypatch.setattr(module.two, "dates", lambda *_: mjd)
    monkeypatch.setattr(module.two, "other_extraction", lambda *_: db_two_extractions.Extraction(
        "gp", fit, zero, False))
    monkeypatch.setattr(module.paths, "report", lambda _, name: name)
    monkeypatch.setattr(module.io_report, "write_report",
                        lambda path, title, text: saved.update({path: (title, text)}))
    monkeypatch.setattr(module.drawing, "lens", lambda _: "L")
    monkeypatch.setattr(module.drawing, "save_plot",
                        lambda page, name, *_: saved.update(page=(page, name)))

    module.measure([], {}, SimpleNamespace(
        lens_name="OTHER", dec_name="two", deconv_engine="starred",
        options=SimpleNamespace(images=0)))

    title, text = saved["two_extractions_two"]
    assert title == "OTHER: starred and gp, two"
    assert "AB" in text
    page, name = saved["page"]
    assert name == "two_extractions_two"
    # both curves of A as they were put in
    drawn_mags = [c.get_offsets()[:, 1] for c in page.axes[0].collections
                  if len(c.get_offsets()) == 20]
    for mags in drawn_mags[:2]:
        np.testing.assert_allclose(mags, columns["mag_A"])


def test_few_points_tell_no_delay():
    _, curves = drawn(4, 2, 12.0)

    assert delay_rows(*curves, "AB") == []


@pytest.mark.parametrize(("n", "expected"), [(3, [0, 5, 9]), (0, list(range(10))),
                                             (99, list(range(10)))])
def test_images_are_spread_over_all(n, expected):
    content = SimpleNamespace(names=list("abcdefghij"))

    found = spread(content, n).tolist()

    assert len(found) == len(expected)
    assert found[0] == expected[0]
    assert found[-1] == expected[-1]
