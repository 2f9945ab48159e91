"""CCDs of a mosaic camera and tiles: their pixels, world coordinates and masks.

db_ccds    : Rows of CCDs and tiles, their pixels and their world coordinates.
db_headers : The headers of all CCDs and tiles, merged into the rows and checked.
db_masks   : The masks of a CCD or tile, from its flags, weights and the star catalogue.
masks      : Masks of polygons, circles and borders as bits of a flag image.
"""
