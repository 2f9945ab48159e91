"""Write the generated pages of doc/: scripts.md, tools, fields, settings, architecture.

Needs   : pipe/order.py, the headers of the scripts, the table of fields, configs/sample
Writes  : doc/scripts.md, doc/tools.md, doc/fields.md, doc/settings.md, doc/architecture.md, .svg
Settings: none
Next    : commit them

Run as  : python extrascripts/write_docs.py

A test fails when the pages are out of date.
"""

import argparse
import runpy
import sys

from cosmouline.database import architecture, manual
from cosmouline.database.script_header import ROOT, script_name
from cosmouline.errors import guarded
from cosmouline.files.io_text import write_text

# The rooms of the library in the order of the data: a file imports only from rooms before its own.
ROOMS = ("errors", "robust", "dates", "threads", "files", "plots", "database", "engine", "frames",
         "astrometry", "images", "sources", "photometry", "stamps", "psf", "shapes", "deconv",
         "injection", "lightcurve", "pages", "run", "legacy", "skymaker")


def pages():
    """Return the text of every generated page, by file name."""
    routes = runpy.run_path(str(ROOT / "pipe" / "order.py"))
    order = manual.all_scripts(*routes["EVERY"])
    tools = [script_name(path) for folder in ("extrascripts", "skymaker")
             for path in sorted((ROOT / folder).glob("*.py"))]
    return {"scripts.md": manual.scripts_page(order), "tools.md": manual.tools_page(tools),
            "fields.md": manual.fields_page(), "settings.md": manual.settings_page(),
            "architecture.md": architecture.architecture_page(ROOMS, routes["QUASAR"]),
            "architecture.svg": architecture.architecture_picture(ROOMS)}


def main():
    """Write all pages."""
    argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter).parse_intermixed_args()
    for name, text in pages().items():
        write_text(ROOT / "doc" / name, text)


if __name__ == "__main__":
    sys.exit(guarded(main, "write_docs.py"))
