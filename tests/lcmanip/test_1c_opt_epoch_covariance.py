"""The covariance of the epochs: a file where stars show it, a line where they do not."""

from types import SimpleNamespace

import numpy as np
import pytest

SCRIPT = "lcmanip/1c_opt_epoch_covariance"
SIGMA, N_POINTS, SCALE_D = 0.004, 30, 30.0
SETTINGS = SimpleNamespace(lens_name="OTHER", psf_name="p", renorm_name="r")


@pytest.fixture
def measure(script, monkeypatch, tmp_path):
    """Give the function that draws six stars with such a lasting noise, and measures."""
    module, asked = script(SCRIPT), []

    def measured(amplitude, n_stars=6):
        rng = np.random.default_rng(2)
        mjd = np.sort(rng.uniform(0, 300, N_POINTS))
        kernel = np.exp(-np.abs(mjd[:, None] - mjd) / SCALE_D) + 1e-9 * np.eye(N_POINTS)
        joined = {"mhjd": mjd}
        for name in "abcdef"[:n_stars]:
            lasting = amplitude * np.linalg.cholesky(kernel) @ rng.standard_normal(N_POINTS)
            joined |= {f"mag_{name}": lasting + SIGMA * rng.standard_normal(N_POINTS),
                       f"magerr_{name}_cov": np.full(N_POINTS, SIGMA)}
        table = {"mhjd": mjd, "magerr_A_cov": np.full(N_POINTS, 0.01)}
        monkeypatch.setattr(module.db_curves, "read_published", lambda _: table)
        monkeypatch.setattr(module.db_star_magnitudes, "star_names",
                            lambda images, psf, renorm: asked.append((psf, renorm)) or list(
                                "abcdef"[:n_stars]))
        monkeypatch.setattr(module.db_star_curves, "joined_stars", lambda *_: joined)
        curve = SimpleNamespace(path=tmp_path / "l.rdb", sources=["A"], settings=SETTINGS)
        return module.measure(curve, [], SETTINGS), asked, tmp_path / "l_cov_A.txt"

    return measured


def test_noise_that_lasts_is_written_for_each_source(measure):
    text, asked, path = measure(2 * SIGMA)

    assert "6 stars have noise of" in text
    assert asked == [("p", "r")]
    assert path.read_text().startswith("# OTHER A: mag^2")
    matrix = np.loadtxt(path)
    assert matrix.shape == (N_POINTS, N_POINTS)
    assert (matrix == matrix.T).all()
    assert (np.linalg.eigvalsh(matrix) > 0).all()
    # the error of the point, and the noise that was drawn, to 35 %
    assert np.diag(matrix) == pytest.approx(0.01**2 + (2 * SIGMA) ** 2, rel=0.5)


def test_independent_epochs_have_no_file(measure):
    text, _, path = measure(0.0)

    assert "6 stars show no noise that lasts" in text
    assert not path.exists()


def test_few_stars_tell_nothing(measure):
    assert "too few stars" in measure(0.0, n_stars=2)[0]
