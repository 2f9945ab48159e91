"""Time delays between light curves of one source: a first guess, with its error.

The curve of a quasar is taken as a damped random walk, the second image as the same curve earlier
or later, and in it a second, slower walk: microlensing. Between two dates such walks depend on
each other through a band of a few diagonals, so that the likelihood of a delay costs as many steps
as there are points.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_solve_banded, cholesky_banded
from scipy.optimize import minimize

MICROLENSING_SCALE_D = 1000.0  # a source is crossed in months, an Einstein radius in decades
SAME_DATE_D = 1e-4  # dates of two curves nearer than this are put so far apart
LEAST_MAG = 1e-4  # amplitudes below this mean that nothing varies
FINER, AROUND = 8, 4  # steps about the best delay: so much finer, over so many steps
FLAT = 0.45  # of the range: an error above this is that of a delay drawn from it (1 / sqrt(12))
FEWEST_POINTS = 5  # points of a curve


class Walks(NamedTuple):
    """Amplitude (mag) and time scale (days) of the quasar; amplitude of the microlensing."""

    amplitude_mag: float
    scale_d: float
    microlensing_mag: float


class Delay(NamedTuple):
    """A delay in days: what is to be added to the dates of the second curve to match the first.

    Negative if the first curve is ahead of the second; ``delay_d`` and ``sigma_d`` are NaN where
    the curves do not tell. `density` is the probability of `trials_d` per day; these are closer to
    each other about the best one.
    """

    delay_d: float
    sigma_d: float
    trials_d: np.ndarray
    density: np.ndarray
    walks: Walks


def log_likelihood(mjd, mag, sigma, is_second, walks):
    """Return the log likelihood of two curves, of which the dates of the second are shifted.

    Parameters
    ----------
    mjd, mag, sigma : array of float, shape (n,)
        Of both curves, in any order.
    is_second : array of bool, shape (n,)
    walks : Walks

    Notes
    -----
    Press, Rybicki & Hewitt (1992): a Gaussian process with the covariance of a damped random walk,
    s^2 exp(-dt / scale) (Kelly, Bechtold & Siemiginowska 2009); the means of both curves are free
    and integrated over. Both walks are Markov chains: the inverse of their covariance has entries
    between neighbours in time alone, and that of the data follows by Woodbury's identity.
    """
    order = np.argsort(mjd, kind="stable")
    mjd, mag, weight, second = (mjd[order], mag[order], sigma[order] ** -2,
                                is_second[order].astype(float))
    n = len(mjd)
    gaps = np.maximum(np.diff(mjd), SAME_DATE_D)
    # the inverse covariance of (quasar, microlensing) at each date: diagonal, and two below it
    band, log_det = np.zeros((3, 2 * n)), 0.0
    for k, (amplitude, scale) in enumerate((
            (walks.amplitude_mag, walks.scale_d),
            (walks.microlensing_mag, MICROLENSING_SCALE_D))):
        kept = np.exp(-gaps / scale)
        new = -np.expm1(-2 * gaps / scale)
        inverse = np.ones(n)
        inverse[:-1] += kept**2 / new
        inverse[1:] += 1 / new - 1
        band[0, k::2] = inverse / amplitude**2
        band[2, k:-2:2] = -kept / new / amplitude**2
        log_det += 2 * n * np.log(amplitude) + np.log(new).sum()
    # the data see the quasar, those of the second curve both
    band[0, 0::2] += weight
    band[0, 1::2] += weight * second
    band[1, 0::2] += weight * second
    seen = np.zeros((2 * n, 3))
    columns = np.column_stack([mag - mag.mean(), np.ones(n), second])
    seen[0::2] = weight[:, None] * columns
    seen[1::2] = (weight * second)[:, None] * columns
    factor = cholesky_banded(band, lower=True)
    solved = cho_solve_banded((factor, True), seen)
    products = (weight[:, None] * columns).T @ columns - seen.T @ solved
    log_det += 2 * np.log(factor[0]).sum() - np.log(weight).sum()
    # the means: their best values, and their volume
    means = np.linalg.solve(products[1:, 1:], products[1:, 0])
    chi2 = products[0, 0] - products[0, 1:] @ means
    return -0.5 * (chi2 + log_det + np.linalg.slogdet(products[1:, 1:])[1])


def find_delay(one, other, longest_d, step_d=0.0):
    """Return the `Delay` of two light curves.

    Parameters
    ----------
    one, other : tuple of array
        Dates in days, magnitudes and their errors, without NaN.
    longest_d : float
        Delays are looked for between minus and plus this.
    step_d : float
        Of the delays; 0: a quarter of the median distance of the points.

    Returns
    -------
    Delay
        The mean and the root mean square width of the probability of the delays, all equally
        probable before. So a second delay that is possible, or curves in which nothing varies,
        give a large error, and none at all where it is that of any delay within the range.

    Raises
    ------
    ValueError
        If a curve has fewer than 5 points.
    """
    if min(len(one[0]), len(other[0])) < FEWEST_POINTS:
        raise ValueError(f"a light curve of fewer than {FEWEST_POINTS} points tells no delay")
    mjd, mag, sigma = (np.concatenate([a, b]) for a, b in zip(one, other, strict=True))
    second = np.arange(len(mjd)) >= len(one[0])
    gaps = np.diff(np.sort(one[0]))
    step_d = step_d or float(np.clip(np.median(gaps) / 4, longest_d / 500, longest_d / 20))
    trials = np.arange(-np.ceil(longest_d / step_d), np.ceil(longest_d / step_d) + 1) * step_d

    def value(delay, walks):
        try:
            return log_likelihood(mjd + delay * second, mag, sigma, second, walks)
        except LinAlgError:  # amplitudes beyond all measure
            return -np.inf

    # the walks at the best delay so far, and the delays again with these walks
    walks = Walks(max(float(np.std(one[1])), LEAST_MAG), 200.0, 0.02)
    best, values = 0.0, None
    for _ in range(2):
        walks = _best_walks(lambda found, at=best: value(at, found), walks)
        values = np.array([value(delay, walks) for delay in trials])
        best = float(trials[values.argmax()])
    fine = best + np.arange(-AROUND * FINER, AROUND * FINER + 1) * step_d / FINER
    fine = fine[(fine > trials[0]) & (fine < trials[-1]) & ~np.isin(fine, trials)]
    values = np.concatenate([values, [value(delay, walks) for delay in fine]])
    trials, values = (each[np.argsort(np.concatenate([trials, fine]))] for each in (
        np.concatenate([trials, fine]), values))
    # the mean and the width, each delay by the days that it stands for
    probability = np.exp(values - values.max()) * np.gradient(trials)
    probability /= probability.sum()
    mean = float(probability @ trials)
    width = float(np.sqrt(probability @ (trials - mean) ** 2 + (step_d / FINER) ** 2 / 12))
    density = probability / np.gradient(trials)
    if width > FLAT * longest_d:
        mean = width = float("nan")
    return Delay(mean, width, trials, density, walks)


def _best_walks(value, start):
    """Return the most probable walks, each parameter within a factor of some thousands."""
    def cost(logs):
        walks = Walks(*np.exp(logs))
        # broad priors: scales of 10 d to 30 yr, amplitudes from .0001 to some magnitudes
        far = ((logs - np.log([0.1, 300, 0.02])) / np.log([10, 6, 10])) ** 2
        return 0.5 * far.sum() - value(walks)

    found = minimize(cost, np.log(start), method="Nelder-Mead",
                     options={"xatol": 0.05, "fatol": 0.05, "maxfev": 200})
    return Walks(*map(float, np.exp(found.x)))


def shifts(names, delays):
    """Return one shift of dates for each curve that fit the delays of all pairs best.

    Parameters
    ----------
    names : sequence of str
        The first is not shifted.
    delays : dict of (str, str) to Delay
        Of pairs of names.

    Returns
    -------
    dict of str to (float, float)
        Shift and its error by name; NaN for a curve that no delay leads to. The error takes the
        pairs as independent.
    """
    known = {pair: one for pair, one in delays.items() if np.isfinite(one.delay_d)}
    reached, n = {names[0]}, 0
    while n < len(reached):  # along pairs that are known
        n = len(reached)
        reached |= {name for pair in known for name in pair if reached & {*pair}}
    free = [name for name in names[1:] if name in reached]
    rows, values, weights = [], [], []
    for (first, second), one in known.items():
        if first in reached:
            rows.append([(name == second) - (name == first) for name in free])
            values.append(one.delay_d)
            weights.append(one.sigma_d**-2)
    found = dict.fromkeys(names, (float("nan"), float("nan"))) | {names[0]: (0.0, 0.0)}
    if free:
        design, weights = np.array(rows, float), np.array(weights)
        covariance = np.linalg.inv(design.T @ (weights[:, None] * design))
        best = covariance @ design.T @ (weights * np.array(values))
        # pairs share their curves: n curves tell n - 1 delays, however many pairs there are
        sigma = np.sqrt(np.diag(covariance) * len(rows) / len(free))
        found |= {name: (float(x), float(s)) for name, x, s in zip(free, best, sigma, strict=True)}
    return found


def seasons(mjd, gap_d):
    """Return (first, last, number, median distance) of the dates between gaps, in days."""
    mjd = np.sort(mjd)
    parts = np.split(mjd, np.flatnonzero(np.diff(mjd) > gap_d) + 1) if len(mjd) else []
    return [(float(part[0]), float(part[-1]), len(part),
             float(np.median(np.diff(part))) if len(part) > 1 else float("nan"))
            for part in parts]
