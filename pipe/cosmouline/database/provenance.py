"""Which run made which fields, and whether they are still up to date.

Each script leaves one field ``ran__<script>`` in the row of an image::

    done 17 12
    failed 18 12: ValueError: only 2 stars

the outcome, the run that looked at the image last, and the run in which its result last
changed. Where several PSFs, renormalisations or deconvolutions live side by side, each has its
own: ``ran__5_psf/4_build_psf:psf1``. A result is out of date when a setting that the script reads
has another value now, or when something that it needs changed in a later run than the one that
looked at the image.

A script that stands in for another one (``1_alt_flat_skysub`` for ``1_skysub``) writes the fields
and the record of that one: the scripts after it need not know of it.
"""

import functools
import hashlib
from pathlib import Path

from cosmouline.database import fields, paths
from cosmouline.database.script_header import is_choice, script_path

SET = "the set "
STAR_SETTINGS = ("norm_stars", "psf_stars")  # they choose from the lens's own list, if any


def settings_used(settings, names):
    """Return the values of the settings that a script reads, as text, by name.

    The content of a file that a setting refers to counts as part of its value.
    """
    used = {}
    for name in sorted(set(names) - {"sets", "raw_frames"}):
        # Lists of the lens's folder that the setting chooses from, or names
        value, files = getattr(settings, name), []
        if name in STAR_SETTINGS:
            own = [f"psf_{settings.psf_name}.cat"] if name == "psf_stars" else []
            files = [settings.config_dir / file for file in ("normstars.cat", *own)]
        elif name == "photom_stars":
            own = value if isinstance(value, str) else "photomstars.cat"
            files = [settings.config_dir / own]
        elif name == "use_drawn_masks":
            files = [path for path in paths.drawn_masks(settings)
                     if "psf_name" in names or path.name.startswith("obj_")]
        elif name in ("join_skiplists", "excluded_nights"):
            own = ["excluded_nights.txt"] if name == "excluded_nights" else value
            files = [settings.config_dir / file for file in own]
        elif name in ("catalogue", "point_sources") and isinstance(value, str):
            files = [settings.config_dir / value]
        used[name] = _with_files(repr(value), files)
    # Sets one by one: an image depends on its own alone, not on where its frames lie, nor its band
    entries = [*(settings.sets if "sets" in names else ()),
               *(settings.raw_frames if "raw_frames" in names else ())]
    for one in entries:
        text = repr({key: value for key, value in one.items() if key not in ("raw_dir", "band")})
        used[SET + one["name"]] = _with_files(text, [
            Path(one[key]).expanduser() for key in ("telescope", "bad_pixel_mask") if key in one])
    return used


def _with_files(text, files):
    """Return a value with the hashes of the files that it refers to."""
    hashes = []
    for path in [path for path in files if path.is_file()]:
        name = path.name.encode() if path.suffix == ".reg" else b""  # it says what is masked
        hashes.append(hashlib.sha256(path.read_bytes() + name).hexdigest()[:12])
    return " ".join([text, *hashes])


def stands_for(script, writes):
    """Return the script whose record a script leaves: the one that all its fields belong to."""
    producers = {fields.lookup(name).producer for name in writes}
    return producers.pop() if len(producers) == 1 else script


def record_name(script, needs, writes, settings):
    """Return the name of a script's record, with the member of a family that the settings choose.

    `needs` and `writes` are its fields or patterns, as it declares them.
    """
    member = fields.variant(writes or needs, settings)
    return fields.with_variant(stands_for(script, writes), member)


def made_by(row, key, runs):
    """Return the script that left the record `key` of a row: its own, or one in its stead."""
    script = key.partition(":")[0]
    maker = runs.get(outcome(row, key)[1], {}).get("script", script)
    return maker if is_choice(maker) and script_path(maker).is_file() else script


def outcome(row, script):
    """Return (outcome, last run, run of the last change, message) of a script on an image."""
    return _parsed(row.get(f"ran__{script}"))


@functools.lru_cache(maxsize=10_000)  # most images of a run have the same text
def _parsed(text):
    """Return what a ``ran__`` text says; of an image without one, that nothing was done."""
    if text is None:
        return None, 0, 0, ""
    numbers, _, message = text.partition(": ")
    word, last, changed = numbers.split()
    return word, int(last), int(changed), message


def why_out_of_date(row, script, needs, runs, used):
    """Return why the result of a script on an image is out of date; empty if it is not.

    `script` is the name of its record, see `fields.with_variant`; `needs` are the fields that it
    reads, with the names of the families put in; `used` is of `settings_used`.
    """
    # A setting that the script reads has another value now
    changed = changed_settings(row, script, runs, used)
    if changed:
        before = runs.get(outcome(row, script)[1], {}).get("settings", {}).get("psf_stars", "")
        if changed[0] == "psf_stars" and before.split()[:1] == used["psf_stars"].split()[:1]:
            return "psf_name, or the list of its stars, has changed"
        return f"{changed[0]} has changed"
    # What it needs has changed in a later run
    _, last, _, _ = outcome(row, script)
    for producer in _producers(needs):
        if outcome(row, producer)[2] > last:
            return f"{made_by(row, producer, runs)} has run again"
    return ""


def changed_settings(row, script, runs, used):
    """Return the names of the settings that have another value than when the script last ran."""
    _, last, _, _ = outcome(row, script)
    before = runs.get(last, {}).get("settings", {})
    if before == used:  # nearly always, and found fast
        return []
    own = SET + row.get("set_name", "")
    return [name for name in used if before.get(name) != used[name]
            and (name == own or not name.startswith(SET))]


def record(row, script, number, word, message, values, stale, has_same_files=False):
    """Return the ``ran__`` text of a new outcome, and the values to store.

    The run of the last change stays as it was, and so do the values, when the image was up to
    date and came out the same again within the tolerances of the fields; so a mere repetition,
    or a few more images, do not make everything after it out of date. Nor does an image that was
    out of date and came out the same exactly, with the same files.
    """
    # None where the image came out differently, or changed beyond a tolerance
    before, _, changed, _ = outcome(row, script)
    kept = fields.held(row, values, is_exact=stale) if before == word and (
        has_same_files or not stale) else None
    text = f"{word} {number} {number if kept is None else changed}"
    text = f"{text}: {' '.join(message.split())}" if message else text
    return text, values if kept is None else kept


@functools.cache
def _producers(needs):
    return sorted({fields.producer(name) for name in needs})
