"""Put a cosmic into the core of every star of made-up images: how many are found, and errors.

Run as: python tests/benchmarks/core_hits_table.py [images per line, default 20]

Twelve stars of 5e4 to 4e5 e- per image; the PSF from twelve others. Strong hits of 4500 to 24000
e-, weak ones of 800 to 4500 e-, fall on the pixels of the cores. "alone" is the fit with its
judgement of the pixels, "left out" compares each pixel with the star as the others have it.
Columns: share of hits masked; share of fluxes, of hit stars and of clean ones, beyond 5 sigma;
pixels masked per clean core; hit stars without a flux; median error quoted and rms error of the
hit stars, in per cent.
"""

import sys

from cosmouline.psf.core_cosmics import fluxes_without_hits
from cosmouline.psf.fit import PsfOptions, fit_psf
from cosmouline.psf.photometry import is_reliable, star_fluxes

import numpy as np
from phot_tools import star_fluxes_between, star_frame

N_STARS = 12
HITS_E = {"strong": (4500, 24000), "weak": (800, 4500)}
LINES = ((1.7, 3), (2.0, 2), (2.5, 2), (4.0, 2))  # FWHM in pixels, upsampling


def with_hits(frame, random, hits_e):
    """Return data with one hit per star, and the pixels hit."""
    side_px, place = frame.data_e.shape[-1], frame.offset_px
    centre = (side_px - 1) / 2 + place + random.normal(0, 0.35 * frame.fwhm_px, place.shape)
    x, y = np.clip(np.round(centre).astype(int), 1, side_px - 2).T
    hit = np.zeros(frame.data_e.shape, bool)
    hit[np.arange(len(place)), y, x] = True
    return np.where(hit, frame.data_e + random.uniform(*hits_e, (len(place), 1, 1)),
                    frame.data_e), hit


def measure(method, data_e, frame, psf):
    """Return the stars by one method, and the pixels that it masked."""
    given = (data_e, frame.sky_variance_e2, frame.good, psf.narrow(), psf.upsampling,
             frame.offset_px)
    stars = (star_fluxes(*given) if method == "alone"
             else fluxes_without_hits(*given, frame.fwhm_px)[0])
    return stars, ~stars.good


def tell(name, rows):
    """Print one line."""
    masked, error, sigma, clean_error, clean_sigma, false = (np.concatenate(v) for v in zip(
        *rows, strict=True))
    kept = np.isfinite(error)
    print(f"  {name:9s} masked {masked.mean():.3f}; beyond 5 sigma: hit "
          f"{(np.abs(error / sigma)[kept] > 5).mean():.3f} clean "
          f"{(np.abs(clean_error / clean_sigma) > 5).mean():.3f}; false pixels per clean core "
          f"{false.mean():.4f}; without a flux {1 - kept.mean():.2f}; quoted "
          f"{100 * np.nanmedian(sigma):.2f}, rms {100 * np.sqrt(np.nanmean(error**2)):.2f}",
          flush=True)


def line(fwhm_px, upsampling, strength, n_images):
    """Print both lines of one seeing and strength."""
    print(f"FWHM {fwhm_px} px, upsampling {upsampling}, {strength} hits")
    found = {"alone": [], "left out": []}
    for seed in range(n_images):
        random = np.random.default_rng(seed)
        flux_e = star_fluxes_between(random, 5e4, 4e5, 2 * N_STARS)
        frame = star_frame(random, flux_e, fwhm_px)
        data, hit = with_hits(frame, random, HITS_E[strength])
        making, rest = part(frame, slice(N_STARS)), part(frame, slice(N_STARS, None))
        fit = fit_psf(making.data_e, making.sky_variance_e2, making.good, fwhm_px,
                      PsfOptions(upsampling=upsampling))
        true_e = rest.coeff * flux_e[N_STARS:] * rest.enclosed
        for method, rows in found.items():
            rows.append(compare(method, data[N_STARS:], hit[N_STARS:], rest, fit.psf, true_e))
    for method, rows in found.items():
        tell(method, rows)


def part(frame, stars):
    """Return some of the stars of a frame."""
    return type(frame)(frame.fwhm_px, frame.coeff, *(v[stars] for v in (
        frame.data_e, frame.sky_variance_e2, frame.offset_px, frame.enclosed)))


def compare(method, data, hit, frame, psf, true_e):
    """Return masked hits, errors with and without hits, and false masks."""
    clean, false = measure(method, frame.data_e, frame, psf)
    # one hit star at a time: a place that several stars share is no cosmic ray
    masked, hit_e, sigma_e = false.copy(), *np.full((2, len(data)), np.nan)
    for k in range(len(data)):
        own = np.arange(len(data))[:, None, None] == k
        stars, one = measure(method, np.where(own, data, frame.data_e), frame, psf)
        masked[k], sigma_e[k] = one[k], stars.flux_sigma_e[k]
        hit_e[k] = stars.flux_e[k] if is_reliable(stars, frame.fwhm_px)[k] else np.nan
    axis = np.arange(data.shape[-1]) - (data.shape[-1] - 1) / 2
    core = np.hypot(*np.meshgrid(axis, axis)) < frame.fwhm_px
    return (masked[hit], hit_e / true_e - 1, sigma_e / true_e, clean.flux_e / true_e - 1,
            clean.flux_sigma_e / true_e, (false & core).sum((1, 2)))


if __name__ == "__main__":
    for strength in HITS_E:
        for fwhm_px, upsampling in LINES:
            line(fwhm_px, upsampling, strength, int(sys.argv[1]) if len(sys.argv) > 1 else 20)
