"""Fit all epochs of the lens in one model: point sources, galaxy, residual light, shifts, sky.

Needs   : dec_<dec_name>/epochs.npz (7_deconv/2_apply_norm), start.cat (7_deconv/3_write_start)
Writes  : dec_<dec_name>/fit.npz; dec_fit, its hash -> database
Settings: dec_name, deconv_engine, extended_light
Next    : 7_deconv/5a_png_check

Run as  : python 4_deconv.py ../../configs/MYLENS

The fluxes, the sky and the shift of each epoch are solved exactly; noise and masks come from the
model; the errors from the full covariance, the PSFs' errors from their draws.
"""

from cosmouline import deconv_engines, paths, products, readout
from cosmouline.errors import UserError
from cosmouline.io_deconv import digest, write_fit
from cosmouline.products import star_positions
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("dec_number__{dec}", "dec_epochs__{dec}", "dec_start__{dec}")
WRITES = ("dec_fit__{dec}",)


def check(content, images, settings):
    """Stop where the epochs are not those of the images chosen now."""
    coeff = f"dec_coeff__{settings.dec_name}"
    chosen = {image["img_name"]: image[coeff] for image in images if coeff in image}
    if chosen != dict(zip(content.names, content.epochs.coeff.tolist(), strict=True)):
        raise UserError("images or coefficients have changed since the epochs were gathered. "
                        "Run 7_deconv/2_apply_norm.py again.")


def measure(images, settings):
    """Fit and write; return the fields of all epochs."""
    content = products.gathered_epochs(settings)
    check(content, images, settings)
    sources = products.start_sources(settings)
    start_px = star_positions(sources) - content.centre_px
    fit, psf_error = deconv_engines.fit(content, start_px, settings)
    write_fit(paths.deconvolution(settings) / "fit.npz", fit, psf_error)
    for line in readout.summary(fit, psf_error, [source.name for source in sources]):
        log_line("%s", line)
    fields = {f"dec_fit__{settings.dec_name}": digest(fit)}
    return dict.fromkeys(content.names, fields)


def main(settings, db):
    """Fit all epochs at once."""
    results = measure(db.select(gogogo=True), settings)
    for_all_images(results, db.select(), settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)
    log_line("%s", paths.relative(paths.deconvolution(settings) / "fit.npz"))


if __name__ == "__main__":
    run(main, __doc__)
