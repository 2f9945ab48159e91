"""Both scripts that align follow the same settings, on two made-up catalogues."""

from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.sources.detect import CATALOG_DTYPE
from cosmouline.sources.io_sources import write_sources
from cosmouline.sources.star_catalogue import positions

import astroalign
import numpy as np
import pytest

PICK, IDENTIFY = "3_align/1a_pick_reference", "3_align/1b_identify_stars"


def catalogue(xy):
    rows = np.zeros(len(xy), CATALOG_DTYPE)
    rows["x_px"], rows["y_px"] = xy.T
    return rows


@pytest.fixture
def align(script, tmp_path):
    """Give a function that tells whether a script aligns a catalogue of 60 stars, and its image.

    The image is shifted, its positions scatter by 0.3 px, and it may be mirrored.
    """
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 1000, (60, 2))
    image_xy = xy + np.array([12.5, -7.0]) + rng.normal(0, 0.3, xy.shape)

    def is_aligned(name, is_mirrored=False, **changes):
        settings = SimpleNamespace(**{"work_dir": tmp_path, "align_method": "triangles",
                                      "align_rms_max_px": 1.5, "allow_mirror_images": False}
                                   | changes)
        image = catalogue(image_xy * (-1 if is_mirrored else 1, 1))
        if name == PICK:
            return script(f"pipe/{name}").aligned(catalogue(xy), image, settings) is not None
        write_sources(paths.catalog(settings, "i"), image)
        return script(f"pipe/{name}").measure(
            {"img_name": "i"}, settings, positions(catalogue(xy)), np.zeros(2))["is_aligned"]

    return is_aligned


@pytest.mark.parametrize("name", [PICK, IDENTIFY])
def test_the_scatter_is_limited(align, name):
    assert align(name)
    assert not align(name, align_rms_max_px=0.2)  # sqrt(2) 0.3 px are there


@pytest.mark.parametrize("name", [PICK, IDENTIFY])
def test_a_mirror_image_must_be_allowed(align, name):
    assert not align(name, is_mirrored=True)
    assert align(name, is_mirrored=True, allow_mirror_images=True)


@pytest.mark.parametrize("name", [PICK, IDENTIFY])
def test_the_method_is_the_one_of_the_settings(align, name, monkeypatch):
    assert align(name, align_method="astroalign")

    def fails(*_):
        raise astroalign.MaxIterError("List of matching triangles exhausted")

    monkeypatch.setattr(astroalign, "find_transform", fails)
    assert not align(name, align_method="astroalign")
    assert align(name)
