"""How far a PSF is from the truth, and what that does to the fluxes of a quad."""

from cosmouline.psf.model import render

import numpy as np

PHASES_PX = ((0.1, 0.2), (-0.4, 0.3), (0.45, -0.45), (-0.15, -0.3))
QUAD_FWHM = 1.1 * np.array([[-0.8, 0.3], [0.45, 0.7], [0.25, -0.95], [0.85, 0.05]])
QUAD_FLUX = np.array([1, 0.7, 0.4, 0.2])
STEP_PX = 0.02
NEAR = STEP_PX * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])


def rms_and_flux(narrow, profile, side_px, upsampling=2, phases=PHASES_PX):
    """Return the relative rms of a star, flux and position matched, and the factor of its flux."""
    rms2, factor = [], []
    for place in phases:
        true = profile.stamp(side_px, *place).ravel()
        basis, best = _matched(narrow, true, np.array(place), side_px, upsampling)
        rms2.append(((true - basis @ best) ** 2).sum() / (true**2).sum())
        factor.append(best[0])
    return np.sqrt(np.mean(rms2)), np.mean(factor)


def _matched(narrow, true, place, side_px, upsampling):
    """Return a star and its slopes in x and y, and their amplitudes in a true star."""
    star, right, left, up, down = render(narrow, place + NEAR, side_px, upsampling)
    slopes = ((right - left) / (2 * STEP_PX), (up - down) / (2 * STEP_PX))
    basis = np.stack([star, *slopes]).reshape(3, -1).T
    return basis, np.linalg.lstsq(basis, true, rcond=None)[0]


def quad_errors(narrow, profile, side_px, upsampling=2, at=(0.13, -0.21)):
    """Relative errors of four blended fluxes of a scene without noise, known geometry.

    Flux scale and centre of the PSF are those of a single star.
    """
    true, place = profile.stamp(side_px, *at).ravel(), np.array(at)
    for _ in range(3):
        _, best = _matched(narrow, true, place, side_px, upsampling)
        place = place + best[1:] / best[0]
    offsets = QUAD_FWHM * profile.fwhm_px
    scene = sum(flux * profile.stamp(side_px, *(offset + at))
                for flux, offset in zip(QUAD_FLUX, offsets, strict=True))
    images = render(narrow, offsets + place, side_px, upsampling).reshape(4, -1).T
    return np.linalg.lstsq(images, scene.ravel(), rcond=None)[0] / best[0] / QUAD_FLUX - 1


def quad_rms(errors):
    """Return the rms of the three brighter images."""
    return np.sqrt(np.mean(np.square(errors[:3])))
