"""The tiny lens with two sites, on which all scripts of the injection ran once."""

import pytest

SETTINGS = "n_injection_sites = 2\nn_control_stars = 1\n"


@pytest.fixture(scope="session")
def injected_once(trunk, new_lens, tmp_path_factory):
    """Give the lens with all products of the injection; do not change it."""
    lens = new_lens(tmp_path_factory.mktemp("injected"), trunk,
                    trunk.after("7_deconv/6_readout"))
    lens.set(SETTINGS)
    for name in ("1_choose_sites", "2_inject", "3_fit", "4_report"):
        lens.run(f"fac_injection/{name}")
    return lens


@pytest.fixture
def injected(injected_once, trunk, new_lens, tmp_path, caplog):
    """Give a copy of that lens; messages go to ``caplog``."""
    caplog.set_level("INFO", "cosmouline")
    lens = new_lens(tmp_path / "lens", trunk, injected_once.work)
    lens.set(SETTINGS)
    return lens
