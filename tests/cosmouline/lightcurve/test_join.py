"""join.py: COSMOULINE's own output, Monte Carlo, flags, columns and PyCS3."""

import json
from dataclasses import replace

from cosmouline.database.limits import Limits
from cosmouline.frames.nights import group_by_night
from cosmouline.lightcurve.io_rdb import read_rdb, write_rdb
from cosmouline.lightcurve.join import (
    dispersion,
    join,
    night_flags,
    night_properties,
    rdb_columns,
    rms_in_windows,
)

import numpy as np
import pytest

DEC = "dec_844_back1_lens_renorm_1_abijlt"


@pytest.fixture
def golden(shared_data):
    """Join COSMOULINE's input: (properties, flags, joined), and the path of its own output."""
    folder = shared_data("cosmouline_golden")
    rows = json.loads((folder / "join_input.json").read_text())

    def of(name):
        return np.array([row[name] for row in rows])

    def of_sources(what):
        return np.stack([of(f"out_{DEC}_{source}_{what}") for source in "AB"], axis=1)

    groups = group_by_night(of("mhjd"))
    sigma = of("renorm_1_err") / np.sqrt(of("renorm_1_comment").astype(float))
    joined = join(groups, of_sources("flux"), of_sources("shotnoise"), of("renorm_1"), sigma)
    properties = night_properties(
        groups, of("mhjd"), of("seeing"), of("ell"), of("airmass"), of("skylevel"),
        of("renorm_1"), of("telescopename"), of("setname"))
    flags = night_flags(  # the limits of COSMOULINE's sample settings
        properties, joined.is_complete, Limits(5.0, 0.95, 50000, 20), n_images_min=3)
    return (properties, flags, joined), folder / "join_output_renorm_1.rdb"


def test_cosmoulines_own_rdb_is_met(golden):
    nights, path = golden
    theirs = read_rdb(path)

    ours = rdb_columns(*nights, ["A", "B"])

    assert list(ours)[: len(theirs)] == list(theirs)
    assert list(ours)[len(theirs):] == [
        "magerr_A_cov", "magerr_A_norm", "magerr_A_calib", "magsys_A", "magerr_B_cov",
        "magerr_B_norm", "magerr_B_calib", "magsys_B", "magcov_A_B", "flag_A", "flag_B"]
    for name, values in theirs.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(ours[name], values, rtol=0, atol=1e-9, err_msg=name)
        else:
            np.testing.assert_array_equal(ours[name], values, err_msg=name)


def test_pycs3_reads_what_is_written(golden, tmp_path):
    pytest.importorskip("pycs3")
    from pycs3.gen.lc_func import rdbimport

    nights, _ = golden
    columns = rdb_columns(*nights, ["A", "B"])
    write_rdb(tmp_path / "lens.rdb", columns)

    for error in ("magerr_B_5", "magerr_B_cov"):
        curve = rdbimport(str(tmp_path / "lens.rdb"), object="B", magcolname="mag_B",
                          magerrcolname=error, telescopename="WFI", flagcolname="flag")
        np.testing.assert_array_equal(curve.jds, columns["mhjd"])
        np.testing.assert_array_equal(curve.mags, columns["mag_B"])
        np.testing.assert_array_equal(curve.magerrs, columns[error])
        assert curve.mask.tolist() == [True, True, False, True, False]
        assert [p["nbimg"] for p in curve.properties] == ["4", "3", "1", "5", "2"]
        assert set(curve.properties[0]) == {
            "telescope", "fwhm", "ellipticity", "airmass", "relskylevel", "normcoeff", "nbimg"}


def test_pycs3_reads_a_curve_in_which_one_source_fades(golden, tmp_path):
    pytest.importorskip("pycs3")
    from pycs3.gen.lc_func import rdbimport

    properties, flags, joined = golden[0]
    mag = joined.mag.copy()
    mag[1, 1] = np.nan
    faded = replace(joined, mag=mag, flux_e=np.where(np.isnan(mag), -1.0, joined.flux_e))
    write_rdb(tmp_path / "lens.rdb", rdb_columns(properties, flags, faded, ["A", "B"]))

    masks = {source: rdbimport(str(tmp_path / "lens.rdb"), magcolname=f"mag_{source}",
                               magerrcolname=f"magerr_{source}_5", flagcolname=f"flag_{source}"
                               ).mask.tolist() for source in "AB"}

    assert len(masks["A"]) == len(masks["B"]) == 5
    assert sum(masks["A"]) == sum(masks["B"]) + 1


def night_of(flux_e, center="median", **more):
    """Join one group of images, with errors of 10 and coefficients of 1."""
    flux_e = np.asarray(flux_e, dtype=float).reshape(len(flux_e), -1)
    n = len(flux_e)
    return join([np.arange(n)], flux_e, np.full(flux_e.shape, 10.0), np.ones(n), np.zeros(n),
                center=center, **more)


def test_median_or_mean_is_published_with_its_own_error():
    """Deviations -12 -7 -2 1 20 from the mean: chi2 5.98 of 4 degrees of freedom.

    The variance of the median of five unit Gaussians is 0.28683, by integration.
    """
    fluxes_e = [990.0, 995.0, 1000.0, 1003.0, 1022.0]
    sigma_e = 10 * np.sqrt(5.98 / 4)

    mean, median = night_of(fluxes_e, center="mean"), night_of(fluxes_e)

    assert mean.mag[0, 0] == pytest.approx(-2.5 * np.log10(1002))
    assert mean.magerr_cov[0, 0] == pytest.approx(2.5 * np.log10(1 + sigma_e / np.sqrt(5) / 1002))
    assert median.mag[0, 0] == pytest.approx(-7.5)
    assert median.magerr_cov[0, 0] == pytest.approx(
        2.5 * np.log10(1 + sigma_e * np.sqrt(0.28683) / 1000), rel=0.005)
    assert mean.chi2_dof == median.chi2_dof == pytest.approx(5.98 / 4)


def test_a_source_without_positive_flux_has_no_magnitude_and_spoils_nothing():
    joined = night_of([[1000.0, -5.0], [1010.0, 2.0], [990.0, -8.0]])

    assert joined.mag[0, 0] == pytest.approx(-7.5)
    assert joined.flux_e[0, 1] == -5.0
    for values in (joined.mag, joined.magerr, joined.magerr_cov, joined.mag_sys):
        assert np.isnan(values[0, 1]).all()
    assert np.isfinite(joined.magerr_cov[0, 0])
    assert joined.is_complete.tolist() == [False]


def test_images_without_a_flux_of_one_source_count_for_the_others():
    joined = night_of([[1000.0, 500.0], [1010.0, np.nan], [990.0, np.nan]])

    assert joined.mag.shape == (1, 2)
    assert joined.flux_e[0].tolist() == [1000.0, 500.0]
    assert np.isnan(joined.chi2_dof[0, 1])
    assert joined.magerr[0, 1, 0] == pytest.approx(2.5 * np.log10(1 + 10 / 500))


def test_a_flux_without_an_error_does_not_count():
    flux_e, sigma_e = np.array([[1000.0], [5000.0]]), np.array([[10.0], [np.nan]])

    joined = join([np.arange(2)], flux_e, sigma_e, np.ones(2), np.zeros(2))

    assert joined.flux_e.tolist() == [[1000.0]]
    assert joined.magerr[0, 0, 0] == joined.magerr_cov[0, 0] == 2.5 * np.log10(1.01)


def test_fluxes_and_errors_come_out_on_the_reference_scale():
    """One image of coefficient 3: everything tripled, 4 % of photons and 3 % of coefficient."""
    joined = join([np.array([0])], [[1000.0]], [[40.0]], [3.0], [0.09])

    assert joined.flux_e[0, 0] == pytest.approx(3000)
    assert joined.flux_cov_e2[0, 0, 0] == pytest.approx(150**2)
    assert joined.magerr[0, 0, 1] == pytest.approx(2.5 * np.log10(1.05))


def test_the_systematic_error_is_apart_and_on_the_reference_scale():
    """A constant error of 20 electrons of the exposure, coefficient 2: 40 of 2000."""
    n = 4
    args = ([np.arange(n)], np.full((n, 1), 1000.0), np.full((n, 1), 10.0), np.full(n, 2.0),
            np.zeros(n))

    plain, with_sys = join(*args), join(*args, sys_sigma_e=np.full((n, 1), 20.0))

    assert with_sys.mag_sys[0, 0] == pytest.approx(2.5 * np.log10(1.02))
    assert np.isnan(plain.mag_sys).all()
    assert with_sys.magerr_cov == plain.magerr_cov


def campaign(n_nights, n, seed):
    """Make a campaign of two sources with all kinds of errors: truth, arguments of `join`."""
    rng = np.random.default_rng(seed)
    true_e, n_images = np.array([40000.0, 5000.0]), n_nights * n
    coeff = rng.uniform(0.8, 1.5, n_images)
    sigma_e = np.array([250.0, 200.0]) * rng.uniform(1, 1.5, (n_images, 1))
    correlation = np.array([[1, -0.4], [-0.4, 1]])
    covariance_e2 = sigma_e[:, :, None] * correlation * sigma_e[:, None, :]
    psf_e = 0.008 * true_e / coeff[:, None]
    noise_e = rng.standard_normal((n_images, 2)) @ np.linalg.cholesky(correlation).T * sigma_e
    flux_e = true_e / coeff[:, None] + noise_e + psf_e * rng.standard_normal((n_images, 2))
    measured = coeff * (1 + 0.01 * rng.standard_normal(n_images))
    groups = list(np.arange(n_images).reshape(n_nights, n))
    return true_e, (groups, flux_e, np.hypot(sigma_e, psf_e), measured, 0.01 * measured,
                    covariance_e2, psf_e)


@pytest.mark.parametrize("center", ["mean", "median"])
def test_magnitudes_have_the_errors_that_they_claim(center):
    """Pairs of images, so that no inflation enters: pull 1 for both sources and their colour."""
    n_nights = 800
    true_e, arguments = campaign(n_nights, 2, seed=5)
    joined = join(*arguments, center=center)

    pulls = (joined.mag + 2.5 * np.log10(true_e)) / joined.magerr_cov
    cov = joined.mag_cov
    colour_sigma = np.sqrt(cov[:, 0, 0] + cov[:, 1, 1] - 2 * cov[:, 0, 1])
    colour = joined.mag[:, 0] - joined.mag[:, 1] + 2.5 * np.log10(true_e[0] / true_e[1])

    width = 5 / np.sqrt(2 * n_nights)
    assert pulls.std(axis=0) == pytest.approx([1, 1], abs=width + 0.02)  # 0.02: 3 % errors in mag
    assert (colour / colour_sigma).std() == pytest.approx(1, abs=width + 0.02)


def test_the_errors_of_the_coefficient_correlate_the_sources():
    """A mean of two images has half the covariance of one, (0.01)^2 F_A F_B.

    10 %: the fluxes differ by 2 %, and the weights of the faint source by more.
    """
    _, arguments = campaign(1, 2, seed=5)
    groups, flux_e, sigma_e, coeff, coeff_sigma = arguments[:5]

    with_coeff = join(groups, flux_e, sigma_e, coeff, coeff_sigma)
    without = join(groups, flux_e, sigma_e, coeff, np.zeros_like(coeff))

    assert without.flux_cov_e2[0, 0, 1] == 0
    assert with_coeff.flux_cov_e2[0, 0, 1] == pytest.approx(
        0.01**2 / 2 * np.prod(with_coeff.flux_e[0]), rel=0.1)


def test_the_covariance_of_magnitudes_is_that_of_relative_fluxes():
    """Dm = 2.5 / ln 10 dF / F for each of two sources of 1000 and 500 e-; a coefficient of 2."""
    covariance_e2 = np.array([[[100.0, -30.0], [-30.0, 64.0]]])

    joined = join([np.array([0])], [[1000.0, 500.0]], [[10.0, 8.0]], [2.0], [0.0], covariance_e2)

    per_flux = 1.0857362047581296 / np.array([1000.0, 500.0])
    assert joined.mag_cov[0] == pytest.approx(covariance_e2[0] * np.outer(per_flux, per_flux))
    assert joined.flux_cov_e2[0] == pytest.approx(4 * covariance_e2[0])


@pytest.mark.parametrize("center", ["mean", "median"])
def test_the_coefficients_part_of_an_error_is_told_apart(center):
    """Four images of equal weight: 1 % / sqrt(4) of the mean, and the median's own factor.

    What is left in quadrature is the error without that of the coefficient.
    """
    n = 4
    args = ([np.arange(n)], np.full((n, 2), 1000.0), np.full((n, 2), 10.0), np.full(n, 2.0))

    joined = join(*args, np.full(n, 0.02), center=center)
    without = join(*args, np.zeros(n), center=center)

    factor = {"mean": 1.0, "median": np.sqrt(4 * np.pi / (2 * n + 2.6))}[center]
    expected = 2.5 * np.log10(1 + 0.01 / 2 * factor)
    assert joined.magerr_norm[0] == pytest.approx([expected, expected])
    assert without.magerr_norm == pytest.approx(np.zeros((1, 2)))
    squares = joined.magerr_norm**2 + without.magerr_cov**2
    assert joined.magerr_cov == pytest.approx(np.sqrt(squares), rel=0.01)


def test_the_scatter_of_the_stars_is_a_part_that_a_mean_only_partly_makes_smaller():
    """1 %, of which .6 % common to the night: .8 % of each of four images and .6 % of all."""
    n = 4
    args = ([np.arange(n)], np.full((n, 2), 1000.0), np.full((n, 2), 10.0), np.full(n, 2.0))
    of_coefficient = np.full(n, 2 * np.hypot(0.01, 0.005))

    joined = join(*args, of_coefficient, center="mean", calib=np.full(n, 0.01),
                  calib_night=np.full(n, 0.006))
    alone = join(*args, of_coefficient, center="mean", calib=0.01)

    part = np.hypot(0.008 / 2, 0.006)
    assert joined.magerr_calib[0] == pytest.approx(np.full(2, 2.5 * np.log10(1 + part)))
    assert joined.magerr_norm[0] == pytest.approx(
        np.full(2, 2.5 * np.log10(1 + np.hypot(part, 0.005 / 2))))
    total = np.sqrt(part**2 + 0.0025**2 + 0.005**2)
    assert joined.magerr_cov[0] == pytest.approx(np.full(2, 2.5 * np.log10(1 + total)))
    # the sources of a lens share it
    assert joined.flux_cov_e2[0, 0, 1] == pytest.approx((part**2 + 0.0025**2) * 2000**2)
    assert alone.magerr_calib[0] == pytest.approx(np.full(2, 2.5 * np.log10(1 + 0.005)))
    assert join(*args, of_coefficient).magerr_calib.tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"center": "mode"}, "center must be 'median' or 'mean', not 'mode'"),
        ({"flux_e": np.ones(3)}, r"must have one shape, \(images, sources\), not \(3,\)"),
        ({"flux_sigma_e": np.zeros((3, 1))}, "flux_sigma_e must be positive, or NaN"),
        ({"groups": []}, "groups must hold one image each at least"),
        ({"groups": [np.array([0]), np.array([], dtype=int)]}, "groups must hold one image"),
        ({"coeff": np.array([1, 0, 1])}, "coeff must be positive; leave out the images"),
        ({"coeff": np.array([1, np.nan, 1])}, "coeff must be positive"),
        ({"coeff": np.ones(2)}, "must have one value for each of 3 images"),
        ({"coeff_sigma": np.array([0, -1, 0])}, "coeff_sigma must not be negative or NaN"),
        ({"psf_sigma_e": np.ones((3, 1))}, "psf_sigma_e needs covariance_e2"),
        ({"covariance_e2": np.zeros((3, 1, 1))}, "covariance_e2 must be positive on its diagonal"),
        ({"covariance_e2": np.full((3, 1, 1), np.nan)}, "must be positive on its diagonal"),
        ({"covariance_e2": np.ones((3, 1))}, r"covariance_e2 must have shape \(3, 1, 1\)"),
    ],
)
def test_misuse_is_told(change, message):
    arguments = {"groups": [np.arange(3)], "flux_e": np.ones((3, 1)),
                 "flux_sigma_e": np.ones((3, 1)), "coeff": np.ones(3), "coeff_sigma": np.zeros(3)}

    with pytest.raises(ValueError, match=message):
        join(**{**arguments, **change})


def test_a_bad_coefficient_of_an_image_in_no_group_does_not_matter():
    joined = join([np.array([0])], np.ones((2, 1)), np.ones((2, 1)), [1.0, np.nan], [0.0, np.nan])

    assert joined.mag.tolist() == [[0.0]]


def two_nights(**more):
    """Describe a night of two telescopes and one of a single image without airmass."""
    return night_properties(
        [np.array([0, 1, 2]), np.array([3])], mhjd=[59467.1, 59467.15, 59467.35, 59468.0],
        fwhm_arcsec=[1.0, 2.0, 4.0, 0.8], ellipticity=[0.1, 0.1, 0.3, 0.2],
        airmass=[1.0, np.nan, 1.2, np.nan], sky_level_e=[100.0, 600.0, 200.0, 50.0],
        coeff=[2.0, 1.0, 5.0, 1.0], telescope=["ECAM", "WFI", "ECAM", "WFI"],
        set_name=["R", "R", "R", "R"], **more)


def test_properties_of_nights_by_hand():
    nights = two_nights()

    assert nights["mhjd"] == pytest.approx([59467.2, 59468.0])
    assert nights["datetime"].tolist() == ["2021-09-10T04:48:00", "2021-09-11T00:00:00"]
    assert nights["telescope"].tolist() == ["ECAM+WFI", "WFI"]
    assert nights["setname"].tolist() == ["R", "R"]
    assert nights["nbimg"].tolist() == [3, 1]
    assert nights["fwhm"].tolist() == [2.0, 0.8]
    assert nights["airmass"][0] == pytest.approx(1.1)
    assert np.isnan(nights["airmass"][1])
    assert nights["ellipticity"].tolist() == [0.1, 0.2]
    assert nights["normcoeff"].tolist() == [2.0, 1.0]
    assert nights["relskylevel"].tolist() == [400.0, 50.0]  # median sky x median coefficient


def test_the_civil_date_can_come_from_another_clock_than_mhjd():
    nights = two_nights(mjd=[59467.0, 59467.0, 59467.0, 59467.999999])

    assert nights["datetime"].tolist() == ["2021-09-10T00:00:00", "2021-09-11T00:00:00"]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, [True, True]),
        ({"n_images_min": 3}, [True, False]),
        ({"limits": Limits(seeing=1.999)}, [False, True]),
        ({"limits": Limits(seeing=2.0)}, [True, True]),  # a limit is reached by a good night
        ({"limits": Limits(ellipticity=0.15)}, [True, False]),
        ({"limits": Limits(sky=399.9)}, [False, True]),
        ({"limits": Limits(sky=400.0)}, [True, True]),
        ({"limits": Limits(coefficient=2.1)}, [True, True]),
    ],
)
def test_flags_of_nights(limits, expected):
    assert night_flags(two_nights(), np.array([True, True]), **limits).tolist() == expected


def test_an_incomplete_night_and_an_absent_property_are_not_good():
    nights = two_nights()
    nights["fwhm"][1] = np.nan

    assert night_flags(nights, np.array([False, True])).tolist() == [False, True]
    assert night_flags(nights, np.array([True, True]), Limits(seeing=9)).tolist() == [True, False]


def test_pycs3_would_refuse_a_night_without_magnitude_so_it_is_left_out(tmp_path):
    """PyCS3 asks that all errors are positive, masked or not."""
    pytest.importorskip("pycs3")
    from pycs3.gen.lc_func import rdbimport

    groups = [np.array([i]) for i in range(3)]
    joined = join(groups, [[100.0], [-1.0], [110.0]], np.ones((3, 1)), np.ones(3), np.zeros(3))
    ones = np.ones(3)
    nights = night_properties(groups, [3.0, 2.0, 1.0], ones, ones, ones, ones, ones, ["T"] * 3,
                              ["R"] * 3)
    flags = night_flags(nights, joined.is_complete)
    names = {"magcolname": "mag_D", "magerrcolname": "magerr_D_cov", "flagcolname": "flag"}

    columns = rdb_columns(nights, flags, joined, ["D"])
    kept = {name: np.append(values, values[:1]) for name, values in columns.items()}
    kept |= {"mhjd": [1.0, 2.0, 3.0], "mag_D": joined.mag[::-1, 0],
             "magerr_D_cov": joined.magerr_cov[::-1, 0], "flag": flags[::-1]}
    write_rdb(tmp_path / "ours.rdb", columns)
    write_rdb(tmp_path / "kept.rdb", kept)

    assert flags.tolist() == [True, False, True]
    assert read_rdb(tmp_path / "kept.rdb")["flag"].tolist() == [True, False, True]
    assert rdbimport(str(tmp_path / "ours.rdb"), **names).jds.tolist() == [1.0, 3.0]
    with pytest.raises(RuntimeError, match="negative or null errors"):
        rdbimport(str(tmp_path / "kept.rdb"), **names)


def test_rows_are_sorted_by_date():
    groups = [np.array([0]), np.array([1])]
    joined = join(groups, [[100.0], [200.0]], np.ones((2, 1)), np.ones(2), np.zeros(2))
    ones = np.ones(2)
    nights = night_properties(groups, [5.0, 4.0], ones, ones, ones, ones, ones, "TU", "RR")

    columns = rdb_columns(nights, [True, False], joined, ["A"])

    assert columns["mhjd"].tolist() == [4.0, 5.0]
    assert columns["telescope"].tolist() == ["U", "T"]
    assert columns["flag"].tolist() == [False, True]
    assert columns["mag_A"] == pytest.approx(-2.5 * np.log10([200, 100]))


def test_dispersion_by_hand():
    """The line from 0 to 3 mag passes the second night (t = 2 of 6) at 1 mag; 1.5 is found."""
    assert dispersion([0, 2, 6], [0, 1.5, 3], [9, 0.25, 9]) == (2.0, 2.0, 1)


def test_dispersion_of_white_noise():
    """|difference| / sigma is half-normal of width sqrt(1.5): mean 0.977, median 0.826."""
    rng = np.random.default_rng(4)
    n_nights = 3000

    mean, median, n = dispersion(np.arange(n_nights), rng.normal(0, 0.01, n_nights),
                                 np.full(n_nights, 0.01))

    assert n == n_nights - 2
    sigma = 0.74 * np.sqrt(3 / n_nights)  # of the mean; only every third value is independent
    assert mean == pytest.approx(0.977, abs=5 * sigma)
    assert median == pytest.approx(0.826, abs=5 * 1.3 * sigma)  # a median scatters 1.3 x more


def test_dispersion_passes_over_gaps_and_absent_magnitudes():
    mag = np.array([1.0, np.nan, 1.0, 1.0, 1.0])

    assert dispersion(np.array([0, 1, 2, 3, 40.0]), mag, np.full(5, 0.1)) == (0.0, 0.0, 1)
    mean, median, n = dispersion(np.array([0, 30.0, 60]), np.ones(3), np.ones(3))
    assert np.isnan([mean, median]).all()
    assert n == 0


def test_rms_in_windows_by_hand():
    """Windows 0-20, 20-40 and 60-80 d: spreads of 0.1 and 0.3, and a night alone."""
    root = np.sqrt(2)
    mhjd = 59000 + np.array([0, 5, 20, 25, 26, 60])
    mag = np.array([1.0, 1 + 0.1 * root, 2.0, 2 + 0.3 * root, np.nan, 9.0])

    assert rms_in_windows(mhjd, mag) == pytest.approx(0.2)
    assert np.isnan(rms_in_windows(mhjd[:1], mag[:1]))
    assert np.isnan(rms_in_windows(np.array([]), np.array([])))


def test_a_source_that_does_not_shine_keeps_the_night_of_the_others():
    """No flux in any image of the first night; a flux below 0 in the last has no magnitude."""
    flux = np.array([[100.0, np.nan], [110.0, np.nan], [100.0, 50.0], [90.0, -5.0]])
    groups = [np.array([0, 1]), np.array([2]), np.array([3])]

    joined = join(groups, flux, np.ones((4, 2)), np.ones(4), np.full(4, 0.001), center="mean")

    assert np.isnan(joined.mag[0, 1])
    assert np.isfinite(joined.mag[0, 0])
    assert joined.is_complete.tolist() == [True, True, False]
