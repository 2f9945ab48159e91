"""Footprints of the images of a lens: in the fields of their rows, compared, and to be drawn."""

from dataclasses import dataclass

from cosmouline.astrometry import catalogues, footprint, tangent
from cosmouline.astrometry.db_catalogue import catalogue
from cosmouline.astrometry.db_coordinates import has_sky, wcs_of

import numpy as np

BLEND_FWHM = 3.0  # a neighbour nearer than this blends
USUAL_FWHM_ARCSEC = 1.5  # where no seeing is known


def fields(image, settings):
    """Return footprint, lens_inside and lens_edge_arcsec of an image; {} without coordinates."""
    if not has_sky(image):
        return {}
    corners = footprint.corners(wcs_of(image, settings), (image["ny_px"], image["nx_px"]))
    found = {"footprint": " ".join(f"{value:.6f}" for value in corners.ravel())}
    lens = settings.lens_ra_deg, settings.lens_dec_deg
    if None not in lens and settings.lens_position_px is None:
        polygon = tangent.project(*corners.T, *lens)
        # opposite of the lens on the sky nothing is projected
        if np.isfinite(polygon).all():
            edge = footprint.edge_distance(polygon, np.zeros(2))
        else:
            edge = -float(tangent.distance_arcsec(*corners.T, *lens).min())
        found |= {"lens_inside": edge > 0, "lens_edge_arcsec": edge}
    return found


def corners_of(image):
    """Return RA and Dec of the corners of an image, (4, 2), from its field."""
    return np.array(image["footprint"].split(), float).reshape(4, 2)


def blend_arcsec(images):
    """Return the distance within which two stars are blended, from the seeing of images."""
    fwhm = [image["fwhm_arcsec"] for image in images if "fwhm_arcsec" in image]
    return BLEND_FWHM * float(np.median(fwhm) if fwhm else USUAL_FWHM_ARCSEC)


@dataclass(frozen=True)
class Sky:
    """The sky around a lens on a tangent plane: footprints of images, and how many cover it."""

    centre_deg: tuple
    polygons: list  # (4, 2) in arcsec, of images that hold the lens or may
    out: list  # of images that miss the lens
    counts: np.ndarray
    cell_arcsec: float
    low: np.ndarray
    has_lens: bool

    @classmethod
    def of(cls, images, settings):
        """Gather the footprints of images; those that miss the lens do not count in the areas."""
        skies = [corners_of(image) for image in images]
        lens = settings.lens_ra_deg, settings.lens_dec_deg
        centre = lens if None not in lens else footprint.middle_of(np.concatenate(skies))
        planes = [tangent.project(*sky.T, *centre) for sky in skies]
        inside = [image.get("lens_inside", True) for image in images]
        kept = [plane for plane, one in zip(planes, inside, strict=True)
                if one and np.isfinite(plane).all()]
        kept = kept or [plane for plane in planes if np.isfinite(plane).all()]
        out = [plane for plane, one in zip(planes, inside, strict=True)
               if not one and np.isfinite(plane).all()]
        return cls(centre, kept, out, *footprint.coverage(kept), None not in lens)

    def summary(self):
        """Return one line: total and common area."""
        area = (self.cell_arcsec / 60) ** 2
        total, common = (self.counts > 0).sum() * area, (
            self.counts == len(self.polygons)).sum() * area
        return (f"{len(self.polygons)} images cover {total:.1f} square arcmin, all of them "
                f"{common:.1f} ({100 * common / total:.0f} %)")

    def drawn(self):
        """Return the arguments of a page of the footprints."""
        n_north, n_east = self.counts.shape
        west, south = self.low / 60
        cell = self.cell_arcsec / 60
        return {"counts": self.counts,
                "extent_arcmin": (west, west + n_east * cell, south, south + n_north * cell),
                "outlines": [one / 60 for one in self.polygons],
                "out": [one / 60 for one in self.out],
                "lens_arcmin": (0.0, 0.0) if self.has_lens else None}

    def stars(self, images, settings):
        """Return the arguments for the stars of the catalogue on the map; None without one."""
        stars = catalogue(settings)
        if stars is None:
            return None
        plane = tangent.project(stars["ra_deg"], stars["dec_deg"], *self.centre_deg)
        n_north, n_east = self.counts.shape
        high = self.low + self.cell_arcsec * np.array([n_east, n_north])
        on_map = ((plane >= self.low) & (plane <= high)).all(1)
        reasons = np.array(catalogues.problems(stars, blend_arcsec(images),
                                               settings.star_ruwe_max, settings.star_mag_range))
        return {"stars_arcmin": plane[on_map] / 60, "is_good": reasons[on_map] == "",
                "star_mag": catalogues.brightness(stars)[on_map]}
