"""Error of the fluxes that comes from the errors of the PSFs."""

from dataclasses import replace

from cosmouline.deconv.gauss_newton import align_epochs, local_step
from cosmouline.deconv.normal_equations import eliminate
from cosmouline.deconv.residual_light import solve_field
from cosmouline.deconv.stored import field_prior_of, for_all_epochs, measured_pixels, problem_of
from cosmouline.deconv.sweep import gram_matrix, sweep_epochs
from cosmouline.robust import steady_variance

import numpy as np

N_ALIGNMENTS = 3  # local steps to a new PSF, whose centre may differ by some hundredths of a pixel
NEAR_PX = 0.01  # of the shift: from there the fluxes follow in proportion, to 1e-5 of them


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
        Root mean square over the draws, steadied over the epochs; NaN in epochs that were not
        measured.

    Raises
    ------
    ValueError
        If a shape is wrong.

    Notes
    -----
    For each draw the fluxes, the sky and the shift of each epoch are solved again, all that is
    shared being held, and divided by the scale of the stars of the same draw: what stars and lens
    have in common cancels in the calibration. Few draws know an error badly: its square is
    averaged with that of all epochs, which goes with the random variance of the fluxes.
    """
    own, index = _squares(fit, epochs, draws, draw_scale)
    return _steadied(fit, for_all_epochs(own, index, len(epochs)), len(draws))


def added_psf_error(fit, epochs, draws, draw_scale, known):
    """Relative error of each flux from draws of the PSFs, where that of most epochs is known.

    As `psf_error`; `known` (n_epochs, n_sources) are relative errors, NaN where they are not. They
    stay; the others are solved, and steadied by all.
    """
    new = np.flatnonzero(np.isnan(known).all(1) & fit.measured)
    squares = np.where(fit.measured[:, None], known**2, np.nan)
    if not len(new):
        return np.sqrt(squares)
    own, index = _squares(fit.take(new), epochs.take(new), draws[:, new], draw_scale[:, new])
    squares[new[index]] = own
    found = np.sqrt(squares)
    found[new] = _steadied(fit, squares, len(draws))[new]
    return found


def _squares(fit, epochs, draws, draw_scale):
    """Mean square of the relative changes of the fluxes of epochs that were measured; which."""
    _check(epochs, draws, draw_scale)
    # Change of the fluxes for each draw, all that the epochs share being held
    pixels = measured_pixels(fit, epochs)
    problem, state = problem_of(fit, pixels)

    def fluxes(psf):
        drawn, moved = problem.with_psf(psf.astype(float, copy=False)), state
        for _ in range(N_ALIGNMENTS):
            sweep, step = local_step(drawn, moved)
            flux = (sweep.solution + step[:, :-2])[:, :-1]
            if np.abs(step[:, -2:]).max() < NEAR_PX:
                break
            moved = replace(moved, shift_px=moved.shift_px + step[:, -2:])
        return problem.where_present(flux)

    reference = fluxes(pixels.epochs.psf)
    change = [
        fluxes(psf[pixels.index]) / scale[pixels.index, None] / reference - 1
        for psf, scale in zip(draws, draw_scale, strict=True)
    ]
    return np.mean(np.square(change), axis=0), pixels.index


def _steadied(fit, squares, n_draws):
    """Return errors from their squares (n_epochs, n_sources), NaN where none was measured."""
    index = np.flatnonzero(np.isfinite(squares).any(1))
    random = np.einsum("ekk->ek", fit.covariance[index]) / fit.flux[index] ** 2
    steady = [steady_variance(*source, n_draws)
              for source in zip(squares[index].T, random.T, strict=True)]
    return for_all_epochs(np.sqrt(np.transpose(steady)), index, len(squares))


def psf_systematic(fit, epochs, draws, draw_scale):
    """Covariance of the constant part of the fluxes that comes from the errors of the PSFs.

    Parameters are those of `psf_error`. The result (n_sources, n_sources) is to be added to
    ``fit.systematic_covariance``; NaN for a fit without a prior of its field, which is that of
    the other engine.

    Notes
    -----
    Unlike in `psf_error`, sources, galaxy and field follow each draw, by one Gauss-Newton step
    under the amplitudes of the fit: what a wrong PSF moves between a source and what lies under
    it does not average out over the epochs. The mean of the products of the changes of the
    weighted mean fluxes over the draws.
    """
    _check(epochs, draws, draw_scale)
    if not np.isfinite(fit.field_amplitude).all():
        return np.full_like(fit.systematic_covariance, np.nan)
    pixels = measured_pixels(fit, epochs)
    problem, state = problem_of(fit, pixels)
    constant = _constant_part(fit, pixels, problem, state)

    def drawn(psf):
        return problem.with_psf(psf.astype(float, copy=False))

    ones = np.ones(len(pixels.index))
    reference = constant(drawn(pixels.epochs.psf), ones)
    change = np.array([
        constant(drawn(psf[pixels.index]), scale[pixels.index]) - reference
        for psf, scale in zip(draws, draw_scale, strict=True)
    ])
    return change.T @ change / len(change)


def width_response(fit, epochs, width):
    """Change of the constant part of the fluxes by images that are wider than their PSFs.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.
    width : ndarray of float, shape (n_images,)
        Excess of the relative width of each image of the lens, as it is seen on the pixels.

    Returns
    -------
    ndarray of float, shape (n_sources,)
        As `psf_systematic`, one step of sources, galaxy and field included; NaN for a fit without
        a prior of its field.
    """
    if not np.isfinite(fit.field_amplitude).all():
        return np.full(len(fit.systematic_covariance), np.nan)
    pixels = measured_pixels(fit, epochs)
    problem, state = problem_of(fit, pixels)
    # the PSFs once more, as `psf_systematic` has them
    problem = problem.with_psf(pixels.epochs.psf)
    flux = sweep_epochs(problem, state, with_shared=False).solution
    data, axis = problem.data.copy(), np.arange(problem.geometry.side_px)
    axis = axis - (len(axis) - 1) / 2
    for e in range(len(data)):
        places, images = problem.places_px(e, state), problem.point_images(e, state)
        for k, one in enumerate(width):
            psf, by_x, by_y = images[:, k]
            x, y = axis - places[k, 0], axis[:, None] - places[k, 1]
            # S(r / (1 + w)) / (1 + w)^2 to first order; the derivatives are those by the place
            data[e] += one * flux[e, k] * (x * by_x + y * by_y - 2 * psf)
    constant, ones = _constant_part(fit, pixels, problem, state), np.ones(len(data))
    return constant(replace(problem, data=data), ones) - constant(problem, ones)


def _constant_part(fit, pixels, problem, state):
    """Return a function of a problem and of scales of its epochs: the constant part of the fluxes.

    It follows the problem from the state of the fit by one step of all that is shared.
    """
    prior, gram = field_prior_of(fit), gram_matrix(problem, state)
    # Weights of the epochs in the constant part
    weight = 1 / np.einsum("ekk->ek", fit.covariance[pixels.index])
    weight /= weight.sum(0)

    def constant(changed, scale):
        moved = align_epochs(changed, state, 1)
        # One step of all that is shared, and what the fluxes of each epoch follow it by
        sweep = sweep_epochs(changed, moved, with_nodes=len(moved.node_flux) > 0)
        normal = eliminate(changed, moved, sweep)
        posterior = solve_field(changed, moved, normal, gram, prior, fit.options, optimise=False)
        step = normal.local_step(posterior.shared_step, posterior.node_step)
        n_sources = sweep.solution.shape[1] - 1
        flux = sweep.solution[:, :n_sources] + step[:, :n_sources]
        return (weight * flux / scale[:, None]).sum(0) * fit.scale

    return constant


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
