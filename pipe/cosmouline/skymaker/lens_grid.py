"""A grid of lenses: Einstein radius, brightness of lens and host, where the source stands.

Made after the Lens Time Delay Experiment (Neira et al. 2025, arXiv 2504.16249), whose 27 kinds of
lenses in four configurations it has; what a brightness of 010, 050 or 100 is relative to is chosen
here: see `Cell`.
"""

from dataclasses import dataclass
from itertools import product

from cosmouline.skymaker.deflector import Deflector

import numpy as np

RADII_ARCSEC = (0.7, 1.0, 1.5)
PER_CENT = (10, 50, 100)
# Where the source stands: direction of a point of the caustic, and which part of the way to it
CONFIGURATIONS = {"cross": (0.5, 0.15), "fold": (0.7, 0.75), "cusp": (0.05, 0.75),
                  "double": (0.6, 1.7)}
AXIS_RATIO = 0.7
QUASAR_MAG = 18.5  # all images together
HOST_ARCSEC, HOST_INDEX = 0.35, 1.0  # half-light radius of the source's host: a disc
GALAXY_RADIUS, GALAXY_INDEX, GALAXY_AXIS_RATIO = 0.8, 4.0, 0.8  # radius in Einstein radii


@dataclass(frozen=True)
class Cell:
    """A kind of lens.

    `lens_per_cent` is the light of the lensing galaxy relative to that of all images together,
    `host_per_cent` that of the host relative to its quasar, both before they are lensed.
    """

    einstein_arcsec: float
    lens_per_cent: int
    host_per_cent: int
    configuration: str = "cross"

    @property
    def name(self):
        """Its name: radius, lens, host, configuration."""
        return (f"{self.einstein_arcsec:.1f}:{self.lens_per_cent:03d}:{self.host_per_cent:03d}:"
                f"{self.configuration}")


@dataclass(frozen=True)
class GridLens:
    """A lens of a cell, on axes of its own (x along the major axis of the mass), in arcsec.

    Images come in the order of their arrival; `fraction` is theirs of the light of all of them,
    `delay_days` later than the first. `host_light` is the lensed light of the host, relative to
    that of all images.
    """

    cell: Cell
    deflector: Deflector
    source_arcsec: tuple
    images_arcsec: np.ndarray
    fraction: np.ndarray
    delay_days: np.ndarray
    quasar_fraction: float  # of an unlensed quasar

    def host_density(self, x, y):
        """Lensed light of the host per square arcsec, the images together having a flux of 1."""
        at_x, at_y = self.deflector.source(x, y)
        radius = np.hypot(at_x - self.source_arcsec[0], at_y - self.source_arcsec[1])
        scale = HOST_ARCSEC / 1.67835  # of an exponential disc, whose half light is at 1.678
        light = np.exp(-radius / scale) / (2 * np.pi * scale**2)
        return self.cell.host_per_cent / 100 * self.quasar_fraction * light


def all_cells(configurations=("cross",)):
    """Return the cells of some configurations, 27 of each."""
    return [Cell(radius, lens, host, name) for name in configurations
            for radius, lens, host in product(RADII_ARCSEC, PER_CENT, PER_CENT)]


def cell_of(name):
    """Return the cell of a name; ValueError, with the names that are known, for another."""
    known = {cell.name: cell for cell in all_cells(CONFIGURATIONS)}
    if name not in known:
        raise ValueError(f"{name!r} is no cell: they are as {next(iter(known))}, with radii "
                         f"{RADII_ARCSEC}, per cent {PER_CENT}, and {', '.join(CONFIGURATIONS)}")
    return known[name]


def grid_lens(cell, rng):
    """Draw a lens of a cell: the place of its source varies by some per cent of the caustic."""
    deflector = Deflector(cell.einstein_arcsec, AXIS_RATIO)
    angle, part = CONFIGURATIONS[cell.configuration]
    angle, part = angle + rng.uniform(-0.05, 0.05), part * rng.uniform(0.95, 1.05)
    source = part * np.array(deflector.caustic(angle))
    places = deflector.images(source)
    magnification = np.abs(deflector.magnification(*places.T))
    delay = deflector.delay_days(places, source)
    return GridLens(cell, deflector, tuple(source.tolist()), places,
                    magnification / magnification.sum(), delay - delay.min(),
                    float(1 / magnification.sum()))
