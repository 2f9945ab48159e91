from cosmouline.sources.detect import CATALOG_DTYPE
from cosmouline.sources.io_sources import UNITS, read_sources, write_sources

import numpy as np
from astropy.io import fits


def catalog(n, seed=3):
    rng = np.random.default_rng(seed)
    rows = np.zeros(n, CATALOG_DTYPE)
    for name in rows.dtype.names:
        rows[name] = rng.integers(0, 2, n) if name == "is_saturated" else rng.uniform(1, 9, n)
    return rows


def test_what_is_written_is_read_with_its_types(tmp_path):
    rows = catalog(40)
    rows["fwhm_px"][3] = np.nan
    write_sources(tmp_path / "a.cat.fits", rows)

    read = read_sources(tmp_path / "a.cat.fits")

    assert read.dtype == CATALOG_DTYPE
    for name in rows.dtype.names:
        np.testing.assert_array_equal(read[name], rows[name])


def test_an_empty_catalogue_stays_a_catalogue(tmp_path):
    write_sources(tmp_path / "a.cat.fits", catalog(0))

    assert read_sources(tmp_path / "a.cat.fits").dtype == CATALOG_DTYPE


def test_columns_bear_their_units(tmp_path):
    write_sources(tmp_path / "a.cat.fits", catalog(2))

    with fits.open(tmp_path / "a.cat.fits") as hdus:
        assert {c.name: c.unit for c in hdus[1].columns if c.unit} == UNITS
