"""A result through plain arrays and JSON."""

import io
import json

from cosmouline.deconv.result import LensFit

import numpy as np
import pytest


def test_result_survives_npz_and_json(lens):
    _, _, fit = lens
    arrays, header = fit.to_arrays()
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    text = json.dumps(header, allow_nan=False)

    with np.load(file, allow_pickle=False) as stored:
        back = LensFit.from_arrays(stored, json.loads(text))

    again, header_again = back.to_arrays()
    assert set(again) == set(arrays)
    assert all(np.array_equal(again[name], arrays[name], equal_nan=True) for name in arrays)
    assert header_again == header
    assert back.options == fit.options
    assert back.galaxy == fit.galaxy


def test_a_missing_entry_is_named(lens):
    arrays, header = lens[2].to_arrays()
    del arrays["flux"], header["scale"]

    with pytest.raises(ValueError, match="arrays and header have no flux, scale"):
        LensFit.from_arrays(arrays, header)


def test_errors_are_roots_of_the_covariances(lens):
    fit = lens[2]

    assert fit.flux_sigma[2, 1] == pytest.approx(np.sqrt(fit.covariance_total[2, 1, 1]))
    assert fit.flux_systematic[1] == pytest.approx(np.sqrt(fit.systematic_covariance[1, 1]))
    assert fit.measured.all()


def test_equations_go_with_the_epochs_that_they_are_of(lens):
    """In another order they go along; without one of them they are lost."""
    _, _, fit = lens
    order = np.array([3, 0, 5, 1, 4, 2])

    assert np.array_equal(fit.take(order).equations.products, fit.equations.products[order])
    assert fit.take(order[:5]).equations is None
    assert fit.take(slice(0, 6)).equations is not None
