"""Check that the start positions are where the lens is, and the right way round."""

from dataclasses import dataclass, replace

from cosmouline import library
from cosmouline.deconv.find_sources import NARROW, WIDE, best_epochs, peaks, sharpened_stack
from cosmouline.deconv.fit_lens import first_pass
from cosmouline.deconv.normal_equations import objective
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.point_sources import Sources
from cosmouline.psf.model import FWHM_PER_SIGMA

import numpy as np

optimize = library("scipy.optimize")

AS_GIVEN, MOVED = "as given", "moved"
TURNS = {"turned by 180 degrees": (-1, -1), "mirrored left-right": (-1, 1),
         "mirrored up-down": (1, -1)}
FIGURE_PRIOR_PX = 0.2  # a figure that may bend does not show its way round
N_EPOCHS = 6  # the sharpest, that are looked at
SAME_PX = 0.7  # a figure whose sources all fall on others within this looks the same
COARSE_PX, FINE_PX = 1.0, 0.2  # steps of the slide
CLEAR_GAIN = 50.0  # of chi2, that shows that an orientation is wrong
DOUBTFUL_GAIN = 10.0  # of chi2, that is more than noise
CLEAR_FRACTION = 0.5  # of the excess of chi2 over its expectation that it must remove
SMALLEST_MOVE_PX = 0.7  # the fit itself finds what is nearer
STAR_FWHM = 1.0  # beyond the outermost image: what stands out farther away is no image


@dataclass(frozen=True)
class Orientation:
    """One way round: what it is called, its start positions (n_images, 2), and how well it fits.

    `objective` is chi2 plus priors of a fit without field to `n_pixels`; infinite where none could
    be made.
    """

    name: str
    start_px: np.ndarray
    objective: float
    n_pixels: int


def match_start(epochs, start_px, radius_px, stars_px=()):
    """Slide sources (n_images, 2) of known separations over the sharpest images, stars standing.

    Returns what to add to their positions, within a radius; good to .3 px, where no galaxy
    outshines the sources.

    At each offset the fluxes, not negative, that explain the difference of two Gaussians of the
    mean image best.
    """
    image, sigma_px = sharpened_stack(best_epochs(epochs))
    stars_px = np.reshape(stars_px, (-1, 2))
    offset, left = np.zeros(2), _left(image, sigma_px, np.vstack([start_px, stars_px]))
    for step, limit in ((COARSE_PX, radius_px), (FINE_PX, COARSE_PX)):
        steps = np.arange(-int(limit / step), int(limit / step) + 1) * step
        trials = offset + np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
        trials = trials[np.hypot(*trials.T) <= radius_px]
        found = [_left(image, sigma_px, np.vstack([start_px + trial, stars_px]))
                 for trial in trials]
        if found and min(found) < left:
            offset, left = trials[np.argmin(found)], min(found)
    return offset


def orientations(epochs, start_px, radius_px, options=None, extra_px=()):
    """Fit the sources as given, moved, and turned and mirrored about their middle.

    Each may first be moved to its best position within a radius. Returns a list of `Orientation`:
    the given one, then those that differ from it. On the sharpest epochs, first without a galaxy;
    with one where that leaves a doubt. Neighbours at `extra_px` (n, 2), and stars that stand out
    beyond the images, are fitted with each and stay where they are: an image that is turned onto
    a bright star would fit better.
    """
    options = replace(options or FitOptions(), position_prior_px=FIGURE_PRIOR_PX)
    epochs = best_epochs(epochs.with_sky_sigma(options.sky_sigma_factor), N_EPOCHS)
    stars_px = _stars(epochs, start_px, np.reshape(extra_px, (-1, 2)))
    # Start positions as given, moved (not to the border), and the figures that look different
    figures, middle = {AS_GIVEN: start_px}, start_px.mean(0)
    offset = match_start(epochs, start_px, radius_px, stars_px)
    if SMALLEST_MOVE_PX < np.hypot(*offset) < radius_px - COARSE_PX:
        figures[MOVED] = start_px + offset
    for name, signs in TURNS.items():
        turned = middle + (start_px - middle) * signs
        nearest = np.hypot(*(turned[:, None] - start_px).T).min(0)
        if not (nearest < SAME_PX).all():
            figures[name] = turned + match_start(epochs, turned, radius_px, stars_px)
    # A fit of each, again with a galaxy unless the given one is better than all turned ones
    for light in ("none", options.extended_light):
        chosen = replace(options, extended_light=light)
        found = []
        for name, places in figures.items():
            apart = np.hypot(*(stars_px[:, None] - places).T).min(0)
            both = np.vstack([places, stars_px[apart > SAME_PX]])
            try:
                _, problem, state, sweep = first_pass(
                    epochs, Sources(both, n_images=len(places)), chosen,
                    lambda *_, **values: None)
            except (ValueError, np.linalg.LinAlgError):
                found.append(Orientation(name, places, np.inf, 0))
                continue
            n_pixels = int((problem.weight > 0).sum())
            found.append(Orientation(name, places, objective(problem, state, sweep), n_pixels))
        if all(is_clearly_better(found[0], other) for other in found if other.name in TURNS):
            break
    return found


def upright(found):
    """Of the `orientations` the given one, moved if that fits better."""
    moved = [one for one in found if one.name == MOVED]
    is_better = moved and found[0].objective - moved[0].objective > DOUBTFUL_GAIN
    return moved[0] if is_better else found[0]


def best_turned(found):
    """Best of the turned and mirrored `orientations`; None where all look the same."""
    turned = [one for one in found if one.name in TURNS]
    return min(turned, key=lambda one: one.objective, default=None)


def is_clearly_better(one, other):
    """Return whether one orientation shows that another is wrong.

    It removes half of what the other leaves beyond the noise, and 50 of chi2 at least.
    """
    excess = other.objective - other.n_pixels
    return other.objective - one.objective > max(CLEAR_GAIN, CLEAR_FRACTION * excess)


def _stars(epochs, start_px, extra_px):
    """Return the neighbours, and the places of what stands out beyond the images."""
    image, sigma_px = sharpened_stack(best_epochs(epochs))
    places, middle = peaks(image, sigma_px), start_px.mean(0)
    fwhm_px = FWHM_PER_SIGMA * sigma_px
    size_px = np.hypot(*(start_px - middle).T).max() + STAR_FWHM * fwhm_px
    places = places[np.hypot(*(places - middle).T) > size_px]
    known = np.vstack([start_px, extra_px])
    is_new = np.hypot(*(places[:, None] - known).T).min(0) > STAR_FWHM * fwhm_px
    return np.vstack([extra_px, places[is_new]])


def _left(image, sigma_px, places_px):
    """Squares that sources at these positions leave of a sharpened image."""
    # Sources as the same difference of Gaussians, each on top of the seeing
    axis = np.arange(len(image)) - (len(image) - 1) / 2
    narrow, wide = (np.hypot(1.0, factor) * sigma_px for factor in (NARROW, WIDE))
    designs = []
    for width in (narrow, wide):
        profile = [np.exp(-0.5 * ((axis - place[:, None]) / width) ** 2) / width
                   for place in places_px.T]
        designs.append(profile[1][:, :, None] * profile[0][:, None, :])
    design = (designs[0] - designs[1]).reshape(len(places_px), -1)
    # Non-negative fluxes from the normal equations: the data enter by one product
    gram = design @ design.T
    root = np.linalg.cholesky(gram + 1e-9 * np.trace(gram) * np.eye(len(gram)))
    data = np.linalg.solve(root, design @ image.ravel())
    return float(np.sum(image**2) - data @ data + optimize.nnls(root.T, data)[1] ** 2)
