from dataclasses import replace

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.psf.io_psf import read_psf
from cosmouline.psf.model import field_coordinates, render
from cosmouline.stamps.io_stamps import read_stamps, write_stamps
from cosmouline.stamps.stamps import MASK_BAD

import numpy as np
import pytest

SCRIPT = "5_psf/4_build_psf"
REFERENCE = "R_tiny_0001"


def psf_of(lens, name):
    return read_psf(paths.psf(lens.settings(), name))


def at_the_lens(lens, name):
    """The PSF of an image at the lens, and the true one at the same place of the pixels."""
    row, psf = lens.rows[name], psf_of(lens, name).psf
    xy = np.array([row["lens_x_px"], row["lens_y_px"]])
    narrow = psf.narrow(field_coordinates(xy, (160, 180)))
    ours = render(narrow[None], np.zeros((1, 2)), psf.side_px, psf.upsampling)[0]
    half = psf.side_px // 2
    star = lens.truth.star(name, 89.5, 79.5)[80 - half:80 + half, 90 - half:90 + half]
    return ours / ours.sum(), star / star.sum()


def test_the_psf_is_the_true_one(lens_after):
    lens = lens_after(SCRIPT)

    for name in lens.truth.good:
        ours, true = at_the_lens(lens, name)
        shift = np.array([(np.indices(true.shape)[axis] * (ours - true)).sum()
                          for axis in (1, 0)])
        slopes = [np.gradient(true, axis=axis) for axis in (1, 0)]
        left = ours - true + shift[0] * slopes[0] + shift[1] * slopes[1]
        # 8 stars of S/N 300 to 900: 0.1 % of the peak, and the pixels between their centres
        assert np.abs(left).max() < 0.015 * true.max()
        assert np.abs(shift).max() < 0.25  # its centre is that of the Moffat, not of the light


def test_the_numbers_are_those_of_the_frames(lens_after):
    lens = lens_after(SCRIPT)

    for name in lens.truth.good:
        row, frame = lens.rows[name], lens.truth.frame(name)
        # beta and FWHM of a Moffat are exchanged for each other, and for the lobe, by 3 %
        assert 0.97 < row["psf_fwhm_arcsec__psf1"] / frame.fwhm_arcsec < 1.04
        assert row["psf_fwhm_px__psf1"] == pytest.approx(row["psf_fwhm_arcsec__psf1"] / 0.21)
        assert row["psf_beta__psf1"] == pytest.approx(frame.moffat_beta, abs=0.25)
        assert abs(row["psf_ellipticity__psf1"] - frame.ellipticity) < 0.05
        # median of 8 stars of 1000 pixels: 1 +- 0.02; the fit takes some noise up
        assert 0.9 < row["psf_chi2__psf1"] < 1.05
        assert row["n_psf_used__psf1"] == row["n_psf_cut__psf1"]


def test_the_file_holds_stars_and_draws(lens_after):
    lens = lens_after(SCRIPT)
    found = psf_of(lens, REFERENCE)

    assert found.stars["name"].tolist() == list("abcdefgh")
    assert found.header["img_name"] == REFERENCE
    assert found.draws.shape[0] == len(found.draw_scale) == 4
    assert found.draws.sum(axis=(1, 2)) == pytest.approx(np.ones(4), abs=1e-3)
    true_e = lens.truth.objects(REFERENCE)["flux_e"][:8]
    assert found.stars["flux_e"] == pytest.approx(true_e, rel=0.01)


def test_a_constant_psf_without_draws_where_the_settings_say_so(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("psf_field = 'off'\nn_psf_draws = 0\npsf_stars = ['a', 'b', 'd', 'e']\n")
    for script in ("5_psf/2a_extract", "5_psf/3_find_cosmics", SCRIPT):
        lens.run(script, only=[REFERENCE])

    found = psf_of(lens, REFERENCE)
    assert found.draws is None
    assert found.psf.gradient is None
    assert lens.rows[REFERENCE]["psf_varies__psf1"] is False
    assert lens.rows[REFERENCE]["n_psf_used__psf1"] == 4


def test_stars_unlike_their_psf_are_told(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.set("n_psf_draws = 0\n")
    path = paths.psf_stamps(lens.settings(), REFERENCE)
    stamps, names, header = read_stamps(path)
    # noise that is said to be 0.7 of what it is: chi2 of the sky pixels is 2
    write_stamps(path, replace(stamps, sky_sigma_e=0.7 * stamps.sky_sigma_e), names, header)

    with caplog.at_level("INFO", "cosmouline"):
        lens.run(SCRIPT, only=[REFERENCE])

    assert ("1 images have stars that their PSF does not describe (chi2 above 1.15, worst "
            f"{REFERENCE}") in caplog.text


def test_a_star_without_its_core_is_left_out_and_reported(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.set("n_psf_draws = 0\n")
    path = paths.psf_stamps(lens.settings(), REFERENCE)
    stamps, names, header = read_stamps(path)
    x, y = np.round(stamps.position_px[2] - stamps.corner_px[2]).astype(int)
    stamps.mask[2, y - 2:y + 3, x - 2:x + 3] |= MASK_BAD
    write_stamps(path, stamps, names, header)

    lens.run(SCRIPT, only=[REFERENCE])

    row = lens.rows[REFERENCE]
    assert (row["n_psf_core_lost__psf1"], row["n_psf_used__psf1"]) == (1, len(names) - 1)
    assert f"1 images (most: {REFERENCE}, 1 stars): their cores are masked" in caplog.text


def test_an_image_with_too_few_stars_is_rejected(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("psf_stars = ['a', 'b']\nn_psf_draws = 0\n")
    for script in ("5_psf/2a_extract", "5_psf/3_find_cosmics"):
        lens.run(script, only=["R_tiny_0003"])

    assert lens.run(SCRIPT, only=["R_tiny_0003"])["rejected"] == 1

    row = lens.rows["R_tiny_0003"]
    assert "2" in row["whynot"]
    assert row["whynot"].endswith(f"({SCRIPT})")
    assert not [field for field in row if field.startswith("psf_fwhm")]

    # it comes back when the cause is mended
    lens.set("psf_stars = ['a', 'b']\nn_psf_draws = 0\npsf_min_stars = 2\n")
    assert lens.run(SCRIPT, only=["R_tiny_0003"])["done"] == 1
    assert lens.rows["R_tiny_0003"]["gogogo"] is True


def test_what_is_up_to_date_is_kept(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.snapshot()

    assert lens.run(SCRIPT)["kept"] == 6
    assert lens.snapshot() == before


def test_the_same_psf_again_bit_for_bit(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.rows["R_tiny_0003"]
    content = paths.psf(lens.settings(), "R_tiny_0003").read_bytes()

    lens.run(SCRIPT, redo=True, only=["R_tiny_0003"])

    fields = [field for field in before if field.startswith(("psf_", "n_psf_"))]
    assert {f: lens.rows["R_tiny_0003"][f] for f in fields} == {f: before[f] for f in fields}
    assert paths.psf(lens.settings(), "R_tiny_0003").read_bytes() == content


def test_lost_stamps_fail_alone_and_keep_no_old_value(lens_after):
    lens = lens_after(SCRIPT)
    lens.set("n_psf_draws = 0\n")

    row = lens.redo_without(SCRIPT, paths.psf_stamps, "R_tiny_0003")

    assert not [field for field in row if field.startswith("psf_fwhm") or "n_psf_used" in field]


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 5_psf/3_find_cosmics\.py first"):
        lens_before("5_psf/3_find_cosmics").run(SCRIPT)
