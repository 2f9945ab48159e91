"""What is new in a light curve: one line of JSON for each new point of each source."""

import json

from cosmouline.files.atomic import atomic_path

import numpy as np

RISE_SIGMA = 5.0  # brighter by more than this many errors is a rise
N_BEFORE = 3  # points whose mean is what a new one is compared with
KEYS = ("source", "mhjd", "telescope", "images")  # what a point is known by


def news(columns, sources, known=frozenset(), rise_sigma=RISE_SIGMA):
    """Return a dict for each point of each source that is not known, in the order of time.

    Parameters
    ----------
    columns : dict of ndarray
        Of `io_rdb.read_rdb`.
    sources : sequence of str
    known : set of tuple
        Points as `key_of` has them. A night to which images were added is a new point.
    rise_sigma : float

    Returns
    -------
    list of dict
        `change_sigma` is how much brighter the point is than the weighted mean of the three good
        points before it, in units of the error of the difference; None where there is none. The
        light of an epoch is ``10 ** (-0.4 mag)``, instrumental. What was not measured is None.
    """
    found, order = [], np.argsort(columns["mhjd"], kind="stable")
    telescopes = columns.get("telescope", np.full(len(order), ""))
    for source in sources:
        mag, error = columns[f"mag_{source}"], columns[f"magerr_{source}_cov"]
        good = columns.get(f"flag_{source}", columns["flag"]) & columns["flag"]
        before = []
        for i in order:
            point = {"source": source, "mhjd": float(columns["mhjd"][i]),
                     "telescope": str(telescopes[i]), "images": int(columns["nbimg"][i]),
                     "date_utc": str(columns["datetime"][i]), "mag": _number(mag[i]),
                     "mag_error": _number(error[i]), "is_good": bool(good[i])}
            change = _change_sigma(mag[i], error[i], before[-N_BEFORE:])
            point |= {"change_sigma": change,
                      "is_rise": bool(good[i] and change is not None and change > rise_sigma)}
            if key_of(point) not in known:
                found.append(point)
            if good[i] and np.isfinite(mag[i] + error[i]):
                before.append((mag[i], error[i]))
    return sorted(found, key=lambda one: one["mhjd"])


def key_of(point):
    """Return what a point is known by, from its dict."""
    return tuple(point.get(name) for name in KEYS)


def read_news(path):
    """Return the points of a file of `add_news`; a line cut off by a crash is left out."""
    if not path.is_file():
        return []
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [one for one in found if isinstance(one, dict)]


def add_news(path, points):
    """Add points to a file, a line each; it is written anew, completely or not at all."""
    text = "".join(json.dumps(one, allow_nan=False) + "\n" for one in [*read_news(path), *points])
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _change_sigma(mag, error, before):
    """Return by how many errors a point is brighter than the mean of those before it, or None."""
    if not before or not np.isfinite(mag + error):
        return None
    mags, errors = np.array(before).T
    weight = errors**-2
    mean = np.average(mags, weights=weight)
    return float((mean - mag) / np.hypot(error, weight.sum() ** -0.5))


def _number(value):
    return float(value) if np.isfinite(value) else None
