from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.files import io_table

import numpy as np
import pytest

SCRIPT = "fac_combi/4_stack_photometry"


@pytest.fixture
def rows(stacked):
    stacked.run(SCRIPT)
    first = min(paths.stacks(stacked.settings()).glob("*/*.ecsv"))
    return io_table.read_ecsv(first)


def test_every_star_is_in_the_catalogue_at_its_place(stacked, rows):
    xy = np.array([(row["x_px"], row["y_px"]) for row in rows])
    truth = stacked.truth.xy("R_tiny_0001")
    inner = truth[((truth > 12) & (truth < (165, 145))).all(axis=1)]
    apart = np.min(np.hypot(*(inner[:, None] - xy).transpose(2, 0, 1)), axis=1)
    assert len(inner) >= 8
    assert (apart < 0.3).mean() > 0.9  # all but perhaps one beside another
    places = np.array([(row["ra_deg"], row["dec_deg"]) for row in rows])
    campaign = stacked.truth.campaign
    assert np.abs(places - (campaign.ra_deg, campaign.dec_deg)).max() < 30 / 3600


def test_fluxes_grow_with_the_aperture_and_so_do_their_errors(rows):
    brightest = rows[0]
    flux, sigma = ([brightest[f"{what}_{radius}fwhm_e"] for radius in ("1", "1.5", "2", "3")]
                   for what in ("flux", "sigma"))

    assert flux == sorted(flux)
    assert sigma == sorted(sigma)
    assert (np.array(sigma) > np.sqrt(flux)).all()  # photons, and the sky


@pytest.mark.parametrize(("changes", "n_sources"), [
    ({}, 2), ({"detect_threshold_sigma": 20.0}, 1), ({"detect_min_area_px": 40}, 1)])
def test_sources_are_found_above_the_limits_of_the_settings(script, one_stack, tmp_path, changes,
                                                            n_sources):
    """Peaks of 400 and 15 sigma, with some 60 and 20 pixels above 3 sigma."""
    settings = SimpleNamespace(**{
        "work_dir": tmp_path, "combi_group_name": "n", "detect_threshold_sigma": 3.0,
        "detect_min_area_px": 5} | changes)
    path = one_stack(settings)

    rows = script(f"pipe/{SCRIPT}").catalogue(path, settings)

    assert len(rows) == n_sources
    assert (rows[0]["x_px"], rows[0]["y_px"]) == pytest.approx((30, 30), abs=0.1)
    # electrons by the gain of 2; a radius of 3 FWHM holds all of a Gaussian, and the noise is
    # 20 e- in each of 450 pixels
    light_e = 2 * 4000 * 2 * np.pi * 1.7**2
    assert rows[0]["flux_3fwhm_e"] == pytest.approx(light_e, abs=5 * 20 * np.sqrt(450))
