"""A campaign on the disk: what is written can be read back, and is complete."""

import json
from dataclasses import replace

from cosmouline.errors import UserError
from cosmouline.skymaker import draw
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.io_campaign import draw_campaign, fault_table, parameters, star_table
from cosmouline.skymaker.model import Fault, change_frame, change_telescopes
from cosmouline.skymaker.two_telescopes import two_telescope_campaign

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Give a tiny campaign and the folder into which it was drawn."""
    folder = tmp_path_factory.mktemp("drawn")
    campaign = tiny_campaign(3)
    draw_campaign(campaign, folder)
    return campaign, folder


def test_frames_are_those_of_draw_frame(drawn):
    campaign, folder = drawn

    data_adu, header = fits.getdata(folder / "frames/TINY/tiny_0001.fits", header=True)

    expected_adu, expected, _ = draw.draw_frame(campaign, 1)
    np.testing.assert_array_equal(data_adu, expected_adu)
    assert data_adu.dtype == np.uint16
    assert data_adu.shape == (160, 180)
    for key, value in expected.items():  # FITS keeps 15 digits
        assert header[key] == (
            value if isinstance(value, str) else pytest.approx(value, rel=1e-14)
        )
    assert header.comments["GAIN"] == "[electron/adu] conversion factor"


def test_floats_are_written_as_such(tmp_path):
    campaign = change_telescopes(tiny_campaign(1), dtype="float32")

    (path,) = draw_campaign(campaign, tmp_path)

    with fits.open(path) as hdus:
        assert hdus[0].header["BITPIX"] == -32
        np.testing.assert_array_equal(hdus[0].data, draw.draw_frame(campaign, 0)[0])


def test_table_of_frames_has_every_frame_and_no_hole(drawn):
    campaign, folder = drawn

    table = Table.read(folder / "truth_frames.ecsv")

    assert len(table) == 3
    assert not table.has_masked_values
    assert list(table["file"]) == [f"frames/TINY/tiny_000{index}.fits" for index in range(3)]
    assert set(table.colnames) == {"file", *draw.frame_truth(campaign, 0)}
    for index, row in enumerate(table):
        header = fits.getheader(folder / row["file"])
        assert row["mjd"] == pytest.approx(header["MJD-OBS"] + header["EXPTIME"] / 2 / 86400)
        truth = draw.frame_truth(campaign, index)
        assert {name: row[name] for name in truth} == truth


def test_a_fault_names_its_frame_or_none():
    faults = [Fault("a", "TINY", "1", "of the first frame", 0), Fault("b", "all", "2", "of all")]

    table = fault_table(replace(tiny_campaign(2), faults=tuple(faults)))

    assert list(table["file"]) == ["frames/TINY/tiny_0000.fits", ""]


def test_table_of_objects_has_every_source_on_every_frame(drawn):
    campaign, folder = drawn

    table = Table.read(folder / "truth_objects.ecsv")

    assert len(table) == 3 * len(campaign.sources)
    expected = draw.objects_of_frame(campaign, 2)
    last = table[table["file"] == "frames/TINY/tiny_0002.fits"]
    for name in expected.dtype.names:
        np.testing.assert_array_equal(last[name], expected[name])


def test_table_of_stars_has_a_flux_for_each_telescope():
    campaign = two_telescope_campaign(n_frames=2)

    table = star_table(campaign)

    assert len(table) == len(campaign.stars)
    assert table.meta["epoch_year"] == 2016.0
    first = campaign.stars[0]
    assert table["pm_ra_mas_yr"][0] == first.pm_ra_mas_yr
    assert table["flux_e_s_SIM1_R"][0] == pytest.approx(10 ** (0.4 * (24.5 - first.mag)))
    in_band = first.mag + 0.06 * first.colour_mag
    assert table["flux_e_s_SIM2_R"][0] == pytest.approx(10 ** (0.4 * (23.9 - in_band)))


def test_parameters_say_where_the_images_are(drawn):
    campaign, folder = drawn

    truth = json.loads((folder / "truth.json").read_text())

    assert truth["seed"] == campaign.seed
    assert truth["telescopes"][0]["gain_e_per_adu"] == 2.0
    assert truth["lens"]["images"][1]["delay_days"] == 6.0
    centre = SkyCoord(truth["lens"]["ra_deg"], truth["lens"]["dec_deg"], unit="deg")
    image = SkyCoord(*truth["lens_images"]["B"], unit="deg")
    east, north = centre.spherical_offsets_to(image)
    assert (east.arcsec, north.arcsec) == pytest.approx((-0.62, -0.35), abs=1e-6)
    assert "frames" not in truth


def test_a_field_without_a_lens_has_no_images():
    assert "lens_images" not in parameters(replace(tiny_campaign(1), lens=None))


def test_a_part_of_a_campaign_is_the_same_frames(drawn, tmp_path):
    campaign, folder = drawn

    (path,) = draw_campaign(campaign, tmp_path, indices=[2])

    assert path.read_bytes() == (folder / "frames/TINY/tiny_0002.fits").read_bytes()
    assert list(Table.read(tmp_path / "truth_frames.ecsv")["file"]) == [
        "frames/TINY/tiny_0002.fits"
    ]


def test_drawing_again_gives_the_same_files(drawn, tmp_path):
    campaign, folder = drawn
    draw_campaign(campaign, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}

    draw_campaign(campaign, tmp_path, progress=True)

    assert len(before) == 8
    assert {path: path.read_bytes() for path in before} == before
    for path, content in before.items():
        assert (folder / path.relative_to(tmp_path)).read_bytes() == content


def test_frames_of_another_campaign_are_not_mixed_in(drawn, tmp_path):
    campaign, _ = drawn
    draw_campaign(campaign, tmp_path)

    with pytest.raises(UserError, match=r"holds 1 frames of another campaign.*tiny_0002\.fits"):
        draw_campaign(tiny_campaign(2), tmp_path)


def test_two_telescopes_have_a_folder_each(tmp_path):
    campaign = two_telescope_campaign(n_frames=2)

    paths = draw_campaign(campaign, tmp_path)

    assert [path.parent.name for path in paths] == ["SIM1_R", "SIM2_R"]
    assert fits.getdata(paths[0]).shape == (400, 420)
    assert fits.getdata(paths[1]).shape == (380, 400)
    assert [fits.getval(path, "GAIN") for path in paths] == [2.0, 1.3]
    assert [fits.getval(path, "TELESCOP") for path in paths] == ["SIM1", "SIM2"]


def test_a_file_can_be_cut_off(tmp_path):
    campaign = change_frame(tiny_campaign(2), 1, kept_of_file=0.6, defect="truncated file")

    whole, cut = draw_campaign(campaign, tmp_path)

    assert cut.stat().st_size == int(0.6 * whole.stat().st_size)


def test_what_was_planted_has_a_table_of_its_own(tmp_path, drawn):
    faults = (Fault("trail", "TINY", "3 px", "trailed", 1), Fault("gain", "TINY", "x 4", "wrong"))
    campaign = replace(tiny_campaign(2), faults=faults)

    draw_campaign(campaign, tmp_path, indices=[1])

    table = Table.read(tmp_path / "truth_faults.ecsv")
    assert list(table["kind"]) == ["trail", "gain"]
    assert list(table.filled("")["file"]) == ["frames/TINY/tiny_0001.fits", ""]
    assert "faults" not in json.loads((tmp_path / "truth.json").read_text())
    assert not (drawn[1] / "truth_faults.ecsv").exists()
