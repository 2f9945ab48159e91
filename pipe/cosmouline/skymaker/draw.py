"""One frame of a campaign: the expected light, then what chance and the detector make of it."""

from dataclasses import replace

from cosmouline.skymaker import detector, geometry, raw, variability
from cosmouline.skymaker.pointspread import add_line, add_point, local_point_spread
from cosmouline.skymaker.sersic import add_galaxy

import numpy as np

OBJECT_DTYPE = np.dtype([
    ("name", "U32"),
    ("kind", "U12"),  # star, image (of the lens), galaxy, or that of a visitor
    ("x_px", "f8"),
    ("y_px", "f8"),
    ("mag", "f8"),  # on that date, in the band of the telescope
    ("flux_e_s", "f8"),  # at transparency 1
    ("flux_e", "f8"),  # of the exposure, transparency included
    ("colour_mag", "f8"),
])


def objects_of_frame(campaign, index):
    """Positions and fluxes of all sources of a frame.

    Parameters
    ----------
    campaign : model.Campaign
    index : int
        Which frame.

    Returns
    -------
    ndarray of `OBJECT_DTYPE`
        Stars, then images of the lens, then galaxies, then visitors, each in the order of the
        campaign; those that fall outside the frame too. Positions are light centres, 0-based
        pixels; fluxes are total ones. The date is the middle of the exposure.
    """
    telescope, frame = campaign.telescope_of(index), campaign.frames[index]
    lens, mjd = campaign.lens, frame.mjd_mid
    # name, kind, position, magnitude and colour of each source at that date
    rows = [(star.name, "star", *geometry.star_position(star, mjd),
             float(variability.star_magnitude(star, mjd)), star.colour_mag)
            for star in campaign.stars]
    if lens is not None:
        rows += [(image.name, "image", ra_deg, dec_deg,
                  float(variability.image_magnitude(lens, image, mjd)),
                  lens.colour_mag + image.colour_mag)
                 for image, ra_deg, dec_deg in zip(lens.images, *geometry.lens_positions(lens),
                                                   strict=True)]
    rows += [(galaxy.name, "galaxy", galaxy.ra_deg, galaxy.dec_deg, galaxy.mag, galaxy.colour_mag)
             for galaxy in campaign.all_galaxies]
    rows += [(one.name, one.kind, *np.ravel(geometry.from_plane(
        (one.east_arcsec, one.north_arcsec), campaign.ra_deg, campaign.dec_deg)), one.mag, 0.0)
             for one in frame.visitors]
    table = np.zeros(len(rows), OBJECT_DTYPE)
    if not rows:
        return table
    names, kinds, ra_deg, dec_deg, mags, colours = zip(*rows, strict=True)
    table["name"], table["kind"], table["colour_mag"] = names, kinds, colours
    table["mag"] = np.array(mags) + telescope.colour_term * np.array(colours)
    table["x_px"], table["y_px"] = geometry.sky_to_pixel(campaign, index, ra_deg, dec_deg).T
    table["flux_e_s"] = variability.flux_e_s(telescope, np.array(mags), np.array(colours))
    table["flux_e"] = table["flux_e_s"] * frame.transparency * frame.exptime_s
    return table


def expected_electrons(campaign, index):
    """Mean electrons of the pixels, (ny, nx): sources and sky, without noise or defects."""
    return source_electrons(campaign, index) + sky_electrons(campaign, index)


def source_electrons(campaign, index):
    """Mean electrons of the sources alone, ndarray of shape (ny, nx)."""
    telescope, frame = campaign.telescope_of(index), campaign.frames[index]
    matrix = geometry.plane_to_pixel_matrix(telescope, frame)
    image = np.zeros((telescope.ny, telescope.nx))
    galaxies = {galaxy.name: galaxy for galaxy in campaign.all_galaxies}
    trails = {one.name: one.trail_px for one in frame.visitors if any(one.trail_px)}
    for source in objects_of_frame(campaign, index):
        x, y, flux = float(source["x_px"]), float(source["y_px"]), float(source["flux_e"])
        psf = local_point_spread(telescope, frame, x, y, source["colour_mag"])
        if source["name"] in trails:
            psf = replace(psf, trail_px=trails[source["name"]])
            if np.hypot(*psf.trail_px) > max(image.shape):
                add_line(image, x, y, flux, psf)
                continue
        if source["kind"] != "galaxy":
            add_point(image, x, y, flux, psf)
            continue
        # half-light radius and position angle of the galaxy, in pixels
        galaxy = galaxies[source["name"]]
        angle = np.radians(galaxy.pa_deg)
        major = matrix[:, :2] @ [np.sin(angle), np.cos(angle)]  # (east, north) of the major axis
        r_eff_px = galaxy.r_eff_arcsec * np.hypot(*major)
        add_galaxy(image, x, y, flux, psf, (float(r_eff_px), galaxy.n_sersic, galaxy.axis_ratio,
                                            float(np.arctan2(*major[::-1]))))
    return image


def sky_electrons(campaign, index):
    """Mean electrons of the sky, moonlight and gradient included, ndarray of shape (ny, nx)."""
    telescope, frame = campaign.telescope_of(index), campaign.frames[index]
    level_e_s = variability.flux_e_s(telescope, frame.sky_mag)
    if frame.moon_mag is not None:
        level_e_s += variability.flux_e_s(telescope, frame.moon_mag)
    level_e = level_e_s * telescope.pixel_scale_arcsec**2 * frame.exptime_s
    along_x, along_y = frame.sky_gradient
    columns = np.linspace(-1, 1, telescope.nx)[None, :]
    rows = np.linspace(-1, 1, telescope.ny)[:, None]
    return level_e * (1 + along_x * columns + along_y * rows)


def draw_frame(campaign, index):
    """Draw one frame of a campaign.

    Parameters
    ----------
    campaign : model.Campaign
    index : int
        Which frame, from 0.

    Returns
    -------
    data_adu : ndarray, shape (ny, nx)
        The frame, of the telescope's dtype; a raw one has its overscan on the right.
    header : dict
        Keywords and values.
    truth : dict
        Row of the frame in the truth table (see `frame_truth`), and "objects" (see
        `objects_of_frame`), "cosmic" and "saturated" (boolean, shape (ny, nx): a track went
        there; the charge reached SATURATE before the read noise).

    Notes
    -----
    The random numbers come from (campaign.seed, index) alone: frames can be drawn one by one, in
    any order, on any machine.
    """
    telescope, frame = campaign.telescope_of(index), campaign.frames[index]
    rng = np.random.default_rng([campaign.seed, index])
    # the light that the detector collects, and the charge that it makes itself
    expected = expected_electrons(campaign, index) * detector.response(telescope)
    if telescope.raw is not None:
        expected *= raw.flat_field(telescope)
        expected += raw.dark_electrons(telescope, frame.exptime_s)
    expected += detector.hot_electrons(telescope, frame.exptime_s)
    # photon noise and cosmics, limited by the full well; then the read noise
    tracks = detector.cosmic_tracks(rng, expected.shape, frame.n_cosmics)
    full_well_e = telescope.full_well_adu * telescope.gain_e_per_adu
    charge = rng.poisson(expected) + tracks
    if telescope.brighter_fatter_per_e:
        charge = detector.spread_charge(charge, telescope.brighter_fatter_per_e)
    charge = detector.fill_wells(charge, full_well_e, telescope.bleeds)
    read = charge + rng.normal(0, telescope.read_noise_e, charge.shape)
    if telescope.flat_error:
        read = read * detector.flat_error(telescope)
    truth = frame_truth(campaign, index) | {
        "objects": objects_of_frame(campaign, index),
        "cosmic": tracks > 0,
        "saturated": charge >= telescope.saturation_adu * telescope.gain_e_per_adu}
    data_adu = (detector.digitise(read, telescope) if telescope.raw is None
                else raw.read_out(read, telescope, rng))
    return data_adu, frame_header(campaign, index), truth


def frame_truth(campaign, index):
    """Row of a frame in the truth table, a dict.

    `sky_e` is the mean sky in electrons per pixel of the exposure; ``mag_X`` and ``flux_e_s_X``
    are the magnitude and the flux at transparency 1 of image X of the lens.
    """
    telescope, frame = campaign.telescope_of(index), campaign.frames[index]
    truth = {
        "telescope": telescope.name, "filter": telescope.filter_name, "mjd": frame.mjd_mid,
        "exptime_s": frame.exptime_s, "seeing_arcsec": frame.fwhm_arcsec,
        "moffat_beta": frame.moffat_beta, "ellipticity": frame.ellipticity,
        "pa_deg": frame.pa_deg, "lobe_fraction": frame.lobe_fraction,
        "lobe_angle_deg": frame.lobe_angle_deg, "transparency": frame.transparency,
        "sky_e": float(sky_electrons(campaign, index).mean()),
        "shift_x_px": frame.shift_px[0], "shift_y_px": frame.shift_px[1],
        "rotation_deg": frame.rotation_deg, "defect": frame.defect}
    for source in objects_of_frame(campaign, index):
        if source["kind"] == "image":
            truth[f"mag_{source['name']}"] = float(source["mag"])
            truth[f"flux_e_s_{source['name']}"] = float(source["flux_e_s"])
    return truth


def frame_header(campaign, index):
    """Keywords of a frame, a dict; dates are UTC, and those of the start of the exposure."""
    telescope, frame = campaign.telescope_of(index), campaign.frames[index]
    header = detector.keywords(telescope, frame.mjd_start, frame.exptime_s) | {
        "PIXSCALE": telescope.pixel_scale_arcsec,
        "OBJECT": campaign.name if campaign.lens is None else campaign.lens.name,
        "TELESCOP": telescope.camera or telescope.name, "SITELONG": telescope.site_lon_deg,
        "SITELAT": telescope.site_lat_deg, "SITEELEV": telescope.site_elev_m, "BUNIT": "adu"}
    header |= {} if telescope.raw is None else raw.sections(telescope)
    return header | (geometry.wcs_keywords(campaign, index) if telescope.has_wcs else {})
