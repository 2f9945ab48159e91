"""Run fac_shapes on real crops of DECam, 90prime and Mosaic: a result or a reason for every CCD.

Run as  : python tests/benchmarks/shapes_of_real_crops.py LEGACYPIPE OUT

LEGACYPIPE is the folder py/test of https://github.com/legacysurvey/legacypipe, whose testcases
have crops of 41 to 375 pixels with weights, quality masks (TPV) and Gaia tables. Each testcase and
camera is a field; its tile is its largest crop. Crops have few stars: 3 make a PSF here.
"""

import shutil
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

from cosmouline.astrometry.transformations import in_band
from cosmouline.database.database import Database
from cosmouline.database.script_header import ROOT
from cosmouline.robust import mad_sigma

import numpy as np
from astropy.io import fits
from astropy.table import Table, vstack

MAGNITUDES = {"mag_G": "phot_g_mean_mag", "mag_BP": "phot_bp_mean_mag",
              "mag_RP": "phot_rp_mean_mag"}
SETTINGS = """
lens_name = "CROPS"
work_dir = {work!r}
engine = "serial"
catalogue = {catalogue!r}
shape_images = {{"dir": {sky!r}, "tile_flags": "tiles/flag-*.fits"}}
shape_masks = {{"border_px": 2, "weight_max": 1e30, "missing_remove": 0.9}}
shape_detection = {{"sky_box_px": 32, "tile_sky_box_px": 32}}
shape_psf = {{"min_stars": 3, "max_chi2": 5.0, "side_px": 31, "max_degree": 0}}
star_selection = "crops.setools"
"""
SELECTION = """
[MASK:star_selection]
FWHM_IMAGE > 1.5
FWHM_IMAGE <= mode(FWHM_IMAGE) + 0.5
FWHM_IMAGE >= mode(FWHM_IMAGE) - 0.5
SNR_WIN > 20
FLAGS == 0
"""


def fields(folder):
    """Yield (name, files of the images) of each testcase and camera."""
    found = {}
    for path in sorted(folder.rglob("*_ooi_*.fits")):
        parts = path.relative_to(folder).parts
        if parts[1] == "images":
            found.setdefault(f"{parts[0]}-{parts[2]}", []).append(path)
    return found.items()


def plane(path):
    """Return the pixels and the header, with that of the file, of its only image."""
    with fits.open(path) as hdus:
        header = hdus[0].header.copy()
        (one,) = [hdu for hdu in hdus if hdu.is_image and hdu.header["NAXIS"] == 2]
        header.update(one.header)
        return one.data, header


def lay_out(files, case, out):
    """Write the images of a field as fac_shapes reads them, and its catalogue."""
    zero_points = {}
    for table in case.glob("survey-ccds-*.fits.gz"):
        for row in Table.read(table):
            zero_points[Path(row["image_filename"].strip()).name.split(".fits")[0]] = float(
                row["ccdzpt"])
    planes = {}
    for path in files:
        name = path.name.removesuffix(".fits").replace("_ooi_", "_").replace(".", "_")
        image, header = plane(path)
        weight, flags = (plane(path.with_name(path.name.replace("_ooi_", kind)))[0]
                         for kind in ("_oow_", "_ood_"))
        # ccdzpt is of one second; 90prime's ADU are counts per second
        is_rate = header.get("BUNIT") == "counts/s" or "90prime" in path.parts
        exptime_s = 1.0 if is_rate else header["EXPTIME"]
        header["GAIN"] = (header.get("GAINA", header.get("GAIN", 1.4)) * header["EXPTIME"]
                          / exptime_s)
        of_second = next((value for key, value in zero_points.items() if key in path.name), None)
        header["PHOTZP"] = of_second + 2.5 * np.log10(exptime_s) if of_second else 0.0
        planes[name] = (image, weight, np.minimum(flags, 1).astype(np.int16)), header
    tile = max(planes, key=lambda name: planes[name][0][0].size)
    for place, names in (("exposures", planes), ("tiles", [tile])):
        for name in names:
            for kind, data in zip(("image", "weight", "flag"), planes[name][0], strict=True):
                (out / "sky" / place).mkdir(parents=True, exist_ok=True)
                keep = fits.Header([card for card in planes[name][1].cards if card.keyword not in (
                    "XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "BZERO", "BSCALE",
                    "EXTNAME", "PCOUNT", "GCOUNT")])
                hdu = fits.PrimaryHDU(data, keep)
                hdu.writeto(out / "sky" / place / f"{kind}-{name}.fits", overwrite=True,
                            output_verify="silentfix")
    far_off = Table({"ra": [0.0], "dec": [89.9]} | {name: [20.0] for name in MAGNITUDES.values()})
    stars = vstack([Table.read(path) for path in sorted(case.glob("gaia/*.fits"))] or [far_off],
                   metadata_conflicts="silent")
    Table({"ra_deg": stars["ra"], "dec_deg": stars["dec"]} | {
        name: stars[column] for name, column in MAGNITUDES.items()}).write(
            out / "gaia.ecsv", overwrite=True)


def magnitudes(place, ccd):
    """Our MAG_AUTO less those of Gaia's stars in the band, (n,).

    Of G from 16.5 (brighter ones are saturated) to 19.5 (fainter ones have no good colours).
    """
    header = fits.getheader(place / "sky" / "exposures" / f"image-{ccd.rpartition('-')[0]}.fits")
    stars = Table.read(place / "gaia.ecsv")
    known = in_band({name: np.asarray(stars[name], float) for name in stars.colnames},
                    f"{header['FILTER'][0]}_sdss")
    path = place / "work" / "shapes" / "objects" / f"{ccd}.fits"
    if known is None or not header["PHOTZP"] or not path.is_file():
        return np.zeros(0)
    found = fits.getdata(path)
    ra_deg, dec_deg = (np.array(stars[name])[:, None] for name in ("ra_deg", "dec_deg"))
    apart = np.hypot((ra_deg - found["XWIN_WORLD"]) * np.cos(np.deg2rad(dec_deg)),
                     dec_deg - found["YWIN_WORLD"])
    usable = np.isfinite(known.mag) & (np.abs(np.array(stars["mag_G"]) - 18.0) < 1.5)
    i, j = np.nonzero((apart < 1 / 3600) & (found["FLAGS"] == 0) & usable[:, None])
    return found["MAG_AUTO"][j] - known.mag[i]


def main(folder, out):
    """Run every field; print what became of each CCD, and count."""
    outcomes, differences = Counter(), []
    for name, files in fields(folder):
        place = out / name
        shutil.rmtree(place, ignore_errors=True)
        (place / "config").mkdir(parents=True)
        lay_out(files, folder / name.partition("-")[0], place)
        (place / "config" / "settings.py").write_text(SETTINGS.format(
            work=str(place / "work"), sky=str(place / "sky"), catalogue=str(place / "gaia.ecsv")))
        (place / "config" / "crops.setools").write_text(SELECTION)
        run = subprocess.run([sys.executable, str(ROOT / "pipe/run_all.py"), str(
            place / "config"), "--route", "shapes"], capture_output=True, text=True)
        last = [line for line in (run.stdout + run.stderr).splitlines() if line.strip()][-2:]
        db = Database(place / "work" / "shapes.json")
        db.close()
        for ccd, row in db.rows.items():
            if not row["gogogo"]:
                text, kind = row["whynot"], "named reason"
            elif not ccd.startswith("tile-"):
                text, kind = (f"PSF of {row['n_ccd_psf_used']} stars, chi2 "
                              f"{row['ccd_psf_chi2']:.2f}, FWHM {row['ccd_psf_fwhm_px']:.2f} px"
                              ), "PSF"
            elif "n_tile_shapes" in row:
                text, kind = (f"{row['n_tile_shapes']} shapes of {row['n_tile_objects']} objects",
                              "tile with shapes")
            else:
                text, kind = "no CCD of it has a PSF", "tile without a CCD"
            outcomes[kind] += 1
            print(f"{name}  {ccd}: {text}")
            if not ccd.startswith("tile-"):
                differences += magnitudes(place, ccd).tolist()
        print(f"{name}: {run.returncode}  {' | '.join(last)}", flush=True)
    print(dict(outcomes))
    print(f"MAG_AUTO less Gaia's in that band, {len(differences)} stars: median "
          f"{np.median(differences):+.3f}, scatter {mad_sigma(np.array(differences)):.3f} mag: "
          f"{np.round(sorted(differences), 2).tolist()}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
