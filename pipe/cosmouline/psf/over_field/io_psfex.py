"""The .psf file of PSFEx as a `FieldPsf`."""

from dataclasses import replace
from typing import NamedTuple

from cosmouline import library
from cosmouline.errors import ImageRejected
from cosmouline.files.fits_cards import native
from cosmouline.psf.over_field.field import FieldPsf
from cosmouline.sources.ccds.elliptical_moments import elliptical_moments
from cosmouline.sources.moments import FWHM_PER_SIGMA

import numpy as np

fits = library("astropy.io.fits")

LOBES = 3  # of the Lanczos kernel
POSITIONS = ("X_IMAGE", "Y_IMAGE"), ("XWIN_IMAGE", "YWIN_IMAGE")


class PsfexModel(NamedTuple):
    """A model of PSFEx and what its header says of the fit."""

    psf: FieldPsf
    n_stars: int | None  # ACCEPTED
    chi2: float | None


def read_psfex(path):
    """Read a .psf file which varies with x and y; its terms are brought to pixels of the image.

    PSFEx orders its terms u^i v^j with i fastest and begins its pixels with 1 (Bertin 2011, ASPC
    442, 435). A model that does not vary has one term. Samples that are no pixels of the image
    (PSF_SAMP) are interpolated as GalSim's DES_PSFEx does. The width is that of the model; numbers
    that surveys leave out of their files are None.

    Raises
    ------
    ImageRejected
        If it cannot be read, or varies with something else than x and y.
    """
    try:
        with fits.open(path, memmap=False) as hdus:
            head = hdus[1].header
            images = native(hdus[1].data["PSF_MASK"][0]).astype(float)
            sampling = float(head["PSF_SAMP"])
            n_stars, chi2 = head.get("ACCEPTED"), head.get("CHI2")
            keys = tuple(text.strip() for text in head["POLNAME*"].values())
            degree = int(head["POLDEG1"]) if keys else 0
            origin = np.array([head[f"POLZERO{k}"] - 1 for k in (1, 2)] if keys else [0.0, 0.0])
            scale = np.array([head[f"POLSCAL{k}"] for k in (1, 2)] if keys else [1.0, 1.0])
    except (OSError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ImageRejected(f"{path} is no .psf file of PSFEx: {error}") from error
    if not 0.0 < sampling < np.inf or images.ndim < 2:
        raise ImageRejected(f"{path} is no .psf file of PSFEx: PSF_SAMP = {sampling:g}")
    if keys and keys not in POSITIONS:
        raise ImageRejected(f"{path} varies with {', '.join(keys)}: only with x and y can be used")
    # ours are in the order of the total degree, u before v
    order = [(i, j) for j in range(degree + 1) for i in range(degree + 1 - j)]
    places = [order.index((total - j, j)) for total in range(degree + 1) for j in range(total + 1)]
    terms = images.reshape(-1, *images.shape[-2:])[places]
    if sampling != 1.0:
        rows, columns = (_lanczos(side, sampling) for side in terms.shape[1:])
        terms = rows @ terms @ columns.T
    psf = FieldPsf(terms, degree, origin, scale, np.nan)
    fwhm_px = float(FWHM_PER_SIGMA * elliptical_moments(psf.at(*origin[:, None])).sigma_px[0])
    return PsfexModel(replace(psf, fwhm_px=fwhm_px), n_stars, chi2)


def _lanczos(n_samples, sampling):
    """Weights (n_pixels, n_samples) of samples, `sampling` px apart, in the pixels they cover.

    A Lanczos kernel of three lobes whose weights add up to 1 (Rowe et al. 2015, A&C 10, 121).
    """
    n_pixels = 2 * int((n_samples - 1) / 2 * sampling + 1e-9) + 1
    at = (np.arange(n_pixels) - (n_pixels - 1) / 2) / sampling + (n_samples - 1) / 2

    def kernel(x):
        return np.where(np.abs(x) < LOBES, np.sinc(x) * np.sinc(x / LOBES), 0.0)

    # All samples around a pixel count for the sum, also those beyond the edge, which are 0
    around = np.floor(at)[:, None] + np.arange(1 - LOBES, LOBES + 1)
    return kernel(at[:, None] - np.arange(n_samples)) / kernel(at[:, None] - around).sum(
        1, keepdims=True)
