"""What the scripts of ``skymaker/`` share: their options, and the drawing with its log lines."""

import argparse
import logging
import sys
from pathlib import Path

from cosmouline.engine.terminal import log_to_terminal
from cosmouline.errors import UserError
from cosmouline.skymaker.io_campaign import draw_campaign
from cosmouline.skymaker.model import RAW_NIGHT, change_telescopes

log = logging.getLogger("cosmouline")


def option_parser(doc, n_frames):
    """Return a parser with the options of all scripts of skymaker.

    `doc` is the docstring of the script, shown by ``--help``; `n_frames` the default of
    ``--frames``, None for that of the campaign.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--seed", type=counting(0), default=1, help="fixes everything (1)")
    default = "as many as the campaign has" if n_frames is None else n_frames
    parser.add_argument("--frames", type=counting(1), default=n_frames,
                        help=f"number of frames ({default})")
    parser.add_argument("--no-wcs", action="store_true", help="leave the coordinates out")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--float", action="store_true", help="float32 instead of uint16")
    kind.add_argument("--raw", action="store_true", help="not reduced: two amplifiers, bias, "
                      "overscan, dark current, flat field, 2 %% non-linearity; and the "
                      "calibration frames, in OUT/calib")
    return parser


def counting(least):
    """Type of an option: a function that turns a text into an integer from `least` on."""

    def integer(text):
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not an integer from {least} on")
        return int(text)

    return integer


def positive(text):
    """Type of an option: a number above zero."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def draw(campaign, options):
    """Draw a campaign as the options say, and log where its frames and its truth are.

    Return the exit code: 0, or 1 after an error that the user can correct, which is logged.
    """
    log_to_terminal()
    if options.no_wcs:
        campaign = change_telescopes(campaign, has_wcs=False)
    if options.float:
        campaign = change_telescopes(campaign, dtype="float32")
    if options.raw:
        campaign = change_telescopes(campaign, raw=RAW_NIGHT)
    folder = options.out.expanduser()
    try:
        paths = draw_campaign(campaign, folder, progress=sys.stderr.isatty())
    except UserError as error:
        log.error("%s", error)
        return 1
    log.info("%d frames of campaign %s in %s", len(paths), campaign.name, folder / "frames")
    log.info("the truth: %s", ", ".join(str(path) for path in sorted(folder.glob("truth*"))))
    return 0
