"""The settings of a new lens, from what a survey of its frames found."""

import itertools
import json
import re
from collections import Counter, defaultdict

import numpy as np

ARCSEC_APART = 60.0  # pointings farther from their median are counted

# It is run: texts of a header or an old file go into it as literals alone.
HEAD = '''"""Written by new_lens.py; a line taken away is as in configs/sample."""

lens_name = {name}
'''


def sets_of(frames):
    """Group frames into sets: one per folder, camera and filter.

    Parameters
    ----------
    frames : list of survey.FrameSummary
        Calibration frames among them are left out of the sets.

    Returns
    -------
    sets : list of dict
        Entries for ``sets``; sets that share a folder name the frames of it that are theirs.
    lacking : dict of str to list
        Names of the overrides that a set needs, by the name of the set.
    lines : list of str
        What each set is, and what the user has to decide, in words.
    """
    # One group of science frames for each set; a folder with calibration frames is mixed
    groups = defaultdict(list)
    for frame in frames:
        if frame.kind is None:
            groups[frame.path.parent, _camera(frame), frame.filter].append(frame)
    mixed = {frame.path.parent for frame in frames if frame.kind}
    several = len({key[2] for key in groups}) > 1
    names, sets, lacking, lines = _names(groups), [], {}, []
    for key, those in groups.items():
        folder, camera, filter_name = key
        one = {"name": names[key], "telescope": those[0].telescope, "raw_dir": str(folder)}
        if several:
            one["band"] = clean(filter_name or "no-filter")
        rivals = {other: group for other, group in groups.items()
                  if other[0] == folder and other != key}
        part = _part(key, those, rivals) | ({"science_only": True} if folder in mixed else {})
        sets.append(one | part)
        # Report what the set is, which telescopes could be it, and what its headers lack
        name = one["name"]
        lacking[name] = sorted({what for frame in those for what in frame.missing})
        lines.append(f"set {name}: {len(those)} frames in {folder}, telescope "
                     f"{those[0].telescope}")
        if those[0].telescope == "generic":
            candidates = sorted({what for frame in those for what in frame.recognised})
            which = f"one of {', '.join(candidates)}?" if candidates else "no description fits"
            lines.append(f"set {name}: taken as generic, its telescope is not known "
                         f"({those[0].camera or 'no name'}: {which})")
        if lacking[name]:
            lines.append(f"set {name}: the headers lack {', '.join(lacking[name])}")
        if any(other[2] == filter_name for other in rivals) and (
                not part.keys() & {"files", "camera"}):
            lines.append(f"{folder}: filter, camera and name do not distinguish the frames of "
                         f"{camera} ({filter_name}) from others. Move them into their own folder.")
    return sets, lacking, lines


def _camera(frame):
    """Return the name of a camera: its description, or the card where none is known."""
    return frame.telescope if frame.telescope != "generic" else frame.camera or "generic"


def _part(key, frames, rivals):
    """Return the keys by which a set takes its frames of a folder; none if that is not needed."""
    same = {other: those for other, those in rivals.items() if other[2] == key[2]}
    by_filter = key[2] is not None and len(same) < len(rivals)
    part = {"filter": key[2]} if by_filter else {}
    others = [frame for group in (same if by_filter else rivals).values() for frame in group]
    # By the beginning of the names, without the number so that later frames are taken too
    start = common_start([frame.path.name for frame in frames])
    for beginning in (start.rstrip("0123456789"), start):
        if beginning and others and not any(other.path.name.startswith(beginning)
                                            for other in others):
            return part | {"files": f"{beginning}*"}
    # By the camera of the headers, if all frames have one that no other frame has
    mine, *more = {frame.camera for frame in frames}
    if mine and others and not more and mine not in {other.camera for other in others}:
        part["camera"] = mine
    return part


def common_start(names):
    """Return the characters with which all names begin."""
    return "".join(one[0] for one in itertools.takewhile(lambda one: len(set(one)) == 1,
                                                      zip(*names, strict=False)))


def _names(groups):
    """Return a short name for every group, of what differs: camera, folder, filter."""
    folders, cameras, _ = (set(column) for column in zip(*groups, strict=True))
    names = {}
    for folder, camera, filter_name in groups:
        same = [key for key in groups if key[1:] == (camera, filter_name)]
        # Only what differs from group to group goes into the name
        parts = [camera] if len(cameras) > 1 else []
        parts += [folder.name] if len(same) > 1 and len(folders) > 1 else []
        parts += [filter_name] if filter_name else []
        name = clean("-".join(parts)) or "frames"
        while name in names.values():
            name += "b"
        names[folder, camera, filter_name] = name
    return names


def clean(text):
    """Return a text as it can stand in names of files and fields."""
    return re.sub(r"[^A-Za-z0-9.+-]+", "-", text).strip("-.")


def n_cameras(frames):
    """Return how many cameras took the science frames."""
    return len({_camera(frame) for frame in frames if frame.kind is None})


def most_common_target(frames):
    """Return the OBJECT of most of the science frames, as a name; None if none has one."""
    names = Counter(clean(one.target) for one in frames if one.target and one.kind is None)
    return names.most_common(1)[0][0] if names else None


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
    # Distances from the median on the sky
    d_ra = ((ra_deg - centre[0] + 180) % 360 - 180) * np.cos(np.radians(centre[1]))
    far = np.hypot(d_ra, dec_deg - centre[1]) * 3600 > ARCSEC_APART
    return float(centre[0]), float(centre[1]), cards, int(far.sum())


def literal(value):
    """Write a text in double quotes, or a boolean, as Python."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


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
        needs = [key for key in missing.get(one["name"], ()) if key != "date"]
        if needs:
            entries = ", ".join(f'"{key}": ...' for key in needs)
            lines.append(f"    # its headers lack these; put before the brace, with numbers:\n"
                         f'    #  "overrides": {{{entries}}}\n')
    lines.append("]\n")
    if n_cameras > 1:
        lines.append("allow_mirror_images = True  # several cameras may differ in parity\n")
    lines.append('# point_sources = 4: find four, or {"A": (0.0, 0.0), ...}; see configs/sample\n')
    return "".join(lines)
