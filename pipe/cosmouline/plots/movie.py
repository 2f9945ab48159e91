"""Films: small pictures one after the other, as an animated GIF."""

from cosmouline import library
from cosmouline.files.atomic import atomic_path
from cosmouline.plots import style
from cosmouline.plots.scaling import frame_limits, stretch_norm

import numpy as np

animation = library("matplotlib.animation")

SIDE_IN, TITLE_IN = 4.2, 0.3


@style.styled
def save_movie(path, images, titles, per_second=5.0, title=""):
    """Write pictures of one size as an animated GIF; the file is complete or missing.

    Parameters
    ----------
    path : str or Path
        Ends in ``.gif``. The folder is made.
    images : sequence of ndarray of float, shape (ny, nx)
        At least one. All have the cuts of their median; NaN pixels are pale blue.
    titles : sequence of str
        Written above each.
    per_second : float
        How many are shown in a second.
    title : str
        Small, below all of them.

    Raises
    ------
    ValueError
        If there is no image, or `path` does not end in ``.gif``.
    """
    if not len(images) or not str(path).lower().endswith(".gif"):
        raise ValueError(f"{len(images)} images for '{path}': at least one, and .gif, are needed")
    ny, nx = images[0].shape
    page = style.blank(SIDE_IN, TITLE_IN + SIDE_IN * ny / nx + 0.2)
    ax = style.place(page, 0, TITLE_IN, SIDE_IN, SIDE_IN * ny / nx)
    style.bare(ax)
    # the median of the cuts that the images would have
    limits = [frame_limits(image, 0.0) for image in images if np.isfinite(image).any()]
    norm = stretch_norm(*np.median(limits or [(0.0, 1.0)], axis=0), "asinh")
    picture = ax.imshow(np.ma.masked_invalid(images[0]), norm=norm, cmap=style.IMAGE_MAP)
    heading = style.write(page, 0.1, TITLE_IN / 2, "", va="center", fontsize=9)
    style.write(page, 0.1, TITLE_IN + SIDE_IN * ny / nx + 0.1, title, va="center", fontsize=6.5)
    writer = animation.PillowWriter(fps=per_second)
    with atomic_path(path) as temporary, writer.saving(page, str(temporary), style.DPI):
        for image, text in zip(images, titles, strict=True):
            picture.set_data(np.ma.masked_invalid(image))
            heading.set_text(style.safe_text(text))
            writer.grab_frame()
