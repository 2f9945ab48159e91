"""Which calibration frames are used, and the reason that is given."""

from types import SimpleNamespace

from cosmouline.images.calibration.db_choice import choose

import pytest


def frame(name, kind="flat", **changes):
    return {"img_name": name, "standard_name": f"{name}{kind[0]}", "set_name": "cam",
            "frame_kind": kind, "frame_config": "c", "frame_night": "n", "frame_exptime_s": 5.0,
            "frame_level_adu": 20000.0 if kind == "flat" else 2.0, "frame_overscan_adu": 1000.0,
            "frame_saturation_adu": 61000.0, "frame_saturated": 0.0, "frame_n_stars": 0,
            "frame_gain_e_per_adu": 2.0, "frame_hash": name} | changes


def chosen(*rows, tmp_path="/nowhere", **changes):
    settings = SimpleNamespace(**({
        "flat_level_limits": (0.1, 0.8), "calibration_saturated_max": 0.001,
        "config_dir": tmp_path, "options": SimpleNamespace(auto=True)} | changes))
    found = choose(list(rows), settings, SimpleNamespace(rows={r["img_name"]: r for r in rows}))
    return {name: (one["cal_use"], one["cal_reason"]) for name, one in found.items()}


@pytest.mark.parametrize(("changes", "use", "reason"), [
    ({}, True, "level 20000 ADU, 0.33 of the saturation level"),
    ({"frame_level_adu": 5000.0}, False, "0.08 of the saturation level: outside 0.1 to 0.8"),
    ({"frame_level_adu": 50000.0}, False, "0.83 of the saturation level: outside 0.1 to 0.8"),
    ({"frame_saturated": 0.01}, False, "1 % of the pixels are saturated, more than"),
    ({"frame_n_stars": 3}, True, "; 3 stars"), ({"frame_n_stars": 30}, False, "30 stars: no flat"),
    ({"frame_gain_e_per_adu": 0.2}, True, "faint: 4000 e-"),
])
def test_a_flat_is_used_or_not_and_the_reason_has_its_number(changes, use, reason):
    found = chosen(frame("a", **changes))["a"]

    assert found[0] is use
    assert reason in found[1]


def test_without_an_overscan_the_level_of_a_flat_is_counted_from_the_biases():
    """A camera of 12 bits: 700 of 4095 ADU are no light of 0.17, with a bias of 500."""
    camera = {"frame_saturation_adu": 4095.0, "frame_overscan_adu": None}
    rows = [{key: value for key, value in (row | camera).items() if value is not None} for row in (
        frame("b", "bias", frame_level_adu=500.0), frame("f", frame_level_adu=700.0))]

    assert chosen(*rows)["f"] == (
        False, "level 200 ADU, 0.06 of the saturation level: outside 0.1 to 0.8")


def test_a_dark_of_no_time_is_none():
    assert chosen(frame("d", "dark", frame_exptime_s=0.0))["d"] == (
        False, "a dark of 0 s: is it a bias?")


def test_limits_are_settings():
    faint = frame("a", frame_level_adu=5000.0)

    assert chosen(faint, flat_level_limits=(0.05, 0.8))["a"][0]
    assert chosen(frame("a", frame_saturated=0.01), calibration_saturated_max=0.02)["a"][0]


def test_a_dark_with_light_among_others_and_a_copy_are_left_out():
    rows = [frame(f"d{i}", "dark", frame_level_adu=3 + 0.1 * i) for i in range(6)]
    rows += [frame("leak", "dark", frame_level_adu=80.0),
             frame("d9", "dark", frame_hash="d2"), frame("o", "object")]

    found = chosen(*rows)

    assert [name for name, (use, _) in found.items() if not use] == ["d9", "leak", "o"]
    assert found["d9"][1] == "the same pixels as d2d"
    assert "level 80.0 ADU, the others of its night 3.2" in found["leak"][1]
