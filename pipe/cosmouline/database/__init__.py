"""Settings, fields and rows of a lens: which run made each product, and is it valid still.

architecture       : The page doc/architecture.md and its picture, from the imports in the code.
bands              : Bands: groups of sets that are normalised, fitted and joined together.
coefficient_choice : Which coefficient applies: of the apertures, or renormalised by PSF fluxes.
columns            : Fields of many rows as arrays.
database           : The flat database of images: one row per image, checked against `fields`.
edit               : Changes of the database by hand: choose images, change or forget fields.
export             : What an exported database holds, in words, and which names go into it.
field_table        : Every field of the database, declared once: the table behind `fields`.
field_table_raw    : The fields of 0_preparation: rows are raw frames.
field_table_shapes : The fields of fac_shapes: rows are CCDs of exposures, and tiles.
fields             : Fields of the database: what their names mean and what values they may have.
inventory          : What a database and a work folder hold now, in tables for the tools by hand.
json_store         : The file of the database: complete, checked, safe against kill and power loss.
limits             : The limits of images in seeing, ellipticity, sky and coefficient.
manifest           : Which files each script has made, so that a missing or changed one is noticed.
manual             : The generated pages of doc/: scripts, fields and settings, as declared.
notation           : Regions and apertures as they are written in settings and fields.
notes              : The notes of the scripts on an image, written and read: each with its kind.
paths              : Where each product lies under ``settings.work_dir``.
products           : Read the products of earlier scripts, by the row of an image.
provenance         : Which run made which fields, and whether they are still up to date.
script_header      : The header of a numbered script: its manual page, and what is read from it.
settings           : Read configs/<lens>/settings.py over configs/sample/settings.py, and check it.
settings_cluster   : The setting `cluster`: an address, a scheduler file, or a description of jobs.
settings_shapes    : Check the settings of fac_shapes: tables of which a lens gives what differs.
settings_sources   : Check what the settings contain on the point sources and the light curve.
settings_values    : The values of a settings.py: whether they fit, what is wanted in words, and
    names set twice.
skiplists          : Read the skip lists: images that one step leaves out.
step_notes         : Scripts that leave nothing in the rows: when they ran, and on what.
sql                : The database of images as tables of SQLite in the memory, for questions in
    SQL.
status             : What each script has done on the images of a lens.
validate           : Compare a database with its declared fields, the settings and the disk.
"""
