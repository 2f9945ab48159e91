"""Time delays of a lens: a first guess from its light curves, and what PyCS3 starts from.

delays             : Time delays between light curves of one source: a first guess, with its error.
io_pycs3           : The program that starts a PyCS3 analysis of an rdb light curve: errors,
                     shifts, knots.
db_delays          : Delays of the light curves of a lens: the points to use, and the report in
                     words.
db_two_extractions : Points and delays of one lens by two joint fits of the same stamps, next to
                     each other.
"""
