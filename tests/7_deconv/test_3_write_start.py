from cosmouline.database import paths
from cosmouline.deconv.io_fit import read_epochs, write_epochs
from cosmouline.errors import UserError
from cosmouline.files import io_catalog

import numpy as np
import pytest

SCRIPT = "7_deconv/3_write_start"
REFERENCE = "R_tiny_0001"


def start_of(lens):
    stars = io_catalog.read_cat(paths.deconvolution(lens.settings()) / "start.cat")
    return [star.name for star in stars], np.array([(s.x_px, s.y_px) for s in stars])


def test_positions_of_the_settings_are_put_on_the_reference_image(lens_after):
    lens = lens_after(SCRIPT)
    names, places = start_of(lens)

    assert names == ["A", "B"]
    # the offsets of the settings are those that were drawn; the coordinates those of the header
    assert places == pytest.approx(lens.truth.xy(REFERENCE, "image"), abs=0.01)


def test_the_start_stays_when_images_are_added(lens_after, caplog):
    """Two more on four: no fit is made; --redo, or another setting, looks again."""
    lens = lens_after(SCRIPT)
    path = paths.deconvolution(lens.settings()) / "start.cat"
    for name in lens.truth.good[:2]:
        lens.update(name, dec_start__lens=None, **{f"ran__{SCRIPT}:lens": None})
    caplog.clear()

    lens.run(SCRIPT)
    assert any(m.endswith("start.cat stays: 2 point sources") for m in caplog.messages)
    assert len(set(lens.values("dec_start__lens"))) == 1

    caplog.clear()
    lens.run(SCRIPT, redo=True)
    lens.set("extra_sources = {'N': (3.0, 3.0)}\n")
    lens.run(SCRIPT)
    assert not any("stays: " in m for m in caplog.messages)
    assert start_of(lens)[0] == ["A", "B", "N"]
    assert path.is_file()


def test_positions_in_degrees_and_from_a_file(lens_before):
    lens = lens_before(SCRIPT)
    xy = lens.truth.xy(REFERENCE, "image")
    sky = lens.truth.campaign
    ra = [sky.ra_deg + east / 3600 / np.cos(np.radians(sky.dec_deg)) for east in (0.65, -0.62)]
    dec = [sky.dec_deg + north / 3600 for north in (0.30, -0.35)]
    lens.set(f"point_sources = {{'A': ({ra[0]}, {dec[0]}), 'B': ({ra[1]}, {dec[1]})}}\n"
             "point_sources_unit = 'deg'\n")
    lens.run(SCRIPT)
    assert start_of(lens)[1] == pytest.approx(xy, abs=0.01)

    x, y = xy[0] + 1  # ds9 counts from 1
    (lens.config / "sources.cat").write_text(f"one {x} {y}\n")
    lens.set("point_sources = 'sources.cat'\n")
    lens.run(SCRIPT)
    names, places = start_of(lens)
    assert names == ["one"]
    assert places == pytest.approx(xy[:1])


def test_the_sources_are_found_where_only_their_number_is_known(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.set("point_sources = 2\n")
    for script in ("6_extract/1_extract_objects", "6_extract/2_find_cosmics",
                   "7_deconv/1_prepare", "7_deconv/2_apply_norm"):
        lens.run(script)

    lens.run(SCRIPT)

    names, places = start_of(lens)
    assert names == ["A", "B"]  # A is the brighter one
    # "good to .3 px", and the lobe of the reference image
    assert places == pytest.approx(lens.truth.xy(REFERENCE, "image"), abs=0.3 + 0.2)
    assert any(line.startswith("2 point sources (A, B): ") for line in caplog.messages)


def test_sources_that_do_not_stand_out_are_told(lens_before):
    lens = lens_before(SCRIPT)
    path = paths.deconvolution(lens.settings()) / "epochs.npz"
    content = read_epochs(path)
    content.epochs.data_e[:] = np.random.default_rng(1).normal(0, 20, content.epochs.data_e.shape)
    write_epochs(path, content)
    lens.set("point_sources = 2\n")

    with pytest.raises(UserError, match=r"the point sources cannot be found: .*\. Give their "
                                        "positions in point_sources"):
        lens.run(SCRIPT)


def test_the_scripts_before_are_named(lens_before):
    lens = lens_before("7_deconv/2_apply_norm")
    lens.set("point_sources = 2\n")
    with pytest.raises(UserError, match=r"epochs\.npz\. Run 7_deconv/2_apply_norm\.py first"):
        lens.run(SCRIPT)


def test_a_file_of_sources_that_is_not_there_is_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("point_sources = 'nothing.cat'\n")

    with pytest.raises(UserError, match=r"nothing\.cat"):
        lens.run(SCRIPT)


@pytest.mark.long
def test_sources_the_wrong_way_round_stop_the_script(lens_before):
    """East and west confused: the pair, 42 degrees from either axis, fits better mirrored."""
    lens = lens_before(SCRIPT)
    lens.set("point_sources = {'A': (-0.65, 0.30), 'B': (0.62, -0.35)}\n")

    with pytest.raises(UserError, match=r"point_sources fit better mirrored .*check north_angle"):
        lens.run(SCRIPT)


def test_a_lens_at_the_wrong_place_is_moved_and_told(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.set("point_sources = {'A': (1.45, 0.30), 'B': (0.18, -0.35)}\n")  # .8 arcsec to the east

    lens.run(SCRIPT)

    assert start_of(lens)[1] == pytest.approx(lens.truth.xy(REFERENCE, "image"), abs=0.5)
    assert any("px from its given position: moved there" in line for line in caplog.messages)


def test_neighbours_stand_after_the_images(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("extra_sources = {'S': (2.0, -1.0)}\n")

    lens.run(SCRIPT)

    names, places = start_of(lens)
    assert names == ["A", "B", "S"]
    # .65, .30 to 2.0, -1.0 arcsec at the demo camera's scale of the reference image
    scale = lens.rows[REFERENCE]["pixel_scale_arcsec"]
    assert np.hypot(*(places[2] - places[0])) == pytest.approx(np.hypot(1.35, 1.3) / scale,
                                                               rel=0.01)
