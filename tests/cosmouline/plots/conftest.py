"""What the tests of pictures share: what a page shows where, and that nothing is cut off.

Each page that a test draws is also compared with what it was when a person last looked at it:
pages/ has a table for each file of tests, with how many things are on a page, and where, in which
sizes and colours, with which texts. After a wanted change look at the page and write the table:

    WRITE_PAGES=1 python -m pytest -n 0 tests/cosmouline/plots
"""

import functools
import os
import zlib
from pathlib import Path

from cosmouline.plots import mosaic

import numpy as np
import pytest
from matplotlib.collections import Collection
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

SEEN = Path(__file__).with_name("pages")
MOST_PAGES = 12  # of one test: more are drawn from made-up input, by hypothesis
WITHIN = 1e-3  # of the mean size of what is compared


@functools.cache
def pages_seen(name):
    """Return the table of a file of tests, lines by name of test and page; it can be changed."""
    path = SEEN / f"{name}.txt"
    return dict(line.split(": ", 1) for line in path.read_text(encoding="utf-8").splitlines()
                ) if path.exists() else {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Compare the pages of a test that passes with those that were seen."""
    pages, make = [], Figure.__init__

    def remember(page, *args, **kwargs):
        make(page, *args, **kwargs)
        pages.append(page)

    Figure.__init__ = remember
    try:
        result = yield
    finally:
        Figure.__init__ = make
    if hasattr(item.obj, "hypothesis") or len(pages) > MOST_PAGES:
        return result
    table = pages_seen(item.path.stem)
    for k, page in enumerate(pages):
        name = f"{item.name} {k}".replace(": ", ":").replace("\n", " ")
        line = page_in_numbers(page)
        if os.environ.get("WRITE_PAGES"):
            table[name] = line
            SEEN.mkdir(exist_ok=True)
            (SEEN / f"{item.path.stem}.txt").write_text(
                "".join(f"{one}: {text}\n" for one, text in sorted(table.items())),
                encoding="utf-8")
        elif name in table:
            assert is_like(line, table[name]), (
                f"page {k} is not as it was seen last; look at it, then: see {__file__}")
    return result


def page_in_numbers(page):
    """Describe a page in numbers: of each kind of them how many, their size, and their order."""
    kinds = {name: [] for name in ("place", "x", "y", "colour", "size", "pixels", "limits")}
    words = []

    def look_at(artist):
        words.append(type(artist).__name__)
        kinds["size"] += [artist.get_zorder(), 1 if artist.get_alpha() is None else
                          np.mean(artist.get_alpha()), artist.get_visible()]
        if isinstance(artist, Text):
            words.extend([artist.get_text(), artist.get_ha(), artist.get_va()])
            kinds["place"] += np.asarray(artist.get_position(), dtype=object).tolist()
            kinds["size"] += [artist.get_fontsize(), artist.get_rotation()]
            colours = [artist.get_color()]
        elif isinstance(artist, Line2D):
            words.extend([artist.get_linestyle(), artist.get_marker()])
            put("x", artist.get_xdata(orig=False))
            put("y", artist.get_ydata(orig=False))
            kinds["size"] += [artist.get_linewidth(), artist.get_markersize()]
            colours = [artist.get_color(), artist.get_markerfacecolor(),
                       artist.get_markeredgecolor()]
        elif isinstance(artist, Collection):
            for points in (artist.get_offsets(), *(p.vertices for p in artist.get_paths())):
                put("x", np.ma.filled(np.ma.asarray(points, float), np.nan)[:, 0])
                put("y", np.ma.filled(np.ma.asarray(points, float), np.nan)[:, 1])
            kinds["size"] += np.ravel(artist.get_linewidth()).tolist()
            kinds["size"] += np.ravel(getattr(artist, "get_sizes", list)()).tolist()
            colours = [artist.get_facecolor(), artist.get_edgecolor()]
        elif isinstance(artist, AxesImage):
            kinds["pixels"] += np.ma.filled(np.ma.asarray(artist.get_array(), float),
                                            np.nan).ravel().tolist()
            kinds["limits"] += [*artist.get_extent(), *map(float, artist.get_clim())]
            words.extend([artist.get_cmap().name, type(artist.norm).__name__])
            colours = []
        elif isinstance(artist, Patch):
            corners = artist.get_patch_transform().transform(artist.get_path().vertices)
            put("x", corners[:, 0])
            put("y", corners[:, 1])
            words.append(str(artist.get_linestyle()))
            kinds["size"].append(artist.get_linewidth())
            colours = [artist.get_facecolor(), artist.get_edgecolor()]
        else:
            colours = []
        for colour in colours:
            if not isinstance(colour, str) or colour not in ("auto", "none"):
                kinds["colour"] += to_rgba_array(colour).ravel().tolist()
        for child in [] if hasattr(artist, "get_major_locator") else artist.get_children():
            look_at(child)

    def put(kind, values):
        # from the first one on: dates are large, and what differs is small
        values = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan).ravel()
        known = values[np.isfinite(values)]
        kinds["limits"] += known[:1].tolist()
        kinds[kind] += (values - (known[0] if known.size else 0)).tolist()

    look_at(page)
    kinds["place"] += page.get_size_inches().tolist()
    for ax in page.axes:
        kinds["place"] += list(ax.get_position().bounds)
        for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            ticks = [tick for tick in axis.get_majorticklocs()
                     if min(limits) <= tick <= max(limits)]
            kinds["limits"] += [*limits, *ticks]
            words.extend([axis.get_scale(), axis.label.get_text(), axis.get_ticks_position()])
            kinds["size"] += [axis.label.get_fontsize(), axis.get_visible()]
    numbers = [weighted(as_numbers(some)) for some in kinds.values()]
    return f"{len(words)} {zlib.crc32(' '.join(words).encode())} " + "  ".join(
        f"{n} {size:.6g} {mean:.6g}" for n, size, mean in numbers)


def as_numbers(values):
    """Values as an array of floats; what is no number of Python's is NaN."""
    if set(map(type, values)) <= {int, float, bool, np.float64}:  # nearly always, and long
        return np.array(values, dtype=float)
    return np.array([value if isinstance(value, (int, float)) else np.nan for value in values],
                    dtype=float)


def weighted(values):
    """Number of the finite values, their mean size, and their mean under unequal weights."""
    weight = 0.5 + (np.arange(1, values.size + 1) * 0.6180339887498949) % 1
    known = np.isfinite(values)
    if not known.any():
        return 0, 0.0, 0.0
    return (known.sum(), np.abs(values[known]).mean(),
            (weight * np.where(known, values, 0)).sum() / weight[known].sum())


def is_like(line, seen):
    """Whether two descriptions of a page are the same but for what rounding does."""
    found, before = ([float(word) for word in one.split()] for one in (line, seen))
    if found[:2] != before[:2]:
        return False
    found, before = np.reshape(found[2:], (-1, 3)), np.reshape(before[2:], (-1, 3))
    return bool((found[:, 0] == before[:, 0]).all() and (
        np.abs(found - before) <= WITHIN * before[:, 1:2]).all())


@pytest.fixture
def assert_whole():
    """Check that a page draws, and that all that is on it lies on it."""

    def check(page):
        page.draw_without_rendering()
        box = page.get_tightbbox()
        width, height = page.get_size_inches()
        slack = 0.01  # inches: one pixel
        assert -slack < box.x0
        assert -slack < box.y0
        assert box.x1 < width + slack
        assert box.y1 < height + slack

    return check


@pytest.fixture
def texts():
    """All texts of a page that say something; the labels of ticks once it is drawn."""

    def find(page):
        return [text.get_text() for text in page.findobj(Text) if text.get_text()]

    return find


@pytest.fixture
def boxes(monkeypatch):
    """Boxes of the pictures of the mosaic drawn last, in inches."""
    found, draw = [], mosaic.draw_mosaic

    def spy(*args, **kwargs):
        found[:] = draw(*args, **kwargs)
        return list(found)

    monkeypatch.setattr(mosaic, "draw_mosaic", spy)
    return found


@pytest.fixture
def screen():
    """Draw a page; gives its pixels (first row on top), red, green and blue from 0 to 255."""

    def draw(page):
        page.canvas.draw()
        return np.asarray(page.canvas.buffer_rgba())[..., :3].astype(int)

    return draw


@pytest.fixture
def look():
    """Colours that a screen shows at the centres of the pixels of a picture in a box.

    The first row is the lowest, as in images.
    """

    def sample(screen, box, shape, dpi=120):
        up, right = ((np.arange(size) + 0.5) / size for size in shape)
        rows = (box.bottom - up * (box.bottom - box.top)) * dpi
        cols = (box.left + right * (box.right - box.left)) * dpi
        return screen[rows.astype(int)[:, None], cols.astype(int)]

    return sample


@pytest.fixture
def place_of():
    """Box of a text on its page, in inches from the upper left corner."""

    def find(page, text):
        artist, = (one for one in page.findobj(Text) if one.get_text() == text)
        left, bottom, right, top = artist.get_window_extent().extents / page.dpi
        height = page.get_size_inches()[1]
        return mosaic.Box(left, height - top, right, height - bottom)

    return find


@pytest.fixture
def assert_apart():
    """Check that no two Axes of a page that was placed by hand lie on each other."""

    def check(page):
        boxes = [ax.get_position() for ax in page.axes]
        for k, one in enumerate(boxes):
            assert not [other for other in boxes[k + 1 :] if one.overlaps(other)]

    return check
