"""Group dates by image, night or minutes."""

import numpy as np

NIGHT_GAP_D = 0.4  # COSMOULINE: images further apart than this belong to different nights


def group_by_image(mjd):
    """Put every image in a group of its own, in order of time."""
    return [np.array([i]) for i in np.argsort(_dates(mjd), kind="stable")]


def group_by_night(mjd, site_lon_deg=None, gap_d=NIGHT_GAP_D, labels=None):
    """Group images by night.

    Parameters
    ----------
    mjd : ndarray of float, shape (N,)
        Middle of the exposures, UTC (the heliocentric date does as well).
    site_lon_deg : float or ndarray of float, shape (N,), optional
        Longitude of the telescope, east positive. A night then lasts from one local mean noon to
        the next. None: a night begins where nothing was observed for `gap_d`.
    gap_d : float
        That gap, in days.
    labels : sequence of str, shape (N,), optional
        Telescopes or sets that are never mixed. None: all are mixed.

    Returns
    -------
    list of ndarray of int
        Indices of the images of each night, both in order of time.

    Notes
    -----
    COSMOULINE has the gap alone. It chains: images from two sites half a turn apart are never
    0.4 d apart, and a week of them is one night.
    """
    mjd = _dates(mjd)
    if site_lon_deg is None:  # one night more after every gap
        return _labelled(mjd, labels,
                         lambda dates: np.cumsum(np.diff(dates, prepend=dates[:1]) >= gap_d))
    # Number of the local mean noons before the image
    night = np.floor(mjd + np.broadcast_to(site_lon_deg, mjd.shape) / 360.0 - 0.5)
    return _by_key(mjd, list(zip(night, _names(labels, mjd.size), strict=True)))


def group_by_minutes(mjd, minutes, labels=None):
    """Group images in windows of some minutes, each opened by the first image not yet in one.

    Parameters
    ----------
    mjd : ndarray of float, shape (N,)
        Middle of the exposures.
    minutes : float
        Length of the windows; an image that late opens the next one.
    labels : sequence of str, shape (N,), optional
        Telescopes or sets that are never mixed. None: all are mixed.

    Returns
    -------
    list of ndarray of int
        Indices of the images of each window, both in order of time.

    Raises
    ------
    ValueError
        If `minutes` is not positive.
    """
    if not minutes > 0:
        raise ValueError(f"minutes must be positive, not {minutes}")

    def windows(dates):
        """Return numbers of sorted dates; the first date not in a window opens the next one."""
        numbers, start, number = [], -np.inf, -1
        for date in dates:
            if date - start >= minutes / 1440.0:
                start, number = date, number + 1
            numbers.append(number)
        return numbers

    return _labelled(_dates(mjd), labels, windows)


def _dates(mjd):
    """Return the dates as an array, all finite."""
    mjd = np.asarray(mjd, dtype=float)
    if mjd.ndim != 1 or not np.isfinite(mjd).all():
        raise ValueError("mjd must be one finite date per image")
    return mjd


def _labelled(mjd, labels, number):
    """Group by the numbers that `number` gives to sorted dates, each label by itself."""
    # Number the images of each label in order of time; a group has one number and one label
    names = _names(labels, mjd.size)
    order = np.argsort(mjd, kind="stable")
    keys = [None] * mjd.size
    for name in set(names):
        members = [i for i in order if names[i] == name]
        for i, night in zip(members, number(mjd[members]), strict=True):
            keys[i] = (night, name)
    return _by_key(mjd, keys)


def _by_key(mjd, keys):
    """Put images of one key together, all in order of time."""
    groups = {}
    for i in np.argsort(mjd, kind="stable"):
        groups.setdefault(keys[i], []).append(i)
    return sorted((np.array(group) for group in groups.values()), key=lambda g: mjd[g].mean())


def _names(labels, n):
    """Return one label per image, the same for all if there are none."""
    names = [None] * n if labels is None else list(labels)
    if len(names) != n:
        raise ValueError(f"labels must be one per image: {len(names)} for {n}")
    return names
