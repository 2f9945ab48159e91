"""Compare the coefficients of made-up images with their transparency, and with their errors.

Run as: python tests/benchmarks/absolute_coefficient.py

Each line is one campaign, its images with PSFs of their own. In per cent: scatter of coefficient
/ transparency (all of the flux counted; the flux within the stamp), quoted errors; and the pulls,
those of the stars alone and those with the error of the PSF's sum. Coefficients are compared with
each other, so their weighted mean counts as right.
"""

import sys
import time

from cosmouline.photometry.absolute_error import absolute_sigma, photon_error, sum_error
from cosmouline.photometry.coefficient_fit import normalise
from cosmouline.psf.fit import fit_psf
from cosmouline.psf.photometry import star_fluxes
from cosmouline.psf.posterior_draws import flux_scale, psf_draws

import numpy as np
from phot_tools import star_fluxes_between, star_frame

N_DRAWS = 4
CASES = (  # images, stars, range of FWHM in pixels, range of star fluxes in electrons
    (24, 10, (3.5, 6.0), (2e4, 2e5)),
    (24, 10, (2.0, 2.5), (2e4, 2e5)),
    (16, 10, (5.0, 8.0), (2e4, 2e5)),
    (24, 10, (3.5, 5.0), (5e3, 5e4)),
    (24, 10, (3.0, 5.0), (1e5, 1e6)),
    (24, 6, (3.0, 5.0), (2e4, 2e5)),
    (24, 20, (3.0, 5.0), (2e4, 2e5)),
)


def measure(frame, seed):
    """Return fluxes and errors of the stars, and the error of the PSF's sum."""
    given = frame.data_e, frame.sky_variance_e2, frame.good
    fit = fit_psf(*given, frame.fwhm_px)
    stars = star_fluxes(*given, fit.psf.narrow(), fit.psf.upsampling, frame.offset_px)
    _, flux_e = psf_draws(fit, N_DRAWS, seed)
    scale = flux_scale(flux_e, fit, frame.fwhm_px, frame.sky_variance_e2)
    return stars.flux_e, stars.flux_sigma_e, sum_error(scale)


def deviation(ratio, relative):
    """Return the departures of ratios from their weighted mean."""
    return ratio / np.average(ratio, weights=relative**-2.0) - 1


def campaign(case, seed):
    """Print the line of one campaign; return its absolute pulls."""
    n_images, n_stars, (least, greatest), fluxes = case
    random, start = np.random.default_rng(seed), time.process_time()
    star_flux = star_fluxes_between(random, *fluxes, n_stars)
    frames = [star_frame(random, star_flux, random.uniform(least, greatest))
              for _ in range(n_images)]
    made = time.process_time()
    flux, sigma, sums = (np.array(v) for v in zip(
        *(measure(f, 1000 * seed + k) for k, f in enumerate(frames)), strict=True))
    found = normalise(flux, sigma)
    near = found.coeff_sigma / found.coeff
    far = absolute_sigma(found.coeff, found.coeff_sigma, photon_error(flux, sigma), sums,
                         N_DRAWS) / found.coeff
    ratio = found.coeff / np.array([f.coeff for f in frames])
    box = ratio / np.array([f.enclosed.mean() for f in frames])
    pulls = [deviation(box, error) / error for error in (near, far)]
    percent = [100 * np.sqrt(np.mean(v**2)) for v in
               (deviation(ratio, far), deviation(box, far), near, far)]
    rms = [np.sqrt(np.mean(pull**2)) for pull in pulls]
    print(f"{n_images} images {n_stars:2d} stars FWHM {least}-{greatest} px {fluxes[0]:.0e}-"
          f"{fluxes[1]:.0e} e-: all {percent[0]:.3f} box {percent[1]:.3f} | stars {percent[2]:.3f}"
          f" absolute {percent[3]:.3f} | pulls {rms[0]:.2f} {rms[1]:.2f} | CPU "
          f"{time.process_time() - made:.0f} s (+{made - start:.0f})", flush=True)
    return pulls


def main():
    """Run all campaigns, or those whose numbers are given."""
    numbers = [int(n) for n in sys.argv[1:]] or range(len(CASES))
    found = [campaign(CASES[n], 1 + n) for n in numbers]
    for i, name in enumerate(("stars alone", "with the PSF's sum")):
        pulls = np.concatenate([pulls[i] for pulls in found])
        print(f"{pulls.size} coefficients, pull {name}: {np.sqrt(np.mean(pulls**2)):.2f}")


if __name__ == "__main__":
    main()
