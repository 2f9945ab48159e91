"""Take over a reduction of the original COSMOULINE: settings, lists, database.

Needs   : its configuration folder (settings.py, lists, exported database) or its database alone:
          KirbyBase's text, SQLite, or an exported pickle
Writes  : OUT/settings.py and lists; WORK/database.json; never over an existing one
Settings: none (the options below)
Next    : lcmanip/1_join

Run as  : python extrascripts/import_cosmouline.py ~/old/configs/HE0435 --out configs/HE0435_old
          [--name HE0435] [--work-dir ~/cosmouline/HE0435_old]

Nothing of the old files is run: settings.py is parsed, a pickle of more than plain values refused.
The images have no products: lcmanip, quick-looks, exports and tools work on what the database has.
"""

from pathlib import Path

from cosmouline.database.database import Database
from cosmouline.database.script_header import how_to_run, new_config
from cosmouline.database.settings import load_settings
from cosmouline.engine.tool import run_tool
from cosmouline.errors import UserError
from cosmouline.files.io_text import write_text
from cosmouline.files.lock import Lock
from cosmouline.frames.new_lens import clean
from cosmouline.legacy import fields, reduction
from cosmouline.run import log_line

ARGUMENTS = {
    "old": {"type": Path, "help": "folder of the old configuration, or the old database"},
    "--name": {"help": "of the lens (default: lensName)"},
    "--out": {"type": Path, "help": "folder to make (configs/<name>)"},
    "--work-dir": {"help": "where the database will lie (~/cosmouline/<name>)"}}


def report(old, rows, left):
    """Log what was found, and what was not taken over; return what to run next."""
    if not rows:
        log_line("%s: settings and lists alone are taken over, so that there is nothing to join",
                 f"{old.database} is empty" if old.database else "no database")
        return how_to_run("1_character/1a_add_to_database")
    log_line("%d images in %s", len(rows), old.database)
    for dec, n in fields.deconvolutions(old.rows).items():
        log_line("deconvolution %s: %d images", dec, n)
    log_line("light curves are joined with %s%s", reduction.choices(old)["coefficient"]
             or "the coefficient of each deconvolution",
             "" if reduction.errors_known(old) else ", its error unknown")
    if n := sum("setname" not in row for row in old.rows):
        log_line("%d images have no setname: the set is the start of their names", n)
    for why in sorted(set(left.values())):
        names = [name for name, reason in left.items() if reason == why]
        log_line("not taken over, %s: %s", why, ", ".join(names))
    return how_to_run("lcmanip/1_join")


def main(options):
    """Read, convert, write, report."""
    old = reduction.read_old(options.old.expanduser().resolve())
    rows, left = reduction.converted(old)
    name = options.name or clean(str(old.settings.get("lensName") or options.old.resolve().stem))
    out = (options.out or new_config(name)).expanduser()
    work_dir = options.work_dir or f"~/cosmouline/{name}"
    database = Path(work_dir).expanduser() / "database.json"
    if path := next((path for path in (out, database) if path.exists()), None):
        raise UserError(f"{path} exists already: give another --out and --work-dir.")
    text = reduction.settings_text(old, rows, name, work_dir)
    out.mkdir(parents=True)
    write_text(out / "settings.py", text)
    log_line("copied: %s", ", ".join(reduction.copy_lists(old, out)) or "no list")
    load_settings(out)
    with Lock(database):
        db = Database(database)
        for img_name, row in rows.items():
            db.update(img_name, row)
        db.save()
    log_line("%s is written. Next: %s %s", out, report(old, rows, left), out)


if __name__ == "__main__":
    run_tool(main, __doc__, ARGUMENTS)
