"""align.py on star lists with known transforms: found where they can be, refused where not."""

from cosmouline.astrometry import align
from cosmouline.astrometry.align import (
    Alignment,
    align_catalogs,
    apply,
    fit_affine,
    fit_similarity,
    invert,
    matched_pairs,
    mutual_pairs,
)
from cosmouline.errors import ImageRejected

import numpy as np
import pytest

SIDE = 4096
JITTER_PX = 0.15  # centroid error of a star of S/N 15 at a FWHM of 4 px


def similarity(scale, angle_deg, shift, parity=1):
    """Mirror in x, rotation and scale about the middle of the field, and a shift."""
    turn = scale * np.exp(1j * np.radians(angle_deg))
    linear = np.array([[parity * turn.real, -turn.imag], [parity * turn.imag, turn.real]])
    middle = np.full(2, SIDE / 2)
    return np.column_stack([linear, middle - linear @ middle + shift])


def two_lists(seed, n, common, matrix, distortion_px=0.0):
    """Lists of n stars, brightest first, with a part in common; magnitudes scatter by .15."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, SIDE, (n, 2))
    light = rng.uniform(size=n) ** (-1 / 0.75)  # N(> F) ~ F^-.75
    kept = rng.permutation(n)[: round(n * common)]
    alien = rng.uniform(0, SIDE, (n - len(kept), 2))
    image_xy = apply(matrix, np.concatenate([xy[kept], alien]))
    u = (image_xy - SIDE / 2) / (SIDE / 2)
    image_xy += distortion_px * u * np.sum(u**2, axis=1, keepdims=True)
    image_light = np.concatenate([light[kept], rng.uniform(size=len(alien)) ** (-1 / 0.75)])
    image_light *= np.exp(rng.normal(0, 0.15, n))
    noise = rng.normal(0, JITTER_PX, (2, n, 2))
    first, second = np.argsort(-light), np.argsort(-image_light)
    return (xy + noise[0])[first], (image_xy + noise[1])[second]


def corner_error(matrix, truth):
    """Largest error of a transform at the corners of the field."""
    corners = np.array([[200, 200], [200, 3900], [3900, 200], [3900, 3900.0]])
    return np.hypot(*(apply(matrix, corners) - apply(truth, corners)).T).max()


CASES = {
    "90 % common": (100, 0.9, (1.0, 2.0), (1,), 3),
    "20 % common": (100, 0.2, (1.0, -1.5), (1,), 6),
    "20 % common of many": (400, 0.2, (1.0, 1.0), (1,), 6),
    "20 stars, half common": (20, 0.5, (1.0, 1.0), (1,), 6),
    "12 stars": (12, 0.6, (1.0, 2.0), (1,), 6),
    "turned by 180 deg": (100, 0.6, (1.0, 180.5), (1,), 3),
    "turned by 20 deg": (100, 0.6, (1.0, 20.0), (1,), 3),
    "mirrored": (100, 0.6, (1.0, 57.0), (1, -1), 3),
    "half the scale": (100, 0.6, (0.5, 33.0), (1,), 3),
    "twice the scale": (100, 0.6, (2.0, -120.0), (1,), 3),
}


@pytest.mark.parametrize("case", CASES)
def test_transforms_are_found(case):
    n, common, (scale, angle_deg), parities, n_trials = CASES[case]
    for trial in range(n_trials):
        truth = similarity(scale, angle_deg, (60.0, -40.0), parities[-1])
        found = align_catalogs(*two_lists(trial, n, common, truth), parities=parities)
        # few stars: their error is drawn out to the corners
        assert corner_error(found.matrix, truth) < 1.5
        assert found.parity == parities[-1]
        assert found.scale == pytest.approx(scale, rel=1e-3)
        assert (found.angle_deg - angle_deg + 180) % 360 - 180 == pytest.approx(0, abs=0.05)
        # two lists of independent errors in x and y, less the parameters fitted
        assert found.rms_px < 1.5 * 2 * JITTER_PX * max(scale, 1)
        assert found.n_matches >= 0.9 * round(min(n, 400) * common)


def test_a_shift_by_half_the_frame():
    truth = similarity(1.0, 0.3, (SIDE / 2, 0.0))
    xy, image_xy = two_lists(30, 200, 1.0, truth)
    image_xy = image_xy[image_xy[:, 0] < SIDE]
    found = align_catalogs(xy, image_xy)
    assert corner_error(found.matrix, truth) < 1.5
    assert found.n_matches >= 0.9 * len(image_xy)


def test_distortion_of_some_pixels_at_the_edge_is_borne():
    truth = similarity(1.0, 1.0, (10.0, 10.0))
    found = align_catalogs(*two_lists(31, 200, 0.7, truth, distortion_px=4.0))
    assert corner_error(found.matrix, truth) < 6


def test_shear_and_unequal_scales_are_followed():
    truth = np.array([[1.002, 0.0015, 12.0], [-0.0005, 0.999, -7.0]])
    found = align_catalogs(*two_lists(32, 80, 0.8, truth))
    # error of an affine fit to 64 stars at a corner: about 2.5 * .21 / 8
    assert corner_error(found.matrix, truth) < 5 * 2.5 * 0.21 / 8


@pytest.mark.parametrize("trials", [range(15), pytest.param(range(15, 100),
                                                            marks=pytest.mark.long)])
def test_nothing_in_common_is_refused_every_time(trials):
    for trial in trials:
        truth = similarity(1.0, 1.0, (0.0, 0.0))
        with pytest.raises(ImageRejected):
            align_catalogs(*two_lists(100 + trial, 40, 0.0, truth), parities=(1, -1))


def test_chance_matches_of_crowded_lists_are_refused():
    for trial in range(20):
        rng = np.random.default_rng(300 + trial)
        lists = rng.uniform(0, 500, (2, 100, 2))  # a match within 9 px is expected for ten stars
        with pytest.raises(ImageRejected, match=r"fewer than \d+ can be chance"):
            align_catalogs(*lists)


def test_a_mirror_image_is_refused_where_it_is_not_allowed():
    truth = similarity(1.0, 10.0, (0.0, 0.0), parity=-1)
    with pytest.raises(ImageRejected, match="stars match the reference image, of 60 and 60"):
        align_catalogs(*two_lists(40, 60, 0.8, truth))


@pytest.mark.parametrize(("n", "m", "where"), [(0, 40, "reference image"), (40, 5, "image")])
def test_too_few_sources_say_so(n, m, where):
    rng = np.random.default_rng(41)
    with pytest.raises(
        ImageRejected,
        match=f"only {min(n, m)} sources in the {where}: with fewer than 6 a match by chance",
    ):
        align_catalogs(rng.uniform(0, 500, (n, 2)), rng.uniform(0, 500, (m, 2)))


def test_five_common_stars_are_told_from_chance_by_nobody():
    truth = similarity(1.0, 0.0, (3.0, 4.0))
    with pytest.raises(ImageRejected, match=r"only [345] stars match the reference image"):
        align_catalogs(*two_lists(42, 8, 5 / 8, truth))


def test_matches_that_scatter_too_much_are_refused():
    rng = np.random.default_rng(43)
    xy = rng.uniform(0, 1000, (30, 2))
    with pytest.raises(ImageRejected, match=r"matched stars scatter by \d\.\d\d px around"):
        align_catalogs(xy, xy + rng.normal(0, 1.6, xy.shape))


def test_lists_without_a_similar_triangle_are_refused():
    line = np.column_stack([np.arange(0.0, 40, 5), np.zeros(8)])
    with pytest.raises(ImageRejected, match="no triangle of stars is similar"):
        align_catalogs(line * 0.1, line * 0.1)


def test_astroalign_finds_an_easy_one_and_is_judged_alike():
    truth = similarity(1.0, 15.0, (30.0, 20.0))
    lists = two_lists(44, 60, 0.9, truth)
    ours, theirs = align_catalogs(*lists), align_catalogs(*lists, method="astroalign")
    np.testing.assert_allclose(theirs.matrix, ours.matrix, atol=1e-6)
    assert theirs.n_matches == ours.n_matches
    with pytest.raises(ImageRejected, match=r"astroalign finds no transform|stars match"):
        align_catalogs(*two_lists(45, 8, 0.0, truth), method="astroalign")


def test_unknown_method_is_an_error():
    xy = np.zeros((10, 2))
    with pytest.raises(ValueError, match="method must be 'triangles' or 'astroalign', not 'sift'"):
        align_catalogs(xy, xy, method="sift")


def test_apply_and_invert():
    first, second = similarity(1.2, 30.0, (5, 6)), similarity(0.7, -80.0, (1, 2), parity=-1)
    xy = np.random.default_rng(46).uniform(0, SIDE, (5, 2))
    for matrix in (first, second):
        np.testing.assert_allclose(apply(invert(matrix), apply(matrix, xy)), xy)
    (a, b, dx), (c, d, dy) = second
    x, y = xy.T
    np.testing.assert_allclose(apply(second, xy), np.column_stack([a * x + b * y + dx,
                                                                   c * x + d * y + dy]))
    assert np.isnan(apply(first, [np.nan, 3.0])).all()
    assert apply(first, xy[0]).shape == (2,)


@pytest.mark.parametrize("parity", [1, -1])
def test_fits_return_the_transform_of_exact_pairs(parity):
    truth = similarity(1.3, 25.0, (4, 5), parity)
    xy = np.random.default_rng(47).uniform(0, SIDE, (6, 2))
    np.testing.assert_allclose(fit_similarity(xy, apply(truth, xy), parity), truth, atol=1e-8)
    np.testing.assert_allclose(fit_affine(xy, apply(truth, xy)), truth, atol=1e-8)
    alignment = Alignment(truth, 6, 0.0)
    assert (alignment.parity, alignment.scale) == (parity, pytest.approx(1.3))
    assert alignment.angle_deg == pytest.approx(25.0)


def test_pairs_are_unique_and_nearest():
    reference_xy = np.array([[0.0, 0], [0.5, 0], [10, 10], [50, 50]])
    image_xy = np.array([[10.2, 10], [0.1, 0], [90, 90]])
    i, j = matched_pairs(np.eye(2, 3), reference_xy, image_xy, 1.0)
    assert dict(zip(j.tolist(), i.tolist(), strict=True)) == {0: 2, 1: 0}
    empty = matched_pairs(np.eye(2, 3), reference_xy, np.empty((0, 2)), 1.0)
    assert len(empty[0]) == len(empty[1]) == 0


@pytest.mark.parametrize("seed", range(5))
def test_mutual_pairs_are_those_of_all_distances(seed):
    """A slow way: of all distances, those that are the least of their row and their column."""
    rng = np.random.default_rng(seed)
    one, other = rng.uniform(0, 10, (30, 2)), rng.uniform(0, 10, (40, 2))
    distance = np.hypot(*(one[:, None] - other).transpose(2, 0, 1))
    is_pair = ((distance == distance.min(0)) & (distance == distance.min(1, keepdims=True))
               & (distance <= 0.8))

    i, j = mutual_pairs(one, other, 0.8)

    assert 0 < len(i) < 30
    assert list(zip(i, j, strict=True)) == list(map(tuple, np.argwhere(is_pair)))


def test_no_position_has_no_mutual_pair():
    for lists in ((np.empty((0, 2)), np.ones((3, 2))), (np.ones((3, 2)), np.empty((0, 2)))):
        assert [len(found) for found in mutual_pairs(*lists, 1.0)] == [0, 0]



def test_the_number_of_matches_that_chance_reaches(monkeypatch):
    """With mu by chance: mu + 5 sqrt(mu) + 4; here within 400 px on the area of the image."""
    truth = similarity(1.0, 5.0, (20.0, 10.0))
    xy, image_xy = two_lists(48, 24, 1.0, truth)
    assert align_catalogs(xy, image_xy).n_matches == 24
    monkeypatch.setattr(align, "CHANCE_RADIUS_PX", (400.0, 400.0))

    area = np.ptp(image_xy[:, 0]) * np.ptp(image_xy[:, 1])
    mu = 24 * 24 / area * np.pi * 400**2
    least = int(np.ceil(mu + 5 * np.sqrt(mu) + 4))
    assert least > 40
    with pytest.raises(ImageRejected, match="only 24 stars match the reference image, of 24 and "
                                            f"24: fewer than {least} can be chance"):
        align_catalogs(xy, image_xy)


def test_a_similarity_is_that_of_least_squares():
    """Pairs with errors, against numpy's solution of the four unknowns; mirrored ones too."""
    rng = np.random.default_rng(51)
    xy, image_xy = rng.uniform(0, SIDE, (2, 7, 2))
    for parity in (1, -1):
        x, (u, v) = xy * (parity, 1), image_xy.T
        zero, one = np.zeros(7), np.ones(7)
        design = np.concatenate([np.column_stack([x[:, 0], -x[:, 1], one, zero]),
                                 np.column_stack([x[:, 1], x[:, 0], zero, one])])
        a, b, dx, dy = np.linalg.lstsq(design, np.r_[u, v], rcond=None)[0]
        np.testing.assert_allclose(fit_similarity(xy, image_xy, parity),
                                   [[parity * a, -b, dx], [parity * b, a, dy]], atol=1e-7)


@pytest.mark.parametrize(("n", "n_free"), [(9, 4), (10, 6)])
def test_ten_matches_fix_an_affine_transform_and_nine_a_similarity(n, n_free):
    """Exact pairs, the two scales .5 % apart: a similarity leaves what it cannot fit."""
    rng = np.random.default_rng(52)
    xy = rng.uniform(0, 300, (n, 2))
    image_xy = xy * (1.005, 1.0) + (20.0, 10.0)

    found = align_catalogs(xy, image_xy)

    left = apply(fit_similarity(xy, image_xy), xy) - image_xy
    rms = np.sqrt((left**2).sum(1).mean())
    assert rms > 0.1
    assert found.n_matches == n
    assert found.rms_px == pytest.approx(rms if n_free == 4 else 0.0, abs=1e-9)


def test_the_scatter_of_the_matches_is_told_and_limited():
    """Ten pairs, by hand: the root of the mean square distance from the affine fit."""
    rng = np.random.default_rng(53)
    xy = rng.uniform(0, 2000, (40, 2))
    image_xy = xy + rng.normal(0, 0.3, xy.shape)

    found = align_catalogs(xy, image_xy)

    away = apply(fit_affine(xy, image_xy), xy) - image_xy
    rms = np.sqrt((away**2).sum(1).mean())
    assert found.rms_px == pytest.approx(rms)
    assert align_catalogs(xy, image_xy, rms_max_px=1.001 * rms).n_matches == 40
    with pytest.raises(ImageRejected, match=f"the 40 matched stars scatter by {rms:.2f} px"):
        align_catalogs(xy, image_xy, rms_max_px=0.999 * rms)


def test_only_the_brightest_sources_are_compared():
    truth = similarity(1.0, 2.0, (5.0, 6.0))
    xy, image_xy = two_lists(54, 60, 1.0, truth)
    assert align_catalogs(xy, image_xy, max_sources=30).n_matches <= 30
