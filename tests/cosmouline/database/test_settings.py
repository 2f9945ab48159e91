from pathlib import Path

from cosmouline.database.settings import CHOICES, FORMERLY, SAMPLE, differences, load_settings
from cosmouline.errors import UserError

import pytest

SAMPLE_NAMES = {line.split(":")[0] for line in SAMPLE.read_text().splitlines()
                if line[:1].isalpha() and ": " in line}


@pytest.fixture
def lens(tmp_path):
    """Write a settings.py with a good work_dir and more lines; return its folder."""

    def write(text="", raw=None):
        good = f"work_dir = {str(tmp_path / 'work')!r}\n{text}\n"
        (tmp_path / "settings.py").write_bytes(good.encode() if raw is None else raw)
        return tmp_path

    return write


def test_what_a_lens_does_not_say_comes_from_the_sample(lens):
    settings = load_settings(lens("max_cpus = 3"))

    assert (settings.max_cpus, settings.psf_prior) == (3, (0.05, 1.20, 1.0))
    assert settings.config_dir == lens()


def test_without_a_folder_it_is_told_how_to_give_one():
    with pytest.raises(UserError, match="give the folder of a lens: python <script> configs"):
        load_settings(None)


def test_only_what_differs_is_listed(lens):
    settings = load_settings(lens("max_cpus = 3\nengine = 'local'"))

    assert differences(settings) == {"max_cpus": 3, "work_dir": settings.work_dir}


@pytest.mark.parametrize(("text", "says"), [
    ("psf_nam = 'x'", "unknown setting 'psf_nam'. Did you mean 'psf_name'"),
    ("workdir = '/x'", "'workdir' of the old COSMOULINE is now 'work_dir'"),
    ("zzz = 1", "unknown setting 'zzz'. See configs/sample"),
    ("max_cpus = '3'", "max_cpus = '3', but it must be a whole number, for instance 3"),
    ("max_cpus = True", "max_cpus = True, but it must be a whole number"),
    ("psf_prior = (1.0, 2.0)", "it must be 3 numbers in brackets or a text in quotes, for"),
    ("norm_stars = [1, 2]", "norm_stars"),
    ("engine = 'slrum'", "engine = 'slrum', but it must be one of serial, local"),
    ("engine = 'dask'", "cluster is not set, but engine = \"dask\" needs it"),
    ("cluster = {'cluster': 'slrum'}", "cluster: cluster = 'slrum', .* Did you mean 'slurm'"),
    ("cluster = 'scheduler.json'", "cluster = 'scheduler.json': give an absolute path"),
    ("cluster = 3", "cluster = 3, but it must be"),
    ("psf_name = 'my psf (1)'", "psf_name = 'my psf"),
    ("psf_name = 'a__b'", "psf_name = 'a__b'"),
    ("work_dir = 'here'", "work_dir = 'here': give an absolute path"),
    ("work_dir = '$NO_SUCH_VARIABLE/x'", "the variable NO_SUCH_VARIABLE is not set"),
    ("import nosuchmodule_xyz", "line 2: ModuleNotFoundError: No module named 'nosuchmodule_xyz'"),
    ("max_cpus = 1 / 0", "line 2: ZeroDivisionError"),
    ("max_cpus = (", "line 2: '\\(' was never closed"),
    ("raise SystemExit", "only sets values"),
    ("work_dir = '/a\\x07b'", "characters that cannot be printed"),
    ("engine = 10 ** 5000", "engine = something that cannot be shown, but it must be"),
    ("sets = [{'name': 'R'}]", "lacks 'telescope'"),
    ("sets = [{'name': 'R', 'telescope': 'LCO', 'raw_dir': 3}]",
     "raw_dir = 3, but it must be a text in quotes"),
    ("sets = [{'name': 'R', 'telescope': 'LCO', 'raw_dir': '/', 'folders': '../x'}]",
     "folders = '../x' leads out of raw_dir"),
    ("sets = [{'name': 'R', 'telescope': 'LCO', 'raw_dir': '/', 'band': 'r'}, "
     "{'name': 'V', 'telescope': 'LCO', 'raw_dir': '/'}]", "the set V has no 'band', but others"),
    ("sets = [{'name': 'R', 'telescope': 'LCO', 'raw_dri': '/x'}]", "lacks 'raw_dir'"),
    ("sets = [{'name': 'R', 'telescope': 'LCO', 'raw_dir': '/x', 'overide': {}}]",
     "unknown key 'overide'. Did you mean 'overrides'"),
    ("sets = [{'name': 'R', 'telescope': 'LCO', 'raw_dir': 'x'}]", "give an absolute path"),
    ("sets = [{'name': 'R 1', 'telescope': 'LCO', 'raw_dir': '/x'}]", "name = 'R 1'"),
    ("lens_ra_deg = 400", "lens_ra_deg = 400, but it must be from 0 to 360"),
    ("lens_dec_deg = float('nan')", "lens_dec_deg = nan, but it must be from -90 to 90"),
    ("max_cpus = -3", "max_cpus = -3, but it must be from 0"),
    ("psf_prior = (-0.1, 0.8, 0.7)", "psf_prior = .*, but it must be from"),
    ("psf_prior = 'evidence'", "psf_prior = 'evidence', but it must be three numbers or \"auto\""),
    ("join_minutes = 0.0", "join_minutes = 0.0, but it must be above 0"),
    ("lens_stamp_px = 4000", "lens_stamp_px = 4000, but it must be from 16 to 400"),
    ("lens_stamp_px = 30", "multiple of 8"),
    ("lens_name = 'HE 0435/x'", "lens_name = 'HE 0435/x' has a '/'"),
    ("point_sources = {'A': (1.0,), 'B': 3}", "A is at \\(1.0,\\), but a position is two numbers"),
    ("point_sources = {'A__1': (1.0, 2.0)}", "point_sources: the name = 'A__1'"),
    ("point_sources = {'A': (1.0, 2.0), 'B': (1.0, 2.0)}", "two sources are at the same position"),
    ("point_sources = -1", "point_sources = -1, but from 1 to 12 can be looked for"),
    ("point_sources = 'sources.cat'", "point_sources: there is no .*sources.cat"),
    ("sets = [{'name': n, 'telescope': 'LCO', 'raw_dir': '/x'} for n in 'RI']",
     "two sets have the frames of '/x'"),
    ("sets = [{'name': 'R', 'telescope': 'LCO', 'raw_dir': '/x', 'bad_pixel_mask': '/no.fits'}]",
     "there is no bad_pixel_mask /no.fits"),
    ("sets = [{'name': n, 'telescope': 'LCO', 'raw_dir': '/x', 'filter': 'R'} for n in 'RI']",
     "two sets have the frames of '/x'. Give each of them its own: 'filter'"),
    ("sets = 2 * [{'name': 'R', 'telescope': 'LCO', 'raw_dir': '/x'}]", "two sets are called 'R'"),
])
def test_a_mistake_is_one_clear_line(lens, text, says):
    with pytest.raises(UserError, match=says) as problem:
        load_settings(lens(text))

    assert "\n" not in str(problem.value)
    assert "settings.py" in str(problem.value)


def test_a_position_may_be_sexagesimal(lens):
    settings = load_settings(lens("lens_ra_deg, lens_dec_deg = '04:38:14.9', '-12:17:14.4'"))

    assert settings.lens_ra_deg == pytest.approx(15 * (4 + 38 / 60 + 14.9 / 3600), abs=1e-9)
    assert settings.lens_dec_deg == pytest.approx(-(12 + 17 / 60 + 14.4 / 3600), abs=1e-9)
    with pytest.raises(UserError, match="lens_ra_deg = '69', but it must be degrees, for inst"):
        load_settings(lens("lens_ra_deg = '69'"))
    with pytest.raises(UserError, match=r"lens_ra_deg = 375\.0, but it must be from 0 to 360"):
        load_settings(lens("lens_ra_deg = '25:00:00'"))


def test_a_setting_that_is_set_twice_is_reported(lens):
    settings = load_settings(lens("psf_name = 'a'\nmax_cpus = 2\npsf_name = 'faint'"))

    assert settings.psf_name == "faint"
    assert [line.partition("settings.py")[2] for line in settings.notices] == [
        ": psf_name is set in line 2 and again in line 4: the last one counts. Delete the other."]


def test_a_folder_that_is_spelt_wrongly_has_a_neighbour(tmp_path):
    for name in ("demo", "HE0435"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings.py").touch()

    with pytest.raises(UserError, match=r"Did you mean 'demo'\? For a new lens copy"):
        load_settings(tmp_path / "DEMMO")
    with pytest.raises(UserError, match=r"settings.py. For a new lens copy configs/sample"):
        load_settings(tmp_path / "Q2237")


def test_sets_can_share_a_folder_when_each_takes_its_part(lens):
    part = "{'name': %r, 'telescope': 'LCO', 'raw_dir': '/x', %r: %r}"
    sets = [part % ("R", "filter", "R"), part % ("I", "filter", "I"), part % ("X", "files", "x*")]

    found = load_settings(lens(f"sets = [{', '.join(sets)}]")).sets

    assert [one.get("filter") for one in found] == ["R", "I", None]


def test_a_work_dir_inside_a_raw_dir_is_refused(lens, tmp_path):
    text = f"sets = [{{'name': 'R', 'telescope': 'LCO', 'raw_dir': {str(tmp_path)!r}}}]"

    with pytest.raises(UserError, match="lies inside raw_dir"):
        load_settings(lens(text))


def test_tilde_and_variables_are_expanded(lens, monkeypatch):
    monkeypatch.setenv("MY_DATA", "/somewhere")

    assert load_settings(lens("work_dir = '~/w'")).work_dir == Path.home() / "w"
    assert load_settings(lens("work_dir = '$MY_DATA/w'")).work_dir == Path("/somewhere/w")


def test_windows_files_with_a_byte_order_mark_are_read(lens):
    settings = load_settings(lens(raw=b"\xef\xbb\xbfwork_dir = '/w'\r\nmax_cpus = 2\r\n"))

    assert settings.max_cpus == 2


def test_latin1_is_told(lens):
    with pytest.raises(UserError, match="utf-8"):
        load_settings(lens(raw="# é\nwork_dir = '/w'\n".encode("latin-1")))


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(UserError, match="copy configs/sample to"):
        load_settings(tmp_path / "nolens")


def test_every_former_name_and_every_choice_points_to_a_setting():
    assert set(FORMERLY.values()) | set(CHOICES) <= SAMPLE_NAMES


@pytest.mark.parametrize(("text", "name", "value"), [
    ("psf_prior = 'auto'", "psf_prior", "auto"), ("lens_stamp_px = 24", "lens_stamp_px", 24),
    ("engine, cluster = 'dask', 'tcp://host:8786'", "cluster", "tcp://host:8786"),
    ("cluster = '~/scheduler.json'", "cluster", str(Path.home() / "scheduler.json")),
    ("work_dir = '~/lens'", "work_dir", Path.home() / "lens"),
    ("lens_name = 'J1'", "lens_name", "J1"),
    ("sets = [{'name': 'V', 'telescope': 'LCO', 'raw_dir': '/x', 'band': 'V'}]\n"
     "band_ref_img_names = {'V': 'V_1'}", "band_ref_img_names", {"V": "V_1"})])
def test_what_a_lens_may_say_is_taken(lens, text, name, value):
    assert getattr(load_settings(lens(text)), name) == value


@pytest.mark.parametrize(("text", "says"), [
    ("empty_region = '[1:20]'", r"empty_region: .*\[1:20\]"),
    ("photom_apertures = ['1fwhm', '3 feet']", "photom_apertures: .*3 feet"),
    ("lens_stamp_px = 20", "lens_stamp_px = 20, but it must be a multiple of 8"),
    ("work_dir = '/'", "work_dir = '/': give a folder of its own"),
    ("work_dir = '/x/y/z'\nsets = [{'name': 'R', 'telescope': 'LCO', 'raw_dir': '/x/y'}]",
     "work_dir /x/y/z lies inside raw_dir /x/y: its products"),
    ("sets = [{'name': 'R', 'telescope': 'LCO', 'raw_dir': '/x', 'band': 'R'}]\n"
     "band_ref_img_names = {'V': 'V_1'}", "band_ref_img_names: no set has the band 'V'"),
    ("lens_name = 'a/b'", "lens_name = 'a/b' has a '/'")])
def test_what_a_lens_may_not_say_is_named_with_its_value(lens, text, says):
    with pytest.raises(UserError, match=says):
        load_settings(lens(text))
