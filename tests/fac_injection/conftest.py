"""The tiny lens with two sites, on which all scripts of the injection ran once."""

import pytest

SETTINGS = 'dec_name = "quad"\nn_injection_sites = 2\nn_control_stars = 1\n'


@pytest.fixture(scope="session")
def injected_once(trunk, new_lens, tmp_path_factory):
    """Give the lens with all products of the injection; do not change it."""
    lens = new_lens(tmp_path_factory.mktemp("injected"), trunk,
                    trunk.after("7_deconv/6_readout"))
    # a deconvolution of another name than that of the sample
    for old, new in (("__lens", "__quad"), (":lens", ":quad"), ("dec_lens", "dec_quad")):
        lens.rename(old, new)
    lens.set(SETTINGS)
    for name in ("1_choose_sites", "2_inject", "3_fit", "4_report"):
        lens.run(f"fac_injection/{name}")
    return lens


@pytest.fixture
def settings_of_sites():
    """Give the lines of the settings, to be followed by others."""
    return SETTINGS


@pytest.fixture
def injected(injected_once, trunk, new_lens, tmp_path, caplog):
    """Give a copy of that lens; messages go to ``caplog``."""
    caplog.set_level("INFO", "cosmouline")
    lens = new_lens(tmp_path / "lens", trunk, injected_once.work)
    lens.set(SETTINGS)
    return lens
