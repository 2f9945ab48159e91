"""The PSF of a CCD as polynomials over the field, and its validation on stars kept back.

field      : A PSF whose every pixel is a polynomial of the position, from the stars of a CCD.
validation : Residuals of the PSF on other stars: their means, rho statistics, slope with flux.
io_psfex   : The .psf file of PSFEx as a `FieldPsf`.
db_field   : The PSF of each CCD of the database, at any position, and on the stars kept back.
"""
