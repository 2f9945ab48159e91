"""Compare three ways to get the coefficients of images from star fluxes, on made-up campaigns.

Run as: python tests/benchmarks/normalisation_table.py [number of campaigns per line, default 60]

Stars as bright as in the test field of ten stars (errors .17 to .51 % at full transparency), 40
images of transparency .85 +- .15. Columns: scatter of coefficient / truth in per cent, pull of
the coefficients by their own errors, variables found and constant stars called variable per
campaign, CPU of one campaign in ms.
"""

import sys
import time
from dataclasses import dataclass

from cosmouline.photometry.coefficient_fit import normalise
from cosmouline.photometry.coefficient_median import renormalise

import numpy as np
from scipy.optimize import minimize

ERRORS = np.array([0.17, 0.19, 0.22, 0.24, 0.25, 0.26, 0.28, 0.36, 0.41, 0.51]) / 100
AMPLITUDE, OUTLIER = 0.04, 0.05  # of a variable star, scatter of outliers


@dataclass(frozen=True)
class Case:
    """One line: stars, variable ones (the brightest), rates of drop-outs and outliers, images."""

    name: str
    n_stars: int = 10
    n_variable: int = 0
    drop: float = 0.0
    outlier: float = 0.0
    n_images: int = 40


CASES = (
    Case("10 constant stars"),
    Case("the best two vary by 4 %", n_variable=2),
    Case("faint stars drop out", drop=0.5),
    Case("3 % outliers of 5 %", outlier=0.03),
    Case("all three", n_variable=2, drop=0.5, outlier=0.03),
    Case("4 stars, all three", n_stars=4, n_variable=1, drop=0.3, outlier=0.02),
    Case("25 stars, all three", n_stars=25, n_variable=3, drop=0.5, outlier=0.03),
    Case("8 images", n_images=8),
    Case("8 images, one varies", n_images=8, n_variable=1),
)


def campaign(case, seed):
    """Fluxes and errors (n_images, n_stars), NaN where missing; and the transparencies."""
    random = np.random.default_rng(seed)
    shape = case.n_images, case.n_stars
    coeff = np.clip(random.normal(0.85, 0.15, case.n_images), 0.3, 1.1)
    error = np.resize(ERRORS, case.n_stars)
    true = np.outer(coeff, 10 / error)
    sigma = true * error / np.sqrt(coeff)[:, None]
    for k in range(case.n_variable):
        phase = np.arange(case.n_images) / random.uniform(8, 40) + random.uniform()
        true[:, k] *= 1 + AMPLITUDE * np.sin(2 * np.pi * phase)
    flux = true + sigma * random.standard_normal(shape)
    hit = random.random(shape) < case.outlier
    flux = np.where(hit, flux * (1 + OUTLIER * random.standard_normal(shape)), flux)
    faint = np.arange(case.n_stars) >= case.n_stars // 2
    lost = random.random(shape) < 2 * case.drop * (1.2 - coeff)[:, None] * faint
    lost |= random.random(shape) < 0.3 * case.drop
    return np.where(lost, np.nan, flux), np.where(lost, np.nan, sigma), coeff


def lightcurver(flux, sigma):
    """LightCurver 1.2.4: scales of the stars by SLSQP, weighted mean and deviation over them."""
    level = np.nanmedian(flux, 0)
    flux, weight = flux / level, level / sigma
    there, value = np.isfinite(flux), np.nan_to_num(flux)
    weight = np.where(there, weight, 0.0)

    def spread(scale):
        left = value * scale
        mean = left.sum(1) / np.maximum(there.sum(1), 1)
        off2 = weight * there * (left - mean[:, None]) ** 2
        return (off2.sum(1) / np.maximum(weight.sum(1), 1e-30)).sum()

    fixed = {"type": "eq", "fun": lambda scale: scale.mean() - 1}
    scale = minimize(spread, np.ones(flux.shape[1]), method="SLSQP", constraints=fixed).x
    squared = weight**2 / np.maximum((weight**2).sum(1, keepdims=True), 1e-30)
    coeff = (squared * value * scale).sum(1)
    error = np.sqrt((squared * (value * scale - coeff[:, None]) ** 2).sum(1))
    coeff[~there.any(1)] = np.nan
    return coeff, error


def by_als(flux, sigma):
    """Return coefficients, errors, and the stars called variable."""
    found = normalise(flux, sigma)
    return found.coeff, found.coeff_sigma, found.is_variable


def by_median(flux, sigma):
    """Return the same of COSMOULINE's 8_renorm, which tells no variable."""
    found = renormalise(flux, ["T"] * len(flux))
    return 1 / found.coeff, found.coeff_sigma / found.coeff**2, None


def by_lightcurver(flux, sigma):
    """Return the same of LightCurver, which tells no variable."""
    return *lightcurver(flux, sigma), None


def judge(method, sets, case):
    """Return scatter in per cent, pull, variables found, false ones, and CPU ms."""
    scatter2, pull2, found, false, start = [], [], [], [], time.process_time()
    for flux, sigma, true in sets:
        coeff, error, variable = method(flux, sigma)
        with np.errstate(divide="ignore", invalid="ignore"):
            weight = np.nan_to_num((coeff / error) ** 2, posinf=0.0)
        ratio = np.nan_to_num(coeff / true)
        off = ratio / np.average(ratio, weights=weight) - 1
        off, relative = off[weight > 0], 1 / np.sqrt(weight[weight > 0])
        scatter2.append((off - np.median(off)).var())
        pull2.append(np.mean((off / relative) ** 2))
        if variable is not None:
            found.append(variable[:case.n_variable].sum())
            false.append(variable[case.n_variable:].sum())
    cpu_ms = 1e3 * (time.process_time() - start) / len(sets)
    return (100 * np.sqrt(np.mean(scatter2)), np.sqrt(np.mean(pull2)),
            np.mean(found) if found else np.nan, np.mean(false) if false else np.nan, cpu_ms)


def main():
    """Print the table."""
    n_sets = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    print(f"{'':26s}{'scatter %':>21s}   {'pull':>17s}   variables {'CPU ms':>18s}")
    print(f"{'':26s}{'ALS':>7s}{'median':>7s}{'LC':>7s}   {'ALS':>5s}{'median':>7s}{'LC':>5s}   "
          f"found false {'ALS':>6s}{'median':>7s}{'LC':>5s}")
    for case in CASES:
        sets = [campaign(case, seed) for seed in range(n_sets)]
        als, med, lc = (judge(m, sets, case) for m in (by_als, by_median, by_lightcurver))
        print(f"{case.name:26s}{als[0]:7.3f}{med[0]:7.3f}{lc[0]:7.3f}   {als[1]:5.2f}{med[1]:7.2f}"
              f"{lc[1]:5.2f}   {als[2]:.2f}/{case.n_variable} {als[3]:.3f} {als[4]:7.1f}"
              f"{med[4]:7.1f}{lc[4]:6.1f}", flush=True)


if __name__ == "__main__":
    main()
