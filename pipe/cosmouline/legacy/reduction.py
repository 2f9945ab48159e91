"""A complete reduction of the original COSMOULINE: what to take over, and its configuration."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.files.io_text import read_lines, write_text
from cosmouline.frames.new_lens import common_start, literal
from cosmouline.frames.telescope import list_telescopes
from cosmouline.legacy import fields
from cosmouline.legacy import settings as old_settings
from cosmouline.legacy.io_database import read_old_database

LISTS = ("*.cat", "*.reg", "kicklist.txt", "testlist.txt", "*skiplist*.txt")
DATABASES = ("*_db.pkl", "database.dat", "*_db.dat")
HEAD = '''"""A reduction of COSMOULINE, taken over by import_cosmouline.py.

Its images have no products here. What runs on its database: lcmanip, 9_quicklook,
9_export/export, and extrascripts. The frames can be reduced again from 1_character on, where
raw_dir of the sets is right; then the values taken over are replaced.
"""

'''


class Old(NamedTuple):
    """What there is of an old reduction: rows, settings, lines not read, where both lie."""

    rows: list
    settings: dict
    unread: dict
    database: Path
    folder: Path


def read_old(path):
    """Read an old reduction from its configuration folder, or from its database.

    The folder holds settings.py and a database or an export of it; without one settings and lists
    alone are taken over. UserError without both.
    """
    if not path.exists():
        raise UserError(f"there is no {path}: give the folder of the old settings, or the "
                        "database.")
    folder = path if path.is_dir() else path.parent
    settings, unread = {}, {}
    if (folder / "settings.py").is_file():
        settings, unread = old_settings.read_old_settings(folder / "settings.py")
    # the newest database of the first kind that is there, else that of the workdir
    places = (folder, Path(str(settings.get("workdir", folder))))
    databases = [path] if path.is_file() else [
        found[-1] for place in places for pattern in DATABASES
        if (found := sorted(place.glob(pattern)))]
    if not databases and settings:
        return Old([], settings, unread, None, folder)
    if not databases:
        raise UserError(f"{folder} holds no database ({', '.join(DATABASES)}) and its workdir is "
                        "not here: give the database itself.")
    return Old(read_old_database(databases[0]), settings, unread, databases[0], folder)


def choices(old):
    """Return the names that the new settings choose.

    Returns
    -------
    dict
        ``dec``: the old key of the deconvolution, that of the settings or the one of most
        images; ``renorms``: columns that are renormalisations; ``coefficient``: the one that
        light curves are joined with, or None.
    """
    # the deconvolution of the settings, or the one with most images
    counts = fields.deconvolutions(old.rows)
    wanted = old.settings.get("deconvname", "")
    wanted = wanted if wanted in counts else f"dec_{wanted}"
    dec = wanted if wanted in counts else max(counts, key=counts.get, default=None)
    # a renormalisation has its stars next to it, and in later versions its errors
    columns = {name for row in old.rows for name, value in row.items()
               if isinstance(value, float | int)}
    renorms = sorted({name.removesuffix("_comment") for row in old.rows for name in row
                      if name.endswith("_comment") and name.removesuffix("_comment") in columns})
    named = [old.settings.get(key) for key in ("normcoeffname", "renormname")]
    coefficient = next((name for name in named if name in renorms or name == "medcoeff"),
                       renorms[0] if len(renorms) == 1 else None)
    return {"dec": dec, "renorms": renorms, "coefficient": coefficient}


def errors_known(old):
    """Return whether any image has an error of the coefficient that curves are joined with."""
    name = choices(old)["coefficient"]
    return name is not None and any(fields.coefficient_of(one, name)[1] is not None
                                    for one in old.rows)


def converted(old):
    """Return all rows under our names, and the old columns that were left out with the reasons."""
    chosen = choices(old)
    photometry = [old.settings[key] for key in ("sexphotomname",) if key in old.settings]
    names, are_known, rows, used = image_names(old), errors_known(old), {}, set()
    for one in old.rows:
        row, columns = fields.convert_row(one | {"imgname": names[one["imgname"]]},
                                          chosen["renorms"], chosen["coefficient"], photometry,
                                          are_known)
        if row["img_name"] in rows:
            raise UserError(f"{old.database}: {row['img_name']} is there twice.")
        rows[row["img_name"]] = row
        used |= columns
    left = {name for one in old.rows for name in one} - used
    return rows, {name: fields.why_not_taken(name) for name in sorted(left)}


def image_names(old):
    """Return our names of the images by their old ones: a name with folders loses them.

    Where two images would have one name, the folders stay, with "-" between them.
    """
    names = {one["imgname"]: [part for part in one["imgname"].split("/") if part]
             for one in old.rows}
    last = Counter(parts[-1] for parts in names.values() if parts)
    return {name: parts[-1] if parts and last[parts[-1]] == 1 else "-".join(parts) or "image"
            for name, parts in names.items()}


def settings_text(old, rows, name, work_dir):
    """Return the text of settings.py for the rows that were taken over."""
    chosen = choices(old)
    values, reasons = old_settings.translated(old.settings)
    names = image_names(old)
    if "ref_img_name" in values:
        values["ref_img_name"] = names.get(values["ref_img_name"], values["ref_img_name"])
    values |= {"lens_name": name, "work_dir": work_dir, "join_by": "night",
               "join_center": "median"}
    if chosen["dec"]:
        values["dec_name"] = fields.our_name(chosen["dec"])
    if chosen["coefficient"] and chosen["coefficient"] != "medcoeff":
        values["renorm_name"] = fields.our_name(chosen["coefficient"])
    sets, references = sets_of(old, rows), bands_of(old, rows)
    if references:  # each set is a band; deconvolutions that are taken over have none
        values["band_ref_img_names"] = references
        sets = [one | {"band": one["name"]} for one in sets]
        reasons.pop("refimgname_per_band")
    lines = [HEAD]
    lines += [f"{key} = {literal(value)}\n" for key, value in values.items()]
    lines.append("sets = [\n")
    lines += [f"    {{{', '.join(f'{json.dumps(k)}: {literal(v)}' for k, v in one.items())}}},\n"
              for one in sets]
    lines.append("]\n\n# --- settings of COSMOULINE that are not taken over, and why\n")
    lines += [f"# {key} = {old.settings[key]!r}: {' '.join(why.split())}\n"
              for key, why in reasons.items()]
    lines += [f"# {key} (line {line}): more than a plain value, not read\n"
              for key, line in old.unread.items()]
    return "".join(lines)


def sets_of(old, rows):
    """Return the entries of ``sets``: names and telescopes by the rows, folders by settings."""
    names = old.settings.get("setnames") or [old.settings.get("setname")]
    folders = old.settings.get("rawdirs") or [old.settings.get("rawdir")]
    named = dict(zip(map(fields.our_name, map(str, filter(None, names))), map(str, folders),
                     strict=False))
    camera = str(old.settings.get("telescopename"))
    camera = camera if camera in list_telescopes() else "generic"
    found = {} if rows else {name: {"name": name, "telescope": camera, "raw_dir": folder}
                             for name, folder in named.items()}
    for row in rows.values():
        name = row["set_name"]
        folder = named.get(name) or str(Path(row.get("raw_path", "no folder")).parent)
        found.setdefault(name, {"name": name, "telescope": row.get("telescope", "generic"),
                                "raw_dir": folder})
    trim_px = old.settings.get("trimheight")
    for name, one in found.items():
        if not Path(one["raw_dir"]).is_absolute():
            one["raw_dir"] = f"/no/frames/{name}"
        if isinstance(trim_px, int) and trim_px > 0:  # star lists are of the trimmed images
            one["overrides"] = {"trim": {"bottom": trim_px, "top": trim_px}}
    # sets that share a folder are told apart by how the names of their frames begin
    folders = [one["raw_dir"] for one in found.values()]
    for one in found.values():
        if folders.count(one["raw_dir"]) > 1:
            names = [Path(row["raw_path"]).name for row in rows.values()
                     if row["set_name"] == one["name"] and "raw_path" in row]
            one["files"] = f"{common_start(names) if names else one['name']}*"
    return list(found.values())


def bands_of(old, rows):
    """Return the references of the bands where each set is one; none for rows taken over."""
    references = old.settings.get("refimgname_per_band")
    sets = {one["name"] for one in sets_of(old, rows)}
    if rows or not isinstance(references, dict) or len(sets) < 2:
        return {}
    references = {fields.our_name(str(name)): img for name, img in references.items()}
    return {name: img for name, img in references.items() if name in sets}


def copy_lists(old, out):
    """Copy star lists, image lists and masks into the new folder; return their names."""
    copied, names = [], image_names(old)
    for pattern in LISTS:
        for path in sorted(old.folder.glob(pattern)):
            name = path.name
            if name.startswith("dec_") and name.endswith("_skiplist.txt"):
                key = fields.our_name(name.removesuffix("_skiplist.txt"))
                name = f"dec_{key}_skiplist.txt"
            if name.endswith(".txt") and any("/" in one for one in names):  # lists of images
                lines = read_lines(path)
                words = [line.split(maxsplit=1) or [""] for line in lines]
                write_text(out / name, "".join(
                    f"{' '.join([names.get(first, first), *rest])}\n" for first, *rest in words))
            else:
                shutil.copyfile(path, out / name)
            copied.append(name)
    return copied
