"""The settings of a new lens, from what a survey of its frames found."""

import itertools
import json
import re
from collections import Counter, defaultdict

import numpy as np

ARCSEC_APART = 60.0  # pointings farther from their median are told

# No text of a header or an old file goes into it but as a literal: it is run.
HEAD = '''"""Written by new_lens.py; a line taken away is as in configs/sample."""

lens_name = {name}
'''


def sets_of(looks):
    """Group frames into sets: one per folder, camera and filter.

    Parameters
    ----------
    looks : list of survey.Look
        Calibration frames among them are left out of the sets.

    Returns
    -------
    sets : list of dict
        Entries for ``sets``; those of a folder that they share name their part of it.
    lacking : dict of str to list
        Names of the overrides that a set needs, by the name of the set.
    told : list of str
        What each set is, and what the user has to sort out, in words.
    """
    groups = defaultdict(list)
    for look in looks:
        if look.kind is None:
            groups[look.path.parent, _camera(look), look.filter].append(look)
    mixed = {look.path.parent for look in looks if look.kind}
    several = len({key[2] for key in groups}) > 1
    names, sets, lacking, told = _names(groups), [], {}, []
    for key, those in groups.items():
        one = {"name": names[key], "telescope": those[0].telescope, "raw_dir": str(key[0])}
        if several:
            one["band"] = clean(key[2] or "no-filter")
        rivals = {other: group for other, group in groups.items()
                  if other[0] == key[0] and other != key}
        part = _part(key, those, rivals)
        if key[0] in mixed:
            part["science_only"] = True
        sets.append(one | part)
        lacking[one["name"]] = sorted({name for look in those for name in look.missing})
        told += _lines(one["name"], key, those, lacking[one["name"]])
        if any(other[2] == key[2] for other in rivals) and not part.keys() & {"files", "camera"}:
            told.append(f"{key[0]}: frames of {key[1]} ({key[2]}) cannot be told from others by "
                        "filter, camera or name. Move them into a folder of their own.")
    return sets, lacking, told


def _lines(name, key, looks, lacking):
    """Say what a set is, which telescopes could be it, and what its headers lack."""
    yield f"set {name}: {len(looks)} frames in {key[0]}, telescope {looks[0].telescope}"
    candidates = sorted({name for look in looks for name in look.recognised})
    if looks[0].telescope == "generic":
        which = f"one of {', '.join(candidates)}?" if candidates else "no description fits"
        yield (f"set {name}: taken as generic, its telescope is not known "
               f"({looks[0].camera or 'no name'}: {which})")
    if lacking:
        yield f"set {name}: the headers lack {', '.join(lacking)}"


def _camera(look):
    """What tells cameras apart: the description, or the card where none is known."""
    return look.telescope if look.telescope != "generic" else look.camera or "generic"


def _part(key, looks, rivals):
    """Return the keys by which a set takes its part of a folder; none if that is not needed."""
    same = {other: those for other, those in rivals.items() if other[2] == key[2]}
    by_filter = key[2] is not None and len(same) < len(rivals)
    part = {"filter": key[2]} if by_filter else {}
    others = [look.path.name for group in (same if by_filter else rivals).values()
              for look in group]
    start = common_start([look.path.name for look in looks])
    for beginning in (start.rstrip("0123456789"), start):  # without the number: for later frames
        if beginning and others and not any(name.startswith(beginning) for name in others):
            return part | {"files": f"{beginning}*"}
    return part | _camera_part(looks, same if by_filter else rivals)


def _camera_part(looks, rivals):
    """Return the key that takes frames by the camera of their headers, where that tells them."""
    mine, *more = {look.camera for look in looks}
    others = {look.camera for group in rivals.values() for look in group}
    return {"camera": mine} if mine and others and not more and mine not in others else {}


def common_start(names):
    """Return the characters with which all names begin."""
    return "".join(one[0] for one in itertools.takewhile(lambda one: len(set(one)) == 1,
                                                      zip(*names, strict=False)))


def _names(groups):
    """Return a short name for every group: of what differs, filter last."""
    folders, cameras, _ = (set(column) for column in zip(*groups, strict=True))
    names = {}
    for folder, camera, filter_name in groups:
        same = [key for key in groups if key[1:] == (camera, filter_name)]
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


def n_cameras(looks):
    """Return how many cameras took the science frames."""
    return len({_camera(look) for look in looks if look.kind is None})


def most_common_target(looks):
    """Return the OBJECT of most of the science frames, as a name; None if none has one."""
    names = Counter(clean(look.target) for look in looks if look.target and look.kind is None)
    return names.most_common(1)[0][0] if names else None


def common_pointing(looks):
    """Return the median pointing of the science frames.

    Returns
    -------
    tuple or None
        Right ascension, declination (degrees), the cards, and the number of frames farther from
        it than `ARCSEC_APART`.
    """
    found = [look.pointing for look in looks if look.kind is None and look.pointing]
    if not found:
        return None
    cards, _ = Counter(one[2] for one in found).most_common(1)[0]
    ra_deg, dec_deg = np.array([one[:2] for one in found if one[2] == cards]).T
    around = ra_deg[0] + (ra_deg - ra_deg[0] + 180) % 360 - 180  # across 0h
    centre = np.median(around) % 360, np.median(dec_deg)
    d_ra = ((ra_deg - centre[0] + 180) % 360 - 180) * np.cos(np.radians(centre[1]))
    far = np.hypot(d_ra, dec_deg - centre[1]) * 3600 > ARCSEC_APART
    return float(centre[0]), float(centre[1]), cards, int(far.sum())


def literal(value):
    """Write a text in double quotes, or a boolean, as Python."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def settings_text(name, place, work_dir, sets, missing, n_cameras=1):
    """Return the text of a settings.py.

    Parameters
    ----------
    name, work_dir : str
    place : tuple
        Right ascension and declination (degrees, or None) and where they come from.
    sets : list of dict
    missing : dict of str to list
        See `sets_of`.
    n_cameras : int
        With several, mirror images are looked for too.
    """
    lines = [HEAD.format(name=literal(name))]
    ra_deg, dec_deg, source = place
    lines.append("lens_ra_deg, lens_dec_deg = "
                 + ("None, None" if ra_deg is None else f"{ra_deg:.5f}, {dec_deg:.5f}")
                 + f"  # {source}\nwork_dir = {work_dir!r}\nsets = [\n")
    for one in sets:
        inside = ", ".join(f'"{key}": {literal(value)}' for key, value in one.items())
        lines.append(f"    {{{inside}}},\n")
        needs = [key for key in missing.get(one["name"], ()) if key != "date"]
        if needs:
            told = ", ".join(f'"{key}": ...' for key in needs)
            lines.append(f"    # its headers lack these; put before the brace, with numbers:\n"
                         f'    #  "overrides": {{{told}}}\n')
    lines.append("]\n")
    if n_cameras > 1:
        lines.append("allow_mirror_images = True  # several cameras may differ in parity\n")
    lines.append('# point_sources = 4: find four, or {"A": (0.0, 0.0), ...}; see configs/sample\n')
    return "".join(lines)
