"""Descriptions of what is drawn: telescopes, stars, galaxies, a lens, frames, a campaign.

Positions are ICRS degrees, angles degrees, dates MJD (UTC). A magnitude becomes a flux by the
zero point of the telescope: 10**(0.4 (zeropoint - mag)) electrons per second at transparency 1,
integrated over the complete point spread function.
"""

from dataclasses import dataclass, replace

DTYPES = ("uint16", "float32")


@dataclass(frozen=True)
class RawCamera:
    """What a camera adds to the light, and reduction takes out."""

    bias_adu: float = 1000.0  # level of an empty pixel in the middle row
    bias_slope_adu: float = 20.0  # its rise from the first to the last row
    overscan_px: int = 24  # columns behind the last one that show the bias level alone
    dark_e_s: float = 0.05  # dark current of the pixels that are not hot, e-/s
    vignetting: float = 0.2  # fraction of the light that is lost in the corners
    n_dust: int = 6  # grains of dust that throw a shadow
    n_amplifiers: int = 1  # 2: a file has an image for each half of the detector
    gain_difference: float = 0.0  # of the second amplifier from the first, relative to their mean
    structure_adu: float = 0.0  # amplitude of the pattern that the bias has over the pixels
    nonlinearity: float = 0.0  # fraction of the counts that is missing at the saturation level


# A night as it comes from a camera: what skymaker --raw draws
RAW_NIGHT = RawCamera(vignetting=0.1, n_amplifiers=2, gain_difference=0.04, structure_adu=6.0,
                      nonlinearity=0.02)


@dataclass(frozen=True)
class Telescope:
    """One camera on one telescope; a camera with two filters is two of these."""

    name: str = "SIM"  # of its folder
    camera: str = ""  # keyword TELESCOP; `name` if empty
    nx: int = 580  # columns of a frame
    ny: int = 540  # rows
    pixel_scale_arcsec: float = 0.21
    gain_e_per_adu: float = 2.0
    read_noise_e: float = 5.0
    zeropoint_mag: float = 24.5  # of a star that gives 1 e-/s at transparency 1: the depth
    saturation_adu: float = 60000.0  # keyword SATURATE: below it a pixel can be trusted
    full_well_adu: float = 61500.0  # above it: a full pixel stays saturated with its read noise
    bleeds: bool = True  # charge above the full well flows along the column; else it is lost
    camera_angle_deg: float = 0.0  # counter-clockwise, by which north is turned from +y
    is_mirrored: bool = False  # east is right of north, as after an odd number of mirrors
    colour_term: float = 0.0  # added to a magnitude per magnitude of the source's colour
    n_hot_pixels: int = 0  # the same in all frames
    defect_seed: int = 0  # of the positions of the hot pixels
    bad_columns: tuple = ()  # of (x, y): column x is bad from row y to the last row
    card_saturation_adu: float | None = None  # what SATURATE claims; None: `saturation_adu`
    card_gain_factor: float = 1.0  # what GAIN claims, relative to the true gain
    flat_error: float = 0.0  # rms of the flat field used, relative to the true one
    flat_error_px: float = 30.0  # FWHM of the smooth errors of the flat field
    brighter_fatter_per_e: float = 0.0  # charge moves to a neighbour with less: see `detector`
    width_per_colour: float = 0.0  # relative FWHM per magnitude of colour, 0 at `colour_pivot_mag`
    colour_pivot_mag: float = 0.9
    dtype: str = "uint16"  # rounded and clipped to 0..65535 ADU; or "float32"
    has_wcs: bool = True  # the header holds a TAN world coordinate system
    filter_name: str = "R"  # keyword FILTER
    raw: RawCamera | None = None  # frames as the camera gives them; None: reduced ones
    site_lon_deg: float = -70.7345  # east positive; this is La Silla
    site_lat_deg: float = -29.2584
    site_elev_m: float = 2347.0

    def __post_init__(self):
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {DTYPES}, not {self.dtype!r}")
        if self.raw is not None and self.dtype != "uint16":
            raise ValueError("raw frames are integers: dtype must be uint16")
        if self.raw is not None and (self.raw.n_amplifiers not in (1, 2) or (self.nx % 2
                                     and self.raw.n_amplifiers == 2)):
            raise ValueError("n_amplifiers must be 1, or 2 with an even nx")
        if self.full_well_adu < self.saturation_adu:
            raise ValueError("full_well_adu must not be below saturation_adu")


@dataclass(frozen=True)
class Star:
    """A star: position at epoch 2016.0, proper motion, magnitude, and what makes it vary.

    `pm_ra_mas_yr` is the Gaia pmra (motion along the right ascension times cos dec). A variable
    star follows a sine of `amplitude_mag` and `period_days`. `colour_mag` enters by the colour
    term of the telescope.
    """

    name: str
    ra_deg: float
    dec_deg: float
    mag: float
    pm_ra_mas_yr: float = 0.0
    pm_dec_mas_yr: float = 0.0
    colour_mag: float = 0.0
    amplitude_mag: float = 0.0
    period_days: float = 10.0


@dataclass(frozen=True)
class Galaxy:
    """A Sersic galaxy; `mag` is its total magnitude, integrated to infinity.

    `r_eff_arcsec` is the geometric mean of the two axes of the half-light ellipse, `pa_deg` the
    position angle of the major axis from north through east.
    """

    name: str
    ra_deg: float
    dec_deg: float
    mag: float
    r_eff_arcsec: float
    n_sersic: float = 1.0
    axis_ratio: float = 1.0
    pa_deg: float = 0.0
    colour_mag: float = 0.0


@dataclass(frozen=True)
class LensImage:
    """An image of the quasar: offset from the lens position, mean magnitude, delay, drift.

    A positive `delay_days` arrives later: mag(t) = mag + source(t - delay) + drift(t), where the
    drift (microlensing) is drift_mag * sin(2 pi t / drift_period_days + drift_phase_rad). The
    colour of the image is that of the lens plus `colour_mag`, its own reddening.
    """

    name: str
    east_arcsec: float
    north_arcsec: float
    mag: float
    delay_days: float = 0.0
    drift_mag: float = 0.0
    drift_period_days: float = 300.0
    drift_phase_rad: float = 0.0
    colour_mag: float = 0.0


@dataclass(frozen=True)
class Lens:
    """A lensed quasar: images, the galaxy between, and the variations of the source.

    The source is a damped random walk of asymptotic rms `sigma_mag` and time scale `tau_days`,
    fixed by `seed` alone: more frames or other dates sample the same curve.
    """

    name: str
    ra_deg: float
    dec_deg: float
    images: tuple = ()
    galaxy: Galaxy | None = None
    tau_days: float = 60.0
    sigma_mag: float = 0.12
    colour_mag: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Visitor:
    """What is on one frame only: a transient, an asteroid, a satellite.

    `mag` is that in the band of the frame. Its light is spread evenly along `trail_px`; the trail
    of a satellite is longer than the frame.
    """

    name: str
    kind: str
    east_arcsec: float
    north_arcsec: float
    mag: float
    trail_px: tuple = (0.0, 0.0)


@dataclass(frozen=True)
class Fault:
    """Something planted in a campaign that a reduction has to report or to get right."""

    kind: str
    telescope: str  # its name; "all" for what is on the sky or in every camera
    size: str  # with its unit
    meaning: str
    index: int = -1  # of the frame; -1: of all frames of the telescope


@dataclass(frozen=True)
class Frame:
    """One exposure: when, through which air, where the telescope pointed, and what went wrong.

    A gradient is the relative change from the centre of the frame to its right edge and to its
    top edge; that of the ellipticity is one for e1 = e cos(2 pa) and one for e2 = e sin(2 pa).
    """

    telescope: str  # its name
    mjd_start: float  # UTC
    exptime_s: float = 300.0
    fwhm_arcsec: float = 1.0  # of the Moffat at the centre, geometric mean of the axes
    moffat_beta: float = 3.5  # its exponent
    ellipticity: float = 0.0  # 1 - b/a of the Moffat
    pa_deg: float = 0.0  # angle of its major axis, from +x to +y
    lobe_fraction: float = 0.0  # of the flux, in an off-centre Gaussian lobe
    lobe_angle_deg: float = 0.0  # direction in which the lobe lies
    fwhm_gradient: tuple = (0.0, 0.0)
    ellipticity_gradient: tuple = ((0.0, 0.0), (0.0, 0.0))
    fwhm_quadratic: tuple = (0.0, 0.0, 0.0)  # relative change by x^2, xy and y^2, 1 at the edges
    double_px: tuple = (0.0, 0.0)  # from the first to the second position of a guiding jump
    double_fraction: float = 0.0  # of the exposure, at the second position
    visitors: tuple = ()  # of `Visitor`
    transparency: float = 1.0  # factor on all sources, not on the sky
    sky_mag: float = 21.0  # of the dark sky, mag/arcsec2
    moon_mag: float | None = None  # of scattered moonlight, mag/arcsec2; None: no moon
    sky_gradient: tuple = (0.0, 0.0)
    shift_px: tuple = (0.0, 0.0)  # (x, y) of the centre of the field, from that of the frame
    rotation_deg: float = 0.0  # of the sky on the frame, counter-clockwise; 180 after the meridian
    trail_px: tuple = (0.0, 0.0)  # vector along which a guiding error smeared the stars
    n_cosmics: int = 0  # tracks
    kept_of_file: float = 1.0  # fraction of the file on the disk: below 1 the writing was cut off
    defect: str = "none"  # what should make a pipeline reject the frame, in words

    def __post_init__(self):
        for name, limit in (("fwhm_arcsec", 0), ("exptime_s", 0), ("moffat_beta", 1)):
            if not getattr(self, name) > limit:
                raise ValueError(f"{name} must be above {limit}, not {getattr(self, name)}")

    @property
    def mjd_mid(self):
        """Middle of the exposure (MJD, UTC)."""
        return self.mjd_start + 0.5 * self.exptime_s / 86400


@dataclass(frozen=True)
class Campaign:
    """Frames of one field by one or several telescopes; `seed` fixes noise and cosmics."""

    name: str
    ra_deg: float
    dec_deg: float
    telescopes: tuple
    frames: tuple
    stars: tuple = ()
    galaxies: tuple = ()
    lens: Lens | None = None
    seed: int = 0
    faults: tuple = ()  # of `Fault`: what was planted, for the truth

    def __post_init__(self):
        known = {telescope.name for telescope in self.telescopes}
        missing = {frame.telescope for frame in self.frames} - known
        if missing:
            raise ValueError(f"frames of telescopes that are not in telescopes: {sorted(missing)}")
        names = [source.name for source in self.sources]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"names of sources must differ, given twice: {sorted(twice)}")

    @property
    def all_galaxies(self):
        """Galaxies of the field, then that of the lens."""
        has_one = self.lens is not None and self.lens.galaxy is not None
        return self.galaxies + ((self.lens.galaxy,) if has_one else ())

    @property
    def sources(self):
        """Stars, images of the lens, galaxies: everything with a name and a flux."""
        images = self.lens.images if self.lens is not None else ()
        return self.stars + images + self.all_galaxies

    def telescope_of(self, index):
        """Telescope that took frame `index`."""
        wanted = self.frames[index].telescope
        return next(telescope for telescope in self.telescopes if telescope.name == wanted)


def change_frame(campaign, index, **changes):
    """Copy of a campaign in which fields of one frame are replaced: ``transparency=0.1``."""
    frames = list(campaign.frames)
    frames[index] = replace(frames[index], **changes)
    return replace(campaign, frames=tuple(frames))


def change_telescopes(campaign, **changes):
    """Copy of a campaign with fields of all telescopes replaced, such as ``dtype="float32"``."""
    telescopes = tuple(replace(telescope, **changes) for telescope in campaign.telescopes)
    return replace(campaign, telescopes=telescopes)
