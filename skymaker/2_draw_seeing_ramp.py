"""Draw the same field under growing seeing, and write the truth next to the frames.

The field holds a grid of stars, four doubles and two supernovae in galaxies: what a point spread
function, a photometry or a deconvolution does with the seeing can be read off it. COSMOULINE's
own ramp has --frames 50.

Needs   : nothing
Writes  : OUT/frames/RAMP/ramp_<number>.fits in ADU,
          OUT/truth_frames.ecsv, truth_objects.ecsv, truth_stars.ecsv, truth.json;
          with --raw also OUT/calib/<telescope>/ and the true flat fields
Settings: none (the options below)
Next    : pipe/1_character/1a_add_to_database.py, with OUT/frames/RAMP as raw_dir of a set

Run as  : python skymaker/2_draw_seeing_ramp.py --out ~/cosmouline/ramp [--seeing 0.6 1.8]
          [--frames 10] [--grid 6] [--seed 1]
"""

import sys

from cosmouline.engine.tool import complete
from cosmouline.errors import guarded
from cosmouline.skymaker import command
from cosmouline.skymaker.ramp import seeing_ramp_campaign


def main(arguments):
    """Draw the ramp; returns the exit code."""
    parser = command.option_parser(__doc__, n_frames=10)
    parser.add_argument(
        "--seeing",
        type=command.positive,
        nargs=2,
        default=(0.6, 1.8),
        metavar=("FIRST", "LAST"),
        help="seeing of the first and of the last frame in arcsec (0.6 1.8)",
    )
    parser.add_argument(
        "--grid", type=command.counting(4), default=6, help="stars per row and column (6)"
    )
    complete(parser)
    options = parser.parse_intermixed_args(arguments)
    ramp = seeing_ramp_campaign(options.seed, options.frames, options.seeing, options.grid)
    return command.draw(ramp, options)


if __name__ == "__main__":
    sys.exit(guarded(main, "2_draw_seeing_ramp.py", sys.argv[1:]))
