"""Where things are: transforms between frames, the lens on the reference image.

To come: WCS, plate solutions, footprints, catalogues (Gaia, PS1, local).

align            : Transforms between frames from their source lists: found, tested against
                   chance, refined.
local_shift      : Position of a point of the reference image on each image, from the stars' fitted
                   centres.
triangles        : Candidate transforms between two star lists, from triangles of neighbouring
                   stars.
db_lens_position : Position of the lens and of its point sources on the reference image.
db_transform     : The transform from the reference image to an image, in the fields of its row.
db_wcs           : Images with too few stars for an alignment, placed on the reference image by
                   their WCS.
"""
