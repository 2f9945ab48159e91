"""A quad drawn by the SkyMaker program: 20 frames without WCS, some of them bad.

The positions are counted on one image, since the headers have no coordinates. Say where the
frames lie: export COSMOULINE_RAW=/folder/that/holds/skymaker_demo
"""

lens_name = "LENS4"
lens_ra_deg, lens_dec_deg = 69.5622, -12.2873
work_dir = "~/cosmouline/LENS4"
sets = [{"name": "R", "telescope": "skymaker",
         "raw_dir": "$COSMOULINE_RAW/skymaker_demo/frames_fz"}]
ref_img_name = "R_sky_2020-02-14T19-01-11"
lens_position_px = (516.1, 525.0)
point_sources = {"A": (1.22, 0.42), "B": (-0.26, 0.97), "C": (-1.25, -0.19), "D": (0.28, -1.20)}
