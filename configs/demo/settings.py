"""The demo: a simulated quad on 16 frames, drawn by ``make demo`` into the folder demo/."""

from pathlib import Path

_demo = Path(__file__).resolve().parents[2] / "demo"

lens_name = "DEMO"
lens_ra_deg, lens_dec_deg = 69.5619, -12.2874
work_dir = _demo / "work"
sets = [{"name": "R", "telescope": "generic", "raw_dir": str(_demo / "sky" / "frames" / "SIM1")}]
point_sources = {"A": (1.0, 0.5), "B": (-0.3, 1.0), "C": (-1.1, 0.0), "D": (0.2, -0.9)}
