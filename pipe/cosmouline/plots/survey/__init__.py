"""Pages about all sources of a field: photometry on stacks, and the shape route.

field_photometry : Pages of the photometry of the field: a picture in colour, the noise of
                    apertures, errors.
selections       : Plots that a selection file asks for: points, scatter with colours,
                    histograms.
shapes           : Pages of the shape route: the PSF on stars kept back, star or galaxy, shapes
                    and guards.
"""
