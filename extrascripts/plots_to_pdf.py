"""Write all plots of a lens into one PDF, a page each.

Needs   : plots/*.png of the scripts that draw
Writes  : export/<lens>_plots.pdf
Settings: lens_name
Next    : look at it, or send it

Run as  : python extrascripts/plots_to_pdf.py configs/MYLENS [--match stars]

--match takes only the plots whose names hold a text, such as the name of a renormalisation.
"""

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.plots.pdf import write_pdf
from cosmouline.run import log_line, run

ARGUMENTS = {"--match": {"default": "", "metavar": "TEXT", "help": "plots with this in the name"}}


def main(settings, db):
    """Write the file."""
    folder, match = paths.plot(settings, "x").parent, settings.options.match
    pictures = sorted(path for path in folder.glob("*.png") if match in path.stem)
    if not pictures:
        raise UserError(f"there is no plot{f' with {match} in its name' if match else ''} in "
                        f"{paths.relative(folder)}. Run a script that draws first.")
    name = f"{settings.lens_name}_plots{f'_{match}' if match else ''}.pdf"
    path = paths.exports(settings) / name
    log_line("%d pages: %s", write_pdf(path, pictures), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
