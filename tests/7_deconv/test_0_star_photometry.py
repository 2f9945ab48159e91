from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.stamps.io_stamps import read_stamps, write_stamps
from cosmouline.stamps.stamps import MASK_BAD

import numpy as np
import pytest

SCRIPT = "7_deconv/0_star_photometry"
REFERENCE = "R_tiny_0001"
STARS = "abcdefgh"  # the eight brightest of the truth, in this order


def fluxes(lens, name):
    """Fluxes and errors of the stars of an image."""
    row = lens.rows[name]
    return np.array([(row[f"star_flux_e__psf1__{star}"], row[f"star_sigma_e__psf1__{star}"])
                     for star in STARS]).T


def test_fluxes_are_those_of_the_stars_within_their_errors(lens_after):
    lens = lens_after(SCRIPT)
    pulls = []
    for name in lens.truth.good:
        flux_e, sigma_e = fluxes(lens, name)
        true_e = lens.truth.objects(name)["flux_e"][:8]
        # a PSF ends with its stamp: up to 0.3 % of the light of all stars of an image is farther
        mean = np.average(flux_e / true_e, weights=(true_e / sigma_e) ** 2)
        assert mean == pytest.approx(1, abs=0.01)
        pulls.append((flux_e / mean - true_e) / sigma_e)
        assert 0.9 < sigma_e[0] / np.sqrt(true_e[0]) < 2  # photons of the brightest star
        assert lens.rows[name]["n_psf_phot__psf1"] == 8

    # 48 fluxes of which 6 means are taken out: their spread is known to 11 %
    spread = np.sqrt(np.sum(np.square(pulls)) / 42)
    assert spread == pytest.approx(1, abs=5 / np.sqrt(2 * 42))


def test_chi2_of_the_stars(lens_after):
    lens = lens_after(SCRIPT)
    chi2 = [lens.rows[name][f"star_chi2__psf1__{star}"] for name in lens.truth.good
            for star in STARS]

    # stamps of 1000 pixels: 1 +- 0.05; the PSF of 8 stars adds to the brightest
    assert 0.85 < np.median(chi2) < 1.1
    assert max(chi2) < 1.6


def test_a_star_without_its_core_has_no_flux_and_is_reported(lens_after, caplog):
    lens = lens_after(SCRIPT)
    path = paths.objects(lens.settings(), REFERENCE)
    stamps, names, header = read_stamps(path)
    k = names.index("b")
    x, y = np.round(stamps.position_px[k] - stamps.corner_px[k]).astype(int)
    stamps.mask[k, y - 3:y + 4, x - 3:x + 4] |= MASK_BAD
    write_stamps(path, stamps, names, header)

    lens.run(SCRIPT, redo=True, only=[REFERENCE])

    row = lens.rows[REFERENCE]
    assert row["n_psf_phot__psf1"] == 7
    assert row["n_core_lost__psf1"] == 1
    assert f"1 images (most: {REFERENCE}, 1 stars): too much of their cores" in caplog.text
    assert not [field for field in row if field.endswith("__psf1__b")]
    assert "star_flux_e__psf1__a" in row


def test_what_is_up_to_date_is_kept(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.snapshot()

    assert lens.run(SCRIPT)["kept"] == 6
    assert lens.snapshot() == before


@pytest.mark.parametrize("product", [paths.psf, paths.objects])
def test_a_lost_product_fails_alone_and_keeps_no_old_value(lens_after, product):
    row = lens_after(SCRIPT).redo_without(SCRIPT, product, "R_tiny_0003")

    assert not [f for f in row if f.startswith("star_flux") or f.startswith("n_psf_phot")]


def test_another_psf_lives_beside_it(lens_after):
    lens = lens_after(SCRIPT)
    lens.set("psf_name = 'two'\npsf_stars = ['a', 'b', 'd']\nn_psf_draws = 0\n")
    for script in ("5_psf/2a_extract", "5_psf/3_find_cosmics",
                   "5_psf/3b_choose_prior", "5_psf/4_build_psf", SCRIPT):
        lens.run(script, only=[REFERENCE])
    row = lens.rows[REFERENCE]

    assert row["star_flux_e__two__e"] == pytest.approx(row["star_flux_e__psf1__e"], rel=0.01)
    assert row["star_flux_e__two__e"] != row["star_flux_e__psf1__e"]


@pytest.mark.parametrize("script", ["5_psf/4_build_psf", "6_extract/2_find_cosmics"])
def test_the_scripts_before_are_named(lens_before, script):
    with pytest.raises(UserError, match=rf"Run {script}\.py first"):
        lens_before(script).run(SCRIPT)
