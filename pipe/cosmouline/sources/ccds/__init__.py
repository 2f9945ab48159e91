"""Objects of CCDs and tiles: detection with weights, shapes, and the language of their selection.

detect_weighted    : Objects of an image with weights and flags, with SExtractor's columns.
elliptical_moments : Adaptive moments with an elliptical Gaussian weight, of many stamps at once.
selection          : The language of setools: masks, statistics, random splits, plots.
selection_values   : Expressions of the selection language on the columns of a catalogue.
db_detect          : Objects of the CCDs and tiles of the database, and the epochs of each.
db_selection       : The stars of each CCD by the selection file: catalogues, statistics, plots.
"""
