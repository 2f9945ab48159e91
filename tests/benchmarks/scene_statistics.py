"""How well a joint fit met the truth of a simulated scene."""

import resource
import time
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Score:
    """Figures of a fit, one per source; bias, systematic and photon error of the mean in %."""

    bias: np.ndarray
    systematic: np.ndarray
    photon: np.ndarray
    z: np.ndarray
    scatter: np.ndarray
    pull: np.ndarray
    pull_total: np.ndarray
    chi2: float
    cpu_s: float

    def as_dict(self):
        """Plain lists of three decimals, for a line of JSON."""
        return {name: np.round(value, 3).tolist() for name, value in vars(self).items()}


def photon_error(drawn):
    """Cramer-Rao error of each flux: fluxes, shift and sky of the epoch free, the rest known."""
    model = np.einsum("ek,ekij->eij", drawn.flux, drawn.point) + drawn.extended
    by_y, by_x = np.gradient(model, axis=(1, 2))
    columns = [drawn.point, by_x[:, None], by_y[:, None], np.ones_like(by_x)[:, None]]
    columns = np.concatenate(columns, axis=1)
    weighted = columns / drawn.variance_e2[:, None]
    normal = np.einsum("ekij,elij->ekl", weighted, columns, optimize=True)
    norm = np.sqrt(np.einsum("ekk->ek", normal))
    inverse = np.linalg.inv(normal / norm[:, :, None] / norm[:, None])
    return (np.sqrt(np.einsum("ekk->ek", inverse)) / norm)[:, : drawn.flux.shape[1]]


def timed(function, *arguments):
    """Result of a function, and the CPU seconds it took."""
    started = time.process_time()
    result = function(*arguments)
    return result, time.process_time() - started


def score(drawn, fit, cpu_s=np.nan, psf_error=0.0, scale=1.0):
    """Figures of a fit.

    Parameters
    ----------
    drawn : Drawn
    fit : LensFit
    cpu_s : float
    psf_error : ndarray of float, shape (n_epochs, n_sources), or 0
        Relative errors from the PSFs, for `pull_total`.
    scale : ndarray of float, shape (n_epochs, 1), or 1
        On the random errors, for `pull_total`.

    Returns
    -------
    Score
        ``z`` is the bias over the systematic error joined with the photon error of the mean;
        ``scatter`` is in units of the photon error; ``pull`` with the random errors that hold
        all that is shared fixed, ``pull_total`` with those that users get.
    """
    seen = fit.measured
    error = (fit.flux - drawn.flux)[seen]
    n, mean = len(error), drawn.flux[seen].mean(0)
    bound2 = (photon_error(drawn)[seen] ** 2).mean(0)
    away = (error - error.mean(0)) * np.sqrt(n / (n - 1))
    random = np.sqrt(np.einsum("ekk->ek", fit.covariance[seen]))
    total = np.hypot(fit.flux_sigma * scale, psf_error * fit.flux)[seen]
    offset = error.mean(0)
    return Score(
        bias=100 * offset / mean,
        systematic=100 * fit.flux_systematic / mean,
        photon=100 * np.sqrt(bound2 / n) / mean,
        z=offset / np.hypot(fit.flux_systematic, np.sqrt(bound2 / n)),
        scatter=np.sqrt((away**2).mean(0) / bound2),
        pull=np.sqrt(((away / random) ** 2).mean(0)),
        pull_total=np.sqrt(((away / total) ** 2).mean(0)),
        chi2=float(np.nanmean(fit.chi2_reduced)),
        cpu_s=cpu_s,
    )


def coverage(z):
    """Tell how many offsets lie within one and two quoted errors, and their rms."""
    z = np.abs(np.asarray(z, float))
    return (f"{len(z)} offsets: |z| < 1 in {100 * (z < 1).mean():.0f} %, < 2 in "
            f"{100 * (z < 2).mean():.0f} %, rms {np.sqrt((z**2).mean()):.2f}, "
            f"largest {z.max():.2f}")


def peak_memory_gb():
    """Largest memory that this process held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # Linux: in kB
