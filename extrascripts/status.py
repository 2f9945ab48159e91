"""Report what is where: images, flags, scripts, names side by side, disk use, what is next.

Needs   : the database (1_character/1a_add_to_database)
Writes  : report_status.txt, the same as on the terminal
Settings: lens_name, psf_name, renorm_name, dec_name
Next    : the script that it names

Run as  : python extrascripts/status.py configs/MYLENS
"""

from cosmouline.database import inventory, paths, status
from cosmouline.database.script_header import listed_scripts
from cosmouline.files import io_report
from cosmouline.run import log_line, run


def main(settings, db):
    """Put the tables below each other."""
    order = listed_scripts()
    states = status.states(db, settings, order)
    script = status.next_script(db, states)
    parts = {
        "Images": inventory.sets_table(db), "Rejected": status.rejections(db),
        "Side by side": inventory.families_table(db),
        "Scripts": io_report.table(states, status.COLUMNS),
        "Files": "\n".join([*status.file_lines(states), *status.frame_lines(
            db.select(gogogo=True, treatme=True))]) or "all are as they were written",
        "Disk": inventory.disk_table(settings.work_dir),
        "Next": f"python pipe/{script}.py {settings.config_dir}" if script else
                "all is done" if db.select(gogogo=True, treatme=True) else
                "no image is in use: edit_database.py --treat on, or the reasons above"}
    text = "\n".join(f"--- {head}\n{part.rstrip()}\n" for head, part in parts.items())
    io_report.write_report(paths.report(settings, "status"), f"{settings.lens_name}: status", text)
    log_line("%s", text)


if __name__ == "__main__":
    run(main, __doc__)
