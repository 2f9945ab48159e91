"""Every field of the database, declared once: the table behind `fields`.

A name with placeholders, such as ``flux_e__{dec}__{source}``, declares a family of fields: one
for each deconvolution and source.
"""

import math
from typing import NamedTuple

from cosmouline.database.field_table_raw import RAW_WRITTEN_BY
from cosmouline.database.field_table_shapes import SHAPES_WRITTEN_BY

NEVER = math.inf  # as tolerance of a field
SEEING_TOLERANCE = 0.005  # it sets the sides of stamps and the start of the PSF, no flux
COEFF_TOLERANCE = 0.0005  # a quarter of its typical error
ANY_SCRIPT = "the script named in the field"


class Field(NamedTuple):
    """One field: `producer` is the script that writes it, `formerly` its name in COSMOULINE.

    When images are added, what is measured on all of them together changes a little on the old
    ones too. A relative change below `tolerance` leaves the old value; what comes after stays up
    to date. `NEVER`: the new value is stored, and makes nothing out of date.
    """

    name: str
    type: type
    unit: str
    meaning: str
    formerly: str = ""
    tolerance: float = 0.0
    producer: str = ""


# The fields by the script that writes them, in the order of the scripts
WRITTEN_BY = RAW_WRITTEN_BY | {
    "1_character/1a_add_to_database": [
        ("img_name", str, "", "set name + file name, unique", "imgname"),
        ("gogogo", bool, "", "False once a script or the user has rejected the image"),
        ("whynot", str, "", "why gogogo is False"),
        ("treatme", bool, "", "False to leave a whole set aside for a while"),
        ("testlist", bool, "", "True: treated under --test"),
        ("test_comment", str, "", "comment of the image in testlist.txt", "testcomment"),
        ("updating", bool, "", "True for an image added to a finished reduction"),
        ("set_name", str, "", "the set of the settings that it belongs to", "setname"),
        ("telescope", str, "", "name of its file; with generic, what its headers say",
         "telescopename"),
        ("filter", str, "", "name of the filter"),
        ("raw_path", str, "", "where the raw frame lies", "rawimg"),
        ("raw_state", str, "", "its size in bytes, time of change in ns, hash of its beginning"),
        ("datetime_utc", str, "", "middle of the exposure, ISO", "datet"),
        ("mjd", float, "d", "middle of the exposure, JD - 2400000.5, UTC"),
        ("exptime_s", float, "s", "exposure time", "exptime"),
        ("gain_e_per_adu", float, "e-/ADU", "gain", "gain"),
        ("read_noise_e", float, "e-", "read noise", "readnoise"),
        ("saturation_adu", float, "ADU", "saturation level of the raw frame", "saturlevel"),
        ("pixel_scale_arcsec", float, "arcsec", "side of a pixel", "pixsize"),
        ("site_lon_deg", float, "deg", "longitude of the telescope, east positive",
         "telescopelongitude"),
        ("site_lat_deg", float, "deg", "latitude of the telescope", "telescopelatitude"),
        ("site_height_m", float, "m", "height of the telescope", "telescopeelevation"),
        ("header_notes", str, "", "values that did not come from the header"),
        ("raw_nx_px", int, "px", "columns of the raw frame"),
        ("raw_ny_px", int, "px", "rows of the raw frame"),
        ("frame_notes", str, "", "what is flagged about the header, though it is used")],
    "1_character/1b_copy_convert": [
        ("nx_px", int, "px", "columns of the image, after trimming"),
        ("ny_px", int, "px", "rows of the image, after trimming"),
        ("saturation_e", float, "e-", "saturation level in electrons"),
        ("pixel_notes", str, "", "what is flagged about its pixels, though it is used"),
        ("raw_hash", str, "", "hash of the file of its raw frame", "", NEVER),
        ("pixel_hash", str, "", "hash of its raw pixels: the same for the same frame"),
        ("has_wcs", bool, "", "the frame brought celestial coordinates"),
        ("master_noise", float, "1",
         "fraction of pixels with more than 1 % of their variance from master frames"),
        ("noise_factor", float, "1",
         "noise that counts for a flux over the scatter of the pixels, of a resampled frame")],
    "1_character/2a_astrocalc": [
        ("mhjd", float, "d", "heliocentric mjd, UTC"),
        ("airmass", float, "1", "airmass of the target"),
        ("alt_deg", float, "deg", "height of the target above the horizon", "alt"),
        ("az_deg", float, "deg", "azimuth of the target", "az"),
        ("moon_dist_deg", float, "deg", "angle between target and Moon", "moondist"),
        ("moon_alt_deg", float, "deg", "height of the Moon", "moonalt"),
        ("moon_percent", float, "%", "lit fraction of the Moon", "moonpercent"),
        ("sun_alt_deg", float, "deg", "height of the Sun", "sunalt"),
        ("sun_dist_deg", float, "deg", "angle between target and Sun", "sundist"),
        ("astro_note", str, "", "what is flagged about time or place", "astrocomment")],
    "1_character/2c_hot_pixels": [
        ("n_hot_px", int, "1", "hot, dead and masked pixels of the image's camera")],
    "1_character/3a_detect": [
        ("n_sources", int, "1", "sources detected, cosmics left out"),
        ("scene_notes", str, "", "trails, and bad pixels on the lens, though it is used", "",
         NEVER),
        ("trail_lens_arcsec", float, "arcsec",
         "distance of the lens from the longest trail of a satellite", "", NEVER)],
    "1_character/3b_measure_seeing": [
        ("star_notes", str, "", "what is flagged about its stars, though it is used", "", NEVER),
        ("fwhm_px", float, "px", "seeing from the image's own sources", "seeingpixels"),
        ("fwhm_arcsec", float, "arcsec", "fwhm_px in arcsec", "seeing"),
        ("ellipticity", float, "1", "1 - b/a of the stars", "ell"),
        ("pa_deg", float, "deg", "angle of the stars' long axis from x to y", "pa"),
        ("n_good_stars", int, "1", "stars behind the seeing", "goodstars")],
    "1_character/4a_sky_stats": [
        ("sky_level_e", float, "e-", "median of the clipped sky pixels", "skylevel"),
        ("sky_sigma_e", float, "e-", "standard deviation of the clipped sky pixels",
         "prealistddev")],
    "2_skysub/1_skysub": [
        ("sky_box_px", int, "px", "mesh of the sky map"),
        ("sky_range_e", float, "e-", "highest minus lowest value of the sky map"),
        ("sky_noise_e", float, "e-", "noise of the sky map's pixels, median"),
        ("sky_noise_ratio", float, "1",
         "noise of the sky over sqrt(sky level + read noise^2): 1 where the gain is right"),
        ("fringe_frame", str, "", "the pattern that its sky holds, of 1b_opt_fringes"),
        ("fringe_scale", float, "1", "height of that pattern in the image"),
        ("fringe_rms_e", float, "e-", "rms of the fringes that were found in it")],
    "fac_astrometry/2_plate_solve": [
        ("wcs_origin", str, "", "where its coordinates come from: solved, header, none"),
        ("wcs_note", str, "", "why it is not solved, or what is odd about its header's WCS"),
        ("n_wcs_stars", int, "1", "stars of the catalogue behind its WCS, or that agree with it"),
        ("wcs_rms_px", float, "px", "rms of their residuals per coordinate"),
        ("wcs_scale_arcsec", float, "arcsec", "pixel scale in the middle by its WCS"),
        ("wcs_north_deg", float, "deg", "direction of north on it, from +y towards -x"),
        ("wcs_parity", int, "1", "1: east is left when north is up; -1: right"),
        ("wcs_ra_deg", float, "deg", "RA of its middle"),
        ("wcs_dec_deg", float, "deg", "Dec of its middle"),
        ("wcs_sip_degree", int, "1", "degree of the distortion of its solution, 0 for none"),
        ("wcs_header_off_px", float, "px", "how far its header's WCS is off, by the stars"),
        ("wcs_catalogue", str, "", "hash of the catalogue", "", NEVER)],
    "fac_astrometry/3_footprints": [
        ("footprint", str, "", "RA and Dec in degrees of its four corners, in turn"),
        ("lens_inside", bool, "", "the lens lies on it, by its coordinates"),
        ("lens_edge_arcsec", float, "arcsec", "distance of the lens from its nearest edge")],
    "fac_astrometry/4_catalogue_stars": [
        ("n_catalogue_stars", int, "1", "stars of the catalogue that fall on it"),
        ("n_catalogue_found", int, "1", "those that were detected")],
    "2_skysub/1c_flat_errors": [
        ("flat_error", float, "1", "errors of its flat field: what its skies have in common")],
    "3_align/1a_pick_reference": [
        ("ref_img_name", str, "", "the image that it is aligned to", "refimgname"),
        ("ref_score", float, "1", "fitness as reference, relative to the best", "", NEVER)],
    "3_align/1b_identify_stars": [
        ("is_aligned", bool, "", "its stars were found on the reference image", "flagali"),
        ("align_note", str, "", "why it could not be aligned, or that its WCS has placed it",
         "alicomment"),
        ("n_align_stars", int, "1", "stars matched with the reference", "nbralistars"),
        ("align_rms_px", float, "px", "rms of their residuals", "geomaprms"),
        ("align_angle_deg", float, "deg", "rotation against the reference", "geomapangle"),
        ("align_scale", float, "1", "image pixels per reference pixel", "geomapscale"),
        ("align_parity", int, "1", "-1 for a mirror image of the reference"),
        ("lens_x_px", float, "px", "position of the lens on the image"),
        ("lens_y_px", float, "px", "see lens_x_px"),
        ("align_m11", float, "1", "x_img = m11 x_ref + m12 y_ref + dx"),
        ("align_m12", float, "1", "see align_m11"),
        ("align_dx_px", float, "px", "see align_m11"),
        ("align_m21", float, "1", "y_img = m21 x_ref + m22 y_ref + dy"),
        ("align_m22", float, "1", "see align_m21"),
        ("align_dy_px", float, "px", "see align_m21")],
    "3_align/2a_opt_align": [
        ("aligned_part", float, "1", "fraction of the reference image that it covers"),
        ("aligned_noise", float, "1",
         "scatter of its resampled pixels over the noise that an aperture sees")],
    "4_norm/0_pick_stars": [
        ("star_list", str, "", "whose choice the stars are, how many, hash of the list"),
        ("field_fwhm_px", float, "px", "seeing from the stars found in other images too", "",
         SEEING_TOLERANCE),
        ("field_fwhm_arcsec", float, "arcsec", "field_fwhm_px in arcsec", "", SEEING_TOLERANCE),
        ("field_ellipticity", float, "1", "1 - b/a of the same stars", "", NEVER),
        ("n_field_stars", int, "1", "stars of the field catalogue found in the image", "", NEVER)],
    "4_norm/1a_image_stats": [
        ("empty_region", str, "", "box without sources on the reference image, pixels from 1",
         "emptyregion"),
        ("empty_sigma_e", float, "e-", "noise of its pixels, one clip at 3 sigma", "stddev"),
        ("empty_mean_e", float, "e-", "their mean, the sky map subtracted", "emptymean"),
        ("n_empty_px", int, "1", "how many there are")],
    "4_norm/2a_photometry": [
        ("n_phot_stars", int, "1", "normalisation stars with an aperture flux"),
        ("aper_radius_px", float, "px", "radius of the aperture"),
        ("aper_flux_e__{star}", float, "e-", "aperture flux of a star",
         "<sexphotom>_<star>_ap30_flux"),
        ("aper_sigma_e__{star}", float, "e-", "error of the aperture flux",
         "<sexphotom>_<star>_ap30_flux_err")],
    "4_norm/2b_opt_photom_db": [
        ("n_photom_stars", int, "1", "stars measured in several apertures"),
        ("photom_radius_px__{aperture}", float, "px",
         "radius of the aperture; of Kron's the median over the stars"),
        ("photom_flux_e__{aperture}__{star}", float, "e-", "flux of a star in one of them",
         "<sexphotom>_<star>_<aperture>_flux"),
        ("photom_sigma_e__{aperture}__{star}", float, "e-", "its error",
         "<sexphotom>_<star>_<aperture>_flux_err")],
    "4_norm/2c_opt_peak_db": [
        ("n_peak_stars", int, "1", "stars whose peak was measured"),
        ("peak_adu__{star}", float, "ADU", "highest pixel of a star, sky included",
         "<sexphotom>_<star>_peakadu")],
    "4_norm/2f_flat_by_stars": [
        ("flat_map", str, "", "what was done with that of flat_error: divided, subtracted, none"),
        ("flat_left", float, "1", "errors of the flat field that are left in the light"),
        ("flat_slope", float, "1", "of the fluxes of the stars with that map; 1: a flat field"),
        ("flat_slope_sigma", float, "1", "its error")],
    "4_norm/3a_medcoeff": [
        ("medcoeff", float, "1", "flux x medcoeff = flux on the reference image", "",
         COEFF_TOLERANCE),
        ("medcoeff_sigma", float, "1", "error of medcoeff", "sigcoeff", NEVER),
        ("n_coeff_stars", int, "1", "stars behind medcoeff", "nbrcoeffstars", NEVER),
        ("band_ref_img_name", str, "", "the image of its band whose medcoeff is 1",
         "refimgname_per_band"),
        ("quality_note", str, "", "in what it stands out from the other images", "", NEVER)],
    "4_norm/4a_opt_prepare_deep": [
        ("combi_number__{combi}", int, "1", "number of the image in the deep stack, from 1")],
    "fac_combi/1_prepare": [
        ("combi_group__{group}", int, "1", "number of its stack", "combinight_<name>_num")],
    "5_psf/2a_extract": [
        ("n_psf_cut__{psf}", int, "1", "PSF stars cut from the image")],
    "5_psf/3_find_cosmics": [
        ("n_psf_cosmics__{psf}", int, "1", "cosmic pixels on their stamps"),
        ("n_psf_alike__{psf}", int, "1",
         "of them, stars suspected of a cosmic ray at the same place: the PSF, not marked")],
    "5_psf/3b_choose_prior": [
        ("psf_prior__{psf}", str, "",
         "prior of the PSF: size, correlation length and power of core and of wings"),
        ("psf_is_curved__{psf}", bool, "", "the width of the PSFs of the set is a quadratic")],
    "5_psf/4_build_psf": [
        ("n_psf_used__{psf}", int, "1", "PSF stars that survived the fit"),
        ("psf_fwhm_px__{psf}", float, "px", "FWHM of a star, of its Moffat"),
        ("psf_fwhm_arcsec__{psf}", float, "arcsec", "psf_fwhm_px in arcsec"),
        ("psf_ellipticity__{psf}", float, "1", "1 - b/a of the PSF's Moffat"),
        ("psf_one_sided__{psf}", float, "1", "light at one side of its peak, less the other side"),
        ("psf_beta__{psf}", float, "1", "exponent of the PSF's Moffat"),
        ("psf_chi2__{psf}", float, "1", "median reduced chi2 of the PSF stars"),
        ("psf_varies__{psf}", bool, "", "the PSF varies over the field"),
        ("psf_curvature__{psf}", float, "1", "rms over the field of ln(FWHM) beyond a slope"),
        ("n_psf_core_lost__{psf}", int, "1",
         "stars left out of it: most of their cores is masked")],
    "6_extract/1_extract_objects": [
        ("n_objects", int, "1", "objects cut from the image"),
        ("object_side_px", int, "px", "side of their stamps"),
        ("lens_side_px", int, "px", "side of the lens's stamp, the same in all images")],
    "6_extract/2_find_cosmics": [
        ("n_object_cosmics", int, "1", "cosmic pixels on their stamps", "obj_<o>_cosmics"),
        ("n_object_alike", int, "1",
         "stars suspected of a cosmic ray at the same place: the PSF, not marked")],
    "7_deconv/0_star_photometry": [
        ("n_psf_phot__{psf}", int, "1", "stars with a PSF flux"),
        ("n_core_hits__{psf}", int, "1", "cosmic pixels found in the cores of its stars"),
        ("n_core_lost__{psf}", int, "1",
         "stars without a flux: too much of their cores is masked"),
        ("psf_sum_error__{psf}", float, "1",
         "relative error that all fluxes of the image share, from the draws of its PSF"),
        ("star_flux_e__{psf}__{star}", float, "e-", "PSF flux of a star", "out_<dec>_<star>_flux"),
        ("star_sigma_e__{psf}__{star}", float, "e-", "error of the PSF flux",
         "out_<dec>_<star>_shotnoise"),
        ("star_chi2__{psf}__{star}", float, "1", "its reduced chi2"),
        ("star_x_px__{psf}__{star}", float, "px", "position on the image"),
        ("star_y_px__{psf}__{star}", float, "px", "see star_x_px"),
        ("star_xy_sigma_px__{psf}__{star}", float, "px", "error of either"),
        ("star_peak_e__{psf}__{star}", float, "e-", "its highest pixel, without the sky"),
        ("star_width__{psf}__{star}", float, "1", "how much wider than the PSF it is"),
        ("star_width_sigma__{psf}__{star}", float, "1", "error of star_width, from its noise"),
        ("star_along__{psf}__{star}", float, "1", "its stretch in x less that in y, over 2"),
        ("star_diagonal__{psf}__{star}", float, "1", "the same along the diagonal")],
    "8_renorm/1a_renormalize": [
        ("renorm__{renorm}", float, "1", "flux x renorm = flux on the reference scale",
         "<renormname>"),
        ("renorm_sigma__{renorm}", float, "1", "error of that coefficient, renorm_calib included",
         "<renormname>_err"),
        ("renorm_calib__{renorm}", float, "1",
         "relative scatter of the stars beyond their errors, of its set and night"),
        ("renorm_calib_night__{renorm}", float, "1", "what the images of a night share of it"),
        ("renorm_flat__{renorm}", float, "1",
         "error of the flat field of its set, as the stars show it on other pixels"),
        ("psf_aperture_scatter__{psf}", float, "1",
         "scatter of log(PSF flux / aperture flux) of the stars beyond the noise"),
        ("psf_aperture_slope_mag__{psf}", float, "mag-1", "its slope with the brightness"),
        ("psf_aperture_slope_x__{psf}", float, "1", "with the place, per half width of the image"),
        ("psf_aperture_slope_y__{psf}", float, "1", "the same, per half height"),
        ("psf_aperture_slope_colour__{psf}", float, "mag-1",
         "with the colour of the stars in the first two bands"),
        ("star_width_scatter__{psf}", float, "1",
         "scatter of the widths of the stars of its set against their PSFs, beyond the errors"),
        ("psf_note__{psf}", str, "", "in what its PSF fluxes disagree with the apertures"),
        ("psf_lens_width__{psf}", float, "1",
         "how much wider than its PSF a faint source at the lens is, as its stars tell"),
        ("psf_lens_width_sigma__{psf}", float, "1", "error of psf_lens_width"),
        ("psf_peak_slope__{psf}", float, "1/e-", "growth of the stars' width with the peak"),
        ("psf_peak_slope_sigma__{psf}", float, "1/e-", "its error"),
        ("psf_peak_e__{psf}", float, "e-", "peak of the stars whose width the PSF has"),
        ("psf_colour_slope__{psf}", float, "1/mag", "growth of their width with the colour"),
        ("psf_colour_slope_sigma__{psf}", float, "1/mag", "its error"),
        ("renorm_abs_sigma__{renorm}", float, "1",
         "its error as a zero point: with that of the PSF's sum, which cancels in the lens"),
        ("n_renorm_stars__{renorm}", int, "1", "stars behind it", "<renormname>_comment"),
        ("renorm_chi2__{renorm}", float, "1", "reduced chi2 of the stars about it")],
    "8_renorm/5_zero_points": [
        ("zero_point_mag__{renorm}", float, "mag",
         "magnitude of a star of 1 e-/s in the image, at the mean colour of the stars"),
        ("zero_point_sigma_mag__{renorm}", float, "mag", "its error"),
        ("zero_point_scale_mag__{renorm}", float, "mag",
         "calibrated minus instrumental magnitude of the lens, of its set", "", NEVER),
        ("zero_point_scale_sigma_mag__{renorm}", float, "mag", "its error", "", NEVER),
        ("zero_point_scatter_mag__{renorm}", float, "mag",
         "scatter of the stars about the zero point of its set, beyond their errors"),
        ("n_zero_point_stars__{renorm}", int, "1", "stars behind the zero point of its set"),
        ("colour_term__{renorm}", float, "1",
         "change of the zero point of its set per magnitude of colour"),
        ("colour_term_sigma__{renorm}", float, "1", "its error"),
        ("zero_point_band__{renorm}", str, "", "band of the zero point, and Vega or AB")],
    "fac_photom/1_reject_by_zero_point": [
        ("photom_filter__{photom}", str, "", "filter of the stack that it goes into"),
        ("photom_zero_point_mag__{photom}", float, "mag", "zero point of its scale, for 1 e-/s"),
        ("photom_note__{photom}", str, "", "why it is in no stack")],
    "7_deconv/1_prepare": [
        ("dec_number__{dec}", int, "1", "number of the image in the deconvolution, from 1",
         "decfilenum_<dec>"),
        ("dec_psf__{dec}", str, "", "PSF used for it", "decpsf_<dec>"),
        ("dec_coeff__{dec}", float, "1", "coefficient used for it", "decnorm_<dec>"),
        ("dec_coeff_sigma__{dec}", float, "1", "error of that coefficient"),
        ("dec_calib__{dec}", float, "1", "the renorm_calib within it, relative"),
        ("dec_calib_night__{dec}", float, "1", "the renorm_calib_night within it, relative")],
    "7_deconv/2_apply_norm": [
        ("dec_epochs__{dec}", str, "", "hash of the epochs that were gathered")],
    "7_deconv/3_write_start": [
        ("dec_start__{dec}", str, "", "hash of the positions where the sources are looked for")],
    "7_deconv/4_deconv": [
        ("dec_fit__{dec}", str, "", "hash of the joint fit that the image is part of"),
        ("dec_objective__{dec}", float, "1", "chi2 and priors of the joint fit"),
        ("dec_change_sigma__{dec}", float, "1",
         "largest last change of a flux of the joint fit, in units of its error"),
        ("n_dec_steps__{dec}", int, "1", "steps of the joint fit"),
        ("n_dec_held__{dec}", int, "1",
         "epochs added since the last complete fit, under its scene"),
        ("dec_ended__{dec}", str, "", "why the joint fit ended: converged, or what else")],
    "7_deconv/6_readout": [
        ("flux_e__{dec}__{source}", float, "e-", "flux of a point source in the exposure",
         "out_<dec>_<source>_flux"),
        ("flux_sigma_e__{dec}__{source}", float, "e-",
         "error of the flux: photons, read noise, blending, field, PSF; not the coefficient",
         "out_<dec>_<source>_shotnoise"),
        ("flux_random_e__{dec}__{source}", float, "e-",
         "the part from photons, read noise and blending"),
        ("flux_psf_e__{dec}__{source}", float, "e-", "the part from the PSF"),
        ("flux_sys_e__{dec}__{source}", float, "e-", "systematic error, common to all images"),
        ("flux_width_factor__{dec}__{source}", float, "1",
         "in flux_e, of psf_peak_slope and psf_colour_slope"),
        ("flux_note__{dec}__{source}", str, "",
         "why it deserves a look: cosmic rays on its core, light of single images next to it"),
        ("flux_cov_e2__{dec}__{source}__{other}", float, "e-2",
         "covariance of two sources in the exposure"),
        ("dec_shift_x_px__{dec}", float, "px", "fitted shift against the alignment",
         "out_<dec>_delta1"),
        ("dec_shift_y_px__{dec}", float, "px", "see dec_shift_x_px", "out_<dec>_delta2"),
        ("dec_sky_e__{dec}", float, "e-", "sky left in the stamp, per pixel", "out_<dec>_z2"),
        ("dec_chi2__{dec}", float, "1", "reduced chi2 of the stamp"),
        ("n_dec_masked__{dec}", int, "1", "pixels of the stamp left out")],
    ANY_SCRIPT: [
        ("ran__{script}", str, "", "outcome and numbers of the last run of a script"),
        ("made__{script}", str, "", "size, hash, time and path of the files that it wrote")],
    "fac_injection/1_choose_sites": [
        ("injection_sites__{dec}", str, "", "hash of the sites where sources are injected")],
    "fac_injection/2_inject": [
        ("n_injected__{dec}", int, "1", "sites that can be used in the image"),
        ("injection_coeff__{dec}", float, "1",
         "coefficient of the image without the stars that are copied, with their PSF"),
        ("injection_star_e__{dec}__{star}", float, "e-",
         "flux of a star that is copied, by the PSF of the other stars"),
        ("injection_star_sigma_e__{dec}__{star}", float, "e-", "its error")],
    "fac_injection/3_fit": [
        ("injection_fits__{dec}", str, "", "hash of the fits of the sites")],
} | SHAPES_WRITTEN_BY
FIELDS = {row[0]: Field(*row)._replace(producer=script)
          for script, rows in WRITTEN_BY.items() for row in rows}
