"""The picture of the grid of lenses: bias and bias over error, a square for each cell."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

PANELS = (("rms bias of the images (%)", "bias", "viridis", (0, 6), ".1f"),
          ("rms of bias over error", "z", "RdYlGn_r", (0, 3), ".1f"))


def save_picture(lines, path):
    """Draw the lines of `field_grid` and save them; of cells that were not fitted nothing.

    A panel for each Einstein radius, below each other the two figures of `PANELS`; rows are the
    brightness of the lens, columns that of the host.
    """
    cells = [line["cell"].split(":") for line in lines]
    radii, lens, host = (sorted({cell[k] for cell in cells}, reverse=k == 1) for k in range(3))
    figure = Figure((3.1 * len(radii) + 0.6, 6.4), layout="constrained")
    axes = figure.subplots(len(PANELS), len(radii), squeeze=False)
    for row, (label, key, colours, (low, high), form) in enumerate(PANELS):
        for column, radius in enumerate(radii):
            ax = axes[row, column]
            values = np.full((len(lens), len(host)), np.nan)
            for i, one in enumerate(lens):
                for j, other in enumerate(host):
                    found = [line[key] for line, cell in zip(lines, cells, strict=True)
                             if cell[:3] == [radius, one, other]]
                    if found:
                        values[i, j] = np.sqrt(np.mean(np.square(np.concatenate(found))))
                        ax.text(j, i, f"{values[i, j]:{form}}", ha="center", va="center", bbox={
                            "facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 2})
            image = ax.imshow(values, cmap=colours, vmin=low, vmax=high)
            ax.set_xticks(range(len(host)), [f"{int(one)} %" for one in host])
            ax.set_yticks(range(len(lens)), [f"{int(one)} %" for one in lens])
            ax.set_xlabel("host of the quasar" if row else "")
            ax.set_ylabel("lensing galaxy" if column == 0 else "")
            ax.set_title("" if row else f'Einstein radius {radius}"', fontsize=10)
        figure.colorbar(image, ax=axes[row].tolist(), label=label, extend="max")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
