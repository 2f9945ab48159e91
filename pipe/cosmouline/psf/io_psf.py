"""PSF of one image in one FITS file: model, stars, pixel masks and draws from its posterior."""

from typing import NamedTuple

from cosmouline import library
from cosmouline.files import origin
from cosmouline.files.atomic import atomic_path
from cosmouline.files.fits_cards import cards_of, native, values_of
from cosmouline.psf.model import Psf

import numpy as np

fits = library("astropy.io.fits")


class PsfFile(NamedTuple):
    """Contents of a PSF file.

    Parameters
    ----------
    psf : Psf
    stars : structured ndarray, shape (n,)
        ``name``, ``x_px``, ``y_px`` (offsets from the centres of the stamps), ``flux_e``,
        ``chi2``, ``residual_fraction``, ``is_used``; and ``draw_flux_e`` of shape (n_draws,), NaN
        for stars that are not used, where fluxes of the draws were written.
    header : dict
        Values of the image by name.
    draws : ndarray of float32, shape (n_draws, n_small, n_small), or None
        Narrow PSFs (`posterior_draws.psf_draws`).
    draw_scale : ndarray of float, shape (n_draws,), or None
        Their flux scales (`posterior_draws.flux_scale`).
    good : ndarray of bool, shape (n, side_px, side_px)
        Pixels used in the fit.
    """

    psf: Psf
    stars: np.ndarray
    header: dict
    draws: np.ndarray | None
    draw_scale: np.ndarray | None
    good: np.ndarray


def write_psf(path, fit, names, header, draws=None, draw_scale=None, draw_flux=None):
    """Write the PSF of one image.

    Parameters
    ----------
    path : str or Path
    fit : PsfFit
    names : sequence of str
        Name of each star, ASCII.
    header : dict
        Values of the image by name (`fits_cards.cards_of`).
    draws : ndarray of float, shape (n_draws, n_small, n_small), optional
    draw_scale : ndarray of float, shape (n_draws,), optional
    draw_flux : ndarray of float, shape (n_draws, n_used), optional

    Raises
    ------
    ValueError
        If there is not one name per star, or a value cannot be written.

    Notes
    -----
    The image of the file is the narrow PSF at the centre of the field, to look at; what is read
    back is the model. Residuals and draws are kept in single precision.
    """
    if len(names) != len(fit.is_used):
        raise ValueError(f"names must be one per star: {len(names)} for {len(fit.is_used)}")
    # the Moffat: one column, or three to six where it varies
    psf, values = fit.psf, fit.psf.moffat[:, None]
    if psf.gradient is not None:
        values = np.hstack([values, np.vstack([psf.gradient, np.zeros(psf.gradient.shape[1])])])
    moffat = fits.ImageHDU(values, name="MOFFAT")
    moffat.header["ROWS"] = "ln(fwhm_px) e1 e2 ln(beta)"
    moffat.header["COLUMNS"] = "centre of the field, per u, v, u^2, uv, v^2"
    moffat.header["UPSAMPLE"] = (psf.upsampling, "small pixels per pixel")
    moffat.header["SIDE"] = (psf.side_px, "[pix] side of the star stamps")

    # the stars; draws have fluxes of the used ones alone
    text = np.array(names, dtype="S")
    columns = [
        fits.Column("name", f"{text.itemsize}A", array=text),
        fits.Column("x_px", "D", "pixel", array=fit.x_px),
        fits.Column("y_px", "D", "pixel", array=fit.y_px),
        fits.Column("flux_e", "D", "electron", array=fit.flux_e),
        fits.Column("chi2", "D", array=fit.chi2),
        fits.Column("residual_fraction", "D", array=fit.residual_fraction),
        fits.Column("is_used", "L", array=fit.is_used),
    ]
    if draw_flux is not None:
        per_star = np.full((len(names), len(draw_flux)), np.nan)
        per_star[fit.is_used] = np.asarray(draw_flux).T
        columns.append(fits.Column("draw_flux_e", f"{len(draw_flux)}D", array=per_star))
    hdus = [
        fits.PrimaryHDU(psf.narrow().astype(np.float32), origin.mark(cards_of(header))), moffat,
        fits.ImageHDU(psf.residual.astype(np.float32), name="RESIDUAL"),
        fits.BinTableHDU.from_columns(columns, name="STARS"),
        fits.ImageHDU(fit.good.astype(np.uint8), name="GOOD"),
    ]
    if draws is not None:
        hdus.append(fits.ImageHDU(draws.astype(np.float32), name="DRAWS"))
    if draw_scale is not None:
        hdus.append(fits.ImageHDU(np.asarray(draw_scale, dtype=float), name="SCALE"))
    with atomic_path(path) as temporary:
        fits.HDUList(hdus).writeto(temporary)


def read_psf(path):
    """Read the PSF of one image; return `PsfFile`."""
    with fits.open(path, memmap=False) as hdus:
        values, header = native(hdus["MOFFAT"].data), hdus["MOFFAT"].header
        gradient = values[:3, 1:] if values.shape[1] > 1 else None
        residual = native(hdus["RESIDUAL"].data).astype(float)
        psf = Psf(values[:, 0], gradient, residual, header["UPSAMPLE"], header["SIDE"])
        # the table as a structured array of this machine's types, names as text
        records = hdus["STARS"].data
        fields = {name: native(records[name]) for name in records.names}
        stars = np.empty(len(records), [(name, column.dtype, column.shape[1:])
                                        for name, column in fields.items()])
        for name, column in fields.items():
            stars[name] = column
        draws, scale = (native(hdus[name].data) if name in hdus else None
                        for name in ("DRAWS", "SCALE"))
        return PsfFile(psf, stars, values_of(hdus[0].header), draws, scale,
                       hdus["GOOD"].data.astype(bool))
