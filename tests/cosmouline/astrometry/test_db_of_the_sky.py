"""Catalogue, solutions, footprints and RA and Dec of a lens, each with the settings it reads."""

from types import SimpleNamespace

from cosmouline.astrometry import (
    db_catalogue,
    db_coordinates,
    db_footprints,
    db_lens_position,
    db_plate_solve,
    io_local_catalogue,
    tangent,
)
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files import io_fits
from cosmouline.files.io_catalog import read_cat
from cosmouline.sources import db_catalogue_stars

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

CENTRE, SHAPE, SCALE = (69.56, -12.29), (600, 700), 0.3
DTYPE = [("x_px", "f8"), ("y_px", "f8"), ("flux_e", "f8"), ("fwhm_px", "f4"),
         ("is_saturated", "?"), ("n_pix", "i4")]


class Field:
    """A lens in a folder with one image, its sources and a catalogue, all made up."""

    def __init__(self, folder, **changes):
        self.settings = SimpleNamespace(**{
            "config_dir": folder, "work_dir": folder / "work", "catalogue": "catalogue.ecsv",
            "catalogue_radius_arcmin": 10.0, "pointing_error_arcmin": 1.0, "wcs": "solve",
            "wcs_sip_degree": None, "use_proper_motion": True, "lens_ra_deg": CENTRE[0],
            "lens_dec_deg": CENTRE[1], "lens_position_px": None, "star_ruwe_max": 1.4,
            "star_mag_range": None, "ref_img_name": None, "point_sources": {"A": (0.0, 0.0)},
            "point_sources_unit": "arcsec", "made": {}, "band": "",
            "options": SimpleNamespace(script="")} | changes)
        random, turn = np.random.default_rng(1), np.radians(20.0)
        cd = np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        self.header = fits.Header()
        self.header.update(
            CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=CENTRE[0], CRVAL2=CENTRE[1],
            CRPIX1=351.0, CRPIX2=301.0, CD1_1=cd[0, 0] * SCALE / 3600,
            CD1_2=cd[0, 1] * SCALE / 3600, CD2_1=cd[1, 0] * SCALE / 3600,
            CD2_2=cd[1, 1] * SCALE / 3600)
        xy = random.uniform(10, 590, (60, 2))
        # the catalogue is 20 years older, and half of its stars move by 0.1"/yr
        self.sky = tangent.sky_of(WCS(self.header), xy)
        motion = np.where(np.arange(60) % 2, 100.0, 0.0)
        ra, dec = tangent.at_epoch(*self.sky.T, -motion, np.zeros(60), 20.0)
        self.stars = {"ra_deg": ra, "dec_deg": dec, "epoch_year": np.full(60, 2000.0),
                      "pmra_mas_yr": motion, "pmdec_mas_yr": np.zeros(60),
                      "mag_G": np.linspace(14, 19, 60), "ruwe": np.full(60, 1.0)}
        self.stars["ruwe"][3] = 2.0
        self.sources = np.zeros(60, DTYPE)
        self.sources["x_px"], self.sources["y_px"] = xy.T
        self.sources["flux_e"], self.sources["n_pix"] = 1e6 * 10 ** (
            -0.4 * (self.stars["mag_G"] - 14)), 20
        self.image = {"img_name": "R_1", "nx_px": SHAPE[1], "ny_px": SHAPE[0], "fwhm_px": 4.0,
                      "fwhm_arcsec": 1.2, "sky_sigma_e": 10.0, "pixel_scale_arcsec": SCALE,
                      "mjd": 51544.5 + 20 * 365.25, "has_wcs": False}
        io_local_catalogue.write(folder / "catalogue.ecsv", self.stars)

    def with_header(self, off_px=0.0):
        header = self.header.copy()
        header["CRPIX1"] += off_px
        io_fits.write_image(paths.image(self.settings, "R_1"), np.zeros(SHAPE, "f4"), {}, header)
        self.image["has_wcs"] = True
        return self

    def solved(self, **changes):
        settings = SimpleNamespace(**vars(self.settings) | changes)
        found = db_plate_solve.solved(self.image, self.sources, db_catalogue.catalogue(settings),
                                      settings, "hash")
        self.image |= found
        return found


@pytest.fixture
def field(tmp_path):
    return Field(tmp_path)


def off_px(field):
    wcs = db_coordinates.wcs_of(field.image, field.settings)
    there = tangent.pixels_of(wcs, field.sky)
    return np.hypot(*(there - np.column_stack([field.sources["x_px"], field.sources["y_px"]])).T
                    ).max()


def test_an_image_without_coordinates_is_solved_at_the_date_of_its_exposure(field):
    found = field.solved()

    assert (found["wcs_origin"], found["wcs_parity"], found["wcs_catalogue"]) == (
        "solved", 1, "hash")
    assert found["n_wcs_stars"] > 50
    assert found["wcs_north_deg"] == pytest.approx(-20.0, abs=0.01)
    assert found["wcs_scale_arcsec"] == pytest.approx(SCALE, rel=1e-4)
    assert off_px(field) < 0.01
    # the motions are 2", 7 px, for every second star: without them half of the stars are lost
    still = field.solved(use_proper_motion=False)
    assert still["n_wcs_stars"] < 40


def test_degree_and_pointing_are_those_of_the_settings(field):
    assert field.solved(wcs_sip_degree=2)["wcs_sip_degree"] == 2
    # it looks 6' from where the lens is said to be
    away = {"lens_dec_deg": CENTRE[1] + 0.1}
    assert field.solved(**away, pointing_error_arcmin=0.5)["wcs_origin"] == "none"
    assert field.solved(**away, pointing_error_arcmin=10.0)["wcs_origin"] == "solved"


def test_without_a_position_of_the_lens_it_looks_at_the_middle_of_the_catalogue(field):
    assert field.solved(lens_ra_deg=None, lens_dec_deg=None)["wcs_origin"] == "solved"


def test_the_header_is_kept_checked_or_refused(field):
    field.with_header()
    assert field.solved(wcs="header")["wcs_origin"] == "header"
    assert field.image["wcs_header_off_px"] < 0.01
    assert field.solved(wcs="none") == {"wcs_origin": "none"}
    assert not db_coordinates.has_sky(field.image)
    field.with_header(off_px=9.0)
    refused = field.solved(wcs="header")
    assert refused["wcs_origin"] == "none"
    assert "off by 9.0 px" in refused["wcs_note"]
    assert field.solved(wcs="solve")["wcs_origin"] == "solved"
    assert field.image["wcs_header_off_px"] == pytest.approx(9.0, abs=0.05)


def test_what_cannot_be_solved_keeps_its_header_unchecked_or_nothing(field):
    field.sources = field.sources[:4]
    assert field.solved()["wcs_origin"] == "none"
    assert "fewer than 6" in field.image["wcs_note"]
    field.with_header()
    assert field.solved()["wcs_origin"] == "header"
    assert "kept, unchecked" in field.image["wcs_note"]
    assert "could not be checked" in field.solved(wcs="header")["wcs_note"]


def test_without_a_catalogue_there_are_the_coordinates_of_the_header(field):
    (field.settings.config_dir / "catalogue.ecsv").unlink()
    assert field.solved()["wcs_note"] == "no coordinates in its header"
    assert field.with_header().solved()["wcs_origin"] == "header"


def test_the_catalogue_is_that_of_the_settings(field):
    assert len(db_catalogue.catalogue(field.settings)["ra_deg"]) == 60
    field.settings.catalogue = None
    assert db_catalogue.catalogue(field.settings) is None
    field.settings.catalogue = "mine.ecsv"  # named, so it must be there
    with pytest.raises(UserError, match=r"there is no catalogue .*mine\.ecsv"):
        db_catalogue.catalogue(field.settings)
    assert db_catalogue.circle(field.settings) == (*CENTRE, 10.0)
    field.settings.lens_ra_deg = None
    with pytest.raises(UserError, match="set lens_ra_deg and lens_dec_deg"):
        db_catalogue.circle(field.settings)


def test_a_catalogue_of_another_field_is_refused(field):
    db_catalogue.check_place(field.stars, field.settings)
    for name, step in (("lens_ra_deg", 1.0), ("lens_dec_deg", 1.0)):
        settings = SimpleNamespace(**vars(field.settings))
        setattr(settings, name, getattr(settings, name) + step)
        with pytest.raises(UserError, match=r"is of another field: its stars lie around RA 69\."):
            db_catalogue.check_place(field.stars, settings)
        settings.catalogue_radius_arcmin = 90.0
        db_catalogue.check_place(field.stars, settings)
        settings.catalogue_radius_arcmin, settings.pointing_error_arcmin = 10.0, 90.0
        db_catalogue.check_place(field.stars, settings)
    settings.lens_dec_deg = None
    db_catalogue.check_place(field.stars, settings)


def test_the_footprint_tells_whether_the_lens_is_on_the_image(field):
    field.solved()
    found = db_footprints.fields(field.image, field.settings)
    # the lens is in the middle: 300 px from the nearest edge
    assert found["lens_inside"]
    assert found["lens_edge_arcsec"] == pytest.approx(300 * SCALE, rel=0.01)
    for name in ("lens_ra_deg", "lens_dec_deg"):
        settings = SimpleNamespace(**vars(field.settings))
        setattr(settings, name, getattr(settings, name) + 0.1)
        assert not db_footprints.fields(field.image, settings)["lens_inside"]
        setattr(settings, name, None)
        assert "lens_inside" not in db_footprints.fields(field.image, settings)
    settings = SimpleNamespace(**vars(field.settings) | {"lens_position_px": (3.0, 3.0)})
    assert "lens_inside" not in db_footprints.fields(field.image, settings)
    assert db_footprints.fields({"has_wcs": False}, field.settings) == {}


def test_areas_and_stars_of_the_footprints(field):
    field.solved()
    field.image |= db_footprints.fields(field.image, field.settings)
    sky = db_footprints.Sky.of([field.image, field.image], field.settings)
    area = SHAPE[0] * SHAPE[1] * (SCALE / 60) ** 2
    assert f"2 images cover {area:.1f} square arcmin, all of them {area:.1f} (100 %)" == (
        sky.summary())
    assert sky.drawn()["lens_arcmin"] == (0.0, 0.0)
    # the map is as wide and as high as the images, to half a cell
    west, east, south, north = sky.drawn()["extent_arcmin"]
    size, cell = np.array([east - west, north - south]), sky.cell_arcsec / 60
    assert size == pytest.approx(np.ptp(sky.drawn()["outlines"][0], axis=0), abs=0.51 * cell)
    assert size / cell == pytest.approx(sky.counts.shape[::-1])
    drawn = sky.stars([field.image], field.settings)
    assert (~drawn["is_good"]).sum() >= 1  # the RUWE of 2
    # in arcmin, as the map: the stars lie on an image of this half diagonal
    assert 1.0 < np.hypot(*drawn["stars_arcmin"].T).max() < np.hypot(*SHAPE) * SCALE / 60 / 2
    field.settings.star_ruwe_max = None
    more = sky.stars([field.image], field.settings)
    assert more["is_good"].sum() == drawn["is_good"].sum() + 1
    field.settings.star_mag_range = (14.0, 15.0)
    assert sky.stars([field.image], field.settings)["is_good"].sum() < 15
    field.settings.lens_ra_deg = None
    assert not db_footprints.Sky.of([field.image], field.settings).has_lens


def test_stars_of_the_catalogue_on_the_reference_and_what_is_against_them(field):
    field.solved()
    xy = np.column_stack([field.sources["x_px"], field.sources["y_px"]])
    rows, _ = db_catalogue_stars.of_reference(xy, field.image, field.settings)
    np.testing.assert_array_equal(rows, np.arange(60))
    reasons = db_catalogue_stars.problems_at(xy, [field.image], field.image, field.settings)
    assert "RUWE 2.00 above 1.4" in reasons[3]
    field.settings.star_ruwe_max = 3.0
    assert "RUWE" not in db_catalogue_stars.problems_at(xy, [field.image], field.image,
                                                         field.settings)[3]
    field.settings.star_mag_range = (14.0, 18.0)
    assert "outside of 14 to 18" in db_catalogue_stars.problems_at(
        xy, [field.image], field.image, field.settings)[59]
    field.settings.catalogue = None
    assert db_catalogue_stars.problems_at(xy, [field.image], field.image, field.settings) == (
        [""] * 60)


def test_the_table_of_the_stars_is_at_the_date_of_the_images(field, monkeypatch):
    field.solved()
    monkeypatch.setattr(db_catalogue_stars.db_stars, "sources", lambda *_: field.sources)
    lines = db_catalogue_stars.table([field.image], field.settings, field.stars)
    assert len(lines) == 60
    assert {line["n_found"] for line in lines} == {1}
    assert lines[1]["ra_deg"] == pytest.approx(field.sky[1, 0], abs=1e-7)
    assert "RUWE" in lines[3]["problem"]
    field.settings.star_ruwe_max, field.settings.star_mag_range = None, (14.0, 15.0)
    field.settings.use_proper_motion = False
    lines = db_catalogue_stars.table([field.image], field.settings, field.stars)
    assert lines[1]["ra_deg"] == pytest.approx(field.stars["ra_deg"][1], abs=1e-9)
    assert "RUWE" not in lines[3].get("problem", "")
    assert "magnitude" in lines[-1]["problem"]


def test_lists_and_sources_in_ra_and_dec_fall_where_the_stars_are(field):
    field.solved()
    db_coordinates.keep_reference(field.image, field.settings)
    to_pixels = db_coordinates.reference_to_pixels(field.settings)
    ra, dec = field.sky[5]
    path = field.settings.config_dir / "normstars.cat"
    hours = ra / 15
    sexagesimal = (f"{int(hours):02d}:{int(hours * 60 % 60):02d}:{hours * 3600 % 60:.4f} "
                   f"-{int(-dec):02d}:{int(-dec * 60 % 60):02d}:{-dec * 3600 % 60:.3f}")
    path.write_text(f"a {ra:.7f}d {dec:.7f}d 500\nb 100.0 50.0\n")
    first, second = read_cat(path, to_pixels=to_pixels)
    assert (first.x_px, first.y_px) == pytest.approx(
        (field.sources["x_px"][5], field.sources["y_px"][5]), abs=0.02)
    assert (second.x_px, first.flux_e) == (99.0, 500)
    path.write_text(f"a {sexagesimal}\n")
    assert read_cat(path, to_pixels=to_pixels)[0].x_px == pytest.approx(first.x_px, abs=0.01)
    with pytest.raises(UserError, match="RA and Dec need coordinates of the reference image"):
        read_cat(path)
    path.write_text("a 69.5d -99.0d\n")
    with pytest.raises(UserError, match="are not on the sky"):
        read_cat(path, to_pixels=to_pixels)
    # point sources as numbers in degrees are told from offsets by their size
    field.settings.point_sources = {"A": (ra, dec), "B": tuple(field.sky[6])}
    field.settings.lens_ra_deg, field.settings.lens_dec_deg = field.sky[5]
    _, xy = db_lens_position.sources_on_reference(field.image, field.settings)
    np.testing.assert_allclose(xy[0], (first.x_px, first.y_px), atol=0.02)


def test_the_reference_is_written_again_only_if_it_changed(field):
    field.solved()
    db_coordinates.keep_reference(field.image, field.settings)
    path = paths.reference_wcs(field.settings)
    before = path.stat().st_mtime_ns
    db_coordinates.keep_reference(field.image, field.settings)
    assert path.stat().st_mtime_ns == before
    field.image["wcs_origin"] = "none"
    db_coordinates.keep_reference(field.image, field.settings)
    assert not path.exists()
    assert db_coordinates.reference_to_pixels(field.settings) is None


def test_a_damaged_image_whose_header_has_the_coordinates_names_its_script(lens_after):
    lens = lens_after("1_character/1b_copy_convert")
    row, settings = lens.rows["R_tiny_0001"], lens.settings()
    assert db_coordinates.wcs_of(row, settings) is not None
    path = paths.image(settings, "R_tiny_0001")
    path.unlink()  # it may be a link to that of all tests
    path.write_text("no image")

    with pytest.raises(UserError, match=r"R_tiny_0001\.fits is not the one that 1_character/"
                                        r"1b_copy_convert\.py wrote\. Run 1_character/1b_copy_"
                                        r"convert\.py --redo --only R_tiny_0001"):
        db_coordinates.wcs_of(row, settings)
