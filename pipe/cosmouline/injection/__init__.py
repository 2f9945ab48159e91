"""Sources of known light put into the frames of a lens, and what its fit makes of them.

certificate    : What injected sources prove of the error bars: bias, scatter, slope, and noise in
                 common.
clone          : Copies of a real star as the images of a lens: scaled, and moved by whole pixels.
places         : Where sources are injected: empty places near the lens, on good pixels.
scene          : The light of an injected lens on the pixels of one epoch, and its photon noise.
series         : The light curves that are injected: those of the lens, scaled, with a step, a
                 wave or delays.
io_certificate : The tables of an injection: every flux, the numbers of each source, and the
                 checks.
db_certificate : Gather what the fits of the sites found, next to what was injected.
db_inject      : Put the light of the lens on the sites of an image: in stamps, never in a frame.
db_site_fit    : Fit a site as the lens is fitted: the same engine, from the same blind start.
db_sites       : The sites: where what is injected, chosen by the images of a deconvolution.
"""
