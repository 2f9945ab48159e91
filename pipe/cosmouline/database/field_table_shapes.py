"""The fields of fac_shapes: rows are CCDs of exposures, and tiles, in a database of their own."""

# script: (name, type, unit, meaning), see field_table
SHAPES_WRITTEN_BY = {
    "fac_shapes/1a_split_exposures": [
        ("ccd_exposure", str, "", "name of its exposure, or of the tile"),
        ("ccd_number", int, "1", "number of the CCD in the exposure, from 0"),
        ("ccd_nx_px", int, "px", "width"),
        ("ccd_ny_px", int, "px", "height"),
        ("ccd_origin", str, "", "path, extension and time of the file that it was cut from")],
    "fac_shapes/1b_merge_headers": [
        ("ccd_wcs", str, "", "cards of its world coordinates, as JSON"),
        ("ccd_wcs_error_px", float, "px", "largest error of a pixel to the sky and back"),
        ("ccd_scale_arcsec", float, "arcsec", "pixel scale in the middle"),
        ("ccd_ra_deg", float, "deg", "right ascension of the middle"),
        ("ccd_dec_deg", float, "deg", "declination of the middle"),
        ("ccd_zero_point_mag", float, "mag", "magnitude of one count"),
        ("ccd_gain_e_per_adu", float, "e-/ADU", "gain"),
        ("ccd_saturation_adu", float, "ADU", "saturation; absent where the header has none"),
        ("ccd_tiles", str, "", "tiles that it overlaps, with blanks between them")],
    "fac_shapes/2a_star_catalogue": [
        ("n_ccd_catalogue_stars", int, "1", "stars of the catalogue on it")],
    "fac_shapes/2b_masks": [
        ("ccd_masked", float, "1", "fraction of its pixels with a mask"),
        ("ccd_missing", float, "1", "fraction of its pixels without data"),
        ("n_ccd_haloes", int, "1", "bright stars whose halo or spikes are masked")],
    "fac_shapes/3a_detect_exposures": [
        ("n_ccd_objects", int, "1", "objects found on it"),
        ("ccd_sky_adu", float, "ADU", "median of the sky map"),
        ("ccd_sky_sigma_adu", float, "ADU", "median of the scatter of the sky"),
        ("ccd_offset_px", float, "px", "median of objects minus stars of the catalogue")],
    "fac_shapes/3b_select_stars": [
        ("n_ccd_stars", int, "1", "stars that the selection file chooses"),
        ("n_ccd_test_stars", int, "1", "those of them that are kept back from the PSF"),
        ("ccd_star_fwhm_px", float, "px", "their median FWHM, Gaussian by adaptive moments"),
        ("ccd_selection", str, "", "hash of the selection file")],
    "fac_shapes/3c_psf_model": [
        ("n_ccd_psf_used", int, "1", "stars of the PSF"),
        ("ccd_psf_degree", int, "1", "degree of its polynomials over the CCD"),
        ("ccd_psf_model", str, "", "degrees of its stretches and of each pixel"),
        ("ccd_psf_chi2", float, "1", "median chi2 of its stars within 1.5 FWHM"),
        ("ccd_psf_fwhm_px", float, "px", "median FWHM of its stars, Gaussian"),
        ("ccd_psf_hash", str, "", "hash of the PSF")],
    "fac_shapes/3d_psf_validate": [
        ("n_ccd_tested", int, "1", "stars kept back that were measured"),
        ("ccd_psf_e1_residual", float, "1", "median of their e1 minus that of the PSF"),
        ("ccd_psf_e2_residual", float, "1", "median of their e2 minus that of the PSF"),
        ("ccd_psf_size_residual", float, "1", "median of their size over the PSF, minus 1")],
    "fac_shapes/4a_detect_tiles": [
        ("n_tile_objects", int, "1", "objects found on the tile"),
        ("tile_sky_sigma_adu", float, "ADU", "median of the scatter of the sky"),
        ("tile_offset_px", float, "px", "median of objects minus stars of the catalogue"),
        ("tile_mean_epochs", float, "1", "mean number of epochs of an object"),
        ("tile_headers", str, "", "hash of the world coordinates of the CCDs on it")],
    "fac_shapes/4b_psf_multiepoch": [
        ("n_tile_psf_objects", int, "1", "objects with a PSF on one epoch at least"),
        ("tile_psf_fwhm_px", float, "px", "median FWHM of the PSFs, Gaussian"),
        ("tile_psfs", str, "", "hash of the PSFs of the CCDs on it")],
    "fac_shapes/5a_vignets": [
        ("n_tile_vignets", int, "1", "vignets of single epochs"),
        ("tile_vignets_of", str, "", "hash of the PSFs for which they were cut")],
    "fac_shapes/5b_spread_model": [
        ("n_tile_stars", int, "1", "objects that the spread model takes for stars"),
        ("n_tile_galaxies", int, "1", "and for galaxies")],
    "fac_shapes/6_shapes": [
        ("n_tile_shapes", int, "1", "objects with a shape"),
        ("tile_shapes", str, "", "hash of the shapes"),
        ("tile_target_arcsec", float, "arcsec", "sigma of the round PSF of all shapes")],
    "fac_shapes/7a_make_catalogue": [
        ("n_tile_catalogue", int, "1", "objects of the catalogue")],
}
