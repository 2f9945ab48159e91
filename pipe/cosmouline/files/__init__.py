"""Files that are complete or absent, in every general format: FITS, ECSV, text, HTML.

amplifiers    : One detector that a file holds as several images, one for each of its amplifiers.
atomic        : Files that are either complete or absent.
fits_bytes    : FITS files as bytes: where each header and each image lies, whether it is
                complete, pixels.
fits_cards    : Values of an image, by the names of their fields, in the header of a FITS product.
fits_checksum : The check sums of FITS files, which show whether a bit has flipped since.
fits_image    : The one image of a FITS file that is a frame: which one, its pixels, its header.
fits_repair   : Copies of FITS files with repaired headers and pixels.
lock          : A lock file, so that two scripts cannot write the same database at once.
origin        : Who made a product and of what, noted inside it for whoever finds the file alone.
pids          : Processes of this host by their number: whether they live, and since when.
io_catalog    : Star lists (``.cat``) and image lists, as people edit them by hand.
io_fits       : Frames as they come from telescopes, and the images that the scripts write.
io_fits_tables : FITS files of several tables, as dicts of arrays.
io_html       : Web pages that open from the file system: safe text, data for scripts, unchanged
                files kept.
io_regions    : DS9 regions: stars to look at on an image, and masks drawn by hand.
io_report     : Reports: tables of text that line up, as COSMOULINE writes them.
io_table      : The image database as a table for other programs: ECSV (TOPCAT, astropy) and
                pickle.
io_text       : Plain text files that people edit by hand: read as lines, written completely.
"""
