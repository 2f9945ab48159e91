"""Every command block of README and tutorial: scripts, options and settings that exist.

Each command line is given to the parser of its own script, which stops there. What runs is in
end_to_end/test_pages_by_hand.py.
"""

import argparse
import ast
import re
import runpy
import shlex
import sys
from pathlib import Path

from cosmouline.database.settings import SAMPLE, load_settings

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "doc/tutorial.md")
PYTHON = ("python", ".venv/bin/python")
SHELL = {"cp", "export", "make", "pip", "rm", "source"}


class ParsedError(BaseException):  # no error, which the script would report
    """A command line that its script understands."""


def blocks(page, kind):
    """Return the fenced blocks of a page of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.M)


def commands(page):
    """Return the command lines of a page: of its blocks, and those within the text."""
    found = [line for block in blocks(page, "sh") for line in block.splitlines()]
    found += re.findall(r"`((?:\.venv/bin/)?python [a-z]\S*\.py[^`]*)`", (ROOT / page).read_text())
    lines = [shlex.split(line, comments=True) for line in found]
    return [tuple(line) for line in dict.fromkeys(map(tuple, lines)) if line]


ALL = [(page, line) for page in PAGES for line in commands(page)]


def is_python(line):
    return line[0] in PYTHON


def parsed(line, monkeypatch):
    """Run a script of a command line up to where it has read its options; return them."""
    def stop(parser, words=None, namespace=None):
        options, rest = parser.parse_known_intermixed_args(words, namespace)
        assert not rest, f"{' '.join(line)}: {rest}"
        raise ParsedError(options)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_intermixed_args", stop)
    monkeypatch.setattr(sys, "argv", list(line[1:]))
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COSMOULINE_CONFIG", "configs/demo")
    with pytest.raises(ParsedError) as found:
        runpy.run_path(line[1], run_name="__main__")
    return found.value.args[0]


@pytest.mark.parametrize("line", sorted({line for _, line in ALL if is_python(line)
                                         and "--help" not in line}),
                         ids=" ".join)
def test_a_script_understands_its_command_line(line, monkeypatch):
    options = parsed(line, monkeypatch)

    for given in ("first", "last"):  # of run_all.py: some script begins so
        if name := getattr(options, given, ""):
            folder, _, rest = name.partition("/")
            assert list((ROOT / "pipe" / folder).glob(f"{rest}*.py")), name


def test_an_option_that_does_not_exist_is_found(monkeypatch):
    with pytest.raises((SystemExit, AssertionError)):
        parsed(("python", "pipe/run_all.py", "configs/demo", "--form", "5_psf"), monkeypatch)


@pytest.mark.parametrize("page", PAGES)
def test_other_commands_are_known_and_name_what_is_there(page):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    lines = [line for line in commands(page) if not is_python(line)]

    assert {line[0] for line in lines} <= SHELL
    for line in lines:
        if line[0] == "make":
            assert line[1] in targets
        elif line[0] in ("cp", "source") and not line[1].startswith((".venv", "demo/")):
            assert (ROOT / next(word for word in line[1:] if word[0] != "-")).exists(), line


@pytest.mark.parametrize(("page", "text"), [(page, text) for page in PAGES for text in
                                            blocks(page, "python") if "import" not in text])
def test_settings_of_a_page_can_be_read(page, text, tmp_path):
    """With a work_dir where they have none; programs run in end_to_end/test_pages_by_hand.py."""
    names = {one.id for node in ast.parse(text).body if isinstance(node, ast.Assign)
             for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    known = {node.target.id for node in ast.parse(SAMPLE.read_text()).body
             if isinstance(node, ast.AnnAssign)}

    assert names <= known
    (tmp_path / "settings.py").write_text(f"work_dir = {str(tmp_path / 'work')!r}\n" * (
        "work_dir" not in names) + text)
    settings = load_settings(tmp_path)
    assert settings.notices == []
    assert settings.sets
