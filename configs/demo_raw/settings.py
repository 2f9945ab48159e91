"""The demo on raw frames: drawn by skymaker/1_draw_campaign.py demo --raw into demo_raw/sky."""

from pathlib import Path

_demo = Path(__file__).resolve().parents[2] / "demo_raw"

lens_name = "DEMORAW"
lens_ra_deg, lens_dec_deg = 69.5619, -12.2874
work_dir = _demo / "work"
raw_frames = [{"name": "SIM1", "telescope": "skymaker_raw", "raw_dir": str(_demo / "sky"),
               "folders": "*/*"}]
sets = [{"name": "R", "telescope": "skymaker_raw", "raw_dir": str(_demo / "work/calibrated/SIM1")}]
point_sources = {"A": (1.0, 0.5), "B": (-0.3, 1.0), "C": (-1.1, 0.0), "D": (0.2, -0.9)}
