"""From the file of a telescope to a row: cameras, headers, dates, site, ephemeris, intake, checks.

To come: mosaics split into CCDs (`mosaic`). The descriptions of cameras lie in `telescopes/`.

check_frame      : The gate of the pipeline: refuse frames that are of no use, and flag what is
                   suspicious.
companions       : Files beside frames that are no frames: masks, weights, noise maps, kernels;
                   what they say.
cross_checks     : Cards of a header that give one quantity twice: in one unit, and which of them
                   is used.
ephemeris        : Where target, Moon and Sun stood during exposures, and when the light reached
                   the Sun.
header_dates     : The middle of an exposure from its header, by the recipes of the telescope's
                   description.
header_pointing  : Where the header says that the telescope looked, and whether that is the lens.
header_site      : Where the telescope stands, by its description and the header.
header_units     : What one unit of the pixels is in counts or electrons, by BUNIT and the cards
                   beside it.
header_values    : Values of header cards with the type that is needed; what is missing is None.
new_lens         : The settings of a new lens, from what a survey of its frames found.
nights           : Group dates by image, night or minutes.
survey           : Survey a folder of frames that nobody has described yet: cameras, filters,
                   pointing.
telescope        : What a header says about an exposure, by the description of its telescope.
telescope_yaml   : The description of a camera, from YAML: what each key may be, checked when it is
                   read.
db_consistency   : Compare the frames of a set: sizes, filters, cameras and gains that differ;
                   duplicates.
db_intake        : Which raw frames belong to the sets, and what their images are called.
db_intake_report : Report the frames that were refused or flagged at their intake: one line, and a
                   file.
db_nights        : Group the rows of images by image, night or minutes.
db_update        : New frames in a finished reduction: which ones they are, and what they changed.
"""
