from cosmouline.database import paths
from cosmouline.injection import db_inject, db_sites
from cosmouline.injection.db_site_fit import injected_stamps
from cosmouline.stamps import db_cut
from cosmouline.stamps.stamps import MASK_COSMIC

import numpy as np
import pytest

pytestmark = pytest.mark.long  # the order of the small lens, and fits of sites

SCRIPT = "fac_injection/2_inject"
IMAGE = "R_tiny_0001"


def light_of(lens, image):
    """Give the stamps of an image with injected light, and the same places without."""
    settings, row = lens.settings(), lens.rows[image]
    stamps, names, _ = injected_stamps(row, settings)
    sites = db_sites.read(settings)
    xy = np.array([[site["x_px"], site["y_px"]] for site in sites])
    before = db_cut.place_stamps(row, xy, stamps.side_px, settings)
    return stamps, before, names, sites


def test_a_stamp_is_that_of_the_frame_with_the_light_of_the_lens(injected):
    stamps, before, names, sites = light_of(injected, IMAGE)
    row = injected.rows[IMAGE]
    flux = sum(row[f"flux_e__quad__{source}"] for source in "AB")
    k = names.index("M1")
    light = stamps.data_e[k].astype(float) - before.data_e[k]
    axis = np.arange(stamps.side_px) - (stamps.side_px - 1) / 2

    assert sites[k]["series"] == "lens"
    assert (stamps.sky_sigma_e[k] == before.sky_sigma_e[k]).all()  # noise of the sky alone
    # all light but 3 % beyond the stamp; the PSF drawn has another scale by some 0.1 %
    assert light.sum() == pytest.approx(flux, rel=0.04)
    # its middle is that of the lens's images in this exposure, weighted by their fluxes
    true = injected.truth.xy(IMAGE, "image")
    weight = np.array([row[f"flux_e__quad__{source}"] for source in "AB"])
    from_middle = np.average(true - true.mean(0), axis=0, weights=weight)
    at = np.array([(light * axis).sum(), (light.T * axis).sum()]) / light.sum()
    assert at == pytest.approx(stamps.offset_px[k] + from_middle, abs=0.5)


def test_no_frame_is_written_and_nothing_is_done_twice(injected):
    frames = sorted(injected.work.glob("ali/*.fits"))
    before = {path: path.stat().st_mtime_ns for path in frames}
    counts = injected.run(SCRIPT)

    assert counts["done"] == 0
    assert counts["kept"] == 6
    assert {path: path.stat().st_mtime_ns for path in frames} == before


def test_the_light_is_the_same_in_any_order_and_process(injected):
    stamps, *_ = light_of(injected, IMAGE)
    paths.injected_stamps(injected.settings(), IMAGE).unlink()
    injected.run(SCRIPT, only=[IMAGE], redo=True)

    assert (light_of(injected, IMAGE)[0].data_e == stamps.data_e).all()


@pytest.mark.parametrize(("setting", "many", "few"), [
    ("cosmic_sigma", 1.0, 500.0), ("cosmic_fraction", 0.05, 1.0), ("cosmic_object", 0.01, 1e6)])
def test_cosmic_rays_are_looked_for_with_the_limits_of_the_settings(injected, settings_of_sites,
                                                                    setting, many, few):
    """Limits so low that noise is marked, so that the third one matters."""
    found = []
    for value in (many, few):
        limits = {"cosmic_sigma": 1.5, "cosmic_fraction": 0.5, "cosmic_object": 0.5} | {
            setting: value}
        injected.set(settings_of_sites + "".join(f"{k} = {v}\n" for k, v in limits.items()))
        injected.run(SCRIPT, only=[IMAGE], redo=True)
        stamps, *_ = injected_stamps(injected.rows[IMAGE], injected.settings())
        found.append(((stamps.mask & MASK_COSMIC) != 0).sum())

    assert found[0] > found[1]


def test_the_psf_of_the_light_is_one_of_the_draws():
    numbers = [db_inject.draw_number(f"image_{k}", 4) for k in range(200)]

    assert min(np.bincount(numbers)) > 25  # 50 expected of each
