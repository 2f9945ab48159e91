"""Stores of vignets: many stamps of one size in a .npy file, read from the disk."""

from contextlib import ExitStack

from cosmouline.errors import UserError
from cosmouline.files.atomic import atomic_path

import numpy as np


def write_stores(paths_and_types, n, side_px, blocks):
    """Write several stores side by side, a block of rows at a time.

    Parameters
    ----------
    paths_and_types : list of (Path, dtype)
        Their folder is made.
    n, side_px : int
        Each store has the shape (n, side_px, side_px); rows that no block gives stay 0.
    blocks : iterable of (rows, *stamps)
        Row numbers, and an ndarray of shape (len(rows), side_px, side_px) for each store. Only
        one block is in memory.
    """
    with ExitStack() as stack:
        stores = []
        for path, dtype in paths_and_types:
            temporary = stack.enter_context(atomic_path(path))
            with open(temporary, "wb") as file:
                shape = (n, side_px, side_px)
                np.lib.format.write_array_header_2_0(file, {
                    "descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape})
                start = file.tell()
                file.truncate(start + int(np.prod(shape)) * np.dtype(dtype).itemsize)
            stores.append((temporary, dtype, "r+", start, shape))
        for rows, *stamps in blocks if n else ():
            # opened anew: pages that were written do not stay in memory
            for store, values in zip(stores, stamps, strict=True):
                np.memmap(*store)[rows] = values


def read_store(path):
    """Open a store as an array of shape (n, side, side) on the disk; UserError where it is not."""
    if not path.is_file():
        raise UserError(f"there is no {path}. Run fac_shapes/5a_vignets.py.")
    return np.load(path, mmap_mode="r", allow_pickle=False)
