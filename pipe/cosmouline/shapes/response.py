"""From the versions of metacalibration to a shear: response, selection, guards."""

from typing import NamedTuple

from cosmouline.shapes.metacal import SHEAR_STEP

import numpy as np

N_GROUPS = 50  # of objects, each left out once for the errors


class Shear(NamedTuple):
    """Mean shear of a selection."""

    g: np.ndarray  # (2,)
    error: np.ndarray  # (2,)
    response: np.ndarray  # (2, 2), of the shapes
    selection: np.ndarray  # (2, 2), of the cuts
    n: int


def mean_shear(e, chosen):
    """Mean shear of the chosen objects: <e> over the response of shapes and selection.

    Parameters
    ----------
    e : dict of str to ndarray of float, shape (n, 2)
        Ellipticities of the versions NOSHEAR, 1P, 1M, 2P, 2M; NaN where they failed.
    chosen : dict of str to ndarray of bool, shape (n,)
        The same cuts on the quantities of each version.

    Returns
    -------
    Shear
        NaN for fewer than 2 objects. Errors by leaving out each of 50 groups of objects.

    Notes
    -----
    R_ij = <e_i(+j) - e_i(-j)> / 2h over the objects chosen without shear, and the response of the
    selection (<e_i>_chosen(+j) - <e_i>_chosen(-j)) / 2h of the shapes without shear (Sheldon &
    Huff 2017, ApJ 841, 24, eqs. 14 to 19).
    """
    finite = np.isfinite(np.concatenate(list(e.values()), axis=1)).all(1)
    main = chosen["NOSHEAR"] & finite
    n = int(main.sum())
    if n < 2:
        return Shear(np.full(2, np.nan), np.full(2, np.nan), np.full((2, 2), np.nan),
                     np.full((2, 2), np.nan), n)
    slopes = np.stack([e[f"{j}P"][main] - e[f"{j}M"][main] for j in (1, 2)], -1) / (2 * SHEAR_STEP)
    selection = np.stack([
        (e["NOSHEAR"][chosen[f"{j}P"] & finite].mean(0)
         - e["NOSHEAR"][chosen[f"{j}M"] & finite].mean(0)) / (2 * SHEAR_STEP) for j in (1, 2)], -1)
    response = slopes.mean(0)
    shapes = e["NOSHEAR"][main]
    g = np.linalg.solve(response + selection, shapes.mean(0))
    n_groups = min(N_GROUPS, n)
    group, count = np.arange(n) % n_groups, np.bincount(np.arange(n) % n_groups)
    totals = [np.stack([np.bincount(group, column) for column in values.reshape(n, -1).T], -1)
              for values in (slopes, shapes)]
    left = [(total.sum(0) - total) / (n - count)[:, None] for total in totals]
    without = np.array([np.linalg.solve(one.reshape(2, 2) + selection, mean)
                        for one, mean in zip(*left, strict=True)])
    spread = without - without.mean(0)
    error = np.sqrt((n_groups - 1) / n_groups * (spread**2).sum(0))
    return Shear(g, error, response, selection, n)
