from types import SimpleNamespace

from cosmouline.astrometry import db_transform
from cosmouline.database import paths, provenance
from cosmouline.errors import UserError
from cosmouline.files import io_table
from cosmouline.files.io_catalog import Star
from cosmouline.files.io_fits import write_image
from cosmouline.images.io_sky import write_sky
from cosmouline.images.sky import SkyMap
from cosmouline.run import make_options
from cosmouline.sources.detect import CATALOG_DTYPE
from cosmouline.sources.io_sources import write_sources
from cosmouline.stamps import db_cut
from cosmouline.stamps.stamps import MASK_NEIGHBOUR

import numpy as np
import pytest

SKY_E = 300.0
FWHM_PX = 4.0
COEFF = 2.0  # the image is half as deep as the reference
SHIFT = (5.0, -3.0)
FIELD = {"x_px": (float, "px", ""), "y_px": (float, "px", ""), "flux_e": (float, "e-", "")}


def gaussians(sources):
    """Image of round stars (x, y, flux) on a constant sky, without noise."""
    rows, cols = np.mgrid[:120, :140]
    image = np.full((120, 140), SKY_E)
    sigma = FWHM_PX / 2.3548
    for x, y, flux in sources:
        distance2 = (cols - x) ** 2 + (rows - y) ** 2
        image += flux / (2 * np.pi * sigma**2) * np.exp(-distance2 / (2 * sigma**2))
    return image


@pytest.fixture
def settings(tmp_path):
    """A shifted image of three stars of the field: two alone, one beside the first."""
    found = SimpleNamespace(work_dir=tmp_path, band="", lens_stamp_px=None, lens_stamp_fwhm=8.0,
                            point_sources=4, point_sources_unit="arcsec", config_dir=tmp_path,
                            options=make_options())
    field = [(50.0, 60.0, 8e4), (62.0, 60.0, 4e4), (100.0, 30.0, 6e4)]
    sources = [(x + SHIFT[0], y + SHIFT[1], flux / COEFF) for x, y, flux in field]
    write_image(paths.image(found, "i"), gaussians(sources))
    write_sky(paths.sky(found, "i"), SkyMap(np.full((2, 3), SKY_E), np.full((2, 3), 17.0), 64,
                                            (120, 140)))
    write_sources(paths.catalog(found, "i"), np.zeros(0, CATALOG_DTYPE))
    io_table.write_ecsv(paths.field_stars(found),
                        [dict(zip(FIELD, star, strict=True)) for star in field], FIELD)
    return found


def row(**changes):
    matrix = db_transform.matrix_fields(np.column_stack([np.eye(2), SHIFT]))
    return {"img_name": "i", "set_name": "R", "is_aligned": True, "n_hot_px": 0,
            "field_fwhm_px": FWHM_PX, "saturation_e": 1e5, "medcoeff": COEFF} | matrix | changes


def test_a_star_is_in_the_middle_of_its_stamp_without_sky(settings):
    stamps = db_cut.star_stamps(row(), [Star("c", 100.0, 30.0)], 32, settings)

    assert stamps.position_px[0] == pytest.approx([105.0, 27.0])
    assert np.abs(stamps.offset_px).max() <= 0.5
    assert stamps.data_e[0].sum() == pytest.approx(6e4 / COEFF, rel=1e-3)
    assert stamps.sky_sigma_e[0] == pytest.approx(np.full((32, 32), 17.0))
    assert stamps.is_usable.tolist() == [True]
    assert (stamps.mask == 0).all()


def test_neighbours_of_a_star_are_masked(settings):
    stamps = db_cut.star_stamps(row(), [Star("a", 50.0, 60.0)], 32, settings)

    x, y = np.round([55.0, 57.0] - stamps.corner_px[0]).astype(int)
    assert stamps.mask[0, y, x + 12] & MASK_NEIGHBOUR
    assert not stamps.mask[0, y, x] & MASK_NEIGHBOUR


@pytest.mark.parametrize(("radius_px", "is_masked"), [(3.0, True), (8.0, False)])
def test_what_is_near_the_images_of_the_lens_belongs_to_it(settings, radius_px, is_masked):
    # the second star lies 12 px away: within 8 px + 1.6 FWHM = 14.4, but not within 9.4
    lens_xy = np.array([50.0, 60.0])
    stamps = db_cut.lens_stamp(row(), lens_xy, radius_px, 48, settings)

    x, y = np.round([67.0, 57.0] - stamps.corner_px[0]).astype(int)
    assert bool(stamps.mask[0, y, x] & MASK_NEIGHBOUR) is is_masked


def test_saturation_counts_from_nine_tenths(settings):
    star = [Star("c", 100.0, 30.0)]
    peak_e = gaussians([(105.0, 27.0, 6e4 / COEFF)]).max()

    assert db_cut.star_stamps(row(saturation_e=peak_e / 0.89), star, 32, settings).is_usable[0]
    assert not db_cut.star_stamps(row(saturation_e=peak_e / 0.91), star, 32,
                                  settings).is_usable[0]


@pytest.mark.parametrize(("radius_px", "fwhm_px", "side_px"), [
    (5.0, 4.0, 48),  # 10 + 32, up to a multiple of 8
    (10.0, 5.0, 64),  # 20 + 40 = 60
    (1.0, 2.0, 48), (30.0, 8.0, 80)])  # the limits
def test_the_side_of_the_lens(settings, radius_px, fwhm_px, side_px):
    images = [row(field_fwhm_px=f) for f in (0.9 * fwhm_px, fwhm_px, 2 * fwhm_px)]

    assert db_cut.lens_side(images, radius_px, settings, {}) == side_px


def test_the_side_of_the_lens_stays_until_a_setting_of_it_changes(settings):
    used = provenance.settings_used(settings, db_cut.CHOICE)
    images = [row(lens_side_px=72, **{f"ran__{db_cut.SCRIPT}": "done 1 1"}), row()]
    runs = {1: {"settings": used}}

    assert db_cut.lens_side(images, 5.0, settings, runs) == 72
    settings.options.redo, settings.options.only = True, ["i"]
    assert db_cut.lens_side(images, 5.0, settings, runs) == 72  # --redo of some keeps that of all
    settings.options.only = None
    assert db_cut.lens_side(images, 5.0, settings, runs) == 48
    settings.options.redo, settings.lens_stamp_fwhm = False, 12.0
    assert db_cut.lens_side(images, 5.0, settings, runs) == 64  # 10 + 48
    settings.lens_stamp_px = 56
    assert db_cut.lens_side(images, 5.0, settings, runs) == 56


def test_a_source_that_does_not_fit_is_told(settings):
    with pytest.raises(UserError, match=r"a point source lies 60 px from the middle of all: that "
                                        r"does not fit into a stamp of 80 px\. Check point_"):
        db_cut.lens_side([row()], 60.0, settings, {})
    settings.lens_stamp_px = 160
    assert db_cut.lens_side([row()], 60.0, settings, {}) == 160


def test_a_neighbour_that_is_fitted_is_not_masked(settings):
    """The star at 12 px from the lens: masked, unless it is one of the sources."""
    lens_xy = np.array([50.0, 60.0])
    masked = db_cut.lens_stamp(row(), lens_xy, 1.0, 48, settings)
    fitted = db_cut.lens_stamp(row(), lens_xy, 1.0, 48, settings, [np.array([61.5, 60.5])])

    x, y = np.round([67.0, 57.0] - masked.corner_px[0]).astype(int)
    assert masked.mask[0, y, x] & MASK_NEIGHBOUR
    assert not fitted.mask[0, y, x]
