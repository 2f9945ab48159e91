"""A singular isothermal ellipsoid as gravitational lens: where its images are, and how bright."""

from dataclasses import dataclass

import numpy as np

N_ANGLES = 4096  # in which images are looked for; two that are nearer than .1 deg are missed
N_BISECTIONS = 50  # to the last bit of the angle of an image
DAYS_PER_ARCSEC2 = 84.0  # of delay: a time-delay distance of 3 Gpc


@dataclass(frozen=True)
class Deflector:
    """Singular isothermal ellipsoid at the origin, its major axis along x.

    `einstein_arcsec` is the radius of the circle of the area within the critical curve,
    `axis_ratio` that of its surface density, below 1.

    Notes
    -----
    Kormann, Schneider & Bartelmann 1994, A&A 284, 285. The deflection depends on the direction
    alone, so that the images of a source are the roots of one equation in the angle.
    """

    einstein_arcsec: float
    axis_ratio: float

    def __post_init__(self):
        if not 0 < self.axis_ratio < 1:
            raise ValueError(f"axis_ratio must be between 0 and 1, not {self.axis_ratio}")

    def deflection(self, x, y):
        """Deflection (x, y) in arcsec at places in arcsec, which broadcast; not at the origin."""
        q, flat = self.axis_ratio, np.sqrt(1 - self.axis_ratio**2)
        radius = np.sqrt(q**2 * np.square(x) + np.square(y))
        scale = self.einstein_arcsec * np.sqrt(q) / flat
        return scale * np.arctan(flat * x / radius), scale * np.arctanh(flat * y / radius)

    def source(self, x, y):
        """Place of the source whose light is seen at (x, y)."""
        by_x, by_y = self.deflection(x, y)
        return x - by_x, y - by_y

    def magnification(self, x, y):
        """Magnification of a point at (x, y); negative where its parity is turned."""
        q = self.axis_ratio
        convergence = 0.5 * self.einstein_arcsec / np.sqrt(q * np.square(x) + np.square(y) / q)
        return 1 / (1 - 2 * convergence)

    def caustic(self, angle_rad):
        """Point (x, y) of the tangential caustic under a direction in the plane of the images."""
        q, cos, sin = self.axis_ratio, np.cos(angle_rad), np.sin(angle_rad)
        radius = self.einstein_arcsec / np.sqrt(q * cos**2 + sin**2 / q)
        return self.source(radius * cos, radius * sin)

    def images(self, source):
        """Places of the images of a point source, shape (n, 2), in arcsec; the nearest first.

        `source` is (x, y) in arcsec; nearest in the time of arrival.
        """
        def turned(angle):
            """Component across the direction `angle` of what is to lie along it."""
            by_x, by_y = self.deflection(np.cos(angle), np.sin(angle))
            return (source[1] + by_y) * np.cos(angle) - (source[0] + by_x) * np.sin(angle)

        angle = np.linspace(0, 2 * np.pi, N_ANGLES + 1)
        value = turned(angle)
        low = np.flatnonzero(np.sign(value[:-1]) != np.sign(value[1:]))
        left, right = angle[low], angle[low + 1]
        for _ in range(N_BISECTIONS):
            middle = 0.5 * (left + right)
            is_left = np.sign(turned(middle)) == np.sign(turned(left))
            left, right = np.where(is_left, middle, left), np.where(is_left, right, middle)
        cos, sin = np.cos(left), np.sin(left)
        by_x, by_y = self.deflection(cos, sin)
        radius = (source[0] + by_x) * cos + (source[1] + by_y) * sin
        places = (radius[:, None] * np.stack([cos, sin], 1))[radius > 0]
        return places[np.argsort(self.delay_days(places, source))]

    def delay_days(self, places, source):
        """Time of arrival of the light of images (n, 2), after that of an undeflected ray."""
        potential = (places * np.stack(self.deflection(*places.T), 1)).sum(1)
        return DAYS_PER_ARCSEC2 * (0.5 * ((places - source) ** 2).sum(1) - potential)
