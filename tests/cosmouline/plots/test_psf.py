"""plots/psf.py: data, model, residual and profile of the stars of one image."""

from cosmouline.plots import psf, style

import numpy as np
import pytest


def moffat_stars(n_stars=3, side=24, fwhm_px=4.0, seed=1, sigma=10.0):
    """Round Moffat stars of beta 3: data, model, noise, centres, fluxes."""
    rng = np.random.default_rng(seed)
    centres = (side - 1) / 2 + rng.uniform(-0.4, 0.4, (n_stars, 2))
    flux_e = 10 ** rng.uniform(4.5, 5.5, n_stars)
    y, x = np.indices((side, side))
    alpha = fwhm_px / 2 / np.sqrt(2 ** (1 / 3) - 1)
    radius2 = (x - centres[:, 0, None, None]) ** 2 + (y - centres[:, 1, None, None]) ** 2
    model = flux_e[:, None, None] * 2 / (np.pi * alpha**2) * (1 + radius2 / alpha**2) ** -3
    data = model + rng.normal(0, sigma, model.shape)
    return data, model, np.full(model.shape, sigma), centres, flux_e


def star_page(n_stars=3, **options):
    data, model, sigma, centres, flux_e = moffat_stars(n_stars)
    names = [f"s${i}$" for i in range(n_stars)]
    fine = np.exp(-((np.indices((48, 48)) - 23.5) ** 2).sum(axis=0) / 30)
    return psf.psf_page(data, model, sigma, centres, flux_e, names, fine, **options)


def test_columns_are_data_model_and_residual_of_the_stars():
    data, model, sigma, *_ = moffat_stars()

    page = star_page()

    for star in range(3):
        rows = [page.axes[3 * row + star].images[0].get_array() for row in range(3)]
        np.testing.assert_array_equal(rows[0], data[star])
        np.testing.assert_array_equal(rows[1], model[star])
        np.testing.assert_allclose(rows[2], ((data - model) / sigma)[star])
        norms = [page.axes[3 * row + star].images[0].norm for row in range(2)]
        assert norms[0] is norms[1]


def test_the_page_tells_the_numbers_and_which_stars_were_used(assert_whole, texts):
    page = star_page(
        chi2=[1.0, 7.5, np.nan], used=[True, False, True], fwhm_px=4.52, fwhm_arcsec=0.972,
        ellipticity=0.118, beta=3.0, title="c_1: $p$", info=["$info$"],
    )  # fmt: skip

    assert_whole(page)
    shown = set(texts(page))
    assert {"4.52 px  =  0.972″", "0.118", "3.00", "2 of 3", r"\$info\$", r"s\$0\$"} <= shown
    assert {"χ² 1.00", "χ² 7.50\nnot used", "χ² –"} <= shown


def test_pixels_that_were_not_used_are_grey():
    good = np.ones((3, 24, 24), dtype=bool)
    good[1, 2:4, 5] = False

    page = star_page(good=good)

    masked = np.ma.getmaskarray(page.axes[3 * 2 + 1].images[0].get_array())
    np.testing.assert_array_equal(masked, ~good[1])


@pytest.mark.parametrize("n_stars", [1, 15])
def test_any_number_of_stars_fits_on_the_page(n_stars, assert_whole, texts):
    page = star_page(n_stars)

    assert_whole(page)
    assert page.get_size_inches()[0] == style.PAGE_WIDTH_IN
    assert (f"first 12 of {n_stars} stars" in texts(page)) == (n_stars > 12)


def test_the_profile_is_that_of_the_moffat():
    data, model, _, centres, flux_e = moffat_stars()
    _, ax = style.figure()

    psf.radial_profile(ax, data, model, centres, flux_e)

    radius, level = ax.lines[0].get_data()
    alpha = 4.0 / 2 / np.sqrt(2 ** (1 / 3) - 1)
    expected = 2 / (np.pi * alpha**2) * (1 + radius**2 / alpha**2) ** -3
    # within a ring of half a pixel the Moffat changes by at most 25 %, its mean by far less
    np.testing.assert_allclose(level, expected, rtol=0.05)
    assert ax.get_yscale() == "log"


def test_the_rings_are_means_with_the_weights_of_the_fluxes():
    data, model, _, centres, flux_e = moffat_stars()

    radius, level, measured = psf._ring_means(
        [psf._star_profile(data[i], model[i], centres[i], flux_e[i], None) for i in range(3)]
    )

    y, x = np.indices(data[0].shape)
    distance = np.array([np.hypot(x - cx, y - cy) for cx, cy in centres])
    ring = (distance >= 5.0) & (distance < 5.5)
    weights = np.broadcast_to(flux_e[:, None, None], data.shape)[ring].sum()
    index = np.searchsorted(radius, 5.0)
    assert level[index] == pytest.approx(model[ring].sum() / weights)
    assert measured[index] == pytest.approx(data[ring].sum() / weights)


def test_stars_that_were_not_used_do_not_count_for_the_rings():
    data, model, _, centres, flux_e = moffat_stars()
    model[1] *= 100
    _, ax = style.figure()

    psf.radial_profile(ax, data, model, centres, flux_e, used=[True, False, True])

    alpha = 4.0 / 2 / np.sqrt(2 ** (1 / 3) - 1)
    assert ax.lines[0].get_ydata().max() < 2 / (np.pi * alpha**2)


@pytest.mark.parametrize("value", [np.nan, 0.0])
@pytest.mark.parametrize("n_stars", [0, 2])
def test_pages_of_nothing_are_drawn(value, n_stars, assert_whole):
    cube = np.full((n_stars, 8, 8), value)
    xy, flux = np.full((n_stars, 2), value), np.full(n_stars, value)

    page = psf.psf_page(
        cube, cube, cube, xy, flux, ["a", "b"][:n_stars], np.full((4, 4), value), flux
    )

    assert_whole(page)
