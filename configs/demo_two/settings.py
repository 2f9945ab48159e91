"""The demo lens by two telescopes in two filters: skymaker/1_draw_campaign.py two_telescopes.

SIM2 is on another site, with larger pixels, another gain, its camera turned by 90
degrees and a mirror image. One database, one fit per filter, one light curve per filter.
"""

from pathlib import Path

_demo = Path(__file__).resolve().parents[2] / "demo_two"

lens_name = "TWO"
lens_ra_deg, lens_dec_deg = 69.5619, -12.2874
work_dir = _demo / "work"
sets = [{"name": name, "telescope": "generic", "band": name[-1],
         "raw_dir": str(_demo / "sky" / "frames" / name)}
        for name in ("SIM1_R", "SIM2_R", "SIM1_V", "SIM2_V")]
allow_mirror_images = True
point_sources = {"A": (1.0, 0.5), "B": (-0.3, 1.0), "C": (-1.1, 0.0), "D": (0.2, -0.9)}
