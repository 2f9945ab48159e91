"""Existing pictures, one on each page of a PDF."""

from cosmouline import library
from cosmouline.files.atomic import atomic_path

backend_pdf = library("matplotlib.backends.backend_pdf")
figure = library("matplotlib.figure")
image = library("matplotlib.image")

PIXELS_PER_IN = 100.0


def write_pdf(path, pictures):
    """Write PNG pictures as the pages of a PDF, in their order; returns the number of pages.

    Each page is as large as its picture. The file is complete or missing.
    """
    with atomic_path(path) as temporary, backend_pdf.PdfPages(temporary) as pages:
        for picture in pictures:
            pixels = image.imread(picture)
            ny, nx = pixels.shape[:2]
            page = figure.Figure(figsize=(nx / PIXELS_PER_IN, ny / PIXELS_PER_IN),
                                 dpi=PIXELS_PER_IN)
            ax = page.add_axes((0, 0, 1, 1))
            ax.imshow(pixels, interpolation="none", aspect="auto")
            ax.set_axis_off()
            pages.savefig(page)
    return len(pictures)
