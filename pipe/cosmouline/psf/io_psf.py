"""PSF of one image in one FITS file: model, stars, pixel masks and draws from its posterior."""

from typing import NamedTuple

from cosmouline.files import origin
from cosmouline.files.atomic import atomic_path
from cosmouline.files.fits_cards import cards_of, native, values_of
from cosmouline.psf.model import Psf

import numpy as np
from astropy.io import fits


class PsfFile(NamedTuple):
    """What a PSF file holds.

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
        Narrow PSFs (`psf_error.psf_draws`).
    draw_scale : ndarray of float, shape (n_draws,), or None
        Their flux scales (`psf_error.flux_scale`).
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
        Values of the image by name (`io_cards.cards_of`).
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
    hdus = [
        fits.PrimaryHDU(fit.psf.narrow().astype(np.float32), origin.mark(cards_of(header))),
        _moffat_hdu(fit.psf),
        fits.ImageHDU(fit.psf.residual.astype(np.float32), name="RESIDUAL"),
        _stars_hdu(fit, names, draw_flux),
        fits.ImageHDU(fit.good.astype(np.uint8), name="GOOD"),
    ]
    if draws is not None:
        hdus.append(fits.ImageHDU(draws.astype(np.float32), name="DRAWS"))
    if draw_scale is not None:
        hdus.append(fits.ImageHDU(np.asarray(draw_scale, dtype=float), name="SCALE"))
    with atomic_path(path) as temporary:
        fits.HDUList(hdus).writeto(temporary)


def read_psf(path):
    """Read the PSF of one image.

    Returns
    -------
    PsfFile
    """
    with fits.open(path, memmap=False) as hdus:
        stars = hdus["STARS"].data
        return PsfFile(
            _psf_of(hdus),
            _table(stars),
            values_of(hdus[0].header),
            native(hdus["DRAWS"].data) if "DRAWS" in hdus else None,
            native(hdus["SCALE"].data) if "SCALE" in hdus else None,
            hdus["GOOD"].data.astype(bool),
        )


def _moffat_hdu(psf):
    """Return the extension with the Moffat: one column, or three where it varies."""
    values = psf.moffat[:, None]
    if psf.gradient is not None:
        values = np.hstack([values, np.vstack([psf.gradient, np.zeros(2)])])
    hdu = fits.ImageHDU(values, name="MOFFAT")
    hdu.header["ROWS"] = "ln(fwhm_px) e1 e2 ln(beta)"
    hdu.header["COLUMNS"] = "centre of the field, per u, per v"
    hdu.header["UPSAMPLE"] = (psf.upsampling, "small pixels per pixel")
    hdu.header["SIDE"] = (psf.side_px, "[pix] side of the star stamps")
    return hdu


def _psf_of(hdus):
    """Return the model of an open file."""
    values, header = native(hdus["MOFFAT"].data), hdus["MOFFAT"].header
    gradient = values[:3, 1:] if values.shape[1] > 1 else None
    residual = native(hdus["RESIDUAL"].data).astype(float)
    return Psf(values[:, 0], gradient, residual, header["UPSAMPLE"], header["SIDE"])


def _stars_hdu(fit, names, draw_flux):
    """Return the table of the stars."""
    width = max([len(name) for name in names], default=1) or 1
    columns = [
        fits.Column("name", f"{width}A", array=np.array(names, dtype=f"S{width}")),
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
    return fits.BinTableHDU.from_columns(columns, name="STARS")


def _table(records):
    """Return a FITS table as a structured array of this machine's types, names as text."""
    fields = [(name, native(records[name])) for name in records.names]
    dtype = [(name, values.dtype, values.shape[1:]) for name, values in fields]
    table = np.empty(len(records), dtype)
    for name, values in fields:
        table[name] = values
    return table
