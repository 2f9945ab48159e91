"""HAT-P-32: the transit of a planet on raw frames of a small telescope; one point source.

The frames have no calibration, no gain and no read noise in the header, 12 bits, and drift by 275
pixels. Say where they lie: export COSMOULINE_RAW=/folder/that/holds/hatp32
"""

lens_name = "HATP32"
lens_ra_deg, lens_dec_deg = 31.0427, 46.6878
work_dir = "~/cosmouline/HATP32"
sets = [{
    "name": "clear", "telescope": "generic", "raw_dir": "$COSMOULINE_RAW/hatp32",
    # 33: the noise of the skies grows with their levels as for 31 to 36 (2_skysub/1_skysub); the
    # stars, whose scatter is not only photons, ask for 8 or more. About 310 ADU are bias.
    "overrides": {"gain_e_per_adu": 33.0, "read_noise_e": 5.0, "saturation_adu": 4095.0,
                  "pixel_scale_arcsec": 5.2},
}]
ref_img_name = "clear_HATP-32171220013343"
lens_position_px = (425.0, 287.0)
point_sources = {"b": (0.0, 0.0)}
ellipticity_max = dec_ellipticity_max = None  # the mount trails: all images are elongated
psf_upsampling = 3  # FWHM 1.7 px
join_by = "image"
