import shutil

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits import read_image, read_image_header

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

SCRIPT = "1_character/1b_copy_convert"
ADD = "1_character/1a_add_to_database"


def lens_on(lens, name):
    """Where the celestial coordinates of an image put the lens."""
    header = read_image_header(paths.image(lens.settings(), name))
    sky = lens.truth.campaign
    return np.array(WCS(header).all_world2pix(sky.ra_deg, sky.dec_deg, 0))


def test_images_are_the_frames_in_electrons(lens_after):
    lens = lens_after(SCRIPT)

    for name, row in lens.rows.items():
        adu = fits.getdata(row["raw_path"]).astype(np.float32)
        image_e = read_image(paths.image(lens.settings(), name))
        assert (image_e == 2.0 * adu).all()
        assert (row["nx_px"], row["ny_px"]) == (180, 160)
        assert row["saturation_e"] == 2.0 * 60000.0


def test_the_coordinates_are_those_of_the_frame(lens_after):
    lens = lens_after(SCRIPT)

    for name, row in lens.rows.items():
        assert row["has_wcs"] is True
        off_px = 25 if name in lens.truth.spoilt else 0  # its header is wrong
        centre = lens.truth.centre(name) + np.array([off_px, 0])
        assert lens_on(lens, name) == pytest.approx(centre, abs=1e-3)


def test_what_a_telescope_trims_is_cut_and_the_coordinates_follow(lens_before):
    lens = lens_before(ADD)
    camera = lens.config / "Trimmed.yaml"
    generic = paths.__file__.replace("paths.py", "../frames/telescopes/generic.yaml")
    shutil.copy(generic, camera)
    with camera.open("a") as text:
        text.write("trim: {bottom: 6, top: 1, left: 4, right: 0}\n")
    lens.set(f"sets = [{{'name': 'R', 'telescope': {str(camera)!r}, "
             f"'raw_dir': {str(lens.raw)!r}}}]\n")
    lens.run(ADD)

    lens.run(SCRIPT, only=["R_tiny_0000"])

    row = lens.rows["R_tiny_0000"]
    assert (row["nx_px"], row["ny_px"]) == (176, 153)
    adu = fits.getdata(row["raw_path"])[6:-1, 4:].astype(np.float32)
    assert (read_image(paths.image(lens.settings(), "R_tiny_0000")) == 2.0 * adu).all()
    centre = lens.truth.centre("R_tiny_0000") - (4, 6)
    assert lens_on(lens, "R_tiny_0000") == pytest.approx(centre, abs=1e-3)


def test_what_is_up_to_date_is_kept_and_another_gain_is_not(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.snapshot()
    assert lens.run(SCRIPT)["kept"] == 7
    assert lens.snapshot() == before

    lens.set(f"sets = [{{'name': 'R', 'telescope': 'generic', 'raw_dir': {str(lens.raw)!r}, "
             "'overrides': {'gain_e_per_adu': 1.5}}]\n")
    lens.run(ADD)
    assert lens.run(SCRIPT)["done"] == 7
    assert lens.rows["R_tiny_0000"]["saturation_e"] == 1.5 * 60000.0


def test_a_cut_off_frame_is_rejected_alone_and_a_lost_one_too(lens_before):
    lens = lens_before(ADD)
    raw = lens.own_frames()
    lens.run(ADD)
    lens.run(SCRIPT)
    content = (raw / "tiny_0003.fits").read_bytes()
    (raw / "tiny_0003.fits").write_bytes(content[:len(content) // 2])
    (raw / "tiny_0001.fits").unlink()

    counts = lens.run(SCRIPT, redo=True)

    assert counts["done"] == 5
    for name in ("R_tiny_0001", "R_tiny_0003"):
        assert not {"nx_px", "saturation_e", "has_wcs"} & lens.rows[name].keys()
    assert "truncated" in lens.rows["R_tiny_0003"]["whynot"]


def test_a_frame_without_an_image_of_the_sky_is_rejected(lens_before):
    lens = lens_before(ADD)
    raw = lens.own_frames()
    with fits.open(raw / "tiny_0002.fits", "update") as hdus:
        hdus[0].data[:] = 700
    lens.run(ADD)

    lens.run(SCRIPT)

    assert lens.rows["R_tiny_0002"]["whynot"] == f"constant: all pixels are 700 ({SCRIPT})"
    assert not paths.image(lens.settings(), "R_tiny_0002").exists()


def test_the_scripts_before_are_named(lens_before):
    with pytest.raises(UserError, match=r"the database has no image yet\. Run "
                                        r"1_character/1a_add_to_database\.py"):
        lens_before(ADD).run(SCRIPT)


def test_an_image_of_a_set_that_is_gone_stops_the_run(lens_before):
    lens = lens_before(SCRIPT)
    lens.set(f"sets = [{{'name': 'V', 'telescope': 'generic', 'raw_dir': {str(lens.raw)!r}}}]")

    with pytest.raises(UserError, match="R_tiny_0000 belongs to the set 'R', which is no longer"):
        lens.run(SCRIPT)


def test_pixels_that_a_mask_beside_the_frame_flags_have_no_value(lens_before):
    lens = lens_before(ADD)
    raw = lens.own_frames()
    mask = np.zeros(fits.getdata(raw / "tiny_0002.fits").shape, np.uint8)
    mask[30:33, 50:54] = 1
    fits.writeto(raw / "tiny_0002_mask.fits", mask)
    lens.run(ADD)

    lens.run(SCRIPT)

    assert "R_tiny_0002_mask" not in lens.rows
    data = fits.getdata(paths.image(lens.settings(), "R_tiny_0002"))
    assert np.isnan(data[30:33, 50:54]).all()
    assert np.isfinite(data[33:, 54:]).all()
