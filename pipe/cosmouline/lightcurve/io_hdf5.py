"""A deconvolution as one HDF5 file: stamps, PSFs and geometry, with the result beside them."""

from cosmouline import __version__
from cosmouline.files.atomic import atomic_path
from cosmouline.psf.model import TARGET_FWHM_SMALL

import numpy as np

CONVENTION = (
    f"STARRED: a point is the narrow PSF (sum 1, on small pixels, the centre between the four "
    f"middle ones), convolved with a Gaussian of FWHM {TARGET_FWHM_SMALL:g} small pixels and "
    "averaged over upsampling x upsampling small pixels")
OUT_OF_USE = 1000.0  # LightCurver's factor on the noise of masked pixels
SINGLE = 3  # arrays of so many dimensions are images: stored in single precision, packed


def ours(content, fit, psf_error, conditions, wcs, with_draws=False):
    """Return the datasets of a deconvolution by path, under our names.

    Parameters
    ----------
    content : EpochFile
        Of N epochs.
    fit : LensFit
    psf_error : ndarray of float, shape (N, n_sources)
        Errors from the PSFs, relative to the fluxes.
    conditions : dict
        Values (N,) of the images: dates, seeing, coefficient and so on. NaN or "": not known.
    wcs : list of str
        Header of the WCS of each stamp; empty where the place of the lens is not known.
    with_draws : bool
        Also the PSFs that the errors from them are made of.
    """
    epochs, scale = content.epochs, content.epochs.coeff[:, None, None]
    is_used = np.where(fit.measured[:, None, None], fit.good, epochs.usable)
    variance_e2 = np.where(fit.measured[:, None, None], fit.variance_e2, epochs.sky_variance_e2)
    # From offsets on the reference image to offsets from the centre of the stamp
    transform = np.concatenate([epochs.linear, shifts(content, fit)[:, :, None]], axis=2)
    found = {f"epochs/{name}": values for name, values in conditions.items()}
    found |= {"data": epochs.data_e * scale, "sigma": np.sqrt(variance_e2) * scale,
              "is_used": is_used, "psf": epochs.psf, "transform": transform,
              "result/flux": fit.flux, "result/psf_error": psf_error,
              "result/covariance": fit.covariance,
              "result/covariance_total": fit.covariance_total,
              "result/systematic_covariance": fit.systematic_covariance,
              "result/position_px": fit.position_px, "result/shift_px": fit.shift_px,
              "result/sky": fit.sky, "result/chi2_reduced": fit.chi2_reduced,
              "result/extended_scale": fit.extended_scale,
              "result/image_width": fit.image_width + fit.camera_width,
              "result/nodes_px": fit.nodes_px, "result/node_flux": fit.node_flux,
              "result/galaxy": np.array([fit.galaxy.flux, *fit.galaxy.shape, fit.galaxy.x_px,
                                         fit.galaxy.y_px])}
    if wcs:
        found["wcs"] = np.array(wcs)
    if with_draws and content.draws is not None:
        found |= {"psf_draws": content.draws.swapaxes(0, 1), "draw_scale": content.draw_scale.T}
    return found


def shifts(content, fit):
    """Return where the origin of the positions lies from the centre of each stamp, (n, 2)."""
    return np.where(np.isfinite(fit.shift_px), fit.shift_px, content.epochs.shift_px)


def lightcurvers(content, fit, conditions, wcs, north_deg):
    """Return the datasets under the names and in the units of LightCurver's prepared cutouts.

    Its data are divided by a coefficient, the noise of masked pixels is 1000 times larger, and
    the PSF has the side of the stamps. Its magnitudes are those of our curves, of electrons: the
    zero point is 0, its scatter is not known. `north_deg` (N,) is the angle from +y to north,
    positive towards -x.
    """
    epochs, up = content.epochs, content.epochs.geometry.upsampling
    held = ours(content, fit, np.zeros(0), {}, wcs)
    edge = (epochs.psf.shape[1] - epochs.data_e.shape[1] * up) // 2
    inside = slice(edge, epochs.psf.shape[1] - edge)
    noise = np.where(held["is_used"], held["sigma"], 0.0)
    typical = np.array([np.median(one[one > 0]) if (one > 0).any() else 1.0 for one in noise])
    noise = np.where(held["is_used"], noise, OUT_OF_USE * typical[:, None, None])
    return {"frame_id": np.arange(1, len(epochs) + 1), "image_name": np.array(content.names),
            "data": np.where(held["is_used"], held["data"], 0.0), "noisemap": noise,
            "psf": epochs.psf[:, inside, inside], "subsampling_factor": np.full(len(epochs), up),
            "mjd": conditions["mjd"], "seeing": conditions["fwhm_arcsec"],
            "sky_level_electron_per_second": conditions["sky_level_e"] / conditions["exptime_s"],
            "global_zeropoint": 0.0, "global_zeropoint_scatter": np.nan,
            "relative_normalization_error": conditions["coeff_sigma"] / conditions["coeff"],
            "pixel_scale": conditions["pixel_scale_arcsec"], "angle_to_north": north_deg,
            "wcs": np.array(wcs)}


def write_hdf5(path, datasets, attributes):
    """Write arrays by path, and texts or numbers as attributes of the file.

    Images are packed in single precision, one epoch a block. The file is made beside its place,
    brought to the disk and renamed: a reader sees the old one or the new one, whole. The same
    content gives the same bytes. Read it with ``h5py.File(path, locking=False)`` on shared disks.
    """
    import h5py  # slow to load, and only this asks for it

    with (atomic_path(path) as temporary,
          h5py.File(temporary, "w", locking=False, track_order=True) as file):
        for name, values in datasets.items():
            values = np.asarray(values)
            packed = {}
            if values.dtype.kind in "US":
                values, packed = values.astype(object), {"dtype": h5py.string_dtype()}
            elif values.ndim >= SINGLE and values.size:
                kind = np.float32 if values.dtype.kind == "f" else values.dtype
                values = values.astype(kind)
                packed = {"chunks": (1, *values.shape[1:]), "compression": "gzip",
                          "shuffle": True}
            file.create_dataset(name, data=values, track_times=False, **packed)
        for name, value in (attributes | {"cosmouline": __version__,
                                          "psf_convention": CONVENTION}).items():
            file.attrs[name] = value
