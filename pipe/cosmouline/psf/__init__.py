"""The PSF of an image, its errors, and photometry with it.

To come: the PSF over the field, its validation and interpolation.

core_cosmics    : Cosmic rays in the cores of stars, where they look like more star, by deletion
                  residuals.
evidence        : Evidence of the stars of an image for the size of the residuals of its PSF.
fit             : The PSF of one image, from the stamps of its stars: robust against bad pixels
                  and stars.
model           : Model of a star on the CCD: a narrow PSF on a finer grid, shifted, blurred and
                  binned.
moffat          : Fit of one elliptical Moffat, constant or linear over the field, to all star
                  stamps.
one_sided       : Light of a PSF at one side that the opposite side lacks: a witness of a jump of
                  the guiding.
peak_width      : What is lost of a flux where a source is wider than its PSF, as bright ones are
                  on many CCDs.
photometry      : PSF photometry of star stamps with a known PSF.
posterior_draws : Error of the PSF: draws from its posterior, with which any result can be
                  computed again.
residual_grid   : Grid of residuals of the PSF, under a Gaussian-process prior, by maximum a
                  posteriori.
rounds          : The rounds of the PSF fit: fit, reject pixels and stars that disagree, fit
                  again.
shape_patterns  : What the widths and stretches of the stars tell of the PSFs of a set of images.
star_rejection  : Which star stamps of an image may make its PSF.
star_shapes     : Width and shape of each star against the PSF of its image: a witness of that
                  PSF.
starred_draws   : Error of the PSF of STARRED: fits to stars drawn from the fit, with their noise.
starred_fit     : The PSF of one image with STARRED: its model and its loss, compiled once per
                  size of stamps.
io_psf          : PSF of one image in one FITS file: model, stars, pixel masks and draws from its
                  posterior.
db_build        : Build the PSF of an image with the engine of the settings; choose the prior of
                  all of them.
db_psf          : Read the PSF of an image; the fields of the stars that were measured with it.
db_shapes       : Widths and stretches of the stars by set: what is wrong with its PSFs, and at
                  the lens.
"""
