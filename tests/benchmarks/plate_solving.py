"""Plate solutions: how many frames of simulated and real fields are solved, and how many falsely.

Run by hand:

    python tests/benchmarks/plate_solving.py [--data FOLDER] [--shuffled 1000] [--wrong 100]

The frames of skymaker_demo with any turn, both parities, a pixel scale that is wrong by up to
20 % and a centre that is wrong by 40 arcsec; with the pointing unknown in a catalogue that is 25
times as large as the frame; against catalogues of random positions, and of other fields; a real
frame of Huntsman; crops of the Legacy Surveys with 1 to 7 stars, which must be refused.
"""

import argparse
import csv
import logging
import time
import warnings
from pathlib import Path

from cosmouline.astrometry import plate_solve, tangent
from cosmouline.errors import ImageRejected
from cosmouline.sources.detect import detect_sources

import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

SCALE_ARCSEC, CENTRE_DEG, POINTING_ARCSEC = 0.2149, np.array([69.5622, -12.2873]), 180.0


def demo_frames(folder):
    """Return (name, shape, sources, true WCS) of the frames of skymaker_demo."""
    found = []
    for path in sorted((folder / "frames_fz").glob("*.fz")):
        image_e = fits.getdata(path, 1).astype("f4") * 2.7
        name = path.name.removesuffix(".fits.fz")
        card_text = (folder / "truth" / f"{name}.wcs.hdr").read_text()
        found.append((name, image_e.shape, detect_sources(image_e, 60000 * 2.7),
                      WCS(fits.Header.fromstring(card_text, sep="\n"))))
    return found


def demo_catalogue(folder):
    """Return RA and Dec of the stars of skymaker_demo, brightest first."""
    rows = list(csv.DictReader((folder / "truth" / "gaia_like.csv").open()))
    rows.sort(key=lambda row: float(row["phot_g_mean_mag"]))
    return np.array([(float(row["ra"]), float(row["dec"])) for row in rows])


def solve(sky_deg, sources, shape, scale_arcsec=SCALE_ARCSEC, centre_deg=CENTRE_DEG,
          pointing_arcsec=POINTING_ARCSEC, xy_px=None):
    """Return the solution of a frame, None if it is refused, and the CPU seconds."""
    xy_px = np.column_stack([sources["x_px"], sources["y_px"]]) if xy_px is None else xy_px
    sigma_px = plate_solve.centroid_sigma(
        sources["flux_e"], sources["n_pix"], np.nanmedian(sources["fwhm_px"]), 20.0)
    start = time.process_time()
    try:
        found = plate_solve.solve(sky_deg, xy_px, shape, scale_arcsec, tuple(centre_deg),
                                  pointing_arcsec, sigma_px, ~sources["is_saturated"])
    except ImageRejected:
        found = None
    return found, time.process_time() - start


def turned(frames, sky_deg, seed):
    """Solve every frame turned, mirrored, with a wrong scale and centre; print how well."""
    random, cpu_s, away, rms = np.random.default_rng(seed), [], [], []
    for _, shape, sources, true in frames:
        angle, parity = random.uniform(0, 2 * np.pi), random.choice([1, -1])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turn = turn @ np.diag([parity, 1])
        middle = (np.array(shape[::-1]) - 1) / 2
        xy_px = (np.column_stack([sources["x_px"], sources["y_px"]]) - middle) @ turn.T + middle
        off = random.choice([-40, 40], 2) / 3600 / (np.cos(np.radians(CENTRE_DEG[1])), 1)
        found, cpu = solve(sky_deg, sources, shape, SCALE_ARCSEC * random.uniform(0.8, 1.2),
                           CENTRE_DEG + off, xy_px=xy_px)
        cpu_s.append(cpu)
        if found is None:
            continue
        # where points of the frame lie, against the truth; in pixels of the frame as it was
        points = random.uniform(50, 970, (50, 2))
        there = tangent.pixels_of(WCS(found.header), tangent.sky_of(true, points))
        away.append(((there - middle) @ turn - (points - middle)).mean(0))
        bright = found.source < 25
        left = (tangent.pixels_of(WCS(found.header), sky_deg[found.star])
                - xy_px[found.source])[bright]
        rms.append(np.sqrt((left**2).mean()))
    common = np.median(away, axis=0)
    print(f"turned, mirrored, scaled, off: {len(away)} of {len(frames)} solved; CPU per frame "
          f"{np.median(cpu_s):.3f} s; common offset {common.round(3)} px, about it largest "
          f"{np.abs(away - common).max():.3f} px; rms of the brightest 25 sources, median "
          f"{np.median(rms):.3f}, largest {max(rms):.3f} px per axis")


def unknown_pointing(frames, sky_deg, seed):
    """Solve frames in a catalogue of 25 times their area, of the same density."""
    random = np.random.default_rng(seed)
    half = 2.5 * 1024 * SCALE_ARCSEC
    n = int(len(sky_deg) * 25 / 2)
    plane = random.uniform(-half, half, (n, 2))
    own = tangent.project(*sky_deg.T, *CENTRE_DEG)
    plane = plane[(np.abs(plane) > np.abs(own).max()).any(1)]
    both = np.vstack([own, plane])
    # brightness in random order among each other
    order = np.argsort(np.concatenate([np.linspace(0, 1, len(own)),
                                       random.uniform(0, 1, len(plane))]), kind="stable")
    large = tangent.unproject(both, *CENTRE_DEG)[order]
    start, n_solved, cpu_s = random.uniform(-1, 1, 2) * half / 3600, 0, []
    for _, shape, sources, true in frames:
        found, cpu = solve(large, sources, shape, centre_deg=CENTRE_DEG + start,
                           pointing_arcsec=3600.0)
        cpu_s.append(cpu)
        if found is not None:
            middle = np.array([[512.0, 512.0]])
            off = tangent.pixels_of(WCS(found.header), tangent.sky_of(true, middle)) - middle
            n_solved += np.hypot(*off[0]) < 1
    print(f"pointing unknown in {len(large)} stars: {n_solved} of {len(frames)} solved, CPU "
          f"{np.median(cpu_s):.2f} s, largest {max(cpu_s):.2f}")


def by_chance(frames, sky_deg, n_shuffled, n_wrong, seed):
    """Count solutions against random positions, and against random pieces of other fields."""
    random, n_false = np.random.default_rng(seed), 0
    plane = tangent.project(*sky_deg.T, *CENTRE_DEG)
    low, high = plane.min(0), plane.max(0)
    for k in range(n_shuffled):
        _, shape, sources, _ = frames[k % len(frames)]
        # the same numbers in another order: east and north are shuffled, each by itself
        other = np.column_stack([random.permutation(plane[:, 0]), random.permutation(plane[:, 1])])
        n_false += solve(tangent.unproject(other, *CENTRE_DEG), sources, shape)[0] is not None
    print(f"shuffled catalogues: {n_false} false of {n_shuffled}")
    n_false = 0
    for k in range(n_wrong):
        _, shape, sources, _ = frames[k % len(frames)]
        # a clustered field: what real ones have and uniform ones have not
        n = random.integers(30, 600)
        seeds = random.uniform(low, high, (max(n // 4, 1), 2))
        other = seeds[random.integers(0, len(seeds), n)] + random.normal(0, 8, (n, 2))
        n_false += solve(tangent.unproject(other, *CENTRE_DEG), sources, shape)[0] is not None
    print(f"wrong fields: {n_false} false of {n_wrong}")


def huntsman(folder):
    """Solve the real frame of Huntsman from the catalogue beside it, and compare with its WCS."""
    image, header = fits.getdata(folder / "data/raw/science_0.fits", header=True)
    rows = Table.read(folder / "data/refcat.csv", format="ascii.csv")
    rows = rows[np.argsort(np.ma.filled(rows["g_psf"].astype(float), 99))]
    sky_deg = np.column_stack([rows["raj2000"], rows["dej2000"]]).astype(float)
    sources = detect_sources(image.astype("f4"), 4000.0)
    wcs = WCS(header)
    middle = np.array(image.shape[::-1]) / 2
    centre, (scale, *_) = tangent.sky_of(wcs, middle[None])[0], tangent.scale_and_north(
        wcs, middle)
    found, cpu = solve(sky_deg, sources, image.shape, scale, centre, 600.0)
    if found is None:
        print(f"huntsman: refused ({len(sources)} sources, {len(sky_deg)} stars)")
        return
    points = np.random.default_rng(1).uniform(0, 1, (50, 2)) * image.shape[::-1]
    away = tangent.pixels_of(WCS(found.header), tangent.sky_of(wcs, points)) - points
    print(f"huntsman: {found.n_stars} stars, rms {found.rms_px:.2f} px, chance "
          f"1e{found.chance:.0f}; against its header {np.median(away, axis=0).round(2)} +- "
          f"{away.std(0).round(2)} px; CPU {cpu:.2f} s")


def legacypipe(folder):
    """Try crops with very few stars and their Gaia tables; all must be refused, or be right."""
    tables = [Table.read(path) for path in folder.rglob("gaia/chunk-*.fits")]
    n_refused = n_right = n_false = 0
    for path in sorted(folder.rglob("images/**/*_ooi_*.fits")):
        hdu = next(one for one in fits.open(path) if one.data is not None and one.data.ndim == 2)
        shape, wcs = hdu.data.shape, WCS(hdu.header)
        middle = np.array(shape[::-1]) / 2
        centre, (scale, *_) = tangent.sky_of(wcs, middle[None])[0], tangent.scale_and_north(
            wcs, middle)
        try:
            sources = detect_sources(hdu.data.astype("f4"))
        except ImageRejected:
            n_refused += 1
            continue
        for table in tables:
            near = tangent.distance_arcsec(table["ra"], table["dec"], *centre) < 900
            if not near.any():
                continue
            table = table[near]
            table.sort("phot_g_mean_mag")
            sky_deg = np.column_stack([table["ra"], table["dec"]]).astype(float)
            found, _ = solve(sky_deg, sources, shape, scale, centre, 60.0)
            if found is None:
                n_refused += 1
                continue
            off = tangent.pixels_of(WCS(found.header), tangent.sky_of(wcs, middle[None])) - middle
            right = np.hypot(*off[0]) < 3
            n_right, n_false = n_right + right, n_false + (not right)
    print(f"legacypipe crops: {n_refused} refused, {n_right} right, {n_false} false")


def main():
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared/data")
    parser.add_argument("--shuffled", type=int, default=1000)
    parser.add_argument("--wrong", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    warnings.simplefilter("ignore")
    frames = demo_frames(options.data / "skymaker_demo")
    sky_deg = demo_catalogue(options.data / "skymaker_demo")
    turned(frames, sky_deg, options.seed)
    unknown_pointing(frames, sky_deg, options.seed)
    huntsman(options.data / "huntsman/tests")
    legacypipe(options.data / "legacypipe/py/test")
    by_chance(frames, sky_deg, options.shuffled, options.wrong, options.seed)


if __name__ == "__main__":
    main()
