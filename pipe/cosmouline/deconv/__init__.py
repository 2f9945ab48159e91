"""Joint fit of all epochs of a lens: point sources, a Sersic galaxy and a residual field.

The fluxes of the sources and the sky and the shift of each epoch are solved exactly at each step
(they are eliminated from the normal equations); what the epochs share is found by Gauss-Newton
steps; the field is a Gaussian process whose amplitudes maximise the evidence. All arrays are
numpy float64: compiled with jax, the same sums take twice as long, after some seconds of
compilation for each size of stamps.
"""

from cosmouline.deconv.epochs import Epochs, pad_psf
from cosmouline.deconv.lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.picture import deconvolved_image, model_images
from cosmouline.deconv.psf_term import psf_error, psf_systematic
from cosmouline.deconv.result import Galaxy, LensFit
from cosmouline.deconv.sources import Sources
from cosmouline.deconv.start import find_sources

__all__ = [
    "Epochs",
    "FitOptions",
    "Galaxy",
    "LensFit",
    "Sources",
    "deconvolved_image",
    "find_sources",
    "fit_lens",
    "model_images",
    "pad_psf",
    "psf_error",
    "psf_systematic",
]
