"""The .psf file of PSFEx as a `FieldPsf`."""

from typing import NamedTuple

from cosmouline import library
from cosmouline.errors import ImageRejected
from cosmouline.files.fits_cards import native
from cosmouline.psf.over_field.field import FieldPsf

import numpy as np

fits = library("astropy.io.fits")

POSITIONS = ("X_IMAGE", "Y_IMAGE"), ("XWIN_IMAGE", "YWIN_IMAGE")


class PsfexModel(NamedTuple):
    """A model of PSFEx and what its header says of the fit."""

    psf: FieldPsf
    n_stars: int  # ACCEPTED
    chi2: float


def read_psfex(path):
    """Read a .psf file whose pixels are those of the image, and which varies with x and y.

    PSFEx orders its terms u^i v^j with i fastest and begins its pixels with 1 (Bertin 2011, ASPC
    442, 435). A model that does not vary has one term.

    Raises
    ------
    ImageRejected
        If it cannot be read, has a sampling of its own, or varies with something else.
    """
    try:
        with fits.open(path, memmap=False) as hdus:
            head = hdus[1].header
            images = native(hdus[1].data["PSF_MASK"][0]).astype(float)
            sampling, n_stars = float(head["PSF_SAMP"]), int(head["ACCEPTED"])
            chi2, fwhm_px = float(head["CHI2"]), float(head["PSF_FWHM"])
            keys = tuple(head[f"POLNAME{k}"].strip() for k in range(1, head["POLNAXIS"] + 1))
            degree = int(head["POLDEG1"]) if keys else 0
            origin = np.array([head[f"POLZERO{k}"] - 1 for k in (1, 2)] if keys else [0.0, 0.0])
            scale = np.array([head[f"POLSCAL{k}"] for k in (1, 2)] if keys else [1.0, 1.0])
    except (OSError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ImageRejected(f"{path} is no .psf file of PSFEx: {error}") from error
    if abs(sampling - 1) > 1e-6:
        raise ImageRejected(f"{path} has a sampling of {sampling:g}: run PSFEx with PSF_SAMPLING "
                            "1, or leave the PSF to fac_shapes/3c_psf_model")
    if keys and keys not in POSITIONS:
        raise ImageRejected(f"{path} varies with {', '.join(keys)}: only with x and y can be used")
    # ours are in the order of the total degree, u before v
    order = [(i, j) for j in range(degree + 1) for i in range(degree + 1 - j)]
    places = [order.index((total - j, j)) for total in range(degree + 1) for j in range(total + 1)]
    terms = images.reshape(-1, *images.shape[-2:])[places]
    return PsfexModel(FieldPsf(terms, degree, origin, scale, fwhm_px), n_stars, chi2)
