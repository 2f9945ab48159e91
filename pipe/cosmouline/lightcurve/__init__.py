"""Images joined into points with errors: limits, sums, comparison, `.rdb` files.

compare        : Two light curves of one lens, point by point: offsets and scatter in units of the
                 errors.
error_bars     : The flux of a source in a group of images, and its error.
join           : Groups of images joined into magnitudes with errors, and their columns in an rdb
                 table.
news           : What is new in a light curve: one line of JSON for each new point of each source.
night_scatter  : Scatter of single images inside a night, against their errors.
outlier_points : Fluxes of a light curve to look at: negative, faint, far from the epochs before
                 and after.
release        : A folder of final products, written completely or not at all, with the hashes of
                 its files.
io_exchange    : Light curves for other programs: VOTable, FITS and CSV, and a table as the CDS
                 asks for.
io_hdf5        : A deconvolution as one HDF5 file: stamps, PSFs and geometry, with the result
                 beside them.
io_rdb         : Light curves as ``.rdb`` tables, which PyCS3 reads.
db_calibrated  : Calibrated magnitudes next to the relative ones of a light curve.
db_columns     : The arrays of a light curve, from the rows of its images.
db_curves      : Light curves: which there are, their columns and files, and the nights excluded
                 from them.
db_hand_off    : What goes into the HDF5 file of a deconvolution, from the rows of its images.
db_injected    : What injected sources say of a light curve: its nights, the line of its header,
                 its factors.
db_live        : The news of the light curves of a lens, beside them.
db_quicklook   : Light curves of single images or nights, with any coefficient, for a first look.
db_report      : The report on a light curve: number of images and stars, sampling, errors and
                 scatter.
db_star_curves : Light curves of single stars of the field, from their PSF fluxes and a
                 coefficient.
db_sums        : Sums of point sources as sources of their own, with the covariance of their parts.
"""
