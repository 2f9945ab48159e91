"""What a stack is made of, by rows without a database; the scripts' tests read whole stacks."""

from types import SimpleNamespace

from cosmouline.errors import UserError
from cosmouline.images import db_stack
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
