"""Draw made-up frames of a lensed quasar, and write the truth next to them.

    demo            a quad over a galaxy, 24 stars, 16 frames on 8 nights; one frame is turned by
                    10 degrees, one by 180, one shows nothing but cloud, two have the full Moon
    two_telescopes  60 frames of the same lens by two telescopes in R and V, the second one with
                    larger pixels, turned and a mirror image; six frames are bad: trailed,
                    thick cloud, moonlight, a truncated file, out of focus, a wrong field
    tiny            a double quasar and 13 stars on small frames, to try something quickly

Needs   : nothing
Writes  : OUT/frames/<telescope>/<campaign>_<number>.fits in ADU,
          OUT/truth_frames.ecsv, truth_objects.ecsv, truth_stars.ecsv, truth.json;
          with --raw also OUT/calib/<telescope>/ and the true flat fields
Settings: none (the options below)
Next    : pipe/1_character/1a_add_to_database.py, with OUT/frames/<telescope> as raw_dir of a set

Run as  : python skymaker/1_draw_campaign.py demo --out ~/cosmouline/demo [--seed 1] [--frames N]
          [--raw]
"""

import sys

from cosmouline.skymaker import command
from cosmouline.skymaker.campaigns import demo_campaign, tiny_campaign
from cosmouline.skymaker.two_telescopes import two_telescope_campaign

CAMPAIGNS = {
    "demo": demo_campaign,
    "two_telescopes": two_telescope_campaign,
    "tiny": tiny_campaign,
}


def main(arguments):
    """Draw the chosen campaign; returns the exit code."""
    parser = command.option_parser(__doc__, n_frames=None)
    parser.add_argument("campaign", choices=CAMPAIGNS, help="what to draw")
    options = parser.parse_intermixed_args(arguments)
    draw = CAMPAIGNS[options.campaign]
    length = {} if options.frames is None else {"n_frames": options.frames}
    return command.draw(draw(seed=options.seed, **length), options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
