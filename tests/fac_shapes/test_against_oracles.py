"""Masks, objects, PSF and moments against weightwatcher, source-extractor, PSFEx and GalSim.

Debian has the first three; where one is not installed its tests skip and say so.
"""

import shutil
import subprocess
from dataclasses import replace

from cosmouline.images.ccds import masks
from cosmouline.psf.over_field.field import fit_field
from cosmouline.psf.over_field.io_psfex import read_psfex
from cosmouline.skymaker import mosaic as sky
from cosmouline.sources.ccds.detect_weighted import detect_weighted, sky_mesh
from cosmouline.sources.ccds.elliptical_moments import cut_around, elliptical_moments

import numpy as np
import pytest
from astropy.io import fits
from scipy.spatial import cKDTree

SIDE = 35
FIELD = replace(sky.DEMO, n_ccds=1, n_exposures=1, ccd_px=1000)
OPTIONS = {"sigma": 1.5, "min_area_px": 5, "deblend": 0.001, "sky_box_px": 64}
FILTER = "CONV NORM\n1 2 1\n2 4 2\n1 2 1\n"  # that of default.conv
COLUMNS = ("NUMBER", "X_IMAGE", "Y_IMAGE", "XWIN_IMAGE", "YWIN_IMAGE", "FLUX_AUTO",
           "FLUXERR_AUTO", "FLUX_APER(1)", "FLUXERR_APER(1)", "FLUX_RADIUS", "SNR_WIN",
           "ELONGATION", "FLAGS", "IMAFLAGS_ISO",
           f"VIGNET({SIDE},{SIDE})")


def run(folder, program, *words):
    """Run a reference program; skip where it is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (Debian: {program.lower()})")
    subprocess.run([program, *map(str, words)], cwd=folder, check=True, capture_output=True,
                   timeout=300)


def drawn(mosaic):
    """Draw one CCD; return its image, weight, flags, `Chip` and catalogue."""
    (chip,), _ = sky.chips(mosaic)
    found = sky.objects(mosaic)
    light = sky.expected(mosaic, chip, found, [chip])
    image, weight, flags = sky.exposed(mosaic, chip, light, np.random.default_rng(5))
    return image, weight, flags, chip, found


def extracted(folder, image, weight, flags):
    """Run source-extractor as fac_shapes/3a detects; return its objects and its sky."""
    for name, data in (("image", image), ("weight", weight), ("flag", flags)):
        fits.writeto(folder / f"{name}.fits", data)
    (folder / "own.param").write_text("\n".join(COLUMNS) + "\n")
    (folder / "own.conv").write_text(FILTER)
    (folder / "own.sex").write_text("")
    run(folder, "source-extractor", "image.fits", "-c", "own.sex", "-PARAMETERS_NAME", "own.param",
        "-FILTER_NAME", "own.conv", "-CATALOG_NAME", "found.ldac", "-CATALOG_TYPE", "FITS_LDAC",
        "-DETECT_MINAREA", OPTIONS["min_area_px"], "-DETECT_THRESH", OPTIONS["sigma"],
        "-ANALYSIS_THRESH", OPTIONS["sigma"], "-DEBLEND_NTHRESH", 32, "-DEBLEND_MINCONT",
        OPTIONS["deblend"], "-WEIGHT_TYPE", "MAP_WEIGHT", "-WEIGHT_IMAGE", "weight.fits",
        "-FLAG_IMAGE", "flag.fits", "-FLAG_TYPE", "OR", "-BACK_SIZE", OPTIONS["sky_box_px"],
        "-BACK_FILTERSIZE", 3, "-PHOT_AUTOPARAMS", "2.5,3.5", "-GAIN", 1.0, "-SATUR_LEVEL",
        sky.SATURATION - 1, "-MASK_TYPE", "NONE", "-CHECKIMAGE_TYPE", "BACKGROUND",
        "-CHECKIMAGE_NAME", "sky.fits", "-GAIN_KEY", "none", "-SATUR_KEY", "none")
    return fits.getdata(folder / "found.ldac", 2), fits.getdata(folder / "sky.fits")


def test_masks_are_those_of_weightwatcher(tmp_path):
    rng, shape = np.random.default_rng(1), (700, 800)
    own, lines = np.zeros(shape, np.int16), {2: [], 128: []}
    for k in range(60):
        at, size = rng.uniform(-20, 820, 2), rng.uniform(0.4, 1.6)
        bit = (2, 128)[k % 2]
        corners = at + (masks.halo_polygon(40 * size) if bit == 2
                        else masks.spike_polygon(60 * size, 7 * size, 10.0))
        masks.add_polygon(own, corners, bit)
        # weightwatcher 1.12 takes x, and only x, half a pixel too far to the left
        lines[bit].append("polygon(" + ",".join(
            f"{v:.6f}" for v in np.add(corners, (1.5, 1)).ravel()) + ")")
    fits.writeto(tmp_path / "weight.fits", np.ones(shape, np.float32))
    for bit, those in lines.items():
        (tmp_path / f"{bit}.reg").write_text("image\n" + "\n".join(those) + "\n")
    (tmp_path / "own.ww").write_text("")
    run(tmp_path, "weightwatcher", "-c", "own.ww", "-WEIGHT_NAMES", "weight.fits", "-WEIGHT_MIN",
        "-1", "-WEIGHT_MAX", "1000", "-WEIGHT_OUTFLAGS", "0", "-FLAG_NAMES", "", "-FLAG_WMASKS",
        "", "-FLAG_MASKS", "", "-FLAG_OUTFLAGS", "", "-POLY_NAMES", "2.reg,128.reg",
        "-POLY_OUTFLAGS", "2,128", "-POLY_OUTWEIGHTS", "0.0,0.0", "-OUTWEIGHT_NAME", "w.fits",
        "-OUTFLAG_NAME", "f.fits", "-WRITE_XML", "N")
    other = fits.getdata(tmp_path / "f.fits")
    differs = own != other
    # one of 19 000 on the edges, at a corner: the numbers of the file are rounded
    edge = (own != np.roll(own, 1, 0)) | (own != np.roll(own, 1, 1))
    assert (own != 0).mean() > 0.2
    assert edge.sum() > 15_000
    assert differs.sum() <= 1e-3 * edge.sum()


def test_objects_are_those_of_source_extractor(tmp_path):
    image, weight, flags, _, _ = drawn(FIELD)
    theirs, their_sky = extracted(tmp_path, image, weight, flags)
    columns, _, _, _ = detect_weighted(image, weight, flags, OPTIONS, 30.0, 1.0,
                                       sky.SATURATION - 1)
    back, _ = sky_mesh(image, ~(weight > 0), OPTIONS)

    # the map is float32 there: 7 digits of 100
    assert np.abs(back - their_sky).max() < 2e-5
    assert len(columns["NUMBER"]) == pytest.approx(len(theirs), rel=0.02)
    place = np.column_stack([columns["XWIN_IMAGE"], columns["YWIN_IMAGE"]])
    away, which = cKDTree(np.column_stack([theirs["XWIN_IMAGE"], theirs["YWIN_IMAGE"]])).query(
        place)
    good = (away < 1) & (theirs["FLAGS"][which] == 0)
    assert good.sum() > 500
    assert np.median(away[good]) < 1e-3
    ratio = columns["FLUX_AUTO"][good] / theirs["FLUX_AUTO"][which][good]
    assert np.median(ratio) == pytest.approx(1, abs=1e-4)
    assert np.median(columns["FLUX_RADIUS"][good] / theirs["FLUX_RADIUS"][which][good]
                     ) == pytest.approx(1, abs=1e-3)
    same = columns["IMAFLAGS_ISO"] == theirs["IMAFLAGS_ISO"][which]
    assert same[good].mean() > 0.998  # one of 865 has another isophote, beside a bad column
    saturated = [np.sort(one["XWIN_IMAGE"][one["FLAGS"] & 4 > 0]) for one in (columns, theirs)]
    assert len(saturated[0]) > 1
    assert saturated[0] == pytest.approx(saturated[1], abs=0.1)


@pytest.fixture(scope="module")
def psfs(tmp_path_factory):
    """Fit the PSF of drawn stars twice, by PSFEx and here; give both and the stars kept back."""
    folder = tmp_path_factory.mktemp("psfex")
    image, weight, flags, chip, found = drawn(replace(FIELD, n_stars=260, n_galaxies=0, seed=4))
    theirs, _ = extracted(folder, image, weight, flags)
    x, y = chip.pixels(found["ra_deg"], found["dec_deg"])
    away, which = cKDTree(np.column_stack([x, y]) + 1).query(
        np.column_stack([theirs["XWIN_IMAGE"], theirs["YWIN_IMAGE"]]))
    chosen = (away < 1) & (found["mag"][which] > 17) & (found["mag"][which] < 21.5) & (
        theirs["FLAGS"] == 0) & (theirs["IMAFLAGS_ISO"] == 0)
    kept_back = chosen & (np.arange(len(theirs)) % 5 == 0)
    used = chosen & ~kept_back
    with fits.open(folder / "found.ldac") as hdus:
        hdus[2].data = hdus[2].data[used]
        hdus.writeto(folder / "stars.ldac")
    (folder / "own.psfex").write_text("")
    run(folder, "psfex", "stars.ldac", "-c", "own.psfex", "-BASIS_TYPE", "PIXEL", "-PSF_SAMPLING",
        "1.0", "-PSF_SIZE", f"{SIDE},{SIDE}", "-PSF_RECENTER", "N", "-PHOTFLUX_KEY",
        "FLUX_AUTO", "-PHOTFLUXERR_KEY", "FLUXERR_AUTO", "-CENTER_KEYS",
        "XWIN_IMAGE,YWIN_IMAGE", "-PSFVAR_KEYS", "XWIN_IMAGE,YWIN_IMAGE", "-PSFVAR_GROUPS", "1,1",
        "-PSFVAR_DEGREES", "2", "-PSF_ACCURACY", "0.01", "-SAMPLE_AUTOSELECT", "N",
        "-BADPIXEL_FILTER", "N", "-CHECKPLOT_TYPE", "NONE", "-CHECKIMAGE_TYPE", "NONE",
        "-WRITE_XML", "N", "-OUTCAT_TYPE", "NONE", "-PSF_DIR", ".")
    back, _ = sky_mesh(image, ~(weight > 0), OPTIONS)
    place = np.column_stack([theirs["XWIN_IMAGE"], theirs["YWIN_IMAGE"]]) - 1
    good = ~cut_around((weight <= 0) | (flags != 0), *place[used].T, SIDE, True)
    fit = fit_field(cut_around(image - back, *place[used].T, SIDE), FIELD.sky, good, place[used],
                    1.0, image.shape)
    return folder, fit.psf, chip, x[which[kept_back]], y[which[kept_back]], image


def test_the_psf_of_stars_kept_back_is_as_good_as_that_of_psfex(psfs):
    folder, own, chip, x, y, _ = psfs
    exact = np.array([sky.stamp(SIDE + 1, (0, 0), chip.jacobian(*sky_of(chip, one)), [
        sky.point_spread(FIELD, chip.exposure, chip, *one)])[1:, 1:]
        for one in zip(x, y, strict=True)])
    truth = elliptical_moments(exact)
    e_error, size_bias = {}, {}
    for name, psf in (("own", own), ("psfex", read_psfex(folder / "stars.psf").psf)):
        found = elliptical_moments(psf.at(x, y))
        e_error[name] = np.hypot(found.e1 - truth.e1, found.e2 - truth.e2)
        size_bias[name] = np.mean(found.sigma_px / truth.sigma_px) - 1
    rms = {name: np.sqrt(np.mean(values**2)) for name, values in e_error.items()}
    print(f"{len(x)} stars kept back: e {rms}, size {size_bias}")
    assert len(x) > 25
    assert rms["own"] <= 1.1 * rms["psfex"]
    assert abs(size_bias["own"]) <= 1e-3


def sky_of(chip, xy):
    """RA and Dec of a pixel by Newton's steps on `Chip.pixels`."""
    at = np.array([FIELD.ra_deg, FIELD.dec_deg])
    for _ in range(6):
        jacobian = chip.jacobian(*at) / 3600
        east, north = jacobian @ (np.array(xy) - np.array(chip.pixels(*at)))
        at = np.add(at, (east / np.cos(np.radians(at[1])), north))
    return at


def test_a_psf_file_is_interpolated_as_galsim_does(psfs):
    galsim_des = pytest.importorskip("galsim.des")
    galsim = pytest.importorskip("galsim")
    folder, _, _, x, y, _ = psfs
    other = galsim_des.DES_PSFEx(str(folder / "stars.psf"), str(folder / "image.fits"))
    found = read_psfex(folder / "stars.psf")
    assert found.n_stars > 50
    assert found.chi2 > 0
    assert found.psf.degree == 2
    for one, mine in zip(zip(x, y, strict=True), found.psf.at(x, y), strict=True):
        expected = other.getPSFArray(galsim.PositionD(one[0] + 1, one[1] + 1))
        expected = expected / expected.sum()
        assert np.abs(mine - expected).max() < 1e-6 * expected.max()


def test_moments_are_those_of_hsm(psfs):
    galsim = pytest.importorskip("galsim")
    _, own, _, x, y, image = psfs
    stamps = np.concatenate([own.at(x, y), cut_around(image - FIELD.sky, x, y, SIDE)])
    found = elliptical_moments(stamps)
    for k, stamp in enumerate(stamps):
        hsm = galsim.hsm.FindAdaptiveMom(galsim.Image(np.ascontiguousarray(stamp)), strict=False)
        assert hsm.error_message == ""
        assert found.e1[k] == pytest.approx(hsm.observed_e1, abs=1e-5)
        assert found.e2[k] == pytest.approx(hsm.observed_e2, abs=1e-5)
        assert found.sigma_px[k] == pytest.approx(hsm.moments_sigma, rel=1e-5)
