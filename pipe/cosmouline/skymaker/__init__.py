"""Made-up CCD frames with known truth: a simulator of monitoring campaigns (an outbuilding).

It shares no code with the modules that fit (psf, deconv): it is the truth of the tests. Frames are
reduced ones: they have no bias, flat field or fringes; `raw` draws frames as a camera gives them.

campaigns      : Ready campaigns: the demo lens, and a tiny one for tests.
command        : What the scripts of ``skymaker/`` share: their options, and the drawing with its
                 log lines.
deflector      : A singular isothermal ellipsoid as gravitational lens: where its images are, and
                 how bright.
detector       : What a CCD does to the light: defects, cosmic tracks, bleeding, digits.
draw           : One frame of a campaign: the expected light, then what chance and the detector
                 make of it.
geometry       : From the sky to the pixels of a frame: gnomonic projection, then a turn, a scale
                 and a shift.
lens_grid      : A grid of lenses: Einstein radius, brightness of lens and host, where the source
                 stands.
mock_real      : A quad by three cameras in four bands, with what makes real frames hard.
model          : Descriptions of what is drawn: telescopes, stars, galaxies, a lens, frames, a
                 campaign.
pointspread    : The point spread function, and point sources integrated over the pixels.
ramp           : A field of stars on a grid, doubles and supernovae, under growing seeing.
raw            : Frames as the camera gives them: bias, overscan, dark current, flat field;
                 calibrations too.
sersic         : Sersic galaxies, convolved with the point spread function and integrated over the
                 pixels.
truth          : Compare measured fluxes with those that a simulation was drawn from.
two_telescopes : A lensed quasar by two telescopes in two filters, one frame in ten bad.
variability    : Magnitudes at a date: the damped random walk of a quasar, its delays and drifts,
                 sines.
mosaic         : Exposures of a mosaic camera and the tile made of them: stars, sheared galaxies, a
                 varying PSF.
io_mosaic      : A mosaic on the disk: multi-extension exposures, a tile, a star catalogue, and the
                 truth.
io_campaign    : A campaign on the disk: FITS frames in a folder per telescope, and the truth
                 next to them.
db_truth       : The truth tables of skymaker next to the rows of a reduction of its frames.
"""
