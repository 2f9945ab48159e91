"""Lines for a terminal that cannot show all letters."""

import os
import subprocess
import sys

CODE = """
import logging
from cosmouline.engine.terminal import log_to_terminal
log_to_terminal()
log = logging.getLogger("cosmouline")
log.info("one line")
log.warning("H\\u00e9l\\u00e8ne: few stars")
log.error("H\\u00e9l\\u00e8ne: no frame")
logging.getLogger("cosmouline.file").error("for the log file alone")
"""


def test_no_line_is_lost_for_a_letter():
    """Python would drop the whole line, silently, as logging does with errors of its own."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True,
                          env=os.environ | {"PYTHONIOENCODING": "ascii"})

    assert done.stdout == b"one line\nH\\xe9l\\xe8ne: few stars\n"
    assert done.stderr == b"H\\xe9l\\xe8ne: no frame\n"  # nor what is for the log file
