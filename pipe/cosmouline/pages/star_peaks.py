"""What the stars show against their peaks: the page of a PSF that depends on the brightness."""

from cosmouline.database.columns import column, family
from cosmouline.plots.star_peaks import star_peaks_page
from cosmouline.psf.shape_patterns import joined_slope, slope, star_means
from cosmouline.robust import median_of_finite

import numpy as np


def star_peaks(images, names, psf_name, lens):
    """Return the page of the stars `names` of images of a lens; None where no width was measured.

    The means of each star are over the images of a set; slopes are those of all sets of a camera.
    """
    cameras = {}
    for key in dict.fromkeys((image["telescope"], image["set_name"]) for image in images):
        those = [image for image in images if (image["telescope"], image["set_name"]) == key]
        width, sigma, peak_e, of_psf = (
            family(those, f"star_{what}__{psf_name}__{{star}}", names)
            for what in ("width", "width_sigma", "peak_e", "flux_e"))
        of_aperture = family(those, "aper_flux_e__{star}", names)
        positive = (of_psf > 0) & (of_aperture > 0)
        ratio = np.log(np.where(positive, of_psf, np.nan) / np.where(positive, of_aperture, 1.0))
        peak, pairs = median_of_finite(peak_e), []
        for value in (width, ratio):
            pairs.append(np.stack(star_means(value, np.where(np.isfinite(value), sigma, np.nan))))
        if not np.isfinite(pairs[0][0]).any():
            continue
        good = np.isfinite(peak) & np.isfinite(pairs[0]).all(0)
        known = [good & np.isfinite(pair).all(0) for pair in pairs]
        slopes = [slope(*pair[:, k], peak[k]) if k.any() else None
                  for pair, k in zip(pairs, known, strict=True)]
        one = cameras.setdefault(key[0], {"name": key[0], "sets": [], "slopes": []})
        one["sets"].append({"name": key[1], "peak_e": peak, "width": pairs[0],
                            "ratio": pairs[1]})
        one["slopes"].append(slopes)
    for one in cameras.values():
        joined = [joined_slope(list(each)) for each in zip(*one["slopes"], strict=True)]
        one["slopes"] = [each and (each.slope, each.sigma, each.is_significant)
                         for each in joined]
    if not cameras:
        return None
    applied = column(images, f"psf_peak_slope__{psf_name}")
    n_corrected = int(np.isfinite(applied).sum())
    info = (f"{n_corrected} of {len(images)} images: the fluxes of the lens are corrected for the "
            "width (7_deconv/6_readout)" if n_corrected else "no flux is corrected")
    return star_peaks_page(list(cameras.values()), f"{lens}: stars against their peaks", info)
