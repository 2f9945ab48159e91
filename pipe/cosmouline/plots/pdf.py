"""Existing pictures, one on each page of a PDF."""

from cosmouline.files.atomic import atomic_path

from matplotlib import image
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

PIXELS_PER_IN = 100.0


def write_pdf(path, pictures):
    """Write PNG pictures as the pages of a PDF, in their order; returns the number of pages.

    Each page is as large as its picture. The file is complete or missing.
    """
    with atomic_path(path) as temporary, PdfPages(temporary) as pages:
        for picture in pictures:
            pixels = image.imread(picture)
            ny, nx = pixels.shape[:2]
            page = Figure(figsize=(nx / PIXELS_PER_IN, ny / PIXELS_PER_IN), dpi=PIXELS_PER_IN)
            ax = page.add_axes((0, 0, 1, 1))
            ax.imshow(pixels, interpolation="none", aspect="auto")
            ax.set_axis_off()
            pages.savefig(page)
    return len(pictures)
