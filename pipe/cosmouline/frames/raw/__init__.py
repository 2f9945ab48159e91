"""Frames as cameras give them: amplifiers, overscans, mosaics, split cameras, kinds of frames.

camera        : What a camera adds to its raw frames: the part ``raw`` of a telescope's
                description.
kinds         : The kind of a raw frame: bias, dark, flat, lamp, focus or object, by header and
                pixels.
mosaic        : The detectors that a file holds, each joined from its amplifiers, without overscan.
db_raw_frames : Which files are raw frames of the lens, and their standard names.
"""
