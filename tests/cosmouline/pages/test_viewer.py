"""viewer.py without a screen: keys, and lists that lose nothing."""

from cosmouline.files.io_catalog import read_image_list
from cosmouline.pages import viewer

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.backend_bases import KeyEvent


def test_a_list_keeps_what_is_there_and_gets_new_lines_at_its_end(tmp_path):
    path = tmp_path / "kicklist.txt"
    path.write_text("# my list\n\na trail   of a plane\nb")

    assert viewer.append_to_list(path, ["b", "c", "c"], "bad\nsky") == ["c"]

    assert path.read_text() == "# my list\n\na trail   of a plane\nb\nc bad sky\n"
    assert viewer.append_to_list(path, ["a"]) == []
    assert viewer.append_to_list(tmp_path / "new.txt", ["x"]) == ["x"]
    assert read_image_list(tmp_path / "new.txt") == {"x": "by eye"}


def test_keys_choose_and_move():
    choice = viewer.Choice(["a", "b", "c"], ["c"])

    for key in ("left", "x", "right", "x", "left", "k", "x"):
        assert choice.press(key)
    assert list(choice.out) == ["a"]  # c stands in the list already, b was kept again
    assert choice.place == 2
    assert "c   in the list" in choice.title()
    assert not choice.press("q")


def test_the_window_writes_when_it_is_closed(tmp_path, monkeypatch):
    pictures = {}
    for name in ("a", "b"):
        pictures[name] = tmp_path / f"{name}.png"
        pyplot.imsave(pictures[name], np.zeros((4, 4)))
    keymap = dict(pyplot.rcParams)
    monkeypatch.setattr(viewer, "open_window", lambda page: pyplot)

    def shown():
        figure = pyplot.gcf()
        for key in ("x", "k", "q"):
            event = KeyEvent("key_press_event", figure.canvas, key)
            figure.canvas.callbacks.process(event.name, event)

    monkeypatch.setattr(pyplot, "show", shown)
    try:
        added = viewer.choose(pictures, tmp_path / "list.txt", tmp_path / "page.html")
    finally:
        pyplot.rcParams.update(keymap)

    assert added == ["a"]
    assert read_image_list(tmp_path / "list.txt") == {"a": "by eye"}
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_no_screen_is_told(monkeypatch, variable):
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(Exception, match="no DISPLAY"):
        viewer.open_window("page.html")
    monkeypatch.setenv(variable, ":99")
    monkeypatch.setattr(pyplot, "switch_backend", lambda name: None)
    with pytest.raises(Exception, match=r"(?i)backend agg"):
        viewer.open_window("page.html")
