"""What the PSF of an image is and what is measured with it, for two sets of stamps.

That it is right is shown elsewhere, against truth and by hand: see tests/recorded.py.
"""

from dataclasses import fields

from cosmouline.psf import model, star_rejection
from cosmouline.psf.core_cosmics import fluxes_without_hits
from cosmouline.psf.evidence import log_evidence
from cosmouline.psf.fit import PsfOptions, fit_psf
from cosmouline.psf.photometry import has_core, is_reliable, star_fluxes
from cosmouline.psf.posterior_draws import flux_scale, psf_draws

import numpy as np
import pytest

LOOSE = (("", 1e-3), ("residual_fraction", 0.02), ("white", 0.02))  # steps end at a tolerance
DRAWN = (("", 1e-2),)


@pytest.fixture(scope="module", params=["plain", "field"])
def image(request, star_stamps):
    """Six stars, one with a cosmic ray in its core and one with a neighbour; or a field of ten."""
    n_stars, gradient = (6, 0.0) if request.param == "plain" else (10, 0.08)
    stamps = star_stamps(21, 3.2, (2e4, 3e5), n_stars=n_stars, side_px=24, gradient=gradient,
                         lobe=0.05, axis_ratio=0.9)
    stamps.data[1, 12, 12] += 4000.0
    stamps.data[2] += 3000 * stamps.truth.stamp(24, 6.0, -5.0)
    stamps.good[3, 2:5, 15:18] = False
    given = stamps.data, stamps.sky_variance, stamps.good
    fit = fit_psf(*given, 3.2, PsfOptions(max_steps=60), uv=stamps.uv)
    return request.param, stamps, given, fit


def test_the_fit_and_its_draws(image, recorded):
    name, stamps, _, fit = image
    draws, flux = psf_draws(fit, 3, 5, uv=np.array([0.3, -0.4]))
    found = {field.name: getattr(fit, field.name) for field in fields(fit)
             if field.name not in ("psf", "options")}
    recorded(f"psf/{name}", found | {
        "psf": fit.psf, "narrow": fit.psf.narrow(np.array([0.3, -0.4])),
        "evidence": np.diff(log_evidence(stamps.data, fit, (0.02, 0.05, 0.1)))}, LOOSE)
    recorded(f"psf/{name}_draws", {
        "draws": draws, "flux": flux, "scale": flux_scale(flux, fit, 3.2, stamps.sky_variance)},
        DRAWN)


@pytest.mark.parametrize("how", [{}, {"weights": "uniform", "fit_sky": True}, {"fwhm_px": 3.2}])
def test_stars_measured_with_it(image, recorded, how):
    name, stamps, given, fit = image
    stars = star_fluxes(*given, fit.psf.narrow(), 2, stamps.offset_px, **how)
    recorded(f"psf/{name}_stars_{'_'.join(how) or 'plain'}", {
        "stars": stars, "is_reliable": is_reliable(stars, 3.2), "has_core": has_core(stars, 3.2)},
        LOOSE)


def test_cores_and_shapes(image, recorded):
    name, stamps, given, fit = image
    narrow = fit.psf.narrow()
    stars, hit = fluxes_without_hits(*given, narrow, 2, stamps.offset_px, 3.2)
    images = stamps.flux_e[:, None, None] * model.render(narrow, stamps.offset_px, 24, 2)
    all_used = np.ones(len(stamps.flux_e), bool)
    quality = star_rejection.star_quality(*given[:1], images, *given[1:], 0.02)
    recorded(f"psf/{name}_cores", {
        "flux": stars.flux_e, "hit": hit, "quality": quality,
        "shapes": star_rejection.drop_misshapen(*given, 3.2, all_used, 3),
        "coarse": star_rejection.drop_coarse(quality, all_used, 3),
        "fine": star_rejection.drop_fine(quality, all_used, 3)}, LOOSE)


def test_moffats_and_what_moves_them(recorded):
    parameters = np.array([[np.log(3.0), 0.1, -0.05, np.log(2.6)],
                           [np.log(2.4), -0.2, 0.08, np.log(3.4)]])
    recorded("psf/moffat", {
        "images": model.moffat(parameters, 40, 2),
        "slopes": model.moffat_derivatives(parameters, 40, 2),
        "outside": [model.moffat_outside(one, 20) for one in parameters],
        "shift": model.shift_operator(np.array([0.3, -0.2]), 12, 2),
        "slope": model.shift_operator(np.array([0.3, -0.2]), 12, 2, derivative=True),
        "limited": model.limit_ellipticity(np.array([0.9, -0.7]), 0.6)})
