"""Lines for a terminal that cannot show all letters."""

import os
import subprocess
import sys
from pathlib import Path

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


def test_the_log_file_of_the_script_before_is_closed(tmp_path):
    """Two scripts in one process: each has its lines in its own file."""
    code = ("import logging, sys\nfrom cosmouline.engine.terminal import log_to_terminal\n"
            "for name in sys.argv[1:]:\n"
            "    log_to_terminal()\n"
            "    handler = logging.FileHandler(name)\n"
            "    for one in ('cosmouline', 'cosmouline.file'):\n"
            "        logging.getLogger(one).addHandler(handler)\n"
            "    logging.getLogger('cosmouline').info(name)\n"
            "    logging.getLogger('cosmouline.file').info('file')\n")
    names = [str(tmp_path / name) for name in ("one", "two")]
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, check=True,
                          text=True)

    assert done.stdout.split() == names
    for name in names:
        assert Path(name).read_text() == f"{name}\nfile\n"
