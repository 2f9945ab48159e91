"""Errors of flat fields injected into the fluxes of stars, between sets and between places."""

from cosmouline.photometry.detector_errors import between_places, between_sets, slope_with_peak
from cosmouline.photometry.set_terms import SetTerms

import numpy as np
import pytest

N_STARS, N_IMAGES = 12, 20


def terms(seed, flat=0.0, per_colour=0.03, n_sets=2, sigma=0.0015):
    """Relative fluxes of stars in sets, and their colours."""
    random = np.random.default_rng(seed)
    colour = random.normal(0, 0.3, N_STARS)
    level = (random.normal(0, flat, (n_sets, N_STARS)) + random.normal(0, sigma, (n_sets, N_STARS))
             + per_colour * np.arange(n_sets)[:, None] * colour)
    raw = level - level.mean(0)
    return SetTerms(list("ABC")[:n_sets], raw, raw, np.full(raw.shape, sigma), 0.0), colour


@pytest.mark.parametrize("n_sets", [2, 3])
def test_the_flat_fields_of_sets_are_told_beside_the_colours(n_sets):
    """.5 % each; one field of 12 stars knows it to a fifth, 40 of them to 4 %."""
    found = []
    for seed in range(40):
        one, colour = terms(seed, 0.005, n_sets=n_sets)
        found.append(between_sets(one, np.zeros(N_STARS, bool), colour))

    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(0.005, rel=0.12)
    assert np.mean(np.array(found) > 0) > 0.95


def test_colours_alone_are_no_flat_field_where_they_are_known():
    nobody = np.zeros(N_STARS, bool)
    found = [between_sets(one, nobody, colour) for one, colour in map(terms, range(40))]
    without = [between_sets(terms(seed)[0], nobody, np.full(N_STARS, np.nan)) for seed in range(5)]

    assert np.sum(np.array(found) > 0) <= 2  # 80 sets, one in 1000 by chance
    assert np.all(np.array(without) > 0)
    one, colour = terms(1, n_sets=1)
    assert not between_sets(one, nobody, colour).any()
    assert not between_sets(terms(1, 0.005)[0], np.arange(N_STARS) > 2, colour).any()  # too few


def test_a_psf_that_varies_over_the_field_is_no_flat_field():
    """Fluxes off by .8 of the widths (2 % rms in one set); a flat of .5 % beside it is still told.

    Without the widths the former alone looks like 1.1 %, .8 x 2 % / sqrt(2).
    """
    nobody, found = np.zeros(N_STARS, bool), {0.0: [], 0.005: []}
    blind = []
    for flat, errors in found.items():
        for seed in range(40):
            one, colour = terms(seed, flat)
            width = np.zeros((2, N_STARS))
            width[1] = 0.02 * np.random.default_rng(seed + 1000).normal(size=N_STARS)
            off = 0.8 * (width - width.mean(0))
            one = one._replace(raw=one.raw + off)
            errors.append(between_sets(one, nobody, colour, width)[0])
            blind.append(between_sets(one, nobody, colour)[0])

    assert np.sum(np.array(found[0.0]) > 0) <= 2
    assert np.sqrt(np.mean(np.square(found[0.005]))) == pytest.approx(0.005, rel=0.12)
    assert np.sqrt(np.mean(np.square(blind[:40]))) == pytest.approx(0.0113, rel=0.1)


def on_detector(seed, flat=0.0, shift_px=200.0, calib=0.003):
    """Residuals of stars in images at two places, 3 px each; the flat field has a scale of 30 px.

    So they are after a flip at the meridian, or from one season to the next.
    """
    random = np.random.default_rng(seed)
    place = random.uniform(0, 1000, (N_STARS, 2))
    xy = place + random.uniform(-1.5, 1.5, (N_IMAGES, 1, 2)) + shift_px * (
        np.arange(N_IMAGES)[:, None, None] % 2)
    waves = random.normal(0, 1 / 30, (60, 2))
    phases = random.uniform(0, 2 * np.pi, 60)
    field = flat * np.sqrt(2 / 60) * np.cos(xy @ waves.T + phases).sum(-1)
    sigma = np.full((N_IMAGES, N_STARS), 0.003)
    residual = field + random.normal(0, np.hypot(0.003, calib), sigma.shape)
    return residual - residual.mean(0), sigma, xy


@pytest.mark.parametrize("seed", range(5))
def test_a_flat_field_is_told_of_images_at_several_places(seed):
    found = between_places(*on_detector(seed, 0.01))

    # 1 %; 12 stars with two places each know it to a fifth, and two waves may be alike
    assert found.error == pytest.approx(0.01, rel=0.7)
    assert found.near_px < 5
    assert found.far_px == pytest.approx(200 * np.sqrt(2), abs=5)


def test_one_star_at_a_wrong_place_does_not_say_how_far_images_are_apart():
    residual, sigma, xy = on_detector(1, 0.01)
    xy[::3, 0] += 2000.0

    found = between_places(residual, sigma, xy)

    assert found.near_px < 5
    assert found.far_px == pytest.approx(200 * np.sqrt(2), abs=5)


@pytest.mark.parametrize("shift_px", [0.0, 200.0])
def test_scatter_that_does_not_follow_the_place_is_no_flat_field(shift_px):
    found = [between_places(*on_detector(seed, 0.0, shift_px, 0.01)) for seed in range(60)]

    assert sum(one is not None for one in found) <= 1
    assert between_places(*on_detector(1, 0.01, 0.0)) is None  # on the same pixels


@pytest.mark.parametrize(("flat", "lowest", "highest"), [(0.0, 0.65, 1.25), (0.05, 0.9, 1.8)])
def test_a_slope_with_the_peak_knows_its_error(flat, lowest, highest):
    """Pulls of 60 draws: of noise alone, and of a flat field that is a plane, turned by a flip.

    The images behind the flip are sharper: what a star has in common in all of them follows its
    peaks, and as independent residuals it would give pulls of 2.8. Twelve stars show their common
    parts to a third.
    """
    pulls = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        is_turned = np.arange(N_IMAGES)[:, None] >= N_IMAGES // 2
        sharp = random.uniform(0.6, 1.0, (N_IMAGES, 1)) * np.where(is_turned, 0.8, 1.0)
        peak_e = sharp * 10 ** random.uniform(4.0, 4.9, N_STARS)
        turned = np.where(is_turned, -flat, flat) * random.uniform(-1, 1, N_STARS)
        noise = random.normal(0, 0.003, peak_e.shape)
        slope, sigma = slope_with_peak(2e-7 * peak_e + turned + noise,
                                       np.full(peak_e.shape, 0.003), peak_e)
        pulls.append((slope - 2e-7) / sigma)

    assert lowest < np.std(pulls) < highest
    assert abs(np.mean(pulls)) < 0.6
