"""Draw the field in colour and the checks, and write the page of its photometry.

Needs   : photom_<photom_name>/photom.ecsv and stacks.ecsv (fac_photom/4_measure)
Writes  : photom_<photom_name>/index.html (opens without a server), colour.png; plots/photom_*.png
Settings: lens_name, photom_name, photom_apertures
Next    : nothing, or another photom_name

Run as  : python pipe/fac_photom/5_report.py configs/MYLENS

The page: the field in colour (reddest, middle and bluest filter) with a mark on each source, a
line for each stack, what moves, and a table that is sorted by a click and searched.
"""

from cosmouline.database import paths
from cosmouline.database.notation import AUTO
from cosmouline.errors import UserError
from cosmouline.files import io_html, io_table
from cosmouline.images import db_photom_stacks
from cosmouline.pages import drawing, field_photometry
from cosmouline.plots.survey.field_photometry import measured_page, picture_page
from cosmouline.run import log_line, run

NEEDS = ()
WRITES = ()


def main(settings, db):
    """Draw, and write the page."""
    if not paths.photom_table(settings).is_file():
        raise UserError(f"{paths.photom_table(settings)} is missing. Run fac_photom/4_measure.py "
                        "first.")
    rows = io_table.read_ecsv(paths.photom_table(settings))
    stacks = dict(db_photom_stacks.all_nights(settings))
    table = {row["filter"]: row
             for row in io_table.read_ecsv(paths.photometry(settings) / "stacks.ecsv")}
    lines = [table[name] for name in field_photometry.blue_to_red(table)]
    picture = field_photometry.colour_picture(stacks)
    folder, title = paths.photometry(settings), f"{settings.lens_name}: photometry of the field"
    drawing.save_as(picture_page(picture), folder / "colour.png", settings, __file__)
    found = [field_photometry.measured_of(
        rows, one, io_table.read_ecsv(stacks[one["filter"]].parent / "noise.ecsv"))
        for one in lines]
    plot = f"photom_{settings.photom_name}"
    drawing.save_plot(measured_page(found, title), plot, settings, __file__)
    apertures = [name for name in settings.photom_apertures if name != AUTO]
    io_html.write_if_changed(folder / "index.html", field_photometry.html(
        rows, lines, apertures, ("colour.png",), ("..", "plots", f"{plot}.png"),
        picture.shape[:2], title))
    log_line("page: %s", paths.relative(folder / "index.html"))


if __name__ == "__main__":
    run(main, __doc__)
