"""Settings, fields and rows of a lens: which run made each product, and is it valid still.

architecture       : The page doc/architecture.md and its picture: rooms, files and imports,
                     read from the code.
bands              : Bands: groups of sets whose images are normalised, fitted and joined together.
coefficient_choice : Which coefficient of the images applies: of the apertures, or renormalised by
                     the PSF fluxes.
columns            : Fields of many rows as arrays.
database           : The flat database of images: one row per image, checked against `fields`.
edit               : What a user does to the database by hand: choose images, change a field,
                     forget fields.
export             : What an exported database holds, in words, and which of the names side by side
                     go into it.
field_table        : Every field of the image database, declared once: the table that `fields`
                     works with.
fields             : Fields of the image database: what their names mean, and what their values may
                     be.
inventory          : What a database and a work folder hold now, in tables for the tools by hand.
json_store         : The file of the image database: whole, checked, and safe against kill and
                     power loss.
limits             : The limits of images in seeing, ellipticity, sky and coefficient, by the
                     prefix of settings.
manifest           : Which files each script has made, so that one that is gone or another one is
                     noticed.
manual             : The generated pages of doc/: every script, field and setting, from where it is
                     declared.
notation           : A region of the reference image by its text in settings and fields: ``[x1:x2,
                     y1:y2]``.
notes              : The notes of the scripts on an image: one list of (kind, text) for each,
                     written and read here.
paths              : Where each product lies under ``settings.work_dir``.
products           : Read the products of earlier scripts, by the row of an image.
provenance         : Which run made which fields, and whether they are still up to date.
script_header      : The header of a numbered script: its manual page, and what the library reads
                     from it.
settings           : Read configs/<lens>/settings.py over configs/sample/settings.py, and check it.
settings_cluster   : The setting `cluster`: an address, a scheduler file, or a description of jobs
                     to ask for.
settings_sources   : Check what the settings say of the point sources.
skiplists          : Read the skip lists: images that one step leaves out.
status             : What each script has done on the images of a lens.
validate           : Compare a database with the declarations of its fields, with the settings and
                     with the disk.
"""
