"""Calibration of raw frames: master frames, their choice, and what they do to a frame.

calibrate       : One raw frame calibrated: bias, linearity, dark, flat, and the variance of these.
masters         : Master frames: calibration frames prepared and combined pixel by pixel.
master_sky      : The master sky: the pattern that the sky has in all frames of a filter or target.
photon_transfer : Gain and read noise from pairs of flats and biases.
io_master       : Master frames as files, and frames put aside while they are combined.
db_calibrate    : The masters of a raw frame, and its calibrated frame.
db_checks       : What calibration frames show about the camera: gain, read noise, light leaks.
db_choice       : Which calibration frames go into masters, and why.
db_master_noise : The variance that master frames brought into an image: kept beside it, added to
                  its noise.
db_master_sky   : Calibrated frames without the pattern that a master sky has.
db_masters      : Which frames make which master, and whether it is up to date.
"""
