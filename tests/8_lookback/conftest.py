"""A real browser for the tests of the pages: Chromium, told what to do through a pipe."""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
           "--no-first-run", "--disable-extensions", "--disable-background-networking",
           "--disable-dev-shm-usage", "--mute-audio", "--force-device-scale-factor=1")
PLUG = "import os, sys; os.dup2({0}, 3); os.dup2({1}, 4); os.execvp(sys.argv[1], sys.argv[1:])"
PATIENCE_S = 60
# what a key needs beside its name to be obeyed by the browser itself
KEY_CODES = {"Tab": {"windowsVirtualKeyCode": 9}, "Escape": {"windowsVirtualKeyCode": 27},
             "Enter": {"windowsVirtualKeyCode": 13, "text": "\r"},
             " ": {"windowsVirtualKeyCode": 32, "text": " "}}
AXE = Path(os.environ.get("AXE_CORE") or Path(__file__).parents[2] / "node_modules/axe-core",
           "axe.min.js")


class Browser:
    """One window of Chromium, moved by messages of its DevTools protocol (no driver needed)."""

    def __init__(self, program, profile):
        commands, self._write = os.pipe()
        self._read, answers = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", PLUG.format(commands, answers), program, *OPTIONS,
             f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self._numbers, self._rest, self._session = itertools.count(1), b"", {}
        self.complaints = []  # errors of the pages: exceptions, files not found

    def attach(self):
        """Open the window."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": found["sessionId"]}
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.size(1400, 1000)

    def call(self, method, **params):
        """Send one message and give its answer."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params, **self._session}
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def _message(self):
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], PATIENCE_S)
            assert ready, "the browser does not answer"
            some = os.read(self._read, 1 << 16)
            assert some, "the browser has gone"
            self._rest += some
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(message["params"]["exceptionDetails"])
        if message.get("method") == "Log.entryAdded" and (
                message["params"]["entry"]["level"] == "error"):
            self.complaints.append(message["params"]["entry"])
        return message

    def size(self, width, height, **more):
        """Set the size of the window in pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False, **more)

    def open(self, path, state=""):
        """Open a page from the file system; wait until all of it is there."""
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=path.resolve().as_uri() + state)
        self.wait_for("location.protocol === 'file:' && document.readyState === 'complete'")

    def wait_for(self, expression):
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE_S
        while not self.value(expression):
            assert time.monotonic() < end, expression
            time.sleep(0.02)

    def value(self, expression):
        """Give the value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                          awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def texts(self, selector):
        """Give the texts of all elements of a selector."""
        return self.value(f"[...document.querySelectorAll({json.dumps(selector)})]"
                          ".map((one) => one.textContent.trim())")

    def mouse(self, what, x, y, **more):
        """Send one event of the mouse: Moved, Pressed or Released."""
        self.call("Input.dispatchMouseEvent", type=f"mouse{what}", x=x, y=y,
                  **{"button": "left", "clickCount": 1} | more)

    def click(self, x, y):
        self.mouse("Moved", x, y, button="none")
        self.mouse("Pressed", x, y)
        self.mouse("Released", x, y)

    def drag(self, start, end, **more):
        self.mouse("Moved", *start, button="none")
        self.mouse("Pressed", *start, **more)
        self.mouse("Moved", *end, **more)
        self.mouse("Released", *end, **more)

    def key(self, key, modifiers=0):
        for what in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=what, key=key, modifiers=modifiers,
                      **KEY_CODES.get(key, {}))

    def violations(self):
        """Give what axe-core finds wrong with the page: rules, and the first element of each."""
        if not AXE.is_file():
            pytest.skip("no axe-core: npm install --no-save axe-core, or its folder in AXE_CORE")
        self.value(f"{AXE.read_text()}; 0")
        found = self.value("axe.run({preload: false}).then((found) => JSON.stringify("
                           "found.violations.map((one) => [one.id, one.nodes[0].html])))")
        return json.loads(found)

    def picture(self, path):
        """Write what the window shows as a PNG."""
        shown = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shown["data"]))

    def close(self):
        self._session = {}
        self.call("Browser.close")
        self.give_up()

    def give_up(self):
        """Close the pipe, at which the browser ends, and wait for that."""
        os.close(self._write)
        os.close(self._read)
        self.process.wait(PATIENCE_S)


@pytest.fixture(scope="session")
def _window(tmp_path_factory):
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no chromium on this machine (apt-get install chromium)")
    window = Browser(program, tmp_path_factory.mktemp("profile"))
    try:
        window.attach()
    except (AssertionError, OSError) as problem:  # a package that only tells how to install it
        window.give_up()
        pytest.skip(f"{program} does not start: {problem}")
    yield window
    window.close()


@pytest.fixture
def browser(_window):
    """Give a `Browser` window; no page may complain of anything while a test uses it."""
    _window.complaints.clear()
    yield _window
    assert not _window.complaints
