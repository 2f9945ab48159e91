"""Every field of the image database, declared once: the table that `fields` works with.

A name with placeholders, such as ``flux_e__{dec}__{source}``, declares a family of fields: one
for each deconvolution and source.
"""

import math
from typing import NamedTuple

NEVER = math.inf  # as tolerance of a field


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
    producer: str
    formerly: str = ""
    tolerance: float = 0.0


_ADD = "1_character/1a_add_to_database"
_COPY = "1_character/1b_copy_convert"
_EPHEM = "1_character/2a_astrocalc"
_HOT = "1_character/2c_hot_pixels"
_DETECT = "1_character/3a_detect"
_SEEING = "1_character/3b_measure_seeing"
_SKY = "1_character/4a_sky_stats"
_SKYSUB = "2_skysub/1_skysub"
_REF = "3_align/1a_pick_reference"
_ALIGN = "3_align/1b_identify_stars"
_RESAMPLE = "3_align/2a_opt_align"
_PICK = "4_norm/0_pick_stars"
_EMPTY = "4_norm/1a_image_stats"
_PHOT = "4_norm/2a_photometry"
_APERTURES = "4_norm/2b_opt_photom_db"
_PEAKS = "4_norm/2c_opt_peak_db"
_COEFF = "4_norm/3a_medcoeff"
_DEEP = "4_norm/4a_opt_prepare_deep"
_COMBI = "fac_combi/1_prepare"
_PSFCUT = "5_psf/2a_extract"
_PSFCR = "5_psf/3_find_cosmics"
_PRIOR = "5_psf/3b_choose_prior"
_PSF = "5_psf/4_build_psf"
_OBJECTS = "6_extract/1_extract_objects"
_OBJCR = "6_extract/2_find_cosmics"
_STARS = "7_deconv/0_star_photometry"
_PREPARE = "7_deconv/1_prepare"
_EPOCHS = "7_deconv/2_apply_norm"
_START = "7_deconv/3_write_start"
_FIT = "7_deconv/4_deconv"
_READOUT = "7_deconv/6_readout"
_RENORM = "8_renorm/1a_renormalize"
_ANY = "the script named in the field"

SEEING_TOLERANCE = 0.005  # it sets the sides of stamps and the start of the PSF, no flux
COEFF_TOLERANCE = 0.0005  # a quarter of its usual error

FIELDS = {field.name: field for field in [
    Field("img_name", str, "", "set name + file name, unique", _ADD, "imgname"),
    Field("gogogo", bool, "", "False once a script or the user has rejected the image", _ADD),
    Field("whynot", str, "", "why gogogo is False", _ADD),
    Field("treatme", bool, "", "False to leave a whole set aside for a while", _ADD),
    Field("testlist", bool, "", "True: treated under --test", _ADD),
    Field("test_comment", str, "", "comment of the image in testlist.txt", _ADD, "testcomment"),
    Field("updating", bool, "", "True for an image added to a finished reduction", _ADD),
    Field("set_name", str, "", "the set of the settings that it belongs to", _ADD, "setname"),
    Field("telescope", str, "", "name of its file; with generic, what its headers say", _ADD,
          "telescopename"),
    Field("filter", str, "", "name of the filter", _ADD),
    Field("raw_path", str, "", "where the raw frame lies", _ADD, "rawimg"),
    Field("raw_state", str, "", "its size in bytes and the time of its last change in ns", _ADD),
    Field("datetime_utc", str, "", "middle of the exposure, ISO", _ADD, "datet"),
    Field("mjd", float, "d", "middle of the exposure, JD - 2400000.5, UTC", _ADD),
    Field("exptime_s", float, "s", "exposure time", _ADD, "exptime"),
    Field("gain_e_per_adu", float, "e-/ADU", "gain", _ADD, "gain"),
    Field("read_noise_e", float, "e-", "read noise", _ADD, "readnoise"),
    Field("saturation_adu", float, "ADU", "saturation level of the raw frame", _ADD,
          "saturlevel"),
    Field("pixel_scale_arcsec", float, "arcsec", "side of a pixel", _ADD, "pixsize"),
    Field("site_lon_deg", float, "deg", "longitude of the telescope, east positive", _ADD,
          "telescopelongitude"),
    Field("site_lat_deg", float, "deg", "latitude of the telescope", _ADD, "telescopelatitude"),
    Field("site_height_m", float, "m", "height of the telescope", _ADD, "telescopeelevation"),
    Field("header_notes", str, "", "values that did not come from the header", _ADD),
    Field("raw_nx_px", int, "px", "columns of the raw frame", _ADD),
    Field("raw_ny_px", int, "px", "rows of the raw frame", _ADD),
    Field("frame_notes", str, "", "what is odd about the header, though it is used", _ADD),

    Field("nx_px", int, "px", "columns of the image, after trimming", _COPY),
    Field("ny_px", int, "px", "rows of the image, after trimming", _COPY),
    Field("saturation_e", float, "e-", "saturation level in electrons", _COPY),
    Field("pixel_notes", str, "", "what is odd about its pixels, though it is used", _COPY),
    Field("raw_hash", str, "", "hash of the file of its raw frame", _COPY, "", NEVER),
    Field("pixel_hash", str, "", "hash of its raw pixels: the same for the same frame", _COPY),
    Field("has_wcs", bool, "", "the frame brought celestial coordinates", _COPY),
    Field("noise_factor", float, "1",
          "noise that counts for a flux over the scatter of the pixels, of a resampled frame",
          _COPY),

    Field("mhjd", float, "d", "heliocentric mjd, UTC", _EPHEM),
    Field("airmass", float, "1", "airmass of the target", _EPHEM),
    Field("alt_deg", float, "deg", "height of the target above the horizon", _EPHEM, "alt"),
    Field("az_deg", float, "deg", "azimuth of the target", _EPHEM, "az"),
    Field("moon_dist_deg", float, "deg", "angle between target and Moon", _EPHEM, "moondist"),
    Field("moon_alt_deg", float, "deg", "height of the Moon", _EPHEM, "moonalt"),
    Field("moon_percent", float, "%", "lit part of the Moon", _EPHEM, "moonpercent"),
    Field("sun_alt_deg", float, "deg", "height of the Sun", _EPHEM, "sunalt"),
    Field("sun_dist_deg", float, "deg", "angle between target and Sun", _EPHEM, "sundist"),
    Field("astro_note", str, "", "what is odd about time or place", _EPHEM, "astrocomment"),

    Field("n_hot_px", int, "1", "hot, dead and masked pixels of the image's camera", _HOT),
    Field("n_sources", int, "1", "sources detected, cosmics left out", _DETECT),
    Field("scene_notes", str, "", "trails, and bad pixels on the lens, though it is used", _DETECT,
          "", NEVER),
    Field("star_notes", str, "", "what is odd about its stars, though it is used", _SEEING, "",
          NEVER),
    Field("fwhm_px", float, "px", "seeing from the image's own sources", _SEEING,
          "seeingpixels"),
    Field("fwhm_arcsec", float, "arcsec", "fwhm_px in arcsec", _SEEING, "seeing"),
    Field("ellipticity", float, "1", "1 - b/a of the stars", _SEEING, "ell"),
    Field("pa_deg", float, "deg", "angle of the stars' long axis from x to y", _SEEING, "pa"),
    Field("n_good_stars", int, "1", "stars behind the seeing", _SEEING, "goodstars"),
    Field("sky_level_e", float, "e-", "median of the clipped sky pixels", _SKY, "skylevel"),
    Field("sky_sigma_e", float, "e-", "standard deviation of the clipped sky pixels", _SKY,
          "prealistddev"),
    Field("sky_box_px", int, "px", "mesh of the sky map", _SKYSUB),
    Field("sky_range_e", float, "e-", "highest minus lowest value of the sky map", _SKYSUB),
    Field("sky_noise_e", float, "e-", "noise of the sky map's pixels, median", _SKYSUB),

    Field("fringe_frame", str, "", "the pattern that its sky holds, of 1b_opt_fringes",
          _SKYSUB),
    Field("fringe_scale", float, "1", "height of that pattern in the image", _SKYSUB),
    Field("fringe_rms_e", float, "e-", "rms of the fringes that were found in it", _SKYSUB),

    Field("ref_img_name", str, "", "the image that it is aligned to", _REF, "refimgname"),
    Field("ref_score", float, "1", "fitness as reference, relative to the best", _REF,
          "", NEVER),
    Field("is_aligned", bool, "", "its stars were found on the reference image", _ALIGN,
          "flagali"),
    Field("align_note", str, "", "why it could not be aligned", _ALIGN, "alicomment"),
    Field("n_align_stars", int, "1", "stars matched with the reference", _ALIGN,
          "nbralistars"),
    Field("align_rms_px", float, "px", "rms of their residuals", _ALIGN, "geomaprms"),
    Field("align_angle_deg", float, "deg", "rotation against the reference", _ALIGN,
          "geomapangle"),
    Field("align_scale", float, "1", "image pixels per reference pixel", _ALIGN,
          "geomapscale"),
    Field("align_parity", int, "1", "-1 for a mirror image of the reference", _ALIGN),
    Field("lens_x_px", float, "px", "where the lens lies on the image", _ALIGN),
    Field("lens_y_px", float, "px", "see lens_x_px", _ALIGN),
    Field("align_m11", float, "1", "x_img = m11 x_ref + m12 y_ref + dx", _ALIGN),
    Field("align_m12", float, "1", "see align_m11", _ALIGN),
    Field("align_dx_px", float, "px", "see align_m11", _ALIGN),
    Field("align_m21", float, "1", "y_img = m21 x_ref + m22 y_ref + dy", _ALIGN),
    Field("align_m22", float, "1", "see align_m21", _ALIGN),
    Field("align_dy_px", float, "px", "see align_m21", _ALIGN),

    Field("aligned_part", float, "1", "part of the reference image that it covers", _RESAMPLE),
    Field("aligned_noise", float, "1",
          "scatter of its resampled pixels over the noise that an aperture sees", _RESAMPLE),

    Field("star_list", str, "", "whose choice the stars are, how many, hash of the list",
          _PICK),
    Field("field_fwhm_px", float, "px", "seeing from the stars found in other images too",
          _PICK, "", SEEING_TOLERANCE),
    Field("field_fwhm_arcsec", float, "arcsec", "field_fwhm_px in arcsec", _PICK, "",
          SEEING_TOLERANCE),
    Field("field_ellipticity", float, "1", "1 - b/a of the same stars", _PICK, "", NEVER),
    Field("n_field_stars", int, "1", "stars of the field catalogue found in the image", _PICK,
          "", NEVER),
    Field("empty_region", str, "", "box without sources on the reference image, pixels from 1",
          _EMPTY, "emptyregion"),
    Field("empty_sigma_e", float, "e-", "noise of its pixels, one clip at 3 sigma", _EMPTY,
          "stddev"),
    Field("empty_mean_e", float, "e-", "their mean, the sky map subtracted", _EMPTY, "emptymean"),
    Field("n_empty_px", int, "1", "how many there are", _EMPTY),
    Field("n_phot_stars", int, "1", "normalisation stars with an aperture flux", _PHOT),
    Field("aper_radius_px", float, "px", "radius of the aperture", _PHOT),
    Field("aper_flux_e__{star}", float, "e-", "aperture flux of a star", _PHOT,
          "<sexphotom>_<star>_ap30_flux"),
    Field("aper_sigma_e__{star}", float, "e-", "error of the aperture flux", _PHOT,
          "<sexphotom>_<star>_ap30_flux_err"),
    Field("n_photom_stars", int, "1", "stars measured in several apertures", _APERTURES),
    Field("photom_radius_px__{aperture}", float, "px",
          "radius of the aperture; of Kron's the median over the stars", _APERTURES),
    Field("photom_flux_e__{aperture}__{star}", float, "e-", "flux of a star in one of them",
          _APERTURES, "<sexphotom>_<star>_<aperture>_flux"),
    Field("photom_sigma_e__{aperture}__{star}", float, "e-", "its error", _APERTURES,
          "<sexphotom>_<star>_<aperture>_flux_err"),
    Field("n_peak_stars", int, "1", "stars whose peak was measured", _PEAKS),
    Field("peak_adu__{star}", float, "ADU", "highest pixel of a star, sky included", _PEAKS,
          "<sexphotom>_<star>_peakadu"),
    Field("medcoeff", float, "1", "flux x medcoeff = flux on the reference image", _COEFF, "",
          COEFF_TOLERANCE),
    Field("medcoeff_sigma", float, "1", "error of medcoeff", _COEFF, "sigcoeff", NEVER),
    Field("n_coeff_stars", int, "1", "stars behind medcoeff", _COEFF, "nbrcoeffstars", NEVER),

    Field("band_ref_img_name", str, "", "the image of its band whose medcoeff is 1", _COEFF,
          "refimgname_per_band"),
    Field("quality_note", str, "", "in what it stands out from the other images", _COEFF, "",
          NEVER),
    Field("combi_number__{combi}", int, "1", "number of the image in the deep stack, from 1",
          _DEEP),
    Field("combi_group__{group}", int, "1", "number of the stack that it goes into, from 1",
          _COMBI, "combinight_<name>_num"),
    Field("n_psf_cut__{psf}", int, "1", "PSF stars cut from the image", _PSFCUT),
    Field("n_psf_cosmics__{psf}", int, "1", "cosmic pixels on their stamps", _PSFCR),
    Field("psf_prior__{psf}", str, "",
          "prior of the PSF: size, correlation length and power of core and of wings", _PRIOR),
    Field("n_psf_used__{psf}", int, "1", "PSF stars that survived the fit", _PSF),
    Field("psf_fwhm_px__{psf}", float, "px", "FWHM of a star, of its Moffat", _PSF),
    Field("psf_fwhm_arcsec__{psf}", float, "arcsec", "psf_fwhm_px in arcsec", _PSF),
    Field("psf_ellipticity__{psf}", float, "1", "1 - b/a of the PSF's Moffat", _PSF),
    Field("psf_beta__{psf}", float, "1", "exponent of the PSF's Moffat", _PSF),
    Field("psf_chi2__{psf}", float, "1", "median reduced chi2 of the PSF stars", _PSF),
    Field("psf_varies__{psf}", bool, "", "the PSF varies over the field", _PSF),

    Field("n_objects", int, "1", "objects cut from the image", _OBJECTS),
    Field("object_side_px", int, "px", "side of their stamps", _OBJECTS),
    Field("lens_side_px", int, "px", "side of the lens's stamp, the same in all images",
          _OBJECTS),
    Field("n_object_cosmics", int, "1", "cosmic pixels on their stamps", _OBJCR,
          "obj_<o>_cosmics"),
    Field("n_psf_phot__{psf}", int, "1", "stars with a PSF flux", _STARS),
    Field("n_core_hits__{psf}", int, "1", "cosmic pixels found in the cores of its stars", _STARS),
    Field("psf_sum_error__{psf}", float, "1",
          "relative error that all fluxes of the image share, from the draws of its PSF", _STARS),
    Field("star_flux_e__{psf}__{star}", float, "e-", "PSF flux of a star", _STARS,
          "out_<dec>_<star>_flux"),
    Field("star_sigma_e__{psf}__{star}", float, "e-", "error of the PSF flux", _STARS,
          "out_<dec>_<star>_shotnoise"),
    Field("star_chi2__{psf}__{star}", float, "1", "its reduced chi2", _STARS),

    Field("star_x_px__{psf}__{star}", float, "px", "where it lies on the image", _STARS),
    Field("star_y_px__{psf}__{star}", float, "px", "see star_x_px", _STARS),
    Field("star_xy_sigma_px__{psf}__{star}", float, "px", "error of either", _STARS),

    Field("renorm__{renorm}", float, "1", "flux x renorm = flux on the reference scale",
          _RENORM, "<renormname>"),
    Field("renorm_sigma__{renorm}", float, "1", "error of that coefficient", _RENORM,
          "<renormname>_err"),
    Field("renorm_abs_sigma__{renorm}", float, "1",
          "its error as a zero point: with that of the PSF's sum, which cancels in the lens",
          _RENORM),
    Field("n_renorm_stars__{renorm}", int, "1", "stars behind it", _RENORM,
          "<renormname>_comment"),
    Field("renorm_chi2__{renorm}", float, "1", "reduced chi2 of the stars about it", _RENORM),

    Field("dec_number__{dec}", int, "1", "number of the image in the deconvolution, from 1",
          _PREPARE, "decfilenum_<dec>"),
    Field("dec_psf__{dec}", str, "", "PSF used for it", _PREPARE, "decpsf_<dec>"),
    Field("dec_coeff__{dec}", float, "1", "coefficient used for it", _PREPARE, "decnorm_<dec>"),
    Field("dec_coeff_sigma__{dec}", float, "1", "error of that coefficient", _PREPARE),
    Field("dec_epochs__{dec}", str, "", "hash of the epochs that were gathered", _EPOCHS),
    Field("dec_start__{dec}", str, "", "hash of the places where the sources are looked for",
          _START),
    Field("dec_fit__{dec}", str, "", "hash of the joint fit that the image is part of", _FIT),
    Field("dec_objective__{dec}", float, "1", "chi2 and priors of the joint fit", _FIT),
    Field("dec_change_sigma__{dec}", float, "1",
          "largest last change of a flux of the joint fit, in units of its error", _FIT),
    Field("n_dec_steps__{dec}", int, "1", "steps of the joint fit", _FIT),
    Field("dec_ended__{dec}", str, "", "why the joint fit ended: converged, or what else", _FIT),
    Field("flux_e__{dec}__{source}", float, "e-", "flux of a point source in the exposure",
          _READOUT, "out_<dec>_<source>_flux"),
    Field("flux_sigma_e__{dec}__{source}", float, "e-",
          "error of the flux: photons, read noise, blending, field, PSF; not the coefficient",
          _READOUT, "out_<dec>_<source>_shotnoise"),
    Field("flux_random_e__{dec}__{source}", float, "e-",
          "the part from photons, read noise and blending", _READOUT),
    Field("flux_psf_e__{dec}__{source}", float, "e-", "the part from the PSF", _READOUT),
    Field("flux_sys_e__{dec}__{source}", float, "e-",
          "error of the constant part, common to all images", _READOUT),
    Field("flux_cov_e2__{dec}__{source}__{other}", float, "e-2",
          "covariance of two sources in the exposure", _READOUT),
    Field("dec_shift_x_px__{dec}", float, "px", "fitted shift against the alignment", _READOUT,
          "out_<dec>_delta1"),
    Field("dec_shift_y_px__{dec}", float, "px", "see dec_shift_x_px", _READOUT,
          "out_<dec>_delta2"),
    Field("dec_sky_e__{dec}", float, "e-", "sky left in the stamp, per pixel", _READOUT,
          "out_<dec>_z2"),
    Field("dec_chi2__{dec}", float, "1", "reduced chi2 of the stamp", _READOUT),
    Field("n_dec_masked__{dec}", int, "1", "pixels of the stamp left out", _READOUT),

    Field("ran__{script}", str, "", "outcome and numbers of the last run of a script", _ANY),
    Field("made__{script}", str, "", "size, hash, time and path of the files that it wrote", _ANY),
]}
