"""Pictures and web pages of a lens: from rows and settings to `plots`; the choice by eye.

Templates and scripts of the web pages lie in `web/`.

campaign       : Many lenses: the state of each, and one page of all their light curves.
choose_by_eye  : Choose images by eye: the page in work_dir.
contact_sheets : Contact sheets: the thumbnails of many images on numbered pages, in the order of
                 the films.
deconvolution  : What the pages of a joint deconvolution show.
drawing        : Pictures of a lens: where they are written, and what several scripts draw alike.
field_photometry : The page of the photometry of the field: a picture in colour, the stacks, all
                 sources.
injection      : The page and the report of the injected sources: the certificate of a light
                 curve.
lookback       : The texts of the lookback pages: the data that they share, the index, one page per
                 image.
lookback_data  : What the lookback pages show of the images: the columns of a table, and the light
                 curves.
star_peaks     : What the stars show against their peaks: the page of a PSF that depends on the
                 brightness.
"""
