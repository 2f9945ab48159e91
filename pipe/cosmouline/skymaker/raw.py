"""Frames as the camera gives them: bias, overscan, dark current, flat field; calibrations too."""

from cosmouline.skymaker import detector

import numpy as np

PIXEL_SPREAD = 0.01  # rms sensitivity of the pixels against each other
DUST_DEPTH, DUST_RADIUS_PX = (0.03, 0.10), (6.0, 16.0)  # shadows of grains: rings out of focus
BIAS_DRIFT_ADU = 4.0  # rms of the level from frame to frame; the overscan follows it
FLAT_ADU = 25000.0  # mean level of the flats above the bias
FLAT_LEVELS = (0.7, 1.2)  # of that, as twilight goes
FLAT_EXPTIME_S = 5.0
FIELD, LEVELS = 2, 3  # in a seed: one stream of random numbers per purpose
CODES = {"bias": 1, "dark": 2, "flat": 3}


def flat_field(telescope):
    """Sensitivity of a raw camera over its pixels.

    Parameters
    ----------
    telescope : model.Telescope
        With `raw`; its `defect_seed` fixes the pixels and the dust.

    Returns
    -------
    ndarray of float, shape (ny, nx)
        Its median is 1: the true fluxes are those of a frame that was divided by its flat field.
    """
    camera, shape = telescope.raw, (telescope.ny, telescope.nx)
    rng = np.random.default_rng([telescope.defect_seed, FIELD])
    # vignetting grows with the square of the distance from the centre
    y, x = np.indices(shape)
    half = 0.5 * np.hypot(telescope.nx, telescope.ny)
    from_centre = np.hypot(x - 0.5 * (telescope.nx - 1), y - 0.5 * (telescope.ny - 1)) / half
    flat = 1 - camera.vignetting * from_centre**2
    # grains of dust are out of focus: their shadows are rings
    for _ in range(camera.n_dust):
        grain = rng.uniform(0, 1, 2) * (telescope.nx, telescope.ny)
        radius = np.hypot(x - grain[0], y - grain[1]) / rng.uniform(*DUST_RADIUS_PX)
        ring = np.exp(-0.5 * ((radius - 1) / 0.3) ** 2)
        flat *= 1 - rng.uniform(*DUST_DEPTH) * ring
    # each pixel has its own sensitivity
    flat *= rng.normal(1, PIXEL_SPREAD, shape)
    return flat / np.median(flat)


def dark_electrons(telescope, exptime_s):
    """Expected electrons of the dark current without hot pixels, ndarray of shape (ny, nx)."""
    rows = np.linspace(0.5, 1.5, telescope.ny)[:, None]  # warmer towards the amplifier
    return np.broadcast_to(telescope.raw.dark_e_s * exptime_s * rows,
                           (telescope.ny, telescope.nx))


def read_out(electrons, telescope, rng):
    """ADU of a charge with its bias level, and the overscan behind the last column.

    Parameters
    ----------
    electrons : ndarray of float, shape (ny, nx)
        Charge with its read noise.
    telescope : model.Telescope
    rng : numpy.random.Generator
        Of the drift of the level and of the noise of the overscan.

    Returns
    -------
    ndarray, shape (ny, nx + overscan_px)
        Of the telescope's dtype.
    """
    camera = telescope.raw
    empty = rng.normal(0, telescope.read_noise_e, (telescope.ny, camera.overscan_px))
    level_adu = camera.bias_adu + rng.normal(0, BIAS_DRIFT_ADU)
    rows_adu = camera.bias_slope_adu * np.linspace(-0.5, 0.5, telescope.ny)[:, None]
    bias_e = (level_adu + rows_adu) * telescope.gain_e_per_adu
    return detector.digitise(np.hstack([electrons, empty]) + bias_e, telescope)


def sections(telescope):
    """Keywords that mark a science frame, and where its light is, a dict."""
    nx, ny, n_over = telescope.nx, telescope.ny, telescope.raw.overscan_px
    return {"IMAGETYP": "object", "DATASEC": f"[1:{nx},1:{ny}]", "TRIMSEC": f"[1:{nx},1:{ny}]",
            "BIASSEC": f"[{nx + 1}:{nx + n_over},1:{ny}]"}


def calibration_frame(campaign, telescope, kind, number, exptime_s):
    """Draw one calibration frame.

    Parameters
    ----------
    campaign : model.Campaign
        Its seed fixes the noise, its first frame the date.
    telescope : model.Telescope
        With `raw`.
    kind : {"bias", "dark", "flat"}
    number : int
        Of the frame among those of its kind.
    exptime_s : float
        Of a dark; the others have their own.

    Returns
    -------
    data_adu : ndarray, shape (ny, nx + overscan_px)
    header : dict
    """
    number_of_camera = campaign.telescopes.index(telescope)
    rng = np.random.default_rng([campaign.seed, LEVELS, number_of_camera, CODES[kind], number])
    exptime_s = {"bias": 0.0, "dark": exptime_s, "flat": FLAT_EXPTIME_S}[kind]
    light_e = np.zeros((telescope.ny, telescope.nx))
    # a flat has the level of its twilight, a dark and a flat the current of their exposure
    if kind == "flat":
        level = FLAT_ADU * rng.uniform(*FLAT_LEVELS) * telescope.gain_e_per_adu
        light_e = level * flat_field(telescope) * detector.response(telescope)
    if exptime_s:
        light_e = light_e + dark_electrons(telescope, exptime_s)
        light_e += detector.hot_electrons(telescope, exptime_s)
    charge = rng.poisson(light_e) + rng.normal(0, telescope.read_noise_e, light_e.shape)
    # calibrations are taken before the first science frame
    start = campaign.frames[0].mjd_start - 0.4 + 0.004 * (number + 20 * CODES[kind] / 3)
    header = detector.keywords(telescope, start, exptime_s) | {
        "OBJECT": kind, "TELESCOP": telescope.camera or telescope.name, "BUNIT": "adu",
        **sections(telescope), "IMAGETYP": kind}
    return read_out(charge, telescope, rng), header
