"""Compare a finished reduction of simulated frames with the truth next to the frames.

Needs   : fluxes (7_deconv/6_readout), star fluxes, and the truth tables of skymaker
Writes  : report_truth.txt, plots/truth.png
Settings: lens_name, dec_name, psf_name, renorm_name, norm_stars
Next    : look at plots/truth.png

Run as  : python extrascripts/compare_with_truth.py configs/demo --truth demo/sky

Exit status 1 if a curve misses: mean bias above 2 % (4 % for the faintest source), pulls outside
0.7 to 1.4, a bad frame in use, or a good one out of use. Each band is compared by itself, and in
it each set where there are several, which is told alone; the truth of a frame of another camera
is what the camera of the reference image would have seen.
"""

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.pages import drawing
from cosmouline.plots.light_curve_pages import measured_and_true
from cosmouline.run import log_line, run
from cosmouline.skymaker import db_truth

ARGUMENTS = {"--truth": {"required": True, "help": "folder with truth_frames.ecsv"}}
BIAS_MAX, BIAS_MAX_FAINTEST = 0.02, 0.04
PULL_MIN, PULL_MAX = 0.7, 1.4
COLUMNS = ("source", "measured mag", "true mag", "bias %", "systematic %", "scatter %",
           "error %", "pull")
FORMATS = {"measured mag": ".3f", "true mag": ".3f", "bias %": "+.2f", "systematic %": ".2f",
           "scatter %": ".2f", "error %": ".2f", "pull": ".2f"}


def misses(lines):
    """Return what is wrong with the curves, in words; one set of several has its colour term."""
    lines = [line for line in lines if line["images"] == "all"]
    faintest = max(lines, key=lambda line: line["true mag"])
    for line in lines:
        limit = 100 * (BIAS_MAX_FAINTEST if line is faintest else BIAS_MAX)
        if abs(line["bias %"]) > limit:
            yield f"{line['source']}: bias of {line['bias %']:.2f} %, more than {limit:g} %"
        if not PULL_MIN <= line["pull"] <= PULL_MAX:
            yield f"{line['source']}: pull of {line['pull']:.2f}"


def wrong_verdicts(db, defects):
    """Log the frames out of use; yield those in use that should not be, and the reverse."""
    for row in db.select():
        defect = defects[row["img_name"]]
        if not row["gogogo"]:
            log_line("%s is out of use: %s", row["img_name"], row["whynot"])
        if row["gogogo"] == bool(defect):
            yield f"{row['img_name']}: {defect or 'a good frame'}, but its gogogo is " \
                  f"{row['gogogo']}"


def main(settings, db):
    """Compare, report, draw, and fail if a curve misses."""
    wrong = []
    for one, found in db_truth.compare_sources(db, settings, settings.options.truth):
        of_sets = {line["images"] for line in found.lines} != {"all"}
        text = io_report.table(found.lines, ("images",) * of_sets + COLUMNS, FORMATS)
        io_report.write_report(paths.report(one, "truth"), f"{drawing.lens(one)}: truth", text)
        log_line("%s", text)
        page = measured_and_true(found.mhjd, found.mags, found.mag_sigmas, found.sources,
                                 found.true_mhjd, found.true_mags,
                                 title=f"{drawing.lens(one)}: measured and true")
        drawing.save_plot(page, "truth", one, __file__)
        wrong += [f"{one.band} {text}".strip() for text in misses(found.lines)]
    wrong += wrong_verdicts(db, found.defects)
    if wrong:
        raise UserError(f"the truth is missed. {'; '.join(wrong)}")
    log_line("all curves meet the truth; bad frames are out of use.")


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
