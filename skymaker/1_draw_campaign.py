"""Draw made-up frames of a lensed quasar, and write the truth next to them.

    demo            a quad over a galaxy, 24 stars, 16 frames on 8 nights; one frame is turned by
                    10 degrees, one by 180, one shows nothing but cloud, two have the full Moon
    two_telescopes  60 frames of the same lens by two telescopes in R and V, the second one with
                    larger pixels, turned and a mirror image; six frames are bad: trailed,
                    thick cloud, moonlight, a truncated file, out of focus, a wrong field
    mock_real       48 frames by three cameras in four bands with what makes real frames hard:
                    trails, doubles, few pixels per FWHM, wrong cards, hot pixels, a satellite,
                    a transient and more, each a line of OUT/truth_faults.ecsv
    tiny            a double quasar and 13 stars on small frames, to try something quickly

Needs   : nothing
Writes  : OUT/frames/<telescope>/<campaign>_<number>.fits in ADU,
          OUT/truth_frames.ecsv, truth_objects.ecsv, truth_stars.ecsv, truth.json;
          with --raw also OUT/calib/<telescope>/ and the true flat fields
Settings: none (the options below)
Next    : pipe/1_character/1a_add_to_database.py, with OUT/frames/<telescope> as raw_dir of a set

Run as  : python skymaker/1_draw_campaign.py demo --out ~/cosmouline/demo [--seed 1] [--frames N]
          [--raw]
          python skymaker/1_draw_campaign.py --mock-real --out OUT [--only gain trail]
"""

import sys

from cosmouline.engine.tool import complete
from cosmouline.errors import guarded
from cosmouline.skymaker import command
from cosmouline.skymaker.campaigns import demo_campaign, tiny_campaign
from cosmouline.skymaker.mock_real import PLANTS, mock_real_campaign
from cosmouline.skymaker.two_telescopes import two_telescope_campaign

CAMPAIGNS = {
    "demo": demo_campaign,
    "two_telescopes": two_telescope_campaign,
    "mock_real": mock_real_campaign,
    "tiny": tiny_campaign,
}


def main(arguments):
    """Draw the chosen campaign; returns the exit code."""
    parser = command.option_parser(__doc__, n_frames=None)
    parser.add_argument("campaign", nargs="?", choices=CAMPAIGNS, help="what to draw")
    parser.add_argument("--mock-real", action="store_const", const="mock_real", dest="mock_real",
                        help="the same as mock_real")
    parser.add_argument("--only", nargs="+", choices=PLANTS, dest="planted",
                        help="of mock_real: what is planted (all)")
    complete(parser)
    options = parser.parse_intermixed_args(arguments)
    name = options.mock_real or options.campaign
    if name is None:
        parser.error(f"give a campaign: {', '.join(CAMPAIGNS)}")
    chosen = {"n_frames": options.frames, "planted": options.planted}
    chosen = {key: value for key, value in chosen.items() if value is not None}
    return command.draw(CAMPAIGNS[name](seed=options.seed, **chosen), options)


if __name__ == "__main__":
    sys.exit(guarded(main, "1_draw_campaign.py", sys.argv[1:]))
