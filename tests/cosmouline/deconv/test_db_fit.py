import json
from dataclasses import replace
from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.deconv import db_fit
from cosmouline.deconv.db_warm_start import Stored
from cosmouline.deconv.held import add_epochs as add_epochs_module
from cosmouline.deconv.io_fit import read_epochs
from cosmouline.deconv.point_sources import Sources
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


@pytest.mark.long
def test_a_field_and_no_galaxy_where_there_is_none(inputs):
    content, start_px, settings = inputs
    settings.extended_light = "auto"
    content = content._replace(draws=None, draw_scale=None)
    points, _ = db_fit.fit(content, start_px, inputs[2])

    fit, _ = db_fit.fit(content, start_px, settings)

    assert not fit.has_galaxy
    assert fit.flux == pytest.approx(points.flux, rel=0.03)


@pytest.mark.parametrize(("word", "n_sources", "n_images", "light"), [
    ("auto", 2, None, "auto"), ("galaxy", 2, None, "auto"), ("none", 2, None, "none"),
    ("auto", 1, None, "none"), ("galaxy", 1, None, "auto"), ("auto", 2, 1, "none")])
def test_a_single_star_has_no_galaxy_unless_it_is_asked_for(
        inputs, starred, word, n_sources, n_images, light):
    """A neighbour makes no lens of a star."""
    content, start_px, settings = inputs
    settings.deconv_engine, settings.extended_light = "starred", word
    sources = Sources(start_px[:n_sources], n_images=n_images)

    db_fit.fit(content._replace(draws=None, draw_scale=None), sources, settings)

    assert starred[-1][2].extended_light == light


def test_what_keeps_a_fit_from_being_made_is_told(inputs):
    content, start_px, settings = inputs
    content.epochs.good[:] = False

    with pytest.raises(UserError, match="the joint fit cannot be made: "):
        db_fit.fit(content, start_px, settings)


@pytest.fixture
def starred(monkeypatch):
    """Give what STARRED is called with; it is not run."""
    called = []

    def fit_starred(epochs, sources, options, progress):
        called.append((epochs, sources, options))
        return SimpleNamespace(flux=np.full((2, 2), 5.0))

    monkeypatch.setattr("cosmouline.deconv.starred.fit.fit_starred", fit_starred)
    monkeypatch.setattr(db_fit, "keep_compiled", lambda path: called.append(path))
    monkeypatch.setattr(db_fit, "device", lambda: "a processor")
    return called


def test_the_engine_is_that_of_the_settings(inputs, starred, caplog):
    content, start_px, settings = inputs
    settings.deconv_engine = "starred"

    fit, psf_error = db_fit.fit(content._replace(draws=None, draw_scale=None), start_px, settings)

    folder, (epochs, sources, options) = starred
    assert folder == paths.compiled(settings)
    assert epochs is content.epochs
    assert sources is start_px
    assert options.extended_light == "none"
    assert (fit.flux == 5).all()
    assert np.isnan(psf_error).all()
    assert "STARRED works on: a processor" in caplog.messages


@pytest.mark.parametrize(("name", "value"), [("extra_sources", {"N": (1.0, 2.0)}),
                                             ("source_epochs", {"A": ("2020-01-01", None)})])
def test_what_starred_cannot_fit_is_refused(inputs, starred, name, value):
    content, start_px, settings = inputs
    settings.deconv_engine = "starred"
    setattr(settings, name, value)

    with pytest.raises(UserError, match=f"{name} is for deconv_engine = 'gp'"):
        db_fit.fit(content, start_px, settings)
    assert starred == []


def test_epochs_keep_their_order_where_a_fit_goes_on(inputs):
    """From the fit of the second and fourth of six: each flux within .1 of its error."""
    content, start_px, settings = inputs
    epochs = replace(content.epochs, shift_sigma_px=None)  # two cannot measure their scatter
    content = content._replace(epochs=epochs, draws=None, draw_scale=None)
    cold, _ = db_fit.fit(content, start_px, settings)
    few = content._replace(epochs=content.epochs.take([3, 1]),
                           names=[content.names[i] for i in (3, 1)])
    part, errors = db_fit.fit(few, start_px, settings)

    warm, _ = db_fit.fit(content, Sources(start_px), settings,
                         Stored(part, errors, few.names, {}))

    assert np.abs((warm.flux - cold.flux) / cold.flux_sigma).max() < 0.1
    assert warm.n_started == 2
    assert warm.shift_px == pytest.approx(cold.shift_px, abs=0.01)


def test_new_epochs_join_the_stored_fit_under_its_scene(inputs, monkeypatch):
    """In their own order; where that would move too far, or is not wanted, all are fitted."""
    content, start_px, settings = inputs
    content = content._replace(draws=None, draw_scale=None, keys=list("abcdef"))
    few = content._replace(epochs=content.epochs.take([3, 1, 0, 5, 2]), keys=list("dbafc"),
                           names=[content.names[i] for i in (3, 1, 0, 5, 2)])
    part, errors = db_fit.fit(few, start_px, settings)
    stored = Stored(part, errors, few.names, {"keys": json.dumps(few.keys)})
    monkeypatch.setattr(add_epochs_module, "MOST_MOVED", 5.0)

    held, _ = db_fit.fit(content, Sources(start_px), settings, stored)

    whole, _ = db_fit.fit(content, Sources(start_px), settings, stored._replace(made_of={}))
    assert np.abs((held.flux - whole.flux) / whole.flux_sigma).max() < 0.1
    assert (held.n_held, whole.n_held) == (1, 0)
    monkeypatch.setattr(add_epochs_module, "MOST_MOVED", 0.0)
    again, _ = db_fit.fit(content, Sources(start_px), settings, stored)
    assert again.n_held == 0
    assert np.array_equal(again.flux, whole.flux)
