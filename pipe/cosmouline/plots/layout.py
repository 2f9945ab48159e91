"""Room for the labels of the Axes of a page, found in half the time."""

import functools

from cosmouline import library

layout_engine = library("matplotlib.layout_engine")
transforms = library("matplotlib.transforms")


@functools.cache
def measured_once():
    """Return constrained layout as a class that measures the labels of each Axes once.

    matplotlib measures them three times, the second and third time after it has moved the Axes,
    which takes a third of the time of a page; the labels hardly change.
    """
    class Layout(layout_engine.ConstrainedLayoutEngine):
        def execute(self, fig):
            for ax in fig.axes:
                ax.get_tightbbox = _box_of(ax)
            try:
                super().execute(fig)
            finally:
                for ax in fig.axes:
                    del ax.get_tightbbox

    return Layout


def _box_of(ax):
    """Return what gives the box of an Axes with its labels, whose width it finds once."""
    measure, around = ax.get_tightbbox, []

    def box(*args, **options):
        ax.apply_aspect()
        if not around:
            whole = measure(*args, **options)
            around.append(whole and whole.extents - ax.bbox.extents)
        return around[0] if around[0] is None else transforms.Bbox.from_extents(
            ax.bbox.extents + around[0])

    return box
