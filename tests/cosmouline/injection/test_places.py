from cosmouline.injection.places import (
    LIGHT_SIGMAS,
    candidate_places,
    choose_places,
    core_state,
)
from cosmouline.stamps.stamps import MASK_BAD, Stamps

import numpy as np
import pytest

LENS = np.array([200.0, 150.0])


def test_candidates_are_a_stamp_away_from_the_lens_and_inside_the_frame():
    places = candidate_places(LENS, 40, (300, 400))
    away = np.abs(places - LENS).max(1)

    assert len(places) > 20
    assert away.min() == 40
    assert (np.diff(np.hypot(*(places - LENS).T)) >= -1e-9).all()  # the nearest first
    assert (places > 20).all()
    assert (places < [399 - 20, 299 - 20]).all()
    assert len(candidate_places(LENS, 200, (300, 400))) == 0


def stamps_of(data, mask=None, side=21):
    n = len(data)
    position = np.full((n, 2), 10.0)
    return Stamps(np.asarray(data, np.float32), np.full((n, side, side), 3, np.float32),
                  np.zeros((n, side, side), np.uint8) if mask is None else mask,
                  np.zeros((n, 2), int), position, np.ones(n, bool))


def test_the_state_of_a_core_counts_its_good_pixels():
    data, mask = np.full((1, 21, 21), 7.0), np.zeros((1, 21, 21), np.uint8)
    mask[0, :, 10:] = MASK_BAD  # the right half and the middle column
    good, light, sigma = core_state(stamps_of(data, mask), 4.0)
    axis = np.arange(-10, 11)
    core = np.hypot(axis, axis[:, None]) <= 4
    n = core[:, :10].sum()  # a slow obvious version

    assert good == pytest.approx([n / core.sum()])
    assert light == pytest.approx([7.0])
    assert sigma == pytest.approx([3 / np.sqrt(n)])


@pytest.mark.parametrize(("part", "is_taken"), [(0.99, True), (1.01, False)])
def test_a_place_is_empty_within_the_error_of_its_mean(part, is_taken):
    """Ten frames of sigma 2, of which one is not good; no scatter of the places: 2 / sqrt 9."""
    places = 50.0 * np.stack([np.arange(8), np.zeros(8)], 1)
    good, light, sigma = np.ones((10, 8)), np.zeros((10, 8)), np.full((10, 8), 2.0)
    light[:, 3] = part * LIGHT_SIGMAS * 2 / 3
    good[0, 3], light[0, 3] = 0.0, 50.0

    chosen, words = choose_places(places, good, light, sigma, 40, 8)

    assert (3 in chosen) == is_taken
    assert words["light"] == 1 - is_taken


def test_places_with_light_and_bad_places_are_not_chosen_and_stamps_do_not_overlap():
    rng = np.random.default_rng(4)
    places = candidate_places(LENS, 40, (300, 400))
    n = len(places)
    good, sigma = np.ones((10, n)), np.ones((10, n))
    light = rng.standard_normal((10, n)) + 0.5  # what the sky map left, the same everywhere
    light[:, 0] += 20
    good[3:, 1] = 0.5
    chosen, words = choose_places(places, good, light, sigma, 40, 6)

    assert len(chosen) == 6
    assert not {0, 1} & set(chosen.tolist())
    assert sum(words.values()) >= 2
    assert words["light"] >= 1
    apart = np.abs(places[chosen][:, None] - places[chosen]).max(-1)
    assert (apart[~np.eye(6, dtype=bool)] >= 40).all()


def test_nothing_is_chosen_where_nothing_is_good():
    places = candidate_places(LENS, 40, (300, 400))
    zero = np.zeros((4, len(places)))

    assert len(choose_places(places, zero, zero, zero, 40, 6)[0]) == 0
