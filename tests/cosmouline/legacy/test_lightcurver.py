"""A LightCurver configuration, typed by hand after its documented keys."""

from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError
from cosmouline.frames.telescope import load_telescope, read_exposure
from cosmouline.legacy import lightcurver

import pytest
from astropy.io import fits

CONFIG = """
workdir: /scratch/j1004
raw_dirs:
  - /data/2021
  - night2
files_match_pattern: "*_sci.fits"
hdu_data_index: 1
trim_vertical: 10
trim_horizontal: 3
multiprocessing_cpu_count: 4
ROI:
  J1004+4112:
    coordinates: [151.145, 41.2117]
telescope: {name: NOT, longitude: -17.885, latitude: 28.757, elevation: 2382, imager_name: ALFOSC}
plate_scale_interval: [0.20, 0.22]
stamp_size_ROI: 60
subsampling_factor: 3
cosmics_masking_params: {sigclip: 6.5, sigfrac: 0.4, objlim: 7.0}
point_sources: {A: [151.1450, 41.2108], B: [151.1459, 41.2112]}
fix_point_source_astrometry: 0.5
constraints_on_frame_columns_for_roi:
  seeing_arcseconds: [0, 2.2]
  sky_level_electron_per_second: [0, 9]
constraints_on_normalization_coeff: {coefficient: [0.4, 10]}
star_max_gmag: 19
plate_solving_strategy: plate_solve
mine: 3
"""
PARSER = """
from astropy.time import Time
def parse_header(header):
    exptime = float(header['EXP'])
    gain = header.get('CCDGAIN', 1.9)
    start = Time(header['DATEBEG'] + 'T' + header['TIMEBEG'])
    return {'exptime': exptime, 'gain': gain, 'mjd': start.mjd + exptime / 2 / 86400}
"""


@pytest.fixture
def old(tmp_path):
    """Make the folder of a reduction from config.yaml and parse_header, and read it."""
    def of(config=CONFIG, parser=PARSER):
        (tmp_path / "config.yaml").write_text(config)
        if parser is not None:
            (tmp_path / "header_parser").mkdir(exist_ok=True)
            (tmp_path / "header_parser" / "parse_header.py").write_text(parser)
        return lightcurver.read_old(tmp_path)
    return of


def test_place_sources_and_limits_are_ours(old):
    values, notes = lightcurver.settings_of(old())

    assert values == {
        "lens_name": "J1004+4112", "lens_ra_deg": 151.145, "lens_dec_deg": 41.2117,
        "point_sources": {"A": (151.1450, 41.2108), "B": (151.1459, 41.2112)},
        "point_sources_unit": "deg",
        "point_source_sigma_arcsec": 0.105,  # half a pixel of .21"
        "dec_fwhm_max_arcsec": 2.2,
        "dec_coeff_max": 2.5,  # 1 / 0.4: ours multiplies
        "cosmic_sigma": 6.5, "cosmic_fraction": 0.4, "cosmic_object": 7.0,
        "psf_upsampling": 3, "max_cpus": 4,
        "lens_stamp_px": 64}  # the next multiple of 8 above 60
    assert list(notes) == ["constraints_on_frame_columns_for_roi: sky_level_electron_per_second"]


@pytest.mark.parametrize(("line", "expected"), [
    ("fix_point_source_astrometry: true", {"point_source_sigma_arcsec": 0.0}),
    ("fix_point_source_astrometry: 2", {"point_source_sigma_arcsec": 0.42}),
    ("fix_point_source_astrometry: false", {}),
    ("further_optimize_background: false", {"extended_light": "none"}),
    ("further_optimize_background: true", {})])
def test_choices_of_the_fit(old, line, expected):
    head = "raw_dirs: [/d]\nROI: {X: {coordinates: [1, 2]}}\nplate_scale_interval: [.2, .22]\n"

    values, _ = lightcurver.settings_of(old(head + line))

    assert {name: value for name, value in values.items() if name not in (
        "lens_name", "lens_ra_deg", "lens_dec_deg")} == expected


def test_a_given_background_and_a_second_region_are_reported(old):
    _, notes = lightcurver.settings_of(old(
        "raw_dirs: /d\nROI: {X: {coordinates: [1, 2]}, Y: {coordinates: [3, 4]}}\n"
        "further_optimize_background: false\nstarting_background: b.fits\n"
        "fix_point_source_astrometry: 0.3\n"))

    assert sorted(notes) == ["ROI", "fix_point_source_astrometry", "starting_background"]
    assert notes["ROI"].endswith("X")


def test_each_folder_is_a_set(old, tmp_path):
    assert lightcurver.sets_of(old(), "/c/telescope.yaml") == [
        {"name": "S1", "telescope": "/c/telescope.yaml", "raw_dir": "/data/2021",
         "files": "*_sci.fits", "extension": 1},
        {"name": "S2", "telescope": "/c/telescope.yaml", "raw_dir": str(tmp_path / "night2"),
         "files": "*_sci.fits", "extension": 1}]
    assert lightcurver.sets_of(old("raw_dirs: /d\n"), "t")[0] == {
        "name": "S1", "telescope": "t", "raw_dir": "/d"}


@pytest.mark.parametrize(("text", "expected"), [
    (PARSER, {"exptime": ["EXP"], "gain": ["CCDGAIN"], "mjd": ["EXP", "DATEBEG", "TIMEBEG"]}),
    ("def parse_header(h):\n    g = 2.5\n    return {'exptime': h['T'], 'gain': g}\n",
     {"exptime": ["T"], "gain": 2.5}),
    ("def parse_header(h):\n    return {'exptime': other(h), 'gain': 1}\n", {"gain": 1.0}),
    ("print 'python 2'\n", {})])
def test_parse_header_is_followed_not_run(old, text, expected):
    found = old(parser=text).header

    assert {name: sorted(value) if isinstance(value, list) else value
            for name, value in found.items()} == {
        name: sorted(value) if isinstance(value, list) else value
        for name, value in expected.items()}


def test_what_parse_header_would_do_is_not_done(old, tmp_path):
    trap = tmp_path / "trap"

    old(parser=f"open({str(trap)!r}, 'w')\n" + PARSER)

    assert not trap.exists()


@pytest.mark.parametrize("cards", [
    {"BEGIN": "2021-03-04T01:02:03"}, {"DATEBEG": "2021-03-04", "TIMEBEG": "01:02:03"}])
def test_the_telescope_reads_the_same_headers(old, tmp_path, cards):
    path = tmp_path / "telescope.yaml"
    in_one_card = PARSER.replace("header['DATEBEG'] + 'T' + header['TIMEBEG']", "header['BEGIN']")
    path.write_text(lightcurver.telescope_of(old(parser=in_one_card if len(cards) == 1 else
                                                 PARSER)))
    header = fits.Header({"EXP": 100.0, "CCDGAIN": 2.1, **cards, "RDNOISE": 4.0,
                          "SATURATE": 60000.0, "PIXSCALE": 0.21, "NAXIS1": 50, "NAXIS2": 40})

    exposure = read_exposure(header, load_telescope(str(path)))

    assert (exposure.exptime_s, exposure.gain_e_per_adu) == (100.0, 2.1)
    # the middle of the exposure: JD 2459277.5 is 2021-03-04 0 h
    assert exposure.mjd == pytest.approx(59277 + (3723 + 50) / 86400, abs=1e-9)
    assert exposure.site_lon_deg == -17.885


def test_the_trim_is_on_both_sides(old, tmp_path):
    path = tmp_path / "telescope.yaml"
    path.write_text(lightcurver.telescope_of(old()))

    assert vars(load_telescope(str(path)).trim) == {"bottom": 10, "top": 10, "left": 3, "right": 3}


def test_the_settings_load_and_say_what_has_no_place(old, tmp_path):
    reduction = old()
    folder = tmp_path / "lens"
    folder.mkdir()
    values, notes = lightcurver.settings_of(reduction)
    text = lightcurver.settings_text(
        reduction, values | {"work_dir": str(tmp_path / "work")},
        lightcurver.sets_of(reduction, "generic"), notes)
    (folder / "settings.py").write_text(text)

    settings = load_settings(folder)

    assert settings.point_sources == values["point_sources"]
    assert "# star_max_gmag: star_snr_min\n" in text
    assert "# plate_solving_strategy: frames are aligned" in text
    assert "# mine: not a setting of LightCurver 1.2\n" in text


@pytest.mark.parametrize("text", ["- 1\n", "a: [\n", "just words\n", "camera: 3\n"])
def test_what_is_no_configuration_is_refused_in_one_line(old, text):
    with pytest.raises(UserError, match=r"config\.yaml is no ") as error:
        old(text)

    assert "\n" not in str(error.value)
