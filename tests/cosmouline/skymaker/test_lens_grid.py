"""The grid of lenses: its cells, their images, the light of the host."""

from cosmouline.skymaker.lens_grid import (
    CONFIGURATIONS,
    HOST_ARCSEC,
    Cell,
    all_cells,
    cell_of,
    grid_lens,
)

import numpy as np
import pytest


def test_a_configuration_has_27_cells_of_different_names():
    names = [cell.name for cell in all_cells(CONFIGURATIONS)]

    assert len(names) == len(set(names)) == 4 * 27
    assert [cell_of(name).name for name in names[:3]] == names[:3]


def test_an_unknown_cell_is_named_with_what_is_known():
    with pytest.raises(ValueError, match=r"'1.1:010:010:cross' is no cell: they are as 0.7:010"):
        cell_of("1.1:010:010:cross")


@pytest.mark.parametrize(("name", "n_images"), [("cross", 4), ("fold", 4), ("cusp", 4),
                                                ("double", 2)])
@pytest.mark.parametrize("seed", [1, 2])
def test_each_configuration_has_its_images(name, n_images, seed):
    lens = grid_lens(Cell(1.0, 50, 10, name), np.random.default_rng(seed))

    assert len(lens.images_arcsec) == len(lens.delay_days) == n_images
    assert lens.fraction.sum() == pytest.approx(1.0)
    assert lens.delay_days[0] == 0
    np.testing.assert_allclose(np.stack(lens.deflector.source(*lens.images_arcsec.T), 1),
                               np.tile(lens.source_arcsec, (n_images, 1)), atol=1e-12)


def test_an_image_of_a_fold_pair_is_brighter_than_those_of_a_cross():
    brightest = [grid_lens(Cell(1.0, 50, 10, name), np.random.default_rng(1)).fraction.max()
                 for name in ("cross", "fold")]

    assert brightest[1] > brightest[0]


def test_the_light_of_the_host_is_that_of_its_points_magnified():
    """Against 200 points of the disc, each with the magnifications of all of its images."""
    light = {}
    axis = (np.arange(400) - 199.5) * 0.025
    for per_cent in (10, 100):
        lens = grid_lens(Cell(1.0, 10, per_cent, "cross"), np.random.default_rng(1))
        light[per_cent] = lens.host_density(axis[None, :], axis[:, None]).sum() * 0.025**2

    rng = np.random.default_rng(1)
    radius = rng.gamma(2, HOST_ARCSEC / 1.67835, 200)  # of an exponential disc: x exp(-x)
    angle = rng.uniform(0, 2 * np.pi, 200)
    points = lens.source_arcsec + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    magnified = [np.abs(lens.deflector.magnification(*lens.deflector.images(point).T)).sum()
                 for point in points]

    assert light[100] == pytest.approx(10 * light[10])
    error = np.std(magnified) / np.sqrt(200) * lens.quasar_fraction
    assert light[100] == pytest.approx(np.mean(magnified) * lens.quasar_fraction, abs=5 * error)
