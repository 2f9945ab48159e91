"""Cosmic-ray hits on stamps."""

from cosmouline.stamps.cosmics import cosmic_mask, spare_cores
from cosmouline.stamps.stamps import MASK_BAD, Stamps

import numpy as np
import pytest

READ_NOISE_E = 5.0


def as_stamps(made_up, is_usable=None):
    """Stamps as they come from a frame."""
    n = len(made_up.data)
    return Stamps(
        made_up.data.astype(np.float32),
        np.sqrt(made_up.sky_variance).astype(np.float32),
        np.zeros(made_up.data.shape, np.uint8),
        np.zeros((n, 2), int),
        np.full((n, 2), (made_up.side_px - 1) / 2) + made_up.offset_px,
        np.ones(n, bool) if is_usable is None else is_usable,
    )


def with_hits(made_up, hit_e=1500.0):
    """Short tracks of two pixels, away from the cores; and where they are."""
    hits = np.zeros(made_up.data.shape, bool)
    hits[:, 4, 5:7] = hits[:, -5, 8] = hits[:, -6, 8] = True
    made_up.data[hits] += hit_e
    return hits


def test_all_hits_are_found_and_little_else(star_stamps):
    made_up = star_stamps(51, 4.0, (2e4, 3e5))
    hits = with_hits(made_up)

    found = cosmic_mask(as_stamps(made_up), 4.0, READ_NOISE_E, 375.0)

    assert found[hits].all()
    # 6 stamps of 1024 pixels: at most the direct neighbours of the 24 hit pixels
    assert np.count_nonzero(found & ~hits) < 12


def test_well_sampled_stars_without_hits_have_none(star_stamps):
    made_up = star_stamps(52, 4.0, (2e4, 3e5))

    found = cosmic_mask(as_stamps(made_up), 4.0, READ_NOISE_E, 375.0)

    assert np.count_nonzero(found) <= 1


def test_p27_of_one_percent_of_hit_pixels_about_one_percent_is_masked(star_stamps):
    """Row p27: 0.5 to 3 %; the scripts report the number of pixels (``n_object_cosmics``)."""
    made_up = star_stamps(53, 4.0, (2e4, 3e5))
    made_up.data[np.random.default_rng(4).random(made_up.data.shape) < 0.01] += 3000.0

    found = cosmic_mask(as_stamps(made_up), 4.0, READ_NOISE_E, 375.0)

    assert 0.005 < found.mean() < 0.03


@pytest.mark.parametrize("extent_px", [0.0, np.full(6, 2.0)])
def test_sharp_cores_are_never_suspected_but_hits_elsewhere_are(star_stamps, extent_px):
    made_up = star_stamps(54, 1.8, (2e4, 3e5))
    hits = with_hits(made_up)
    stamps = as_stamps(made_up)

    found, _ = spare_cores(cosmic_mask(stamps, 1.8, READ_NOISE_E, 375.0), stamps, 1.8, extent_px)

    rows, cols = np.mgrid[: made_up.side_px, : made_up.side_px]
    x, y = stamps.position_px.T[:, :, None, None]
    core = np.hypot(cols - x, rows - y) < np.max(extent_px) + 1.5 * 1.8
    assert not (found & core).any()
    assert found[hits & ~core].all()


def test_masked_pixels_and_unusable_stamps_are_not_marked(star_stamps):
    made_up = star_stamps(53, 4.0, (2e4, 3e5))
    hits = with_hits(made_up)
    stamps = as_stamps(made_up, np.arange(6) != 2)
    stamps.mask[1, 4, 5:7] = MASK_BAD

    found = cosmic_mask(stamps, 4.0, READ_NOISE_E, np.full(6, 375.0))

    assert not found[2].any()
    assert not found[1, 4, 5:7].any()
    assert found[3][hits[3]].all()


def test_the_sky_may_be_a_number_one_per_stamp_or_one_per_pixel(star_stamps):
    made_up = star_stamps(54, 4.0, (2e4, 3e5))
    with_hits(made_up)
    stamps = as_stamps(made_up)

    masks = [
        cosmic_mask(stamps, 4.0, READ_NOISE_E, sky)
        for sky in (375.0, np.full(6, 375.0), np.full(made_up.data.shape, 375.0))
    ]

    assert masks[0].any()
    assert (masks[1] == masks[0]).all()
    assert (masks[2] == masks[0]).all()


def test_the_fraction_decides_on_the_neighbours_of_a_hit(star_stamps):
    """A pixel of 60 sigma and its neighbour of 4: below the limit, above 0.3 of it, not 1."""
    made_up = star_stamps(56, 4.0, (2e4, 3e5))
    made_up.data[:, 4, 5] += 1200.0
    made_up.data[:, 4, 6] += 80.0
    stamps = as_stamps(made_up)

    wide, narrow = (cosmic_mask(stamps, 4.0, READ_NOISE_E, 375.0, sigfrac=fraction)
                    for fraction in (0.05, 1.0))

    assert wide[:, 4, 5].all()
    assert narrow[:, 4, 5].all()
    assert (narrow <= wide).all()
    assert wide[:, 4, 6].sum() > narrow[:, 4, 6].sum()
    assert wide.sum() >= narrow.sum() + 6


def test_the_contrast_decides_between_a_star_and_a_hit(star_stamps):
    """Where it counts little, cores of bright stars of the width of 3 px are suspected."""
    made_up = star_stamps(57, 3.0, (2e5, 3e5))
    with_hits(made_up)
    stamps = as_stamps(made_up)

    few, many = (np.count_nonzero(cosmic_mask(stamps, 3.0, READ_NOISE_E, 375.0, objlim=limit))
                 for limit in (50.0, 0.5))

    assert few < many


@pytest.mark.parametrize("sigclip", [5.0, 500.0])
def test_the_limit_is_an_option(star_stamps, sigclip):
    made_up = star_stamps(55, 4.0, (2e4, 3e5))
    hits = with_hits(made_up)

    found = cosmic_mask(as_stamps(made_up), 4.0, READ_NOISE_E, 375.0, sigclip=sigclip)

    assert found[hits].any() == (sigclip < 100)


def double_stars(star_stamps, seed, n_stars=8):
    """Stars of 1.6 px, each two images 4 px apart, as bad guiding leaves them."""
    made_up = star_stamps(seed, 3.4, (2e5, 8e5), n_stars=n_stars)
    sharp = type(made_up.truth)(1.6)
    light = np.array([sharp.stamp(made_up.side_px, *xy) for xy in made_up.offset_px])
    model = made_up.flux_e[:, None, None] * (0.6 * light + 0.4 * np.roll(light, 4, 2))
    noise = np.random.default_rng(seed).standard_normal(model.shape)
    made_up.data = model + np.sqrt(400 + model) * noise
    return made_up


def test_what_several_stars_have_at_one_place_is_the_psf_and_their_cores_are_spared(star_stamps):
    made_up = double_stars(star_stamps, 58)
    hits = with_hits(made_up)
    stamps = as_stamps(made_up)
    suspected = cosmic_mask(stamps, 3.4, READ_NOISE_E, 375.0)

    found, n_alike = spare_cores(suspected, stamps, 3.4)

    centre = made_up.side_px // 2
    core = (slice(None), slice(centre - 3, centre + 3), slice(centre - 3, centre + 3))
    assert (suspected[core].sum((1, 2)) > 12).sum() >= 4  # a third of the 36 central pixels
    assert n_alike >= 4
    assert not found[core].any()
    assert found[hits].all()


def test_cosmic_rays_in_single_cores_stay_marked(star_stamps):
    """One star of eight is hit near its centre, another elsewhere: no place is shared."""
    made_up = star_stamps(59, 4.0, (2e4, 3e5), n_stars=8)
    stamps = as_stamps(made_up)
    suspected = np.zeros(made_up.data.shape, bool)
    centre = made_up.side_px // 2
    suspected[2, centre, centre + 2] = suspected[5, centre - 3, centre - 2] = True

    found, n_alike = spare_cores(suspected, stamps, 4.0)

    assert n_alike == 0
    assert (found == suspected).all()
