"""Zero points: magnitudes of a catalogue against those of the images.

zero_point     : The zero point of a reduction, from stars of known magnitude; with colour and
                     place.
io_magnitudes  : Magnitudes of stars by name, from a text file or an ECSV table.
db_zero_points : Zero points of the images of a lens, from the stars that the catalogue of its
                     field knows.
"""
