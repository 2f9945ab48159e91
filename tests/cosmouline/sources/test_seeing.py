"""seeing.py on catalogues of known stars and galaxies, and on COSMOULINE's own numbers."""

import json
from dataclasses import replace

from cosmouline.errors import ImageRejected
from cosmouline.sources.detect import CATALOG_DTYPE
from cosmouline.sources.seeing import (
    Seeing,
    frame_seeing,
    half_sample_mode,
    low_cluster,
    mean_angle_deg,
    odd_stars,
    recurring_seeing,
)

import numpy as np
import pytest


def catalog(fwhm_px, ellipticity=0.05, pa_deg=30.0):
    """Sources of given widths, brightest first."""
    rows = np.zeros(len(fwhm_px), dtype=CATALOG_DTYPE)
    rows["fwhm_px"], rows["ellipticity"], rows["pa_deg"] = fwhm_px, ellipticity, pa_deg
    rows["flux_e"], rows["n_pix"] = np.linspace(1e5, 1e3, len(rows)), 40
    return rows


def test_half_sample_mode_finds_the_peak_of_a_skew_sample():
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(4.0, 0.1, 60), rng.uniform(5.0, 15.0, 50)])
    assert half_sample_mode(values) == pytest.approx(4.0, abs=0.1)
    assert values.mean() > 6


def test_half_sample_mode_of_few_values_is_their_mean():
    assert half_sample_mode([3.0]) == 3.0
    assert half_sample_mode([1.0, 2.0, 6.0]) == 3.0
    with pytest.raises(ValueError, match="values must not be empty"):
        half_sample_mode([])


def test_low_cluster_takes_stars_where_cosmics_outnumber_them():
    rng = np.random.default_rng(2)
    stars, cosmics = rng.normal(1.5, 0.03, 8), rng.uniform(2.0, 3.6, 25)
    values = np.concatenate([stars, cosmics, [np.nan, -1.0]])
    assert low_cluster(values) == pytest.approx(1.5, abs=5 * 1.25 * 0.03 / np.sqrt(8))
    assert np.median(np.concatenate([stars, cosmics])) > 2


def test_low_cluster_is_not_pulled_by_a_single_low_value():
    values = np.concatenate([[0.7], np.random.default_rng(3).normal(1.5, 0.03, 30)])
    assert low_cluster(values) == pytest.approx(1.5, abs=0.05)


def test_low_cluster_of_a_small_sample():
    assert np.isnan(low_cluster([]))
    assert low_cluster([2.0, 4.0]) == 3.0


@pytest.mark.parametrize(("n_low", "n_high", "is_low"), [
    (1, 2, True), (2, 2, True), (1, 3, False), (2, 4, False), (3, 3, True), (2, 5, False),
    (3, 4, True), (3, 5, False), (4, 4, True), (3, 9, False), (4, 11, False), (4, 10, True)])
def test_a_low_cluster_holds_four_values_or_half_of_few_and_a_part_of_the_fullest(n_low, n_high,
                                                                                  is_low):
    """4, half of a sample smaller than 8, and 40 % of the fullest window at least."""
    values = [*np.linspace(1.0, 1.02, n_low), *np.linspace(3.0, 3.02, n_high)]

    assert low_cluster(values) == pytest.approx(1.01 if is_low else 3.01, abs=0.011)


@pytest.mark.parametrize(("n_sources", "expected"), [(11, 4.0), (12, 1.2)])
def test_from_twelve_sources_on_the_mode_is_the_width_of_the_stars(n_sources, expected):
    """Five stars of 4 px, and cosmic rays that agree better with each other."""
    widths = [4.0, 4.1, 3.9, 4.05, 3.95] + [1.2] * (n_sources - 5)

    assert frame_seeing(catalog(widths)).fwhm_px == pytest.approx(expected, abs=0.01)


def test_frame_seeing_counts_stars_and_no_galaxies():
    rng = np.random.default_rng(4)
    stars, galaxies = rng.normal(4.0, 0.08, 25), rng.uniform(5.0, 9.0, 15)
    order = rng.permutation(40)
    rows = catalog(np.concatenate([stars, galaxies])[order])
    rows["ellipticity"] = np.concatenate([np.full(25, 0.1), np.full(15, 0.6)])[order]
    rows["pa_deg"] = np.concatenate([np.full(25, -88.0), np.full(15, 10.0)])[order]

    seeing = frame_seeing(rows)

    assert seeing.fwhm_px == pytest.approx(4.0, abs=5 * 1.25 * 0.08 / np.sqrt(25))
    assert seeing.ellipticity == pytest.approx(0.1)
    assert seeing.pa_deg == pytest.approx(-88.0, abs=1e-3)
    assert seeing.n_stars == 25


def test_frame_seeing_of_a_poor_field_takes_the_stars_not_the_cosmics():
    # cosmics that came through agree better with each other than the stars do
    widths = [4.1, 1.20, 4.0, 1.21, 1.22, 3.8, 1.22, 1.23, 4.3]
    assert half_sample_mode(widths) < 1.3
    seeing = frame_seeing(catalog(widths))
    assert seeing.fwhm_px == pytest.approx(4.05)
    assert seeing.n_stars == 4


def test_saturated_faint_and_unmeasured_sources_do_not_count():
    rows = catalog([9.0, 4.0, 4.0, np.nan, 4.0, 1.5])
    rows["is_saturated"][0] = True
    rows["n_pix"][-1] = 8
    seeing = frame_seeing(rows)
    assert seeing.fwhm_px == 4.0
    assert seeing.n_stars == 3


def test_saturated_sources_and_those_without_light_are_no_stars_of_the_seeing():
    """They are as wide as the stars, and longer."""
    rows = catalog([4.0] * 6, ellipticity=np.array([0.5, 0.1, 0.1, 0.1, 0.5, 0.5]))
    rows["is_saturated"][0], rows["flux_e"][4:] = True, (0.0, -3.0)

    seeing = frame_seeing(rows)

    assert (seeing.fwhm_px, seeing.n_stars) == (4.0, 3)
    assert seeing.ellipticity == pytest.approx(0.1)


def test_no_measured_star_is_rejected():
    with pytest.raises(ImageRejected, match="no star with a measured width among 3 sources"):
        frame_seeing(catalog([np.nan, np.nan, 0.6]))
    with pytest.raises(ImageRejected, match="among 0 sources"):
        frame_seeing(catalog([]))


def test_a_frame_whose_stars_are_all_saturated_is_rejected_with_that_cause():
    rows = catalog([3.0, 3.1, 3.0])
    rows["is_saturated"] = True
    with pytest.raises(ImageRejected, match="among 3 sources: 3 are saturated, the others too"):
        frame_seeing(rows)


def test_few_sources_of_different_widths_give_no_seeing():
    """The median lies between them, and nobody near it."""
    with pytest.raises(ImageRejected, match=r"widths of 2 sources do not agree \(2.0 to 8.0 px"):
        frame_seeing(catalog([2.0, 8.0]))


@pytest.mark.parametrize(("n_stars", "ellipticity", "n_saturated", "said"), [
    (4, 0.35, 3, []),
    (3, 0.35, 3, ["few stars: 3 behind the seeing; cloud?"]),
    (4, 0.36, 3, ["elongated stars: ellipticity of 0.36; trailed?"]),
    (4, 0.35, 4, ["saturated stars: 4 of 10 sources"])])
def test_what_is_unusual_about_stars_is_told_beyond_its_limit(n_stars, ellipticity, n_saturated,
                                                              said):
    """Limits: 3 stars, an ellipticity of .35, 30 % of the sources saturated."""
    rows = catalog(np.full(10, 3.0))
    rows["is_saturated"][:n_saturated] = True

    assert odd_stars(Seeing(3.0, ellipticity, 30.0, n_stars), rows) == said


def test_angles_are_averaged_as_axes():
    assert abs(mean_angle_deg(np.array([88.0, -86.0]), np.ones(2))) == pytest.approx(89.0)
    assert mean_angle_deg(np.array([10.0, 20.0, 90.0]), np.array([1, 1, 0])) == pytest.approx(15)


def table(n_frames, n_stars, seed):
    """Widths of stars in frames of known seeing, with 1 % noise; ellipticity .04 and angle 20."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(3.0, 7.0, n_frames)
    widths = truth[:, None] * (1 + 0.01 * rng.standard_normal((n_frames, n_stars)))
    return truth, widths, np.full(widths.shape, 0.04), np.full(widths.shape, 20.0)


def test_recurring_seeing_leaves_galaxies_and_saturated_stars_out():
    truth, widths, shape, angle = table(6, 20, seed=5)
    widths[:, 5:11] *= 1.6  # galaxies, wider in every frame
    widths[:, :2] *= 1.3  # saturated
    shape[:, 5:11] = 0.5

    seeings = recurring_seeing(widths, shape, angle, np.arange(20) >= 2)

    got = np.array([seeing.fwhm_px for seeing in seeings])
    np.testing.assert_allclose(got, truth, rtol=5 * 1.25 * 0.01 / np.sqrt(12))
    assert all(seeing.ellipticity == pytest.approx(0.04) for seeing in seeings)
    assert all(seeing.pa_deg == pytest.approx(20) for seeing in seeings)
    assert all(seeing.n_stars >= 11 for seeing in seeings)


@pytest.mark.parametrize("seed", range(20))
def test_recurring_seeing_is_that_of_the_stars_where_galaxies_outnumber_them(seed):
    truth, widths, shape, angle = table(6, 15, seed)
    galaxies = np.random.default_rng(seed).uniform(1.25, 1.7, 9)
    widths[:, [0, 2, 3, 5, 7, 8, 10, 12, 13]] *= galaxies  # among the brightest too

    seeings = recurring_seeing(widths, shape, angle, np.ones(15, dtype=bool))

    got = np.array([seeing.fwhm_px for seeing in seeings])
    np.testing.assert_allclose(got, truth, rtol=5 * 1.25 * 0.01 / np.sqrt(6))
    assert all(seeing.n_stars <= 6 for seeing in seeings)


def test_a_frame_that_shows_few_stars_is_not_biased_by_which():
    truth, widths, shape, angle = table(8, 10, seed=6)
    widths *= np.linspace(0.95, 1.05, 10)  # the PSF varies over the field
    widths[3, :6] = np.nan  # frame 3 sees the wide half alone

    seeings = recurring_seeing(widths, shape, angle, np.ones(10, bool))

    assert seeings[3].fwhm_px == pytest.approx(truth[3], rel=0.015)  # without the ratios +3 %
    assert seeings[3].n_stars <= 4


def test_a_frame_with_fewer_than_two_stars_has_none():
    truth, widths, shape, angle = table(4, 8, seed=7)
    widths[0] = np.nan
    widths[1, 1:] = np.nan
    seeings = recurring_seeing(widths, shape, angle, np.ones(8, bool))
    assert seeings[0] is None
    assert seeings[1] is None
    assert seeings[2].fwhm_px == pytest.approx(truth[2], rel=0.02)


def test_two_stars_are_enough_where_the_field_has_no_more():
    truth, widths, shape, angle = table(5, 2, seed=8)
    seeings = recurring_seeing(widths, shape, angle, np.ones(2, bool))
    np.testing.assert_allclose([s.fwhm_px for s in seeings], truth, rtol=0.04)


def golden(folder):
    """FWHM of the sources COSMOULINE kept, and the seeing it found, of each golden image."""
    source = json.loads((folder / "catalog_input.json").read_text())
    flags, fwhm = (source["columns"].index(name) for name in ("FLAGS", "FWHM_IMAGE"))
    lines = [line.split("\t") for line in (folder / "catalog_output.tsv").read_text().splitlines()]
    results = {line[0]: dict(zip(lines[0], line, strict=True)) for line in lines[1:]}
    for name, image in source["images"].items():
        rows = np.array(image["cat"], dtype=float)
        yield rows[rows[:, flags] <= 2, fwhm], results[name]


def cosmouline_seeing(fwhm_px):
    """FWHM of a frame by COSMOULINE's 3b_measureseeing, from SExtractor flags of at most 2.

    The peak of a histogram of 10 bins, a second histogram around it, the median within 1 px of
    that. A width below 2 px becomes 2.01, a missing one -1.
    """
    fwhm_px = np.asarray(fwhm_px, dtype=float)
    if fwhm_px.size == 0:
        return -1.0
    middle = np.median(fwhm_px)
    seeing_px = middle
    if fwhm_px.size > 10:
        peak, fullest = histogram_peak(fwhm_px, 1.5, min(30.0, 3 * max(middle, 1.5)))
        if fullest not in (0, 9):
            peak, _ = histogram_peak(fwhm_px, peak - 2, peak + 2)
            seeing_px = np.median(fwhm_px[(fwhm_px > peak - 1) & (fwhm_px < peak + 1)])
    return float(seeing_px) if seeing_px >= 2.0 else 2.01


def histogram_peak(values, low, high):
    """Centre and number of the fullest of 10 bins."""
    counts, edges = np.histogram(values, bins=10, range=(low, high))
    fullest = int(np.argmax(counts))
    return (edges[fullest] + edges[fullest + 1]) / 2, fullest


def test_cosmouline_seeing_is_what_cosmouline_writes(shared_data):
    n_images = 0
    for fwhm_px, theirs in golden(shared_data("cosmouline_golden")):
        assert cosmouline_seeing(fwhm_px) == pytest.approx(float(theirs["seeingpixels"]), abs=1e-9)
        assert len(fwhm_px) == int(theirs["goodstars"])
        n_images += 1
    assert n_images == 3


def test_our_seeing_agrees_with_cosmouline_on_its_own_lists(shared_data):
    for fwhm_px, theirs in golden(shared_data("cosmouline_golden")):
        ours = frame_seeing(catalog(fwhm_px)).fwhm_px
        assert ours == pytest.approx(float(theirs["seeingpixels"]), rel=0.02)


def test_cosmouline_hides_an_undersampled_frame_and_we_do_not():
    widths = np.random.default_rng(9).normal(1.62, 0.03, 40)
    assert cosmouline_seeing(widths) == 2.01
    assert frame_seeing(catalog(widths)).fwhm_px == pytest.approx(1.62, abs=0.03)


def test_cosmouline_seeing_of_few_sources():
    assert cosmouline_seeing([]) == -1.0
    assert cosmouline_seeing([3.0, 5.0, 4.0]) == 4.0
    # more than ten, the peak in the first bin: the median
    assert cosmouline_seeing([2.0] * 9 + [20.0] * 3) == 2.0


@pytest.mark.parametrize(("changes", "n_saturated", "words"), [
    ({"n_stars": 3}, 0, ["few stars: 3 behind the seeing"]), ({"n_stars": 4}, 0, []),
    ({"ellipticity": 0.36}, 0, ["elongated stars: ellipticity of 0.36"]),
    ({"ellipticity": 0.34}, 0, []), ({}, 3, []), ({}, 4, ["saturated stars: 4 of 10 sources"])])
def test_what_is_odd_about_the_stars_of_a_frame(changes, n_saturated, words):
    rows = catalog([4.0] * 10)
    rows["is_saturated"][:n_saturated] = True
    seeing = replace(frame_seeing(catalog([4.0] * 10)), **changes)

    notes = odd_stars(seeing, rows)

    assert [note.partition(";")[0] for note in notes] == words


@pytest.mark.parametrize(("n_stars", "n_galaxies", "is_said"), [
    (20, 10, False), (12, 40, True), (3, 10, False), (40, 0, False)])
@pytest.mark.parametrize("seed", range(3))
def test_a_seeing_of_galaxies_is_told_by_the_sources_that_are_sharper(seed, n_stars, n_galaxies,
                                                                      is_said):
    """Stars of 3 px to 5 %, galaxies of 6 to 8; three sharp sources may be cosmic rays."""
    random = np.random.default_rng(seed)
    widths = np.concatenate([random.normal(3.0, 0.15, n_stars), random.uniform(6, 8, n_galaxies)])
    rows = catalog(random.permutation(widths))
    seeing = frame_seeing(rows)

    notes = [note for note in odd_stars(seeing, rows) if note.startswith("galaxies")]

    assert bool(notes) == is_said  # a fifth of the sources, four at least
    if is_said:
        assert f"{n_stars} of {len(rows)} sources" in notes[0]
        assert float(notes[0].split()[-1]) == pytest.approx(3.0, abs=0.2)
