"""What the campaigns hold and what is drawn of them, by tables: see tests/recorded.py.

That it is right is shown by the other tests of the room: against formulas, theory and GalSim.
"""

import dataclasses

from cosmouline.skymaker import draw, io_campaign, raw
from cosmouline.skymaker.campaigns import demo_campaign, tiny_campaign
from cosmouline.skymaker.io_mosaic import draw_mosaic
from cosmouline.skymaker.lens_grid import CONFIGURATIONS, Cell, grid_lens
from cosmouline.skymaker.mock_real import mock_real_campaign
from cosmouline.skymaker.model import RAW_NIGHT
from cosmouline.skymaker.mosaic import Mosaic
from cosmouline.skymaker.ramp import seeing_ramp_campaign
from cosmouline.skymaker.two_telescopes import two_telescope_campaign

import numpy as np
import pytest

NOISY = (("drawn", 3e-3), ("image", 3e-3))  # Poisson numbers follow the last bit of their mean
CAMPAIGNS = {  # a campaign, and which of its frames are drawn
    "demo": (demo_campaign, (5,)),
    "tiny": (lambda: tiny_campaign(with_galaxy=True), (1,)),
    "raw": (lambda: tiny_campaign(n_frames=3, raw=RAW_NIGHT, n_hot_pixels=5, defect_seed=3), (2,)),
    "two_telescopes": (two_telescope_campaign, (3,)),
    "mock_real": (lambda: mock_real_campaign(n_frames=24), (2,)),
    "ramp": (lambda: seeing_ramp_campaign(n_frames=3, n_grid=4), (1,)),
}


def columns(rows):
    """Return the values of all rows by their field; parts of a field behind each other."""
    found = {}
    for field in dataclasses.fields(rows[0]):
        values = [getattr(row, field.name) for row in rows]
        try:
            found[field.name] = np.concatenate([np.ravel(one) for one in values]).astype(float)
        except (TypeError, ValueError):  # words, or what visits some frames
            found[field.name] = " | ".join(sorted(set(map(str, values))))
    return found


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_campaign_and_its_frames(name, recorded):
    make, indices = CAMPAIGNS[name]
    campaign = make()
    every = range(len(campaign.frames))
    found = {"frames": columns(campaign.frames)}
    for table in ("frame", "object"):
        made = getattr(io_campaign, f"{table}_table")(campaign, every)
        found[table] = {key: np.asarray(made[key]) for key in made.colnames
                        if made[key].dtype.kind in "fib"}
    found["catalogue"] = {key: values for key, values in io_campaign.catalogue(campaign).items()
                          if np.asarray(values).dtype.kind in "fib"}
    found["parameters"] = io_campaign.parameters(campaign) | {"stars": "", "galaxies": ""}
    if campaign.faults:
        made = io_campaign.fault_table(campaign)
        found["faults"] = {key: " | ".join(map(str, made[key])) for key in made.colnames}
    for index in indices:
        data_adu, header, truth = draw.draw_frame(campaign, index)
        found[f"frame {index}"] = {
            "light": draw.expected_electrons(campaign, index), "drawn": data_adu,
            "header": str(header),
            "drawn truth": {key: np.asarray(value) for key, value in truth.items()}}

    recorded(f"skymaker/{name}", found, NOISY)


@pytest.mark.parametrize("kind", ["bias", "dark", "flat"])
def test_calibrations(kind, recorded):
    campaign = tiny_campaign(n_frames=1, raw=RAW_NIGHT, n_hot_pixels=5, defect_seed=3)
    data_adu, header = raw.calibration_frame(campaign, campaign.telescopes[0], kind, 1, 300.0)

    recorded(f"skymaker/{kind}", {
        "drawn": data_adu, "header": str(header)}, NOISY)


def test_a_mosaic(tmp_path, recorded, script):
    draw_mosaic(Mosaic(ccd_px=220, n_ccds=2, n_exposures=2, n_stars=40, n_galaxies=16,
                       angles_deg=(0.0, 90.0)), tmp_path)

    found = script("tests/recorded").products_of(tmp_path, ())
    recorded("skymaker/mosaic", found, NOISY)


def test_lenses_of_the_grid(recorded):
    recorded("skymaker/grid", {
        name: grid_lens(Cell(1.0, 50, 10, name), np.random.default_rng(4))
        for name in CONFIGURATIONS})
