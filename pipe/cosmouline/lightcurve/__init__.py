"""Images joined into points with errors: limits, sums, comparison, `.rdb` files.

compare        : Two light curves of one lens, point by point: offsets and scatter in units of the
                 errors.
error_bars     : The flux of a source in a group of images, and its error.
join           : Light curves: groups of images joined into magnitudes with errors, ready for an
                 rdb table.
night_scatter  : Scatter of single images inside a night, against their errors.
outlier_points : Fluxes of a light curve that deserve a look: negative, faint, far from their
                 neighbours.
release        : A folder of final products, all of it or nothing, with the hashes of its files.
io_rdb         : Light curves as ``.rdb`` tables, which PyCS3 reads.
db_columns     : From rows of the database to the columns of a light curve.
db_curves      : Light curves as files: which there are, what they hold, and the nights excluded
                 from them.
db_quicklook   : Light curves of single images or nights, with any coefficient, for a look at them.
db_report      : What COSMOULINE tells of a light curve: its nights, its seeing, its sampling, its
                 scatter.
db_star_curves : Light curves of single stars of the field, from their PSF fluxes and a
                 coefficient.
db_sums        : Sums of point sources as sources of their own, with the covariance of their parts.
"""
