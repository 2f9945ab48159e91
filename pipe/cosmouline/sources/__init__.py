"""What is on an image: detection, moments, seeing, trails; the star catalogue and its choices.

To come: the selection language.

chi_square        : One detection in several bands: the chi-square image, and the sources on it.
crossmatch        : Sources of many lists matched: one catalogue, and the fluxes of all images in
                    it.
detect            : Sources of one frame: found, cosmic rays rejected, measured.
motion            : Sources that move: positions on the stacks of single nights against each other.
moments           : Adaptive Gaussian-weighted moments: position, width and shape of many sources
                    at once.
seeing            : Seeing of a frame: FWHM, ellipticity and its angle, from the stars among its
                    sources.
star_catalogue    : The stars of a set of aligned frames: one list, the reference image, the
                    seeing from them.
star_selection    : Which stars of a field make the PSF and the normalisation, and why the others
                    do not.
trails            : Trails of satellites and aeroplanes: long thin light across a frame.
io_external_lists : Source lists of other programs, one file per image: positions, fluxes and
                    errors.
io_sources        : Catalogues of detected sources: one FITS table per image.
db_catalogue_stars : The stars of the catalogue on the images: which fall on which, which are good
                    standards.
db_detection      : One list of the sources of the field, from the stacks of all bands; which of
                    them move.
db_lens_light     : Check that there is light at the position of the lens, and that the images
                    hold it.
db_reference      : Which images can be the reference image.
db_star_catalogue : The stars of a lens's field: all of them, and the few picked for normalisation
                    and PSF.
db_stars          : Which stars a step uses, and their positions on an image.
db_trails         : What is unusual on an image: trails, and bad pixels on the lens.
"""
