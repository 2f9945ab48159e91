"""Tables in FITS files."""

from cosmouline.files.io_fits_tables import read_table, write_tables

import numpy as np
from astropy.io import fits


def test_columns_come_back_as_they_were(tmp_path):
    path = tmp_path / "new" / "a.fits"
    columns = {"NUMBER": np.arange(3, dtype=np.int32), "NAME": np.array(["a", "bc", ""]),
               "PAIR": np.arange(6.0).reshape(3, 2), "GOOD": np.array([True, False, True]),
               "BAD": np.array([1.0, np.nan, 2.0])}
    write_tables(path, {"ONE": columns, "TWO": {"X": np.zeros(0)}}, {"AREA": 2.5})
    found = read_table(path, "ONE")
    for name, values in columns.items():
        assert np.array_equal(found[name], values, equal_nan=name == "BAD"), name
        assert found[name].dtype.isnative
    assert found["NUMBER"].dtype == np.int32
    assert found["GOOD"].dtype == bool
    assert len(read_table(path, "TWO")["X"]) == 0
    assert fits.getheader(path)["AREA"] == 2.5
