"""Complete images: bad pixels, sky, fringes, resampling, stacks.

To come: masks.

bad_pixels    : Bad pixels: hot and dead ones found in a set of frames, and single ones
                interpolated.
combine       : Stacks: many images on one grid and one scale, combined pixel by pixel.
empty_region  : A box of the sky without sources: found, placed on every image, its pixels
                measured.
flat_error    : Errors of a flat field: structure that the skies of all images have at the same
                pixels.
fringes       : Fringes: the pattern of thin CCDs in the light of the night sky, found and removed.
resample      : Images brought onto the grid of the reference image: to be stacked or looked at.
sep_tools     : The sep library with its limits handled: usable pixels, background mesh,
                extraction.
sky           : Level and scatter of the sky: two numbers for a frame, or a smooth map of it.
stack_noise   : A stack as one long exposure: gain, read noise and sky by which its noise comes out
                right.
io_sky        : Sky maps: the mesh of level and noise of one image, a few kilobytes, and its
                fringes.
io_stack      : Stacks as FITS files, written and read row by row: never a complete stack in
                memory.
db_bad_pixels : The map of bad pixels of a set: from the stack of its images, and from the user.
db_flat_error : Errors of the flat field of each set: their map from the skies of its images, and
                its use.
db_fringes    : The pattern of fringes of each set and night, its images, and whether it is up to
                date.
db_images     : Read the pixels of an image and its bad pixels.
db_sky        : The sky map of an image: written to work_dir, its range and noise to the database.
db_stack      : Stacks of images of the database: their images, weights and header.
db_photom_stacks : Stacks of the photometry of the field: which images, on which scale, under which
                cards.
"""
