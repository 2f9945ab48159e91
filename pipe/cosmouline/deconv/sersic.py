"""The Sersic profile as a sum of Gaussians: table, interpolation, Fourier transform, picture."""

import functools

from cosmouline import library

import numpy as np

optimize = library("scipy.optimize")
special = library("scipy.special")

INDICES = np.arange(0.5, 7.01, 0.25)  # Sersic indices of the table
SIGMAS = np.geomspace(0.004, 12.0, 18)  # of the Gaussians, in effective radii
INDEX_RANGE = (0.55, 6.9)  # of the fit: inside the table, where its slopes are good
FIT_RADII = np.geomspace(1e-3, 15.0, 400)  # where the sums are fitted to the profile
RIDGE = 1e-4  # keeps neighbouring Gaussians from sharing the light at random
ROUND = 1e-12  # under the root of |e|^2, so that its slope exists at e = 0
TABLE_STEP = 0.02  # in ln(exponent): its cubics are good to 2e-9 of the flux
STRETCHES = np.array([[[1.0, 0.0], [0.0, -1.0]], [[0.0, 1.0], [1.0, 0.0]]])  # of e1 and of e2


def profile(radius, index):
    """Surface brightness of a round Sersic profile of flux 1, per squared effective radius.

    Radii are in effective radii. Graham & Driver 2005, PASA 22, 118, eqs 1-4.
    """
    b = special.gammaincinv(2 * index, 0.5)
    flux = 2 * np.pi * index * np.exp(b) * b ** (-2 * index) * special.gamma(2 * index)
    return np.exp(-b * (radius ** (1 / index) - 1)) / flux


@functools.cache
def gaussian_table():
    """Fluxes (>= 0) of the Gaussians that make up a Sersic profile of each index of the table.

    One row for each of `INDICES`, one column for each of `SIGMAS`.

    Notes
    -----
    Non-negative least squares (Hogg & Lang 2013, PASP 125, 719, have the idea), weighted by
    radius^1.5. The sums are 1.00 from n = .75 to 4, .99 at 5 and .97 at 7, the rest being outside
    15 effective radii; 1.04 at n = .5, a Gaussian between two of the table.
    """
    weight = FIT_RADII**1.5
    gaussians = np.exp(-0.5 * (FIT_RADII[:, None] / SIGMAS) ** 2) / (2 * np.pi * SIGMAS**2)
    n_gaussians = len(SIGMAS)
    matrix = np.vstack([gaussians * weight[:, None], RIDGE * np.eye(n_gaussians)])
    targets = [np.append(profile(FIT_RADII, n) * weight, np.zeros(n_gaussians)) for n in INDICES]
    return np.array([optimize.nnls(matrix, target)[0] for target in targets])


def fluxes(ln_index):
    """Fluxes (18,) of the Gaussians at any ln(Sersic index), and their derivatives to it.

    Catmull-Rom interpolation of the table: its slope, which the fit needs, is continuous. The ends
    of the table hold outside of it.
    """
    # Four rows of the table around the index, u from the second to the third
    table = gaussian_table()
    step = INDICES[1] - INDICES[0]
    last = len(INDICES) - 1
    place = np.clip((np.exp(ln_index) - INDICES[0]) / step, 0.0, last - 1e-3)
    row = int(place)
    u = place - row
    before, here, there, after = (table[np.clip(row + i, 0, last)] for i in (-1, 0, 1, 2))
    linear = there - before
    square = 2 * before - 5 * here + 4 * there - after
    cube = 3 * here - before - 3 * there + after
    flux = here + 0.5 * (linear * u + square * u**2 + cube * u**3)
    slope = 0.5 * (linear + 2 * square * u + 3 * cube * u**2)
    return flux, slope * np.exp(ln_index) / step


def shape_matrix(e1_e2):
    """Symmetric matrix of determinant 1, exp [[e1, e2], [e2, -e1]], and its two derivatives.

    The axis ratio is exp(-|e|), the major axis at half the angle of (e1, e2). A Gaussian of
    covariance s^2 times the matrix has the area of the round one of sigma s.
    """
    size2 = e1_e2 @ e1_e2 + ROUND
    size = np.sqrt(size2)
    cosh, sinh = np.cosh(size), np.sinh(size) / size
    stretch = np.tensordot(e1_e2, STRETCHES, axes=1)
    along = sinh * np.eye(2) + (cosh - sinh) / size2 * stretch
    return cosh * np.eye(2) + sinh * stretch, e1_e2[:, None, None] * along + sinh * STRETCHES


def transform(shape, linear, kx, ky):
    """Fourier transform of a centred galaxy of flux 1 seen through a linear map.

    Its shape is (ln(effective radius in pixels), ln(Sersic index), e1, e2); frequencies are in
    cycles per pixel of the image, of shapes that go together. Returns (5, ...): the transform,
    which is real, and its derivatives to the four numbers of the shape.
    """
    matrix, slopes = shape_matrix(shape[2:])
    unit = -2 * np.pi**2 * np.exp(2 * shape[0])
    # Quadratic form of the frequencies for the shape, and for its derivatives to e1 and e2
    maps = [linear @ m @ linear.T for m in (matrix, *slopes)]
    form, *by_e = (m[0, 0] * kx**2 + 2 * m[0, 1] * kx * ky + m[1, 1] * ky**2 for m in maps)
    # Sum of the Gaussians, and its derivatives to the index and to the exponent
    exponent = unit * form
    value, to_index, to_exponent = sums_of_gaussians(shape[1], exponent)
    by_shape = [to_exponent * unit * change for change in by_e]
    return np.stack([value, 2 * exponent * to_exponent, to_index, *by_shape])


def sums_of_gaussians(ln_index, exponent):
    """Sum of flux exp(sigma^2 exponent) over the Gaussians of a Sersic index, exponents <= 0.

    Returns (3, ...): the sum, its derivative to ln(index), and that to the exponent.

    Notes
    -----
    All three depend on the exponent alone: they are summed on a grid of its logarithm, between
    the nodes of which cubics with their slopes go (Hermite), an eighth of the time of the sums.
    """
    flux, flux_slope = fluxes(ln_index)
    weights = np.stack([flux, flux_slope, flux * SIGMAS**2], axis=1)
    below = exponent < 0
    if not below.any():
        return np.broadcast_to(weights.sum(0)[:, None], (3, exponent.size)).reshape(
            3, *exponent.shape)
    logs = np.log(np.where(below, -exponent, -exponent[below].max()))
    first = logs.min()
    n_steps = int((logs.max() - first) / TABLE_STEP) + 1
    nodes = -np.exp(first + TABLE_STEP * np.arange(n_steps + 1))
    # Values and slopes at the nodes, and the cubics between them
    reach = np.multiply.outer(nodes, SIGMAS**2)
    gaussians = np.exp(reach)
    values = gaussians @ weights
    slopes = (gaussians * reach) @ weights * TABLE_STEP
    rise = np.diff(values, axis=0)
    square = 3 * rise - 2 * slopes[:-1] - slopes[1:]
    cube = slopes[:-1] + slopes[1:] - 2 * rise
    place = (logs - first) / TABLE_STEP
    row = np.minimum(place.astype(np.intp), n_steps - 1)
    u = place - row
    found = np.empty((3, *u.shape))
    for one, (start, slope, second, third) in zip(
            found, zip(values[:-1].T, slopes[:-1].T, square.T, cube.T, strict=True), strict=True):
        np.take(np.ascontiguousarray(third), row, out=one)
        for coefficients in (second, slope, start):
            one *= u
            one += np.take(np.ascontiguousarray(coefficients), row)
    found[:, ~below] = weights.sum(0)[:, None]
    return found


def surface_brightness(shape, offset_px, blur_px):
    """Flux per pixel of a galaxy of flux 1, blurred by a Gaussian of sigma `blur_px`.

    At points (x, y), (..., 2), from its centre; the shape is that of `transform`.
    """
    matrix, _ = shape_matrix(shape[2:])
    total = np.zeros(offset_px.shape[:-1])
    # Each Gaussian of the profile stretched by the ellipticity, and blurred
    for flux, sigma in zip(np.maximum(fluxes(shape[1])[0], 0), SIGMAS, strict=True):
        covariance = matrix * (sigma * np.exp(shape[0])) ** 2 + np.eye(2) * blur_px**2
        distance2 = np.einsum("...i,ik,...k->...", offset_px, np.linalg.inv(covariance), offset_px)
        area = 2 * np.pi * np.sqrt(np.linalg.det(covariance))
        total += flux / area * np.exp(-0.5 * distance2)
    return total
