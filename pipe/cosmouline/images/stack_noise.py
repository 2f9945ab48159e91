"""A stack as one long exposure: gain, read noise and sky by which its noise comes out right."""

from typing import NamedTuple

from cosmouline.images.combine import median_loss

import numpy as np


class Exposure(NamedTuple):
    """What a stack is as a single exposure; its unit, called ADU, is that of the sum."""

    scale: float  # ADU per unit of the stack: the sum of 1 / coefficient, "as if summed"
    gain_e_per_adu: float  # electrons with the photon noise of the stack; 1 for equal images
    sky_sigma_adu: float  # noise of the sky per pixel that counts for a flux
    pixel_sigma_adu: float  # scatter of the pixels, smaller because resampling correlates them
    read_noise_e: float  # read noise in it, in electrons by that gain
    sky_adu: float  # level of the sky whose photons, with the read noise, give `sky_sigma_adu`
    saturation_adu: float  # above it, sky included, a pixel is saturated in at least one image

    @property
    def noise_factor(self):
        """Noise that counts for a flux over the scatter of the pixels, at least 1."""
        return self.sky_sigma_adu / self.pixel_sigma_adu


def as_exposure(coeff, sigma_e, read_noise_e, room_e, pixel_noise, method="mean"):
    """Describe the stack of n images as one exposure.

    Parameters
    ----------
    coeff : ndarray of float, shape (n,)
        Coefficients: image x coefficient is on the scale of the stack.
    sigma_e, read_noise_e : ndarray of float, shape (n,)
        Noise of the sky (all of it) per pixel of the stack, and the read noise in it, in
        electrons of each image.
    room_e : ndarray of float, shape (n,)
        Electrons from the sky to the saturation of each resampled image.
    pixel_noise : ndarray of float, shape (n,)
        See `resample.pixel_noise`.
    method : {"mean", "median"}
        See `combine.combine`.

    Returns
    -------
    Exposure

    Notes
    -----
    With weights w of sum 1, a star of flux f (on the scale of the stack) has in image k a
    variance of c f after scaling by its coefficient c; that of the stack is f P with P = sum of
    w^2 c. In ADU the flux is T f and its variance T^2 f P, which is flux / gain for
    gain = 1 / (T P). The variance of the sky is in the same way the sum of w^2 c^2 sigma^2, times
    T^2. The sky level is the one whose photons have that variance at that gain, without the read
    noise: the sum of the skies for equal images. A median has equal weights and the loss of
    `combine.median_loss`. COSMOULINE's fac_combi has the medians of gain and read noise and the
    sum of the skies: its noise is too small by a factor of the square root of n / median_loss.
    """
    coeff, sigma_e, read_noise_e = (np.asarray(v, float) for v in (coeff, sigma_e, read_noise_e))
    # the weights of `combine.combine`, on the scale of the stack
    weight = 1 / (coeff * sigma_e) ** 2 if method == "mean" else np.ones_like(coeff)
    weight = weight / weight.sum()
    loss = 1.0 if method == "mean" else float(median_loss(coeff.size))
    scale = float(np.sum(1 / coeff))
    gain = 1 / (scale * loss * np.sum(weight**2 * coeff))

    def of_stack(noise_e):
        return float(scale * np.sqrt(loss * np.sum((weight * coeff * noise_e) ** 2)))

    # a level of L ADU has L / gain + read_noise^2 of variance, in ADU^2
    sky_sigma, read_noise = of_stack(sigma_e), of_stack(read_noise_e)
    sky_adu = max(gain * (sky_sigma**2 - read_noise**2), 0.0)
    saturation = sky_adu + scale * np.min(coeff * np.asarray(room_e, float))
    return Exposure(scale, float(gain), sky_sigma, of_stack(sigma_e * np.asarray(pixel_noise)),
                    float(gain * read_noise), float(sky_adu), float(saturation))


def mean_date(mjd, coeff, sigma_e, method="mean"):
    """Date of the light of a stack: that of its images by their weights, as in `as_exposure`."""
    weight = 1 / (np.asarray(coeff) * sigma_e) ** 2 if method == "mean" else np.ones(len(mjd))
    start = np.min(mjd)  # so that no digit of the sum is lost
    return float(start + np.sum(weight * (np.asarray(mjd) - start)) / np.sum(weight))
