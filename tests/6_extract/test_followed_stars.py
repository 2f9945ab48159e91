"""A star of the field that is followed: from photomstars.cat to a light curve."""

from cosmouline.errors import UserError
from cosmouline.lightcurve.io_rdb import read_rdb
from cosmouline.sources import db_stars
from cosmouline.stamps import db_stamps
from cosmouline.stamps.stamps import MASK_DRAWN

import numpy as np
import pytest

REFERENCE = "R_tiny_0001"
AGAIN = ("6_extract/1_extract_objects", "6_extract/2_find_cosmics", "7_deconv/0_star_photometry",
         "8_renorm/1a_renormalize")


def faintest(lens):
    """The faintest star of truth that lies well inside, and was not picked."""
    picked = db_stars.star_positions(db_stars.picked_stars(lens.settings()))
    found = lens.truth.objects(REFERENCE)
    xy = lens.truth.xy(REFERENCE)
    free = (np.hypot(*(xy[:, None] - picked).T).min(0) > 5) & (xy > 30).all(1)
    free &= (xy < (150, 130)).all(1)
    return min(np.flatnonzero(free), key=lambda k: found["flux_e"][k])


def test_a_star_of_the_field_becomes_a_light_curve(lens_after, caplog):
    lens = lens_after("8_renorm/1a_renormalize")
    before = lens.rows[REFERENCE]["renorm__renorm1"], lens.values("renorm__renorm1")
    index = faintest(lens)
    x, y = lens.truth.xy(REFERENCE)[index] + 1
    (lens.config / "photomstars.cat").write_text(f"v {x:.2f} {y:.2f}\n")
    (lens.config / "obj_v_mask.reg").write_text(f"circle({x + 8},{y},2.2)\n")
    lens.set("join_by = 'image'\n")

    for script in AGAIN:
        lens.run(script)
    lens.run("8_renorm/4_opt_star_light_curves")

    assert lens.values("renorm__renorm1") == pytest.approx(before[1], rel=1e-9)  # it has no say
    stamps, names, _ = db_stamps.objects(lens.rows[REFERENCE], lens.settings())
    assert names[-1] == "v"
    assert [bool((mask & MASK_DRAWN).any()) for mask in stamps.mask].index(True) == len(names) - 1
    curve = read_rdb(lens.work / "export" / "TINY_v_renorm1_by_image.rdb")
    truth_e = np.array([lens.truth.objects(name)["flux_e"][index] / lens.truth.light(name)
                        for name in lens.truth.good]) * lens.truth.light(REFERENCE)
    order = np.argsort(lens.values("mjd"))
    assert len(curve["mhjd"]) == 6
    away = np.array(curve["mag_v"]) + 2.5 * np.log10(truth_e[order])
    # the PSF's stamp lacks up to 1 % of the wings, in all images alike
    assert np.abs(away - np.median(away)).max() < 5 * np.max(curve["magerr_v_cov"])
    assert abs(np.median(away)) < 0.02 + 5 * np.max(curve["magerr_v_cov"]) / 6**0.5
    assert "1 stars" in caplog.messages[-1]


def test_a_star_that_is_not_there_is_told(lens_after):
    lens = lens_after("8_renorm/1a_renormalize")

    with pytest.raises(UserError, match=r"--star q: psf1 has a, b, c, d, e, f, g, h"):
        lens.run("8_renorm/4_opt_star_light_curves", star=["q"])
    (lens.config / "photomstars.cat").write_text("v 900 20\n")
    with pytest.raises(UserError, match=r"photomstars\.cat: star v at .* lies outside of all"):
        lens.run(AGAIN[0])


def test_a_psf_with_a_list_of_its_own(lens_after):
    lens = lens_after("4_norm/3a_medcoeff")
    x, y = lens.truth.xy(REFERENCE)[faintest(lens)] + 1
    stars = {s.name: s for s in db_stars.picked_stars(lens.settings())}
    lines = [f"{name} {stars[name].x_px + 1} {stars[name].y_px + 1}" for name in "bc"]
    (lens.config / "psf_few.cat").write_text("\n".join([*lines, f"x {x} {y}\n"]))
    lens.set("psf_name = 'few'\nnorm_stars = ['a', 'b']\n")

    lens.run("5_psf/2a_extract", only=[REFERENCE])

    _, names, _ = db_stamps.psf_stamps(lens.rows[REFERENCE], lens.settings())
    assert names == ["b", "c", "x"]
