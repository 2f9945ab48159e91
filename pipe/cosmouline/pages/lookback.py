"""The texts of the lookback pages: the data that they share, the index, one page per image."""

import json
import re
from collections import Counter
from itertools import compress, pairwise
from operator import not_

from cosmouline import __version__
from cosmouline.database import bands, paths
from cosmouline.database.fields import lookup
from cosmouline.database.settings import differences
from cosmouline.files import io_html
from cosmouline.files.io_html import escape, url
from cosmouline.lightcurve import join
from cosmouline.lightcurve.io_exchange import rounded
from cosmouline.pages import lookback_data
from cosmouline.plots.style import SOURCE_COLOURS
from cosmouline.robust import median_of_finite

import numpy as np

ASSETS = ("style.css", "common.js", "chart.js", "index.js", "table.js", "image.js", "contact.js")
IMAGES = "images"  # the folder of the pages of the images
TITLES = {"objects": "Stamps of the lens and the stars", "sky": "Sky"}
DAY, MINUTE = 10, 16  # characters of an ISO date
DATED = re.compile(r"\d{4}-\d\d-\d\d_")  # the name of a copy that an export keeps
CAPTIONS = (  # of the pictures in plots/, by the pattern of their names
    ("stars_aperture", "Stars in apertures, before and after medcoeff"),
    ("stars_(.+)", "Stars before and after {0}"), ("checks_(.+)", "Checks of {0}"),
    ("(.+)_star_(.+)", "Star {1} with {0}"),
    ("dec_(.+)_checks", "Checks of the deconvolution {0}"),
    ("dec_(.+)", "Deconvolution {0}"), ("deep_(.+)", "Deep image {0}"),
    ("map", "Field with its stars and the lens"), ("map_(.+)", "Field of the set {0}"),
    ("medcoeff", "Coefficient medcoeff"), ("variables_(.+)", "Variable stars of {0}"),
    ("(.+)_by_field_fwhm_arcsec", "Light curves of {0}, coloured by seeing"),
    ("(.+)_by_(image|night)", "Light curves of {0}, by {1}"),
    ("(.+)_by_date", "{0} by date"),
    ("(.+)_by_(.+)", "Light curves of {0}, coloured by {1}"),
    ("truth", "Light curves and the truth"))


def shared_data(rows, settings, runs):
    """Return what all pages of a reduction share.

    Parameters
    ----------
    rows : list of dict
        The images, in order of time.
    settings : namespace
        Of one band.
    runs : dict of int to dict
        The runs of the database.
    """
    sources = lookback_data.sources_of(rows, settings)
    inside = lookback_data.within(rows, settings)
    state, why = lookback_data.states(rows, inside, settings)
    shown = paths.of_band(f"{settings.lens_name}/{settings.dec_name}", settings)
    fields = sorted(field for field in set().union(*rows)
                    if not field.startswith(("ran__", "made__")))
    return {"key": shown, "dec": settings.dec_name,
            "names": [row["img_name"] for row in rows], "state": state, "why": why,
            "sources": sources, "columns": lookback_data.table(rows, sources, settings),
            "images": lookback_data.by_image(rows, sources, settings),
            "nights": lookback_data.by_night(rows, inside, sources, settings),
            "skiplist": lookback_data.skiplist(settings),
            # for the contact sheet, "1" for each image that has a picture
            "pictures": [[folder, title, "".join("01"[row["img_name"] in drawn] for row in rows)]
                         for folder, title, drawn in pictures(settings)],
            "fields": {field: [one.unit, one.meaning, one.producer] for field, one in
                       zip(fields, map(lookup, fields), strict=True)},
            "runs": {n: [run["script"], run["version"], run["time"]] for n, run in runs.items()}}


def assets():
    """Return the files that all pages share, by name; the sources have the colours of pictures."""
    texts = {name: io_html.asset(name) for name in ASSETS}
    return texts | {"style.css": coloured(texts["style.css"])}


def coloured(sheet):
    """Return a style sheet with the colours of the sources as variables, before its own rules."""
    lines = [f"  --source-{n}: {colour.lower()};" for n, colour in enumerate(SOURCE_COLOURS)]
    return "\n".join([":root {", *lines, "}", sheet])


def data_script(data):
    """Return the shared data as a script."""
    return f"const lookback = {io_html.script_data(data)};\n"


def pictures(settings):
    """Return (folder, title, names of the images) of the pages of pictures that were drawn.

    Those of this deconvolution and of its PSFs first; those of others are left out.
    """
    own = {paths.of_band(f"dec_{settings.dec_name}", settings): "Deconvolution",
           paths.of_band(f"psf_{settings.psf_name}", settings): "PSF",
           f"psf_{settings.psf_name}": "PSF"} | TITLES
    folders = {path.name.removesuffix("_png"): path for path in settings.work_dir.glob("*_png")}
    others = [name for name in sorted(folders)
              if name not in own and not name.startswith(("dec_", "psf_"))]
    return [(folders[name].name, own.get(name, name.replace("_", " ").capitalize()),
             {path.stem for path in folders[name].glob("*.png")})
            for name in [*own, *others] if name in folders]


def index_page(rows, data, settings):
    """Return the text of the index; `data` are those that all pages share."""
    # why images are not in use, most frequent first
    reasons = Counter((state, why) for state, why in zip(data["state"], data["why"], strict=True)
                      if state not in ("used", "flagged"))
    rejected = [f"{n} {escape(state)}{escape(': ' + why if why else '')}"
                for (state, why), n in reasons.most_common()]
    # small pictures that open the large ones, without those of other bands
    others = tuple({f"_{one['band']}.png" for one in settings.sets if "band" in one}
                   - {f"_{settings.band}.png"})
    drawn = [path.name for path in sorted((settings.work_dir / "plots").glob("*.png"))
             if not path.name.endswith(others)]
    plots = "".join(
        f'<figure><a href="{url("..", "plots", name)}"><img loading="lazy" '
        f'alt="{escape(caption(name))}" src="{url("..", "plots", name)}"></a>'
        f"<figcaption>{escape(caption(name))}</figcaption></figure>\n" for name in drawn)
    # links to the pages of other bands and names, the reports and the exported tables
    pages = {paths.lookback(bands.only(settings, name)) for name in bands.names(settings)}
    pages |= {path.parent for path in settings.work_dir.glob("lookback_*/index.html")}
    files = [*(path / "index.html" for path in sorted(pages - {paths.lookback(settings)})),
             *sorted(settings.work_dir.glob("report_*.txt")),
             *sorted(paths.exports(settings).glob("*.*"))]
    files = [path.relative_to(settings.work_dir).parts for path in files]
    links = [f'<a href="{url("..", *names)}">{escape("/".join(names))}</a>' for names in files]
    # an export keeps copies with its date, which are behind the tables without one
    is_copy = [bool(DATED.match(names[-1])) for names in files]
    changed = [(escape(name), escape(json.dumps(value, default=str, ensure_ascii=False)))
               for name, value in differences(settings).items()]
    return io_html.fill(
        io_html.asset("index.html"), title=escape(_title(settings)), version=escape(__version__),
        facts=io_html.table_rows(facts(rows, data)), sources=_sources(data),
        rejected=io_html.list_items(rejected), settings=io_html.table_rows(changed), plots=plots,
        files=io_html.list_items(compress(links, map(not_, is_copy))),
        copies=io_html.list_items(compress(links, is_copy)))


def caption(name):
    """Return in words what a picture of the folder plots shows, by the name of its file."""
    stem = name.removesuffix(".png")
    for pattern, words in CAPTIONS:
        if found := re.fullmatch(pattern, stem):
            words = words.format(*(one.replace("_", " ") for one in found.groups()))
            return words[0].upper() + words[1:]
    return stem.replace("_", " ").capitalize()


def contact_page(settings):
    """Return the text of the contact sheet."""
    return io_html.fill(io_html.asset("contact.html"), title=escape(_title(settings)),
                        version=escape(__version__))


def _title(settings):
    """Return the title of the pages: lens, deconvolution and band."""
    return " · ".join(filter(None, (settings.lens_name, settings.dec_name, settings.band)))


def facts(rows, data):
    """Return the facts at the top of the index, as rows of two texts made safe."""
    count, dates = Counter(data["state"]), [row["datetime_utc"][:DAY] for row in rows
                                            if "datetime_utc" in row]
    ended, n_steps = f"dec_ended__{data['dec']}", f"n_dec_steps__{data['dec']}"
    fit = next((row for row in rows if ended in row), None)
    last = max((run[2] for run in data["runs"].values()), default="")
    found = {
        "images": f"{len(rows)}: " + ", ".join(f"{n} {word}" for word, n in count.items()),
        "dates": f"{dates[0]} to {dates[-1]}" if dates else "",
        "nights": len(data["nights"]["t"]) or "",
        "sets": _counted(rows, "set_name"), "telescopes": _counted(rows, "telescope"),
        "seeing": _median(data, "seeing", "median {:.2f} arcsec"),
        "chi2 of the stamps": _median(data, "chi2", "median {:.3f}"),
        "joint fit": fit and f"{fit[ended]} after {fit[n_steps]} steps",
        "last run": last[:MINUTE].replace("T", " "),
        "versions": ", ".join(sorted({run[1] for run in data["runs"].values()})),
    }
    return [(escape(name), escape(text)) for name, text in found.items() if text]


def _counted(rows, field):
    """Return the values of a field, each with the number of its images."""
    return ", ".join(f"{name} ({n})" for name, n in
                     Counter(row.get(field, "not known") for row in rows).items())


def _median(data, label, text):
    """Return the median of a column, if it is there, in a text."""
    values = [value for column in data["columns"] if column["label"] == label
              for value in column["values"] if value is not None]
    return text.format(np.median(values)) if values else ""


def _sources(data):
    """Return the table of the point sources: magnitude, error, scatter about the neighbours."""
    nights, rows = data["nights"], []
    time = np.array(nights["t"], float)
    for s, (name, mag, sigma) in enumerate(zip(data["sources"], nights["mag"], nights["sigma"],
                                               strict=False)):
        # the digits of the .rdb, from which 1_join reports
        mag, sigma = rounded({"mag": np.array(mag, float),
                              "magerr": np.array(sigma, float)}).values()
        ratio, _, n = join.dispersion(time, mag, sigma)
        colour = f"var(--source-{s % len(SOURCE_COLOURS)})"
        dot = f'<span class="dot" style="background: {colour}"></span> '
        medians = (f"{median_of_finite(values):.4f}".replace("-", "−") for values in (mag, sigma))
        rows.append((dot + escape(name), *medians, f"{ratio:.2f}" if n else "–"))
    return io_html.table_rows(rows)


def neighbours(rows):
    """Return, for every image, the names before and after it: in time, and in its set."""
    found = {row["img_name"]: dict.fromkeys(("before", "after", "before_in_set", "after_in_set"))
             for row in rows}
    for one, other in pairwise(row["img_name"] for row in rows):
        found[one]["after"], found[other]["before"] = other, one
    # in each set: the last image so far
    last = {}
    for row in rows:
        name, one = row["img_name"], last.get(row.get("set_name"))
        if one:
            found[one]["after_in_set"], found[name]["before_in_set"] = name, one
        last[row.get("set_name")] = name
    return found


def image_page(row, template, around, drawn, settings):
    """Return the text of the page of one image.

    Parameters
    ----------
    row : dict
        The image.
    template : str
        The asset ``image.html``, read once.
    around : dict of str or None
        Its `neighbours`.
    drawn : list
        What `pictures` gives.
    settings : namespace
        Of one band.
    """
    name, figures = row["img_name"], []
    # the pictures of this image, in the order of `pictures`
    for folder, title, names in drawn:
        if name in names:
            link = url("..", "..", folder, f"{name}.png")
            figures.append(f'<figure><figcaption>{escape(title)}</figcaption><a href="{link}">'
                           f'<img loading="lazy" alt="{escape(f"{title} of {name}")}" '
                           f'src="{link}"></a></figure>\n')
    return io_html.fill(
        template, name=escape(name), title=escape(_title(settings)), version=escape(__version__),
        in_time=_links("date", around["before"], around["after"], ""),
        in_set=_links(f"set {row.get('set_name', '')}", around["before_in_set"],
                      around["after_in_set"], "_in_set"),
        row=io_html.script_data({field: value for field, value in row.items()
                                 if not field.startswith("made__")}),
        pictures="".join(figures))


def _links(label, before, after, ending):
    """Return links to the pages before and after, around a label."""
    texts = []
    for name, ident, sign in ((before, f"before{ending}", "←"), (after, f"after{ending}", "→")):
        texts.append(f'<span class="end">{sign}</span>' if name is None else
                     f'<a id="{ident}" href="{url(f"{name}.html")}" title="{escape(name)}">'
                     f"{sign}</a>")
    return f" <span>{escape(label)}</span> ".join(texts)
