"""The texts of the lookback pages: the data that they share, the index, one page per image."""

import json
from collections import Counter
from itertools import pairwise

from cosmouline import __version__
from cosmouline.database import bands, paths
from cosmouline.database.fields import lookup
from cosmouline.database.settings import differences
from cosmouline.files import io_html
from cosmouline.files.io_html import escape, url
from cosmouline.lightcurve import join
from cosmouline.pages import lookback_data
from cosmouline.robust import median_of_finite

import numpy as np

ASSETS = ("style.css", "common.js", "chart.js", "index.js", "table.js", "image.js", "contact.js")
N_COLOURS = 7  # of the sources, in style.css
IMAGES = "images"  # the folder of the pages of the images
TITLES = {"objects": "Stamps of the lens and the stars", "sky": "Sky"}
DAY, MINUTE = 10, 16  # characters of an ISO date


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
    return {"key": shown, "dec": settings.dec_name,
            "names": [row["img_name"] for row in rows], "state": state, "why": why,
            "sources": sources, "columns": lookback_data.table(rows, sources, settings),
            "images": lookback_data.by_image(rows, sources, settings),
            "nights": lookback_data.by_night(rows, inside, sources, settings),
            "skiplist": lookback_data.skiplist(settings),
            "pictures": [_picture_list(rows, *one) for one in pictures(settings)],
            "fields": _declarations(rows),
            "runs": {n: [run["script"], run["version"], run["time"]] for n, run in runs.items()}}


def data_script(data):
    """Return the shared data as a script."""
    return f"const lookback = {io_html.script_data(data)};\n"


def _declarations(rows):
    """Return unit, meaning and producer of every field that some row has."""
    names = sorted(name for name in set().union(*rows) if not name.startswith(("ran__", "made__")))
    return {name: [one.unit, one.meaning, one.producer]
            for name, one in zip(names, map(lookup, names), strict=True)}


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


def _picture_list(rows, folder, title, names):
    """Return one kind of pictures for the contact sheet; "1" for each image that has one."""
    return [folder, title, "".join("01"[row["img_name"] in names] for row in rows)]


def index_page(rows, data, settings):
    """Return the text of the index."""
    title = _title(settings)
    return io_html.fill(
        io_html.asset("index.html"), title=escape(title), version=escape(__version__),
        facts=io_html.table_rows(facts(rows, data)), sources=_sources(data),
        rejected=io_html.list_items(_rejected(data)), plots=_plots(settings),
        files=io_html.list_items(_files(settings)),
        settings=io_html.table_rows(_settings(settings)))


def contact_page(settings):
    """Return the text of the contact sheet."""
    return io_html.fill(io_html.asset("contact.html"), title=escape(_title(settings)),
                        version=escape(__version__))


def _title(settings):
    return " · ".join(filter(None, (settings.lens_name, settings.dec_name, settings.band)))


def facts(rows, data):
    """Return what the index tells first, as rows of two texts made safe."""
    count, dates = Counter(data["state"]), [row["datetime_utc"][:DAY] for row in rows
                                            if "datetime_utc" in row]
    found = {
        "images": f"{len(rows)}: " + ", ".join(f"{n} {word}" for word, n in count.items()),
        "dates": f"{dates[0]} to {dates[-1]}" if dates else "",
        "nights": len(data["nights"]["t"]) or "",
        "sets": _counted(rows, "set_name"), "telescopes": _counted(rows, "telescope"),
        "seeing": _median(data, "seeing", "median {:.2f} arcsec"),
        "chi2 of the stamps": _median(data, "chi2", "median {:.3f}"),
        "joint fit": _fit(rows, data["dec"]),
        "last run": max((run[2] for run in data["runs"].values()), default="")[:MINUTE].replace(
            "T", " "),
        "versions": ", ".join(sorted({run[1] for run in data["runs"].values()})),
    }
    return [(escape(name), escape(text)) for name, text in found.items() if text]


def _counted(rows, field):
    return ", ".join(f"{name} ({n})" for name, n in
                     Counter(row.get(field, "not known") for row in rows).items())


def _median(data, label, text):
    """Tell the median of a column, if it is there."""
    values = [value for column in data["columns"] if column["label"] == label
              for value in column["values"] if value is not None]
    return text.format(np.median(values)) if values else ""


def _fit(rows, dec):
    """Tell how the joint fit ended."""
    row = next((row for row in rows if f"dec_ended__{dec}" in row), None)
    return row and f"{row[f'dec_ended__{dec}']} after {row[f'n_dec_steps__{dec}']} steps"


def _sources(data):
    """Return the table of the point sources: magnitude, error, scatter about the neighbours."""
    nights = data["nights"]
    time = np.array(nights["t"], float)
    rows = [_source_row(s, name, time, np.array(mag, float), np.array(sigma, float))
            for s, (name, mag, sigma) in enumerate(
                zip(data["sources"], nights["mag"], nights["sigma"], strict=False))]
    return io_html.table_rows(rows)


def _source_row(s, name, time, mag, sigma):
    ratio, _, n = join.dispersion(time, mag, sigma)
    medians = (median_of_finite(values) for values in (mag, sigma))
    dot = f'<span class="dot" style="background: var(--source-{s % N_COLOURS})"></span> '
    return (dot + escape(name), *(f"{value:.4f}".replace("-", "−") for value in medians),
            f"{ratio:.2f}" if n else "–")


def _rejected(data):
    """Return the reasons why images are not in use, most frequent first, as texts made safe."""
    reasons = Counter((state, why) for state, why in zip(data["state"], data["why"], strict=True)
                      if state not in ("used", "flagged"))
    return [f"{n} {escape(state)}{escape(': ' + why if why else '')}"
            for (state, why), n in reasons.most_common()]


def _plots(settings):
    """Return the overview pictures as small pictures that open the large ones."""
    others = tuple({f"_{one['band']}.png" for one in settings.sets if "band" in one}
                   - {f"_{settings.band}.png"})
    found = sorted(path.name for path in (settings.work_dir / "plots").glob("*.png")
                   if not path.name.endswith(others))
    return "".join(
        f'<a href="{url("..", "plots", name)}"><figure><img loading="lazy" alt="" '
        f'src="{url("..", "plots", name)}"><figcaption>{escape(name.removesuffix(".png"))}'
        "</figcaption></figure></a>\n" for name in found)


def _files(settings):
    """Return links to the pages of other bands and names, the reports and the exported tables."""
    pages = {paths.lookback(bands.only(settings, name)) for name in bands.names(settings)}
    pages |= {path.parent for path in settings.work_dir.glob("lookback_*/index.html")}
    found = [*(path / "index.html" for path in sorted(pages - {paths.lookback(settings)})),
             *sorted(settings.work_dir.glob("report_*.txt")),
             *sorted(paths.exports(settings).glob("*.*"))]
    parts = [path.relative_to(settings.work_dir).parts for path in found]
    return [f'<a href="{url("..", *part)}">{escape("/".join(part))}</a>' for part in parts]


def _settings(settings):
    """Return the settings that differ from the sample, as rows of two texts made safe."""
    return [(escape(name), escape(json.dumps(value, default=str, ensure_ascii=False)))
            for name, value in differences(settings).items()]


def neighbours(rows):
    """Return, for every image, the names before and behind it: in time, and in its set."""
    found = {row["img_name"]: dict.fromkeys(("before", "after", "before_in_set", "after_in_set"))
             for row in rows}
    for one, other in pairwise(row["img_name"] for row in rows):
        found[one]["after"], found[other]["before"] = other, one
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
    name = row["img_name"]
    return io_html.fill(
        template, name=escape(name), title=escape(_title(settings)), version=escape(__version__),
        in_time=_links("date", around["before"], around["after"], ""),
        in_set=_links(f"set {row.get('set_name', '')}", around["before_in_set"],
                      around["after_in_set"], "_in_set"),
        row=io_html.script_data({field: value for field, value in row.items()
                                 if not field.startswith("made__")}),
        pictures="".join(_picture(folder, title, name)
                         for folder, title, names in drawn if name in names))


def _links(label, before, after, ending):
    """Return links to the pages before and behind, around a label."""
    return (_link(before, f"before{ending}", "←") + f" <span>{escape(label)}</span> "
            + _link(after, f"after{ending}", "→"))


def _link(name, ident, sign):
    if name is None:
        return f'<span class="end">{sign}</span>'
    return f'<a id="{ident}" href="{url(f"{name}.html")}" title="{escape(name)}">{sign}</a>'


def _picture(folder, title, name):
    link = url("..", "..", folder, f"{name}.png")
    return (f'<figure><figcaption>{escape(title)}</figcaption><a href="{link}">'
            f'<img loading="lazy" alt="{escape(title)}" src="{link}"></a></figure>\n')
