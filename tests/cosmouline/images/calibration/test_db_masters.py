"""Which frames make one master, and which master suits a frame."""

from pathlib import Path
from types import SimpleNamespace

from cosmouline.errors import ImageRejected
from cosmouline.images.calibration.db_masters import groups, nearest
from cosmouline.images.calibration.io_master import Master

import pytest


def settings(**changes):
    return SimpleNamespace(**({"master_by": "night", "master_min_frames": 2,
                               "master_days_max": 30.0, "master_temperature_max_c": 2.0}
                              | changes))


def frame(night="2020-01-01", exptime_s=60.0, temperature_c=-40.0, **changes):
    return {"img_name": "x", "set_name": "cam", "frame_config": "100x100", "frame_night": night,
            "frame_exptime_s": exptime_s, "frame_temperature_c": temperature_c,
            "frame_filter": "R", "frame_mjd": 58849.0} | changes


def names(rows, kind, **changes):
    return [item["img_name"] for item in groups(rows, kind, settings(**changes))]


def test_nights_exposure_times_temperatures_and_filters_are_never_mixed():
    """PhotoPipe combines darks of different exposure times, with the first one's."""
    two = [frame(), frame()]

    assert names(two, "bias") == ["bias_cam_100x100_2020-01-01"]
    assert names(two + [frame("2020-01-02")] * 2, "bias") == [
        "bias_cam_100x100_2020-01-01", "bias_cam_100x100_2020-01-02"]
    assert names(two + [frame(exptime_s=300.0)] * 2, "dark") == [
        "dark_cam_100x100_300s_2020-01-01", "dark_cam_100x100_60s_2020-01-01"]
    assert names(two + [frame(temperature_c=-30.0)] * 2, "dark") == [
        "dark_cam_100x100_60s_2020-01-01_-40C", "dark_cam_100x100_60s_2020-01-01_-30C"]
    assert len(names(two + [frame(temperature_c=-39.0)] * 2, "dark")) == 1
    assert names(two + [frame(frame_filter="r")] * 2, "flat") == [
        "flat_cam_100x100_R_2020-01-01", "flat_cam_100x100_r_2020-01-01"]
    assert len(names(two + [frame(frame_config="50x50")] * 2, "bias")) == 2


def test_settings_of_masters():
    rows = [frame(), frame(), frame("2020-01-02", temperature_c=-33.0)]

    assert names(rows, "bias", master_min_frames=3) == []
    assert names(rows, "bias", master_by="all") == ["bias_cam_100x100_all"]
    assert len(names(rows, "dark", master_by="all", master_min_frames=1)) == 2
    assert len(names(rows, "dark", master_by="all", master_temperature_max_c=8.0)) == 1


def test_too_few_frames_are_told(caplog):
    assert names([frame()], "bias") == []
    assert "only 1 frames, but master_min_frames is 2" in caplog.text


def master(kind="flat", days=0.0, **changes):
    return Master(Path(f"{kind}{days:g}.fits"), kind, "cam", "100x100", "R", 60.0, -40.0,
                  58849.0 + days, 5, "r")._replace(**changes)


def test_the_nearest_in_time_is_taken_and_a_dark_of_the_same_exposure_first():
    there = [master(days=-4), master(days=3), master(days=9)]
    darks = [master("dark", 1.0, exptime_s=300.0), master("dark", 5.0)]

    assert nearest(there, "flat", frame(), settings()).name == "flat3"
    assert nearest(darks, "dark", frame(), settings()).name == "dark5"
    assert nearest(darks, "dark", frame(exptime_s=100.0), settings()).name == "dark1"
    assert nearest(there, "bias", frame(), settings()) is None


@pytest.mark.parametrize(("one", "message"), [
    (master(days=40), "40 days away, more than master_days_max = 30"),
    (master(filter="V"), "of the filter V, not R"),
    (master(config="50x50"), "of 50x50, not 100x100"),
    (master("dark", temperature_c=-35.0), "-35 deg C, not -40"),
    (master("dark", exptime_s=300.0, is_scalable=False), "of 300 s with its bias, not 60 s"),
])
def test_what_does_not_suit_is_told(one, message):
    with pytest.raises(ImageRejected, match=f"no master {one.kind} suits: {message}"):
        nearest([one], one.kind, frame(), settings())


def test_a_flat_of_another_season_is_used_when_the_setting_allows_it():
    assert nearest([master(days=40)], "flat", frame(), settings(master_days_max=60.0)) is not None
    warm = master("dark", temperature_c=-35.0)
    assert nearest([warm], "dark", frame(), settings(master_temperature_max_c=6.0)) == warm
    assert nearest([master("bias", 400.0)], "bias", frame(), settings()) is not None
