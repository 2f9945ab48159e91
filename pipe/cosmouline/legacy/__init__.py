"""The original COSMOULINE: its databases and settings, read and converted (an outbuilding).

fields      : Rows of the original COSMOULINE as rows of ours: names, units, types.
reduction   : A whole reduction of the original COSMOULINE: what to take over, and the
              configuration of it.
settings    : The settings.py of the original COSMOULINE, read without running it, and told in our
              names.
io_database : Databases of the original COSMOULINE: flat text, SQLite, and pickles, read without
              running code.
"""
