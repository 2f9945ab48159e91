"""The sky map of an image: written to work_dir, its range and noise to the database."""

import logging
from dataclasses import replace

from cosmouline.database import paths
from cosmouline.database.products import product_of
from cosmouline.images.io_sky import read_sky, write_sky
from cosmouline.robust import theil_sen

import numpy as np

log = logging.getLogger("cosmouline")

NOISE_RATIOS = (0.4, 2.0)  # of one image
SET_RATIOS = (0.8, 1.25)  # of the median image of a set: .97 to 1.00 where all is right
SET_IMAGES = 3  # fewer are no set
TRANSFER_IMAGES = 8  # fewer show no gain
WRONG_BY = 1.5  # by which the gain of the noise may differ, and is known at least
SKY_SUBTRACTED = 3.0  # a level of fewer times the noise: the sky was taken away


def keep(sky, image, settings, fringes_path=None):
    """Write the sky map of an image; return its fields.

    The row of a stack has a ``noise_factor``: its pixels scatter less than its fluxes.
    `fringes_path` is the pattern of its fringes, to which the map refers.
    """
    sky = replace(sky, sigma_mesh_e=sky.sigma_mesh_e * image.get("noise_factor", 1.0))
    write_sky(paths.sky(settings, image["img_name"]), sky, fringes_path)
    return {"sky_box_px": sky.box_px, "sky_range_e": float(np.ptp(sky.level_mesh_e)),
            "sky_noise_e": float(np.median(sky.sigma_mesh_e))}


def noise_ratio(sky_noise_e, image):
    """Return the field sky_noise_ratio; none where the sky has no expected noise.

    Of a level below 0, from which more than the sky was taken, the read noise alone is expected.
    """
    expected_e2 = max(image["sky_level_e"], 0.0) + image["read_noise_e"] ** 2
    return {"sky_noise_ratio": sky_noise_e / np.sqrt(expected_e2)} if expected_e2 > 0 else {}


def gain_of_noise(level_adu, noise_adu):
    """Gain by which the squared noise of the skies of a set grows with their levels.

    Parameters
    ----------
    level_adu, noise_adu : ndarray of float, shape (n,)

    Returns
    -------
    (gain, low, high), pedestal : tuple of float in e-/ADU, and float in ADU
        The gain with its limits at 95 %, and the level without noise of the sky: a bias that is
        still in the level, or below 0 the read noise. None where the levels do not tell.

    Notes
    -----
    Photon transfer (Janesick 2001, Scientific Charge-Coupled Devices, chapter 2): noise^2 = level
    / gain + read noise^2, whatever the bias. Slope by Theil and Sen: single images count little.
    """
    if len(level_adu) < TRANSFER_IMAGES or np.ptp(level_adu) == 0:
        return None
    slope, noise2, low, high = theil_sen(level_adu, noise_adu**2)
    if low <= 0 or high / low > WRONG_BY**2:
        return None
    return (1 / slope, 1 / high, 1 / low), -noise2 / slope


def warn_of_gain(images):
    """Warn of sets of images whose gain is not that of the noise of their skies."""
    sets = {}
    for image in images:
        if "sky_noise_e" in image and image["gain_e_per_adu"] > 0:
            sets.setdefault((image["set_name"], image["gain_e_per_adu"]), []).append(image)
    for (name, gain), those in sets.items():
        level, noise = (np.array([image[field] for image in those]) / gain
                        for field in ("sky_level_e", "sky_noise_e"))
        found = gain_of_noise(level, noise)
        if found is None or found[0][1] < WRONG_BY * gain < WRONG_BY**2 * found[0][2]:
            continue
        log.warning("the gain of the set %s is %.3g e-/ADU, but its sky noise grows with the "
                    "level as for %.3g (%.3g to %.3g; %d images), and vanishes at %.0f ADU%s. Set "
                    "gain_e_per_adu: the errors of bright stars are wrong.", name, gain,
                    found[0][0], *found[0][1:], len(those), found[1],
                    " (a bias in the level?)" if found[1] > 0 else "")


def warn_of_noise(images):
    """Warn of images whose sky is noisier or smoother than its level and the gain predict.

    In electrons the variance of a sky is its level and the square of the read noise. A gain that
    is wrong by a factor f makes the ratio wrong by the root of f.
    """
    found = [image for image in images if "sky_noise_ratio" in image and not (
        NOISE_RATIOS[0] <= image["sky_noise_ratio"] <= NOISE_RATIOS[1])]
    if not found:
        return
    image = found[0]
    level_e = image["sky_level_e"]
    if abs(level_e) < SKY_SUBTRACTED * image["sky_noise_e"]:
        cause = "was the sky subtracted before, or is the exposure a rate?"
    elif level_e < 0:
        cause = "was more than the sky subtracted, or is it scaled, or without its BZERO?"
    elif not image["sky_noise_e"] > 0:
        cause = "is most of the frame one value?"
    else:
        cause = (f"is the gain of {image['gain_e_per_adu']:.3g} e-/ADU wrong (the noise fits "
                 f"{fitting_gain(image):.2g}), is it a mean of several exposures, or resampled, "
                 "or does the level hold a bias?")
    log.warning("the noise of the sky is %.2g times what its level and the gain predict in %d of "
                "%d images (first: %s, sky %.0f e-, noise %.3g e-): %s Errors and chi2 are wrong "
                "by as much.", image["sky_noise_ratio"], len(found), len(images),
                image["img_name"], level_e, image["sky_noise_e"], cause)


def fitting_gain(image):
    """Gain in e-/ADU with which the noise of the sky is that of its level and the read noise."""
    # the gain g of level L, noise n (ADU) and read noise r (electrons): g^2 n^2 = g L + r^2
    level, noise = (image[field] / image["gain_e_per_adu"] for field in (
        "sky_level_e", "sky_noise_e"))
    return (level + np.hypot(level, 2 * noise * image["read_noise_e"])) / (2 * noise**2)


def warn_of_sets(images):
    """Warn of sets whose median image has more or less noise than its gain predicts.

    Single images are within a few per cent of the prediction; those that `warn_of_noise` names do
    not count. Sets of the same telescope whose noise is in order are named beside it.
    """
    sets = {}
    for image in images:
        if NOISE_RATIOS[0] <= image.get("sky_noise_ratio", 0) <= NOISE_RATIOS[1] and (
                image["sky_level_e"] > SKY_SUBTRACTED * image["sky_noise_e"]):
            sets.setdefault((image["set_name"], image["gain_e_per_adu"]), []).append(image)
    ratios = {key: float(np.median([image["sky_noise_ratio"] for image in those]))
              for key, those in sets.items() if len(those) >= SET_IMAGES}
    right = [key for key in ratios if SET_RATIOS[0] <= ratios[key] <= SET_RATIOS[1]]
    for key in ratios.keys() - set(right):
        name, gain = key
        fits = float(np.median([fitting_gain(image) for image in sets[key]]))
        telescope = sets[key][0]["telescope"]
        others = [f"{one} has {g:.3g} and {ratios[one, g]:.2f}" for one, g in right
                  if sets[one, g][0]["telescope"] == telescope]
        cause = ("the flat field or fringes add noise, the read noise is larger"
                 if ratios[key] > 1 else
                 "the level holds a bias, the images are means of several or resampled")
        log.warning("%s: the noise of the sky is %.2f times what its level and the gain of %.3g "
                    "e-/ADU predict (median of %d images; .97 to 1 where all is right): it fits a "
                    "gain of %.3g, a factor of %.2f%s. Or %s. Errors and chi2 are wrong with it: "
                    "check gain_e_per_adu and read_noise_e", name, ratios[key], gain,
                    len(sets[key]), fits, fits / gain,
                    f"; of the same telescope {', '.join(others)}" if others else "", cause)


@product_of("2_skysub/1_skysub", paths.sky)
def sky(image, settings):
    """Return the sky map of an image."""
    return read_sky(paths.sky(settings, image["img_name"]))
