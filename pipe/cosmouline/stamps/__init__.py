"""Cutouts with noise and masks; cosmic rays; rejection of pixels by a model.

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
io_vignets      : Stores of vignets: many stamps of one size in a .npy file, read from the disk.
db_vignets      : Vignets of the objects of a tile: on the tile, and on every epoch.
"""
