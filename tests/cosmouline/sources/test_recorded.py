"""What is made of the sources of many frames: the list of stars, their choice, the seeing.

That it is right is shown elsewhere, against truth and by hand: see tests/recorded.py.
"""

from cosmouline.astrometry import align, local_shift, triangles
from cosmouline.sources import detect, seeing, star_catalogue, star_selection

import numpy as np
import pytest

SHAPE, N = (900, 1100), 60


@pytest.fixture(scope="module")
def frames():
    """Six frames of a field, turned, shifted and scaled; one frame is not aligned.

    Stars are missing at times, some are saturated, wide or elongated, and there are false ones.
    """
    rng = np.random.default_rng(12)
    places, fluxes = rng.uniform(30, (1070, 870), (N, 2)), 10 ** rng.uniform(3.2, 5.6, N)
    fluxes = np.sort(fluxes)[::-1]
    catalogs, matrices = [], []
    for k in range(6):
        turn = 1.0 + 0.02 * k, np.radians(3.0 * k - 4)
        matrix = np.array([[turn[0] * np.cos(turn[1]), -turn[0] * np.sin(turn[1]), 7.0 * k - 20],
                           [turn[0] * np.sin(turn[1]), turn[0] * np.cos(turn[1]), 31 - 9.0 * k]])
        seen = rng.random(N) > 0.1
        catalog = np.zeros(seen.sum() + 4, detect.CATALOG_DTYPE)
        catalog["x_px"], catalog["y_px"] = np.concatenate(
            [align.apply(matrix, places[seen]) + rng.normal(0, 0.1, (seen.sum(), 2)),
             rng.uniform(0, 800, (4, 2))]).T
        catalog["flux_e"] = np.r_[fluxes[seen] * (1 - 0.1 * k), [900.0, 800, 700, 600]]
        catalog["flux_e"] *= rng.normal(1, 0.02, len(catalog))
        catalog["fwhm_px"] = (3 + 0.3 * k) * rng.normal(1, 0.03, len(catalog))
        catalog["fwhm_px"][5] *= 1.3
        catalog["ellipticity"] = 0.05 + 0.01 * k + np.abs(rng.normal(0, 0.02, len(catalog)))
        catalog["pa_deg"] = rng.uniform(-30, 60, len(catalog))
        catalog["is_saturated"] = catalog["flux_e"] > 2.5e5
        order = np.argsort(-catalog["flux_e"])
        catalogs.append(catalog[order])
        matrices.append(None if k == 4 else matrix)
    return catalogs, matrices


def test_the_list_of_stars_and_what_is_chosen(frames, recorded):
    catalogs, matrices = frames
    fwhm, shape = np.linspace(3, 4.5, 6), np.linspace(0.06, 0.11, 6)
    field = star_catalogue.build_catalog(catalogs, matrices, [SHAPE] * 6, fwhm, shape, 0.6, 1)
    seeings = [seeing.Seeing(f, e, 10.0, 20) for f, e in zip(fwhm, shape, strict=True)]
    refined = star_catalogue.refine_seeing(field, catalogs, matrices, seeings)
    chosen = star_selection.select_stars(field, 3.6, 25.0, [(500.0, 400.0)])
    recorded("sources/field", {
        "stars": field.stars, "scale": field.frame_scale, "refined": refined,
        "chosen": chosen.indices, "refused": {str(k): why for k, why in chosen.refused.items()},
        "snr": star_selection.signal_to_noise(field.stars["flux_e"], 3.6, 25.0),
        "scores": star_catalogue.reference_scores(catalogs, matrices, np.linspace(20, 30, 6), fwhm,
                                                  shape, 1),
        "order": star_catalogue.best_of_each(np.array([3.0, 1, 2, 5, 4, 0]), list("aabbab"))})


def test_the_seeing_of_frames(recorded):
    rng = np.random.default_rng(3)
    widths = np.linspace(2.5, 5, 8)[:, None] * rng.normal(1, 0.04, 20)
    widths[:, 15:] *= 1.3
    widths[rng.random(widths.shape) < 0.1] = np.nan
    shapes = np.abs(rng.normal(0.1, 0.03, widths.shape))
    angles = rng.normal(40, 20, widths.shape)
    recorded("sources/seeing", {
        "recurring": seeing.recurring_seeing(widths, shapes, angles, np.arange(20) % 6 != 2),
        "mode": seeing.half_sample_mode(widths[2, np.isfinite(widths[2])]),
        "low": seeing.low_cluster(np.r_[rng.normal(1, 0.02, 12), rng.normal(1.4, 0.1, 30)]),
        "angle": seeing.mean_angle_deg(np.array([80.0, -75, 60, 10]), np.array([3.0, 2, 1, 0.2]))})


def test_transforms(frames, recorded):
    catalogs, matrices = frames
    lists = [star_catalogue.positions(catalog) for catalog in catalogs]
    found = align.align_catalogs(lists[0], lists[3])
    xy = np.array([align.apply(m, lists[0][:9]) for m in matrices if m is not None])
    rng = np.random.default_rng(5)
    xy += rng.normal(0, 0.05, xy.shape)
    xy[2, 3] = np.nan
    xy[1, 4] += 3.0
    sigma = rng.uniform(0.01, 0.08, xy.shape[:2])
    kept = [m for m in matrices if m is not None]
    recorded("sources/transforms", {
        "alignment": found, "candidates": triangles.candidate_transforms(
            lists[0], lists[2], 40, 1, 3.0)[:3],
        "angle": [found.angle_deg, found.scale, found.parity],
        "pairs": align.matched_pairs(found.matrix, lists[0], lists[3], 1.5),
        "place": local_shift.predict(xy, sigma, kept, np.array([500.0, 420.0])),
        "of_few": local_shift.predict(xy[:, :4], sigma[:, :4], kept, np.array([500.0, 420.0]))})
