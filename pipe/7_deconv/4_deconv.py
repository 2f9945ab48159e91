"""Fit all epochs of the lens in one model: point sources, galaxy, residual light, shifts, sky.

Needs   : dec_<dec_name>/epochs.npz (7_deconv/2_apply_norm), start.cat (7_deconv/3_write_start)
Writes  : dec_<dec_name>/fit.npz; dec_fit, its hash, and how the fit ended -> database
Settings: dec_name, deconv_engine, extended_light, psf_name, dec_coefficient, shift_prior,
          point_source_sigma_arcsec, source_epochs, extra_sources, dec_start_from,
          n_control_stars, n_held_epochs
Next    : 7_deconv/5a_png_check

Run as  : python pipe/7_deconv/4_deconv.py configs/MYLENS

Fluxes, sky and shift of each epoch are solved exactly. New epochs join the stored fit under its
scene; all are fitted again where that would move, after n_held_epochs, and with --redo.
"""

from cosmouline.database import bands, paths
from cosmouline.deconv import db_gather, db_products, db_readout, db_sources, db_warm_start
from cosmouline.deconv.db_control import with_control
from cosmouline.deconv.db_fit import fit as fit_epochs
from cosmouline.deconv.io_fit import digest, digest_each, write_fit
from cosmouline.engine import tasks
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("dec_number__{dec}", "dec_epochs__{dec}", "dec_start__{dec}")
WRITES = ("dec_fit__{dec}", "dec_objective__{dec}", "dec_change_sigma__{dec}",
          "n_dec_steps__{dec}", "n_dec_held__{dec}", "dec_ended__{dec}")


def fitted(content, sources, made, names, band, settings):
    """Return the fit and its errors from the PSFs: the stored one, one that goes on, or a new."""
    earlier = None if settings.options.redo else db_warm_start.stored(settings)
    if db_warm_start.is_the_same(earlier, made):
        log_line("nothing has changed: the stored fit stays (--redo fits again)")
        return earlier.fit, earlier.psf_error
    if not db_warm_start.can_go_on(earlier, content, made):
        earlier = settings.dec_start_from and db_warm_start.to_start_from(
            content, made, settings)._replace(made_of={})  # its model alone
    if earlier:
        log_line("going on from the stored fit of %d epochs", len(earlier.names))
    fit, psf_error = fit_epochs(content, sources, settings, earlier or None)
    fit = with_control(fit, band["images"], settings)
    return db_sources.with_doubts(fit, content, names, band, settings, earlier or None), psf_error


def measure(band, settings):
    """Fit a band and write; return the fields of its epochs."""
    settings = bands.only(settings, band["img_name"])
    content, stars = db_products.gathered_epochs(settings), db_products.start_sources(settings)
    db_gather.check_chosen(content, band["images"], settings)
    content, names = content._replace(keys=digest_each(content)), [star.name for star in stars]
    sources = db_sources.of_fit(stars, content, band["images"], band["reference"], settings)
    made = db_warm_start.made_of(content, sources, names, settings)
    fit, psf_error = fitted(content, sources, made, names, band, settings)
    path = paths.deconvolution(settings) / "fit.npz"
    write_fit(path, fit, psf_error, content.names, made)
    for line in (*db_readout.summary(fit, psf_error, names), paths.relative(path)):
        log_line("%s", line)
    return dict.fromkeys(content.names, {f"dec_fit__{settings.dec_name}": digest(fit)}
                         | db_readout.convergence(fit, settings.dec_name))


def main(settings, db):
    """Fit all epochs of every band at once; the fit of a band is a task of its own."""
    images = [row for row in db.select(gogogo=True) if f"dec_coeff__{settings.dec_name}" in row]
    left, results = {image["img_name"] for image in images}, {}
    todo = [{"img_name": one.band, "images": those, "reference": db.reference()}
            for one, those in bands.split(images, settings)]
    try:
        for band, values in tasks.results(measure, todo, settings, "fit",
                                          on_gpu=settings.deconv_engine == "starred"):
            left -= {image["img_name"] for image in band["images"]}
            results |= values
    finally:
        if results:  # also where a band has failed: the others keep theirs
            for_all_images(results, [row for row in db.select() if row["img_name"] not in left],
                           settings, db, measure=measure, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
