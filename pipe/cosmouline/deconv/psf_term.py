"""Error of the fluxes that comes from the errors of the PSFs."""

from dataclasses import replace

from cosmouline.deconv.fit import align_epochs
from cosmouline.deconv.images import transfer_functions
from cosmouline.deconv.stored import for_all_epochs, measured_pixels, problem_of
from cosmouline.deconv.sweep import sweep_epochs

import numpy as np

N_ALIGNMENTS = 3  # local steps to a new PSF, whose centre may differ by some hundredths of a pixel


def psf_error(fit, epochs, draws, draw_scale):
    """Relative error of each flux from draws of the PSFs.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.
    draws : ndarray of float, shape (n_draws, n_epochs, m, m)
        Narrow PSFs drawn from their posteriors, padded as those of `epochs`.
    draw_scale : ndarray of float, shape (n_draws, n_epochs)
        Flux of the PSF stars under each draw, relative to that under the fitted PSF.

    Returns
    -------
    ndarray of float, shape (n_epochs, n_sources)
        Root mean square over the draws; NaN in epochs that were not measured.

    Raises
    ------
    ValueError
        If a shape is wrong.

    Notes
    -----
    For each draw the fluxes, the sky and the shift of each epoch are solved again, the scene
    being held, and divided by the scale of the stars of the same draw: what stars and lens have
    in common cancels in the calibration. Measured against true PSFs: .80-.92 of the prediction.
    """
    _check(epochs, draws, draw_scale)
    pixels = measured_pixels(fit, epochs)
    problem, state = problem_of(fit, pixels)

    def fluxes(psf):
        drawn = replace(problem, transfer=transfer_functions(psf, problem.geometry))
        moved = align_epochs(drawn, state, N_ALIGNMENTS)
        return problem.where_present(sweep_epochs(drawn, moved).solution[:, :-1])

    reference = fluxes(pixels.epochs.psf)
    change = [
        fluxes(psf[pixels.index]) / scale[pixels.index, None] / reference - 1
        for psf, scale in zip(draws, draw_scale, strict=True)
    ]
    rms = np.sqrt(np.mean(np.square(change), axis=0))
    return for_all_epochs(rms, pixels.index, len(epochs))


def _check(epochs, draws, draw_scale):
    """Raise ValueError when the shapes do not go together."""
    if draws.ndim != 4 or not len(draws) or draws.shape[1:] != epochs.psf.shape:
        raise ValueError(
            f"draws must have the shape (n_draws, {', '.join(map(str, epochs.psf.shape))}), "
            f"not {draws.shape}"
        )
    if np.shape(draw_scale) != draws.shape[:2]:
        raise ValueError(
            f"draw_scale must have the shape {draws.shape[:2]}, not {np.shape(draw_scale)}"
        )
