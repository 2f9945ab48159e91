"""The command ``cosmouline``: names, and a wheel that works outside any checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from cosmouline.engine import command
from cosmouline.errors import UserError

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("word", "script"), [
    ("4_norm/2a", "4_norm/2a_photometry"),
    ("4_norm/3a", "4_norm/3a_medcoeff"),  # before the one that takes its place by choice
    ("4_norm/3a_alt", "4_norm/3a_alt_coeff_one"),
    ("pipe/5_psf/4_build_psf.py", "5_psf/4_build_psf"),
    ("1_join", "lcmanip/1_join"), ("export", "9_export/export"),
    ("new", "extrascripts/new_lens"), ("run", "run_all"), ("status", "extrascripts/status")])
def test_a_script_is_found_by_the_beginning_of_its_name(word, script):
    assert command.find(word) == script


def test_a_word_for_two_scripts_or_none_is_refused_with_names():
    with pytest.raises(UserError, match=r"beginning of 7_deconv/0_star_photometry, .*Give more"):
        command.find("7_deconv")
    with pytest.raises(UserError, match="Did you mean '4_norm/2a_photometry'"):
        command.find("4_norm/2a_fotometry")


def test_list_shows_every_script_or_those_with_a_word():
    every = [path for folder in ("pipe/*_*", "lcmanip", "extrascripts", "skymaker")
             for path in ROOT.glob(f"{folder}/*.py")]

    assert len(command.listed().splitlines()) == len(every)
    assert [line.split()[0] for line in command.listed("3a_detect").splitlines()] == [
        "1_character/3a_detect", "fac_shapes/3a_detect_exposures"]


def test_mistakes_are_one_line_and_no_words_are_help(capsys):
    assert command.main(["nonsense"]) == 1
    assert "".join(capsys.readouterr()) == ("cosmouline: no script is called 'nonsense'. See: "
                                            "cosmouline list\n")
    assert command.main([]) == 0
    assert "cosmouline run LENS" in capsys.readouterr().out


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel of a copy of this checkout and install it, alone, into an empty folder."""
    folder = tmp_path_factory.mktemp("wheel")
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True,
                           capture_output=True, check=True).stdout.split("\n")
    source = folder / "source"
    for name in filter(None, names):
        if not name.startswith(("tests/", "doc/")) and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "--quiet"]
    done = subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, source], text=True,
                          capture_output=True, check=False)
    if "No matching distribution" in done.stderr + done.stdout:
        pytest.skip("no network: setuptools cannot be fetched")
    assert done.returncode == 0, done.stderr
    wheel, = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return wheel, folder / "site"


def environment(site):
    """Return an environment in which the installed package is found, and no checkout."""
    kept = {name: value for name, value in os.environ.items() if name != "COSMOULINE_CONFIG"}
    return kept | {"PYTHONPATH": str(site), "OPENBLAS_NUM_THREADS": "1"}


def test_a_wheel_holds_all_scripts_settings_and_telescopes(installed):
    held = set(zipfile.ZipFile(installed[0]).namelist())
    wanted = [path.relative_to(ROOT).as_posix() for folder in (
        "pipe/*_*", "lcmanip", "extrascripts", "skymaker", "configs/sample")
        for path in ROOT.glob(f"{folder}/*") if path.is_file() and path.suffix != ".pyc"
        and path.stem != "write_docs"]

    assert {f"cosmouline/checkout/{name}" for name in wanted} - held == set()
    assert {f"cosmouline/frames/telescopes/{path.name}" for path in (
        ROOT / "pipe/cosmouline/frames/telescopes").glob("*.yaml")} - held == set()
    assert [name for name in held if "checkout/pipe/cosmouline" in name
            or name.endswith("/config.py") or "/tests/" in name] == []


def test_a_wheel_reduces_a_small_lens_outside_any_checkout(installed, tmp_path):
    def cosmouline(*words):
        done = subprocess.run([installed[1] / "bin" / "cosmouline", *map(str, words)],
                              cwd=tmp_path, env=environment(installed[1]), text=True,
                              capture_output=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout + done.stderr

    cosmouline("skymaker/1", "tiny", "--out", tmp_path / "sky", "--frames", "4")
    frames, = (tmp_path / "sky" / "frames").iterdir()
    told = cosmouline("new", frames, "--name", "TINY", "--work-dir", tmp_path / "work")
    config = tmp_path / "configs" / "TINY"
    assert f"Next: cosmouline 1_character/1a_add_to_database {config}" in told
    with (config / "settings.py").open("a", encoding="utf-8") as file:
        file.write('\npoint_sources = {"A": (0.65, 0.30), "B": (-0.62, -0.35)}\n'
                   'extended_light = "none"\nn_norm_stars = 8\nmax_cpus = 1\n')
    cosmouline("run", config, "--no-pictures")
    cosmouline("4_norm/2a", config)

    curve, = (tmp_path / "work").glob("export/*.rdb")
    assert len(curve.read_text(encoding="utf-8").splitlines()) > 2
    assert str(ROOT) not in cosmouline("list")
