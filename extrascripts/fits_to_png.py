"""Draw FITS images as PNG pictures.

Needs   : FITS files of any kind, raw frames or products
Writes  : a PNG next to each, or in --out
Settings: none (the options below)
Next    : look at them

Run as  : python extrascripts/fits_to_png.py FILE ... [--out ~/pictures] [--cuts 900 5000]
          [--scale linear] [--extension 1]

Cuts are found from the sky and the bright pixels where none are given.
"""

from pathlib import Path

from cosmouline.engine.tool import run_tool
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.io_fits import frame_stem, read_frame
from cosmouline.plots import style
from cosmouline.plots.frame import frame_image
from cosmouline.run import log_line

ARGUMENTS = {
    "files": {"nargs": "+", "type": Path}, "--out": {"type": Path, "help": "folder to write into"},
    "--cuts": {"nargs": 2, "type": float, "metavar": ("LOW", "HIGH")},
    "--scale": {"choices": ("log", "linear", "asinh"), "default": "log"},
    "--extension": {"type": int, "help": "which image of a file that has several"}}

SIZE_IN = 9.0


def main(options):
    """Draw one after the other; log those that cannot be drawn."""
    failed = 0
    if options.cuts and not options.cuts[0] < options.cuts[1]:
        raise UserError("--cuts: the first must be below the second.")
    for path in options.files:
        try:
            data = read_frame(path, options.extension).data_adu.astype(float)
        except (ImageRejected, OSError) as problem:
            failed += 1
            log_line("%s cannot be drawn: %s", path, problem)
            continue
        target = (options.out or path.parent).expanduser() / f"{frame_stem(path)}.png"
        page, ax = style.figure(size=(SIZE_IN, SIZE_IN))
        frame_image(ax, data, limits=options.cuts, stretch=options.scale)
        style.title_page(page, path.name)
        style.save(page, target, style.stamp_text(script=Path(__file__).stem))
        log_line("picture: %s", target)
    if failed:
        raise UserError(f"{failed} of {len(options.files)} files cannot be drawn.")


if __name__ == "__main__":
    run_tool(main, __doc__, ARGUMENTS)
