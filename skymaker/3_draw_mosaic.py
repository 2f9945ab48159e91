"""Draw exposures of a mosaic camera and a tile: stars, sheared galaxies, bright stars with halos.

    demo    2 x 2 CCDs, 4 exposures (one turned by 90 degrees), 300 stars, 800 galaxies
    small   1 CCD, 2 exposures, 70 stars, 50 galaxies: to try something quickly

Needs   : nothing
Writes  : OUT/exposures/image-<number>.fits, weight-, flag- with one extension for each CCD,
          OUT/tiles/image-<number>.fits, weight-, OUT/catalogue.ecsv, OUT/truth.ecsv
Settings: none (the options below)
Next    : pipe/fac_shapes/1a_split_exposures, with OUT as the folder in shape_images

Run as  : python skymaker/3_draw_mosaic.py demo --out ~/cosmouline/demo_shapes/sky [--seed 1]
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from cosmouline.engine.terminal import log_to_terminal
from cosmouline.errors import guarded
from cosmouline.skymaker import io_mosaic, mosaic

MOSAICS = {"demo": mosaic.DEMO, "small": mosaic.SMALL}


def main(arguments):
    """Draw the chosen mosaic."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mosaic", choices=MOSAICS, help="what to draw")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers")
    options = parser.parse_intermixed_args(arguments)
    log_to_terminal()
    io_mosaic.draw_mosaic(replace(MOSAICS[options.mosaic], seed=options.seed),
                          options.out.expanduser())
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main, "3_draw_mosaic.py", sys.argv[1:]))
