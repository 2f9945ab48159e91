"""What the certificate sees of faults, on made-up stars measured with the PSF: run by hand.

    python tests/benchmarks/injection_faults.py --seeds 20 --seeds-of-faults 6

Twelve sites with one star each in 40 frames, drawn with a PSF of two Gaussians that is integrated
exactly; four more with copies of stars of 2e5 to 1e6 electrons. The stars are measured by
`psf.photometry` with the PSF, the noise map and the gain that the reduction believes in. Printed
is, for each fault, in how many draws it is seen and by which check most often.
"""

import argparse
from collections import Counter

import cosmouline  # noqa: F401
from cosmouline.injection import certificate
from cosmouline.injection.certificate import SiteResult
from cosmouline.injection.clone import copied_light
from cosmouline.psf.photometry import star_fluxes
from cosmouline.stamps.stamps import Stamps

import numpy as np
from scipy.special import erf

SIDE, UP, SIGMA_PX, SKY_E = 32, 3, 1.8, 20.0
SMALL = 2 / (2 * np.sqrt(2 * np.log(2))) / UP  # of the Gaussian that the narrow PSF lacks
N_EPOCHS, N_SITES = 40, 12
FLUX_E, COPY_E = 6_000.0, 30_000.0  # of a star of the sites, and of a copy
STARS_E = (1e6, 6e5, 4e5, 2e5)
FULL_E = 1e6  # flux of a star at which brighter-fatter is quoted
FAULTS = {
    "none": {},
    "gain x 1.5": {"gain": 1.5},
    "PSF 2 % too sharp": {"sharp": 0.98},
    "noise map x .8": {"noise_map": 0.8},
    "brighter-fatter 3 %": {"fatter": 0.03},
}


def gaussian(side, xy, sigma, pixel=1.0):
    """Integrals of a Gaussian of flux 1 over the pixels, about the middle."""
    edges = (np.arange(side + 1) - side / 2) * pixel
    x, y = (np.diff(erf((edges - c) / (np.sqrt(2) * sigma))) / 2 for c in xy)
    return np.outer(y, x)


def star(xy, width=1.0, side=SIDE):
    """A star of flux 1 whose PSF is wider by a factor."""
    return sum(part * gaussian(side, xy, SIGMA_PX * width * wide)
               for part, wide in ((0.8, 1.0), (0.2, 2.0)))


def narrow(width=1.0):
    """The narrow PSF that the reduction believes in."""
    return sum(part * gaussian(SIDE * UP, (0, 0), np.sqrt(
        (SIGMA_PX * width * wide) ** 2 - SMALL**2), 1 / UP) for part, wide in ((0.8, 1.0),
                                                                               (0.2, 2.0)))


def measured(data, psf, noise_map, extra=0.0):
    """Fluxes, their errors and the residual width of stars by the believed PSF and noise."""
    variance = np.full(data.shape, (SKY_E * noise_map) ** 2) + extra
    found = star_fluxes(data, variance, np.ones(data.shape, bool), psf, UP,
                        np.zeros((len(data), 2)))
    # one step in the width: the residual along its derivative
    wide = (np.array([star((0, 0), 1.01) - star((0, 0), 0.99)])[0]) / 0.02
    noise2 = variance + np.maximum(found.model, 0)
    unit = np.maximum(found.flux_e, 1)[:, None, None]
    residual, slope = data - found.model, unit * wide
    shape = found.model
    weight = 1 / noise2
    # the flux follows the width
    across = slope - shape * ((weight * slope * shape).sum((1, 2)) / (
        weight * shape**2).sum((1, 2)))[:, None, None]
    total = (weight * across**2).sum()
    width = float((weight * across * residual).sum() / total)
    return found.flux_e, found.flux_sigma_e, width, float(1 / np.sqrt(total))


def site(name, series, star_name, true, flux, sigma, width):
    """Return a `SiteResult` with one source."""
    return SiteResult(name, series, star_name, np.arange(len(true)), true[:, None],
                      flux[:, None], (sigma**2)[:, None, None],
                      np.zeros((len(true), 1)), np.array([0.002 * true.mean()]), width)


def draw(seed, gain=1.0, sharp=1.0, noise_map=1.0, fatter=0.0):
    """Draw a set with a fault; return the checks that are not passed."""
    rng = np.random.default_rng(seed)
    # The PSF of the reduction is that of its bright stars, weighted by their fluxes
    width_of = {flux: 1 + fatter * flux / FULL_E for flux in STARS_E}
    believed = np.average(list(width_of.values()), weights=STARS_E) * sharp
    psf, model, clones = narrow(believed), [], []
    for k in range(N_SITES):
        series = ("lens", "half", "double", "sinus")[k % 4]
        level = FLUX_E * {"half": 0.5, "double": 2.0}.get(series, 1.0)
        true = level * (1 + (0.1 * np.sin(np.arange(N_EPOCHS)) if series == "sinus" else 0.0)
                        * np.ones(N_EPOCHS))
        # light by the believed PSF, photons by the believed gain: a wrong one is not seen here
        at = rng.uniform(-0.5, 0.5, (N_EPOCHS, 2))
        light = np.array([flux * star(xy, believed) for flux, xy in zip(true, at, strict=True)])
        data = rng.poisson(np.maximum(light, 0)) + SKY_E * rng.standard_normal(light.shape)
        model.append(site(f"M{k}", series, "", true, *_three(measured(data, psf, noise_map))))
    for k, flux in enumerate(STARS_E):
        # a real star: its photons are those of the true gain
        at, share = rng.uniform(-0.5, 0.5, (N_EPOCHS, 2)), COPY_E / flux
        images = np.array([flux * star(xy, width_of[flux], SIDE + 8) for xy in at])
        real = (rng.poisson(images / gain) * gain
                + SKY_E * rng.standard_normal(images.shape))
        of_star = measured(real[:, 4:-4, 4:-4], psf, noise_map)[0].mean()
        copied, extra = [], 0.0
        for one in real:
            noise = np.full((1, *one.shape), SKY_E * noise_map, np.float32)
            stamp = Stamps(one[None].astype(np.float32), noise,
                           np.zeros((1, *one.shape), np.uint8), np.zeros((1, 2), int),
                           np.zeros((1, 2)), np.ones(1, bool))
            light, variance, _ = copied_light(stamp, np.zeros((1, 2), int), np.array([share]),
                                              SIDE, rng)
            copied.append(light + SKY_E * rng.standard_normal(light.shape))
            extra = variance
        found = measured(np.array(copied), psf, noise_map, extra)
        clones.append(site(f"C{k}", "lens", "s", np.full(N_EPOCHS, share * of_star),
                           *_three(found)))
    sky = np.sqrt(gain) * (1 + 0.01 * rng.standard_normal(N_EPOCHS))
    return [one.what for one in certificate.checks(
        model, clones, [], np.arange(N_EPOCHS) // 4, sky, ("half", "double"))
        if not one.is_passed]


def _three(found):
    return found[0], found[1], (found[2], found[3])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--seeds-of-faults", type=int, default=6)
    options = parser.parse_args()
    for fault, changes in FAULTS.items():
        n = options.seeds_of_faults if changes else options.seeds
        seen = [draw(seed, **changes) for seed in range(n)]
        count = Counter(what for one in seen for what in one)
        print(f"{fault:22s} not passed in {sum(map(bool, seen)):3d} of {n}: "
              + "; ".join(f"{what} ({k})" for what, k in count.most_common(3)), flush=True)


if __name__ == "__main__":
    main()
