"""What the nights tell of the sources; lists made by hand, and stacks drawn."""

from types import SimpleNamespace

from cosmouline.errors import UserError
from cosmouline.images.io_stack import PLANES, WEIGHT, stack_writer
from cosmouline.sources import db_detection
from cosmouline.sources.chi_square import FLAG_CUT

import numpy as np
import pytest

SETTINGS = SimpleNamespace(photom_threshold_sigma=4.0, detect_min_area_px=5, photom_name="p")
REFERENCE = {"img_name": "a", "pixel_scale_arcsec": 0.5, "has_wcs": False}
DTYPE = [(name, float) for name in ("x", "y", "a", "b", "theta", "peak", "flux")] + [
    ("npix", int), ("flag", int)]


def detected(xy, peak, mjd=60000.0, width=4.0, flag=0):
    sources = np.zeros(len(xy), DTYPE)
    sources["x"], sources["y"] = np.transpose(xy)
    sources["peak"], sources["flag"], sources["a"] = peak, flag, 2.0
    return db_detection.Detected(sources, None, None, np.ones((400, 400), bool), mjd, 4.0,
                                 np.broadcast_to(width, len(xy)).astype(float))


def nights_of(deep, peak=100.0, days=(0.0, 3.0, 6.0), rate=None):
    rng = np.random.default_rng(1)
    found = {}
    for k, day in enumerate(days):
        xy = deep + rng.normal(0, 0.02, deep.shape)
        if rate is not None:
            xy[0] += np.array(rate) * (day - 3)
        found[f"2023120{k + 1}"] = detected(xy, peak, 60000.0 + day)
    return found


def test_a_source_that_moves_is_noted_with_its_motion():
    deep = np.random.default_rng(2).uniform(20, 380, (40, 2))
    rows = db_detection.rows_of(detected(deep, 200.0), REFERENCE, SETTINGS)

    db_detection.add_nights(rows, detected(deep, 200.0), nights_of(deep, rate=(0.3, 0.4)),
                            REFERENCE, SETTINGS)

    assert rows[0]["motion_arcsec_d"] == pytest.approx(0.25, abs=0.01)  # .5 px of .5 arcsec
    assert rows[0]["note"].startswith("moves by 0.24")
    assert not any("note" in row for row in rows[1:])
    assert all(row["n_nights"] == 3 for row in rows)


def test_what_is_on_one_night_alone_is_added_unless_it_is_weak_sharp_or_at_the_edge():
    deep = np.random.default_rng(2).uniform(20, 380, (30, 2))
    nights = nights_of(deep)
    extra = [((5.0, 5.0), 50.0, 4.0, 0), ((390.0, 5.0), 5.9, 4.0, 0),  # found; below 1.5 x 4
             ((5.0, 390.0), 50.0, 2.0, 0), ((390.0, 390.0), 50.0, 4.0, FLAG_CUT)]
    one = nights["20231202"]
    nights["20231202"] = detected(
        np.vstack([np.column_stack([one.sources["x"], one.sources["y"]]),
                   [xy for xy, *_ in extra]]),
        np.append(one.sources["peak"], [peak for _, peak, *_ in extra]), one.mjd,
        np.append(one.width_px, [width for *_, width, _ in extra]),
        np.append(one.sources["flag"], [flag for *_, flag in extra]))
    rows = db_detection.rows_of(detected(deep, 200.0), REFERENCE, SETTINGS)

    db_detection.add_nights(rows, detected(deep, 200.0), nights, REFERENCE, SETTINGS)

    assert len(rows) == 31
    assert rows[30]["note"] == "on 2023-12-02 alone: it moves, or flared up"
    assert (rows[30]["number"], rows[30]["n_nights"], rows[30]["x_px"]) == (31, 1, 5.0)


def test_a_strong_source_that_most_nights_lack_is_noted():
    deep = np.random.default_rng(2).uniform(20, 380, (30, 2))
    nights = nights_of(deep)
    for night in ("20231201", "20231203"):
        one = nights[night]
        nights[night] = one._replace(sources=one.sources[1:], width_px=one.width_px[1:])
    peaks = np.full(30, 200.0)
    rows = db_detection.rows_of(detected(deep, peaks), REFERENCE, SETTINGS)

    db_detection.add_nights(rows, detected(deep, peaks), nights, REFERENCE, SETTINGS)

    assert rows[0]["note"].startswith("on 1 of 3 nights")
    assert sum("note" in row for row in rows) == 1


@pytest.mark.parametrize(("changes", "n_sources"), [
    ({}, 2), ({"photom_threshold_sigma": 30.0}, 1), ({"detect_min_area_px": 60}, 1)])
def test_stacks_of_two_filters_give_one_list_above_the_limits(tmp_path, changes, n_sources):
    """Peaks of 50 and 8 sigma of a pixel, smoothed 100 and 17 or more."""
    y, x = np.indices((120, 130))
    stacks = []
    for k, name in enumerate("gr"):
        image = np.random.default_rng(k).normal(0, 10, y.shape)
        for x0, y0, height in ((40.2, 50.7, 500), (90, 80, 50)):
            image += height * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / 2 / 1.7**2)
        path = tmp_path / f"{name}.fits"
        cards = {"GAIN": 1.0, "SATURLVL": 560.0, "MJD": 60000.0 + k, "SEEPIX": 4.0 + k}
        with stack_writer(path, y.shape, cards, None, (*PLANES, WEIGHT)) as write:
            write(slice(0, 120), slice(0, 130), (image, np.full(y.shape, 100.0),
                                                 np.full(y.shape, 3), np.full(y.shape, 0.01)))
        stacks.append((name, path))

    found = db_detection.detect(stacks, SimpleNamespace(**vars(SETTINGS) | changes))

    assert len(found.sources) == n_sources
    assert (found.sources["x"][0], found.sources["y"][0]) == pytest.approx((40.2, 50.7), abs=0.1)
    assert (found.mjd, found.fwhm_px) == (60000.5, 4.0)


def test_the_seeing_of_a_stack_is_that_of_its_stars_else_the_mean_of_its_images(tmp_path):
    y, x = np.indices((150, 160))
    images = [{"fwhm_px": 9.0, "align_scale": 2.0}]
    for name, height in (("stars", 900), ("empty", 0)):
        image = np.random.default_rng(1).normal(0, 10, y.shape)
        for x0, y0 in ((30, 30), (80, 40), (120, 30), (40, 100), (110, 110)):
            image += height * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / 2 / 1.7**2)
        with stack_writer(tmp_path / f"{name}.fits", y.shape, {"GAIN": 1.0, "SATURLVL": 1e5},
                          None, (*PLANES, WEIGHT)) as write:
            write(slice(0, 150), slice(0, 160), (image, *np.ones((3, *y.shape))))

    fwhm_px, n_stars = db_detection.stack_seeing(tmp_path / "stars.fits", images)

    # a Gaussian: its adaptive moments are divided by the 1.109 of a Moffat
    assert fwhm_px == pytest.approx(2.3548 * 1.7 / 1.109, rel=0.03)
    assert n_stars == 5
    assert db_detection.stack_seeing(tmp_path / "empty.fits", images) == (4.5, 0)


def test_without_a_list_the_script_is_named(tmp_path):
    with pytest.raises(UserError, match=r"Run fac_photom/3_detect\.py first"):
        db_detection.read(SimpleNamespace(work_dir=tmp_path, photom_name="p"))
