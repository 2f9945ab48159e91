"""Frames as the camera gives them: bias, overscan, dark current, flat field; calibrations too."""

from cosmouline.skymaker import detector

import numpy as np

PIXEL_SPREAD = 0.01  # rms sensitivity of the pixels against each other
DUST_DEPTH, DUST_RADIUS_PX = (0.03, 0.10), (6.0, 16.0)  # shadows of grains: rings out of focus
BIAS_DRIFT_ADU = 4.0  # rms of the level from frame to frame; the overscan follows it
FLAT_ADU = 25000.0  # mean level of the flats above the bias
FLAT_LEVELS = (0.7, 1.2)  # of that, as twilight goes
FLAT_EXPTIME_S = 5.0
FIELD, LEVELS, STRUCTURE = 2, 3, 4  # in a seed: one stream of random numbers per purpose
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

    Of two amplifiers each reads one half of the columns: the overscan has a half of each, in the
    order left half, overscan of the left, overscan of the right, right half (see `extensions`).

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
    # counts of each amplifier: fewer than the charge says, the more the fuller a pixel is
    half, n_over = telescope.nx // camera.n_amplifiers, camera.overscan_px // camera.n_amplifiers
    parts = []
    for i, gain in enumerate(gains(telescope)):
        columns = slice(i * half, (i + 1) * half)
        counts = electrons[:, columns] / gain
        counts = counts * (1 - camera.nonlinearity * counts / telescope.saturation_adu)
        counts = counts + bias_structure(telescope)[:, columns]
        over = empty[:, i * n_over:(i + 1) * n_over] / gain
        parts += [counts, over] if i == 0 else [over, counts]
    adu = np.hstack(parts) + level_adu + rows_adu
    return detector.digitise(adu * telescope.gain_e_per_adu, telescope)


def gains(telescope):
    """Gains of the amplifiers, whose mean is that of the telescope."""
    camera = telescope.raw
    step = camera.gain_difference * telescope.gain_e_per_adu
    return [telescope.gain_e_per_adu + step * (i - (camera.n_amplifiers - 1) / 2)
            for i in range(camera.n_amplifiers)]


def bias_structure(telescope):
    """Pattern of the bias over the pixels in ADU, ndarray of shape (ny, nx): waves and columns."""
    rng = np.random.default_rng([telescope.defect_seed, STRUCTURE])
    y, x = np.indices((telescope.ny, telescope.nx))
    waves = np.sin(2 * np.pi * (x / 70.0 + y / 190.0)) / 2
    return telescope.raw.structure_adu * (waves + rng.normal(0, 0.25, telescope.nx))


def extensions(data_adu, telescope):
    """Images of a file of two amplifiers: a list of (pixels, keywords); empty for one."""
    camera = telescope.raw
    if camera.n_amplifiers == 1:
        return []
    half, n_over = telescope.nx // 2, camera.overscan_px // 2
    middle = half + n_over
    found = []
    for i, gain in enumerate(gains(telescope)):
        light = (1, half) if i == 0 else (n_over + 1, n_over + half)
        dark = (half + 1, half + n_over) if i == 0 else (1, n_over)
        found.append((data_adu[:, i * middle:(i + 1) * middle], {
            "EXTNAME": f"AMP{i + 1}", "GAIN": gain,
            "DATASEC": f"[{light[0]}:{light[1]},1:{telescope.ny}]",
            "BIASSEC": f"[{dark[0]}:{dark[1]},1:{telescope.ny}]",
            "DETSEC": f"[{i * half + 1}:{(i + 1) * half},1:{telescope.ny}]"}))
    return found


def sections(telescope):
    """Keywords that mark a science frame, and where its light is, a dict."""
    nx, ny, n_over = telescope.nx, telescope.ny, telescope.raw.overscan_px
    if telescope.raw.n_amplifiers > 1:
        return {"INSTRUME": "SIMRAW", "IMAGETYP": "object"}
    return {"INSTRUME": "SIMRAW", "IMAGETYP": "object",
            "DATASEC": f"[1:{nx},1:{ny}]", "TRIMSEC": f"[1:{nx},1:{ny}]",
            "BIASSEC": f"[{nx + 1}:{nx + n_over},1:{ny}]"}


def calibration_frame(campaign, telescope, kind, number, exptime_s, night=0):
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
    night : int
        The science frame before whose night it is taken.

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
    start = campaign.frames[night].mjd_start - 0.4 + 0.004 * (number % 10 + 20 * CODES[kind] / 3)
    header = detector.keywords(telescope, start, exptime_s) | {
        "OBJECT": kind, "TELESCOP": telescope.camera or telescope.name, "BUNIT": "adu",
        **sections(telescope), "IMAGETYP": kind}
    return read_out(charge, telescope, rng), header
