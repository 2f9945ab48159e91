"""Error of a PSF that changes over the field, fitted as constant, as linear, and as "auto" has it.

Run as: python tests/benchmarks/psf_over_field.py [--seeds 3]

FWHM 4 px at the centre, `gradient` its total change over the field. At places all over the field:
rms of the PSF against the truth there, and scatter of the fluxes that it gives in %. Exit status 1
unless "auto" is never on without a gradient and always on at 3 % and 12 stars or more.
"""

import argparse
import sys

from cosmouline.psf.fit import PsfOptions, fit_psf

import numpy as np
from psf_simulator import at_field, star_stamps
from psf_truth import rms_and_flux

FWHM_PX = 4.0
GRADIENTS, N_STARS = (0.0, 0.03, 0.06), (8, 12, 20)
FIELDS = ("off", "on", "auto")
PHASES_PX = ((0.1, 0.2), (-0.4, 0.3))
PLACES = np.random.default_rng(1).uniform(-1, 1, (10, 2))


def errors(stars, gradient, field):
    """Return rms, scatter of the flux in %, and whether the PSF varies."""
    psf = fit_psf(stars.data_e, stars.sky_variance_e2, stars.good, FWHM_PX,
                  PsfOptions(field=field), uv=stars.uv).psf
    narrow = psf.narrow(PLACES)
    found = [rms_and_flux(one, at_field(stars.profile, gradient, u), stars.side_px,
                          phases=PHASES_PX)
             for one, u in zip(narrow, PLACES[:, 0], strict=True)]
    rms, flux = np.array(found).T
    return np.sqrt(np.mean(rms**2)), 100 * flux.std(), psf.gradient is not None


def main():
    """Measure case by case, tell, judge."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    is_right = True
    for brightness in ("mid", "bright"):
        for gradient in GRADIENTS:
            for n_stars in N_STARS:
                sets = [star_stamps(3000 + k, FWHM_PX, brightness, n_stars, gradient)
                        for k in range(options.seeds)]
                cells = []
                for field in FIELDS:
                    found = np.array([errors(stars, gradient, field) for stars in sets])
                    rms, flux = np.sqrt(np.mean(found[:, :2] ** 2, 0))
                    share = found[:, 2].mean()
                    cells.append(f"{field} {rms:.4f} {flux:.3f}% ({share:.2f} vary)")
                if gradient == 0 or n_stars >= N_STARS[1]:
                    is_right &= share == float(gradient > 0)
                print(f"{brightness} {gradient:g} {n_stars}:", " | ".join(cells), flush=True)
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
