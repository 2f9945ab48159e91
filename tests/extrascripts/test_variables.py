from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.photometry import db_field

import numpy as np
import pytest

SCRIPT = "extrascripts/variables"
READY = "8_renorm/1a_renormalize"


@pytest.fixture
def varied(lens_after):
    """Give a lens whose star b is made to vary by 0.3 mag from image to image."""
    lens = lens_after(READY)
    for sign, name in zip([1, -1] * 3, lens.truth.good, strict=True):
        for field in ("star_flux_e__psf1__b", "aper_flux_e__b"):
            if field in lens.rows[name]:
                lens.update(name, **{field: lens.rows[name][field] * 10 ** (0.06 * sign)})
    return lens


@pytest.mark.parametrize("aperture", [False, True])
def test_our_star_that_varies_is_the_first_of_the_table(varied, pages, aperture):
    varied.run(SCRIPT, aperture=aperture)

    name = "aperture" if aperture else "psf1"
    table = read_ecsv_columns(varied.work / "export" / f"TINY_variables_{name}.ecsv")
    assert table["star"][0] == "b"
    assert table["varies"].tolist() == [True] + [False] * (len(table["star"]) - 1)
    # +-0.15 mag in turn, three of each: a standard deviation of 0.15 sqrt(6/5)
    assert table["excess"][0] == pytest.approx(0.15 * np.sqrt(6 / 5), rel=0.1)
    assert "b" in pages.texts(f"variables_{name}")
    assert (varied.work / f"report_variables_{name}.txt").is_file()
    images = read_ecsv_columns(
        varied.work / "export" / f"TINY_variables_{name}_coefficients.ecsv")
    assert sorted(images["image"]) == sorted(varied.truth.good)


def test_lists_of_another_program_give_the_coefficients_of_ours(lens_after, pages, tmp_path):
    """The same fluxes written as source lists: coefficients are those of renorm, to a factor."""
    lens = lens_after(READY)
    for name in lens.truth.good:
        row = lens.rows[name]
        stars = sorted(field[-1] for field in row if field.startswith("star_flux_e__psf1__"))
        lines = [f"{ord(s)},7,{row[f'star_flux_e__psf1__{s}']},{row[f'star_sigma_e__psf1__{s}']}"
                 for s in stars]
        (tmp_path / f"{name}.csv").write_text("x,y,flux,error\n" + "\n".join(lines))

    lens.run(SCRIPT, lists=str(tmp_path), tolerance=0.1, name="theirs")

    found = read_ecsv_columns(lens.work / "export" / "TINY_variables_theirs_coefficients.ecsv")
    names = found["image"].tolist()
    ratio = found["coeff"] / lens.values("renorm__renorm1", names)
    assert ratio == pytest.approx(ratio.mean(), rel=1e-5)
    assert found["coeff_sigma"] / found["coeff"] == pytest.approx(
        lens.values("renorm_sigma__renorm1", names)
        / lens.values("renorm__renorm1", names), rel=1e-3)


def test_all_stars_of_the_field_are_looked_at(varied, pages):
    """Those picked have the fluxes of 4_norm/2a_photometry; others are there too."""
    varied.run(SCRIPT, field=True)

    table = read_ecsv_columns(varied.work / "export" / "TINY_variables_field.ecsv")
    picked = {field[-1] for field in varied.rows[varied.truth.good[0]]
              if field.startswith("aper_flux_e__")}
    assert len(set(table["star"]) - picked) >= 3
    assert len(set(table["star"])) == len(table["star"])
    own = db_field.photometry([varied.rows[name] for name in varied.truth.good],
                              varied.settings())
    for star in set(own.stars) & picked - {"b"}:
        flux = [varied.rows[name].get(f"aper_flux_e__{star}", np.nan) for name in own.images]
        assert own.flux[:, own.stars.index(star)] == pytest.approx(
            np.array(flux), rel=0.01, nan_ok=True)


def test_each_camera_has_a_table(varied, pages):
    for name in varied.truth.good[::2]:
        varied.update(name, telescope="Second CAM")

    varied.run(SCRIPT)

    first, second = (read_ecsv_columns(path) for path in sorted(
        (varied.work / "export").glob("TINY_variables_psf1_*_coefficients.ecsv")))
    assert sorted([*first["image"], *second["image"]]) == varied.truth.good
