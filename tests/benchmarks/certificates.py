"""Put sources of known light into campaigns of the yardstick; pool what their certificates say.

Run as: python tests/benchmarks/certificates.py WORK SIM [SIM ...] [--images 20]

Each SIM is what the yardstick's simulate.py has drawn. It is reduced without pictures, then gets
the route `injection`, with so many images at each site (0: all). A campaign whose certificate lies
in WORK is not done again. Printed are the means of each check over the campaigns, weighted by
their errors, its scatter over the campaigns in units of these, and what all sites together say of
each source. Some 5 CPU minutes a campaign.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from cosmouline.database.script_header import ROOT
from cosmouline.injection.certificate import weighted

import numpy as np
import yardstick_tools as tools
from astropy.table import Table


def certificates(sim, work, n_images):
    """Reduce a campaign; return its tables checks.ecsv and certificate.ecsv."""
    config, products = work / "config", work / "products"
    folder = products / "injection_lens"
    if not (folder / "checks.ecsv").is_file():
        tools.write_settings(config, sim, products)
        run_all = [sys.executable, ROOT / "pipe/run_all.py", config, "--no-pictures"]
        inject = [sys.executable, ROOT / "pipe/fac_injection/2_inject.py", config, "--images",
                  str(n_images)]
        with open(work / "log.txt", "w", encoding="utf-8") as log:
            for command in (run_all, [*run_all, "--route", "injection", "--to", "fac_injection/1"],
                            inject, [*run_all, "--route", "injection"]):
                subprocess.run(command, stdout=log, stderr=log, check=True)
    return Table.read(folder / "checks.ecsv"), Table.read(folder / "certificate.ecsv")


def pooled(values, errors):
    """Return the weighted mean, its error, and the scatter over the errors (reduced chi)."""
    mean, error = weighted(values, errors)
    chi2 = np.sum(((values - mean) / errors) ** 2)
    return mean, error, np.sqrt(chi2 / max(len(values) - 1, 1))


def main():
    """Reduce, pool, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, more in (("work", {}), ("sims", {"nargs": "+"})):
        parser.add_argument(name, type=lambda text: Path(text).resolve(), **more)
    parser.add_argument("--images", type=int, default=20)
    options = parser.parse_args()
    found = []
    for sim in options.sims:
        (options.work / sim.name / "config").mkdir(parents=True, exist_ok=True)
        found.append(certificates(sim, options.work / sim.name, options.images))
        print(f"{sim.name}: {np.sum(found[-1][0]['passed'])} of {len(found[-1][0])} passed; not:",
              ", ".join(found[-1][0]["check"][~found[-1][0]["passed"]]), flush=True)
    print("\n| check | mean | error | expected | scatter / error | n |\n|---|---|---|---|---|---|")
    for check in found[0][0]["check"]:
        rows = [row for table, _ in found for row in table[table["check"] == check]]
        mean, error, chi = pooled(*(np.array([row[name] for row in rows])
                                    for name in ("found", "error")))
        expected = np.mean([row["expected"] for row in rows])
        print(f"| {check} | {mean:.3f} | {error:.3f} | {expected:.3f} | {chi:.2f} | "
              f"{sum(row['n'] for row in rows)} |")
    print("\n| source | bias % | said % | pull | images | nights | slope |\n" + "|---" * 7 + "|")
    for k, source in enumerate(found[0][1]["source"]):
        rows = [table[k] for _, table in found]
        means = {name: pooled(*(np.array([row[one] for row in rows])
                                for one in (name, f"{name}_error")))
                 for name in ("bias", "scatter", "night_scatter", "slope")}
        said = np.median([row["quoted_systematic"] for row in rows])
        pull = np.sqrt(np.mean([row["pull"] ** 2 for row in rows]))
        print(f"| {source} | {100 * means['bias'][0]:+.2f} ± {100 * means['bias'][1]:.2f} | "
              f"{100 * said:.2f} | {pull:.2f} | " + " | ".join(
                  f"{means[name][0]:.3f} ± {means[name][1]:.3f}"
                  for name in ("scatter", "night_scatter", "slope")) + " |")


if __name__ == "__main__":
    main()
