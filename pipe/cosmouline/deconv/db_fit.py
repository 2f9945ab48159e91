"""Fit all epochs of a lens with the engine of the settings."""

import logging
from dataclasses import replace

from cosmouline.database import paths
from cosmouline.deconv.db_warm_start import (
    SYSTEMATIC,
    can_hold,
    common_errors,
    known_psf_errors,
    order,
)
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.held.add_epochs import add_epochs
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.psf_error import added_psf_error, psf_error, psf_systematic
from cosmouline.engine.jax_cache import device, keep_compiled
from cosmouline.engine.terminal import progress_bar
from cosmouline.errors import UserError

import numpy as np

log = logging.getLogger("cosmouline")


def fit(content, sources, settings, earlier=None):
    """Return the `LensFit` of all epochs, and the relative errors of its fluxes from the PSFs.

    Without draws of the PSFs their errors are not known: NaN. With draws, the error of the
    constant part holds what they leave in it.

    Parameters
    ----------
    content : EpochFile
    sources : Sources, or ndarray of float of shape (n_sources, 2)
        Offsets of the sources are from ``content.centre_px``.
    settings : namespace
    earlier : Stored, optional
        Fit of some of the epochs to go on from.

    Raises
    ------
    UserError
        If the fit cannot be made, with the reason.
    """
    # A single star has no lens: what its PSF leaves over would be taken for a galaxy. Nothing else
    # makes its image wide, so that its width is its own: held until it is three errors off, as
    # that of a lens, the flux would be off by that much
    light = {"galaxy": "auto"}.get(settings.extended_light, settings.extended_light)
    n_images = getattr(sources, "n_images", None) or len(sources)
    is_single = settings.extended_light == "auto" and n_images == 1
    if is_single:
        light = "none"
        log.info('one point source: no galaxy and no residual light are fitted (extended_light = '
                 '"galaxy" fits them)')
    is_starred = settings.deconv_engine == "starred"
    options = FitOptions(extended_light=light, width_is_free=is_single and not is_starred)
    if is_starred:
        from cosmouline.deconv.starred.fit import fit_starred  # takes seconds to import

        for name in ("extra_sources", "source_epochs"):
            if getattr(settings, name):
                raise UserError(f"{name} is for deconv_engine = 'gp': STARRED fits images of the "
                                "lens that shine in all epochs.")
        keep_compiled(paths.compiled(settings))
        log.info("STARRED works on: %s", device())
    with progress_bar(unit="step") as bar:
        def progress(entry):
            bar.update()
            bar.set_postfix_str(str(entry.get("stage", "")))

        try:
            if is_starred:
                found = fit_starred(content.epochs, sources, options, progress)
            elif earlier is None:
                found = fit_lens(content.epochs, sources, options, progress)
            else:
                # The epochs of the earlier fit go first, and back to their order afterwards
                numbers, warm = order(earlier, content)
                epochs, sources = content.epochs.take(numbers), sources.take(numbers)
                found = (add_epochs(epochs, sources, warm, progress)
                         if can_hold(earlier, content, settings) else None)
                if found is None:
                    found = fit_lens(epochs, sources, options, progress, warm)
                found = found.take(np.argsort(numbers))
        except ValueError as problem:
            raise UserError(f"the joint fit cannot be made: {problem}.") from problem
    if content.draws is None:
        return found, np.full_like(found.flux, np.nan)
    psf = content.epochs, content.draws, content.draw_scale
    if earlier is None or SYSTEMATIC not in (kept := common_errors(earlier)):
        relative, systematic = psf_error(found, *psf), psf_systematic(found, *psf)
        kept = {SYSTEMATIC: {"stage": SYSTEMATIC, "covariance": systematic.tolist()}
                } if np.isfinite(systematic).all() else {}
    else:  # what the epochs have in common stays as long as the fit goes on from this one
        relative = added_psf_error(found, *psf, known_psf_errors(earlier, content))
        systematic = np.array(kept[SYSTEMATIC]["covariance"])
    return replace(found, systematic_covariance=found.systematic_covariance + systematic,
                   log=[*found.log, *kept.values()]), relative
