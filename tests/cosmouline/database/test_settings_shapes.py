"""Tables of settings: a lens gives what differs."""

from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError

import pytest


@pytest.fixture
def load(tmp_path):
    """Give a function that loads settings of one more line."""

    def settings(line):
        (tmp_path / "settings.py").write_text(
            f'lens_name = "X"\nwork_dir = {str(tmp_path / "work")!r}\n{line}\n')
        return load_settings(tmp_path)
    return settings


def test_what_a_lens_gives_is_put_over_the_sample(load):
    masks = load("shape_masks = {'border_px': 7}").shape_masks
    assert masks["border_px"] == 7
    assert masks["halo_flag"] == 2


def test_the_home_folder_is_put_in(load, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert load("shape_images = {'dir': '~/sky'}").shape_images["dir"] == "/home/me/sky"


@pytest.mark.parametrize(("line", "words"), [
    ("shape_masks = {'border': 7}", "unknown key 'border'. Did you mean 'border_px'"),
    ("shape_masks = {'border_px': 'x'}", "border_px = 'x', but it must be like 20"),
    ("shape_psf = {'max_chi2': None}", "max_chi2 = None, but it must be like 2.0"),
    ("shape_images = {'dir': 'sky'}", "dir = 'sky': give an absolute path"),
    ("shape_psf = {'max_degree': -1}", "max_degree = -1, but it must be from 0 to 2"),
    ("shape_psf = {'max_degree': 3}", "max_degree = 3, but it must be from 0 to 2"),
    ("shape_psf = {'side_px': 9}", "side_px = 9, but it must be at least 11"),
    ("shape_masks = {'halo_flag': 40000}", "halo_flag = 40000, but it must be from 0 to 32767"),
    ("shape_masks = {'border_px': -1}", "border_px = -1, but it must be at least 0"),
    ("shape_masks = {'spike_slope': float('inf')}", "spike_slope = inf, but it must be a number"),
    ("shape_images = {'gain_e_per_adu': 0}", "gain_e_per_adu = 0, but it must be at least 1e-06"),
    ("shape_metacal = {'masked_max': 1.1}", "masked_max = 1.1, but it must be from 0 to 1"),
])
def test_wrong_settings_are_told_in_one_line(load, line, words):
    with pytest.raises(UserError) as told:
        load(line)
    assert words in str(told.value)


def test_numbers_below_0_are_right_where_they_can_be(load):
    assert load("shape_masks = {'spike_angle_deg': -30, 'halo_slope': -0.1}").shape_masks[
        "spike_angle_deg"] == -30
    assert load("shape_images = {'zero_point_mag': -2.5}").shape_images["zero_point_mag"] == -2.5
    assert load("shape_psf = {'max_degree': 0}").shape_psf["max_degree"] == 0


def test_none_stands_for_a_number_where_it_is_the_default(load):
    assert load("shape_images = {'gain_e_per_adu': 2}").shape_images["gain_e_per_adu"] == 2
    assert load("shape_masks = {'halo_mag_max': 12}").shape_masks["halo_mag_max"] == 12
