"""Galaxy shapes of a tile: star or galaxy, metacalibration over epochs, catalogue and guards.

spread_model    : Star or galaxy: the spread model of an object against the PSF in its place.
metacal         : Metacalibration in Fourier space: moments of an object, sheared and with a common
    round PSF.
response        : From the versions of metacalibration to a shear: response, selection, guards.
numbering       : Numbers in the names of files, as ShapePipe numbers its images.
duplicates      : Objects that two tiles have in common.
io_runs         : The runs of the scripts of a route, from their log files.
db_psf_report   : The report and the picture of the PSF on stars that were kept back.
db_classes      : Star or galaxy for the objects of a tile, by the spread model.
db_shapes       : Shapes of the objects of a tile, in batches that are kept when a run is stopped.
db_catalogue    : The final catalogue of a tile, of all tiles, and random points of the same sky.
db_shear_report : The report of the shapes: response, guards, and the true shear
    where it is known.
"""
