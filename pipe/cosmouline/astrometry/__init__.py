"""Where things are: transforms between frames, the lens on the reference image.

To come: WCS, plate solutions, footprints, catalogues (Gaia, PS1, local).

align            : Transforms between frames from their source lists: found, judged against chance,
                   refined.
local_shift      : Where a point of the reference image lies on each image, from the stars' fitted
                   centres.
triangles        : Candidate transforms between two star lists, from triangles of neighbouring
                   stars.
db_lens_position : Where the lens and its point sources lie on the reference image.
db_transform     : The transform from the reference image to an image, in the fields of its row.
"""
