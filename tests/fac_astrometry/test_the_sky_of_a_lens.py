"""The scripts of fac_astrometry on the small lens, with the catalogue that it was drawn from."""

from cosmouline.astrometry import io_local_catalogue
from cosmouline.astrometry.tangent import project
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.skymaker.io_campaign import catalogue

import numpy as np
import pytest

CLOUDED = 4  # of conftest: two stars, and a WCS that is off by 25 px


def with_catalogue(lens):
    io_local_catalogue.write(lens.config / "catalogue.ecsv", catalogue(lens.truth.campaign))
    return lens


def test_frames_are_solved_checked_drawn_and_their_stars_listed(lens_before, pages, caplog,
                                                                    recorded, script):
    lens = with_catalogue(lens_before("fac_astrometry/2_plate_solve"))
    lens.set('lens_name = "OTHER"\n')

    lens.run("fac_astrometry/2_plate_solve")

    rows = [lens.rows[name] for name in lens.truth.good]
    assert {row["wcs_origin"] for row in rows} == {"solved"}
    for name, row in zip(lens.truth.good, rows, strict=True):
        frame = lens.truth.frame(name)
        assert row["wcs_north_deg"] == pytest.approx(frame.rotation_deg, abs=0.2)
        assert row["wcs_scale_arcsec"] == pytest.approx(0.21, rel=2e-3)
        assert row["wcs_header_off_px"] < 0.5
    clouded = lens.rows[lens.truth.names[CLOUDED]]
    assert clouded["wcs_origin"] == "header"
    assert "kept, unchecked" in clouded["wcs_note"]
    assert "solved: 13 stars, rms" in caplog.text

    lens.run("fac_astrometry/3_footprints")

    assert set(pages) == {"footprints", "footprints_stars"}
    stars = catalogue(lens.truth.campaign)
    drawn = np.concatenate([one.get_offsets() for ax in pages["footprints_stars"].axes
                            for one in ax.collections if len(one.get_offsets()) > 1])
    plane_arcmin = project(stars["ra_deg"], stars["dec_deg"], 69.56, -12.29) / 60
    np.testing.assert_allclose(np.ptp(drawn, axis=0), np.ptp(plane_arcmin, axis=0), rtol=0.01)
    assert (lens.work / "report_footprints.txt").read_text().startswith("OTHER: footprints")
    assert all(lens.rows[name]["lens_inside"] for name in lens.truth.good)

    lens.run("fac_astrometry/4_catalogue_stars")

    tool = script("tests/recorded")
    recorded("fac_astrometry/fields", tool.fields_of(lens.rows))
    recorded("fac_astrometry/reports", tool.reports_of(lens.work))
    recorded("fac_astrometry/stars", read_ecsv_columns(lens.work / "catalogue_stars.ecsv"))
    assert {lens.rows[name]["n_catalogue_found"] for name in lens.truth.good} <= {11, 12, 13}
    assert (lens.work / "report_catalogue_stars.txt").read_text().startswith("OTHER: stars")
    assert "13 stars of the catalogue fall on some image" in caplog.text
    # the lens is found by the solution of the reference: the images of the lens are not its middle
    lens.run("3_align/1a_pick_reference")
    lens.run("3_align/1b_identify_stars")
    away = [np.hypot(*(np.array([lens.rows[name]["lens_x_px"], lens.rows[name]["lens_y_px"]])
                       - lens.truth.centre(name))) for name in lens.truth.good]
    assert max(away) < 0.3  # the PSF's lobe moves all centroids of a frame by .1 px
    assert (lens.work / "reference_wcs.fits").is_file()


def test_a_solved_frame_that_misses_the_lens_is_rejected_and_comes_back(lens_before, pages):
    lens = with_catalogue(lens_before("fac_astrometry/2_plate_solve"))
    campaign = lens.truth.campaign
    lens.run("fac_astrometry/2_plate_solve")
    lens.set(f"lens_dec_deg = {campaign.dec_deg + 0.0055}\n")  # 20": beyond the upper edge

    counts = lens.run("fac_astrometry/3_footprints")

    assert counts["rejected"] == 6
    name = lens.truth.good[0]
    assert "arcsec outside of it (fac_astrometry/3_footprints)" in lens.rows[name]["whynot"]
    lens.set()
    lens.run("fac_astrometry/3_footprints")
    assert lens.rows[name]["gogogo"]


def test_without_a_catalogue_the_headers_are_used(lens_before, pages, caplog):
    lens = lens_before("fac_astrometry/2_plate_solve")
    for script in ("2_plate_solve", "3_footprints", "4_catalogue_stars"):
        lens.run(f"fac_astrometry/{script}")
    assert {row["wcs_origin"] for row in lens.rows.values()} == {"header"}
    assert "no star catalogue: the coordinates of the headers are used" in caplog.text
    assert "no star catalogue: nothing to do" in caplog.text
    assert set(pages) == {"footprints"}
