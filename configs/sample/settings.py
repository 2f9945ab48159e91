"""Every setting of COSMOULINE, with its default, unit and meaning.

Copy this folder to configs/<your lens>, keep in settings.py only what differs from here, and
leave this file as it is. A settings.py is Python: run only those that you wrote or have read.
Paths start with "/" or "~", or with a variable of the environment such as "$DATA". "This folder"
is configs/<your lens>. A limit that is None does not reject anything.
"""

# --- The lens ---------------------------------------------------------------------------------
lens_name: str = ""  # such as "HE0435-1223": title of the pictures, start of the exported files
lens_ra_deg: float | str | None = None  # J2000, such as 69.562 or "04:38:14.9": for airmass, Moon
lens_dec_deg: float | str | None = None  # and heliocentric date, and to find the lens by a WCS
lens_position_px: tuple[float, float] | None = None
# (425.0, 287.0): x and y of the lens on the image ref_img_name, as ds9 shows them (the first pixel
# is 1). It is used in place of RA and Dec, and needed where that image has no WCS
point_sources: dict | str | int = 1
# The quasar images (or other point sources) to be fitted:
# {"A": (0.0, 0.0), "B": (-1.48, 0.55)}: arcsec east and north of the lens position;
# "sources.cat": a file of this folder, with pixels of the reference image; 4: four sources, whose
# positions are found in the images; "find": those that stand out there, faint or blended ones not
point_sources_unit: str = "arcsec"  # "deg": the numbers of the dict above are RA and Dec; those
# near lens_ra_deg and lens_dec_deg are taken so anyway, and ("04:38:14.9", "-12:17:14.4") too
north_angle_deg: float = 0.0  # without a WCS: direction of north, from +y towards -x, such as 12.5
is_mirrored: bool = False  # without a WCS: True if east is to the right when north is up

# --- Frames and folders -----------------------------------------------------------------------
work_dir: str = ""  # folder for all products: they can need as much space as the frames
sets: list[dict] = []
# One entry for each band, season or camera:
# {"name": "R", "telescope": "EulerCAM", "raw_dir": "~/raw/HE0435_R",
#  "overrides": {"gain_e_per_adu": 2.0},      values for missing or wrong header keywords; missing
#                                             dates: "dates": "~/dates.txt", with the name of a
#                                             file, a blank, and its start in UTC in each line
#  "bad_pixel_mask": "~/masks/ecam.fits",     FITS image, not 0 where a pixel is bad
#  "extension": 1,                            which image of a multi-extension file
#  "folders": "2019*",                        folders of raw_dir where the frames are; "**": all
#                                             below it; image names begin with theirs
#  "lens_only": True,                         only frames that hold the lens, by their headers
#  "files": "*_R_*",                          only these files of raw_dir (or a list of names), or
#  "filter": "R",                             only frames whose header names this filter
#  "camera": "ECAM",                          or this INSTRUME (or TELESCOP, if it has none)
#  "science_only": True,                      no bias, dark, flat or lamp frames, by their headers
#  "band": "R"}                               sets of one band are normalised, fitted and joined
#                                             together, and other bands on their own; without any
#                                             "band" all sets are treated as one band
ref_img_name: str | None = None
# The image to which all others are aligned, such as "R_0007"; None: chosen by seeing, ellipticity,
# number of stars and sky level
band_ref_img_names: dict = {}
# {"V": "V_0007"}: the image of each other band whose coefficient is 1; a band without: its best

# --- 0_preparation: frames as the camera gave them --------------------------------------------
raw_frames: list[dict] = []
# One entry for each camera whose frames are still to be calibrated, with its bias, dark and flat
# frames; where the frames of the sets are reduced already, it stays empty:
# {"name": "ECAM", "telescope": "EulerCAM", "raw_dir": "~/raw/HE0435",
#  "folders": "**",                           "files", "extension" and "overrides" as in sets
#  "masters": "~/masters/ecam"}               folder of master frames made elsewhere: used as well
# The calibrated frames lie in the folder calibrated/<name> of work_dir: give it as the raw_dir of
# a set. The keys "filter" and "folders" of a set choose among them.
flat_level_limits: tuple[float, float] = (0.1, 0.8)  # a flat's median level above its bias, in
# saturation levels: fainter and brighter flats are left out of the masters
calibration_saturated_max: float = 0.001  # more saturated pixels: the frame is not in a master
master_by: str = "night"  # a master frame for each "night", or one of "all" nights
master_min_frames: int = 5  # fewer frames make no master
master_days_max: float = 30.0  # a flat or dark from longer before or after a frame is not used
master_temperature_max_c: float = 2.0  # a dark whose detector differs by more is not used
flat_least: float = 0.3  # pixels of lower sensitivity are bad
mark_cosmics: bool = False  # True: 2a_calibrate masks cosmic rays on all frames, which stacks of
# few frames need; light curves do not, their cosmic rays are found on the stamps

# --- How to run -------------------------------------------------------------------------------
engine: str = "local"  # "serial": one process; "local": worker processes on this machine;
# "dask": workers on many machines (pip install 'cosmouline[cluster]'; see doc/cluster.md)
max_cpus: int = 0  # number of worker processes of "local"; 0: one for each core
cluster: str | dict | None = None  # where the workers of "dask" are:
# "tls://host:8786" or "tcp://host:8786": a running scheduler; "~/scheduler.json": its file;
# {"cluster": "slurm",        request jobs from it; or "pbs", "sge", "lsf", "oar", "htcondor",
#                             or "local": processes on this machine
#  "jobs": 4,                 how many, each with so many workers:
#  "cores": 8,                each worker measures one image at a time
#  "memory": "16GB",          of all workers of a job together
#  "walltime": "04:00:00",    jobs that reach it are replaced by new ones
#  "queue": "long", "account": "p123", "interface": "ib0", "python": "/shared/env/bin/python",
#  "extra": ["--exclusive"],  more lines for the job scheduler
#  "prologue": ["module load python"],  lines of shell before a worker starts
#  "gpus": 1}                 GPUs of a job, for the joint fits
image_timeout_s: float | None = None  # 600.0: a worker that needs longer for one image is stopped
died_retries: int = 1  # how often an image is tried again after its worker process died

# --- 1_character ------------------------------------------------------------------------------
find_hot_pixels: bool = True  # mask the pixels that are hot or dead in all images of a set
hot_pixel_sigma: float = 8.0  # a hot pixel is so far above its neighbours; lower: more masked
detect_threshold_sigma: float = 3.0  # lower: fainter sources; pixels so far above the sky noise
detect_min_area_px: int = 5  # lower: fainter sources; so many connected pixels above it

# --- 2_skysub ---------------------------------------------------------------------------------
sky_box_px: int | None = None
# Mesh of the sky map in pixels, such as 128: a smaller one follows the sky more closely, but takes
# light from the wings of bright stars; None: a sixteenth of the image side, within 64 and 256
fringe_by: str = "night"  # one fringe pattern for each "night", or for each "set": short nights
fringe_cell_px: int = 4  # mesh of the sky map of 1b_alt_fringes_no_dither: a fifth of the distance
# of the fringes or less

# --- fac_astrometry: where the frames lie -------------------------------------------------------
catalogue: str | None = "catalogue.ecsv"
# Stars of the field with RA and Dec, a file of this folder (ECSV, FITS, VOTable or CSV) that
# fac_astrometry/1_fetch_catalogue writes, or your own; without it, or with None, everything works
catalogue_radius_arcmin: float = 10.0  # the circle about the lens that is fetched
wcs: str = "solve"  # "solve": found from the catalogue, else that of the header; "header": that of
# the header, refused where the catalogue contradicts it; "none": no coordinates
wcs_sip_degree: int | None = None  # distortion: 0 for none, 2 or 3; None: where the stars show it
use_proper_motion: bool = True  # False: stars stay where the catalogue has them
pointing_error_arcmin: float = 3.0  # the lens lies this near to the middle of the frames, or
# farther: then parts of the catalogue are tried in turn
star_mag_range: tuple[float, float] | None = None
# (14.0, 19.0): a star that the catalogue has outside of these magnitudes is not picked, nor one
star_ruwe_max: float | None = 1.4  # of a larger RUWE (of Gaia; not a single star)

# --- 3_align ----------------------------------------------------------------------------------
align_method: str = "triangles"  # how stars are matched; or "astroalign", the package
allow_mirror_images: bool = False  # True: match images of both parities, as of two cameras
align_rms_max_px: float = 1.5  # an image whose stars fit worse than this is not aligned, not used
fwhm_max_ratio: float | None = 4.0  # 3_update_flags rejects images that are so many times wider
# than the median of their set (out of focus),
fwhm_max_arcsec: float | None = None  # 2.5: images of worse seeing,
ellipticity_max: float | None = 0.5  # images of larger ellipticity 1 - b/a (trailed, out of focus)
sky_level_max_e: float | None = None  # and images of a higher sky level, electrons per pixel

# --- 4_norm -----------------------------------------------------------------------------------
norm_stars: list[str] | None = None
# ["a", "b", "f"]: the stars of normstars.cat that give the coefficient; None: all stars of it, or
# those that 4_norm/0_pick_stars picks where this folder has no normstars.cat
psf_stars: list[str] | None = None  # the stars of which the PSF is made; None: those of norm_stars
# (names of psf_<psf_name>.cat if this folder has one; None: all stars of it)
n_norm_stars: int = 12  # how many stars are picked without a normstars.cat
star_snr_min: float = 60.0  # a picked star has this signal-to-noise or more in the median image
star_lens_distance_px: float = 20.0  # a picked star is farther than this from the lens
aperture_fwhm: float = 1.5  # radius of the aperture, in FWHM of the image
empty_region: str | None = None
# "[101:180, 200:260]": a region of the reference image without sources, pixels from 1, in which
# the sky noise is checked; None: found
photom_stars: list[str] | str | None = None
# More stars to measure, without a say in PSF and coefficient: ["v", "w"] of normstars.cat or
# photomstars.cat, or "mystars.cat" of this folder; None: all of photomstars.cat, if it exists
photom_apertures: list[str] = ["1fwhm", "1.5fwhm", "3fwhm"]
# Radii of 4_norm/2b_opt_photom_db in FWHM of the image, "4arcsec" or "8px"; "auto": Kron's
correct_flat: bool = True  # what all skies of a set have in common is taken out of the stamps; of
# their light too, where the stars follow it. False: it is in the systematic errors alone
coeff_method: str = "als"  # "als": stars and images solved together; "median": COSMOULINE's

# --- Stacks: 4_norm/4 and fac_combi -----------------------------------------------------------
combi_name: str = "best1"  # name of the deep stack: another name keeps the earlier stack
combi_fwhm_max_arcsec: float | None = None  # images beyond these are not in the deep stack:
combi_ellipticity_max: float | None = None  # with all four None it is the half of the images
combi_coeff_max: float | None = None  # with the best seeing
combi_sky_max_e: float | None = None  # sky level x coefficient, in electrons per pixel
combi_method: str = "mean"  # "mean": weighted, cosmic rays clipped; "median": COSMOULINE's, with
# a fifth less depth
combi_coefficient: str = "medcoeff"  # scale of the images: "medcoeff", "renorm" or "none"
combi_group_name: str = "night1"  # name of the stacks of fac_combi
combi_group_by: str = "night"  # one stack for each "night", from noon to noon; "target": each set

# --- 5_psf ------------------------------------------------------------------------------------
psf_name: str = "psf1"  # name of the PSFs: another name keeps the earlier ones
psf_engine: str = "gp"  # "gp": Moffat and Gaussian-process grid; "starred": STARRED
psf_stamp_fwhm: float = 7.0  # side of a star's stamp, in FWHM of the image
psf_upsampling: int = 2  # PSF pixels per image pixel; 3 if the FWHM is below 2 px
psf_prior: tuple[float, float, float] | str = (0.05, 1.20, 1.0)
# How far the PSF may depart from a Moffat. Raise the first number if the residuals of all stars
# show one ring: size of the departures as a fraction of the Moffat's peak, their correlation
# length in FWHM, and the power of the Moffat that they follow; "auto": size and length are fitted
psf_wings: tuple[float, float, float] = (0.02, 4.0, 0.5)
# the same for smooth departures far out, where the light of a galaxy looks like a wing of the PSF
psf_field: str = "auto"  # "on": the PSF varies linearly over the field; "off": it does not;
# "auto": where the stars show it. The width is a quadratic where they show that ("on", "auto")
use_drawn_masks: bool = True  # False: ignore the masks drawn with DS9 in this folder:
# psf_<psf_name>_mask_<star>.reg and obj_<lens or star>_mask.reg
psf_peak_max: float = 0.78  # 5_psf/7_opt_list_saturated lists stars above this fraction of the
# saturation level
psf_min_stars: int = 3  # an image with fewer good PSF stars is rejected
n_psf_draws: int = 4  # PSFs drawn for the PSF error of the fluxes; 0: that error is left out
cosmic_sigma: float = 5.0  # lower: more pixels are masked as cosmic rays (astroscrappy's sigclip)
cosmic_fraction: float = 0.3  # lower: more of their neighbours are masked too (its sigfrac)
cosmic_object: float = 5.0  # higher: fewer cores of stars are taken for cosmic rays (its objlim)

# --- 6_extract --------------------------------------------------------------------------------
lens_stamp_fwhm: float = 8.0  # side of the lens's stamp: diameter of the lens + this x the FWHM
lens_stamp_px: int | None = None  # or the side itself, in pixels: a multiple of 8, such as 64

# --- 7_deconv ---------------------------------------------------------------------------------
dec_name: str = "lens"  # name of the deconvolution: another name keeps the earlier ones
dec_psf_names: list[str] = []
# ["bright", "faint"]: each image is fitted with the first of these PSFs that it has, and that
# psf_<name>_skiplist.txt does not refuse it; []: with that of psf_name
deconv_engine: str = "gp"  # "gp": point sources, Sersic, Gaussian process; "starred": STARRED
dec_coefficient: str = "renorm"  # scale of the images: "renorm", "medcoeff", or "none": all alike
extended_light: str = "auto"  # "galaxy": galaxy and residual light if the data show them; "none":
# point sources only; "auto": "galaxy" for two and more point sources, "none" for a single one
n_held_epochs: int = 30  # new epochs that are added to a joint fit under its scene before all are
# fitted again; earlier where the scene would change fluxes by .1 of their errors. 0: always all
n_control_stars: int = 3  # stars fitted as the lens is: what galaxy and residual light take from
# them is an error of its fluxes; 0: that is left out
point_source_sigma_arcsec: float | dict | None = None
# Errors of the given positions relative to each other: 0.003, or {"A": 0.003}; 0: the fit does not
# move them; None: it finds them freely
source_epochs: dict = {}
# {"SN": ("2019-03-01", None)}: first and last date of a source that is not always there
extra_sources: dict | str = {}
# Stars on the lens's stamp that are no images of the quasar, given as in point_sources; "field":
# all stars of the star catalogue that lie there
shift_prior: str = "stars"  # position of the lens on an image: "stars" fitted with its PSF predict
# it; "alignment": the transform of 3_align does
dec_start_from: str | None = None  # "lens": start with galaxy and residual light of that dec_name
dec_fwhm_max_arcsec: float | None = None  # 2.0: images of worse seeing are not deconvolved,
dec_ellipticity_max: float | None = 0.4  # nor those of larger ellipticity,
dec_coeff_max: float | None = 10.0  # of a larger coefficient (clouds),
dec_sky_max_e: float | None = None  # or with sky level x coefficient above this, electrons,
dec_trail_min_arcsec: float | None = 5.0  # or with the trail of a satellite so near to the lens

# --- fac_injection ----------------------------------------------------------------------------
n_injection_sites: int = 12  # empty places of the field that get the light of the lens

# --- 8_renorm ---------------------------------------------------------------------------------
renorm_name: str = "renorm1"  # name of the renormalisation: another name keeps the earlier ones
renorm_stars: list[str] | None = None  # ["a", "c"]: the stars used; None: the normalisation stars
renorm_method: str = "als"  # "als": stars and images solved together; "median": COSMOULINE's
renorm_reference_star: str | None = None
# "a": this star gets one magnitude in all sets (with "median": of all telescopes), which fixes
# their zero points; None: with "als" the mean star, with "median" the first one

# --- 8_renorm/5_zero_points: calibrated magnitudes ---------------------------------------------
zero_point_band: str | None = None  # band of the catalogue, such as "G", "r_ps1", or one that its
# colours give, such as "R" or "r_sdss"; None: the band nearest to the filter of the frames, else G
zero_point_flat_degree: int = 0  # 1 or 2: a zero point that varies over the frame (flat field)
zero_point_range_mag: float | None = 2.0  # an image whose zero point is farther from the median of
# its set is rejected: clouds, or a wrong exposure time
lens_colour_mag: tuple[float, float] = (0.6, 0.2)  # colour of the lens in the colour of the
# catalogue (BP - RP, or g - r), and its error: it enters the calibrated magnitudes

# --- fac_photom: photometry of the field --------------------------------------------------------
photom_name: str = "photom1"  # name of the stacks, lists and page: another name keeps the earlier
photom_zero_point_range_mag: float | None = 1.5  # an image whose zero point is farther from the
# median of its filter, either way, is in no stack: clouds, or a wrong exposure time or gain
photom_threshold_sigma: float = 4.0  # lower: fainter sources; above the smoothed sky noise of all
# filters together (SExtractor's 1.5 sigma of the unsmoothed one); and photom_apertures, above

# --- 9_export ---------------------------------------------------------------------------------
export_psfs: list[str] | None = None  # ["psf1"]: export the fields of these PSFs; None: of all
export_renorms: list[str] | None = None  # the same for renormalisations
export_decs: list[str] | None = None  # and deconvolutions

# --- lcmanip ----------------------------------------------------------------------------------
# Magnitudes are instrumental: -2.5 log10 of the electrons on the scale of the reference image.
sum_sources: dict = {}  # {"S": ("A", "B")}: add the sum of A and B as one more source, S
join_sources: list[str] | None = None  # ["A", "S"]: sources of the light curve; None: all
join_separate: str = "no"  # "telescope" or "set": a light curve for each; "no": one for all
join_skiplists: list[str] = ["join_skiplist.txt"]
# Files of this folder with lines "img_name reason": images that the light curve leaves out
join_by: str = "night"  # images of a "night" become one point; or each "image"; or "minutes":
join_minutes: float = 30.0  # those within this time, from the first to the last
join_center: str = "mean"  # flux of a point: "mean" weighted by errors, or COSMOULINE's "median"
join_fwhm_max_arcsec: float | None = None  # 2.0: images of worse seeing are left out, and those
join_ellipticity_max: float | None = None  # of larger ellipticity,
join_sky_max_e: float | None = None  # with sky level x coefficient above this, in electrons,
join_coeff_max: float | None = None  # or of a larger coefficient (clouds)
night_fwhm_max_arcsec: float | None = None  # 2.0: points with this median seeing or worse are
night_ellipticity_max: float | None = None  # flagged (flag = False), not left out; in the same
night_sky_max_e: float | None = None  # way by their ellipticity, sky level x coefficient
night_coeff_max: float | None = None  # and coefficient
night_min_images: int = 1  # 3: points of fewer images are flagged
excluded_nights: str = "flag"  # points of excluded_nights.txt are flagged; "drop": left out
curve_shifts_mag: dict | None = None
# {"B": -0.1}: magnitudes added to a source on the picture; {}: none; None: chosen so that the
# curves do not overlap
curve_dates: tuple[str, str] | None = None  # ("2010-01-31", "2015-06-30"): first and last day of
# the picture; None: all points
curve_mags: tuple[float, float] | None = None  # (-12.0, -10.5): magnitudes at its top and bottom
curve_panels: str = "one"  # "one" panel for all sources, or a panel for "each"

# --- fac_shapes: galaxy shapes from exposures of a mosaic camera and a tile made of them ---------
# Each is a table; give only the keys that differ, such as shape_images = {"dir": "~/mosaic"}.
shape_images: dict = {
    "dir": "",  # folder of the images; patterns below it, "*" is the name of exposure or tile
    "exposures": "exposures/image-*.fits", "weights": "exposures/weight-*.fits",
    "flags": "exposures/flag-*.fits", "tiles": "tiles/image-*.fits",
    "tile_weights": "tiles/weight-*.fits", "tile_flags": "",  # "": there are none
    "zero_point_mag": None,  # None: the card PHOTZP of each image
    "gain_e_per_adu": None}  # None: the card GAIN
shape_masks: dict = {
    # flag: the bit of each mask, 0: none is made. Sizes are those of a star of 13.8 mag, times
    # 1 - slope x (mag - 13.8), 0 at least
    "border_px": 20, "border_flag": 4,
    "halo_mag_max": 13.0, "halo_radius_arcsec": 10.0, "halo_slope": 0.05, "halo_flag": 2,
    "spike_mag_max": 14.0, "spike_length_arcsec": 12.0, "spike_width_arcsec": 1.2,
    "spike_slope": 0.3, "spike_angle_deg": 0.0, "spike_flag": 128,
    "no_mag_taken_as": 11.0,  # a catalogue star without a magnitude; None: it gets no mask
    "objects": "",  # a table with ra_deg, dec_deg, radius_arcsec of extended objects to mask,
    "objects_flag": 16, "objects_plus": 0.0,  # radius x (1 + objects_plus)
    "weight_flag": 1, "weight_max": 1000.0,  # pixels of weight 0, or above this
    "missing_flag": 0.3, "missing_remove": 0.75}  # fraction of pixels at exactly 0: a note; out
shape_detection: dict = {
    # sigma: threshold per pixel in units of the noise; deblend: contrast of parts; sky_box_px:
    # mesh of the sky, 0: the image has none. tile_: of the tile
    "sigma": 1.5, "min_area_px": 5, "deblend": 0.001, "sky_box_px": 64,
    "tile_sigma": 1.5, "tile_min_area_px": 10, "tile_deblend": 0.0005, "tile_sky_box_px": 0}
star_selection: str = "star_selection.setools"
# File of this folder that chooses the stars of the PSF, in the language of setools
shape_psf: dict = {
    "side_px": 51, "min_stars": 10, "max_chi2": 2.0,  # fewer stars or a larger chi2: no PSF
    "max_degree": 2,  # of its polynomials over the CCD; what the stars do not show is left out
    "psfex_files": ""}  # such as "psf/*.psf" below dir of shape_images, "*" is the name of the
#                         CCD: models of PSFEx in place of our own
shape_metacal: dict = {
    "target_sigma_arcsec": None,  # of the round PSF of all shapes; None: 1.2 x the widest PSF
    "fix_noise": True,  # noise that is sheared the other way: without it faint galaxies are biased
    "masked_max": 0.33,  # an epoch with a larger fraction of masked pixels is left out
    "batch": 200}  # objects of a task; each is kept when the run is stopped
shape_catalogue: dict = {
    # a star: |spread + n_sigma x error| below star_max; a galaxy: above galaxy_min
    "spread_n_sigma": 1.6667, "spread_star_max": 0.003, "spread_galaxy_min": 0.01,
    "prefix": "NGMIX",  # of the columns of the shapes, as ShapePipe has them
    "duplicate_arcsec": 1.0,  # objects of two tiles within it are one
    "random_per_arcmin2": 50.0,
    "snr_min": 10.0, "size_over_psf_min": 0.5}  # cuts of the report; size is T of the galaxy
