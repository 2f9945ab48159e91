from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns

import numpy as np
import pytest

SCRIPT = "extrascripts/zero_point"
READY = "8_renorm/1a_renormalize"
PSF_SUM = 0.02  # PSF fluxes lose the light beyond the stamps, by 1-2 %


def catalogue(lens):
    """Write true magnitudes -2.5 log10(e-/s) of the stars, found by their places."""
    reference = next(row["ref_img_name"] for row in lens.rows.values() if "ref_img_name" in row)
    truth, xy = lens.truth.objects(reference), lens.truth.xy(reference)
    lines = []
    for line in (lens.work / "normstars.cat").read_text().splitlines():
        if not line.startswith("#"):
            name, x, y = line.split()[:3]
            nearest = np.hypot(*(xy - (float(x) - 1, float(y) - 1)).T).argmin()
            rate = truth["flux_e"][nearest] / lens.truth.light(reference)
            lines.append(f"{name} {-2.5 * np.log10(rate):.4f} 0.005")
    path = lens.folder / "mags.txt"
    path.write_text("\n".join(lines))
    return path


def test_the_transparency_of_every_image_is_found(lens_after):
    """A star of 1 e-/s above the clouds gives `transparency` of them on the image."""
    lens = lens_after(READY)

    lens.run(SCRIPT, catalogue=catalogue(lens))

    table = read_ecsv_columns(lens.work / "export" / "TINY_zero_points.ecsv")
    true = [2.5 * np.log10(lens.truth.frame(name).transparency) for name in table["img_name"]]
    assert sorted(table["img_name"]) == sorted(lens.truth.good)
    assert table["zero_point"] == pytest.approx(
        true, abs=1.0857 * PSF_SUM + 5 * table["zero_point_sigma"].max())
    assert table["night"].tolist() == [1, 2, 3, 4, 5, 6]
    text = (lens.work / "report_zero_point.txt").read_text()
    assert "calibrated = instrumental + " in text


def test_stars_that_are_not_there_are_told(lens_after):
    lens = lens_after(READY)
    (lens.folder / "mags.txt").write_text("zz 15\n")
    with pytest.raises(UserError, match=r"mags\.txt has no star of normstars\.cat"):
        lens.run(SCRIPT, catalogue=lens.folder / "mags.txt")
    with pytest.raises(UserError, match="--band X: the sets of this lens have no bands"):
        lens.run(SCRIPT, catalogue=lens.folder / "mags.txt", band="X")
