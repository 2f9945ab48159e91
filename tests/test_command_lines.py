"""The folder of the lens may stand before, between or behind the options of every script."""

import sys
from pathlib import Path

from cosmouline import run
from cosmouline.database.script_header import script_name
from cosmouline.database.settings import load_settings

import pytest

ROOT = Path(__file__).resolve().parents[1]
OF_A_LENS = [path.relative_to(ROOT).with_suffix("").as_posix() for pattern in (
    "pipe/[0-9]*/*.py", "pipe/fac_*/*.py", "lcmanip/*.py", "extrascripts/*.py")
    for path in sorted(ROOT.glob(pattern))
    if "run(main, __doc__" in path.read_text(encoding="utf-8")]
PARSED = {"pipe/run_all": ["--from", "3_align", "--alt", "x", "y"],
          "pipe/all_update/1_update": ["--no-pictures", "--cpus", "2"],
          "extrascripts/start_cluster": ["--no-jobs"],
          "extrascripts/start_worker": ["--workers", "2"]}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "lens").mkdir()
    (tmp_path / "lens" / "settings.py").write_text("")
    return str(tmp_path / "lens")


def own_words(arguments):
    """Return words for the arguments of a script: its own positionals, then what it requires."""
    words = [next(iter(one.get("choices", ["word"])))
             for name, one in arguments.items() if not name.startswith("-")]
    for name, one in arguments.items():
        if one.get("required"):
            words += [name, "word"]
    return words


@pytest.mark.parametrize("name", OF_A_LENS)
def test_the_lens_stands_anywhere(script, monkeypatch, folder, name):
    module, found = script(name), []
    monkeypatch.setattr(run, "stop_on_signals", lambda: None)
    monkeypatch.setattr(run, "log_to_terminal", lambda: None)
    monkeypatch.setattr(run, "_exit_status", lambda main, options: found.append(options) or 0)
    arguments = getattr(module, "ARGUMENTS", {})
    own = own_words(arguments)

    for words in ([folder, *own, "--redo", "--cpus", "2", "--only", "a", "b"],
                  [*own, "--redo", "--cpus", "2", "--only", "a", "b", folder],
                  ["--redo", folder, "--cpus", "2", *own, "--only", "a", "b"],
                  ["--cpus", "2", "--redo", *own, folder, "--only", "a", "b"]):
        with pytest.raises(SystemExit) as end:
            run.run(module.main, module.__doc__, arguments, words)
        assert end.value.code == 0, words
        assert found[-1].config_dir == folder
        assert (found[-1].redo, found[-1].cpus, found[-1].only) == (True, 2, ["a", "b"])
        assert vars(found[-1]) == vars(found[0])
    assert found[0].script == script_name(ROOT / f"{name}.py")


@pytest.mark.parametrize("name", PARSED)
def test_the_lens_stands_anywhere_for_what_runs_scripts_or_clusters(script, monkeypatch, folder,
                                                                    name):
    module, found = script(name), []
    for words in ([folder, *PARSED[name]], [*PARSED[name], folder]):
        monkeypatch.setattr(sys, "argv", [name, *words])
        found.append(vars(module.parse()))

    assert found[0]["config_dir"] == folder
    assert found[1] == found[0]


def test_what_starts_a_command_of_its_own_leaves_its_lens_alone(script, monkeypatch, folder):
    monkeypatch.setattr(sys, "argv", ["start_cluster", "--run", "python", "run_all.py", folder])
    monkeypatch.delenv("COSMOULINE_CONFIG", raising=False)

    options = script("extrascripts/start_cluster").parse()

    assert (options.config_dir, options.run) == (None, ["python", "run_all.py", folder])


@pytest.mark.parametrize(("words", "config_dir"), [
    (["--to", "{folder}", "{other}"], "{other}"), (["{other}", "--to", "{folder}"], "{other}"),
    (["--to", "{folder}"], None)])
def test_the_value_of_an_option_is_not_the_lens(script, monkeypatch, folder, tmp_path, words,
                                                config_dir):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "settings.py").write_text("")
    names = {"folder": folder, "other": str(tmp_path / "other")}
    module, found = script("pipe/fac_combi/5_opt_new_config"), []
    monkeypatch.delenv("COSMOULINE_CONFIG", raising=False)
    monkeypatch.setattr(run, "stop_on_signals", lambda: None)
    monkeypatch.setattr(run, "log_to_terminal", lambda: None)
    monkeypatch.setattr(run, "_exit_status", lambda main, options: found.append(options) or 0)

    with pytest.raises(SystemExit):
        run.run(module.main, module.__doc__, module.ARGUMENTS,
                [word.format(**names) for word in words])

    assert found[0].to == folder
    assert found[0].config_dir == (config_dir and config_dir.format(**names))


def test_a_word_too_many_is_refused_and_the_variable_counts_without_a_lens(
        script, monkeypatch, folder, capsys):
    module = script("extrascripts/start_worker")
    monkeypatch.setenv("COSMOULINE_CONFIG", "elsewhere")
    monkeypatch.setattr(sys, "argv", ["start_worker", folder, "surplus"])
    with pytest.raises(SystemExit) as end:
        module.parse()
    assert end.value.code == 2
    assert "unrecognized arguments: surplus" in capsys.readouterr().err

    monkeypatch.setattr(sys, "argv", ["start_worker"])
    assert module.parse().config_dir == "elsewhere"
    monkeypatch.setattr(sys, "argv", ["start_worker", "nowhere"])  # load_settings will refuse it
    assert module.parse().config_dir == "nowhere"


def test_the_settings_file_stands_for_its_folder(script, monkeypatch, folder):
    module = script("extrascripts/start_worker")
    monkeypatch.setattr(sys, "argv", ["start_worker", f"{folder}/settings.py"])

    assert module.parse().config_dir == folder
    assert load_settings(f"{ROOT}/configs/demo/settings.py").config_dir == ROOT / "configs/demo"


def test_a_relative_folder_counts_from_here_and_else_from_the_root(script, monkeypatch, folder):
    module = script("extrascripts/start_worker")
    monkeypatch.setattr(sys, "argv", ["start_worker"])
    monkeypatch.chdir(Path(folder).parent)

    for given, found in (("lens", "lens"), ("configs/demo", str(ROOT / "configs/demo")),
                         ("configs/nowhere", "configs/nowhere")):
        monkeypatch.setenv("COSMOULINE_CONFIG", given)
        assert module.parse().config_dir == found
    monkeypatch.setattr(sys, "argv", ["start_worker", "configs/demo"])
    assert module.parse().config_dir == str(ROOT / "configs/demo")
