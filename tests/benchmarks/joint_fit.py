"""What the joint fit gains, and what it leaves unchanged, on a reduced yardstick campaign.

Run as: python tests/benchmarks/joint_fit.py configs/YARD SIM

SIM is the folder of shared/yardstick/simulate.py whose frames were reduced (as far as
7_deconv/3_write_start) under configs/YARD. Told as JSON lines: errors, scatter, pulls and offsets
with shifts from the alignment and from the stars; the change by a neighbour of 20000 e-, and the
largest difference of a warm fit after three quarters of the epochs from a cold one.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

from cosmouline.database.settings import load_settings
from cosmouline.deconv import db_products
from cosmouline.deconv.epoch_images import point_images, transfer_functions
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.point_sources import Sources
from cosmouline.sources import db_stars

import numpy as np
from astropy.table import Table

NEIGHBOUR_PX = (12.0, 18.0)  # inside and outside of the field
NEIGHBOUR_E = 20000.0


def tell(what, **values):
    """Write one line."""
    rounded = {name: np.round(value, 4).tolist() for name, value in values.items()}
    print(json.dumps({"what": what, **rounded}))


def against_truth(fit, truth):
    """Scatter, pull and offsets of the ratios to the truth, both per source."""
    ratio = fit.flux / truth
    away = ratio / ratio.mean(0) - 1
    sigma = fit.flux_sigma / fit.flux
    constant = ratio.mean(0) / np.average(ratio.mean(0), weights=truth.mean(0)) - 1
    return {"random_percent": 100 * sigma.mean(0), "scatter_percent": 100 * away.std(0, ddof=1),
            "pull": (away / sigma).std(0, ddof=1), "offset_percent": 100 * constant,
            "systematic_percent": 100 * fit.flux_systematic / fit.flux.mean(0)}


def with_neighbour(epochs, place_px):
    """Epochs with one more star, drawn through the PSFs, with its own photon noise."""
    rng, data = np.random.default_rng(1), epochs.data_e.copy()
    transfer = transfer_functions(epochs.psf, epochs.geometry)
    for e in range(len(epochs)):
        place = epochs.linear[e] @ place_px + epochs.shift_px[e]
        star = point_images(transfer[e], place[None], epochs.geometry)[0, 0]
        star = np.maximum(star * NEIGHBOUR_E / epochs.coeff[e], 0.0)
        data[e] += rng.normal(star, np.sqrt(star))
    return replace(epochs, data_e=data)


def main(config, sim):
    """Fit, compare, tell."""
    settings, options = load_settings(config), FitOptions()
    content, stars = db_products.gathered_epochs(settings), db_products.start_sources(settings)
    start_px = db_stars.star_positions(stars) - content.centre_px
    epochs, n = content.epochs, len(content.epochs)
    table = Table.read(Path(sim) / "truth_frames.ecsv")
    rows = [int(name.rsplit("_", 1)[1]) for name in content.names]
    truth = np.array([table[f"{star.name}_flux"] for star in stars]).T[rows]
    blind = fit_lens(replace(epochs, shift_sigma_px=np.full(n, np.nan)), start_px, options)
    tell("alignment", **against_truth(blind, truth))
    fit = fit_lens(epochs, start_px, options)
    tell("stars", scatter_px=fit.shift_scatter_px, **against_truth(fit, truth))
    for distance_px in NEIGHBOUR_PX:
        place_px = start_px.mean(0) + distance_px * np.array([0.8, -0.6])
        both = Sources(np.vstack([start_px, place_px]), n_images=len(start_px))
        again = fit_lens(with_neighbour(epochs, place_px), both, options)
        change = (again.flux[:, :-1] - fit.flux).mean(0)
        tell("neighbour", distance_px=distance_px, in_systematic=change / fit.flux_systematic)
    old = fit_lens(epochs.take(np.arange(3 * n // 4)), start_px, options)
    warm = fit_lens(epochs, start_px, options, warm=old)
    tell("warm", largest_sigma=np.abs((warm.flux - fit.flux) / fit.flux_sigma).max(),
         cpu_s=[warm.cpu_s, fit.cpu_s])


if __name__ == "__main__":
    main(*sys.argv[1:])
