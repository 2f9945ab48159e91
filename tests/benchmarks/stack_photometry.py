"""Stacks and their photometry against SWarp and source-extractor, and against the truth.

Run by hand, about 5 minutes:

    python tests/benchmarks/stack_photometry.py [--side 700] [--images 6] [--seeds 6]

Frames of the same stars, dithered and turned, with noise of their own and other depths, are
stacked by us (3_align/2a_opt_align, fac_photom/2_stack: spline and clipped mean) and by SWarp
(LANCZOS3, WEIGHTED, the same weights and scales) on the same grid. Then apertures on that stack by
us and by source-extractor, at its own positions. Then the pulls of empty apertures and of PSF
fluxes, with the errors that empty apertures at other places gave.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from cosmouline.astrometry.align import fit_affine
from cosmouline.images.combine import combine
from cosmouline.images.resample import pixel_noise, resample
from cosmouline.psf.stacks.empty_apertures import empty_places, noise_curve
from cosmouline.psf.stacks.forced import aperture_fluxes_at, psf_fluxes_at
from cosmouline.psf.stacks.stack_psf import fit_stack_psf
from cosmouline.robust import mad_sigma
from cosmouline.sources.detect import detect_sources

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

FWHM_PX, BETA = 3.6, 3.5
SKY_E = 900.0


def moffat(x, y, fwhm_px):
    """Moffat of flux 1 on a grid four times finer than the pixels, averaged over them."""
    core = fwhm_px / (2 * np.sqrt(2 ** (1 / BETA) - 1))
    fine = (np.arange(4) - 1.5) / 4
    r2 = (x[..., None, None] + fine) ** 2 + (y[..., None, None] + fine[:, None]) ** 2
    return ((BETA - 1) / (np.pi * core**2) * (1 + r2 / core**2) ** -BETA).mean((-1, -2))


def wcs_of(side, angle_deg=0.0, shift_px=(0.0, 0.0), scale_arcsec=0.3):
    """Tangent plane about RA 150, Dec 2, turned and shifted."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = 150.0, 2.0
    wcs.wcs.crpix = np.array([side / 2 + 0.5] * 2) + shift_px
    turn = np.radians(angle_deg)
    wcs.wcs.cd = scale_arcsec / 3600 * np.array([[-np.cos(turn), np.sin(turn)],
                                                 [np.sin(turn), np.cos(turn)]])
    return wcs


def draw(side, n_images, n_stars, seed):
    """Draw frames: a list of (image without sky, sigma, transparency, wcs), grid, positions, flux.

    The flux of a star on the grid is that of a frame of transparency 1, in electrons.
    """
    rng = np.random.default_rng(seed)
    grid = wcs_of(side)
    xy = rng.uniform(12, side - 13, (n_stars, 2))
    flux = 10 ** rng.uniform(2.4, 5.3, n_stars)
    sky = grid.all_pix2world(xy, 0)
    frames = []
    for k in range(n_images):
        wcs = wcs_of(side, rng.uniform(-4, 4) if k else 0.3, rng.uniform(-6, 6, 2))
        transparency, fwhm_px = rng.uniform(0.6, 1.0), FWHM_PX * rng.uniform(0.9, 1.15)
        image, half = np.zeros((side, side)), 24
        for (x, y), f in zip(wcs.all_world2pix(sky, 0), flux, strict=True):
            x0, y0 = round(float(x)), round(float(y))
            cols = np.arange(max(x0 - half, 0), min(x0 + half + 1, side))
            rows = np.arange(max(y0 - half, 0), min(y0 + half + 1, side))
            if cols.size and rows.size:
                image[np.ix_(rows, cols)] += transparency * f * moffat(
                    *np.broadcast_arrays(cols - x, (rows - y)[:, None]), fwhm_px)
        noisy = image + rng.normal(0, 1, image.shape) * np.sqrt(SKY_E + image)
        frames.append((noisy.astype(np.float32), np.sqrt(SKY_E), transparency, wcs))
    return frames, grid, xy, flux


def our_stack(frames, grid, side):
    """Stack as the scripts do; return `combine.Stack`, and scatter of its pixels over noise."""
    corners = np.stack(np.meshgrid(*[np.linspace(0, side - 1, 5)] * 2), -1).reshape(-1, 2)
    values, sigma, coeff, noise = [], [], [], []
    for image, sigma_e, transparency, wcs in frames:
        matrix = fit_affine(corners, wcs.all_world2pix(grid.all_pix2world(corners, 0), 0))
        values.append(resample(image, matrix, (side, side)) * np.float32(1 / transparency))
        coeff.append(1 / transparency)
        sigma.append(sigma_e / transparency * np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        noise.append(pixel_noise(matrix, (side, side)))
    sigma, coeff, noise = map(np.array, (sigma, coeff, noise))
    stack = combine(np.stack(values), sigma, coeff, n_min=len(frames) // 2, scatter=sigma * noise)
    weight = sigma**-2 / (sigma**-2).sum()
    return stack, float(np.sqrt((weight * sigma * noise) @ (weight * sigma * noise)
                                / ((weight * sigma) @ (weight * sigma))))


def swarp_stack(frames, grid, side, folder):
    """Stack the same frames by SWarp on the same grid; return image and weight."""
    names = []
    for k, (image, sigma_e, transparency, wcs) in enumerate(frames):
        header = wcs.to_header()
        header["FLXSCALE"] = 1 / transparency
        fits.writeto(folder / f"f{k}.fits", image, header, overwrite=True)
        fits.writeto(folder / f"f{k}.weight.fits", np.full_like(image, sigma_e**-2), header,
                     overwrite=True)
        names.append(f"f{k}.fits")
    cards = grid.to_header()
    cards["NAXIS"], cards["NAXIS1"], cards["NAXIS2"] = 2, side, side
    (folder / "coadd.head").write_text("\n".join(str(card) for card in cards.cards) + "\nEND\n")
    subprocess.run(["SWarp", *names, "-SUBTRACT_BACK", "N", "-COMBINE_TYPE", "WEIGHTED",
                    "-WEIGHT_TYPE", "MAP_WEIGHT", "-RESAMPLING_TYPE", "LANCZOS3",
                    "-FSCALE_KEYWORD", "FLXSCALE", "-FSCALASTRO_TYPE", "NONE", "-WRITE_XML", "N",
                    "-VERBOSE_TYPE", "QUIET", "-NTHREADS", "1", "-IMAGEOUT_NAME", "coadd.fits",
                    "-WEIGHTOUT_NAME", "coadd.weight.fits"], cwd=folder, check=True)
    return (fits.getdata(folder / "coadd.fits").astype(np.float32),
            fits.getdata(folder / "coadd.weight.fits").astype(np.float32))


def extractor(image, weight, diameters_px, folder):
    """Run source-extractor; return its catalogue (pixels from 1)."""
    fits.writeto(folder / "se.fits", image, overwrite=True)
    fits.writeto(folder / "se.weight.fits", weight, overwrite=True)
    (folder / "se.param").write_text(
        "NUMBER\nX_IMAGE\nY_IMAGE\nFLAGS\nIMAFLAGS_ISO\n".replace("IMAFLAGS_ISO\n", "")
        + f"FLUX_APER({len(diameters_px)})\nMAG_APER({len(diameters_px)})\n")
    (folder / "se.conv").write_text("CONV NORM\n1 2 1\n2 4 2\n1 2 1\n")
    subprocess.run(["source-extractor", "se.fits", "-c", "/dev/null", "-CATALOG_NAME", "se.cat",
                    "-CATALOG_TYPE", "FITS_1.0", "-PARAMETERS_NAME", "se.param",
                    "-FILTER_NAME", "se.conv", "-BACK_TYPE", "MANUAL", "-BACK_VALUE", "0",
                    "-DETECT_THRESH", "3", "-WEIGHT_TYPE", "MAP_WEIGHT", "-WEIGHT_IMAGE",
                    "se.weight.fits", "-MASK_TYPE", "NONE", "-MAG_ZEROPOINT", "25",
                    "-PHOT_APERTURES", ",".join(f"{d:g}" for d in diameters_px),
                    "-VERBOSE_TYPE", "QUIET"], cwd=folder, check=True)
    return fits.getdata(folder / "se.cat", 1)


def isolated(xy, flux, least_px=25.0):
    """Stars that no other of a thousandth of their flux is near."""
    away = np.hypot(*(xy[:, None] - xy).transpose(2, 0, 1))
    near = (away < least_px) & (away > 0)
    return ~((near * flux[None]) > 1e-3 * flux[:, None]).any(1)


def against_swarp(side, n_images, seed, folder, n_stars=60):
    """Return ratio of fluxes (median, scatter), of sky rms (ours / SWarp's), and of weights."""
    frames, grid, xy, flux = draw(side, n_images, n_stars, seed)
    stack, _ = our_stack(frames, grid, side)
    image, weight = swarp_stack(frames, grid, side, folder)
    inner = (np.abs(xy - side / 2) < side / 2 - 60).all(1) & (flux > 2e4) & isolated(xy, flux)
    bad = np.zeros(image.shape, bool)
    one = np.ones_like(image)
    own, other = (aperture_fluxes_at(data, one, bad, xy[inner], [4 * FWHM_PX])[0][:, 0]
                  for data in (stack.image, image))
    ratio = own / other
    middle = slice(60, side - 60), slice(60, side - 60)
    star = np.zeros(image.shape, bool)
    y, x = np.indices(image.shape)
    for (x0, y0) in xy:
        star |= np.hypot(x - x0, y - y0) < 20
    empty = ~star[middle]
    rms = [mad_sigma(data[middle][empty]) for data in (stack.image, image)]
    return {"flux": float(np.median(ratio)), "flux_scatter": float(ratio.std()),
            "n": int(inner.sum()), "sky": rms[0] / rms[1],
            "weight": float(np.median(1 / stack.sky_variance[middle] / weight[middle])),
            "truth": float(np.median(own / flux[inner]))}


def against_extractor(side, n_images, seed, folder, n_stars=60):
    """Return the largest and the median difference of MAG_APER, in magnitudes, by diameter."""
    frames, grid, *_ = draw(side, n_images, n_stars, seed)
    stack, _ = our_stack(frames, grid, side)
    image = np.nan_to_num(stack.image)
    weight = np.nan_to_num(1 / stack.sky_variance)
    diameters = [6.0, 10.0, 20.0]
    table = extractor(image, weight, diameters, folder)
    xy = np.column_stack([table["X_IMAGE"], table["Y_IMAGE"]]).astype(float) - 1
    flux, _ = aperture_fluxes_at(image, np.ones_like(image), ~np.isfinite(stack.image), xy,
                                 [d / 2 for d in diameters])
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.abs(25 - 2.5 * np.log10(flux) - table["MAG_APER"].reshape(flux.shape))
    good = (table["FLAGS"] == 0)[:, None] & np.isfinite(off)
    return {d: (float(off[good[:, k], k].max()), float(np.median(off[good[:, k], k])),
                int(good[:, k].sum())) for k, d in enumerate(diameters)}


def pulls(side, n_images, seed, n_stars=60):
    """Return pulls of empty apertures by radius in FWHM, and of PSF and aperture fluxes of stars.

    The factors come from places of another seed than those that are tested.
    """
    frames, grid, xy, flux = draw(side, n_images, n_stars, seed)
    stack, scatter = our_stack(frames, grid, side)
    bad = ~np.isfinite(stack.image)
    sky_variance = stack.sky_variance
    saturation = np.inf
    sources = detect_sources(stack.image, None)
    fit, _ = fit_stack_psf(stack.image, sky_variance, sources, saturation, 2, scatter)
    found = psf_fluxes_at(stack.image, stack.variance, 1 / sky_variance, bad, xy, fit.psf)
    blocked = bad | (found.model > 0.3 * np.sqrt(sky_variance))
    radii = np.array([0.5, 1.0, 1.5, 2.0, 3.0]) * fit.psf.star_fwhm_px
    curve = noise_curve(stack.image, stack.variance, blocked, radii, seed=1)
    test = {}
    for radius, factor in zip(radii, curve.at(radii), strict=True):
        places = empty_places(blocked, radius, seed=2)
        empty, sigma = aperture_fluxes_at(stack.image, stack.variance, bad, places, [radius])
        test[radius / fit.psf.star_fwhm_px] = (empty / sigma / factor).ravel()
    places = empty_places(blocked, 1.5 * fit.psf.star_fwhm_px, 1)
    alone = psf_fluxes_at(stack.image, stack.variance, 1 / sky_variance, bad, places, fit.psf,
                          alone=True)
    psf_factor = np.nanstd(alone.flux / alone.sigma)
    inner = (np.abs(xy - side / 2) < side / 2 - 30).all(1)
    faint = inner & (flux < 5000)
    pull = ((found.flux - flux) / found.sigma / psf_factor)[faint]
    return test, curve, pull[np.isfinite(pull)], psf_factor


def main():
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=700)
    parser.add_argument("--images", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=6)
    options = parser.parse_args()
    size = options.side, options.images
    with tempfile.TemporaryDirectory() as name:
        for seed in range(2):
            found = against_swarp(*size, seed, Path(name))
            print(f"SWarp, seed {seed}: flux {found['flux']:.5f} +- {found['flux_scatter']:.5f} "
                  f"({found['n']} stars), sky rms {found['sky']:.4f}, weight "
                  f"{found['weight']:.4f}; ours / truth {found['truth']:.5f}")
        for diameter, (most, median, n) in against_extractor(*size, 0, Path(name)).items():
            print(f"source-extractor, diameter {diameter:g} px: MAG_APER off by {median:.1e} "
                  f"(median), {most:.1e} (largest of {n})")
    empty, stars = {}, []
    for seed in range(options.seeds):
        test, curve, pull, factor = pulls(*size, seed)
        stars.append(pull)
        for radius, values in test.items():
            empty.setdefault(round(float(radius), 2), []).append(values)
        print(f"seed {seed}: factors {np.round(curve.factor, 3)}, PSF {factor:.3f}")
    for radius, values in empty.items():
        values = np.concatenate(values)
        print(f"empty apertures of {radius:g} FWHM: pull {values.std():.3f} +- "
              f"{1 / np.sqrt(2 * values.size):.3f} (n = {values.size})")
    stars = np.concatenate(stars)
    print(f"PSF fluxes of faint stars: pull {stars.std():.3f} +- "
          f"{1 / np.sqrt(2 * stars.size):.3f}, mean {stars.mean():+.3f} (n = {stars.size})")


if __name__ == "__main__":
    main()
