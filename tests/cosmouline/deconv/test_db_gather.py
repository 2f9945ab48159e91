
from types import SimpleNamespace

from cosmouline.astrometry import db_transform
from cosmouline.astrometry.align import apply
from cosmouline.database import paths
from cosmouline.database.coefficient_choice import coefficient
from cosmouline.deconv import db_gather
from cosmouline.deconv.db_gather import values, why_not
from cosmouline.errors import UserError
from cosmouline.psf.io_psf import read_psf
from cosmouline.psf.model import field_coordinates, pad_narrow

import numpy as np
import pytest

EXTRACT = "6_extract/1_extract_objects"
REFERENCE = "R_tiny_0001"
CENTRE = np.array([92.6, 84.2])


@pytest.fixture
def lens(lens_after):
    return lens_after("7_deconv/1_prepare")


def images_of(lens, *names):
    return [lens.rows[name] for name in names]


def test_epochs_are_in_the_order_of_the_images(lens):
    names = ["R_tiny_0005", "R_tiny_0000"]
    content = db_gather.gather(images_of(lens, *names), CENTRE, lens.settings())

    assert content.names == names
    assert content.epochs.fwhm_px == pytest.approx(lens.values("field_fwhm_px", names))
    assert content.epochs.coeff == pytest.approx(lens.values("dec_coeff__lens", names))
    assert (content.centre_px == CENTRE).all()


def test_the_psf_is_that_at_the_lens_padded_for_the_fit(lens):
    name = "R_tiny_0001"
    content = db_gather.gather(images_of(lens, name), CENTRE, lens.settings())

    found, row = read_psf(paths.psf(lens.settings(), name)), lens.rows[name]
    xy = np.array([row["lens_x_px"], row["lens_y_px"]])
    narrow = found.psf.narrow(field_coordinates(xy, (160, 180)))
    assert found.psf.gradient is not None  # it varies, so the place matters
    assert content.epochs.psf[0] == pytest.approx(pad_narrow(narrow, (48 + 16) * 2))
    assert content.draws.shape == (4, 1, 128, 128)


def test_the_fewest_draws_of_all_images_are_taken(lens):
    lens.set("n_psf_draws = 2\npsf_stars = ['a', 'b', 'd']\n")
    for script in ("5_psf/2a_extract", "5_psf/3_find_cosmics",
                   "5_psf/3b_choose_prior", "5_psf/4_build_psf"):
        lens.run(script, only=["R_tiny_0003"])

    content = db_gather.gather(images_of(lens, "R_tiny_0001", "R_tiny_0003"), CENTRE,
                               lens.settings())

    assert content.draws.shape[:2] == content.draw_scale.shape == (2, 2)


def test_a_lens_outside_of_an_image_has_no_usable_pixel(lens):
    lens.update("R_tiny_0003", align_dx_px=500.0, **{f"ran__{EXTRACT}": None})
    lens.run(EXTRACT)

    content = db_gather.gather(images_of(lens, "R_tiny_0001", "R_tiny_0003"), CENTRE,
                               lens.settings())

    assert content.epochs.usable[0].mean() > 0.8
    assert not content.epochs.usable[1].any()


def test_stamps_of_two_sizes_are_told(lens):
    images = images_of(lens, "R_tiny_0001", "R_tiny_0003")
    images[1]["lens_side_px"] = 64

    with pytest.raises(UserError, match=r"sides of \[48, 64\] pixels\. Run "
                                        r"6_extract/1_extract_objects\.py --redo"):
        db_gather.gather(images, CENTRE, lens.settings())


def test_the_stars_place_the_lens_better_than_the_alignment(lens):
    """Beside what all images share: 8 stars of S/N above 100, so .02 px; the alignment .05."""
    names = lens.truth.good
    by_stars = db_gather.gather(images_of(lens, *names), CENTRE, lens.settings())
    lens.set("shift_prior = 'alignment'\n")
    aligned = db_gather.gather(images_of(lens, *names), CENTRE, lens.settings())

    moved = by_stars.epochs.shift_px - aligned.epochs.shift_px
    true = np.array([apply(lens.truth.matrix(REFERENCE, name), CENTRE)
                     - apply(db_transform.matrix(lens.rows[name]), CENTRE) for name in names])
    off, off_before = (away - away.mean(0) for away in (moved - true, true))
    assert np.sqrt((off**2).mean()) < np.sqrt((off_before**2).mean())
    error = by_stars.epochs.shift_sigma_px
    assert 0.001 < np.median(error) < 0.05
    assert np.isnan(aligned.epochs.shift_sigma_px).all()


def test_without_the_stars_places_the_alignment_holds(lens):
    names = lens.truth.good[:2]
    images = [{key: value for key, value in lens.rows[name].items()
               if not key.startswith("star_x_px")} for name in names]

    content = db_gather.gather(images, CENTRE, lens.settings())

    assert np.isnan(content.epochs.shift_sigma_px).all()


def test_psf_places_of_stars_and_coefficients_are_those_of_the_names(lens):
    """The same images with their fields and files under other names give the same epochs."""
    names = lens.truth.good[:2]
    expected = db_gather.gather(images_of(lens, *names), CENTRE, lens.settings()).epochs
    (lens.work / "psf_psf1").rename(lens.work / "psf_sharp")
    lens.set('psf_name = "sharp"\ndec_name = "second"\n')
    images = [{field.replace("__psf1", "__sharp").replace("__lens", "__second"): value
               for field, value in image.items()} | {"dec_psf__second": "sharp"}
              for image in images_of(lens, *names)]

    found = db_gather.gather(images, CENTRE, lens.settings())

    assert np.isfinite(expected.shift_sigma_px).all()
    for field in ("coeff", "shift_px", "shift_sigma_px", "psf"):
        np.testing.assert_array_equal(getattr(found.epochs, field), getattr(expected, field))
    db_gather.check_chosen(found, images, lens.settings())
    images[0]["dec_coeff__second"] *= 1.01
    with pytest.raises(UserError, match="images or coefficients have changed"):
        db_gather.check_chosen(found, images, lens.settings())


SETTINGS = SimpleNamespace(dec_coefficient="renorm", renorm_name="r", psf_name="p", dec_name="d",
                           dec_fwhm_max_arcsec=1.5, dec_ellipticity_max=None, dec_coeff_max=3.0,
                           dec_sky_max_e=800.0, dec_trail_min_arcsec=3.0)
IMAGE = {"img_name": "a", "field_fwhm_arcsec": 1.2, "field_ellipticity": 0.9, "sky_level_e": 500.0}


def test_the_coefficient_is_the_one_asked_for():
    row = IMAGE | {"renorm__r": 1.2, "renorm_sigma__r": 0.1}

    assert coefficient(row, SETTINGS) == (1.2, 0.1)
    assert coefficient({}, SimpleNamespace(**vars(SETTINGS) | {"dec_coefficient": "none"})) == (
        1.0, 0.0)


def test_the_first_limit_that_an_image_is_beyond_is_told():
    assert why_not(IMAGE, 2.0, {}, SETTINGS) == ""
    assert why_not(IMAGE, None, {}, SETTINGS) == ""
    assert why_not(IMAGE, 3.1, {}, SETTINGS) == "coefficient above 3"
    assert why_not(IMAGE | {"sky_level_e": 801.0}, 2.0, {}, SETTINGS) == "sky above 800"
    assert why_not(IMAGE | {"field_fwhm_arcsec": 1.6}, 9.0, {}, SETTINGS) == "seeing above 1.5"
    assert why_not(IMAGE, 2.0, {"a": "trailed"}, SETTINGS) == "skiplist: trailed"
    assert why_not(IMAGE | {"trail_lens_arcsec": 2.9}, 2.0, {}, SETTINGS) == (
        "a trail nearer to the lens than 3 arcsec")
    assert why_not(IMAGE | {"trail_lens_arcsec": 3.0}, 2.0, {}, SETTINGS) == ""
    at_the_limits = IMAGE | {"field_fwhm_arcsec": 1.5, "sky_level_e": 800.0}
    assert why_not(at_the_limits, 3.0, {}, SETTINGS) == ""
    assert values(IMAGE, 2.0) == {"seeing": 1.2, "ellipticity": 0.9, "sky": 500.0,
                                  "coefficient": 2.0}
    assert set(values({}, None).values()) == {None}


def test_sets_of_one_telescope_and_scale_are_of_one_camera():
    images = [{"telescope": telescope, "set_name": name, "pixel_scale_arcsec": scale}
              for telescope, name, scale in (
                  ("generic", "spring", 0.4502), ("generic", "autumn", 0.4511),
                  ("generic", "other", 0.48), ("generic", "spring", 0.4498),
                  ("Euler", "E", 0.4502))]

    first, second, other, third, euler = db_gather.cameras(images)

    assert first == second == third
    assert len({first, other, euler}) == 3
