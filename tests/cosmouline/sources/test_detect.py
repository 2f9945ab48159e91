"""detect.py on drawn frames: which sources come back, and with which numbers."""

from cosmouline.errors import ImageRejected
from cosmouline.images.sky import sky_map
from cosmouline.sources import detect
from cosmouline.sources.detect import CATALOG_DTYPE, detect_sources
from cosmouline.sources.seeing import frame_seeing

import numpy as np
import pytest
from scipy.spatial import cKDTree

SHAPE, SKY_E, FWHM_PX = (300, 320), 400.0, 4.0


def draw(x, y, flux_e, fwhm_px=FWHM_PX, shape=SHAPE, beta=3.5, parts=3):
    """Moffats integrated over the pixels within 20 FWHM, no noise."""
    frame = np.zeros(shape)
    core = fwhm_px / (2 * np.sqrt(2 ** (1 / beta) - 1))
    steps = (np.arange(parts) + 0.5) / parts - 0.5
    reach = int(20 * fwhm_px)
    for a, b, flux in zip(x, y, np.broadcast_to(flux_e, np.shape(x)), strict=True):
        cols = np.arange(max(0, int(a) - reach), min(shape[1], int(a) + reach))
        rows = np.arange(max(0, int(b) - reach), min(shape[0], int(b) + reach))
        u2 = (np.add.outer(cols, steps).ravel() - a) ** 2
        v2 = (np.add.outer(rows, steps).ravel() - b) ** 2
        star = (1 + np.add.outer(v2, u2) / core**2) ** -beta
        star = star.reshape(len(rows), parts, len(cols), parts).mean(axis=(1, 3))
        frame[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1] += flux * star
    return frame * (beta - 1) / np.pi / core**2


def grid(seed, step=40, shape=SHAPE):
    """Places for stars that do not touch, with a random sub-pixel offset."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[25 : shape[0] - 20 : step, 25 : shape[1] - 20 : step]
    return x.ravel() + rng.uniform(-3, 3, x.size), y.ravel() + rng.uniform(-3, 3, x.size)


def noisy(frame_e, seed, sky_e=SKY_E, read_noise_e=5.0):
    """Frame with sky, photon noise and read noise."""
    rng = np.random.default_rng(seed)
    return (rng.poisson(frame_e + sky_e) + rng.normal(0, read_noise_e, frame_e.shape)).astype("f4")


def add_cosmics(image_e, n, seed):
    """Straight tracks; returns their places."""
    rng = np.random.default_rng(seed)
    places = []
    for _ in range(n):
        x, y, angle = (
            rng.uniform(15, SHAPE[1] - 15),
            rng.uniform(15, SHAPE[0] - 15),
            rng.uniform(0, 3),
        )
        for k in range(rng.integers(2, 9)):
            col, row = int(x + k * np.cos(angle)), int(y + k * np.sin(angle))
            image_e[row, col] += rng.uniform(800, 6000)
            places.append((col, row))
    return np.array(places)


def match(catalog, x, y, within=1.0):
    """Row of each true position, and whether it was found."""
    tree = cKDTree(np.stack([catalog["x_px"], catalog["y_px"]], axis=1))
    distance, row = tree.query(np.stack([x, y], axis=1))
    return row, distance < within


def test_stars_come_back_brightest_first_with_their_numbers():
    x, y = grid(1)
    flux_e = 10 ** np.random.default_rng(2).uniform(4, 5.5, x.size)
    catalog = detect_sources(noisy(draw(x, y, flux_e), 3))

    assert catalog.dtype == CATALOG_DTYPE
    assert np.all(np.diff(catalog["flux_e"]) <= 0)
    row, found = match(catalog, x, y)
    assert found.all()
    assert len(catalog) == x.size
    got = catalog[row]
    # centroid error of a sky-limited star: about FWHM / (2 S/N), S/N above 60 here
    assert np.hypot(got["x_px"] - x, got["y_px"] - y).max() < 5 * FWHM_PX / 2 / 60
    # an isophotal sum loses the wings under the threshold
    assert 0.75 < (got["flux_e"] / flux_e).min() <= (got["flux_e"] / flux_e).max() < 1.03
    assert np.median(got["fwhm_px"]) == pytest.approx(FWHM_PX, rel=0.02)
    assert np.median(got["ellipticity"]) < 0.04
    peak = draw(x[:1], y[:1], flux_e[0]).max()
    assert got["peak_e"][0] == pytest.approx(peak, abs=5 * np.sqrt(peak + SKY_E))


@pytest.mark.parametrize("fwhm_px", [2.0, 3.0, 6.0, 10.0, 14.0])
def test_width_of_good_and_bad_nights(fwhm_px):
    x, y = grid(4, step=60)
    catalog = detect_sources(noisy(draw(x, y, 2e5, fwhm_px), 5))
    assert len(catalog) >= x.size - 12  # those near the edge go where the stamps are wide
    assert np.nanmedian(catalog["fwhm_px"]) / fwhm_px == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("fwhm_px", [2.5, 4.0])
def test_cosmics_are_dropped_and_stars_kept(fwhm_px):
    x, y = grid(6)
    image_e = noisy(draw(x, y, 3e4, fwhm_px), 7)
    cosmics = add_cosmics(image_e, 60, 8)

    catalog = detect_sources(image_e)

    # a star hit by a cosmic may go with it
    hit = cKDTree(cosmics).query(np.stack([x, y], axis=1))[0] < 2 * fwhm_px
    _, found = match(catalog, x, y)
    assert found[~hit].all()
    near_star = cKDTree(np.stack([x, y], axis=1)).query(
        np.stack([catalog["x_px"], catalog["y_px"]], axis=1)
    )[0]
    assert np.count_nonzero(near_star > 3 * fwhm_px) <= 2  # of 60


@pytest.mark.parametrize("fwhm_px", [1.6, 2.4, 4.0])
def test_hot_pixels_pairs_and_blocks_of_them_are_no_sources(fwhm_px):
    """800 of them in a shallow frame of 12 stars: all that is left are stars, of their width."""
    rng = np.random.default_rng(7)
    x, y = grid(seed=6, step=100)
    image_e = noisy(draw(x, y, 10 ** rng.uniform(3.7, 4.5, len(x)), fwhm_px), 8, sky_e=20.0)
    rows, cols = rng.integers(2, SHAPE[0] - 3, 800), rng.integers(2, SHAPE[1] - 3, 800)
    away_px = np.hypot(cols[:, None] - x, rows[:, None] - y).min(1)
    rows, cols = rows[away_px > 8], cols[away_px > 8]
    height_e = 10 ** rng.uniform(2.3, 4.3, len(rows))
    np.add.at(image_e, (rows, cols), height_e)
    np.add.at(image_e, (rows[::3], cols[::3] + 1), 0.5 * height_e[::3])
    np.add.at(image_e, (rows[::30] + 1, cols[::30]), 0.7 * height_e[::30])  # blocks
    np.add.at(image_e, (rows[::30] + 1, cols[::30] + 1), 0.6 * height_e[::30])

    catalog = detect_sources(image_e)

    # of 26 blocks and of pixels side by side, those as wide as a sharp star
    nearest_px = np.hypot(catalog["x_px"][:, None] - x, catalog["y_px"][:, None] - y).min(1)
    assert (nearest_px < 1).sum() == len(x)
    assert (nearest_px > 1).sum() <= 15
    # a FWHM of 1.6 px is measured up to 8 % too wide, as on frames without hot pixels
    assert frame_seeing(catalog).fwhm_px == pytest.approx(fwhm_px, rel=0.1)


@pytest.mark.parametrize(("n_hot", "fwhm_px", "is_mended"), [
    (40, 3.0, True), (4, 3.0, False), (40, 1.6, False)])
def test_pixels_are_mended_where_more_sources_are_sharp_than_are_stars(
        monkeypatch, n_hot, fwhm_px, is_mended):
    """Twelve stars; where they are narrow a sharp pixel can be one."""
    x, y = grid(seed=6, step=100)
    image_e = noisy(draw(x, y, 3e4, fwhm_px), 8)
    for k in range(n_hot):
        image_e[10 + 25 * (k // 10), 8 + 31 * (k % 10)] += 5000
    asked, sharp_pixels = [], detect.sharp_pixels
    monkeypatch.setattr(detect, "sharp_pixels", lambda image: asked.append(1) or sharp_pixels(
        image))

    catalog = detect_sources(image_e)

    assert len(asked) == is_mended
    assert len(catalog) == pytest.approx(len(x), abs=1)


@pytest.mark.parametrize("knows_bad", [False, True])
def test_sharp_pixels_beside_stars_are_mended_with_those_known_to_be_bad(knows_bad):
    """Each star of 3e4 e- has a pixel of 5000 e- at 4 px, within its isophote."""
    x, y = grid(seed=6, step=100)
    clean_e = noisy(draw(x, y, 3e4, 3.0), 8)
    image_e, bad = clean_e.copy(), np.zeros(clean_e.shape, dtype=bool)
    bad[-2:, :50] = knows_bad
    for k in range(40):
        image_e[10 + 25 * (k // 10), 8 + 31 * (k % 10)] += 5000
    image_e[y.round().astype(int), x.round().astype(int) + 4] += 5000

    catalog = detect_sources(image_e, bad=bad if knows_bad else None)

    flux_e = np.sort(detect_sources(clean_e)["flux_e"])
    assert len(catalog) == len(flux_e)
    assert np.sort(catalog["flux_e"]) == pytest.approx(flux_e, rel=0.02)  # of sky under a pixel


def test_saturated_stars_are_kept_and_flagged():
    x, y = grid(11)
    flux_e = np.full(x.size, 3e4)
    flux_e[5], flux_e[9] = 2e6, 2.2e6
    image_e = np.minimum(noisy(draw(x, y, flux_e), 12), 60_000)

    catalog = detect_sources(image_e, saturation_e=60_000)

    row, found = match(catalog, x, y, within=2.0)
    assert found.all()
    assert sorted(row[[5, 9]]) == [0, 1]
    assert catalog["is_saturated"][:2].all()
    assert not catalog["is_saturated"][2:].any()
    assert not detect_sources(image_e)["is_saturated"].any()


def test_many_saturated_stars_do_not_make_sharp_ones_cosmic_rays():
    """Flat tops have a ratio of peak to smoothed peak of 1, stars of FWHM 2 px one of 1.5."""
    x, y = grid(11, step=27)
    flux_e = np.where(np.arange(x.size) % 2, 4e6, 5e4)
    image_e = np.minimum(noisy(draw(x, y, flux_e, fwhm_px=2.0), 12), 60_000)

    _, is_found = match(detect_sources(image_e, saturation_e=60_000), x, y)

    assert is_found[flux_e < 1e6].mean() > 0.95


def test_saturation_begins_at_nine_tenths_of_its_level():
    image_e = noisy(draw([150.0], [150.0], 1e5), 13)
    top = float(image_e.max())
    for share, saturated in [(0.91, True), (0.89, False)]:
        catalog = detect_sources(image_e, saturation_e=top / share)
        assert catalog["is_saturated"].tolist() == [saturated]


def test_bad_pixels_make_no_sources_and_move_no_star():
    x, y = grid(14)
    image_e = noisy(draw(x, y, 5e4), 15)
    clean = detect_sources(image_e)
    rng = np.random.default_rng(16)
    bad = rng.uniform(size=SHAPE) < 0.005
    bad[40:60, 200:220] = True  # a block
    spoilt_e = image_e.copy()
    spoilt_e[bad] = rng.uniform(0, 6e4, bad.sum())
    spoilt_e[100:104, 10:300] = np.nan

    catalog = detect_sources(spoilt_e, bad=bad)

    gone = (np.abs(y - 101.5) < 8) | ((np.abs(x - 210) < 18) & (np.abs(y - 50) < 18))
    _, found = match(catalog, x[~gone], y[~gone], within=0.5)
    assert found.all()
    assert len(catalog) <= len(clean) + 4  # pieces of stars along the dead rows
    assert np.median(catalog["fwhm_px"]) == pytest.approx(np.median(clean["fwhm_px"]), rel=0.02)


def test_a_known_sky_gives_the_same_sources():
    x, y = grid(17)
    image_e = noisy(draw(x, y, 10 ** np.linspace(3.6, 5, x.size)), 18)
    first, second = detect_sources(image_e), detect_sources(image_e, sky=sky_map(image_e))
    row, found = match(second, first["x_px"], first["y_px"])
    assert found.mean() > 0.95
    assert np.median(second["flux_e"][row] / first["flux_e"]) == pytest.approx(1, abs=0.01)


def test_sources_fainter_than_the_measured_ones_have_no_width():
    x, y = grid(19)
    image_e = noisy(draw(x, y, np.linspace(2e4, 2e5, x.size)), 20)
    catalog = detect_sources(image_e, n_moments=10)
    assert np.isfinite(catalog["fwhm_px"][:10]).all()
    assert np.isnan(catalog["fwhm_px"][10:]).all()
    assert np.isfinite(catalog["x_px"]).all()


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (np.full(SHAPE, 500.0), "no star: nothing is 3 sigma above the sky"),
        (np.zeros(SHAPE), "no star: nothing"),
        (np.random.default_rng(21).normal(500, 20, SHAPE), "no star"),
        (np.full(SHAPE, np.nan), "no star: none of the 96000 pixels is good"),
    ],
    ids=["constant", "zero", "blank", "nan"],
)
def test_frames_without_a_star_are_rejected(frame, reason):
    with pytest.raises(ImageRejected, match=reason):
        detect_sources(frame)


def test_a_frame_of_sources_without_shape_is_rejected():
    image_e = noisy(draw([3.0], [150.0], 1e5), 22)  # at the edge
    with pytest.raises(ImageRejected, match="all 1 sources are cosmic rays, hot pixels or have"):
        detect_sources(image_e, min_area_px=12)
