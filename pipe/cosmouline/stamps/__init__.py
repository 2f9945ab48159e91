"""Cutouts with noise and masks; cosmic rays; rejection of pixels by a model.

To come: stamps in HDF5, vignets.

cosmics         : Cosmic rays on star stamps, by L.A.Cosmic.
pixel_rejection : Which pixels of a stamp agree with a model of its sources, and how noisy they
                  are.
stamps          : Stamps in native pixels: cut, masked, with the noise of the sky.
io_stamps       : Stamps of one image in one FITS file: DATA, SIGMA and MASK cubes, and a table of
                  OBJECTS.
db_cut          : Cut stamps of stars and of the lens out of an image, by the rows of the
                  database.
db_drawn_masks  : Masks that the user has drawn with DS9, on the stamps of stars and lens.
db_stamps       : Read the stamps of an image.
"""
