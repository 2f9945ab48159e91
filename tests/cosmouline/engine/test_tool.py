from cosmouline.engine.tool import run_tool
from cosmouline.errors import UserError

import pytest


def ended(main, *argv):
    """Give the exit status."""
    with pytest.raises(SystemExit) as end:
        run_tool(main, "What it does.", {"file": {}, "--n": {"type": int, "default": 3}}, argv)
    return end.value.code


def test_options_reach_the_tool():
    found = []

    assert ended(found.append, "a.fits", "--n", "4") == 0
    assert (found[0].file, found[0].n) == ("a.fits", 4)


def test_a_mistake_of_the_user_is_one_line(capsys):
    def main(options):
        raise UserError(f"there is no {options.file}.")

    assert ended(main, "a.fits") == 1
    said = capsys.readouterr()
    assert said.err.endswith(": there is no a.fits.\n")
    assert said.out == ""


def test_an_interrupt_and_a_wrong_option():
    def main(options):
        raise KeyboardInterrupt

    assert ended(main, "a.fits") == 130
    assert ended(main, "a.fits", "--m") == 2
