"""Drawings of arrays on given Axes; knows numpy, matplotlib, `robust` and `files.atomic` alone.

Plain arrays and text come in. A page function returns a Figure, and `style.save` writes it.

aperture_curves   : Curves of the stars in several apertures, the coefficient behind them.
compare           : Several coefficients of the same images, one below the other.
conditions        : Quantities of the images against the date, one below the other.
curve_pages       : Pages about one joined light curve: a panel for each source, its error bars, a
                    second curve.
date_axis         : The calendar above a plot whose horizontal axis is in days (MJD or MHJD).
delays            : The page of a first guess of delays: curves brought together, probability of
                    each delay.
dec_checks        : Panels that show when a deconvolution is wrong: amplitudes, degeneracy, pulls.
deconvolution     : Pages of the deconvolution: one for each epoch, and one for all of them.
flux_checks       : Checks of the fluxes of a deconvolution: shifts, sky, chi2, histograms, one
                    after the other.
footprints        : Footprints of the images on the sky, with the lens and the stars of a
                    catalogue.
frame             : Full frames: the image, its outline on the reference, and the pages made of
                    them.
histograms        : Histograms of what was measured on the images, with the median marked, for each
                    set.
injection         : The page of injected sources: bias, scatter, and what they depend on.
layout            : Room for the labels of the Axes of a page, found in half the time.
light_curve       : Light curves: one drawing function for all quick-looks, and what arranges
                    several of them.
light_curve_pages : Pages of light curves: all sources together, by a field, and measured against
                    true.
marks             : Marks on a frame: stars with their names, the lens, boxes, scale bar, compass,
                    notes.
mosaic            : Mosaics: many small pictures coloured as arrays and shown as one image on a
                    single Axes.
movie             : Films: small pictures one after the other, as an animated GIF.
normalisation     : What a coefficient depends on, and whether the stars behind it scatter by their
                    errors.
one_star          : One star under a coefficient: against the date, and against what it should not
                    depend on.
pages             : Contact sheets: many small pictures on one page, with their names and what
                    became of them.
palette           : Pictures in 256 colours made for each.
pdf               : Existing pictures, one on each page of a PDF.
peaks             : Histograms of the peaks of the stars, and the level where the camera saturates.
point_colours     : Colours of points: one for all, a quantity on a scale, or one per name.
psf               : The page of one PSF: its stars, what the model leaves, the PSF, its profile and
                    numbers.
scaling           : Limits and stretches: which value becomes which shade, and where an axis ends.
stamps            : Stamps: small cut-outs of the stars and the lens, with what is masked in
                    colour.
star_curves       : Curves of the stars before and after a normalisation, and the coefficients
                    themselves.
star_map          : A frame with the stars of a list: those that were found on it and those that
                    were not.
star_peaks        : Widths of the stars, and PSF over aperture fluxes, against their peaks.
style             : The look of every picture: sizes, fonts, colours, and the one way to save.
two_extractions   : Two light curves of one lens from the same images: both, and their difference.
zero_points       : Residuals of zero points against colour, magnitude and place; zero points
                    against the date.
"""
