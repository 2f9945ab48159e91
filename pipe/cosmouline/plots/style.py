"""The look of every picture: sizes, fonts, colours, and the one way to save."""

import contextlib
import datetime
import functools
import gc

from cosmouline import library
from cosmouline.files.atomic import atomic_path
from cosmouline.plots import layout
from cosmouline.plots.palette import in_palette

import numpy as np

backend_agg = library("matplotlib.backends.backend_agg")
pil_image = library("PIL.Image")
pil_png = library("PIL.PngImagePlugin")
colors = library("matplotlib.colors")
mpl_figure = library("matplotlib.figure")
matplotlib = library("matplotlib")
patheffects = library("matplotlib.patheffects")

DPI = 120  # 9 pt letters are then 15 pixels tall, readable at 100 % on a laptop
PAGE_WIDTH_IN = 12.0  # 1440 pixels: as wide as a laptop shows
PNG_LEVEL = 3  # of compression: half the time of the default 6, for files 5 to 30 % larger
STAMP_IN = 0.17  # height kept free below for the stamp
TITLE_IN = 0.45  # height of the line that `title_page` writes

INK = "#222222"
FAINT = "#8A8A8A"
PALE = "#DDDDDD"
ACCENT = "#D55E00"  # what needs a look: rejected, outside, wrong

# Okabe and Ito (2008): distinct under all three kinds of colour blindness
SOURCE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# Colour maps, and the colour of what is missing: style.IMAGE_MAP is made when it is first used
MAPS = {"IMAGE_MAP": ("gray_r", "#DCE6F0"), "RESIDUAL_MAP": ("RdBu_r", "#C9C9C9"),
        "DEPTH_MAP": ("magma", "#DCE6F0"), "FIELD_MAP": ("viridis", "#DCE6F0")}

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

RC = {
    "font.family": ["DejaVu Sans"],  # part of matplotlib: the same picture on every machine
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.handletextpad": 0.5,
    "figure.titlesize": 11.5,
    "axes.linewidth": 0.7,
    "axes.edgecolor": "#555555",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "axes.formatter.useoffset": False,
    "image.origin": "lower",
    "image.interpolation": "nearest",  # a pixel is a pixel
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@functools.cache
def __getattr__(name):
    if name not in MAPS:
        raise AttributeError(name)
    shades, missing = MAPS[name]
    return matplotlib.colormaps[shades].with_extremes(bad=missing)


def styled(draw):
    """Decorate a public function that draws: it runs under `RC`, the caller's settings stay."""

    @functools.wraps(draw)
    def drawn(*args, **kwargs):
        # entering the settings takes as long as drawing a line: only the outermost function does
        if RC.items() <= matplotlib.rcParams.items():
            return draw(*args, **kwargs)
        with matplotlib.rc_context(RC), _no_collection():
            return draw(*args, **kwargs)

    return drawn


@contextlib.contextmanager
def _no_collection():
    """Let Python not look for garbage while a page is made of some ten thousand small objects."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def safe_text(text):
    """Text that matplotlib shows as it is written; None is the empty text."""
    # two dollar signs would start a formula
    return "" if text is None else str(text).replace("$", r"\$")


def unit_text(unit):
    """Write a unit to stand behind a number, with its space; empty for a ratio ("" or "1")."""
    unit = str(unit or "").replace("e-", "e⁻")
    return "" if unit in ("", "1") else " " + safe_text(unit)


def axis_label(label, unit=""):
    """Label of an axis: ``label (unit)``, without the bracket for a ratio (unit "" or "1")."""
    unit = unit_text(unit).strip()
    return safe_text(label) + (f" ({unit})" if unit else "")


def source_colour(index):
    """Colour of the source number `index` (0 is A), the same in all pictures; 21 are distinct."""
    turn, index = divmod(index, len(SOURCE_COLOURS))
    # the second time mixed with as much white, the third with as much grey
    mixed = ((None, 1.0, 0.4)[turn % 3])
    base = SOURCE_COLOURS[index]
    return base if mixed is None else colors.to_hex(np.add(colors.to_rgb(base), mixed) / 2)


def short(value):
    """Write a number in three digits, from 100 on as an integer; a dash for None and NaN."""
    if value is None or not np.isfinite(value):
        return "–"
    return (f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}").replace("-", "−")


def power_of_ten(value, _position=None):
    """Write a power of ten for a logarithmic axis; matplotlib sets it as a formula, slowly."""
    return "10" + f"{np.log10(value):.0f}".translate(SUPERSCRIPTS)


def halo(width_pt=2.2):
    """Path effect that gives text a white outline, readable on any picture."""
    return [patheffects.withStroke(linewidth=width_pt, foreground="white")]


@styled
def blank(width_in, height_in):
    """Page without Axes, for layouts given in inches (see `place`)."""
    page = mpl_figure.Figure(figsize=(width_in, height_in), dpi=DPI)
    backend_agg.FigureCanvasAgg(page)
    return page


@styled
def figure(ncols=1, nrows=1, size=None, **subplots):
    """Page with a grid of Axes whose labels never overlap (constrained layout).

    Parameters
    ----------
    ncols, nrows : int
    size : (float, float), optional
        Width and height in inches. None: the page width, and a height for the rows.
    **subplots
        Passed to ``Figure.subplots``: ``sharex``, ``height_ratios``, ...

    Returns
    -------
    page : matplotlib.figure.Figure
    axes : Axes or ndarray of Axes
        As ``Figure.subplots`` gives them: one Axes for a single panel.
    """
    page = blank(*(size or (PAGE_WIDTH_IN, max(5.0, 3.2 * nrows + 0.8))))
    page.set_layout_engine(layout.measured_once()(w_pad=0.07, h_pad=0.06))
    _keep_free(page, STAMP_IN, 0.0)
    return page, page.subplots(nrows, ncols, **subplots)


def _keep_free(page, below_in, above_in):
    """Let the layout, if the page has one, leave room for the stamp and the title."""
    height = page.get_size_inches()[1]
    if page.get_layout_engine() is not None:
        below, above = below_in / height, above_in / height
        page.get_layout_engine().set(rect=(0, below, 1, 1 - below - above))


def split(page, ax, n_rows, n_cols, widths=None):
    """Replace one Axes of `figure` by a grid, of columns of relative widths; row by row."""
    grid = ax.get_subplotspec().subgridspec(n_rows, n_cols, width_ratios=widths)
    ax.remove()
    return [page.add_subplot(grid[k // n_cols, k % n_cols]) for k in range(n_rows * n_cols)]


@styled
def place(page, left_in, top_in, width_in, height_in):
    """Axes at a position given in inches from the upper left corner of the page."""
    width, height = page.get_size_inches()
    bottom = height - top_in - height_in
    return page.add_axes((left_in / width, bottom / height, width_in / width, height_in / height))


@styled
def write(page, left_in, top_in, text, **look):
    """Write text at a position given in inches from the upper left corner of the page.

    Returns the Text; keywords give its look and alignment.
    """
    width, height = page.get_size_inches()
    return page.text(left_in / width, 1 - top_in / height, safe_text(text), **look)


@styled
def write_in(ax, x, y, text, fontsize=8.0, **look):
    """Write small text at a fraction of an Axes, aligned to the right in its right half."""
    look = {"ha": "right" if x > 0.5 else "left", "va": "top", "fontsize": fontsize, **look}
    ax.text(x, y, text, transform=ax.transAxes, **look)


@styled
def title_page(page, title, subtitle=""):
    """Write the title at the upper left, and a fainter subtitle behind it.

    A layout made by `figure` leaves room for it; pages in inches leave `TITLE_IN` themselves.
    """
    if not (title or subtitle):
        return
    _keep_free(page, STAMP_IN, TITLE_IN - 0.08)
    heading = write(page, 0.12, 0.25, title, va="center", fontsize=RC["figure.titlesize"],
                    fontweight="bold")
    right = heading.get_window_extent().x1 / page.dpi
    behind = write(page, right + 0.15, 0.25, subtitle, va="center", color="#666666")
    # the room is kept already: the layout must not count the texts a second time
    for text in (heading, behind):
        text.set_in_layout(False)


@styled
def title_panel(ax, title, **look):
    """Write the title of an Axes that has nothing above it."""
    # without y matplotlib looks for room above all tick labels, which takes as long as a picture
    ax.set_title(safe_text(title), y=1.0, loc="left", **look)


@styled
def no_data(ax, text="no data"):
    """Write on an Axes that there is nothing to draw, and remove its ticks."""
    bare(ax)
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=FAINT)


@styled
def bare(ax):
    """Remove the ticks, for small images that need no axes."""
    ax.set(xticks=[], yticks=[])


@styled
def numbers(page, left_in, top_in, rows, tabs_in=(0.0, 1.17), line_in=0.19):
    """Write a small table of text on a page.

    Parameters
    ----------
    page : matplotlib.figure.Figure
        From `blank`.
    left_in, top_in : float
        Upper left corner of the table, in inches from that of the page.
    rows : sequence of str or sequences of str
        One row per line, one text per column; a text alone runs over all columns.
    tabs_in : sequence of float
        Left ends of the columns.
    line_in : float
        Height of a line.
    """
    for i_row, row in enumerate(rows):
        row = (row,) if isinstance(row, str) else row
        for i_col, (tab_in, text) in enumerate(zip(tabs_in, row, strict=False)):
            # labels, in the first column, are fainter than their values
            colour = INK if i_col or len(row) == 1 else "#666666"
            write(page, left_in + tab_in, top_in + line_in * i_row, text, va="top", color=colour)


@styled
def colour_bar(ax, mappable, label="", width_in=0.09, gap_in=0.06, **options):
    """Draw a slim colour bar at the right of an Axes, as tall as the Axes, and return it.

    A label of one or two letters (a unit) stands on top, a longer one at the side. Further
    options go to ``Figure.colorbar``.
    """
    width, _ = ax.figure.get_size_inches()
    fraction = ax.get_position().width * width
    inset = ax.inset_axes((1 + gap_in / fraction, 0, width_in / fraction, 1))
    return fill_bar(inset, mappable, label, **options)


@styled
def fill_bar(ax, mappable, label="", **options):
    """Draw a colour bar on an Axes of its own and return it; otherwise as `colour_bar`."""
    bar = ax.figure.colorbar(mappable, cax=ax, **options)
    if len(str(label)) > 2:
        bar.set_label(safe_text(label))
    else:
        title_panel(bar.ax, label, fontsize=8.5, pad=4)
    bar.outline.set_linewidth(0.5)
    return bar


def stamp_text(lens="", script="", when=None):
    """Text for the corner of a picture: lens, script and the time (UT) it was made."""
    when = when or datetime.datetime.now(datetime.UTC)
    return "  ·  ".join(text for text in (lens, script, f"{when:%Y-%m-%d %H:%M} UT") if text)


@styled
def save(page, path, stamp="", dpi=DPI):
    """Write a page as PNG or PDF; the file is complete or missing.

    Parameters
    ----------
    page : matplotlib.figure.Figure
        It is left as it was: saving it twice does not stamp it twice.
    path : str or Path
        Ends in ``.png`` or ``.pdf``; the folder is made.
    stamp : str
        Small text for the lower right corner, see `stamp_text`.
    dpi : float
        Pixels per inch.

    Raises
    ------
    ValueError
        If `path` ends in something else.
    """
    kind = str(path).lower()[-4:]
    if kind not in (".png", ".pdf"):
        raise ValueError(f"path must end in .png or .pdf, not '{path}'")
    width, height = page.get_size_inches()
    text = page.text(1 - 0.08 / width, 0.05 / height, safe_text(stamp), ha="right", fontsize=6.5,
                     color=FAINT)
    # it neither changes the layout nor stays on the page
    text.set_in_layout(False)
    try:
        with atomic_path(path) as temporary:
            if kind == ".pdf":
                page.savefig(temporary, dpi=dpi, format="pdf", metadata={"Creator": "COSMOULINE"})
            else:
                made_by = pil_png.PngInfo()
                made_by.add_text("Software", "COSMOULINE")
                _picture(page, dpi).save(temporary, format="png", compress_level=PNG_LEVEL,
                                         dpi=(dpi, dpi), pnginfo=made_by)
    finally:
        text.remove()


def _picture(page, dpi):
    """Return the picture of a page; in a palette if that is enough."""
    before = page.dpi
    page.set_dpi(dpi)
    try:
        page.canvas.draw()  # `savefig` would draw twice, once to find the layout
        rgb = np.array(page.canvas.buffer_rgba())[..., :3]
    finally:
        page.set_dpi(before)
    indices, palette = in_palette(rgb)
    if indices is None:
        return pil_image.fromarray(np.ascontiguousarray(rgb))
    picture = pil_image.fromarray(indices)
    picture.putpalette(palette.tobytes())
    return picture
