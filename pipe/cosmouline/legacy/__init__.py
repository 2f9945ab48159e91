"""Reductions of COSMOULINE, LightCurver and ShapePipe, read and converted (an outbuilding).

fields      : Rows of the original COSMOULINE as rows of ours: names, units, types.
lightcurver : The config.yaml and the parse_header of a LightCurver reduction, as settings and a
              telescope.
reduction   : A complete reduction of the original COSMOULINE: what to take over, and its
              configuration.
settings    : The settings.py of the original COSMOULINE, read without running it, under our names.
shapepipe   : Configuration files of ShapePipe as settings of fac_shapes.
io_database : Databases of the original COSMOULINE: flat text, SQLite, and pickles, read without
              running code.
"""
