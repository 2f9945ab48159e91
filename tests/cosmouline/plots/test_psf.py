"""plots/psf.py: data, model, residual and profile of the stars of one image."""

from cosmouline.plots import psf, stamps, style
from cosmouline.plots.stamps import stamp_norm

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
    return psf.psf_page(psf.PsfPage(data, model, sigma, centres, flux_e, names, fine, **options))


def test_columns_are_data_model_and_residual_of_the_stars(boxes, screen, look):
    data, model, sigma, *_ = moffat_stars()

    shown = screen(star_page())

    for star in range(3):
        norm = stamp_norm(data[star])
        residual = stamps.residual_mappable(psf.RESIDUAL_LIMIT)
        expected = [
            style.IMAGE_MAP(norm(data[star]), bytes=True),
            style.IMAGE_MAP(norm(model[star]), bytes=True),
            residual.to_rgba((data[star] - model[star]) / sigma[star], bytes=True),
        ]
        for box, colours in zip(boxes[3 * star : 3 * star + 3], expected, strict=True):
            np.testing.assert_array_equal(look(shown, box, (24, 24)), colours[..., :3])


def test_rows_columns_and_scale_are_where_their_names_are(boxes, place_of):
    page = star_page(chi2=[1.25, 2.25, 3.25])

    for star, chi2 in enumerate(("χ² 1.25", "χ² 2.25", "χ² 3.25")):
        column = boxes[3 * star : 3 * star + 3]
        assert len({box.left for box in column}) == 1
        assert column[0].bottom < column[1].top < column[1].bottom < column[2].top
        name, below = place_of(page, rf"s\${star}\$"), place_of(page, chi2)
        assert name.left == pytest.approx(column[0].left, abs=0.02)
        assert 0 < column[0].top - name.bottom < 0.1
        assert (below.left + below.right) / 2 == pytest.approx(
            (column[2].left + column[2].right) / 2, abs=0.02
        )
        assert 0 < below.top - column[2].bottom < 0.1
    for box, row in ((boxes[0], "data"), (boxes[2], "residual")):
        beside = place_of(page, row)
        assert 0 < box.left - beside.right < 0.1
        assert box.top < (beside.top + beside.bottom) / 2 < box.bottom
    bar = next(ax for ax in page.axes if ax.get_ylabel() == "residual (σ)")
    x0, y0, x1, y1 = bar.get_position().extents * np.tile(page.get_size_inches(), 2)
    assert 0 < x0 - boxes[-1].right < x1 - boxes[-1].right < 0.3
    height = page.get_size_inches()[1]
    assert (height - y1, height - y0) == pytest.approx((boxes[-1].top, boxes[-1].bottom))


def test_the_page_tells_the_numbers_and_which_stars_were_used(assert_whole, texts):
    page = star_page(
        chi2=[1.0, 7.5, np.nan], used=[True, False, True], fwhm_px=4.52, fwhm_arcsec=0.972,
        ellipticity=0.118, beta=3.0, title="c_1: $p$", info=["$info$"],
    )  # fmt: skip

    assert_whole(page)
    shown = set(texts(page))
    assert {"4.52 px  =  0.972″", "0.118", "3.00", "2 of 3", r"\$info\$", r"s\$0\$"} <= shown
    assert {"χ² 1.00", "χ² 7.50\nnot used", "χ² –"} <= shown


def test_pixels_that_were_not_used_are_grey(boxes, screen, look):
    good = np.ones((3, 24, 24), dtype=bool)
    good[1, 2:4, 5] = False

    shown = screen(star_page(good=good))

    residual = look(shown, boxes[3 * 1 + 2], (24, 24))
    np.testing.assert_array_equal((residual == 0xC9).all(axis=-1), ~good[1])


@pytest.mark.parametrize("n_stars", [1, 15])
def test_any_number_of_stars_fits_on_the_page(n_stars, assert_whole, texts):
    page = star_page(n_stars)

    assert_whole(page)
    assert page.get_size_inches()[0] == style.PAGE_WIDTH_IN
    assert (f"first 12 of {n_stars} stars" in texts(page)) == (n_stars > 12)


def line_of(ax, label):
    """The line of an Axes that has a label."""
    line, = (line for line in ax.lines if line.get_label() == label)
    return line


def test_every_pixel_is_a_dot_of_the_profile_in_the_colour_of_its_star():
    data, model, _, centres, flux_e = moffat_stars()
    good = np.ones(data.shape, dtype=bool)
    good[0, 3, 4] = False
    flux_e[2], (_, ax) = np.nan, style.figure()

    psf.radial_profile(ax, data, model, centres, flux_e, [True, False, True], good)

    y, x = np.indices((24, 24))
    for star, colour in ((0, style.source_colour(0)), (1, style.ACCENT)):
        dots, = (line for line in ax.lines if line.get_color() == colour)
        distance = np.hypot(x - centres[star, 0], y - centres[star, 1])[good[star]]
        expected = np.column_stack([distance, data[star][good[star]] / flux_e[star]])
        np.testing.assert_allclose(dots.get_xydata(), expected)


def test_the_profile_is_that_of_the_moffat():
    data, model, _, centres, flux_e = moffat_stars()
    _, ax = style.figure()

    psf.radial_profile(ax, data, model, centres, flux_e)

    radius, level = line_of(ax, "model").get_data()
    alpha = 4.0 / 2 / np.sqrt(2 ** (1 / 3) - 1)
    expected = 2 / (np.pi * alpha**2) * (1 + radius**2 / alpha**2) ** -3
    # within a ring of half a pixel the Moffat changes by at most 25 %, its mean by far less
    np.testing.assert_allclose(level, expected, rtol=0.05)
    assert ax.get_yscale() == "log"


def test_the_rings_are_means_with_the_weights_of_the_fluxes():
    data, model, _, centres, flux_e = moffat_stars()

    _, ax = style.figure()

    psf.radial_profile(ax, data, model, centres, flux_e)

    radius, level = line_of(ax, "model").get_data()
    dots, measured = ax.collections[0].get_offsets().T

    y, x = np.indices(data[0].shape)
    distance = np.array([np.hypot(x - cx, y - cy) for cx, cy in centres])
    ring = (distance >= 5.0) & (distance < 5.5)
    weights = np.broadcast_to(flux_e[:, None, None], data.shape)[ring].sum()
    index = np.searchsorted(radius, 5.0)
    assert level[index] == pytest.approx(model[ring].sum() / weights)
    assert measured[np.searchsorted(dots, 5.0)] == pytest.approx(data[ring].sum() / weights)
    flux_of = np.broadcast_to(flux_e[:, None, None], data.shape)
    assert radius[index] == pytest.approx((distance * flux_of)[ring].sum() / weights)


def test_a_ring_without_light_of_the_model_has_no_place_on_a_logarithmic_axis():
    data, model, _, centres, flux_e = moffat_stars()
    y, x = np.indices(data[0].shape)
    for one, (cx, cy) in zip(model, centres, strict=True):
        one[np.hypot(x - cx, y - cy) >= 7.0] = 0.0
    _, ax = style.figure()

    psf.radial_profile(ax, data, model, centres, flux_e)

    radius, level = line_of(ax, "model").get_data()
    assert level.min() > 0
    assert 6.0 < radius.max() < 7.0


def test_stars_that_were_not_used_do_not_count_for_the_rings():
    data, model, _, centres, flux_e = moffat_stars()
    model[1] *= 100
    _, ax = style.figure()

    psf.radial_profile(ax, data, model, centres, flux_e, used=[True, False, True])

    alpha = 4.0 / 2 / np.sqrt(2 ** (1 / 3) - 1)
    assert line_of(ax, "model").get_ydata().max() < 2 / (np.pi * alpha**2)


@pytest.mark.parametrize("value", [np.nan, 0.0])
@pytest.mark.parametrize("n_stars", [0, 2])
def test_pages_of_nothing_are_drawn(value, n_stars, assert_whole):
    cube = np.full((n_stars, 8, 8), value)
    xy, flux = np.full((n_stars, 2), value), np.full(n_stars, value)

    page = psf.psf_page(psf.PsfPage(cube, cube, cube, xy, flux, ["a", "b"][:n_stars],
                                    np.full((4, 4), value), flux))

    assert_whole(page)


def test_the_psf_is_drawn_over_four_decades_and_its_departure_about_zero():
    y, x = np.indices((48, 48))
    fine = 3.0 * np.exp(-((x - 20.0) ** 2 + (y - 23.5) ** 2) / 30)
    departure = 0.01 * np.sin(x)
    data, model, sigma, centres, flux_e = moffat_stars()

    page = psf.psf_page(psf.PsfPage(data, model, sigma, centres, flux_e, list("abc"), fine,
                                    departure=departure))

    panels = {ax.get_title(loc="left"): ax for ax in page.axes}
    shown = panels["narrow PSF"].images[0]
    expected = np.maximum(np.log10(fine / fine.max()), -4)
    np.testing.assert_allclose(shown.get_array(), expected)
    assert shown.get_clim() == (-4, 0)
    shown = panels["beside the Moffat"].images[0]
    np.testing.assert_allclose(shown.get_array(), 100 * departure / fine.max())
    limit = np.percentile(np.abs(100 * departure / fine.max()), 99.8)
    assert shown.get_clim() == pytest.approx((-limit, limit))
    bar, = panels["narrow PSF"].child_axes
    assert bar.get_ylabel() == "fraction of the peak"
    assert [text.get_text() for text in bar.get_yticklabels()] == [
        "0.0001", "0.001", "0.01", "0.1", "1"]


def test_a_small_departure_looks_flat():
    page = star_page(departure=np.full((48, 48), 1e-6))

    shown, = (ax for ax in page.axes if ax.get_title(loc="left") == "beside the Moffat")
    assert shown.images[0].get_clim() == (-0.1, 0.1)


def test_the_panels_below_the_stars_end_in_one_line_within_the_page():
    page = star_page(departure=np.full((48, 48), 1e-6))

    boxes = {ax.get_title(loc="left"): ax.get_position(original=True).extents * np.tile(
        page.get_size_inches(), 2) for ax in page.axes}
    whole, profile, departure = (boxes[name] for name in (
        "narrow PSF", "radial profile", "beside the Moffat"))
    assert whole[1] == pytest.approx(profile[1])
    assert departure[1] == pytest.approx(profile[1])
    assert departure[3] - departure[1] == pytest.approx(1.15)
    assert whole[3] == pytest.approx(profile[3])
    assert 0.2 < departure[1] < departure[3] < profile[3]
    assert whole[2] < profile[0] < profile[2] < departure[0] < departure[2] < (
        page.get_size_inches()[0])


def test_the_median_chi2_is_that_of_the_used_stars(texts):
    page = star_page(chi2=[1.2, 9.0, 1.4], used=[True, False, True])

    found = texts(page)
    assert found[found.index("median χ²") + 1] == "1.30"
    assert found[found.index("stars used") + 1] == "2 of 3"
    assert not {"FWHM", "ellipticity", "Moffat β"} & set(found)


def test_the_axes_of_the_profile_hold_four_and_a_half_decades():
    data, model, _, centres, flux_e = moffat_stars()
    data[:, 12:14, 12:14] = -5.0  # the innermost ring of the data is negative
    _, ax = style.figure()

    psf.radial_profile(ax, data, model, centres, flux_e)

    radius, level = line_of(ax, "model").get_data()
    assert ax.get_xlim() == pytest.approx((0, radius.max() + 0.5))
    assert ax.get_ylim() == pytest.approx((level.max() / 10**4.5, 2.5 * level.max()))
    dots = ax.collections[0].get_offsets()
    assert len(dots) < len(radius)
    assert (dots[:, 1] > 0).all()
    assert np.isin(dots[:, 0], radius).all()
    assert ax.get_ylabel() == "fraction of the flux per px"


def test_a_profile_without_a_used_star_says_so(texts):
    data, model, _, centres, flux_e = moffat_stars()
    page, ax = style.figure()

    psf.radial_profile(ax, data, model, centres, flux_e, used=[False] * 3)

    assert "no data" in texts(page)
    dots, = (line for line in ax.lines if line.get_color() == style.ACCENT)
    assert dots.get_xdata().size == 3 * 24 * 24


def test_a_psf_with_negative_pixels_is_drawn(assert_apart):
    data, model, sigma, centres, flux_e = moffat_stars()
    fine = np.ones((48, 48))
    fine[0, 0] = -0.5

    page = psf.psf_page(psf.PsfPage(data, model, sigma, centres, flux_e, list("abc"), fine,
                                    departure=fine))

    assert_apart(page)
    shown, = (ax.images[0] for ax in page.axes if ax.get_title(loc="left") == "narrow PSF")
    assert shown.get_array()[0, 0] == -4
    assert (shown.get_array()[1:] == 0).all()
