"""Aperture fluxes, coefficients of the images, renormalisation, variable stars, zero points.

absolute_error     : Error of the coefficient of an image as a measure of its transparency.
aperture           : Aperture photometry on the original pixels.
calibration        : Scatter of the stars beyond their errors: what a coefficient does not take
                     out of an image.
coefficient_fit    : Coefficient of every image from the fluxes of its stars.
coefficient_median : COSMOULINE's own coefficients: medians over the stars, to compare with.
coefficients       : COSMOULINE's coefficients of images from the fluxes of stars, by either
                     method.
detector_errors    : Flat field, linearity and shutter of a detector, as the stars show what is
                     wrong with them.
epoch_noise        : Noise that the epochs of a light curve share: errors of the stars that last
                     for days.
magnitudes         : Magnitudes of single images, and their errors.
outlier_images     : Images that stand out from the others of a set.
peaks              : The highest pixels of stars, to see which come near to saturation.
psf_aperture       : PSF fluxes of the stars against their aperture fluxes, image by image.
renormalisation    : Coefficients from PSF fluxes, with one star that is as bright in all sets or
                     telescopes.
set_terms          : Effect of telescope, filter and colour on the stars: their fluxes per set,
                     their trends.
variability        : Which stars vary: their scatter about the common coefficient beyond their
                     errors.
db_calibration     : What the stars of every image tell of its PSF and of the errors of its
                     coefficient.
db_field           : Aperture photometry of all stars of the field, on the pixels as they fell.
db_flat_stars      : Whether the stars confirm the errors of the flat field that the skies show,
                     set by set.
db_star_magnitudes : Magnitudes of the stars of the field, image by image.
db_tables          : Tables of coefficients by set, of variable stars, and of the zero points of
                     images.
"""
