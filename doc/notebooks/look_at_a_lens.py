# %% [markdown]
# # A look at stamps, PSFs and residuals of a lens
#
# What the pages in `dec_lens_png/` and `psf_psf1_png/` show, as arrays to play with: one epoch
# from its stamp to its residuals, the PSF that made it, the stars behind that PSF, and one number
# counted anew by hand.
#
# It needs a reduced lens: `make demo`, or the variable `COSMOULINE_CONFIG`.

# %%
import os

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.engine.tool import lens_folder
from cosmouline.pages import deconvolution
from cosmouline.psf import db_psf
from cosmouline.psf.model import field_coordinates, render
from cosmouline.run import make_options, with_options
from cosmouline.stamps import db_stamps

import matplotlib.pyplot as plt
import numpy as np

folder = lens_folder(os.environ.get("COSMOULINE_CONFIG", "configs/demo"))
settings = with_options(load_settings(folder), make_options())
rows = Database(paths.database(settings)).rows
scene = deconvolution.scene_of(settings)  # epochs, fit, model and residuals of the deconvolution
fit, epochs = scene.fit, scene.epochs
print(f"{settings.lens_name}: {scene.summary}")

# %% [markdown]
# ## 1. All epochs: stamp, model, residuals
#
# Data and model share one grey scale per epoch, from the sky up; residuals are in units of the
# noise of each pixel, from -5 to 5, grey where a pixel is masked. Residuals must look like noise.
# The four epochs of the largest chi2 are shown.

# %%
worst = np.argsort(-np.nan_to_num(fit.chi2_reduced))[:4]
fig, axes = plt.subplots(3, len(worst), figsize=(2.6 * len(worst), 7.8), squeeze=False,
                         layout="constrained")
residual_map = plt.get_cmap("RdBu_r").with_extremes(bad="0.7")
for column, e in zip(axes.T, worst, strict=True):
    low, high = np.nanpercentile(scene.model_e[e], [1, 99.5])
    for ax, image in zip(column, (epochs.data_e[e], scene.model_e[e]), strict=False):
        ax.imshow(image, origin="lower", cmap="gray", vmin=low - 0.1 * (high - low), vmax=high)
    shown = column[2].imshow(scene.residuals[e], origin="lower", cmap=residual_map, vmin=-5,
                             vmax=5)
    column[0].set_title(f"{scene.names[e]}\nchi2 {fit.chi2_reduced[e]:.2f}", fontsize=9)
for ax, word in zip(axes[:, 0], ("data", "model", "residual / noise"), strict=True):
    ax.set_ylabel(word)
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
fig.colorbar(shown, ax=axes[2], shrink=0.8)
plt.show()

# %% [markdown]
# ## 2. chi2 by hand
#
# The mean square of the residuals over the pixels in use, next to what the fit reports; and all
# residuals together next to a Gaussian of width 1. A wider heart means errors that are too small
# (a wrong gain), wide wings cosmic rays or light that the model lacks.

# %%
by_hand = np.array([np.nanmean(one**2) for one in scene.residuals])
for name, mine, theirs in zip(scene.names, by_hand, fit.chi2_reduced, strict=True):
    print(f"{name}: {mine:.3f} by hand, {theirs:.3f} of the fit")

values = scene.residuals[np.isfinite(scene.residuals)]
edges = np.linspace(-5, 5, 81)
fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.hist(values, edges, density=True, color="0.75", label=f"{values.size} pixels")
ax.plot(edges, np.exp(-(edges**2) / 2) / np.sqrt(2 * np.pi), "k", lw=1, label="Gaussian, width 1")
ax.set(xlabel="residual / noise", ylabel="density", yscale="log", ylim=(1e-5, 1))
ax.legend()
plt.show()
width = np.diff(np.percentile(values, [15.87, 84.13]))[0] / 2
print(f"width of the middle 68 %: {width:.3f}; beyond 5: {(np.abs(values) > 5).sum()} pixels")

# %% [markdown]
# ## 3. What all epochs have in common
#
# The mean residual, in units of its own noise: what no single epoch shows. Structure at one place
# asks for one more point source, or for an arc; here the sources are marked. Beside it the lens
# deconvolved, and its galaxy alone.

# %%
n_used = np.isfinite(scene.residuals).sum(0)
mean = np.nansum(scene.residuals, 0) / np.sqrt(np.maximum(n_used, 1))
side = mean.shape[0]
extent = (-0.5, side - 0.5, -0.5, side - 0.5)
fig, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
shown = axes[0].imshow(mean, origin="lower", cmap="RdBu_r", vmin=-5, vmax=5)
fig.colorbar(shown, ax=axes[0], shrink=0.8)
for ax, image, word in ((axes[1], scene.deconvolved, "deconvolved"),
                        (axes[2], scene.background, "galaxy and residual light")):
    faint = image.max() / 50 or 1.0  # below this, the grey scale is linear
    ax.imshow(np.arcsinh(image / faint), origin="lower", cmap="gray", extent=extent)
    ax.set_title(word)
axes[0].set_title("mean residual / its noise")
for ax in axes:
    ax.set(xticks=[], yticks=[])
    for name, (x_px, y_px) in zip(scene.sources, scene.xy_px, strict=False):
        if ax is axes[1]:  # there they show themselves
            break
        ax.plot(x_px, y_px, "+", color="tab:orange")
        ax.text(x_px + 1, y_px + 1, name, color="tab:orange")
plt.show()

# %% [markdown]
# ## 4. The PSF of one epoch, and its stars
#
# A PSF is a Moffat and a grid of small pixels (`psf_upsampling` for each pixel), made narrower by
# a Gaussian of two small pixels, as the deconvolution uses it. The stars are its witnesses: model
# and residuals of each, and all of them in one radial profile. What the core of a star lacks, all
# others must lack too, or that star is double.

# %%
image = rows[scene.names[worst[0]]]
stamps, names, _ = db_stamps.psf_stamps(image, settings)
found, use = db_psf.psf(image, settings), stamps.is_usable
stars, psf = found.stars, found.psf
offset_px = np.nan_to_num(np.column_stack([stars["x_px"], stars["y_px"]]))
uv = field_coordinates(stamps.position_px[use], (image["ny_px"], image["nx_px"]))
unit = render(psf.narrow(uv), offset_px, psf.side_px, psf.upsampling)  # stars of flux 1
model_e = np.nan_to_num(stars["flux_e"])[:, None, None] * unit
sigma_e = np.sqrt(stamps.sky_sigma_e[use] ** 2 + np.maximum(model_e, 0))
residuals = np.where(found.good, (stamps.data_e[use] - model_e) / sigma_e, np.nan)

n_shown = min(6, len(stars))
fig, axes = plt.subplots(2, n_shown + 1, figsize=(1.9 * (n_shown + 1), 4.2), layout="constrained")
for k in range(n_shown):
    axes[0, k].imshow(np.arcsinh(stamps.data_e[use][k] / sigma_e[k] / 3), origin="lower",
                      cmap="gray")
    axes[1, k].imshow(residuals[k], origin="lower", cmap=residual_map, vmin=-5, vmax=5)
    axes[0, k].set_title(f"{stars['name'][k]}  chi2 {stars['chi2'][k]:.2f}", fontsize=9)
axes[0, -1].imshow(np.arcsinh(psf.narrow() / psf.narrow().max() * 100), origin="lower",
                   cmap="gray")
axes[0, -1].set_title("PSF, small pixels", fontsize=9)
axes[1, -1].axis("off")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
fig.suptitle(image["img_name"])
plt.show()

# %%
y_px, x_px = np.indices(unit.shape[1:]) - (psf.side_px - 1) / 2
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for k in range(len(stars)):
    radius_px = np.hypot(x_px - offset_px[k, 0], y_px - offset_px[k, 1])
    good = found.good[k]
    ax.plot(radius_px[good], stamps.data_e[use][k][good] / stars["flux_e"][k], ".", ms=2,
            color="0.7", label="" if k else "pixels of the stars")
    ax.plot(radius_px, unit[k], ".", ms=1, color="tab:red")
ax.plot([], [], ".", color="tab:red", label="model")
ax.set(xlabel="distance from the star (px)", ylabel="light of a star of flux 1", yscale="log",
       ylim=(1e-5, 1.5 * unit.max()))
ax.legend()
plt.show()

# %% [markdown]
# ## To go on
#
# `scene.fit` holds fluxes, their covariance and the shifts; `python pipe/9_export/2_opt_hdf5.py`
# writes all of this into one HDF5 file for programs that know nothing of COSMOULINE. With another
# `dec_name` in the settings, two deconvolutions can be looked at side by side.
