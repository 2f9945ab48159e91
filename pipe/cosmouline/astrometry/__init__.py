"""Where things are: transforms between frames, world coordinates, catalogues, the lens.

align            : Transforms between frames from their source lists: found, tested against
                   chance, refined.
catalogues       : Star catalogues as columns of arrays: positions at a date, magnitudes, which
                   stars are good.
footprint        : Where images lie on the sky: corners, common and total area, distance of a point
                   from edges.
local_shift      : Position of a point of the reference image on each image, from the stars' fitted
                   centres.
plate_solve      : Plate solutions: the sources of an image matched to a catalogue, and tested
                   against chance.
tangent          : The tangent plane of the sky at a point, proper motions, and world coordinate
                   systems.
transformations  : Magnitudes of a catalogue in a band: as they stand there, or by published
                   transformations.
triangles        : Candidate transforms between two star lists, from triangles of neighbouring
                   stars.
io_gaia          : Gaia DR3 around a point, from the first of several TAP services that gives a
                   sound answer.
io_local_catalogue : The catalogue of a lens's field as a file: ECSV, FITS, VOTable or CSV, of any
                   origin.
io_panstarrs     : Magnitudes of Pan-STARRS1 around a point, and how they join another catalogue.
io_tap           : One synchronous query of a TAP service, which cannot take longer than it is
                   allowed to.
db_catalogue     : The star catalogue of a lens: read once, its stars at the date of an image.
db_coordinates   : The world coordinate system that is in use for an image: solved, or of its
                   header.
db_footprints    : Footprints of the images of a lens: in the fields of their rows, compared, and
                   to be drawn.
db_lens_position : Position of the lens and of its point sources on the reference image.
db_plate_solve   : The coordinates of an image: solved from the catalogue, or those of its header,
                   checked.
db_transform     : The transform from the reference image to an image, in the fields of its row.
db_wcs           : Images with too few stars for an alignment, placed on the reference image by
                   their WCS.
"""
