"""Which stored fits a new one may go on from."""

from types import SimpleNamespace

from cosmouline.deconv import db_warm_start
from cosmouline.deconv.db_warm_start import Stored

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
