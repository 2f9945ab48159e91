"""A drawn stack measured: fluxes, errors, limits; tables of rows made by hand."""

from types import SimpleNamespace

from cosmouline.images.io_stack import PLANES, WEIGHT, stack_writer
from cosmouline.psf.io_psf import read_psf
from cosmouline.psf.photometry import stars_and_slopes
from cosmouline.psf.stacks import db_photometry
from cosmouline.psf.stacks.db_photometry import Measured
from cosmouline.psf.stacks.empty_apertures import NoiseCurve
from cosmouline.psf.stacks.forced import PsfFluxes

import numpy as np
import pytest

SETTINGS = SimpleNamespace(photom_apertures=["1.5fwhm", "4px", "auto"], psf_upsampling=2,
                           psf_stamp_fwhm=7.0)
SIGMA = 10.0


@pytest.fixture(scope="module")
def stack(script, tmp_path_factory):
    """Write a stack of 25 stars; give its path, the positions and the fluxes."""
    field = script("tests/benchmarks/stack_photometry")
    rng = np.random.default_rng(3)
    y, x = np.indices((260, 260))
    xy = np.stack(np.meshgrid(*[np.arange(30.0, 240, 50)] * 2), -1).reshape(-1, 2)
    xy += rng.uniform(-2, 2, xy.shape)
    flux = np.geomspace(800, 6e4, 25)
    image = rng.normal(0, SIGMA, y.shape)
    for (x0, y0), one in zip(xy, flux, strict=True):
        rows = slice(max(0, int(y0) - 22), int(y0) + 23)
        cols = slice(max(0, int(x0) - 22), int(x0) + 23)
        image[rows, cols] += one * field.moffat(x[rows, cols] - x0, y[rows, cols] - y0, 4.0)
    path = tmp_path_factory.mktemp("stack") / "S_r_all.fits"
    cards = {"GAIN": 1.0, "SATURLVL": 1e6, "SKYSIG": SIGMA, "PIXSIG": SIGMA, "PIXSIZE": 0.5,
             "FILTER": "r", "MAGZERO": 25.0, "NSTACK": 3, "TOTALEXP": 900.0, "SEEING": 2.0,
             "SEEPIX": 4.0, "ABSZPT": 25.0, "ABSZPRMS": 0.004, "MAGBAND": "r_ps1", "MAGSYS": "AB"}
    with stack_writer(path, y.shape, cards, None, (*PLANES, WEIGHT)) as write:
        write(slice(0, 260), slice(0, 260), (
            image, np.full(y.shape, SIGMA**2), np.full(y.shape, 3),
            np.full(y.shape, SIGMA**-2)))
    return path, xy, flux


def segments_of(xy, radius=9):
    y, x = np.indices((260, 260))
    return sum((k + 1) * (np.hypot(x - x0, y - y0) < radius) for k, (x0, y0) in enumerate(xy))


def test_fluxes_are_those_that_were_drawn_and_white_noise_needs_no_factor(stack):
    path, xy, flux = stack

    found = db_photometry.measure(path, xy, segments_of(xy), SETTINGS)

    # photons and sky: 60 e- or so of 5000
    bright = flux > 5000
    assert found.psf.flux[bright] / flux[bright] == pytest.approx(1.0, abs=0.04)
    assert found.psf_factor == pytest.approx(1.0, abs=0.15)
    assert found.curve.at(found.radii_px) == pytest.approx(np.ones(2), abs=0.15)
    assert found.fwhm_px == pytest.approx(4.05, rel=0.03)
    assert found.names == ["1.5fwhm", "4px"]
    # the aperture's magnitude is that by the PSF minus what lies outside
    apart = -2.5 * np.log10(found.psf.flux[bright] / found.flux[bright, 1])
    assert apart == pytest.approx(found.aperture_mag[1], abs=0.03)
    # a point source of 5 sigma: the noise of an optimal fit on white sky, sigma / sqrt(sum P^2)
    psf = read_psf(path.parent / "psf.fits").psf
    light = stars_and_slopes(psf.narrow(), psf.upsampling, psf.side_px, np.zeros((1, 2)))[0]
    expected = SIGMA / np.sqrt((light**2).sum()) * found.psf_factor
    sigma = 10 ** (-0.4 * (db_photometry.limit_mag(found) - 25)) / 5
    assert sigma == pytest.approx(expected, rel=0.08)  # of one at the edge or between pixels more


def test_radii_and_sampling_are_those_of_the_settings(stack):
    path, xy, _ = stack
    chosen = SimpleNamespace(photom_apertures=["5px"], psf_upsampling=3, psf_stamp_fwhm=9.0)

    found = db_photometry.measure(path, xy, segments_of(xy), chosen)

    assert found.radii_px.tolist() == [5.0]
    psf = read_psf(path.parent / "psf.fits").psf
    assert (psf.upsampling, psf.side_px) == (3, 40)  # 9 FWHM of 4 px, a multiple of 8


def by_hand(flux, sigma, header):
    n = len(flux)
    psf = PsfFluxes(np.array(flux), np.array(sigma), np.full(n, 1.5), np.ones(n), None)
    curve = NoiseCurve(np.array([2.0, 9.0]), np.array([900, 3]), np.array([0.9, np.nan]),
                       np.array([0.02, np.nan]), np.zeros(2), np.array([5.0, np.nan]))
    return Measured(header, ["2px"], np.array([2.0]), np.array(flux)[:, None] / 2,
                    np.array(sigma)[:, None], psf, np.array(sigma), 0.95, np.array([-0.75]),
                    curve, 4.0, 7)


def test_a_flux_below_two_sigma_has_no_magnitude_and_what_is_not_measured_is_absent():
    header = {"MAGZERO": 25.0, "NSTACK": 3, "TOTALEXP": 900.0, "SEEING": 2.0}
    rows = [{"number": k} for k in (1, 2, 3)]
    one = by_hand([100.0, 1.5, np.nan], [1.0, 1.0, np.nan], header)

    db_photometry.add_measured(rows, ["r"], [one])

    assert rows[0]["mag_psf_r"] == pytest.approx(20.0)
    assert rows[0]["magerr_psf_r"] == pytest.approx(1.0857 / 100, rel=1e-3)
    assert rows[0]["mag_2px_r"] == pytest.approx(20.0 + 2.5 * np.log10(2))
    assert "mag_psf_r" not in rows[1]
    assert rows[1]["flux_psf_r"] == 1.5
    assert "flux_psf_r" not in rows[2]
    assert rows[2]["chi2_psf_r"] == 1.5
    names = db_photometry.fields(["r"], [one])
    assert all(set(row) <= set(names) for row in rows)
    assert "instrumental" in names["mag_psf_r"][2]


def test_the_tables_of_stacks_and_noise_leave_out_what_is_not_known():
    header = {"MAGZERO": 25.0, "NSTACK": 3, "TOTALEXP": 900.0, "SEEING": 2.0}
    one = by_hand([100.0], [1.0], header)

    row, = db_photometry.stack_rows(["r"], [one], {})

    assert (row["n_images"], row["psf_noise"], row["aperture_mag_2px"]) == (3, 0.95, -0.75)
    assert not {"band", "airmass", "zero_point_sigma_mag", "catalogue_offset_mag"} & row.keys()
    assert set(row) <= set(db_photometry.stack_fields([one]))
    assert db_photometry.limit_mag(one) == pytest.approx(25 - 2.5 * np.log10(5))
    first, second = db_photometry.noise_rows(one.curve)
    assert first["factor"] == 0.9
    assert set(second) == {"radius_px", "n", "level"}
