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
