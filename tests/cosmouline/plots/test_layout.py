"""layout.py against matplotlib's own constrained layout."""

from cosmouline.plots import style

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine


def test_labels_are_measured_once_and_find_the_room_that_they_need(monkeypatch):
    """Against matplotlib's own layout, which measures each Axes twice or more."""
    measured, measure = [], Axes.get_tightbbox
    monkeypatch.setattr(Axes, "get_tightbbox", lambda ax, *args, **options: (
        measured.append(ax) or measure(ax, *args, **options)))

    def positions(engine):
        page, axes = style.figure(3, 2, (9.0, 6.0), height_ratios=(2, 1))
        for k, ax in enumerate(axes.flat):
            ax.plot([0, 1], [10.0 ** (k - 2), 2 * 10.0 ** (k - 2)])
            ax.set(xlabel="days", ylabel=f"label {k}", title="title")
        axes[0, 1].set_aspect("equal")
        if engine:
            page.set_layout_engine(engine(w_pad=0.07, h_pad=0.06,
                                          rect=(0, 0.17 / 6, 1, 1 - 0.17 / 6)))
        measured.clear()
        page.canvas.draw()
        return np.array([ax.get_position().bounds for ax in axes.flat]), len(measured)

    (own, n_own), (reference, n_reference) = positions(None), positions(ConstrainedLayoutEngine)

    assert n_own == 6
    assert n_reference >= 12
    assert own == pytest.approx(reference, abs=0.006)  # five pixels: a label of one digit less
