"""Fit all epochs of the lens in one model: point sources, galaxy, residual light, shifts, sky.

Needs   : dec_<dec_name>/epochs.npz (7_deconv/2_apply_norm), start.cat (7_deconv/3_write_start)
Writes  : dec_<dec_name>/fit.npz; dec_fit, its hash, and how the fit ended -> database
Settings: dec_name, deconv_engine, extended_light, psf_name, dec_coefficient, shift_prior,
          point_source_sigma_arcsec, source_epochs, extra_sources, dec_start_from
Next    : 7_deconv/5a_png_check

Run as  : python 4_deconv.py ../../configs/MYLENS

The fluxes, the sky and the shift of each epoch are solved exactly; noise and masks come from the
model; the errors from the full covariance, the PSFs' errors from their draws. With new nights the
fit goes on from the stored one; --redo starts anew.
"""

from cosmouline import bands, lens_sources, paths, products, readout, warmstart
from cosmouline.deconv_engines import fit as fit_epochs
from cosmouline.errors import UserError
from cosmouline.io_deconv import digest, write_fit
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("dec_number__{dec}", "dec_epochs__{dec}", "dec_start__{dec}")
WRITES = ("dec_fit__{dec}", "dec_objective__{dec}", "dec_change_sigma__{dec}",
          "n_dec_steps__{dec}", "dec_ended__{dec}")


def check(content, images, settings):
    """Stop where the epochs are not those of the images chosen now."""
    chosen = {image["img_name"]: image[f"dec_coeff__{settings.dec_name}"] for image in images}
    if chosen != dict(zip(content.names, content.epochs.coeff.tolist(), strict=True)):
        raise UserError("images or coefficients have changed since the epochs were gathered. "
                        "Run 7_deconv/2_apply_norm.py again.")


def fitted(content, sources, made, settings):
    """Return the fit and its errors from the PSFs: the stored one, one that goes on, or a new."""
    earlier = None if settings.options.redo else warmstart.stored(settings)
    if warmstart.is_the_same(earlier, made):
        log_line("nothing has changed: the stored fit stays (--redo fits again)")
        return earlier.fit, earlier.psf_error
    if not warmstart.can_go_on(earlier, content, made):
        other = settings.dec_start_from
        earlier = warmstart.to_start_from(content, made, settings) if other else None
    if earlier is not None:
        log_line("going on from the stored fit of %d epochs", len(earlier.names))
    return fit_epochs(content, sources, settings, earlier)


def measure(images, reference, settings):
    """Fit and write; return the fields of all epochs."""
    content = products.gathered_epochs(settings)
    check(content, images, settings)
    stars = products.start_sources(settings)
    names = [star.name for star in stars]
    sources = lens_sources.of_fit(stars, content, images, reference, settings)
    made = warmstart.made_of(content, sources, names, settings)
    fit, psf_error = fitted(content, sources, made, settings)
    path = paths.deconvolution(settings) / "fit.npz"
    write_fit(path, fit, psf_error, content.names, made)
    told = lens_sources.missing(fit, content, reference, settings)
    for line in [*readout.summary(fit, psf_error, names), *told]:
        log_line("%s", line)
    log_line("%s", paths.relative(path))
    fields = readout.convergence(fit, settings.dec_name)
    return dict.fromkeys(content.names, fields | {f"dec_fit__{settings.dec_name}": digest(fit)})


def main(settings, db):
    """Fit all epochs of a band at once."""
    coeff = f"dec_coeff__{settings.dec_name}"
    images = [image for image in db.select(gogogo=True) if coeff in image]
    results = bands.merged(lambda those, one: measure(those, db.reference(), one), images,
                           settings)
    for_all_images(results, db.select(), settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
