from cosmouline.database import paths
from cosmouline.errors import UserError

import pytest

SCRIPT = "2_skysub/3_opt_remove_electrons"


def there(lens):
    return {name for name in lens.truth.names if paths.image(lens.settings(), name).exists()}


def test_before_the_stamps_are_cut_nothing_goes_but_what_is_out_of_use(lens_after, caplog):
    lens = lens_after("5_psf/2a_extract")

    lens.run(SCRIPT)

    assert there(lens) == set(lens.truth.good)
    assert any(line.startswith("5 images stay (first: R_tiny") and
               line.endswith("6_extract/1_extract_objects.py is not done")
               for line in caplog.messages)


def test_after_the_stamps_only_the_reference_stays_and_raw_frames_bring_back(lens_after):
    lens = lens_after("6_extract/1_extract_objects")
    reference, = {row["ref_img_name"] for row in lens.rows.values() if "ref_img_name" in row}
    before = lens.rows

    lens.run(SCRIPT, pretend=True)
    assert there(lens) == set(lens.truth.names)
    lens.run(SCRIPT)

    assert there(lens) == {reference}
    with pytest.raises(UserError, match="no image can be removed: the reasons"):
        lens.run(SCRIPT)
    noted = "made__1_character/1b_copy_convert"  # else that script would miss its files
    assert [name for name, row in lens.rows.items() if noted in row] == [reference]
    assert {name: row | {noted: ""} for name, row in lens.rows.items()} == {
        name: row | {noted: ""} for name, row in before.items()}
    lens.run("1_character/1b_copy_convert", redo=True)
    assert there(lens) == set(lens.truth.names)
    assert lens.run("2_skysub/1_skysub")["kept"] == 7  # nothing is out of date by it


def test_what_has_to_be_measured_again_stays(lens_after, caplog):
    lens = lens_after("6_extract/1_extract_objects")
    lens.set("\ndetect_min_area_px = 6\n")

    lens.run(SCRIPT)

    assert there(lens) == set(lens.truth.good)
    assert any("images stay" in line and "detect_min_area_px has changed" in line
               for line in caplog.messages)


def test_an_image_whose_raw_frame_is_gone_stays(lens_after, caplog):
    lens = lens_after("6_extract/1_extract_objects")
    lens.update("R_tiny_0003", raw_path="/nowhere/x.fits")

    lens.run(SCRIPT)

    assert "R_tiny_0003" in there(lens)
    assert "1 images stay (first: R_tiny_0003): its raw frame is gone" in caplog.messages


def test_the_reference_images_of_all_bands_stay(lens_after, caplog):
    lens = lens_after("6_extract/1_extract_objects")
    lens.set("sets[0]['band'] = 'r'\nband_ref_img_names = {'r': 'R_tiny_0003'}\n")

    lens.run(SCRIPT, pretend=True)

    assert "2 images stay (first: R_tiny_0001): a reference image" in caplog.messages
