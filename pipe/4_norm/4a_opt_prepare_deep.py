"""Choose the images of the deep stack, by band.

Needs   : seeing (4_norm/0_pick_stars), coefficients, resampled images (3_align/2a_opt_align)
Writes  : combi_number -> database; report_deep_<combi_name>.txt
Settings: lens_name, combi_name, combi_fwhm_max_arcsec, combi_ellipticity_max, combi_coeff_max,
          combi_sky_max_e, combi_coefficient, renorm_name
Next    : 4_norm/4b_opt_combine_deep

Run as  : python pipe/4_norm/4a_opt_prepare_deep.py configs/MYLENS

Without any of the four limits the half with the best seeing is taken. The report has the reason
why each other image is not. Several stacks can exist at a time, under their own names.
"""

from cosmouline.database import bands, paths
from cosmouline.database.limits import Limits
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.images import db_stack
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("aligned_noise", "sky_level_e", "field_fwhm_arcsec", "field_ellipticity")
WRITES = ("combi_number__{combi}",)
COLUMNS = ("img_name", "number", "field_fwhm_arcsec", "field_ellipticity", "coefficient",
           "relative_sky_e", "why_not")
FORMATS = {"field_fwhm_arcsec": ".2f", "field_ellipticity": ".3f", "coefficient": ".3f",
           "relative_sky_e": ".0f"}


def compared(images, settings):
    """Return the rows of a band, best seeing first, with the limits that they exceed."""
    limits = Limits.of(settings, "combi_")
    rows = []
    for image in sorted(images, key=lambda im: (im["field_fwhm_arcsec"], im["img_name"])):
        coeff = db_stack.coefficient(image, settings)
        row = image | {"coefficient": coeff, "relative_sky_e": image["sky_level_e"] * coeff}
        beyond = limits.beyond(
            seeing=row["field_fwhm_arcsec"], ellipticity=row["field_ellipticity"],
            sky=row["relative_sky_e"], coefficient=coeff)
        rows.append(row | {"why_not": ", ".join(
            f"{name} above {getattr(limits, name):g}" for name in beyond if beyond[name])})
    if limits == Limits():
        for row in rows[(len(rows) + 1) // 2:]:
            row["why_not"] = "seeing in the worse half"
    return rows


def measure(images, settings):
    """Return the numbers of the images that are chosen, and write the report."""
    rows = compared(images, settings)
    chosen = [row for row in rows if not row["why_not"]]
    if not chosen:
        raise UserError(f"no image{' of the band ' * bool(settings.band)}{settings.band} is "
                        "within the limits combi_..._max of the settings.")
    for number, row in enumerate(chosen, 1):
        row["number"] = number
    path = paths.report(settings, f"deep_{settings.combi_name}")
    io_report.write_report(path, f"{settings.lens_name}: images of {settings.combi_name}",
                           io_report.table(rows, COLUMNS, FORMATS))
    log_line("%d of %d images chosen: %s", len(chosen), len(rows), paths.relative(path))
    return {row["img_name"]: {f"combi_number__{settings.combi_name}": row["number"]}
            for row in chosen}


def main(settings, db):
    """Choose among the images in use."""
    images = db.all_in_use(settings, NEEDS + db_stack.needs(settings))
    results = bands.merged(measure, images, settings)
    for_all_images(results, db.select(), settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
