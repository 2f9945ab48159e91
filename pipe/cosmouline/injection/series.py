"""The light curves that are injected: those of the lens, scaled, with a step, a wave or delays."""

import numpy as np

KINDS = ("lens", "half", "double", "step", "sinus", "delayed")  # in the order of the sites
SCALES = {"half": 0.5, "double": 2.0}
STEP = 0.1  # of the flux, from the middle of the epochs on
SINUS = 0.1  # amplitude of the wave, relative to the mean flux
N_PERIODS = 2.0  # of the wave within the campaign
DELAY = 0.05  # of the length of the campaign, more for each source than for the one before it


def injected_flux(kind, flux, mjd):
    """Return the flux of every source in every epoch of an injected scene.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    flux : ndarray of float, shape (n_epochs, n_sources)
        Of the lens, on the common scale; NaN where it was not measured: there nothing is injected.
    mjd : ndarray of float, shape (n_epochs,)

    Returns
    -------
    ndarray of float, of the shape of `flux`

    Raises
    ------
    ValueError
        If `kind` is unknown.

    Notes
    -----
    "lens" is the flux as it was measured, its noise included: for the injected source that is its
    true light. "sinus" has another phase in each source, so that what leaks from one image into
    the next shows; "delayed" is the curve of the brightest source in all of them, each later than
    the one before it, at its mean flux.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}: {kind!r}")
    n_sources = flux.shape[1]
    mean = np.nanmean(flux, axis=0)
    if kind == "step":
        later = mjd > np.median(mjd)
        return flux * np.where(later, 1 + STEP, 1.0)[:, None]
    if kind == "sinus":
        span = max(float(np.ptp(mjd)), 1e-3)  # one night: a wave within its hours
        phase = 2 * np.pi * (N_PERIODS * (mjd[:, None] - mjd.min()) / span
                             + np.arange(n_sources) / n_sources)
        return np.where(np.isfinite(flux), mean * (1 + SINUS * np.sin(phase)), np.nan)
    if kind == "delayed":
        one = flux[:, int(np.argmax(mean))]
        known = np.isfinite(one)
        order = np.argsort(mjd[known], kind="stable")
        times, values = mjd[known][order], one[known][order] / np.mean(one[known])
        late = mjd[:, None] - delays_d(mjd, n_sources)
        return np.where(np.isfinite(flux), mean * np.interp(late, times, values), np.nan)
    return flux * SCALES.get(kind, 1.0)


def delays_d(mjd, n_sources):
    """Return by how many days each source of "delayed" is late, (n_sources,)."""
    return DELAY * np.ptp(mjd) * np.arange(n_sources)
