# %% [markdown]
# # From light curves to a time delay, with PyCS3
#
# The light curve of the demo lens has eight nights: enough to see what a point is worth, too few
# for a delay. So this notebook takes the error bars that COSMOULINE gave to these points, draws a
# campaign of four seasons with the same errors and **known delays**, writes it as an `.rdb` table,
# and goes the whole way: a first guess by COSMOULINE, the fit of PyCS3, error bars from curves
# drawn again, the truth beside. For a lens of your own leave out section 2 and give the path of
# your table.
#
# It needs a reduced lens (`make demo`, or the variable `COSMOULINE_CONFIG`) and PyCS3
# (`pip install 'cosmouline[notebooks]'`), and takes some minutes.

# %%
import os
from pathlib import Path

from cosmouline.database.settings import load_settings
from cosmouline.engine.tool import lens_folder
from cosmouline.lightcurve import db_curves
from cosmouline.lightcurve.delay import delays
from cosmouline.lightcurve.io_rdb import read_rdb, write_rdb
from cosmouline.skymaker.campaigns import demo_lens
from cosmouline.skymaker.variability import random_walk

import matplotlib.pyplot as plt
import numpy as np
from pycs3.gen import lc_func, splml
from pycs3.spl import topopt

settings = load_settings(lens_folder(os.environ.get("COSMOULINE_CONFIG", "configs/demo")))
N_MOCKS = int(os.environ.get("N_MOCKS", "12"))  # curves drawn again for the error bars

# %% [markdown]
# ## 1. What one point is worth
#
# `mag_X` are magnitudes up to a constant, `magerr_X_cov` is the error of a point with all that is
# known of it. The part `magerr_X_norm`, from the coefficient of the image, is shared by all
# sources of a point: where it dominates, it draws a delay towards 0.

# %%
path = settings.work_dir / "export" / f"{settings.lens_name}_{settings.dec_name}_by_night.rdb"
table = read_rdb(path)
sources = db_curves.sources_of(table)
sigma_mag = {one: float(np.nanmedian(table[f"magerr_{one}_cov"])) for one in sources}
for one in sources:
    shared = np.nanmedian((table[f"magerr_{one}_norm"] / table[f"magerr_{one}_cov"]) ** 2)
    print(f"{one}: {len(table['mhjd'])} points, error {sigma_mag[one]:.4f} mag, "
          f"{100 * shared:.0f} % of its variance from the coefficient")

# %% [markdown]
# ## 2. A longer campaign, with known delays
#
# Four seasons of five and a half months, a night every four days, two nights in ten lost to the
# weather. The quasar is a damped random walk, smoothed over some days since its disc is not small.
# It is seen later in some images, and each has a slow drift of its own: microlensing.

# %%
SEED, SMOOTHED_D = 5, 8.0
lens = demo_lens()
images = {image.name: image for image in lens.images if image.name in sources}
names = list(images)
true_delay_d = {name: images[names[0]].delay_days - images[name].delay_days for name in names}
rng = np.random.default_rng(SEED)
nights = np.concatenate([58300 + 365 * season + np.arange(0, 165, 4) for season in range(4)])
nights = nights[rng.random(nights.size) > 0.2]
nights = nights + rng.uniform(-0.15, 0.15, nights.size)
ages_d = np.arange(-3, 3.01, 0.25) * SMOOTHED_D
weights = np.exp(-0.5 * (ages_d / SMOOTHED_D) ** 2)
campaign = {"mhjd": nights}
for name, image in images.items():
    quasar = random_walk((nights - image.delay_days)[:, None] - ages_d, lens.seed, lens.tau_days,
                         lens.sigma_mag) @ (weights / weights.sum())
    drift = image.drift_mag * np.sin(2 * np.pi * nights / 900 + len(campaign))
    noise_mag = rng.normal(0, sigma_mag[name], nights.size)
    campaign[f"mag_{name}"] = image.mag + quasar + drift + noise_mag
    campaign[f"magerr_{name}_cov"] = np.full(nights.size, sigma_mag[name])
curve_path = Path("campaign_of_the_notebook.rdb").resolve()
write_rdb(curve_path, campaign)

fig, ax = plt.subplots(figsize=(10, 4.5), layout="constrained")
for name in names:
    ax.errorbar(nights, campaign[f"mag_{name}"], sigma_mag[name], fmt=".", ms=4, lw=0.8,
                label=name)
ax.invert_yaxis()
ax.set(xlabel="HJD - 2400000.5 (d)", ylabel="magnitude",
       title=f"{nights.size} nights, drawn with known delays")
ax.legend(ncols=4)
plt.show()

# %% [markdown]
# ## 3. A first guess
#
# `lcmanip/5_opt_start_delays.py --rdb TABLE` does this from the command line: the quasar as one
# random walk seen twice, the microlensing of the second image as another. A delay AB is what is to
# be added to the dates of B so that they match those of A: negative where A is ahead.

# %%
points = {name: (nights, campaign[f"mag_{name}"], campaign[f"magerr_{name}_cov"])
          for name in names}
guess = {name: delays.find_delay(points[names[0]], points[name], 40.0) for name in names[1:]}
for name, found in guess.items():
    print(f"{names[0]}{name} = {found.delay_d:+.2f} +- {found.sigma_d:.2f} d, "
          f"true {true_delay_d[name]:+.2f}")

# %% [markdown]
# ## 4. PyCS3
#
# One spline for the quasar, with knots about every `KNOTS_D` days, and one with few knots for the
# microlensing of each image but the first. The delays hang on both numbers: with a lens of your
# own try several, as the papers do (Tewes et al. 2013; Millon et al. 2020). The curves start at
# the first guess.

# %%
KNOTS_D, ML_PIECES = 20, 6


def fit(curves):
    """Fit spline, microlensing, magnitudes and shifts of PyCS3's curves; return the spline."""
    for curve in curves[1:]:
        splml.addtolc(curve, n=ML_PIECES)
    topopt.opt_rough(curves, nit=3, knotstep=3 * KNOTS_D, verbose=False)
    return topopt.opt_fine(curves, nit=4, knotstep=KNOTS_D, verbose=False)


def delays_of(curves):
    """Return the delays of all curves against the first, in days."""
    return np.array([curve.timeshift - curves[0].timeshift for curve in curves[1:]])


curves = [lc_func.rdbimport(str(curve_path), name, f"mag_{name}", f"magerr_{name}_cov", "demo",
                            verbose=False) for name in names]
for curve in curves[1:]:
    curve.shifttime(guess[curve.object].delay_d)
spline = fit(curves)
measured_d = delays_of(curves)

fig, axes = plt.subplots(2, figsize=(10, 6.5), sharex=True, height_ratios=(3, 1),
                         layout="constrained")
grid = np.linspace(nights[0] - 5, nights[-1] + 5, 3000)
axes[0].plot(grid, spline.eval(jds=grid), color="0.6", lw=1, label="spline")
for curve in curves:
    dates, mags = curve.getjds(), curve.getmags()
    axes[0].errorbar(dates, mags, curve.getmagerrs(), fmt=".", ms=4, lw=0.8, label=curve.object)
    axes[1].plot(dates, 1000 * (mags - spline.eval(jds=dates)), ".", ms=4)
axes[0].invert_yaxis()
axes[0].set(ylabel="magnitude", title="shifted by the delays, microlensing taken off")
axes[1].set(xlabel="HJD - 2400000.5 (d)", ylabel="residual (mmag)")
axes[0].legend(ncols=5)
plt.show()

# %% [markdown]
# ## 5. Error bars
#
# Draw each curve again from the fit (spline and microlensing), with noise and with other delays,
# chosen at random within some days, and fit that. What is found minus what was put in: its mean is
# a bias, its scatter the error. The noise is the scatter of the residuals above, which is larger
# than the error bars where the spline cannot follow the quasar. PyCS3's own `pycs3.sim` does the
# same with correlated noise and some hundred curves; `N_MOCKS` of them tell the error to some
# 20 %.

# %%
scatter_mag = {}
for curve in curves:
    scatter_mag[curve.object] = float(np.std(curve.getmags() - spline.eval(jds=curve.getjds())))
    print(f"{curve.object}: residuals of {1000 * scatter_mag[curve.object]:.1f} mmag, "
          f"{scatter_mag[curve.object] / sigma_mag[curve.object]:.2f} of the error bars")

errors_d = []
for mock in range(N_MOCKS):
    rng = np.random.default_rng([SEED, mock])
    put_in_d, drawn = [], []
    for curve in curves:
        # another delay moves the light of the quasar, not the nights; what PyCS3 adds is taken off
        other_d = curve.timeshift + (rng.uniform(-3, 3) if drawn else 0.0)
        mags = spline.eval(jds=curve.jds + other_d) - (curve.getmags() - curve.mags)
        mags = mags + rng.normal(0, scatter_mag[curve.object], mags.size)
        drawn.append(lc_func.factory(curve.jds, mags, magerrs=curve.magerrs, object=curve.object,
                                     verbose=False))
        drawn[-1].shifttime(curve.timeshift)
        put_in_d.append(other_d)
    fit(drawn)
    errors_d.append(delays_of(drawn) - (np.array(put_in_d[1:]) - put_in_d[0]))

# %% [markdown]
# ## 6. The truth beside

# %%
bias_d, sigma_d = np.mean(errors_d, 0), np.std(errors_d, 0, ddof=1)
total_d = np.hypot(sigma_d, bias_d)
print("pair   PyCS3             first guess       truth (days)")
fig, axes = plt.subplots(1, len(names) - 1, figsize=(10, 2.6), squeeze=False,
                         layout="constrained")
for k, (ax, name) in enumerate(zip(axes[0], names[1:], strict=True)):
    pair, first = f"{names[0]}{name}", guess[name]
    print(f"{pair}  {measured_d[k]:+7.2f} +- {total_d[k]:.2f}   "
          f"{first.delay_d:+7.2f} +- {first.sigma_d:.2f}   {true_delay_d[name]:+7.2f}")
    ax.errorbar(measured_d[k], 1, xerr=total_d[k], fmt="o", label="PyCS3")
    ax.errorbar(first.delay_d, 0, xerr=first.sigma_d, fmt="s", label="first guess")
    ax.axvline(true_delay_d[name], color="k", lw=1, label="truth")
    ax.set(xlabel=f"delay {pair} (d)", yticks=[], ylim=(-0.7, 1.7))
    ax.locator_params(axis="x", nbins=5)
axes[0][0].legend(fontsize=8)
plt.show()

# %% [markdown]
# A delay within two of its errors of the truth is what honest errors give most of the time. The
# first guess is farther off here than its errors say: its quasar is a random walk, rougher than
# this smoothed one. To go on: other `KNOTS_D` and `ML_PIECES`, other seeds; for what you publish
# `pycs3.sim`, whose errors know that residuals of neighbouring nights are alike.
