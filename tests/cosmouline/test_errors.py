"""Texts of somebody else in messages of one line."""

import errno
import subprocess
import sys

from cosmouline.errors import UserError, disk_trouble, guarded, one_line

import numpy as np
import pytest


@pytest.mark.parametrize(("text", "line"), [
    ("two\nlines\tand  blanks", "two lines and blanks"), ("\x1b[31mred\0", "?[31mred?"),
    ("half \udcff", "half ?"), ("é ☃", "é ☃"), ("x" * 300, "x" * 200 + "...")])
def test_a_text_becomes_one_line_that_can_be_shown(text, line):
    assert one_line(text) == line


@pytest.mark.parametrize(("error", "line"), [
    (OSError(errno.ENOSPC, "x", "a.fits"), "the disk is full (a.fits)"),
    # astropy's own words, and what it makes of another error's
    (OSError("Not enough space on disk: requested 8000, available 0. "), "the disk is full"),
    (OSError("[Errno 122] Disk quota exceeded"), "your quota is used up"),
    (OSError(errno.ENOENT, "x"), ""), (OSError("No SIMPLE card found"), "")])
def test_a_full_disk_is_recognised_where_its_number_is_hidden(error, line):
    assert disk_trouble(error).partition(". Make room")[0] == line


def test_a_full_disk_under_numpy_is_recognised():
    with pytest.raises(OSError, match="requested and") as caught:
        np.zeros(10**6).tofile("/dev/full")

    assert caught.value.errno is None
    assert disk_trouble(caught.value).startswith("the disk is full. Make room")


@pytest.mark.parametrize(("error", "status", "said"), [
    (UserError("mend this."), 1, "tool: mend this."),
    (KeyError("bug"), 1, "tool: unexpected KeyError: 'bug'. Set COSMOULINE_DEBUG=1 to see where."),
    (FileNotFoundError(2, "No such file", "x"), 1,
     "tool: x: No such file. Correct that, then run this again."),
    (OSError(errno.ENOSPC, "x"), 1,
     "tool: the disk is full. Make room, then run this again; what is finished is kept."),
    (KeyboardInterrupt(), 130, None)])
def test_what_a_command_raises_becomes_one_line(error, status, said, caplog, monkeypatch):
    def main(_):
        raise error

    monkeypatch.delenv("COSMOULINE_DEBUG", raising=False)
    assert guarded(main, "tool", 1) == status
    assert caplog.messages == [said] * (said is not None)
    assert guarded(lambda: None, "tool") == 0
    assert guarded(lambda: 3, "tool") == 3


def test_a_traceback_is_shown_on_request(monkeypatch):
    monkeypatch.setenv("COSMOULINE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        guarded(lambda: 1 / 0, "tool")


def test_a_reader_that_goes_away_is_no_fault():
    done = subprocess.run(f"{sys.executable} -m cosmouline.engine.command list | head -1",
                          shell=True, text=True, capture_output=True, check=True)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
