from cosmouline.errors import UserError
from cosmouline.files.io_catalog import read_image_list

import pytest

SCRIPT = "extrascripts/best_images"
READY = "8_renorm/1a_renormalize"


@pytest.mark.parametrize("largest", [False, True])
def test_the_best_third_is_listed(lens_after, largest):
    lens = lens_after(READY)

    lens.run(SCRIPT, part=1 / 3, largest=largest)

    listed = read_image_list(lens.work / "best_images.txt")
    by_seeing = sorted(lens.truth.good, key=lambda name: lens.rows[name]["field_fwhm_arcsec"])
    assert "TINY: the best of 6 images by field_fwhm_arcsec" in (
        lens.work / "best_images.txt").read_text()
    assert list(listed) == (by_seeing[:-3:-1] if largest else by_seeing[:2])


def test_every_set_gives_its_part(lens_after):
    lens = lens_after(READY)
    lens.update(lens.truth.good[3], set_name="V")

    lens.run(SCRIPT, part=0.01, each_set=True)

    assert lens.truth.good[3] in read_image_list(lens.work / "best_images.txt")
    assert len(read_image_list(lens.work / "best_images.txt")) == 2


def test_wrong_options_are_told(lens_after):
    lens = lens_after(READY)
    with pytest.raises(UserError, match="--by: the field 'seeing' is not declared"):
        lens.run(SCRIPT, by="seeing")
    with pytest.raises(UserError, match="--by set_name: only fields that hold numbers"):
        lens.run(SCRIPT, by="set_name")
    with pytest.raises(UserError, match="--part 2: give a fraction above 0, at most 1"):
        lens.run(SCRIPT, part=2.0)
    with pytest.raises(UserError, match=r"no image has 'dec_chi2__lens'\. Run 7_deconv/6_readout"):
        lens.run(SCRIPT, by="dec_chi2__lens")
