"""What a stack is made of, by rows without a database; the scripts' tests read whole stacks."""

from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits import write_image
from cosmouline.images import db_stack
from cosmouline.images.io_stack import read_stack
from cosmouline.photometry.aperture import ApertureFluxes
from cosmouline.sources.detect import CATALOG_DTYPE

import numpy as np
import pytest
from astropy.io import fits

ROW = {"img_name": "a", "set_name": "R", "telescope": "generic", "medcoeff": 1.0,
       "renorm__r1": 1.1, "align_scale": 1.0, "sky_noise_e": 20.0, "sky_level_e": 400.0,
       "saturation_e": 1.2e5, "read_noise_e": 5.0, "aligned_noise": 0.9, "exptime_s": 300.0,
       "mjd": 60000.0, "pixel_scale_arcsec": 0.2}


def settings(**changes):
    return SimpleNamespace(**{"combi_coefficient": "medcoeff", "combi_method": "mean",
                              "renorm_name": "r1", "lens_name": "L"} | changes)


def test_the_coefficient_is_the_one_of_the_settings():
    assert db_stack.coefficient(ROW, settings()) == 1.0
    assert db_stack.coefficient(ROW, settings(combi_coefficient="renorm")) == 1.1
    assert db_stack.coefficient(ROW, settings(combi_coefficient="none")) == 1.0
    assert "renorm__{renorm}" in db_stack.needs(settings(combi_coefficient="renorm"))
    assert "medcoeff" not in db_stack.needs(settings(combi_coefficient="none"))


def test_a_coarser_image_has_more_noise_per_pixel_of_its_own_and_less_per_pixel_of_the_grid():
    coarse = ROW | {"align_scale": 0.5}

    # a pixel of the grid is a quarter of one of the image: half of its noise, a quarter of its
    # light, and so of the room to saturation
    assert db_stack.sigma_e([ROW, coarse]).tolist() == [20.0, 10.0]
    whole, part = (db_stack.exposure([row], settings()) for row in (ROW, coarse))
    assert part.read_noise_e == pytest.approx(whole.read_noise_e / 2)
    assert part.saturation_adu - part.sky_adu == pytest.approx(
        (whole.saturation_adu - whole.sky_adu) / 4)


def test_what_could_not_be_measured_is_left_out_of_the_catalogue():
    sources = np.zeros(2, CATALOG_DTYPE)
    sources["x_px"], sources["fwhm_px"] = (5, 9), (np.nan, 4)
    fluxes = ApertureFluxes(np.array([[10.0], [np.nan]]), np.ones((2, 1)), np.zeros(2))

    first, second = db_stack.catalogue_rows(sources, fluxes, (1.5,), fits.Header())

    assert "fwhm_px" not in first
    assert first["flux_1.5fwhm_e"] == 10
    assert "flux_1.5fwhm_e" not in second
    assert second["x_px"] == 9
    assert second["is_saturated"] is False
    assert "ra_deg" not in second


def test_without_a_stack_the_script_is_named(tmp_path):
    with pytest.raises(UserError, match=r"Run fac_combi/2_combine\.py first"):
        db_stack.stacks_made(SimpleNamespace(work_dir=tmp_path, combi_group_name="n"))


def test_a_stack_is_weighted_and_described_by_the_settings(tmp_path):
    """Three unequal images of a smooth slope, with a cosmic ray that a median does not see."""
    rows = [ROW | {"img_name": name, "renorm__r1": coeff, "sky_noise_e": sigma, "mjd": mjd,
                   "aligned_noise": noise}
            for name, coeff, sigma, mjd, noise in (("a", 1.1, 20.0, 60000.0, 0.9),
                                                   ("b", 0.8, 30.0, 60000.2, 0.8),
                                                   ("c", 1.4, 25.0, 60000.9, 0.7))]
    reference = {"img_name": "a", "nx_px": 30, "ny_px": 20, "has_wcs": False,
                 "pixel_scale_arcsec": 0.2}
    chosen = settings(work_dir=tmp_path, combi_method="median", combi_coefficient="renorm",
                      lens_name="M")
    images = [np.random.default_rng(k).normal(100, 20, (20, 30)).astype("f4") for k in range(3)]
    images[1][3, 4] = 1e5
    for row, image_e in zip(rows, images, strict=True):
        write_image(paths.aligned(chosen, row["img_name"]), image_e)

    cards = db_stack.write(tmp_path / "stack.fits", rows, reference, chosen)

    coeff, sigma = np.array([1.1, 0.8, 1.4]), np.array([20.0, 30.0, 25.0])
    stack, variance, count, header = read_stack(tmp_path / "stack.fits")
    scaled = np.array(images) * coeff[:, None, None]
    assert stack == pytest.approx(np.median(scaled, axis=0), rel=1e-6)
    # Var of a median of three: 1.3459 of that of their mean, with the photons of the light
    expected = 1.3459 / 9 * (np.sum((coeff * sigma) ** 2) + coeff.sum() * np.maximum(stack, 0))
    assert variance == pytest.approx(expected, rel=1e-5)
    assert (count == 3).all()
    assert header["MJD"] == pytest.approx(np.mean([60000.0, 60000.2, 60000.9]), abs=1e-9)
    assert (header["COMBINE"], header["COEFF"], header["OBJECT"]) == ("median", "renorm", "M")
    # electrons of the image whose coefficient is 1: variance = flux / gain, without sky
    assert header["GAIN"] == pytest.approx(1 / (1.3459 / 9 * coeff.sum()))
    assert header["SKYSIG"] == pytest.approx(np.sqrt(1.3459 / 9 * np.sum((coeff * sigma) ** 2)))
    assert cards["NCOMBINE"] == header["NCOMBINE"] == 3
    clipped = db_stack.write(tmp_path / "mean.fits", rows, reference,
                             settings(work_dir=tmp_path, combi_coefficient="renorm"))
    weight = 1 / (coeff * sigma) ** 2
    assert clipped["MJD"] == pytest.approx(60000 + weight @ [0, 0.2, 0.9] / weight.sum(), abs=1e-9)
    mean = np.tensordot(weight, scaled, 1) / weight.sum()
    inner = np.ones((20, 30), bool)
    inner[3, 4] = False
    found = read_stack(tmp_path / "mean.fits")
    assert found[0][inner] == pytest.approx(mean[inner], rel=1e-5)
    assert found[2][3, 4] == 2


def test_the_resampled_images_must_be_there_and_fit(tmp_path):
    chosen = settings(work_dir=tmp_path)
    reference = {"img_name": "a", "nx_px": 30, "ny_px": 20, "has_wcs": False,
                 "pixel_scale_arcsec": 0.2}
    with pytest.raises(UserError, match=r"a\.fits is missing\. Run 3_align/2a_opt_align\.py"):
        db_stack.write(tmp_path / "stack.fits", [ROW], reference, chosen)
    write_image(paths.aligned(chosen, "a"), np.ones((30, 20)))
    with pytest.raises(UserError, match="has 20 x 30 pixels, the reference image 30 x 20"):
        db_stack.write(tmp_path / "stack.fits", [ROW], reference, chosen)
    assert not (tmp_path / "stack.fits").exists()
