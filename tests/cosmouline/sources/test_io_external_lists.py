"""io_source_lists.py: ECSV, CSV with and without a line of names, magnitudes, what is left out."""

from cosmouline.errors import UserError
from cosmouline.sources import io_external_lists

import numpy as np
import pytest
from astropy.table import Table


def write(path, text):
    path.write_text(text)
    return path


def test_names_are_known_in_any_case(tmp_path):
    path = write(tmp_path / "a.csv", "NO,ALPHA_J2000,DELTA_J2000,FLUX_AUTO,FLUXERR_AUTO,SHAPE\n"
                                     "1,10.5,-3.25,100.0,2.0,round\n2,10.6,-3.35,50,1,odd\n")

    found = io_external_lists.read(path)

    assert (found.name, found.is_sky) == ("a", True)
    assert found.xy.tolist() == [[10.5, -3.25], [10.6, -3.35]]
    assert found.flux.tolist() == [100, 50]
    assert found.sigma.tolist() == [2, 1]


def test_columns_without_names_are_told(tmp_path):
    path = write(tmp_path / "a.psx", "# made by another\n1,2,9,100.0,2.0\n3,4,9,50.0,1.0\n")

    found = io_external_lists.read(path, ["x", "y", "-", "flux", "error"])

    assert not found.is_sky
    assert found.xy.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(UserError, match=r"a\.psx: no column is 'x' .*--columns ra dec - flux"):
        io_external_lists.read(path)


def test_magnitudes_become_fluxes(tmp_path):
    """The derivative is d ln flux = -0.4 ln 10 dm: 0.01 mag are 0.921 %."""
    path = tmp_path / "a.ecsv"
    Table({"ra": [1.0], "dec": [2.0], "mag": [15.0], "mag_err": [0.01]}).write(path)

    found = io_external_lists.read(path)

    assert found.flux == pytest.approx(1e-6)
    assert found.sigma / found.flux == pytest.approx(0.00921034)


def test_sources_without_a_good_flux_are_left_out(tmp_path):
    path = write(tmp_path / "a.csv", "x,y,flux,error\n1,1,10,1\n2,2,-5,1\n3,3,10,0\n4,,10,1\n"
                                     "5,5,,1\n6,6,20,2\n")

    assert io_external_lists.read(path).xy[:, 0].tolist() == [1, 6]


def test_wrong_lists_are_told(tmp_path):
    with pytest.raises(UserError, match=r"there is no source list \*\.csv in"):
        io_external_lists.read_folder(tmp_path, "*.csv")
    write(tmp_path / "a.csv", "x,y,flux,error\n1,1,ten,1\n")
    with pytest.raises(UserError, match=r"a\.csv, column 'flux': could not convert"):
        io_external_lists.read_folder(tmp_path, "*.csv")
    write(tmp_path / "a.csv", "x,y,flux,error\n1,1,10\n")
    with pytest.raises(UserError, match=r"a\.csv, row 1 has 3 columns, not 4"):
        io_external_lists.read_folder(tmp_path, "*.csv")
    write(tmp_path / "a.csv", "x,y,flux,error\n1,1,10,1\n")
    write(tmp_path / "b.csv", "ra,dec,flux,error\n1,1,10,1\n")
    with pytest.raises(UserError, match="some lists have RA and Dec, others x and y only"):
        io_external_lists.read_folder(tmp_path, "*.csv")


def test_an_empty_file_is_passed_over(tmp_path):
    write(tmp_path / "a.csv", "")
    write(tmp_path / "b.csv", "x,y,flux,error\n1,1,10,1\n")

    found, = io_external_lists.read_folder(tmp_path, "*.csv")

    assert found.name == "b"
    assert np.isfinite(found.flux).all()
