"""Fit an exported deconvolution with LightCurver's joint model, and compare its fluxes with ours.

Run as: LC tests/benchmarks/hdf5_by_lightcurver.py SIM EXPORT OUT [--background BACKGROUND]

LC is a Python that has LightCurver (1.2.4). SIM is a campaign of the yardstick: its truth gives
the places of the sources, as a user of LightCurver gives them. EXPORT is the folder with what
9_export/2_opt_hdf5.py has written, without and with --lightcurver-keys. LightCurver itself is
unmodified: its database, which the file replaces, is all that is stood in for. STARRED does the
fit, through LightCurver's do_modelling_of_roi. BACKGROUND is background.fits of the deconvolution
(7_deconv/5b_show_sources): held as LightCurver's background, so that both have the same light
under the sources; the stamps of the reference image must not be turned.
"""

import argparse
import json
from pathlib import Path
from unittest import mock

import h5py
import numpy as np
import pandas as pd
import yaml
from astropy.io import fits
from scipy.ndimage import gaussian_filter, shift

NARROW_FWHM = 2.0  # of STARRED's points, in small pixels
SIGMA_OF_FWHM = 1 / np.sqrt(8 * np.log(2))


def starting_background(path, out, upsampling, offset_px):
    """Write a background of ours on STARRED's small pixels, at its place on the first stamp."""
    light_e, header = fits.getdata(path, header=True)
    finer = header["SUBSAMP"] // upsampling
    side = len(light_e) // finer
    # ours is as sharp as its own small pixels allow; STARRED's is as narrow as its points
    sigma = NARROW_FWHM * SIGMA_OF_FWHM * np.sqrt(finer**2 - 1)
    light_e = gaussian_filter(light_e.astype(float), sigma)
    light_e = shift(light_e, header["SUBSAMP"] * offset_px[::-1], mode="nearest")
    binned_e = light_e.reshape(side, finer, side, finer).sum((1, 3))
    fits.writeto(out / "starting.fits", binned_e, overwrite=True)
    return out / "starting.fits"


def fit(path, truth, out, iterations, background, offset_px):
    """Run LightCurver's joint model on its file; return its table of the epochs."""
    from importlib import resources

    from lightcurver.processes import roi_modelling as theirs

    example = resources.files("lightcurver.pipeline.example_config_file") / "config.yaml"
    config = yaml.safe_load(example.read_text()) | {
        "workdir": out, "plots_dir": out, "do_ROI_model": True, "roi_name": "SIM",
        "prepared_roi_cutouts_path": path, "point_sources": truth["lens"],
        "roi_deconv_all_iters": iterations}
    if background:
        with h5py.File(path) as file:
            upsampling = int(file["subsampling_factor"][0])
        held = starting_background(background, out, upsampling, offset_px)
        config |= {"starting_background": str(held), "further_optimize_background": False}
    frames = pd.DataFrame({"id": [1]})
    with (mock.patch.object(theirs, "get_user_config", return_value=config),
          mock.patch.object(theirs, "get_pandas", return_value=frames),
          mock.patch.object(theirs, "get_combined_footprint_hash", return_value="fit")):
        theirs.do_modelling_of_roi()
    return pd.read_csv(path.parent / "fit_SIM_photometry_per_epoch.csv")


def main():
    """Fit and compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sim", "export", "out"):
        parser.add_argument(name, type=lambda text: Path(text).resolve())
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--background", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    truth = json.loads((options.sim / "truth.json").read_text())
    (path,) = options.export.glob("*_lightcurver.h5")
    copy = options.out / path.name
    copy.write_bytes(path.read_bytes())
    (ours,) = set(options.export.glob("*.h5")) - {path}
    with h5py.File(ours) as own:
        offset_px = own["transform"][0, :, 2]
        names = list(own.attrs["sources"])
        flux = own["result/flux"][:]
        random = np.sqrt(np.diagonal(own["result/covariance_total"][:], axis1=1, axis2=2))
        systematic = np.sqrt(np.diag(own["result/systematic_covariance"][:]))
    theirs = fit(copy, truth, options.out, options.iterations, options.background, offset_px)
    print(f"LightCurver's chi2 {theirs['reduced_chi2'].mean():.3f}")
    print("image  theirs/ours - 1  systematic(ours)  scatter of the ratio  random(ours)")
    for k, name in enumerate(names):
        ratio = theirs[f"{name}_flux"].to_numpy() / flux[:, k]
        print(f"{name:5s} {np.mean(ratio) - 1:+16.4f} {systematic[k] / flux[:, k].mean():17.4f} "
              f"{ratio.std(ddof=1):21.4f} {np.median(random[:, k] / flux[:, k]):13.4f}")


if __name__ == "__main__":
    main()
