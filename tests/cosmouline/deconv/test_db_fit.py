from cosmouline.database import paths
from cosmouline.deconv import db_fit
from cosmouline.deconv.io_fit import read_epochs
from cosmouline.errors import UserError

import numpy as np
import pytest


@pytest.fixture
def inputs(lens_after):
    """Epochs of the small lens, the true offsets of its images, and settings."""
    lens = lens_after("7_deconv/2_apply_norm")
    settings = lens.settings()
    content = read_epochs(paths.deconvolution(settings) / "epochs.npz")
    start_px = lens.truth.xy("R_tiny_0001", "image") - content.centre_px
    return content, start_px, settings


def test_points_alone_where_the_settings_say_so(inputs):
    fit, psf_error = db_fit.fit(*inputs)

    assert not fit.has_galaxy
    assert len(fit.node_flux) == 0 or np.all(fit.node_flux == 0)
    assert fit.options.extended_light == "none"
    # stars of S/N above 300 make a PSF that is known to some 0.1 %
    assert psf_error.shape == fit.flux.shape
    assert 1e-4 < np.median(psf_error) < 1e-2


def test_without_draws_the_errors_of_the_psfs_are_not_known(inputs):
    content, start_px, settings = inputs

    _, psf_error = db_fit.fit(content._replace(draws=None, draw_scale=None), start_px,
                              settings)

    assert np.isnan(psf_error).all()


def test_a_field_and_no_galaxy_where_there_is_none(inputs):
    content, start_px, settings = inputs
    settings.extended_light = "auto"
    content = content._replace(draws=None, draw_scale=None)
    points, _ = db_fit.fit(content, start_px, inputs[2])

    fit, _ = db_fit.fit(content, start_px, settings)

    assert not fit.has_galaxy
    assert fit.flux == pytest.approx(points.flux, rel=0.03)


def test_what_keeps_a_fit_from_being_made_is_told(inputs):
    content, start_px, settings = inputs
    content.epochs.good[:] = False

    with pytest.raises(UserError, match="the joint fit cannot be made: "):
        db_fit.fit(content, start_px, settings)
