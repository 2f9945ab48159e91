"""Zero points of made-up rows: stars of known magnitude on images of known transparency."""

from types import SimpleNamespace

from cosmouline.errors import UserError
from cosmouline.files.io_catalog import Star
from cosmouline.photometry.zero_points import db_zero_points

import numpy as np
import pytest

N_STARS, N_IMAGES, TRUE_MAG, TERM = 20, 6, 25.0, 0.08
NAMES = [f"s{k}" for k in range(N_STARS)]


@pytest.fixture
def lens(monkeypatch):
    random = np.random.default_rng(2)
    mag, colour = random.uniform(15, 18, N_STARS), random.uniform(0.5, 1.8, N_STARS)
    stars = {"ra_deg": np.zeros(N_STARS), "mag_G": mag, "magerr_G": np.full(N_STARS, 0.003),
             "mag_BP": mag + colour / 2, "mag_RP": mag - colour / 2, "mag_B": mag + 1}
    place = random.uniform(-1, 1, (N_STARS, 2))
    rows = []
    for k in range(N_IMAGES):
        coeff = 1.0 + 0.3 * k
        flux = 100.0 * 10 ** (-0.4 * (mag - TRUE_MAG - TERM * (colour - 1) - 0.03 * place[:, 0])
                              ) / coeff
        row = {"img_name": f"R_{k}", "set_name": "R", "filter": "clear", "exptime_s": 100.0,
               "renorm__mine": coeff, "renorm_sigma__mine": 0.002 * coeff, "nx_px": 101,
               "ny_px": 101}
        for name, value, xy in zip(NAMES, flux, place, strict=True):
            row |= {f"star_flux_e__p__{name}": value * random.normal(1, 0.002),
                    f"star_sigma_e__p__{name}": 0.002 * value,
                    f"star_x_px__p__{name}": 50 * (xy[0] + 1),
                    f"star_y_px__p__{name}": 50 * (xy[1] + 1)}
        rows.append(row)
    settings = SimpleNamespace(psf_name="p", renorm_name="mine", zero_point_band=None,
                               zero_point_flat_degree=1, zero_point_range_mag=2.0,
                               lens_colour_mag=(0.6, 0.1), band="")
    monkeypatch.setattr(db_zero_points.db_stars, "object_stars",
                        lambda _: [Star(name, 0.0, 0.0) for name in NAMES])
    monkeypatch.setattr(db_zero_points, "of_reference",
                        lambda *_: (np.arange(N_STARS), stars))
    return SimpleNamespace(rows=rows, settings=settings, stars=stars)


def of_sets(lens):
    return db_zero_points.of_sets(lens.rows, lens.rows[0], lens.settings)


def test_the_zero_point_of_a_set_and_of_its_images(lens):
    one, = of_sets(lens)
    # instrumental = -2.5 lg(flux x coeff), 100 s
    true = TRUE_MAG + 5.0
    assert one.magnitudes.band == "G"
    assert one.found.colour_term == pytest.approx(TERM, abs=0.01)
    assert one.at_lens[0] == pytest.approx(true - 0.4 * TERM, abs=0.01)
    assert one.found.place[0] == pytest.approx(0.03, abs=0.005)
    fields = db_zero_points.fields(lens.rows, [one], lens.settings)
    for row in lens.rows:
        found = fields[row["img_name"]]
        assert found["zero_point_mag__mine"] == pytest.approx(
            true + TERM * (one.found.colour_0 - 1) - 5.0 - 2.5 * np.log10(row["renorm__mine"]),
            abs=0.01)
        assert found["zero_point_scale_mag__mine"] == one.at_lens[0]
        assert found["zero_point_band__mine"] == "G (Vega)"
        assert found["n_zero_point_stars__mine"] == N_STARS
    assert "colour term +0.0" in db_zero_points.summary(one)
    assert len(db_zero_points.lines([one])) == N_STARS
    assert db_zero_points.drawn(one)["residual"].shape == (N_STARS,)


def test_the_settings_choose_band_degree_and_colour(lens):
    lens.settings.zero_point_band = "B"
    assert of_sets(lens)[0].found.zero_point == pytest.approx(31.0, abs=0.1)
    lens.settings.zero_point_band = "r_sdss"
    one, = of_sets(lens)
    assert one.magnitudes.system == "AB"
    assert "Gaia DR3 documentation" in db_zero_points.summary(one)
    lens.settings.zero_point_flat_degree = 0
    assert len(of_sets(lens)[0].found.place) == 0
    lens.settings.zero_point_band = "Q"
    with pytest.raises(UserError, match="zero_point_band = 'Q': the catalogue gives G, BP"):
        of_sets(lens)


def test_a_lens_of_another_colour_than_the_stars_is_reported(lens, caplog):
    lens.settings.lens_colour_mag = (-0.5, 0.1)
    of_sets(lens)
    assert "the colour of the lens, -0.50, lies beyond those of the stars" in caplog.text


@pytest.mark.parametrize(("factor", "words"), [(10 ** 1.2, "clouds"), (0.1, "exposure time")])
def test_an_image_far_from_its_set_is_rejected_on_both_sides(lens, factor, words):
    """3 mag of cloud make the coefficient 16 times as large, a flux x 10 a tenth."""
    lens.rows[2]["renorm__mine"] *= factor
    fields = db_zero_points.fields(lens.rows, of_sets(lens), lens.settings)
    rejected = db_zero_points.far(fields, lens.rows, lens.settings)
    assert list(rejected) == ["R_2"]
    assert words in rejected["R_2"]
    lens.settings.zero_point_range_mag = None
    assert db_zero_points.far(fields, lens.rows, lens.settings) == {}


def test_without_stars_of_the_catalogue_there_is_nothing(lens, monkeypatch, caplog):
    monkeypatch.setattr(db_zero_points, "of_reference", lambda xy, *_: (
        np.full(len(xy), -1), lens.stars))
    assert of_sets(lens) == []
    assert "no zero points" in caplog.text
    assert db_zero_points.fields(lens.rows, [], lens.settings)["R_0"] == {}
