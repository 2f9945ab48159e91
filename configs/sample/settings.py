"""Every setting of COSMOULINE, with its default, unit and meaning.

Copy this folder to configs/<your lens>, keep in settings.py only what differs from here, and
leave this file as it is. A settings.py is Python: run only those that you wrote or have read.
Paths start with "/" or "~", or with a variable of the environment such as "$DATA".
"""

# --- The lens ---------------------------------------------------------------------------------
lens_name: str = ""  # shown in titles, begins the names of exported files
lens_ra_deg: float | None = None  # J2000; needed for airmass and Moon, and with a WCS to find it
lens_dec_deg: float | None = None
lens_position_px: tuple[float, float] | None = None
# (x, y) on the image ref_img_name, as ds9 shows them (1-based); goes before RA and Dec
point_sources: dict | str | int = 1
# {"A": (0.0, 0.0), "B": (-1.48, 0.55)}: arcsec east and north of the lens position;
# "sources.cat": a file of this folder, pixels of the reference image; 4: find four yourself
point_sources_unit: str = "arcsec"  # of a dict: "arcsec" (east, north) or "deg" (RA, Dec)
north_angle_deg: float = 0.0  # without a WCS: north on the reference image, from +y towards -x
is_mirrored: bool = False  # without a WCS: True where east lies to the right of north

# --- Frames and folders -----------------------------------------------------------------------
work_dir: str = ""  # all products; can grow to the size of the raw frames
sets: list[dict] = []
# One entry per band, season or camera:
# {"name": "R", "telescope": "EulerCAM", "raw_dir": "~/raw/HE0435_R",
#  "overrides": {"gain_e_per_adu": 2.0},      values for missing or wrong header keywords
#  "bad_pixel_mask": "~/masks/ecam.fits",     FITS, not 0 where a pixel is bad
#  "extension": 1,                            which image of a multi-extension file
#  "files": "*_R_*",                          only these files of raw_dir, or
#  "filter": "R",                             only frames whose header names this filter
#  "camera": "ECAM",                          or this INSTRUME (or TELESCOP, where it has none)
#  "science_only": True,                      no bias, dark, flat or lamp, by their headers
#  "band": "R"}                               sets of one band are normalised, fitted and joined
#                                             together; without it all sets are
ref_img_name: str | None = None  # None: chosen by seeing, ellipticity, stars and sky
band_ref_img_names: dict = {}  # {"V": "V_0007"}: where coefficients are 1 in the other bands

# --- How to run -------------------------------------------------------------------------------
engine: str = "local"  # "serial": one process; "local": worker processes on this machine;
# "dask": workers on many machines (pip install 'cosmouline[cluster]'; see doc/cluster.md)
max_cpus: int = 0  # worker processes of "local"; 0: all cores
cluster: str | dict | None = None  # where the workers of "dask" are:
# "tls://host:8786" or "tcp://host:8786": a scheduler that runs; "~/scheduler.json": its file;
# {"cluster": "slurm",        jobs that are asked for; or "pbs", "sge", "lsf", "oar", "htcondor",
#                             or "local": processes on this machine
#  "jobs": 4,                 how many, with so many workers each:
#  "cores": 8,                one image at a time each
#  "memory": "16GB",          of all workers of a job together
#  "walltime": "04:00:00",    jobs that end are replaced
#  "queue": "long", "account": "p123", "interface": "ib0", "python": "/shared/env/bin/python",
#  "extra": ["--exclusive"],  more lines for the scheduler of jobs
#  "prologue": ["module load python"],  lines of shell before a worker starts
#  "gpus": 1}                 graphics cards of a job, for the joint fits
image_timeout_s: float | None = None  # a worker is stopped after this time on one image
died_retries: int = 1  # how often an image is tried again whose worker died

# --- 1_character ------------------------------------------------------------------------------
find_hot_pixels: bool = True  # from the stack of unaligned images of a set
hot_pixel_sigma: float = 8.0  # how far above its neighbourhood a hot pixel stands
detect_threshold_sigma: float = 3.0  # of a source's pixels, above the sky noise
detect_min_area_px: int = 5  # connected pixels above the threshold

# --- 2_skysub ---------------------------------------------------------------------------------
sky_box_px: int | None = None  # mesh of the sky map; None: side / 16, within 64 and 256
fringe_by: str = "night"  # one pattern of fringes per "night", or per "set"
fringe_cell_px: int = 4  # mesh of the sky map that follows fringes without dithering

# --- 3_align ----------------------------------------------------------------------------------
align_method: str = "triangles"  # or "astroalign"
allow_mirror_images: bool = False  # True where cameras of both parities are mixed
align_rms_max_px: float = 1.5  # worse is not aligned
fwhm_max_arcsec: float | None = None  # 3_update_flags rejects beyond these; None: no limit
ellipticity_max: float | None = 0.5
sky_level_max_e: float | None = None

# --- 4_norm -----------------------------------------------------------------------------------
norm_stars: list[str] | None = None  # names in normstars.cat; None: all of it, or chosen
psf_stars: list[str] | None = None  # names as above; None: the normalisation stars
# (or names of psf_<psf_name>.cat of this folder, where there is one; None: all of it)
n_norm_stars: int = 12  # how many are chosen where there is no normstars.cat
star_snr_min: float = 60.0  # of a chosen star, in the median image
star_lens_distance_px: float = 20.0  # a chosen star is farther from the lens than this
aperture_fwhm: float = 1.5  # radius of the aperture in FWHM of the image
empty_region: str | None = None  # "[x1:x2, y1:y2]", pixels from 1 of the reference; None: found
photom_stars: list[str] | str | None = None
# stars to follow besides: names of normstars.cat or photomstars.cat, or another .cat of this
# folder; None: all of photomstars.cat, where there is one
photom_apertures: list[str] = ["1fwhm", "1.5fwhm", "3fwhm"]
# radii of 4_norm/2b_opt_photom_db, in FWHM of the image, "arcsec" or "px"; "auto": Kron's
coeff_method: str = "als"  # "als": stars and images solved together; "median": COSMOULINE's

# --- Stacks: 4_norm/4 and fac_combi -----------------------------------------------------------
combi_name: str = "best1"  # of the deep stack; several can live side by side
combi_fwhm_max_arcsec: float | None = None  # images beyond these are not in the deep stack;
combi_ellipticity_max: float | None = None  # None for all four: the half with the best seeing
combi_coeff_max: float | None = None
combi_sky_max_e: float | None = None  # sky level x coefficient
combi_method: str = "mean"  # "mean": weighted, cosmics clipped; "median": COSMOULINE's
combi_coefficient: str = "medcoeff"  # "medcoeff", "renorm" or "none": all on one scale by it
combi_group_name: str = "night1"  # of the stacks that fac_combi makes
combi_group_by: str = "night"  # "night": local noon to noon; "target": one stack per set

# --- 5_psf ------------------------------------------------------------------------------------
psf_name: str = "psf1"  # several PSFs can live side by side
psf_engine: str = "gp"  # "gp": Moffat and Gaussian-process grid; "starred": STARRED
psf_stamp_fwhm: float = 7.0  # side of a star's stamp in FWHM of the image
psf_upsampling: int = 2  # PSF pixels per image pixel; 3 for FWHM below 2 px
psf_prior: tuple[float, float, float] | str = (0.05, 1.20, 1.0)
# departures from the Moffat: their size as part of its peak, correlation length in FWHM, and
# the power of the Moffat that they follow; "auto": size and length that the stars find best
psf_wings: tuple[float, float, float] = (0.02, 4.0, 0.5)
# a second part of them, smooth and far out, where light of a galaxy could be taken for a wing's
psf_field: str = "auto"  # "auto", "on", "off": a PSF that varies linearly over the field
use_drawn_masks: bool = True
# DS9 regions of this folder: psf_<psf_name>_mask_<star>.reg, and obj_<lens or star>_mask.reg
psf_peak_max: float = 0.78  # of the saturation level; 5_psf/7_opt_list_saturated lists stars above
psf_min_stars: int = 3  # an image with fewer good PSF stars is rejected
n_psf_draws: int = 4  # draws of each PSF, for the errors of the fluxes; 0: none
cosmic_sigma: float = 5.0  # astroscrappy's sigclip
cosmic_fraction: float = 0.3  # its sigfrac
cosmic_object: float = 5.0  # its objlim

# --- 6_extract --------------------------------------------------------------------------------
lens_stamp_fwhm: float = 8.0  # side of the lens's stamp: its diameter plus this times the FWHM
lens_stamp_px: int | None = None  # or its side in pixels, a multiple of 8

# --- 7_deconv ---------------------------------------------------------------------------------
dec_name: str = "lens"  # several deconvolutions can live side by side
deconv_engine: str = "gp"  # "gp": point sources, Sersic, Gaussian process; "starred": STARRED
dec_coefficient: str = "renorm"  # "renorm", "medcoeff" or "none"
extended_light: str = "auto"  # "auto": galaxy and field where the data ask; "none": points only
point_source_sigma_arcsec: float | dict | None = None
# errors of the places relative to each other, of all or {"A": 0.003}; 0: held; None: free
source_epochs: dict = {}
# {"SN": ("2019-03-01", None)}: first and last date of a source that does not always shine
extra_sources: dict | str = {}
# stars on the lens's stamp, told like point_sources; "field": all stars of the field list there
shift_prior: str = "stars"  # where the lens lies: "stars", fitted on each image, or "alignment"
dec_start_from: str | None = None  # another dec_name, with whose galaxy and field a fit begins
dec_fwhm_max_arcsec: float | None = None  # images beyond these are not deconvolved
dec_ellipticity_max: float | None = 0.4
dec_coeff_max: float | None = 10.0
dec_sky_max_e: float | None = None

# --- 8_renorm ---------------------------------------------------------------------------------
renorm_name: str = "renorm1"
renorm_stars: list[str] | None = None  # None: the normalisation stars
renorm_method: str = "als"  # "als", or "median": COSMOULINE's
renorm_reference_star: str | None = None
# this star is made as bright in all sets ("median": with all telescopes); None: with "als" the
# mean star, with "median" the first one

# --- 9_export ---------------------------------------------------------------------------------
export_psfs: list[str] | None = None  # names whose fields are exported; None: all there are
export_renorms: list[str] | None = None
export_decs: list[str] | None = None

# --- lcmanip ----------------------------------------------------------------------------------
# Magnitudes are instrumental: -2.5 log10 of the electrons on the scale of the reference image.
sum_sources: dict = {}  # {"S": ("A", "B")}: the sum of sources as one more source
join_sources: list[str] | None = None  # sources of the curve, sums among them; None: all
join_separate: str = "no"  # one curve for all, or one each for every "telescope" or "set"
join_skiplists: list[str] = ["join_skiplist.txt"]
# files of this folder, as img_name and reason a line: images that the curve leaves out
join_by: str = "night"  # "night", "image" or "minutes"
join_minutes: float = 30.0  # longest group of images under "minutes"
join_center: str = "mean"  # "mean": weighted; "median": COSMOULINE's
join_fwhm_max_arcsec: float | None = None  # images beyond these are left out
join_ellipticity_max: float | None = None
join_sky_max_e: float | None = None  # sky level x coefficient
join_coeff_max: float | None = None
night_fwhm_max_arcsec: float | None = None  # nights beyond these are flagged, not left out
night_ellipticity_max: float | None = None
night_sky_max_e: float | None = None
night_coeff_max: float | None = None
night_min_images: int = 1
excluded_nights: str = "flag"  # what becomes of those in excluded_nights.txt; or "drop"
curve_shifts_mag: dict | None = None  # {"B": -0.1}: on the picture; None: found, {}: none
curve_dates: tuple[str, str] | None = None  # ("2010-01-31", "2015-06-30"): ends of the picture
curve_mags: tuple[float, float] | None = None  # magnitudes at its upper and lower end
curve_panels: str = "one"  # for all sources together, or "each" its own
