"""Fit all epochs of a lens with the engine of the settings."""

from dataclasses import replace

from cosmouline.deconv import FitOptions, fit_lens, psf_error, psf_systematic
from cosmouline.errors import UserError

import numpy as np
from tqdm import tqdm


def fit(content, start_px, settings):
    """Return the `LensFit` of all epochs, and the relative errors of its fluxes from the PSFs.

    Without draws of the PSFs their errors are not known: NaN. With draws, the error of the
    constant part holds what they leave in it.

    Parameters
    ----------
    content : EpochFile
    start_px : ndarray of float, shape (n_sources, 2)
        Offsets of the sources from ``content.centre_px``.
    settings : namespace

    Raises
    ------
    UserError
        If the fit cannot be made, with the reason.
    """
    options = FitOptions(extended_light=settings.extended_light)
    with tqdm(unit="step", disable=None, leave=False) as bar:
        def progress(entry):
            bar.update()
            bar.set_postfix_str(str(entry.get("stage", "")))

        try:
            found = _engine(settings.deconv_engine)(content.epochs, start_px, options, progress)
        except ValueError as problem:
            raise UserError(f"the joint fit cannot be made: {problem}.") from problem
    if content.draws is None:
        return found, np.full_like(found.flux, np.nan)
    psf = content.epochs, content.draws, content.draw_scale
    relative = psf_error(found, *psf)
    systematic = found.systematic_covariance + psf_systematic(found, *psf)
    return replace(found, systematic_covariance=systematic), relative


def _engine(name):
    if name == "starred":
        from cosmouline.starred_deconv import fit_starred  # takes seconds to import

        return fit_starred
    return fit_lens
