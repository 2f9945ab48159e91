"""Compare a finished reduction of simulated frames with the truth next to the frames.

Needs   : fluxes (7_deconv/6_readout), star fluxes, and the truth tables of skymaker
Writes  : report_truth.txt, plots/truth.png
Settings: lens_name, dec_name, psf_name, renorm_name, norm_stars
Next    : look at plots/truth.png

Run as  : python extrascripts/compare_with_truth.py configs/demo --truth demo/sky

Exit status 1 if a curve misses: mean bias above 2 % (4 % for the faintest source), a pull outside
0.7 to 1.4 and beyond 3 sigma of chance, a bad frame in use, or a good one out of use. Bands are
compared by themselves, with the sets of each. A filter with a colour term makes a source brighter
by term x (mean colour of the stars of the coefficients - its colour): "colour %", taken out.
"""

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.pages import drawing
from cosmouline.plots.light_curve_pages import measured_and_true
from cosmouline.run import log_line, run
from cosmouline.skymaker import db_truth
from cosmouline.skymaker.truth import pull_limits

ARGUMENTS = {"--truth": {"required": True, "help": "folder with truth_frames.ecsv"}}
BIAS_MAX, BIAS_MAX_FAINTEST, PULL_MIN, PULL_MAX = 0.02, 0.04, 0.7, 1.4
COLOUR_LEAST = 0.01  # per cent: less is the rounding of the truth
FORMATS = {"source": "", "measured mag": ".3f", "true mag": ".3f", "colour %": "+.2f",
           "bias %": "+.2f", "systematic %": ".2f", "scatter %": ".2f", "error %": ".2f",
           "pull": ".2f"}


def misses(lines):
    """Return what is wrong with the curves of all images, in words."""
    faintest = max(lines, key=lambda line: line["true mag"])
    for line in lines:
        limit = 100 * (BIAS_MAX_FAINTEST if line is faintest else BIAS_MAX)
        if abs(line["bias %"]) > limit:
            yield f"{line['source']}: bias of {line['bias %']:.2f} %, more than {limit:g} %"
        limits = pull_limits(line["n"])
        if not min(PULL_MIN, limits[0]) <= line["pull"] <= max(PULL_MAX, limits[1]):
            yield f"{line['source']}: pull of {line['pull']:.2f}"


def wrong_verdicts(db, defects, dec_name):
    """Log the frames out of use; yield bad ones that have fluxes, and good ones without."""
    for row in db.select():
        defect, has_flux = defects[row["img_name"]], f"dec_chi2__{dec_name}" in row
        if not row["gogogo"]:
            log_line("%s is out of use: %s", row["img_name"], row["whynot"])
        if (row["gogogo"] and has_flux) == bool(defect):
            yield f"{row['img_name']}: {defect or 'good'}, but {'in' if defect else 'out of'} use"


def main(settings, db):
    """Compare, report, draw, and fail if a curve misses."""
    wrong = []
    for one, found in db_truth.compare_sources(db, settings, settings.options.truth):
        whole = [line for line in found.lines if line["images"] == "all"]
        of_sets = len(whole) < len(found.lines)
        of_filters = any(abs(line["colour %"]) > COLOUR_LEAST for line in found.lines)
        columns = ["images"] * of_sets + [c for c in FORMATS if of_filters or c != "colour %"]
        text = io_report.table(found.lines, columns, FORMATS)
        io_report.write_report(paths.report(one, "truth"), f"{drawing.lens(one)}: truth", text)
        log_line("%s", text)
        if of_filters:
            log_line("colour %: a colour term on sources bluer or redder than stars; taken out")
        page = measured_and_true(
            found.mhjd, found.mags, found.mag_sigmas, found.sources, found.true_mhjd,
            found.true_mags, title=f"{drawing.lens(one)}: measured and true")
        drawing.save_plot(page, "truth", one, __file__)
        wrong += [f"{one.band} {text}".strip() for text in misses(whole)]
    wrong += wrong_verdicts(db, found.defects, settings.dec_name)
    if wrong:
        raise UserError(f"the truth is missed. {'; '.join(wrong)}")
    log_line("all curves meet the truth; bad frames are out of use.")


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
