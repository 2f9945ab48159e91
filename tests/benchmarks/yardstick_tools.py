"""What the benchmarks on the yardstick share: cost of a process, neutral tables, their judgement.

The yardstick is a folder with simulate.py, which draws a campaign, and evaluate.py, which compares
four tables of fluxes (images, norm, stars, psf) with its truth. Both are run, never copied.
"""

import csv
import importlib.util
import json
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

from cosmouline.database import paths
from cosmouline.database.columns import column, family
from cosmouline.database.database import Database
from cosmouline.lightcurve.db_columns import rows_with_fluxes
from cosmouline.psf import db_psf
from cosmouline.sources import db_stars

import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from scipy.spatial import cKDTree

SAME_STAR_PX = 2.0
SAMPLE_S = 0.05  # how often the memory is looked at
N_ALTERNATIONS = 200
SPOILT_SIGMA = 6.0  # a star's flux farther off is a cosmic's
FINE = 4  # points per pixel and axis for the true PSF within a stamp


class Cost(NamedTuple):
    """What a process and its children took: user and system CPU, and the peak of their memory."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def measured(command, **keywords):
    """Run a command to its end; return its `Cost`.

    Raises
    ------
    RuntimeError
        If its exit status is not 0.
    """
    before, start = _cpu_s(), time.perf_counter()
    with subprocess.Popen([str(part) for part in command], **keywords) as process:
        peak = _Peak(process.pid)
        code = process.wait()
        peak_mb = peak.stop()
    if code:
        raise RuntimeError(f"exit status {code} of {' '.join(map(str, command))}")
    return Cost(_cpu_s() - before, time.perf_counter() - start, peak_mb)


def _cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Peak:
    """The highest resident memory of a process and its children, looked at now and then."""

    def __init__(self, pid):
        self.pid, self.mb, self.ended = pid, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.ended.wait(SAMPLE_S):
            self.mb = max(self.mb, _resident_mb(self.pid))

    def stop(self):
        """Return the peak in MB."""
        self.ended.set()
        self.thread.join()
        return self.mb


def _resident_mb(pid):
    """Return the resident memory of a process and all its descendants; 0 once it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = [child for task in Path(f"/proc/{pid}/task").iterdir()
                    for child in (task / "children").read_text().split()]
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6 + sum(map(_resident_mb, children))


def write_settings(folder, sim, work_dir, **more):
    """Write the settings.py of a campaign: of its truth the places of the point sources alone."""
    truth = json.loads((sim / "truth.json").read_text())
    values = {
        "lens_name": "SIM", "lens_ra_deg": truth["ra0"], "lens_dec_deg": truth["dec0"],
        "point_sources": {name: tuple(place) for name, place in truth["lens"].items()},
        "point_sources_unit": "deg", "work_dir": str(work_dir),
        "sets": [{"name": "R", "telescope": "generic", "raw_dir": str(sim / "frames")}]} | more
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{name} = {value!r}\n" for name, value in values.items())
    (folder / "settings.py").write_text(f'"""A campaign of the yardstick."""\n\n{text}')


def export(settings, sim, folder):
    """Write the neutral tables of a finished reduction; return what they have no column for.

    The error of an image's flux joins its own with that of the coefficient.

    Returns
    -------
    dict
        ``systematic`` and ``photon``: of every image, in parts of its flux; the second is the rms
        over the epochs of the error with flux, sky and shift of each epoch free, the rest known.
        ``side_px``: of the PSF's stamp, by frame.
    """
    folder.mkdir(parents=True, exist_ok=True)
    db, dec = Database(paths.database(settings)), settings.dec_name
    rows, sources = rows_with_fluxes(db, dec)
    flux, sigma, photon, systematic = (
        family(rows, f"{kind}__{dec}__{{source}}", sources)
        for kind in ("flux_e", "flux_sigma_e", "flux_random_e", "flux_sys_e"))
    coeff = column(rows, f"dec_coeff__{dec}")[:, None]
    total = np.hypot(sigma, flux * column(rows, f"dec_coeff_sigma__{dec}")[:, None] / coeff)
    _write_csv(folder / "images.csv", [
        {"frame": _frame(row)} | {f"{s}_flux": f for s, f in zip(sources, fluxes, strict=True)}
        | {f"{s}_d_flux": e for s, e in zip(sources, errors, strict=True)}
        for row, fluxes, errors in zip(rows, flux * coeff, total * coeff, strict=True)])
    _write_norm(folder, rows, settings)
    _write_stars(folder, rows, _star_ids(db.reference(), settings, sim), settings)
    part = photon / flux
    return {"systematic": dict(zip(sources, np.mean(systematic / flux, 0).tolist(), strict=True)),
            "photon": dict(zip(sources, np.sqrt(np.mean(part**2, 0)).tolist(), strict=True)),
            "side_px": {_frame(row): db_psf.psf(row, settings).psf.side_px for row in rows}}


def _frame(row):
    return Path(row["raw_path"]).name


def _write_norm(folder, rows, settings):
    """Write coefficients as transparencies, and the PSFs."""
    renorm, psf = settings.renorm_name, settings.psf_name
    _write_csv(folder / "norm.csv", [
        {"frame": _frame(row), "coeff": 1 / row[f"renorm__{renorm}"],
         "d_coeff": row[f"renorm_sigma__{renorm}"] / row[f"renorm__{renorm}"] ** 2}
        for row in rows])
    _write_csv(folder / "psf.csv", [
        {"frame": _frame(row), "chi2": row[f"psf_chi2__{psf}"],
         "seeing": row[f"psf_fwhm_arcsec__{psf}"]} for row in rows])


def _write_stars(folder, rows, ids, settings):
    """Write the fluxes of the stars that the list of reference stars has."""
    key = f"{settings.psf_name}__{{}}".format
    _write_csv(folder / "stars.csv", [
        {"frame": _frame(row), "source_id": source_id,
         "flux": row[f"star_flux_e__{key(name)}"], "d_flux": row[f"star_sigma_e__{key(name)}"],
         "chi2": row[f"star_chi2__{key(name)}"]}
        for row in rows for name, source_id in ids.items() if f"star_flux_e__{key(name)}" in row])


def _star_ids(reference, settings, sim):
    """Return the identity of every star by its name, found by its place on the reference."""
    stars, gaia = db_stars.norm_stars(settings), Table.read(sim / "gaia.ecsv")
    wcs = WCS(fits.getheader(reference["raw_path"]))
    xy = np.transpose(wcs.all_world2pix(gaia["ra"], gaia["dec"], 0))
    distance, row = cKDTree(xy).query(db_stars.star_positions(stars),
                                      distance_upper_bound=SAME_STAR_PX)
    return {star.name: int(gaia["source_id"][i])
            for star, i, d in zip(stars, row, distance, strict=True) if np.isfinite(d)}


def _write_csv(path, lines):
    with open(path, "w", newline="", encoding="utf-8") as text:
        writer = csv.DictWriter(text, lines[0])
        writer.writeheader()
        writer.writerows(lines)


def evaluate(yardstick, sim, folder, box_px, python=sys.executable):
    """Run evaluate.py on neutral tables; return what it says (fractions) as a dict."""
    subprocess.run([python, yardstick / "evaluate.py", sim, folder, "--box", str(box_px),
                    "--json", folder / "eval.json"], check=True)
    return json.loads((folder / "eval.json").read_text())


def coefficient_scatter(yardstick, sim, folder, side_px):
    """Return the scatter of the coefficients over the true ones within each frame's own stamp.

    A PSF of sum 1 on its stamp loses the wings of frames with bad seeing, of the lens as well.

    Parameters
    ----------
    side_px : dict of str to int
        Side of the stamp, by frame.
    """
    spec = importlib.util.spec_from_file_location("simulate", yardstick / "simulate.py")
    simulate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(simulate)
    chosen = json.loads((sim / "truth.json").read_text())["args"]
    truth = {row["frame"]: row for row in Table.read(sim / "truth_frames.ecsv")}
    with open(folder / "norm.csv", newline="", encoding="utf-8") as text:
        coeff = {line["frame"]: float(line["coeff"]) for line in csv.DictReader(text)}
    ratio = []
    for frame, value in coeff.items():
        row, side = truth[frame], side_px[frame]
        psf = simulate.Psf(row["seeing"] / chosen["pixscale"], row["beta"], row["ellipticity"],
                           row["ell_pa"], chosen["lobe"], row["lobe_pa"])
        at = (np.arange(side * FINE) + 0.5) / FINE - side / 2
        ratio.append(value / row["transparency"] / (psf(*np.meshgrid(at, at)).sum() / FINE**2))
    return float(np.std(ratio, ddof=1) / np.mean(ratio))


def star_pull(sim, folder):
    """Return the scatter of the stars about frame and star means, in units of their errors.

    Unlike the figure of evaluate.py it is fair to few stars, and a star that a faint galaxy makes
    brighter by a constant does not count.
    """
    true = dict(Table.read(sim / "truth_stars.ecsv").iterrows("source_id", "flux"))
    with open(folder / "stars.csv", newline="", encoding="utf-8") as text:
        lines = [line for line in csv.DictReader(text) if float(line["d_flux"]) > 0]
    frame, star = (np.unique([line[name] for line in lines], return_inverse=True)[1]
                   for name in ("frame", "source_id"))
    flux, sigma = (np.array([float(line[name]) / true[int(line["source_id"])] for line in lines])
                   for name in ("flux", "d_flux"))
    of_star = np.ones(star.max() + 1)
    for _ in range(N_ALTERNATIONS):
        of_frame = _scales(frame, of_star[star], flux, sigma)
        of_star = _scales(star, of_frame[frame], flux, sigma)
    z = (flux - of_frame[frame] * of_star[star]) / sigma
    z = z[np.abs(z) < SPOILT_SIGMA]
    return float(np.sqrt((z**2).sum() / (len(z) - len(of_frame) - len(of_star) + 1)))


def _scales(group, model, flux, sigma):
    """Return the factor of every group that makes the model meet the fluxes best."""
    return (np.bincount(group, flux * model / sigma**2)
            / np.bincount(group, (model / sigma) ** 2))


def append_line(path, line):
    """Add one result to a file of JSON lines."""
    with open(path, "a", encoding="utf-8") as text:
        text.write(json.dumps(line) + "\n")
