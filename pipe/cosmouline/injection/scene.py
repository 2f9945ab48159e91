"""The light of an injected lens on the pixels of one epoch, and its photon noise."""

from dataclasses import dataclass

from cosmouline.deconv import epoch_images
from cosmouline.deconv.epoch_images import Geometry
from cosmouline.deconv.epochs import pad_psf

import numpy as np


@dataclass(frozen=True, eq=False)
class Scene:
    """What a joint fit found of a lens, apart from its fluxes: it is injected elsewhere.

    Attributes
    ----------
    position_px : ndarray of float, shape (n_sources, 2)
        Offsets from the origin, in pixels of the reference frame.
    galaxy : Galaxy
    nodes_px, node_flux : ndarray of float, shape (n_nodes, 2) and (n_nodes,)
        The residual light; `node_sigma_px` is the width of its Gaussians.
    n_images : int
        The first that many sources are as wide as `image_width` says.
    image_width : float
        See `LensFit`.
    upsampling : int
    """

    position_px: np.ndarray
    galaxy: object
    nodes_px: np.ndarray
    node_flux: np.ndarray
    node_sigma_px: float
    n_images: int
    image_width: float
    upsampling: int

    @classmethod
    def of_fit(cls, fit):
        """Return the scene of a `LensFit`."""
        return cls(fit.position_px, fit.galaxy, fit.nodes_px, fit.node_flux, fit.node_sigma_px,
                   fit.n_images or len(fit.position_px), fit.image_width, fit.upsampling)


def scene_light(scene, flux, narrow, linear, origin_px, side_px, extended_scale=1.0):
    """Light of a scene on the pixels of a stamp.

    Parameters
    ----------
    scene : Scene
    flux : ndarray of float, shape (n_sources,)
        Zero for a source that does not shine.
    narrow : ndarray of float, shape (m, m)
        Narrow PSF of sum 1 on small pixels.
    linear : ndarray of float, shape (2, 2)
        Map of offsets (x, y) in the reference frame to those in the image.
    origin_px : ndarray of float, shape (2,)
        Where the origin of the scene lies, from the centre of the stamp.
    side_px : int
    extended_scale : float
        Factor on galaxy and residual light.

    Returns
    -------
    points, extended : ndarray of float, shape (side_px, side_px)
        In the unit of the fluxes.
    """
    geometry = Geometry(side_px, scene.upsampling)
    psf = pad_psf(narrow, side_px, scene.upsampling)[None]
    transfer = epoch_images.transfer_functions(psf, geometry)[0]
    # Point sources; those of the lens as wide as they were found
    places = scene.position_px @ linear.T + origin_px
    wide = transfer
    if scene.image_width:
        wide = transfer + scene.image_width * epoch_images.width_derivatives(psf, geometry)[0]
    points = np.zeros((side_px, side_px))
    for seen, some in ((wide, slice(scene.n_images)), (transfer, slice(scene.n_images, None))):
        if len(places[some]):
            images = epoch_images.point_images(seen, places[some], geometry)[0]
            points += np.tensordot(flux[some], images, axes=1)
    # Galaxy and residual light
    extended, galaxy = np.zeros_like(points), scene.galaxy
    if galaxy.flux:
        spectra = epoch_images.galaxy_spectra(galaxy.shape, linear, geometry)
        centre = linear @ np.array([galaxy.x_px, galaxy.y_px]) + origin_px
        extended = extended + galaxy.flux * epoch_images.galaxy_images(
            transfer, spectra, centre, geometry)[0]
    if len(scene.node_flux):
        band = epoch_images.base_band(transfer, geometry)
        waves = epoch_images.node_waves(scene.nodes_px, scene.node_sigma_px, linear, origin_px,
                                        geometry)
        extended = extended + epoch_images.field_images(band, waves, scene.node_flux, geometry)[0]
    return points, extended * extended_scale


def with_photons(light_e, rng):
    """Return an expected light, in electrons, with its photon noise; below 0 as it is."""
    return rng.poisson(np.maximum(light_e, 0.0)) + np.minimum(light_e, 0.0)


def seed_of(img_name, site):
    """Return the seed of a site in an image: the same on all engines and in any order."""
    return [*img_name.encode(), 0, *site.encode()]
