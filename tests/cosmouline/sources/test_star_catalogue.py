"""star_catalogue.py on made-up catalogues of a field whose stars are known."""

from types import SimpleNamespace

from cosmouline.astrometry.align import apply
from cosmouline.sources import star_catalogue
from cosmouline.sources.detect import CATALOG_DTYPE
from cosmouline.sources.seeing import Seeing
from cosmouline.sources.star_catalogue import (
    best_of_each,
    build_catalog,
    first_reference,
    light_in_frame,
    more_seeings,
    nearest_detections,
    positions,
    reference_scores,
    refine_seeing,
)

import numpy as np
import pytest

SHAPE = (800, 1000)
N_FRAMES, N_STARS = 8, 40


def matrix_of(rng, k):
    """Shift and slight rotation of frame k; the first is the reference."""
    if k == 0:
        return np.eye(2, 3)
    angle = np.radians(rng.normal(0, 1))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, rng.normal(0, 15, 2)])


def simulate(seed=1, n_frames=N_FRAMES, n_junk=30):
    """Catalogues of stars, 4 galaxies, 2 saturated stars, and junk that does not recur."""
    rng = np.random.default_rng(seed)
    xy = np.random.default_rng(5).uniform(30, (970, 770), (N_STARS, 2))
    flux_e = np.sort(10 ** rng.uniform(3.5, 6, N_STARS))[::-1]
    wide = np.where(np.isin(np.arange(N_STARS), (4, 9, 15, 22)), 1.7, 1.0)
    truth = SimpleNamespace(
        xy=xy,
        flux_e=flux_e,
        wide=wide,
        fwhm_px=rng.uniform(3, 6, n_frames),
        ellipticity=rng.uniform(0.02, 0.08, n_frames),
        scale=rng.uniform(0.5, 1.2, n_frames),
        matrices=[matrix_of(rng, k) for k in range(n_frames)],
        catalogs=[],
    )
    for k in range(n_frames):
        truth.catalogs.append(_catalog(rng, truth, k, n_junk))
    return truth


def _catalog(rng, truth, k, n_junk):
    """Sources of frame k, brightest first."""
    here = apply(truth.matrices[k], truth.xy)
    on = np.all((here > 0) & (here < (SHAPE[1] - 1, SHAPE[0] - 1)), axis=1)
    on &= truth.flux_e * truth.scale[k] > 2500  # the detection limit
    rows = np.zeros(on.sum() + n_junk, dtype=CATALOG_DTYPE)
    stars, junk = rows[: on.sum()], rows[on.sum() :]
    stars["x_px"], stars["y_px"] = (here[on] + rng.normal(0, 0.05, (on.sum(), 2))).T
    stars["flux_e"] = truth.flux_e[on] * truth.scale[k] * rng.normal(1, 0.003, on.sum())
    stars["fwhm_px"] = truth.fwhm_px[k] * truth.wide[on] * rng.normal(1, 0.01, on.sum())
    stars["ellipticity"] = truth.ellipticity[k] + rng.normal(0, 0.01, on.sum())
    stars["pa_deg"], stars["n_pix"] = 40.0, 50
    stars["is_saturated"] = np.isin(np.flatnonzero(on), (0, 1))
    junk["x_px"], junk["y_px"] = rng.uniform(0, (1000, 800), (n_junk, 2)).T
    junk["flux_e"], junk["fwhm_px"], junk["n_pix"] = 10 ** rng.uniform(2, 5, n_junk), 1.2, 9
    return rows[np.argsort(-rows["flux_e"])]


def build(truth, **options):
    """Field of a simulation, with its true seeing."""
    shapes = [SHAPE] * len(truth.catalogs)
    return build_catalog(
        truth.catalogs, truth.matrices, shapes, truth.fwhm_px, truth.ellipticity, **options
    )


def true_rows(truth, field):
    """Row of the nearest true star for each star of a field."""
    distance = np.hypot(*(field.xy_px[:, None] - truth.xy[None]).T).T
    return distance.argmin(axis=1), distance.min(axis=1)


def test_the_list_holds_the_stars_and_nothing_else():
    truth = simulate()
    field = build(truth)
    row, distance = true_rows(truth, field)
    # a median of 8 positions, each good to .05 px in x and y
    assert distance.max() < 5 * 1.25 * 0.05 * np.sqrt(2 / 4)
    assert sorted(set(row)) == sorted(row)
    assert len(field) >= N_STARS - 3  # the faintest are seen in few frames
    assert np.all(np.diff(field.stars["flux_e"]) <= 0)


def test_fluxes_are_on_the_scale_of_the_reference_image():
    truth = simulate()
    for reference in (0, 3):
        # first back to the frame of the truth, then to each frame, as 3x3 matrices
        full = [np.vstack([matrix, (0, 0, 1)]) for matrix in truth.matrices]
        matrices = [(one @ np.linalg.inv(full[reference]))[:2] for one in full]
        field = build_catalog(
            truth.catalogs,
            matrices,
            [SHAPE] * N_FRAMES,
            truth.fwhm_px,
            truth.ellipticity,
            reference=reference,
        )
        xy = apply(truth.matrices[reference], truth.xy)
        row = np.hypot(*(field.xy_px[:, None] - xy[None]).T).T.argmin(axis=1)
        ratio = field.stars["flux_e"] / (truth.flux_e[row] * truth.scale[reference])
        assert np.median(ratio) == pytest.approx(1, abs=0.005)
        assert ratio.std() < 0.005
        np.testing.assert_allclose(
            field.frame_scale, truth.scale / truth.scale[reference], rtol=0.005
        )
        assert field.frame_scale[reference] == 1


def test_the_light_of_one_frame_by_its_own_detections():
    """The scale that a frame was drawn with; junk and saturated stars do not count."""
    truth = simulate()
    for k in range(1, N_FRAMES):
        light = light_in_frame(truth.catalogs[k], truth.matrices[k], truth.xy, truth.flux_e)
        assert light == pytest.approx(truth.scale[k], rel=0.01)
    far = truth.xy + 5000
    assert np.isnan(light_in_frame(truth.catalogs[1], truth.matrices[1], far, truth.flux_e))


def test_an_added_frame_has_the_seeing_that_all_frames_together_give():
    """The widths in the list hold galaxies off, as they do where all are measured at once."""
    truth = simulate()
    first = [Seeing(2.0, 0.5, 0.0, 3)] * N_FRAMES
    field = build_catalog(truth.catalogs, truth.matrices, [SHAPE] * N_FRAMES,
                          truth.fwhm_px, truth.ellipticity)
    _, field = refine_seeing(field, truth.catalogs, truth.matrices, first)

    seeings, n_found = more_seeings(field, truth.catalogs[-2:], truth.matrices[-2:], first[-2:])

    for k, seeing in zip((N_FRAMES - 2, N_FRAMES - 1), seeings, strict=True):
        assert seeing.fwhm_px == pytest.approx(truth.fwhm_px[k], rel=0.01)
        assert seeing.ellipticity == pytest.approx(truth.ellipticity[k], abs=0.01)
    assert (n_found > 30).all()


def test_shapes_saturation_and_counts():
    truth = simulate()
    field = build(truth)
    row, _ = true_rows(truth, field)
    np.testing.assert_allclose(field.stars["fwhm_ratio"], truth.wide[row], rtol=0.02)
    assert np.abs(field.stars["ellipticity_excess"]).max() < 5 * 1.25 * 0.01 / np.sqrt(2)
    np.testing.assert_array_equal(field.stars["saturated_fraction"] > 0, row < 2)
    inside = sum(
        np.all((h > 6) & (h < (1000 - 7, 800 - 7)), axis=1)
        for h in (apply(m, field.xy_px) for m in truth.matrices)
    )
    np.testing.assert_array_equal(field.stars["n_inside"], inside)
    assert np.all(field.stars["n_detected"] >= 0.5 * field.stars["n_inside"])


def test_frames_that_are_not_aligned_are_left_out():
    truth = simulate()
    truth.matrices[2] = None
    field = build(truth)
    assert np.isnan(field.frame_scale[2])
    assert np.isfinite(field.frame_scale).sum() == N_FRAMES - 1
    assert field.stars["n_inside"].max() == N_FRAMES - 1


def test_a_star_that_the_reference_does_not_see_is_in_the_list():
    truth = simulate()
    for k in (0, N_FRAMES - 1):  # nor does the last frame
        xy = positions(truth.catalogs[k])
        away = np.hypot(*(xy - apply(truth.matrices[k], truth.xy[6])).T)
        truth.catalogs[k] = truth.catalogs[k][away > 3]
    field = build(truth)
    assert np.hypot(*(field.xy_px - truth.xy[6]).T).min() < 0.2


def test_two_frames_must_agree():
    truth = simulate(n_frames=2)
    field = build(truth)
    assert field.stars["n_detected"].min() == 2
    assert true_rows(truth, field)[1].max() < 1


def test_a_single_frame_gives_its_own_sources():
    truth = simulate(n_frames=1, n_junk=5)
    field = build(truth)
    assert len(field) == len(truth.catalogs[0])
    np.testing.assert_allclose(field.stars["flux_e"], truth.catalogs[0]["flux_e"])


def test_a_single_star_gives_the_scale():
    truth = simulate()
    for k, catalog in enumerate(truth.catalogs):
        away = np.hypot(*(positions(catalog) - apply(truth.matrices[k], truth.xy[3])).T)
        truth.catalogs[k] = catalog[away < 3]
    field = build(truth)
    assert len(field) == 1
    # fluxes of 0.3 %
    np.testing.assert_allclose(field.frame_scale, truth.scale / truth.scale[0], rtol=5 * 0.0045)


def test_a_blend_whose_middle_moves_is_one_star():
    """Detections 3 px apart in x make two places, and those between them are of both."""
    truth = simulate(n_junk=0)
    for k, catalog in enumerate(truth.catalogs):
        away = np.hypot(*(positions(catalog) - apply(truth.matrices[k], truth.xy[3])).T)
        row = away.argmin()
        here = apply(truth.matrices[k], truth.xy[3] + [(0, 3, 1.5)[min(k, 2)], 0])
        catalog["x_px"][row], catalog["y_px"][row] = here
    field = build(truth)
    near = np.hypot(*(field.xy_px - truth.xy[3] - [1.5, 0]).T) < 3
    assert near.sum() == 1
    assert len(field) == len(build(simulate(n_junk=0)))
    assert field.stars["n_detected"][near] == N_FRAMES - 1


def test_two_stars_that_some_frames_do_not_resolve_are_two():
    """3 px apart; three of eight frames have one source between them."""
    truth = simulate(n_junk=0)
    for k, catalog in enumerate(truth.catalogs):
        away = np.hypot(*(positions(catalog) - apply(truth.matrices[k], truth.xy[3])).T)
        row, other = away.argmin(), catalog[away.argmin()].copy()
        if k < 5:
            other["x_px"], other["y_px"] = apply(truth.matrices[k], truth.xy[3] + [3, 0])
            truth.catalogs[k] = np.append(catalog, other)
        else:
            here = apply(truth.matrices[k], truth.xy[3] + [1.5, 0])
            catalog["x_px"][row], catalog["y_px"][row] = here
    assert len(build(truth)) == len(build(simulate(n_junk=0))) + 1


def test_nothing_that_recurs_makes_an_empty_list():
    truth = simulate()
    truth.catalogs = [c[:0] for c in truth.catalogs]
    field = build(truth)
    assert len(field) == 0
    assert field.xy_px.shape == (0, 2)


def test_a_reference_that_is_not_aligned_is_an_error():
    truth = simulate()
    truth.matrices[0] = None
    with pytest.raises(ValueError, match="the reference image must be among the aligned"):
        build(truth)


def test_the_list_stops_growing(monkeypatch):
    monkeypatch.setattr(star_catalogue, "MAX_STARS", 60)
    truth = simulate(n_junk=50)
    assert len(build(truth)) >= N_STARS - 6


def test_reference_is_the_deepest_round_frame():
    truth = simulate(n_junk=0)
    sky_sigma_e = np.full(N_FRAMES, 20.0)
    truth.ellipticity[:] = 0.05
    truth.fwhm_px[5] = 2.5  # the sharpest
    args = truth.catalogs, truth.matrices, sky_sigma_e, truth.fwhm_px, truth.ellipticity
    scores = reference_scores(*args, first=0)
    # all stars are common up to the detection limit: light / (sigma fwhm)
    expected = truth.scale / truth.scale[0] / (sky_sigma_e * truth.fwhm_px)
    assert np.all(scores <= expected * 1.01)
    assert scores[5] == pytest.approx(expected[5], rel=0.15)

    best = int(np.argmax(scores))
    truth.ellipticity[best] = 0.3  # trailed
    assert np.argmax(reference_scores(*args, first=0)) != best
    truth.matrices[5] = None
    assert reference_scores(*args, first=0)[5] == 0

    truth.ellipticity[0] = 0.3
    truth.matrices[1:] = [None] * (N_FRAMES - 1)
    assert np.argmax(reference_scores(*args, first=0)) == 0  # elongated, but all there is


@pytest.mark.parametrize("seed", range(3))
def test_a_frame_that_is_exposed_twice_is_not_the_reference(seed):
    """It has each star twice, at half its light, and with that most sources."""
    truth = simulate(seed, n_junk=0)
    truth.fwhm_px[:], truth.ellipticity[:], truth.scale[:] = 4.0, 0.05, 1.0
    for catalog in truth.catalogs:  # all equally deep
        catalog["flux_e"] /= catalog["flux_e"][0] / 1e5
    twice = np.repeat(truth.catalogs[2], 2)
    twice["x_px"][1::2] += 12.0
    twice["flux_e"] /= 2
    truth.catalogs[2] = twice
    first, _ = first_reference(truth.catalogs, lambda *_: np.eye(2, 3))
    assert first == 2
    inverse = np.linalg.inv(np.vstack([truth.matrices[2], (0, 0, 1)]))
    matrices = [matrix @ inverse for matrix in truth.matrices]

    scores = reference_scores(truth.catalogs, matrices, np.full(N_FRAMES, 20.0), truth.fwhm_px,
                              truth.ellipticity, first)

    # half the light; a few stars of the others are beyond their edges
    assert scores[2] / np.delete(scores, 2) == pytest.approx(np.full(N_FRAMES - 1, 0.5), rel=0.15)


def test_all_are_aligned_first_to_the_frame_with_most_sources():
    truth = simulate()
    truth.catalogs[3] = np.concatenate([truth.catalogs[3], truth.catalogs[3][:20]])
    matrices = [np.eye(2, 3)] * N_FRAMES
    first, found = first_reference(truth.catalogs, lambda one, other: matrices[0])
    assert first == 3
    assert len(found) == N_FRAMES


def test_a_frame_of_many_sources_that_are_no_stars_is_not_the_first():
    truth = simulate()
    truth.catalogs[3] = np.concatenate([truth.catalogs[3], truth.catalogs[3][:20]])
    odd = truth.catalogs[3]

    def match(one, other):
        return np.eye(2, 3) if (one is odd) == (other is odd) else None

    first, found = first_reference(truth.catalogs, match)

    assert first != 3
    assert [k for k, matrix in enumerate(found) if matrix is None] == [3]


@pytest.mark.parametrize("seed", [3, 4])
def test_frames_that_share_what_are_no_stars_do_not_win_by_their_number_of_sources(seed):
    """Seven of 20 frames have the same 300 hot pixels and no star: the others match each other."""
    truth = simulate(seed, n_frames=13)
    hot = np.repeat(truth.catalogs[0][:10], 30)
    hot["x_px"], hot["y_px"] = np.random.default_rng(seed).uniform(0, 800, (2, 300))
    catalogs = [hot.copy() for _ in range(7)] + truth.catalogs

    def match(one, other):
        return np.eye(2, 3) if (len(one) == 300) == (len(other) == 300) else None

    first, found = first_reference(catalogs, match)

    assert first >= 7
    assert sum(matrix is not None for matrix in found) == 13


def test_refined_seeing_is_nearer_to_the_truth_and_renews_the_ratios():
    truth = simulate(n_junk=60)
    first = [
        Seeing(f * 1.15, e + 0.1, 0.0, 3)
        for f, e in zip(truth.fwhm_px, truth.ellipticity, strict=True)
    ]
    truth.matrices[4] = None
    field = build_catalog(
        truth.catalogs,
        truth.matrices,
        [SHAPE] * N_FRAMES,
        [s.fwhm_px for s in first],
        [s.ellipticity for s in first],
    )
    seeings, refined = refine_seeing(field, truth.catalogs, truth.matrices, first)
    for k, seeing in enumerate(seeings):
        if k == 4:
            assert seeing is first[4]
            continue
        assert seeing.fwhm_px == pytest.approx(truth.fwhm_px[k], rel=0.01)
        assert seeing.ellipticity == pytest.approx(truth.ellipticity[k], abs=0.01)
        assert seeing.pa_deg == pytest.approx(40)
    row, _ = true_rows(truth, refined)
    np.testing.assert_allclose(refined.stars["fwhm_ratio"], truth.wide[row], rtol=0.02)
    assert np.median(field.stars["fwhm_ratio"]) < 0.9  # the given field stays as it was


def test_the_best_of_every_set_comes_first():
    order = best_of_each([3.0, 1.0, 2.0, 9.0, 8.0], ["a", "a", "a", "b", "c"])

    assert order.tolist() == [1, 4, 3, 2, 0]


def test_a_frame_without_a_scatter_of_its_sky_and_one_of_few_stars_have_a_score():
    """Two stars cannot be aligned with triangles; a frame is aligned to itself all the same."""
    truth = simulate()
    few = [catalog[:2] for catalog in truth.catalogs]
    first, matrices = first_reference(few, lambda one, other: None)

    sky = np.ones(N_FRAMES)
    scores = reference_scores(few, matrices, sky, truth.fwhm_px, truth.ellipticity, first)
    assert np.flatnonzero(scores).tolist() == [first]
    sky[first] = 0.0
    assert not reference_scores(few, matrices, sky, truth.fwhm_px, truth.ellipticity, first).any()


def test_the_nearest_detection_within_two_pixels_of_the_reference_is_that_of_a_star():
    """The second frame has twice the scale: four of its pixels; the third is not aligned."""
    def catalog(*places):
        rows = np.zeros(len(places), CATALOG_DTYPE)
        rows["x_px"], rows["y_px"] = np.transpose(places)
        return rows

    stars = np.array([[10.0, 10.0], [30.0, 20.0]])
    matrices = [np.eye(2, 3), 2 * np.eye(2, 3), None, np.eye(2, 3)]
    catalogs = [catalog((30.0, 22.1), (11.9, 10.0), (8.9, 10.0)),
                catalog((20.0, 23.9), (64.1, 40.0)), catalog((10.0, 10.0)), catalog((0, 0))[:0]]

    found = nearest_detections(catalogs, matrices, stars)

    assert found.tolist() == [[2, -1], [0, -1], [-1, -1], [-1, -1]]
    assert nearest_detections(catalogs, matrices, stars, 2.2)[:2].tolist() == [[2, 0], [0, 1]]
