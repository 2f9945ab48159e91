from cosmouline.errors import UserError
from cosmouline.injection import db_sites

import numpy as np
import pytest

pytestmark = pytest.mark.long  # the order of the small lens, and fits of sites

SCRIPT = "fac_injection/1_choose_sites"


def test_sites_are_empty_places_away_from_the_lens(injected):
    lens = injected
    sites = db_sites.read(lens.settings())
    reference = "R_tiny_0001"
    side_px = lens.rows[reference]["lens_side_px"]
    middle = lens.truth.xy(reference, "image").mean(0)
    model = [site for site in sites if not site["star"]]

    assert 1 <= len(model) <= 2
    for site in model:
        at = np.array([site["x_px"], site["y_px"]])
        assert np.abs(at - middle).max() > side_px - 6  # the middle of the lens is a start value
        # farther than 1.5 FWHM from every true star
        stars = lens.truth.xy(reference, "star")
        assert np.hypot(*(stars - at).T).min() > 1.5 * lens.rows[reference]["field_fwhm_px"]
    assert len({lens.rows[name].get("injection_sites__quad") for name in lens.rows
                if "dec_chi2__quad" in lens.rows[name]}) == 1


def test_fewer_sites_than_wanted_are_told(injected, settings_of_sites, caplog):
    injected.set(settings_of_sites + "n_injection_sites = 50\n")
    injected.run(SCRIPT)

    assert "sites instead of the 50 of n_injection_sites" in caplog.text


def test_without_a_fit_the_script_to_run_is_named(lens_before):
    with pytest.raises(UserError, match=r"no image has a fit. Run 7_deconv/4_deconv.py"):
        lens_before("7_deconv/4_deconv").run(SCRIPT)


def test_a_field_without_room_is_told(injected, monkeypatch):
    monkeypatch.setattr("cosmouline.injection.places.FARTHEST_SIDES", 0)

    with pytest.raises(UserError, match="no place of the field is a stamp away from the lens"):
        injected.run(SCRIPT)
