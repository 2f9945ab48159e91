"""Survey a folder of frames that nobody has described yet: cameras, filters, pointing."""

import math
import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.io_fits import (
    frame_stem,
    list_frames,
    read_header,
    wcs_pixel_scale_arcsec,
)
from cosmouline.frames.companions import companions, kind_by_header
from cosmouline.frames.header_pointing import lens_guess
from cosmouline.frames.header_values import (
    CALIBRATION_FOLDERS,
    calibration_kind,
    filter_of,
    first_text,
    text_of,
)
from cosmouline.frames.telescope import (
    camera_of,
    load_telescope,
    read_exposure,
    recognise,
)
from cosmouline.frames.telescope_yaml import RANGES

BINNING_CARDS = ("CCDSUM", "XBINNING", "CCDXBIN", "BINNING", "BINX")
MOST_FILES_NAMED = 5  # of files of one kind, in a line
POSSIBLE = {name: max(limits[0], 1.0) for name, limits in RANGES.items()}  # values that can be


class FrameSummary(NamedTuple):
    """What the header of one frame says; camera, filter and target are as in the header."""

    path: Path
    telescope: str  # of the one description that recognises it, else "generic"
    recognised: tuple  # of the names of all that do
    camera: str | None
    filter: str | None
    target: str | None
    kind: str | None  # "bias", "dark", "flat" or "lamp" for a calibration frame
    pointing: tuple | None  # see `lens_guess`
    missing: tuple  # see `missing`
    radius_deg: float | None = None  # half of its diagonal
    has_wcs: bool = True
    binning: str | None = None  # as in the header; None for 1 x 1
    size: tuple | None = None  # of the frame: nx, ny


def survey(folder):
    """Read the headers of all frames below a folder.

    Returns
    -------
    frames : list of FrameSummary
    problems : dict of Path to str
        Frames whose header cannot be read, and why.

    Raises
    ------
    UserError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: where are the frames?")
    frames, problems = [], {}
    for here, below, _ in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        files = list_frames(here)
        others = companions([frame_stem(path) for path in files])
        for path in files:
            if other := others.get(frame_stem(path)):
                problems[path] = f"the {other.kind} of another file"
                continue
            try:
                header = read_header(path)
                if other := kind_by_header(header):
                    raise ImageRejected(f"a {other[0]} by its header")
                frames.append(summary(path, header))
            except ImageRejected as problem:
                problems[path] = str(problem)
    return frames, problems


def lines_of(frames, problems):
    """Return what a survey found, in words: numbers of frames, each kind of file that is none."""
    science = [frame for frame in frames if frame.kind is None]
    kinds = Counter(frame.kind for frame in frames if frame.kind)
    named = f" ({', '.join(f'{n} {kind}' for kind, n in kinds.most_common())})" if kinds else ""
    lines = [f"{len(science)} frames; {len(frames) - len(science)} calibration frames are left "
             f"out{named}"]
    for why, n in Counter(problems.values()).most_common():
        names = [path.name for path, problem in problems.items() if problem == why]
        more = f" and {n - MOST_FILES_NAMED} more" if n > MOST_FILES_NAMED else ""
        named = ", ".join(names[:MOST_FILES_NAMED]) + more
        lines.append(f"{n} files are no frames: {why} ({named})")
    return lines


def summary(path, header):
    """Return the `FrameSummary` of a frame; ImageRejected if one of its cards cannot be read."""
    # A frame that several descriptions could be of is of none of them
    recognised = tuple(recognise(header))
    telescope = recognised[0] if len(recognised) == 1 else "generic"
    description = load_telescope(telescope)
    binning = (first_text(header, BINNING_CARDS) or (None,))[0]
    scale, size = wcs_pixel_scale_arcsec(header), [header.get(f"NAXIS{i}") for i in (1, 2)]
    radius_deg = scale * math.hypot(*size) / 7200 if scale and all(size) else None
    return FrameSummary(
        path, telescope, recognised, camera_of(header), filter_of(header, description),
        text_of(header, "OBJECT"),
        calibration_kind(header, frame_stem(path)) or CALIBRATION_FOLDERS.get(
            path.parent.name.lower()),
        lens_guess(header), missing(header, description), radius_deg, scale is not None,
        binning if binning and set(re.findall(r"\d+", binning)) != {"1"} else None,
        tuple(size))


def missing(header, description):
    """Return the names of `overrides` without which a frame is refused, and "date" without one."""
    names = []
    for name in (*RANGES, "date"):
        # Is the frame refused for want of this value, all others being given?
        others = {other: value for other, value in POSSIBLE.items() if other != name}
        try:
            read_exposure(header, description, others)
        except ImageRejected as problem:
            if ("date" if name == "date" else f"'{name}'") in str(problem):
                names.append(name)
    return tuple(names)
