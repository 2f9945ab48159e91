from cosmouline.sources.motion import linked, motions

import numpy as np
import pytest

MJD = np.array([60000.0, 60003.0, 60007.0, 60012.0])


def night_lists(n=60, moving=(3,), rate=(0.05, -0.02), sigma=0.03, shift=0.0, seed=1):
    """Positions of n sources on four nights; some move by `rate` pixels a day."""
    rng = np.random.default_rng(seed)
    deep = rng.uniform(0, 500, (n, 2))
    snr = np.full(n, 2.5 / 2.355 * np.sqrt(2) / sigma)
    lists = []
    for k, day in enumerate(MJD - MJD.mean()):
        xy = deep + rng.normal(0, sigma, (n, 2)) + shift * k
        xy[list(moving)] += np.array(rate) * day
        order = rng.permutation(n)
        lists.append((xy[order], snr[order]))
    return deep, lists


def test_a_motion_is_measured_with_its_error_and_the_others_stand_still():
    deep, lists = night_lists(shift=0.2)  # the nights are off by .2 px from each other

    found = motions(MJD, linked(deep, lists, 3.0, 2.5))

    assert (found.n_nights == 4).all()
    assert found.rate_px_d[3] == pytest.approx([0.05, -0.02], abs=5 * found.sigma_px_d[3])
    # by hand: sigma / sqrt(sum of squared dates about their mean)
    alone = 0.03 / np.sqrt(((MJD - MJD.mean()) ** 2).sum())
    assert found.sigma_px_d[3] == pytest.approx(alone, rel=0.35)
    assert np.argmax(found.sigmas) == 3
    assert np.delete(found.sigmas, 3).max() < 5


def test_errors_grow_where_positions_scatter_by_more_than_their_noise():
    deep, lists = night_lists(moving=(), sigma=0.2)
    lists = [(xy, 10 * snr) for xy, snr in lists]  # as if they were known ten times better

    found = motions(MJD, linked(deep, lists, 3.0, 2.5))

    assert found.floor_px == pytest.approx(0.2, rel=0.25)
    assert found.sigmas.max() < 6  # 60 sources, two axes


def test_what_is_on_one_night_alone_is_listed_and_what_is_missing_has_no_place():
    deep, lists = night_lists(n=20, moving=())
    xy, snr = lists[2]
    lists[2] = np.vstack([xy, [[250.0, 777.0]]]), np.append(snr, 50.0)
    gone = np.hypot(*(lists[0][0] - deep[5]).T).argmin()
    lists[0] = np.delete(lists[0][0], gone, 0), np.delete(lists[0][1], gone)

    links = linked(deep, lists, 3.0, 2.5)

    assert [one.tolist() for one in links.singles] == [[], [], [20], []]
    assert np.isnan(links.xy_px[5, 0]).all()
    assert motions(MJD, links).n_nights[5] == 3


def test_one_night_gives_no_motion():
    deep, lists = night_lists(n=5, moving=())
    found = motions(MJD[:1], linked(deep, lists[:1], 3.0, 2.5))
    assert np.isnan(found.sigma_px_d).all()
    assert found.n_nights.tolist() == [1] * 5
