"""Gather the results of several campaigns of the yardstick in tables.

Run as: python tests/benchmarks/yardstick_table.py RESULTS.jsonl

The last line of a campaign counts. Exit status 1 unless the bounds hold for COSMOULINE, all
campaigns together: |bias| within the quoted systematic error in 60 % of the images or more and
within twice in 92 %, rms bias of the three brightest 0.6 %, pooled pull 0.92 to 1.08, and scatter
1.15 times the photon error.
"""

import json
import sys

import numpy as np

PSF_STEPS = {"COSMOULINE": ("5_psf", "6_extract", "7_deconv/0"),
             "LightCurver": ("stamp_extraction", "psf_modeling", "star_photometry")}
FIT_STEPS = {"COSMOULINE": ("7_deconv/1", "7_deconv/2", "7_deconv/3", "7_deconv/4"),
             "LightCurver": ("prepare_calibrated_cutouts", "model_calibrated_cutouts")}


def read(path):
    """Return the last result of every campaign and program."""
    with open(path, encoding="utf-8") as text:
        lines = [json.loads(line) for line in text]
    return {(line["campaign"], line["by"]): line for line in lines}


def images(line, key):
    """Return a number of every image, in per cent."""
    return 100 * np.array([image[key] for image in line["eval"]["images"].values()])


def percent(values):
    """Write per cents of the images beside each other."""
    return " ".join(f"{value:.2f}" for value in values)


def tell_accuracy(line):
    """Print what a campaign shows of one program."""
    ours = [percent(100 * np.array(list(line[key].values()))) if key in line else "none"
            for key in ("systematic", "photon")]
    box = line["eval"]["normalisation_box"]["scatter"]
    print("|", " | ".join([
        f"{line['campaign']}, {line['by']}", percent(images(line, "bias")), ours[0],
        percent(images(line, "scatter")), ours[1], percent(images(line, "quoted")),
        percent(images(line, "pull_rms") / 100), f"{100 * line['coefficient_scatter']:.2f} "
        f"({100 * box:.2f})", f"{line['star_pull']:.2f}"]), "|")


def cpu_parts(line):
    """Return CPU seconds: of all, of stamps, PSF and stars, and of the joint fit."""
    names = line["by"].split()[0]
    return [line["cost"]["cpu_s"]] + [
        sum(cpu_s for step, cpu_s in line["steps_cpu_s"].items() if step.startswith(steps[names]))
        for steps in (PSF_STEPS, FIT_STEPS)]


def tell_cost(line, other):
    """Print CPU seconds and memory of one program, and how much less than those of the other."""
    parts = cpu_parts(line)
    ratio = [] if other is None else [
        f"1/{b / a:.0f}" for a, b in zip(parts, cpu_parts(other), strict=True)]
    print("|", " | ".join([f"{line['campaign']}, {line['by']}", *(f"{x:.1f}" for x in parts),
                           f"{line['cost']['peak_mb']:.0f}", " ".join(ratio)]), "|")


def pooled(lines):
    """Print the figures of all campaigns together; return whether the bounds hold."""
    bias, sys_ = (np.array(x) for x in (
        [images(line, "bias") for line in lines],
        [100 * np.array(list(line["systematic"].values())) for line in lines]))
    dof = np.array([[image["n"] - 1 for image in line["eval"]["images"].values()]
                    for line in lines])
    pull2 = np.array([images(line, "pull_rms") / 100 for line in lines]) ** 2
    photon = np.array([100 * np.array(list(line["photon"].values())) for line in lines])
    z, pull = np.abs(bias / sys_), np.sqrt((pull2 * dof).sum() / dof.sum())
    scatter = np.array([images(line, "scatter") for line in lines])
    excess = scatter / photon
    z_mean = np.abs(bias) / np.hypot(sys_, scatter / np.sqrt(dof + 1))
    rms, ratio = np.sqrt(np.mean(bias[:, :3] ** 2)), np.sqrt((excess**2 * dof).sum() / dof.sum())
    print(f"\n{len(lines)} campaigns, {z.size} images: |bias| / systematic below 1 in "
          f"{100 * (z < 1).mean():.0f} %, below 2 in {100 * (z < 2).mean():.0f} %, at most "
          f"{z.max():.2f};\nwith the random error of the mean {100 * (z_mean < 1).mean():.0f} %, "
          f"{100 * (z_mean < 2).mean():.0f} %, {z_mean.max():.2f}, rms "
          f"{np.sqrt(np.mean(z_mean**2)):.2f}; largest |bias| {percent(np.abs(bias).max(0))} %, "
          f"rms of the three brightest {rms:.2f} %\npooled pull {pull:.3f}, of each "
          f"{percent(np.sqrt((pull2 * dof).sum(0) / dof.sum(0)))} ({dof.sum()} degrees of freedom)"
          f"; scatter / photon error {ratio:.3f}, of each "
          f"{percent(np.sqrt((excess**2 * dof).sum(0) / dof.sum(0)))}; pull of the stars "
          f"{np.sqrt(np.mean([line['star_pull'] ** 2 for line in lines])):.3f}")
    return ((z < 1).mean() >= 0.6 and (z < 2).mean() >= 0.92 and rms <= 0.6
            and 0.92 <= pull <= 1.08 and ratio <= 1.15)


def main():
    """Print both tables and the figures of all."""
    found = read(sys.argv[1])
    print("| campaign | bias % | systematic % | scatter % | photon error % | quoted error % | "
          "pull | coefficient % (--box) | star pull |")
    for line in found.values():
        tell_accuracy(line)
    print("\n| campaign | CPU s | stamps, PSF, stars | joint fit | peak MB | parts of the other |")
    for (campaign, _), line in found.items():
        tell_cost(line, found.get((campaign, "LightCurver")) if "systematic" in line else None)
    return 0 if pooled([x for (_, by), x in found.items() if by == "COSMOULINE serial"]) else 1


if __name__ == "__main__":
    sys.exit(main())
