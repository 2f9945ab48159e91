"""Many lenses: the state of each, and one page of all their light curves."""

import os

from cosmouline import __version__
from cosmouline.database import paths, status
from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError, one_line
from cosmouline.files import io_html
from cosmouline.files.io_text import read_lines
from cosmouline.frames import db_update
from cosmouline.lightcurve.io_rdb import read_rdb

import numpy as np

COLUMNS = ("lens", "images", "in use", "new", "points", "last mjd", "next")
DONE = "all is done"


def folders_of(words):
    """Return the folders of lenses that some words name, each once, in their order.

    A word is the folder of a lens, a folder whose folders are lenses, or a file with one of these
    in each line (# begins a comment). Raises UserError for a word without any lens.
    """
    found = []
    for word in words:
        path = word.expanduser()
        if (path / "settings.py").is_file():
            here = [path]
        elif path.is_dir():
            here = sorted(one.parent for one in path.glob("*/settings.py")
                          if one.parent.name != "sample")
        elif path.is_file():
            lines = (line.partition("#")[0].strip() for line in read_lines(path))
            here = folders_of([path.parent / line for line in lines if line])
        else:
            here = []
        if not here:
            raise UserError(f"{word} is no folder of a lens, nor does it hold any. Give folders "
                            "with a settings.py, or a list of them.")
        found += here
    return list({one.resolve(): one for one in found}.values())


def state_of(folder, order):
    """Return the state of one lens by `COLUMNS`; what is wrong with it stands under "next".

    "new" are frames that are not in its database yet, or were replaced; "points" those of its
    light curve. Nothing is written, and a lens in use by a script is read all the same.
    """
    found = {"lens": folder.name, "folder": folder, "is wrong": False}
    try:
        settings = load_settings(folder)
        found |= {"lens": settings.lens_name or folder.name, "settings": settings}
        db = Database(paths.database(settings))
        try:
            in_use = db.select(gogogo=True, treatme=True)
            dates = [row["mjd"] for row in db.rows.values() if "mjd" in row]
            found |= {"images": len(db.rows), "in use": len(in_use),
                      "last mjd": float(np.max(dates)) if dates else None}
            script = status.next_script(db, status.states(db, settings, order))
            new = set().union(*db_update.new_frames(settings, db.rows).values())
        finally:
            db.close()
        curves = [read_rdb(path) for path in paths.light_curves(settings)]
        return found | {"new": len(new), "points": sum(len(one["mhjd"]) for one in curves),
                        "next": "new frames" if new else script or DONE}
    except UserError as problem:
        return found | {"next": one_line(problem), "is wrong": True}


def page(states, path):
    """Return the text of the page of all lenses, for the file `path`: the table, then the curves.

    Pictures are those of lcmanip/2_plot; the page links to them, and to the lookback pages.
    """
    def link(target):
        return io_html.url(*os.path.relpath(target, path.parent).split(os.sep))

    rows, pictures = [], []
    for one in states:
        name, settings = io_html.escape(one["lens"]), one.get("settings")
        index = settings and paths.lookback(settings) / "index.html"
        values = (one.get(column) for column in COLUMNS[1:])
        cells = [io_html.escape("" if value is None else f"{value:.2f}" if isinstance(value, float)
                                else value) for value in values]
        rows.append([f'<a href="{link(index)}">{name}</a>' if index and index.is_file() else name,
                     *cells])
        for curve in paths.light_curves(settings) if settings else ():
            picture = curve.with_suffix(".png")
            if picture.is_file():
                label = io_html.escape(curve.stem)
                pictures.append(f'<figure><a href="{link(picture)}"><img loading="lazy" src="'
                                f'{link(picture)}" alt="light curves {label}"></a><figcaption>'
                                f"{label}</figcaption></figure>\n")
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    return io_html.fill(io_html.asset("campaign.html"), style=io_html.asset("style.css"),
                        n=len(states), head=head, rows=io_html.table_rows(rows),
                        pictures="".join(pictures), version=io_html.escape(__version__))
