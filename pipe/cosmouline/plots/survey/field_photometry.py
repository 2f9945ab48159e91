"""Pages of the photometry of the field: a picture in colour, the noise of apertures, errors."""

from cosmouline.plots import style

import numpy as np

SOFTENING = 8.0  # of the arcsinh, as Lupton's Q
SKY_SIGMAS = 2.0  # below the sky: black
STRETCH_SIGMAS = 25.0  # above the sky: where faint light stands out
COLOUR_SAMPLE = 400_000  # pixels behind the limits
LARGEST_SIDE_IN = 11.0
MAD_TO_NOISE = 1.4826


def lupton_rgb(red, green, blue, sigmas):
    """Join three images of one flux scale to a picture in colour.

    Parameters
    ----------
    red, green, blue : ndarray of float, shape (ny, nx)
        Without sky; NaN becomes black.
    sigmas : (float, float, float)
        Noise of their pixels.

    Returns
    -------
    ndarray of uint8, shape (ny, nx, 3)

    Notes
    -----
    Lupton et al. 2004, PASP 116, 133: the arcsinh of the mean is divided out of all three, so
    that bright sources keep their colour. Each image counts in units of its own noise, so that
    the sky is grey.
    """
    planes = np.stack([np.nan_to_num(one) / sigma + SKY_SIGMAS
                       for one, sigma in zip((red, green, blue), sigmas, strict=True)], -1)
    mean = np.maximum(planes.mean(-1), 1e-6)
    light = np.arcsinh(SOFTENING * mean / STRETCH_SIGMAS) / np.arcsinh(SOFTENING)
    planes = np.maximum(planes, 0) * (light / mean)[..., None]
    # what is too bright for the picture keeps its colour, too
    planes /= np.maximum(planes.max(-1, keepdims=True), 1.0)
    missing = ~(np.isfinite(red) | np.isfinite(green) | np.isfinite(blue))
    planes[missing] = 0
    return np.round(255 * planes).astype(np.uint8)


def pixel_sigma(image):
    """Noise of the pixels of an image without sky, NaN left out."""
    values = image[np.isfinite(image)]
    values = values[:: max(1, values.size // COLOUR_SAMPLE)]
    return float(MAD_TO_NOISE * np.median(np.abs(values - np.median(values))) or 1.0)


@style.styled
def picture_page(picture, width_in=LARGEST_SIDE_IN):
    """Page that holds one picture (ny, nx, 3) of bytes and nothing else, first row below."""
    ny, nx = picture.shape[:2]
    page = style.blank(width_in, width_in * ny / nx)
    ax = page.add_axes((0, 0, 1, 1))
    ax.imshow(picture, origin="lower", interpolation="nearest", aspect="auto")
    ax.set_axis_off()
    return page


@style.styled
def measured_page(filters, title="", info=""):
    """Page of the noise against the size of apertures, errors and shape against magnitude.

    Parameters
    ----------
    filters : list of dict
        For each filter ``name``; of the empty apertures ``radius_px``, ``factor``,
        ``factor_sigma`` (k,), ``psf_factor`` and ``fwhm_px``; of the n sources ``mag``,
        ``magerr``, ``chi2`` and, with a catalogue, ``catalogue_mag``, NaN where there is none;
        ``scale``, what the magnitudes are.
    title, info : str

    Returns
    -------
    Figure
    """
    page, axes = style.figure(2, 2, (12.0, 9.5))
    style.title_page(page, title, info)
    noise, errors, shape, check = axes.flat
    for k, one in enumerate(filters):
        colour = style.source_colour(k)
        noise.errorbar(one["radius_px"] / one["fwhm_px"], one["factor"], one["factor_sigma"],
                       fmt="o-", color=colour, markersize=4, linewidth=0.8, label=one["name"])
        noise.axhline(one["psf_factor"], color=colour, linewidth=0.8, linestyle=":")
        errors.plot(one["mag"], one["magerr"], ".", color=colour, markersize=4, label=one["name"])
        shape.plot(one["mag"], one["chi2"], ".", color=colour, markersize=4)
        known = np.isfinite(one["catalogue_mag"])
        check.errorbar(one["catalogue_mag"][known], (one["mag"] - one["catalogue_mag"])[known],
                       one["magerr"][known], fmt=".", color=colour, markersize=4, linewidth=0.6)
    noise.axhline(1, color=style.FAINT, linewidth=0.8)
    noise.set(xlabel="radius (FWHM)", ylabel="scatter of empty apertures / independent pixels",
              xscale="log", title="noise of fluxes (dotted: by the PSF)")
    noise.legend()
    errors.set(xlabel="magnitude by the PSF", ylabel="its error (mag)", yscale="log")
    shape.set(xlabel="magnitude by the PSF", ylabel="chi2 under the PSF", yscale="log",
              title="stars lie at 1 or, if bright, little above it; galaxies higher")
    if any(np.isfinite(one["catalogue_mag"]).any() for one in filters):
        check.axhline(0, color=style.FAINT, linewidth=0.8)
        check.set(xlabel="magnitude of the catalogue", ylabel="ours - catalogue (mag)",
                  ylim=(-0.5, 0.5))
    else:
        style.no_data(check, "no catalogue with magnitudes")
    return page
