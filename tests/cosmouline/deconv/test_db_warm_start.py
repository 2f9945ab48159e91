"""Which stored fits a new one may go on from."""

from types import SimpleNamespace

from cosmouline.deconv import db_warm_start
from cosmouline.deconv.db_warm_start import Stored
from cosmouline.errors import UserError

import numpy as np
import pytest

MADE = {"epochs": "abc", "choices": '["gp", "auto"]', "scene": '["gp", "auto"]'}


def stored(names=("a", "b", "c"), ended="converged", n_started=3, made=MADE):
    fit = SimpleNamespace(flux=np.ones((len(names), 2)), ended=ended, n_started=n_started,
                          take=lambda rows: rows)
    return Stored(fit, np.ones((len(names), 2)), list(names), made)


def content(*names):
    return SimpleNamespace(names=list(names))


def test_more_epochs_under_the_same_choices_go_on():
    new = MADE | {"epochs": "other"}

    assert db_warm_start.can_go_on(stored(), content("a", "n", "b", "c"), new)
    assert not db_warm_start.is_the_same(stored(), new)
    assert db_warm_start.is_the_same(stored(), dict(MADE))
    assert not db_warm_start.is_the_same(None, MADE)


@pytest.mark.parametrize("earlier", [
    None, stored(ended="most steps"), stored(made=MADE | {"choices": "[]"}),
    stored(names=("x", "y")), stored(n_started=1)])
def test_others_start_anew(earlier):
    assert not db_warm_start.can_go_on(earlier, content("a", "b", "c", "d"), MADE)


def test_a_source_that_no_old_epoch_has_starts_anew():
    earlier = stored()
    earlier.fit.flux[:2, 1] = np.nan

    assert db_warm_start.can_go_on(earlier, content("a", "c"), MADE)
    assert not db_warm_start.can_go_on(earlier, content("a", "b", "d"), MADE)


def test_old_epochs_go_first():
    numbers, rows = db_warm_start.order(stored(), content("n", "c", "m", "a"))

    assert numbers.tolist() == [1, 3, 0, 2]
    assert rows == [2, 0]


def made(**changes):
    """What a fit is made of, with some settings or inputs changed."""
    values = {"deconv_engine": "gp", "extended_light": "auto", "dec_start_from": None,
              "n_control_stars": 3, "psf_name": "p", "dec_coefficient": "renorm",
              "shift_prior": "stars",
              "source_epochs": {}, "names": ["A", "B"], "centre_px": [1.0, 2.0], "n_images": 2,
              "start_px": [[0.0, 1.0], [2.0, 3.0]], "sigma_px": None, "psf": (1, 8, 8),
              "data_e": (1, 4, 4)} | changes
    settings = SimpleNamespace(**values)
    sources = SimpleNamespace(start_px=np.array(values["start_px"]), n_images=values["n_images"],
                              sigma_px=values["sigma_px"])
    epochs = SimpleNamespace(psf=np.zeros(values["psf"]), data_e=np.zeros(values["data_e"]))
    one = SimpleNamespace(epochs=epochs, centre_px=np.array(values["centre_px"]), keys=None)
    return db_warm_start.made_of(one, sources, values["names"], settings)


@pytest.mark.parametrize(("name", "value", "is_of_the_model"), [
    ("deconv_engine", "starred", True), ("extended_light", "none", True),
    ("names", ["A", "C"], True), ("n_images", 1, True), ("centre_px", [1.0, 2.1], True),
    ("psf", (1, 16, 16), True), ("data_e", (1, 6, 6), True), ("dec_start_from", "x", False),
    ("psf_name", "q", False), ("dec_coefficient", "none", False),
    ("shift_prior", "alignment", False), ("start_px", [[0.0, 1.1], [2.0, 3.0]], False),
    ("sigma_px", np.array([0.1, np.nan]), False),
    ("source_epochs", {"B": ("2020-01-01", None)}, False), ("n_control_stars", 0, False)])
def test_every_choice_is_part_of_what_a_fit_is_made_of(monkeypatch, name, value, is_of_the_model):
    monkeypatch.setattr(db_warm_start, "digest_epochs", lambda content: "abc")

    before, after = made(), made(**{name: value})

    assert before == made()
    assert before["choices"] != after["choices"]
    assert (before["scene"] != after["scene"]) == is_of_the_model


def test_errors_of_positions_that_are_not_known_differ_from_held_ones(monkeypatch):
    monkeypatch.setattr(db_warm_start, "digest_epochs", lambda content: "abc")

    texts = {made(sigma_px=np.array([0.1, other]))["choices"] for other in (np.nan, 0.0, 0.1)}

    assert len(texts) == 3


def test_the_stored_fit_is_that_of_the_name(lens_after):
    lens = lens_after("7_deconv/4_deconv")
    settings = lens.settings()
    assert db_warm_start.stored(settings).names == sorted(lens.truth.good)
    (lens.work / "dec_lens").rename(lens.work / "dec_other")

    assert db_warm_start.stored(settings) is None
    assert db_warm_start.stored(settings, "other").made_of["scene"].startswith('["gp", "none"')
    settings.dec_name = "other"
    assert db_warm_start.stored(settings).fit.flux.shape == (6, 2)
    (lens.work / "dec_other" / "fit.npz").write_bytes(b"no fit")
    assert db_warm_start.stored(settings) is None


@pytest.mark.parametrize(("keys", "known"), [
    (["kb", "kx", "ka", ""], [2.0, None, 1.0, None]), ([], [None] * 4)])
def test_errors_of_psfs_go_with_the_stamps_they_are_of(keys, known):
    """A `Stored` fit of two epochs; without keys nothing is known of any epoch."""
    earlier = SimpleNamespace(made_of={"keys": '["ka", "kb"]'},
                              psf_error=np.array([[1.0, 1.0], [2.0, 2.0]]))
    now = SimpleNamespace(keys=keys, names=["b", "x", "a", "c"])

    found = db_warm_start.known_psf_errors(earlier, now)

    expected = [[np.nan if one is None else one] * 2 for one in known]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("earlier", "message"), [
    (None, "dec_start_from: there is no fit of 'x'.*with dec_name = 'x' first"),
    (stored(made=MADE | {"scene": "[]"}), "dec_start_from: 'x' has other sources"),
    (stored(ended="most steps"), "dec_start_from: 'x' has not settled"),
    (stored(made={"choices": "", "scene": '["starred", "auto"]'}), "has other sources")])
def test_a_fit_that_cannot_be_started_from_is_told(monkeypatch, earlier, message):
    asked = []
    monkeypatch.setattr(db_warm_start, "stored", lambda settings, name: asked.append(name)
                        or earlier)
    settings = SimpleNamespace(dec_start_from="x")

    with pytest.raises(UserError, match=message):
        db_warm_start.to_start_from(content("a", "b"), MADE, settings)
    assert asked == ["x"]


def test_a_fit_that_has_enough_is_started_from(monkeypatch):
    earlier = stored()
    monkeypatch.setattr(db_warm_start, "stored", lambda settings, name: earlier)

    found = db_warm_start.to_start_from(content("a", "b", "z"), MADE,
                                        SimpleNamespace(dec_start_from="x"))

    assert found is earlier
    # twice as many epochs as it was started with, but not more
    assert db_warm_start.can_go_on(earlier, content(*"abcdef"), MADE)
    assert not db_warm_start.can_go_on(earlier, content(*"abcdefg"), MADE)
    # a fit of STARRED does not go on
    starred = MADE | {"scene": '["starred", "auto"]'}
    assert not db_warm_start.can_go_on(stored(made=starred), content("a"), starred)


@pytest.mark.parametrize(("keys", "changes", "can"), [
    (("1", "2", "3", "9"), {}, True),
    (("1", "2", "9", "8"), {}, True),  # the third was not measured
    (("1", "7", "3", "9"), {}, False),  # another stamp, PSF or map
    (("1", "2", "3", "9"), {"equations": None}, False),
    (("1", "2", "3", "9"), {"n_held": 3}, True),
    (("1", "2", "3", "9"), {"n_held": 4}, False)])
def test_new_epochs_join_a_fit_whose_epochs_are_unchanged(keys, changes, can):
    """One new epoch, and four at most since the last complete fit."""
    earlier = stored(made=MADE | {"keys": '["1", "2", "3"]'})
    vars(earlier.fit).update(equations="some", n_held=0, measured=np.array([True, True, False]))
    vars(earlier.fit).update(changes)
    now = SimpleNamespace(names=["a", "b", "c", "n"], keys=list(keys))
    settings = SimpleNamespace(n_held_epochs=4)

    assert db_warm_start.can_hold(earlier, now, settings) == can
    assert not db_warm_start.can_hold(earlier._replace(made_of={}), now, settings)
