from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits import wcs_cards
from cosmouline.images.io_stack import read_stack
from cosmouline.photometry.aperture import aperture_fluxes

import numpy as np
import pytest

SCRIPT = "4_norm/4b_opt_combine_deep"


@pytest.fixture
def lens(lens_after):
    lens = lens_after("4_norm/3a_medcoeff")
    lens.set("combi_fwhm_max_arcsec = 9.0")  # all of them
    for script in ("3_align/2a_opt_align", "4_norm/4a_opt_prepare_deep"):
        lens.run(script)
    return lens


def test_the_stars_have_their_fluxes_and_the_sky_the_noise_of_theory(lens):
    lens.run(SCRIPT)
    settings, name = lens.settings(), "R_tiny_0001"

    image, variance, count, header = read_stack(paths.deep(settings))

    coeff, sigma = lens.values("medcoeff"), lens.values("sky_noise_e")
    assert header["NCOMBINE"] == len(coeff) == 6
    assert header["SKYSIG"] == pytest.approx(np.sum((coeff * sigma) ** -2.0) ** -0.5, rel=1e-3)
    assert count.max() == 6
    assert np.nanmedian(variance) == pytest.approx(header["SKYSIG"] ** 2, rel=0.1)
    # stars of the reference by their truth: apertures of 12 px hold 98-99 % of a Moffat of these
    # seeings; those near the lens or the edge are left out
    stars = lens.truth.objects(name)
    xy = lens.truth.xy(name)
    inner = ((xy > 16) & (xy < (164, 144))).all(axis=1)
    alone = inner & (np.hypot(*(xy - lens.truth.centre(name)).T) > 25)
    found = aperture_fluxes(image, 0.0, header["SKYSIG"], *xy[alone].T, [12.0],
                            ~np.isfinite(image)).flux_e[:, 0]
    ratio = found / stars["flux_e"][alone]
    assert len(ratio) >= 4
    # one scale for all: the reference defines it to 0.5 %, the wings are lost alike
    assert np.nanmedian(ratio) == pytest.approx(0.985, abs=0.015)


def test_the_header_tells_what_it_is_and_where(lens):
    lens.run(SCRIPT)

    *_, header = read_stack(paths.deep(lens.settings()))

    assert header["BUNIT"] == "electron"
    assert header["EXPTIME"] == pytest.approx(lens.values("exptime_s").sum())
    assert {header[f"IMG{i:04d}"] for i in range(1, 7)} == set(lens.truth.good)
    assert header["REFIMG"] == "R_tiny_0001"
    assert wcs_cards(header) is not None
    assert header["SKYLEVEL"] == 0
    assert header["NOISEFAC"] == pytest.approx(header["SKYSIG"] / header["PIXSIG"])


def test_a_lost_resampled_image_is_named(lens):
    paths.aligned(lens.settings(), "R_tiny_0003").unlink()

    with pytest.raises(UserError, match=r"2a_opt_align\.py --redo --only R_tiny_0003"):
        lens.run(SCRIPT)


def test_a_stack_per_band(lens):
    raw = str(lens.raw)
    lens.set(f'sets = [{{"name": "R", "telescope": "generic", "raw_dir": {raw!r}, '
             '"band": "red"}]\n')

    lens.run(SCRIPT)

    assert (lens.work / "combi_best1_red.fits").is_file()
