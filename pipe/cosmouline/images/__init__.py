"""Whole images: bad pixels, sky, fringes, resampling, stacks.

To come: master frames, calibration, masks, coadds.

bad_pixels    : Bad pixels: hot and dead ones found in a set of frames, and single ones mended.
combine       : Stacks: many images on one grid and one scale, combined pixel by pixel.
empty_region  : A box of the sky without sources: found, placed on every image, its pixels
                measured.
fringes       : Fringes: the pattern that thin CCDs see in the light of the night sky, and how to
                take it out.
resample      : Images brought onto the grid of the reference image: to be stacked or looked at.
sep_tools     : The sep library with its limits handled: usable pixels, background mesh,
                extraction.
sky           : Level and scatter of the sky: two numbers for a frame, or a smooth map of it.
stack_noise   : A stack as one long exposure: gain, read noise and sky by which its noise comes out
                right.
io_sky        : Sky maps: the mesh of level and noise of one image, a few kilobytes, and its
                fringes.
io_stack      : Stacks as FITS files, written and read row by row: a stack is never whole in
                memory.
db_bad_pixels : The map of bad pixels of a set: from the stack of its images, and from the user.
db_fringes    : The pattern of fringes of each set and night: which images make it, and where it
                lies.
db_images     : Read the pixels of an image and its bad pixels.
db_sky        : The sky map of an image, however it was made: kept in work_dir, and told in the
                database.
db_stack      : Stacks of images of the database: what goes in, how it is weighted, what the header
                says.
"""
