"""The numbers of the small lens are those of tests/recorded: none moves without being noticed.

Every field of the database, every product of an image or of the fit, and every column of the
light curve, of the order run once on the small lens.
"""

from cosmouline.database import paths
from cosmouline.files.io_table import read_ecsv_columns

import numpy as np
import pytest

LAST = "lcmanip/1_join"
# what goes back to draws of the PSF, by how much it moves under the kernels of other processors
LOOSE = (("psf", 5e-3), ("sys", 2e-3), ("abs_sigma", 2e-3), ("RESIDUAL", 2e-2),
         ("dec_shift", 2e-4))  # 4e-7 px of shifts of .002 px
REPORTED = (("", 1e-3), *LOOSE)  # last digits


@pytest.fixture(scope="module")
def lens(trunk, new_lens, tmp_path_factory):
    return new_lens(tmp_path_factory.mktemp("recorded"), trunk, trunk.after(LAST))


def test_the_fields_of_the_database(lens, recorded, script):
    recorded("small_lens/fields", script("tests/recorded").fields_of(lens.rows), LOOSE)


def test_the_light_curve(lens, recorded):
    recorded("small_lens/curve", read_ecsv_columns(
        paths.light_curve(lens.settings()).with_suffix(".ecsv")), LOOSE)


def test_the_products(lens, recorded, script):
    recorded("small_lens/products",
             script("tests/recorded").products_of(lens.work, lens.rows), LOOSE)


def test_the_reports(lens, recorded, script):
    recorded("small_lens/reports", script("tests/recorded").reports_of(lens.work), REPORTED)


def test_a_sign_an_order_and_a_last_value_are_seen(script):
    tool = script("tests/recorded")
    values = np.array([3.0, 1.0, np.nan, 2.0])
    (_, line), = tool.lines_of("x", values)

    (_, near), = tool.lines_of("x", values * (1 + 1e-5))
    assert not tool.differs(near, line, tool.RELATIVE)
    for other in (-values, values[::-1], np.array([*values[:3], 2.002]), values[:2]):
        (_, far), = tool.lines_of("x", other)
        assert tool.differs(far, line, tool.RELATIVE)
    for new, is_other in (("a: 1.24 px, 3 of 4", False), ("a: 1.25 px, 3 of 4", True),
                          ("a: 1.23 px, 2 of 4", True), ("b: 1.23 px, 3 of 4", True)):
        assert tool.differs(new, "a: 1.23 px, 3 of 4", tool.RELATIVE) == is_other
    assert tool.summary([np.nan]) == (0, 0.0, 0.0)
    # weights of 1.118 and .736 behind each other
    assert dict(tool.lines_of("", {"a": {"b": "c", "d": [1, None]}, "e": [np.eye(1), [1j]]})) == {
        "a.b": "c", "a.d": "1 1 1", "e.0": "1 1 1", "e.1": "2 0.5 0.3969943"}
