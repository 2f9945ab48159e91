"""Survey a folder of frames that nobody has described yet: cameras, filters, pointing."""

import os
from pathlib import Path
from typing import NamedTuple

from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.io_fits import list_frames, read_header
from cosmouline.frames.header_pointing import pointing
from cosmouline.frames.header_values import CALIBRATION_FOLDERS, calibration_kind, text_of
from cosmouline.frames.telescope import (
    camera_of,
    filter_of,
    load_telescope,
    read_exposure,
    recognise,
)
from cosmouline.frames.telescope_yaml import RANGES

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
    pointing: tuple | None  # see `pointing`
    missing: tuple  # see `missing`


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
        below.sort()
        for path in list_frames(here):
            try:
                frames.append(summary(path, read_header(path)))
            except ImageRejected as problem:
                problems[path] = str(problem)
    return frames, problems


def summary(path, header):
    """Return the `FrameSummary` of a frame; ImageRejected if one of its cards cannot be read."""
    # A frame that several descriptions could be of is of none of them
    recognised = tuple(recognise(header))
    telescope = recognised[0] if len(recognised) == 1 else "generic"
    description = load_telescope(telescope)
    return FrameSummary(
        path, telescope, recognised, camera_of(header), filter_of(header, description),
        text_of(header, "OBJECT"),
        calibration_kind(header) or CALIBRATION_FOLDERS.get(path.parent.name.lower()),
        pointing(header), missing(header, description))


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
