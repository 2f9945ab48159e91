"""Joint fit of all epochs of a lens: point sources, a Sersic galaxy and residual light.

The fluxes of the sources and the sky and the shift of each epoch are solved exactly at each step
(they are eliminated from the normal equations); what the epochs share is found by Gauss-Newton
steps; the residual light is a Gaussian process whose amplitudes maximise the evidence. All arrays
are numpy float64: compiled with jax, the same sums take twice as long, after some seconds of
compilation for each size of stamps.

cameras          : What differs from camera to camera: the brightness of the galaxy, the width of
                   the images.
checks           : What shows that a joint fit is wrong: chi2 of each source, pulls, amplitudes and
                   so on.
covariance       : Errors of the fluxes: random, with what is shared propagated, and of their
                   constant part.
epoch_images     : Exact images of point sources, of a galaxy and of a lattice of Gaussians, in one
                   epoch.
epochs           : The stamps of all epochs that a joint fit is made of.
evidence         : Amplitudes of the field: those of the largest evidence, and what their
                   uncertainty does.
find_sources     : Start positions of the sources when only their number is known.
fit_lens         : From stamps to fluxes: noise and masks from the model, fits until they settle.
gauss_newton     : The joint fit: prefit, decision on the galaxy, outer iterations, warm refit.
image_width      : Width of the images of the lens against that of the stars: a witness of the
                   PSF.
missing_light    : Light that a joint fit lacks: where it stands, and a fit with one source more
                   that holds it.
normal_equations : Normal equations of what the epochs share, their own unknowns eliminated
                   exactly.
odd_epochs       : What single epochs have and the others have not: masked cores, and light
                   next to sources.
options          : Every number that the joint fit could be given, with its default and where that
                   is from.
orientation      : Check that the start positions are where the lens is, and the right way round.
picture          : Pictures of a finished fit: the model of each epoch, and the deconvolved image.
pixels           : Noise and masks of the stamps: before there is a model, and from one.
point_sources    : The point sources of a fit: where they are looked for, and what is known
                   beforehand.
problem          : Data, lattice and priors of a joint fit, and the state that it is in.
psf_error        : Error of the fluxes that comes from the errors of the PSFs.
registration     : Prior of the shifts of the epochs from the stars, with an error measured on the
                   lens.
residual_light   : The field: residual light that neither sources nor galaxy explain, as a Gaussian
                   process.
result           : The result of a joint fit, and its way to files and back.
sersic           : The Sersic profile as a sum of Gaussians: table, interpolation, Fourier
                   transform, picture.
source_doubts    : What speaks against the flux of a single source of a fit: residuals, transients,
                   the field.
stored           : From a finished fit to its result, and from a stored result back to the fit.
sweep            : One pass over the epochs: exact fluxes and sky, model, residuals, normal
                   equations.
io_fit           : Files of a joint fit: what goes in, and what comes out. No pickle is needed to
                   read them.
db_control       : What the field adds to the systematic errors: control stars, the flat, the
                   mean star.
db_fit           : Fit all epochs of a lens with the engine of the settings.
db_gather        : Gather what a joint fit needs from the files of its images.
db_products      : Read the gathered epochs, the start and the joint fit of a deconvolution.
db_readout       : What a joint fit found: a summary in words, and the fields of the database.
db_sources       : From the settings to the point sources of a joint fit: positions, errors, when
                   they shine.
db_warm_start    : Go on from the stored joint fit when only the epochs have changed.
"""
