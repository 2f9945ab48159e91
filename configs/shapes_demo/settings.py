"""The demo of fac_shapes: drawn by skymaker/3_draw_mosaic.py demo into demo_shapes/sky."""

from pathlib import Path

_demo = Path(__file__).resolve().parents[2] / "demo_shapes"

lens_name = "SHAPES"
work_dir = _demo / "work"
catalogue = str(_demo / "sky/catalogue.ecsv")
shape_images = {"dir": str(_demo / "sky")}
