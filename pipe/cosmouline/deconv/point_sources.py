"""The point sources of a fit: where they are looked for, and what is known beforehand."""

from dataclasses import dataclass, replace

import numpy as np

SMALLEST_DISTANCE_PX = 0.05  # of two sources: nearer ones cannot be separated
FIXED_SD_PX = 1e-3  # of a position that is held: below any error of a position


@dataclass(frozen=True, eq=False)
class Sources:
    """Point sources, the images of the lens first, neighbours after them.

    Parameters
    ----------
    start_px : ndarray of float, shape (n_sources, 2)
        Offsets (x, y) in pixels of the reference frame, from the point whose positions in the
        stamps are ``epochs.shift_px``. Good to about .3 px.
    sigma_px : ndarray of float, shape (n_sources,), optional
        Errors of the positions relative to each other, per coordinate, where they are known; 0:
        held. NaN, and default: ``options.position_prior_px``.
    n_images : int, optional
        The first that many are images of the lens; default: all. Neighbours have no say in the
        prior of the galaxy, nor in where the field is.
    present : ndarray of bool, shape (n_epochs, n_sources), optional
        Where each shines; default: everywhere.

    Raises
    ------
    ValueError
        If a shape is wrong, a position is not finite, or two are the same.
    """

    start_px: np.ndarray
    sigma_px: np.ndarray | None = None
    n_images: int | None = None
    present: np.ndarray | None = None

    def __post_init__(self):
        # Shape, distance of the nearest two, and the rest
        start_px = np.asarray(self.start_px, float)
        object.__setattr__(self, "start_px", start_px)
        if start_px.ndim != 2 or start_px.shape[1] != 2 or not len(start_px):
            raise ValueError(f"start_px must have the shape (n_sources, 2), not {start_px.shape}")
        if not np.isfinite(start_px).all():
            raise ValueError("start_px must be finite")
        between = np.hypot(*(start_px[:, None] - start_px).T)
        if np.min(between + np.diag(np.full(len(start_px), np.inf))) < SMALLEST_DISTANCE_PX:
            raise ValueError(f"start_px must be {SMALLEST_DISTANCE_PX:g} px apart or more")
        if self.sigma_px is not None and np.shape(self.sigma_px) != (len(start_px),):
            raise ValueError(f"sigma_px must have the shape ({len(start_px)},)")
        if self.n_images is not None and not 1 <= self.n_images <= len(start_px):
            raise ValueError(f"n_images must be from 1 to {len(start_px)}, not {self.n_images}")

    def __len__(self):
        return len(self.start_px)

    def take(self, index):
        """Return the same in some of the epochs."""
        return self if self.present is None else replace(self, present=self.present[index])

    def checked(self, n_epochs):
        """Return the same; ValueError if `present` has other epochs, or a source never shines."""
        if self.present is None:
            return self
        if np.shape(self.present) != (n_epochs, len(self)):
            raise ValueError(f"present must have the shape {(n_epochs, len(self))}, not "
                             f"{np.shape(self.present)}")
        if not self.present.any(0).all():
            number = int(np.argmin(self.present.any(0)))
            raise ValueError(f"source {number + 1} of {len(self)} shines in no epoch")
        return self

    def inform(self, prior, options):
        """Return the `Prior` with the errors `sigma_px`, and a common shift of all positions."""
        if self.sigma_px is None or not np.isfinite(self.sigma_px).any():
            return prior
        sigma = np.where(np.isfinite(self.sigma_px), self.sigma_px, options.position_prior_px)
        sd = prior.sd.copy()
        sd[-2 * len(self):] = np.tile(np.maximum(sigma, FIXED_SD_PX), 2)
        return replace(prior, sd=sd, common_sd=options.shift_prior_px)


def as_sources(start, n_epochs):
    """Return the `Sources` of a fit, checked; from start positions (n_sources, 2) if need be."""
    sources = start if isinstance(start, Sources) else Sources(start)
    return sources.checked(n_epochs)
