"""Read the gathered epochs, the start and the joint fit of a deconvolution."""

import zipfile

from cosmouline.database import manifest, paths
from cosmouline.deconv.io_fit import read_centre, read_epochs, read_fit
from cosmouline.errors import UserError
from cosmouline.files import io_catalog


def gathered_epochs(settings):
    """Return the `EpochFile` of the joint deconvolution."""
    return _of_deconvolution(settings, "epochs.npz", "2_apply_norm", read_epochs)


def centre_of_positions(settings):
    """Return the pixel (x, y) of the reference image from which positions of the fit count."""
    return _of_deconvolution(settings, "epochs.npz", "2_apply_norm", read_centre)


def start_sources(settings):
    """Return the point sources where they are looked for first."""
    return _of_deconvolution(settings, "start.cat", "3_write_start",
                             lambda path: io_catalog.read_cat(path, min_distance_px=0.0))


def joint_fit(settings):
    """Return the `LensFit` of the joint deconvolution, and the errors from the PSFs."""
    return _of_deconvolution(settings, "fit.npz", "4_deconv", read_fit)


def _of_deconvolution(settings, name, script, read):
    """Read a file of the deconvolution; UserError with the script to run where it cannot be."""
    path = paths.deconvolution(settings) / name
    if not path.is_file():
        raise UserError(f"there is no {path}. Run 7_deconv/{script}.py first.")
    manifest.check_step(path, settings)
    try:
        return read(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged ({error}). Run 7_deconv/{script}.py again.") from error
