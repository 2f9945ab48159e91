"""Starts that are moved, turned or mirrored, against a drawn quad."""

from dataclasses import replace

from cosmouline.deconv import orientation
from cosmouline.deconv.orientation import (
    Orientation,
    best_turned,
    is_clearly_better,
    match_start,
    orientations,
    upright,
)

import numpy as np
import pytest

QUAD = np.array([(-4.6, 2.5), (4.0, -0.8), (0.3, 4.0), (1.6, -3.4)])


@pytest.fixture(scope="module")
def epochs(draw):
    return draw(seed=41, n_epochs=2, side=28, galaxy_flux=0, flux=(20000, 14000, 10000, 5000),
                position_px=QUAD)[0]


@pytest.mark.parametrize("off", [(0.0, 0.0), (4.0, -3.0), (-2.3, 1.0)])
def test_the_slide_finds_the_lens(epochs, off):
    assert match_start(epochs, QUAD - off, 6.0) == pytest.approx(np.array(off), abs=0.45)


def test_nothing_is_left_of_sources_of_the_width_looked_for():
    """Differences of two Gaussians, wider than the seeing of 1.5 px; one source is moved."""
    y, x = np.indices((40, 40)) - 19.5
    narrow, wide = (1.5 * np.hypot(1, factor)
                    for factor in (orientation.NARROW, orientation.WIDE))
    image = sum(flux * (np.exp(-r2 / 2 / narrow**2) / narrow**2
                        - np.exp(-r2 / 2 / wide**2) / wide**2)
                for flux, r2 in zip((4, 3, 2, 1), ((x - a) ** 2 + (y - b) ** 2
                                                   for a, b in QUAD), strict=True))

    def left(places_px):
        return orientation._left(image, 1.5, places_px) / (image**2).sum()

    assert left(QUAD) < 1e-6
    assert left(QUAD + np.eye(4)[:, :1]) > 0.01


def test_a_lens_at_another_place_is_moved_there(epochs):
    found = upright(orientations(epochs, QUAD + np.array([3.5, -2.5]), 6.0))

    assert found.name == "moved"
    assert found.start_px.mean(0) == pytest.approx(QUAD.mean(0), abs=0.45)


def test_the_wrong_way_round_is_seen(epochs):
    found = orientations(epochs, (QUAD - QUAD.mean(0)) * (-1, -1) + QUAD.mean(0), 6.0)

    assert best_turned(found).name == "turned by 180 degrees"
    assert is_clearly_better(best_turned(found), upright(found))


def test_the_right_way_round_stays(epochs):
    found = orientations(epochs, QUAD, 6.0)

    assert upright(found).name == "as given"
    assert best_turned(found).objective > found[0].objective + 50
    assert len(found) == 4


def test_two_sources_look_the_same_turned(epochs):
    found = orientations(epochs.take(slice(0, 2)), QUAD[:2], 6.0)

    assert [one.name for one in found if one.name != "moved"] == [
        "as given", "mirrored left-right", "mirrored up-down"]
    assert best_turned(orientations(epochs.take([0]), QUAD[:1], 6.0)) is None


@pytest.fixture(scope="module")
def beside_a_star(draw):
    """The quad, .8 times the light of which is in a star 11 px from its middle."""
    return draw(seed=43, n_epochs=2, side=40, galaxy_flux=0,
                flux=(20000, 14000, 10000, 5000, 40000),
                position_px=[*QUAD, QUAD.mean(0) - np.array([10.0, 4.5])])[0]


def test_a_bright_star_beside_the_lens_does_not_turn_it(beside_a_star):
    found = orientations(beside_a_star, QUAD, 6.0)

    assert upright(found).name == "as given"
    assert not is_clearly_better(best_turned(found), upright(found))
    star_px = [QUAD.mean(0) - np.array([10.3, 4.3])]
    declared = orientations(beside_a_star, QUAD, 6.0, extra_px=star_px)
    assert best_turned(declared).objective > declared[0].objective + 50


def test_the_wrong_way_round_is_seen_beside_a_bright_star(beside_a_star):
    turned = (QUAD - QUAD.mean(0)) * (-1, 1) + QUAD.mean(0)

    found = orientations(beside_a_star, turned, 6.0)

    assert best_turned(found).name == "mirrored left-right"
    assert is_clearly_better(best_turned(found), upright(found))


def test_nothing_to_look_at_is_no_preference(epochs):
    blind = replace(epochs, cosmic=np.ones_like(epochs.cosmic))

    with pytest.raises(ValueError, match="no usable pixel in any epoch"):
        match_start(blind, QUAD, 6.0)


@pytest.mark.parametrize(("left", "gained", "is_clear"), [
    (1400.0, 199.0, False), (1400.0, 201.0, True),  # half of the 400 beyond the noise
    (1040.0, 49.0, False), (1040.0, 51.0, True), (900.0, 51.0, True)])  # 50 at least
def test_half_of_what_is_left_must_go_and_fifty_at_least(left, gained, is_clear):
    other = Orientation("as given", QUAD, left, 1000)

    assert is_clearly_better(Orientation("turned", -QUAD, left - gained, 1000), other) is is_clear
