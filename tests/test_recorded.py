"""The numbers of the small lens are those of tests/recorded: none moves without being noticed.

Every field of the database, every product of an image or of the fit, and every column of the
light curve, of the order run once on the small lens.
"""

from cosmouline.database import paths
from cosmouline.files.io_table import read_ecsv_columns

import numpy as np
import pytest
from astropy.io import fits

LAST = "lcmanip/1_join"
# they hold paths, dates of a run, or hashes of those
NOT_COMPARED = ("raw_path", "raw_state", "raw_hash", "updating", "ran__", "made__", "dec_epochs",
                "dec_start", "dec_fit", "pixel_hash", "dec_change_sigma")  # the last: of rounding

# what goes back to draws of the PSF, by how much it moves under the kernels of other processors
LOOSE = (("psf", 5e-3), ("sys", 2e-3), ("abs_sigma", 2e-3), ("RESIDUAL", 2e-2))


@pytest.fixture(scope="module")
def lens(trunk, new_lens, tmp_path_factory):
    return new_lens(tmp_path_factory.mktemp("recorded"), trunk, trunk.after(LAST))


def test_the_fields_of_the_database(lens, recorded):
    rows = [row for _, row in sorted(lens.rows.items())]
    fields = sorted({name for row in rows for name in row if not name.startswith(NOT_COMPARED)})

    recorded("small_lens/fields", {
        name: [str(row.get(name)) for row in rows] if any(
            isinstance(row.get(name), str) for row in rows) else np.concatenate(
            [np.ravel(np.nan if row.get(name) is None else row[name]) for row in rows])
        for name in fields}, LOOSE)


def test_the_light_curve(lens, recorded):
    recorded("small_lens/curve", read_ecsv_columns(
        paths.light_curve(lens.settings()).with_suffix(".ecsv")), LOOSE)


def arrays(path):
    """Yield names and values of the arrays of numbers of one file."""
    if path.suffix == ".npz":
        with np.load(path) as file:
            yield from ((name, file[name]) for name in file.files)
        return
    with fits.open(path) as file:
        for k, part in enumerate(file):
            if part.data is not None and part.data.dtype.names:
                for name in part.data.dtype.names:
                    yield f"{part.name or k} {name}", part.data[name]
            elif part.data is not None:
                yield part.name or str(k), part.data


def test_the_products(lens, recorded):
    """All files of a kind, which is their folder and what follows the name of the image."""
    found = {}
    for path in sorted(lens.work.rglob("*")):
        if path.suffix in (".fits", ".npz"):
            kind = path.name
            for name in lens.rows:
                kind = kind.replace(name, "")
            for name, values in arrays(path):
                if values.dtype.kind in "fiub":
                    found.setdefault(f"{path.relative_to(lens.work).parent}/{kind} {name}",
                                     []).append(np.asarray(values, dtype=float).ravel())
    recorded("small_lens/products",
             {name: np.concatenate(some) for name, some in found.items()}, LOOSE)


def test_a_sign_an_order_and_a_last_value_are_seen(script):
    tool = script("tests/recorded")
    values = np.array([3.0, 1.0, np.nan, 2.0])
    (_, line), = tool.lines_of("x", values)

    (_, near), = tool.lines_of("x", values * (1 + 1e-5))
    assert not tool.differs(near, line, tool.RELATIVE)
    for other in (-values, values[::-1], np.array([*values[:3], 2.002]), values[:2]):
        (_, far), = tool.lines_of("x", other)
        assert tool.differs(far, line, tool.RELATIVE)
    assert tool.summary([np.nan]) == (0, 0.0, 0.0)
    # weights of 1.118 and .736 behind each other
    assert dict(tool.lines_of("", {"a": {"b": "c", "d": [1, None]}, "e": [np.eye(1), [1j]]})) == {
        "a.b": "c", "a.d": "1 1 1", "e.0": "1 1 1", "e.1": "2 0.5 0.3969943"}
