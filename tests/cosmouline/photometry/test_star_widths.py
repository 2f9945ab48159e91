"""Widths of stars against their PSF: planted slopes and scatter are found, noise is not."""

from cosmouline.photometry.star_widths import star_widths

import numpy as np
import pytest


def field(seed, n_images=12, n_stars=14):
    rng = np.random.default_rng(seed)
    quantities = {"place": rng.uniform(0, 1.2, n_stars), "colour": rng.normal(0, 0.7, n_stars),
                  "brightness": rng.uniform(0.1, 1, n_stars)}
    return rng, quantities, rng.normal(0, 0.005, (n_images, n_stars))


@pytest.mark.parametrize("seed", range(4))
def test_what_the_widths_follow_is_found(seed):
    _, quantities, widths = field(seed)
    widths[3, 2] = widths[5, 7] = 0.4  # two cosmic rays
    widths[:2, 4] = np.nan

    found = star_widths(widths + 0.10 * quantities["place"] - 0.02 * quantities["colour"],
                        quantities)

    assert set(found.terms) == {"place", "colour"}
    # means of twelve to .0018; three terms of fourteen stars
    error = 0.0018 / np.sqrt(14)
    assert found.terms["place"][0] == pytest.approx(0.10, abs=5 * error / 0.35)
    assert found.terms["colour"][0] == pytest.approx(-0.02, abs=5 * error / 0.5)
    assert found.terms["place"][1] == pytest.approx(
        found.terms["place"][0] * np.ptp(quantities["place"]))


def test_the_scatter_is_that_beyond_the_errors():
    """Over fifty fields: .5 % in an image, 1 % from star to star, and nothing."""
    for true in (0.01, 0.0):
        scatter = []
        for seed in range(50):
            rng, _, widths = field(seed)
            scatter.append(star_widths(widths + true * rng.normal(size=14), {}).scatter)
        assert np.sqrt(np.mean(np.square(scatter))) == pytest.approx(true, rel=0.25, abs=0.001)


def test_noise_has_no_terms():
    found = [star_widths(field(seed)[2] + 0.01 * field(seed)[0].normal(size=14),
                         field(seed)[1]).terms for seed in range(100)]

    # three terms, each by chance in one of a hundred: 3 expected
    assert sum(map(len, found)) <= 10


def test_what_is_not_known_is_left_out():
    _, quantities, widths = field(1)
    quantities["colour"][3] = np.nan

    found = star_widths(widths - 0.05 * np.nan_to_num(quantities["colour"]), quantities)

    assert "colour" not in found.terms
    widths[:, 9] = np.nan
    widths[2:, 8] = np.nan  # of two images: no mean
    assert np.isnan(star_widths(widths, {}).mean[[8, 9]]).all()
    assert star_widths(widths[:, :4], {}) is None
    assert star_widths(widths[:2], {}) is None
