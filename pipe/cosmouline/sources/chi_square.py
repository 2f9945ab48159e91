"""One detection in several bands: the chi-square image, and the sources on it."""

from cosmouline import library
from cosmouline.images.sep_tools import extract
from cosmouline.robust import mad_sigma
from cosmouline.sources.moments import FWHM_PER_SIGMA

import numpy as np

ndimage = library("scipy.ndimage")
optimize = library("scipy.optimize")
stats = library("scipy.stats", is_rare=True)
sep = library("sep")

KERNEL = np.array([1.0, 2.0, 1.0]) / 4  # along each axis: SExtractor's default, of FWHM 2 px
SKY_SAMPLE_PIXELS = 200_000  # behind the scatter of a smoothed image
SKY_CLIPS = 5
MOST_SIGMAS = 8.0  # whose probability, 6e-16, is followed
BLEND_CONTRAST = 0.0005  # of deep images: a faint neighbour of a bright star is a source
FLAG_BLENDED, FLAG_SATURATED, FLAG_CUT, FLAG_FAILED = 2, 4, 8, 64  # of source-extractor
SEP_MERGED, SEP_CUT, SEP_OVERFLOW = 1, 2, 4  # of sep


def significance(image, sigma):
    """Smooth an image and divide it by the scatter that is left.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Without sky; NaN where there is none.
    sigma : ndarray of float32, shape (ny, nx)
        Noise of the sky per pixel, up to a factor (which correlated noise makes unknown).

    Returns
    -------
    ndarray of float32
        Mean 0 and standard deviation 1 on empty sky; NaN where the image is, or its 3 x 3 pixels.
    """
    smooth = ndimage.convolve1d(image, KERNEL.astype(np.float32), 0, mode="nearest")
    smooth = ndimage.convolve1d(smooth, KERNEL.astype(np.float32), 1, mode="nearest") / sigma
    # the scatter of the empty sky, sources clipped from above and below alike
    sample = smooth[np.isfinite(smooth)]
    sample = sample[:: max(1, sample.size // SKY_SAMPLE_PIXELS)].astype(float)
    for _ in range(SKY_CLIPS):
        middle, scatter = np.median(sample), mad_sigma(sample)
        sample = sample[np.abs(sample - middle) <= 3 * scatter]
    return (smooth - np.float32(middle)) / np.float32(scatter)


def threshold(n_bands, sigmas):
    """Return the limit for `combined` that empty sky exceeds as rarely as one band its `sigmas`.

    Notes
    -----
    The sum of the squares of n standard normal values of which negative ones count as 0 is, with
    probability C(n, j) / 2^n, a chi-square of j degrees of freedom (Kudo 1963, Biometrika 50,
    403). Beyond 8 sigma the limit grows as the sigmas do.
    """
    j, known = np.arange(1, n_bands + 1), min(sigmas, MOST_SIGMAS)
    weights = stats.binom.pmf(j, n_bands, 0.5)

    def excess(limit):
        return np.log((weights * stats.chi2.sf(limit**2, j)).sum()) - stats.norm.logsf(known)

    limit = optimize.brentq(excess, 0.0, known + 5 * np.sqrt(n_bands))
    return float(limit + sigmas - known)


def combined(significances, sigmas):
    """Join the bands to the image in which sources are looked for.

    Parameters
    ----------
    significances : iterable of ndarray of float32, shape (ny, nx)
        One for each band, from `significance`; taken one after the other.
    sigmas : float
        Threshold of the detection, in sigmas of one band.

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        Square root of chi2, stretched so that `sigmas` is the limit whatever the number of bands;
        0 where there is no band.

    Notes
    -----
    Szalay, Connolly & Szokoly 1999, AJ 117, 68, but that pixels below the sky do not count: a
    hole in two bands is no source. Bright sources keep their profile: the root is linear in flux.
    """
    chi2, count = None, None
    for one in significances:
        if chi2 is None:
            chi2, count = np.zeros_like(one), np.zeros(one.shape, np.uint8)
        there = np.isfinite(one)
        chi2 += np.square(np.maximum(np.where(there, one, 0), 0))
        count += there
    stretch = np.array([0.0] + [sigmas / threshold(n, sigmas)
                                for n in range(1, int(count.max(initial=0)) + 1)], np.float32)
    return np.sqrt(chi2) * stretch[count]


def sources_on(detection, sigmas, min_area_px, saturated=None):
    """Find the sources of a `combined` image.

    Parameters
    ----------
    detection : ndarray of float32, shape (ny, nx)
    sigmas : float
        The threshold that `combined` was given.
    min_area_px : int
    saturated : ndarray of bool, shape (ny, nx), optional

    Returns
    -------
    sources : structured ndarray
        Of sep, brightest first: ``x``, ``y`` (windowed positions), ``a``, ``b``, ``theta``,
        ``npix``, ``peak``, ``cflux``, and ``flag`` with the bits of source-extractor (2 blended,
        4 saturated, 8 at the edge, 64 deblending gave up).
    segments : ndarray of int, shape (ny, nx)
        0 for the sky, else 1 + the row of the source.
    """
    found, segments = extract(detection, 1.0, sigmas, min_area_px, True, smooth=False,
                              contrast=BLEND_CONTRAST)
    order = np.argsort(-found["flux"], kind="stable")
    rank = np.zeros(len(found) + 1, segments.dtype)
    rank[order + 1] = np.arange(1, len(found) + 1)
    found, segments = found[order], rank[segments]
    # positions under a Gaussian window of the size of the source, as XWIN_IMAGE; in a blend, whose
    # half of the light lies far out, of that of its own pixels
    half_light, _ = sep.flux_radius(detection, found["x"], found["y"], 6 * found["a"], 0.5,
                                    subpix=5)
    x, y, failed = sep.winpos(detection, found["x"], found["y"],
                              np.maximum(np.minimum(half_light * 2 / FWHM_PER_SIGMA,
                                                    np.sqrt(found["a"] * found["b"])), 0.5))
    good = (failed == 0) & (np.hypot(x - found["x"], y - found["y"]) < found["a"] + 1)
    found["x"], found["y"] = np.where(good, (x, y), (found["x"], found["y"]))
    flag = (FLAG_BLENDED * ((found["flag"] & SEP_MERGED) > 0)
            + FLAG_CUT * ((found["flag"] & SEP_CUT) > 0)
            + FLAG_FAILED * ((found["flag"] & SEP_OVERFLOW) > 0))
    if saturated is not None and saturated.any() and len(found):
        hit = ndimage.maximum(saturated, segments, np.arange(1, len(found) + 1)).astype(bool)
        flag = flag + FLAG_SATURATED * hit
    found["flag"] = flag
    return found, segments
