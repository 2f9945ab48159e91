"""What a CCD does to the light: defects, cosmic tracks, bleeding, digits."""

from cosmouline.dates import mjd_to_iso

import numpy as np
from scipy.ndimage import gaussian_filter, laplace

HOT_MEDIAN_E_S = 20.0  # dark current of a hot pixel, e-/s: 6000 e- in 300 s
HOT_SPREAD = 1.0  # scatter of its natural logarithm: a few are ten times as bright, or as faint
BAD_COLUMN_RESPONSE = 0.3  # of the light that a bad column keeps
TRACK_MEDIAN_E = 2500.0  # electrons of a cosmic per pixel of its track
TRACK_SPREAD = 0.8  # scatter of the natural logarithm of that
TRACK_LENGTH_PX = 4.0  # mean length; exponential, so that most are short and some long
TRACK_STEP_PX = 0.1  # charge is laid down in steps of this length
FWHM_PER_SIGMA = 2.3548  # of a Gaussian
ADC_MAX = 65535  # of a 16 bit converter


def hot_electrons(telescope, exptime_s):
    """Expected electrons of the hot pixels of a detector, ndarray of shape (ny, nx)."""
    rng = np.random.default_rng([telescope.defect_seed, 0])
    x = rng.integers(0, telescope.nx, telescope.n_hot_pixels)
    y = rng.integers(0, telescope.ny, telescope.n_hot_pixels)
    # the currents are log-normal
    currents_e_s = HOT_MEDIAN_E_S * np.exp(rng.normal(0, HOT_SPREAD, telescope.n_hot_pixels))
    electrons = np.zeros((telescope.ny, telescope.nx))
    electrons[y, x] = currents_e_s * exptime_s
    return electrons


def response(telescope):
    """Fraction of the light that each pixel keeps, ndarray (ny, nx): 1 but in bad columns."""
    kept = np.ones((telescope.ny, telescope.nx))
    for x, first_y in telescope.bad_columns:
        kept[first_y:, x] = BAD_COLUMN_RESPONSE
    return kept


def flat_error(telescope):
    """Flat field that a reduction divided by, relative to the true one, ndarray (ny, nx)."""
    rng = np.random.default_rng([telescope.defect_seed, 1])
    smooth = gaussian_filter(rng.normal(size=(telescope.ny, telescope.nx)),
                             telescope.flat_error_px / FWHM_PER_SIGMA, mode="wrap")
    return 1 + telescope.flat_error * smooth / smooth.std()


def spread_charge(electrons, per_e):
    """Charge after the brighter-fatter effect, ndarray (ny, nx); the sum is kept.

    Notes
    -----
    The boundary of two pixels moves by `per_e` times the difference of their charges and takes
    the mean charge with it (Antilogus et al. 2014, JInst 9, C03048): a flow of per_e / 2 times
    the difference of the squares. The variance of a star grows by per_e sum(Q^2) / sum(Q) px^2
    along each axis.
    """
    return electrons + 0.5 * per_e * laplace(electrons**2, mode="nearest")


def cosmic_tracks(rng, shape, n_tracks):
    """Electrons of straight cosmic tracks, shape (ny, nx); they are cut at the edges."""
    electrons = np.zeros(shape)
    for _ in range(n_tracks):
        # where it begins, its direction and length, and its charge per pixel
        x, y = rng.uniform(-0.5, shape[1] - 0.5), rng.uniform(-0.5, shape[0] - 0.5)
        angle, length = rng.uniform(0, 2 * np.pi), 1 + rng.exponential(TRACK_LENGTH_PX - 1)
        per_px = TRACK_MEDIAN_E * np.exp(rng.normal(0, TRACK_SPREAD))
        # the same charge at each step
        along = np.arange(0, length, TRACK_STEP_PX)
        columns = np.rint(x + along * np.cos(angle)).astype(int)
        rows = np.rint(y + along * np.sin(angle)).astype(int)
        inside = (columns >= 0) & (columns < shape[1]) & (rows >= 0) & (rows < shape[0])
        np.add.at(electrons, (rows[inside], columns[inside]), per_px * TRACK_STEP_PX)
    return electrons


def fill_wells(electrons, full_well_e, bleeds):
    """Limit the charge of each pixel, shape (ny, nx), to the full well.

    With `bleeds`, half of the surplus of each pixel flows up its column and half down, each into
    the next pixels that have room; what reaches the edge is lost. Without, the surplus is lost.
    """
    filled = np.minimum(electrons, full_well_e)
    if not bleeds:
        return filled
    # half of the surplus flows towards the last row, the other half towards the first one
    columns = np.flatnonzero((electrons > full_well_e).any(axis=0))
    surplus = 0.5 * (electrons - filled)[:, columns]
    up = _pour(filled[:, columns], surplus, full_well_e)
    filled[:, columns] = _pour(up[::-1], surplus[::-1], full_well_e)[::-1]
    return filled


def _pour(columns, surplus, full_well_e):
    """Let the surplus of each row flow to the rows after it; return the filled columns."""
    columns = columns.copy()
    flowing = np.zeros(columns.shape[1])
    for row, extra in zip(columns, surplus, strict=True):
        flowing += extra
        # a row takes what it has room for, the rest flows on
        taken = np.minimum(flowing, full_well_e - row)
        row += taken
        flowing -= taken
    return columns


def digitise(electrons, telescope):
    """ADU of a charge, as the telescope's `dtype`: rounded and clipped if that is uint16."""
    adu = electrons / telescope.gain_e_per_adu
    if telescope.dtype == "uint16":
        adu = np.clip(np.rint(adu), 0, ADC_MAX)
    return adu.astype(telescope.dtype)


def keywords(telescope, mjd_start, exptime_s):
    """Keywords that every frame of a telescope has, a dict."""
    return {"DATE-OBS": mjd_to_iso(mjd_start), "MJD-OBS": mjd_start, "EXPTIME": exptime_s,
            "GAIN": telescope.gain_e_per_adu * telescope.card_gain_factor,
            "RDNOISE": telescope.read_noise_e,
            "SATURATE": telescope.card_saturation_adu or telescope.saturation_adu,
            "FILTER": telescope.filter_name}
