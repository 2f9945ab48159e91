from cosmouline.images import db_flat_error

SCRIPT = "2_skysub/1c_flat_errors"


def test_a_good_flat_has_no_errors_and_is_not_measured_twice(lens_after, monkeypatch):
    lens = lens_after("2_skysub/1_skysub")
    names = [name for name, row in lens.rows.items() if row["gogogo"]]

    lens.run(SCRIPT)

    assert set(lens.values("flat_error", names)) == {0.0}
    monkeypatch.setattr(db_flat_error, "measured", lambda *_: {"flat_error": 0.01})
    lens.run(SCRIPT)
    assert set(lens.values("flat_error", names)) == {0.0}
    lens.run(SCRIPT, redo=True)
    assert set(lens.values("flat_error", names)) == {0.01}
