"""The settings of a new lens, from what a survey of its frames found."""

import itertools
import json
import os
import re
from collections import Counter, defaultdict
from pathlib import Path

from cosmouline.frames.header_values import filter_key

import numpy as np

ARCSEC_APART = 60.0  # pointings farther from their median are counted
FIELD_DEG = 0.2  # pointings so near to each other are of one field, where no WCS tells its size
LEAST_FIELD_DEG = 0.02  # dithers of small frames
LONGEST_BAND = 12  # of names of bands that are not shortened to their first word

# It is run: texts of a header or an old file go into it as literals alone.
HEAD = '''"""Written by new_lens.py; a line taken away is as in configs/sample."""

lens_name = {name}
'''


def fields_of(frames):
    """Group the science frames by the field that they look at, the field with most frames first.

    Returns
    -------
    list of list of survey.FrameSummary
        Frames without a pointing belong to the field with most frames of their target, or to the
        first one.
    """
    fields, unknown = [], []
    for frame in (one for one in frames if one.kind is None):
        if frame.pointing is None:
            unknown.append(frame)
            continue
        near_deg = max(LEAST_FIELD_DEG, frame.radius_deg or FIELD_DEG)
        field = next((field for field in fields if _degrees_apart(
            field[0].pointing, frame.pointing) <= near_deg), None)
        fields.append([frame]) if field is None else field.append(frame)
    fields.sort(key=len, reverse=True)
    for frame in unknown:
        targets = [sum(one.target == frame.target for one in field) for field in fields]
        if not fields:
            fields.append([])
        fields[int(np.argmax(targets)) if targets else 0].append(frame)
    return fields


def field_of_lens(fields, position=None):
    """Return the field that a position (degrees) lies in, or the first one; and the others."""
    index = 0
    if position is not None:
        apart = [_degrees_apart(field[0].pointing, position) if field[0].pointing else np.inf
                 for field in fields]
        index = int(np.argmin(apart)) if np.isfinite(apart).any() else 0
    return fields[index], [one for i, one in enumerate(fields) if i != index]


def _degrees_apart(one, other):
    """Return the distance of two pointings on the sky."""
    between = (one[0] - other[0] + 180) % 360 - 180
    return float(np.hypot(between * np.cos(np.radians(one[1])), one[1] - other[1]))


def sets_of(frames, elsewhere=(), given=None):
    """Group frames into sets: one per camera, binning, filter and size, over its nights' folders.

    Parameters
    ----------
    frames : list of survey.FrameSummary
        Calibration frames among them are left out of the sets.
    elsewhere : sequence of survey.FrameSummary
        Frames of other fields.
    given : dict, optional
        Overrides of the user for what the headers lack.

    Returns
    -------
    sets : list of dict
        Entries for ``sets``; sets that share a folder name the frames of it that are theirs.
    lacking : dict of str to list
        Names of the overrides that a set needs, by the name of the set.
    lines : list of str
        What each set is, and what the user has to decide, in words.
    """
    # A group for each camera, binning and filter; without a name of the camera for each folder
    groups = defaultdict(list)
    for frame in frames:
        if frame.kind is None:
            no_name = frame.telescope == "generic" and not frame.camera
            groups[_camera(frame), filter_key(frame.filter or ""),
                   frame.path.parent if no_name else None, frame.binning].append(frame)
    groups = _by_size(groups)
    names, bands = _names(groups), _band_names(groups)
    several = len({key[1] for key in groups}) > 1
    sets, lacking, lines = [], {}, []
    for key, those in groups.items():
        name, missing = names[key], sorted({what for frame in those for what in frame.missing})
        folders = sorted({frame.path.parent for frame in those})
        one = {"name": name, "telescope": those[0].telescope,
               "raw_dir": os.path.commonpath(folders)}
        if several:
            one["band"] = bands[key[1]]
        if len(folders) > 1:
            depths = {len(folder.relative_to(one["raw_dir"]).parts) for folder in folders}
            one["folders"] = "*" if depths == {1} else "**"
        # What else lies in its folders
        mine = {frame.path for frame in those}
        beside = [frame for frame in frames if frame.path not in mine and _covers(one, frame)]
        part = _part(those, [frame for frame in beside if frame.kind is None])
        one |= part | ({"science_only": True} if any(one.kind for one in beside) else {})
        one |= {"lens_only": True} if any(_covers(one, frame) for frame in elsewhere) else {}
        known = {what: value for what, value in (given or {}).items()
                 if what.rstrip("s") in missing or what in missing}
        sets.append(one | ({"overrides": known} if known else {}))
        lacking[name] = [what for what in missing if what not in known and f"{what}s" not in known]
        lines += _lines_of(one, those, folders, lacking[name])
    return sets, lacking, lines


def _by_size(groups):
    """Part the groups by the sizes that several of their frames have; single ones stay."""
    parted = {}
    for key, frames in groups.items():
        counts = Counter(frame.size for frame in frames)
        typical, _ = counts.most_common(1)[0]
        for frame in frames:
            size = frame.size if counts[frame.size] > 1 else typical
            parted.setdefault((*key, size), []).append(frame)
    return parted


def _covers(one, frame):
    """Return whether a frame lies in the folders of a set."""
    root, folder = Path(one["raw_dir"]), frame.path.parent
    if "folders" not in one:
        return folder == root
    return folder.is_relative_to(root) and (
        one["folders"] == "**" or len(folder.relative_to(root).parts) == 1)


def _lines_of(one, frames, folders, lacking):
    """Return what a set is, which telescopes could be it, and what its headers lack."""
    name = one["name"]
    where = one["raw_dir"] + (f" and {len(folders)} folders of it" if len(folders) > 1 else "")
    lines = [f"set {name}: {len(frames)} frames in {where}, telescope {one['telescope']}"]
    if one["telescope"] == "generic":
        candidates = sorted({what for frame in frames for what in frame.recognised})
        which = f"one of {', '.join(candidates)}?" if candidates else "no description fits"
        lines.append(f"set {name}: taken as generic, its telescope is not known "
                     f"({frames[0].camera or 'no name'}: {which})")
    if lacking:
        lines.append(f"set {name}: the headers lack {', '.join(lacking)}")
    without = [frame.path.name for frame in frames if not frame.has_wcs]
    if without:
        lines.append(f"set {name}: {len(without)} of {len(frames)} frames have no WCS (first: "
                     f"{without[0]}): the lens needs lens_position_px if the reference has none")
    if isinstance(one.get("files"), list):
        lines.append(f"set {name}: filter, camera and beginnings of names do not distinguish its "
                     "frames from others in its folder. They are named one by one: move them into "
                     "their own folder if more are to come.")
    return lines


def _camera(frame):
    """Return description and card of a camera; the cameras of an observatory are several."""
    return frame.telescope, frame.camera


def _part(frames, rivals):
    """Return the keys by which a set takes its frames of a folder; none if that is not needed."""
    mine = filter_key(frames[0].filter or "")
    same = [other for other in rivals if filter_key(other.filter or "") == mine]
    by_filter = bool(mine) and len(same) < len(rivals)
    part, others = {"filter": frames[0].filter} if by_filter else {}, same if by_filter else rivals
    if not others:
        return part
    # By the beginning of the names, without the number so that later frames are taken too
    start = common_start([frame.path.name for frame in frames])
    for beginning in (start.rstrip("0123456789"), start):
        if beginning and not any(other.path.name.startswith(beginning) for other in others):
            return part | {"files": f"{beginning}*"}
    # By the camera of the headers, if no other frame has it; at last by the names
    camera = frames[0].camera
    if camera and camera not in {other.camera for other in others}:
        return part | {"camera": camera}
    names = sorted({frame.path.name for frame in frames})
    return part | {"files": [re.sub(r"([\[\]*?])", r"[\1]", name) for name in names]}


def common_start(names):
    """Return the characters with which all names begin."""
    return "".join(one[0] for one in itertools.takewhile(lambda one: len(set(one)) == 1,
                                                      zip(*names, strict=False)))


def _band_names(groups):
    """Return the names of the bands by filter: its first word where that is unique."""
    filters = {key[1]: group[0].filter or "no-filter" for key, group in groups.items()}
    words = {key: clean(text.split()[0]) for key, text in filters.items()}
    return {key: (word if len(clean(filters[key])) > LONGEST_BAND and list(
        words.values()).count(word) == 1 else clean(filters[key])) or "band"
        for key, word in words.items()}


def _names(groups):
    """Return a short name for every group, of what differs: camera, folder, filter."""
    cameras, bands = {key[0] for key in groups}, _band_names(groups)
    telescopes = {telescope for telescope, _ in cameras}
    names = {}
    for key, frames in groups.items():
        (telescope, camera), _, folder, binning, size = key
        # Only what differs from group to group goes into the name
        same = [other for other in groups if other[:2] == key[:2]]
        parts = [telescope if telescope != "generic" else camera or "generic"] if (
            len(cameras) > 1) else []
        if telescope != "generic" and len(cameras) > len(telescopes) and camera and (
                sum(one[0] == telescope for one in cameras) > 1):
            parts = [telescope, camera]
        parts += [folder.name] if len({other[2] for other in same}) > 1 else []
        parts += [f"bin{binning or 1}"] if len({other[3] for other in same}) > 1 else []
        if len({other[4] for other in same if other[3] == binning}) > 1:
            parts.append("x".join(map(str, size)))
        parts += [bands[key[1]]] if frames[0].filter else []
        name = clean("-".join(parts)) or "frames"
        while name in names.values():
            name += "b"
        names[key] = name
    return names


def clean(text):
    """Return a text as it can stand in names of files and fields."""
    return re.sub(r"[^A-Za-z0-9.+-]+", "-", text).strip("-.+")[:40]


def n_cameras(frames):
    """Return how many cameras took the science frames."""
    return len({_camera(frame) for frame in frames if frame.kind is None})


def most_common_target(frames):
    """Return the OBJECT of most of the science frames, as a name; None if none has one."""
    names = Counter(clean(one.target) for one in frames if one.target and one.kind is None)
    return next((name for name, _ in names.most_common() if name), None)


def common_pointing(frames):
    """Return the median pointing of the science frames.

    Returns
    -------
    tuple or None
        Right ascension, declination (degrees), the cards, and the number of frames farther from
        it than `ARCSEC_APART`.
    """
    found = [one.pointing for one in frames if one.kind is None and one.pointing]
    if not found:
        return None
    cards, _ = Counter(one[2] for one in found).most_common(1)[0]
    ra_deg, dec_deg = np.array([one[:2] for one in found if one[2] == cards]).T
    # Right ascensions on the side of the first one, so that 0 h makes no jump
    around = ra_deg[0] + (ra_deg - ra_deg[0] + 180) % 360 - 180
    centre = np.median(around) % 360, np.median(dec_deg)
    far = [3600 * _degrees_apart(centre, one) > ARCSEC_APART
           for one in zip(ra_deg, dec_deg, strict=True)]
    return float(centre[0]), float(centre[1]), cards, int(np.sum(far))


def position_of(lens, others, given=None):
    """Return the position of the lens with where it comes from, and lines for the user.

    Parameters
    ----------
    lens : list of survey.FrameSummary
        The frames of its field.
    others : list of list
        Those of other fields.
    given : tuple of float, optional
        Right ascension and declination by hand.
    """
    lines = []
    for field in others:
        where = field[0].pointing
        names = ", ".join(sorted({one.target for one in field if one.target})) or "no OBJECT"
        lines.append(f"another field at {where[0]:.4f} {where[1]:.4f} ({names}): {len(field)} "
                     f"frames are left out (first: {field[0].path.name}). If the lens is there, "
                     "give --ra and --dec.")
    if given is not None:
        return (*given, "given by hand"), lines
    found = common_pointing(lens)
    if found is None:
        lines.append("no position in the headers: give --ra and --dec, or lens_position_px later.")
        return (None, None, "unknown: give them, or lens_position_px"), lines
    lines.append("position {:.5f} {:.5f} from {}: of the pointing, check it on an image.".format(
        *found[:3]))
    if found[3]:
        lines.append(f"{found[3]} frames point elsewhere by more than {ARCSEC_APART:g} arcsec.")
    return (*found[:2], f"from {found[2]}, the pointing: check it"), lines


def overrides_of(options):
    """Return what the options give in place of headers, under the names of 'overrides'."""
    named = {"exptime_s": "exptime", "gain_e_per_adu": "gain", "read_noise_e": "read_noise",
             "saturation_adu": "saturation", "pixel_scale_arcsec": "scale"}
    found = {name: getattr(options, option) for name, option in named.items()}
    dates = options.dates and str(options.dates.expanduser().resolve())
    return {name: value for name, value in (found | {"dates": dates}).items() if value is not None}


def literal(value):
    """Write a text in double quotes, or a boolean, a list or a mapping of them, as Python."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | list | dict) else (
        repr(value))


def settings_text(name, position, work_dir, sets, missing, n_cameras=1):
    """Return the text of a settings.py.

    `position` is right ascension, declination (degrees, or None) and where they come from; `sets`
    and `missing` are those of `sets_of`. With several cameras mirror images are allowed.
    """
    # Name, position and work folder; a set in every line; what its headers lack below it
    lines = [HEAD.format(name=literal(name))]
    ra_deg, dec_deg, source = position
    lines.append("lens_ra_deg, lens_dec_deg = "
                 + ("None, None" if ra_deg is None else f"{ra_deg:.5f}, {dec_deg:.5f}")
                 + f"  # {source}\nwork_dir = {work_dir!r}\nsets = [\n")
    for one in sets:
        inside = ", ".join(f'"{key}": {literal(value)}' for key, value in one.items())
        lines.append(f"    {{{inside}}},\n")
        needs = [f'"{key}": ...' for key in missing.get(one["name"], ()) if key != "date"]
        needs += ['"dates": "..."'] if "date" in missing.get(one["name"], ()) else []
        if needs:
            lines.append(f"    # its headers lack these; put before the brace, with numbers:\n"
                         f'    #  "overrides": {{{", ".join(needs)}}}\n')
    lines.append("]\n")
    if n_cameras > 1:
        lines.append("allow_mirror_images = True  # several cameras may differ in parity\n")
    lines.append('point_sources = "find"  # or their number, or {"A": (0.0, 0.0), ...}\n')
    return "".join(lines)
