"""The route of the shapes on a small mosaic of known truth, script by script."""

import os
import shutil

from cosmouline.errors import UserError
from cosmouline.files.io_fits_tables import read_table
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.images.ccds import db_ccds
from cosmouline.psf.over_field import db_field
from cosmouline.shapes import db_shapes, db_shear_report
from cosmouline.shapes.spread_model import GALAXY
from cosmouline.skymaker.mosaic import chips
from cosmouline.sources.ccds import db_selection
from cosmouline.stamps import db_vignets

import numpy as np
import pytest
from astropy.io import fits
from scipy.spatial import cKDTree

HASHES = ("ccd_origin", "ccd_psf_hash", "ccd_wcs_error_px", "tile_psfs", "tile_shapes",
          "tile_vignets_of")
LOOSE = (("", 1e-3),)  # of the steps of fits, under the kernels of other processors
CCD, TURNED, TILE = "2079613-0", "2079614-0", "tile-051"


def matched(field, table):
    """Return the truth of each object of a table, and which objects are within 1 arcsec of one."""
    truth = read_ecsv_columns(field.sky / "truth.ecsv")
    scale = np.cos(np.radians(truth["dec_deg"][0]))
    tree = cKDTree(np.column_stack([truth["ra_deg"] * scale, truth["dec_deg"]]))
    away, which = tree.query(np.column_stack([table["XWIN_WORLD"] * scale, table["YWIN_WORLD"]]))
    return {key: np.asarray(values)[which] for key, values in truth.items()}, away < 1 / 3600


def test_all_numbers_of_the_route_are_what_they_were(done, recorded, script):
    """Fields, products and reports: that they are right is the matter of the tests below."""
    tool, rows = script("tests/recorded"), done.rows()
    recorded("fac_shapes/fields", tool.fields_of(rows, HASHES), LOOSE)
    recorded("fac_shapes/products", tool.products_of(done.work, rows), LOOSE)
    recorded("fac_shapes/reports", tool.reports_of(done.work), LOOSE)


def test_every_ccd_has_its_pixels_weights_and_flags(done):
    rows = done.rows()

    assert sorted(rows) == [CCD, TURNED, TILE]
    for name in (CCD, TURNED):
        ccd = db_ccds.read(rows[name], done.settings())
        for values, kind in zip(ccd, ("image", "weight", "flag"), strict=True):
            raw = fits.getdata(done.sky / "exposures" / f"{kind}-{name[:7]}.fits", 1)
            assert np.array_equal(values, raw)


def test_a_mosaic_that_is_not_there_is_told(field):
    field.set("shape_images = {'dir': '/nowhere'}")
    with pytest.raises(UserError, match="there is no folder '/nowhere'"):
        field.run("1a_split_exposures")
    field.set(f"shape_images = {{'dir': {str(field.sky)!r}, 'tiles': 'x-*.fits'}}")
    with pytest.raises(UserError, match=r"no file x-\*.fits"):
        field.run("1a_split_exposures")


def test_planes_of_different_ccds_do_not_pass(field, tmp_path):
    sky = tmp_path / "other"
    shutil.copytree(field.sky, sky)
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.ones((9, 9)))]).writeto(
        sky / "exposures" / "weight-2079613.fits", overwrite=True)
    field.set(f"shape_images = {{'dir': {str(sky)!r}}}")

    rows = field.run("1a_split_exposures")

    assert not rows[CCD]["gogogo"]
    assert "they are of different CCDs" in rows[CCD]["whynot"]


def test_the_world_coordinates_are_those_of_the_simulation(done):
    # truth: the formulas of skymaker, which use no WCS library
    ccds, tile = chips(done.script("tests/fac_shapes/conftest").TINY)
    rows = done.rows()
    for chip, name in ((ccds[0], CCD), (ccds[1], TURNED), (tile, TILE)):
        xy = np.array([[3.0, 250.0], [140.0, 20.0]])
        sky = db_ccds.wcs(rows[name]).all_pix2world(xy, 0)
        assert np.allclose(np.column_stack(chip.pixels(*sky.T)), xy, atol=1e-5)
        assert rows[name]["ccd_wcs_error_px"] < 1e-6
        assert rows[name]["ccd_tiles"] == TILE


def test_zero_point_and_gain_come_from_the_header_or_the_settings(field):
    assert field.rows()[CCD]["ccd_zero_point_mag"] == 30
    field.set(f"shape_images = {{'dir': {str(field.sky)!r}, 'zero_point_mag': 27.5}}")
    assert field.run("1b_merge_headers")[CCD]["ccd_zero_point_mag"] == 27.5


def test_a_header_without_coordinates_puts_a_ccd_out_of_use(field):
    path = field.work / "shapes" / "ccds" / f"{CCD}.fits"
    with fits.open(path, mode="update") as hdus:
        del hdus[0].header["CTYPE1"]
    rows = field.run("1b_merge_headers", redo=True)
    assert "its world coordinates cannot be used: " in rows[CCD]["whynot"]
    assert rows[TURNED]["gogogo"]
    with fits.open(field.work / "shapes" / "ccds" / f"{TURNED}.fits", mode="update") as hdus:
        del hdus[0].header["CTYPE*"]
    rows = field.run("1b_merge_headers", redo=True)
    assert "no world coordinates" in rows[TURNED]["whynot"]


def test_masks_have_their_bits_and_the_star_without_a_magnitude_has_a_halo(field):
    rows = field.rows()
    flags = fits.getdata(field.work / "shapes" / "masks" / f"{TILE}.fits")
    truth = read_ecsv_columns(field.sky / "truth.ecsv")
    x, y = (float(one[0]) for one in chips(field.script(
        "tests/fac_shapes/conftest").TINY)[1].pixels(truth["ra_deg"][:1], truth["dec_deg"][:1]))

    assert not truth["has_mag"][0]
    assert flags[round(y), round(x)] & 2
    assert flags[round(y), round(x)] & 128
    assert rows[TILE]["n_ccd_haloes"] == 1
    border = np.ones(flags.shape, dtype=bool)
    border[4:-4, 4:-4] = False
    assert np.array_equal((flags & 4) != 0, border)
    assert "polygon(" in (field.work / "shapes" / "masks" / f"{TILE}.reg").read_text()
    field.set("shape_masks = {'border_px': 9, 'no_mag_taken_as': None}")
    assert field.run("2b_masks")[TILE]["n_ccd_haloes"] == 0


@pytest.mark.parametrize("weight_max", [1000.0, 1e-3])
def test_pixels_of_no_weight_and_of_too_much_have_their_bit(field, weight_max):
    field.set(f"shape_masks = {{'weight_flag': 256, 'weight_max': {weight_max}}}")
    field.run("2b_masks")

    flags = fits.getdata(field.work / "shapes" / "masks" / f"{CCD}.fits")
    weight = db_ccds.read(field.rows()[CCD], field.settings()).weight
    assert np.array_equal((flags & 256) != 0, (weight <= 0) | (weight > weight_max))
    assert 0 < (weight <= 0).sum() < (weight > 1e-3).sum()


def test_without_a_catalogue_the_next_step_is_told(field):
    field.set("catalogue = None")
    with pytest.raises(UserError, match="run fac_astrometry/1_fetch_catalogue"):
        field.run("2a_star_catalogue")


def test_objects_are_found_with_their_positions_and_magnitudes(done):
    table, rows = done.table("objects", TILE, "OBJECTS"), done.rows()
    truth, near = matched(done, table)
    stars = near & (truth["kind"] == "star") & (truth["mag"] > 16.5) & (truth["mag"] < 20) & (
        table["FLAGS"] == 0)

    assert rows[TILE]["tile_offset_px"] < 0.05
    assert rows[CCD]["ccd_offset_px"] < 0.05
    assert stars.sum() > 8
    # Kron magnitudes lose a few percent of the light: SExtractor's are 0.02 to 0.08 too faint
    assert abs(np.median((table["MAG_AUTO"] - truth["mag"])[stars]) - 0.03) < 0.05
    # of 60 objects those brighter than 22 that are no pair
    faint = truth["mag"] < 22
    assert len(set(truth["id"][near & faint])) > 0.9 * 42


def test_the_threshold_is_that_of_the_settings(field):
    before = field.rows()[CCD]["n_ccd_objects"]
    field.set("shape_detection = {'sigma': 30.0}")
    assert field.run("3a_detect_exposures")[CCD]["n_ccd_objects"] < before


def test_epochs_are_the_ccds_on_which_an_object_lies(done):
    # truth: the formulas of skymaker
    objects, epochs = (done.table("objects", TILE, name) for name in ("OBJECTS", "EPOCHS"))
    ccds, _ = chips(done.script("tests/fac_shapes/conftest").TINY)
    for chip, name in zip(ccds, (CCD, TURNED), strict=True):
        x, y = chip.pixels(objects["XWIN_WORLD"], objects["YWIN_WORLD"])
        on = (x > -0.5) & (x < 279.5) & (y > -0.5) & (y < 279.5)
        found = epochs["NUMBER"][epochs["CCD"] == name]
        assert np.array_equal(found, objects["NUMBER"][on])
    assert np.array_equal(np.bincount(epochs["NUMBER"], minlength=len(objects["NUMBER"]) + 1)[1:],
                          objects["N_EPOCH"])


def test_the_stars_are_stars_and_some_are_kept_back(done):
    rows = done.rows()
    for name in (CCD, TURNED):
        chosen = done.table("selection", name, "star_selection")
        truth, near = matched(done, chosen)
        assert near.all()
        # at most one galaxy: small and faint ones lie on the locus
        assert (truth["kind"] == "star").sum() >= len(near) - 1
        kept, used = (done.table("selection", name, f"star_split_ratio_{n}") for n in (20, 80))
        assert not set(kept["NUMBER"]) & set(used["NUMBER"])
        assert len(kept["NUMBER"]) + len(used["NUMBER"]) == len(near)
        assert len(kept["NUMBER"]) == rows[name]["n_ccd_test_stars"] == round(len(near) / 5)
        text = (done.work / "shapes" / "selection" / f"{name}_star_stat.txt").read_text()
        assert text == f"Nb stars = {len(near)}\n"


def test_another_selection_file_makes_its_own_products(field):
    (field.config / "other.setools").write_text(
        "[MASK:star_selection]\nMAG_AUTO < 19\nFLAGS == 0\n[PLOT:size]\nTYPE = plot\n"
        "X = FWHM_IMAGE\nY = MAG_AUTO\nTITLE = \"of @len(MAG_AUTO)@\"\n[PLOT:map]\n"
        "TYPE = scatter\nX = X_IMAGE\nY = Y_IMAGE\nSCATTER = MAG_AUTO\n[PLOT:mags]\nTYPE = hist\n"
        "Y = MAG_AUTO\nBIN = 5\n")
    field.set("star_selection = 'other.setools'")
    rows = field.run("3b_select_stars")

    table = field.table("selection", CCD, "star_selection")
    assert rows[CCD]["n_ccd_stars"] == len(table["NUMBER"])
    assert (table["MAG_AUTO"] < 19).all()
    folder = field.work / "shapes" / "selection"
    assert {path.name for path in folder.glob(f"{CCD}*.png")} == {
        f"{CCD}_{name}.png" for name in ("size", "map", "mags")}
    # without a split all stars make the PSF, and test it
    settings = field.settings()
    assert len(db_selection.stars(rows[CCD], settings, True)["NUMBER"]) == len(table["NUMBER"])
    field.set("star_selection = 'missing.setools'")
    with pytest.raises(UserError, match=r"there is no file .*missing.setools"):
        field.run("3b_select_stars")


def test_the_psf_has_the_moments_of_the_stars(done):
    rows, report = done.rows(), (done.work / "report_psf_field.txt").read_text()
    for name in (CCD, TURNED):
        assert rows[name]["ccd_psf_chi2"] < 1.4
        # 3 to 5 stars kept back of S/N 50 to 500: 0.7 / S/N / sqrt(n) in size
        assert abs(rows[name]["ccd_psf_size_residual"]) < 0.03
    assert report.startswith("FIELD  the PSF on stars kept back")
    assert "rho5" in report
    assert (done.work / "plots" / "psf_field.png").is_file()


def test_a_ccd_without_a_good_psf_costs_an_epoch_and_not_the_object(field):
    # as if the stars of one CCD were too few: the other one goes on
    few = field.rows()[CCD]["n_ccd_psf_used"]
    other = field.rows()[TURNED]["n_ccd_psf_used"]
    field.set("shape_psf = {'max_chi2': 0.0001}")
    rows = field.run("3c_psf_model")
    assert "max_chi2" in rows[CCD]["whynot"]
    field.set("shape_psf = {'min_stars': 1000}")
    rows = field.run("3c_psf_model")
    assert "min_stars 1000" in rows[CCD]["whynot"]
    assert few > 5 < other
    field.set()
    field.run("3c_psf_model")
    db_rows = field.rows()
    settings = field.settings()
    table = db_field.write_epochs(db_rows[TILE], settings, [db_rows[TURNED]])
    psf = field.table("psf_epochs", TILE, "PSF")
    assert not psf["is_accepted"][psf["CCD"] == CCD].any()
    assert psf["is_accepted"][psf["CCD"] == TURNED].all()
    assert table["n_tile_psf_objects"] == len(set(psf["NUMBER"][psf["CCD"] == TURNED]))


def test_models_of_psfex_take_the_place_of_our_own(field, script):
    write = script("tests/cosmouline/psf/over_field/test_io_psfex").written
    sky = field.folder / "sky"
    shutil.copytree(field.sky, sky)
    image = np.exp(-0.5 * (np.hypot(*(np.indices((51, 51)) - 25)) / 1.6) ** 2).astype(np.float32)
    for name, n_stars in ((CCD, 33), (TURNED, 3)):
        write(sky / f"{name}.psf", image[None], ACCEPTED=n_stars)
    field.set(f"shape_images = {{'dir': {str(sky)!r}}}\nshape_psf = {{'psfex_files': '*.psf'}}")
    rows = field.run("3c_psf_model")
    assert rows[CCD]["ccd_psf_model"] == "PSFEx"
    assert rows[CCD]["n_ccd_psf_used"] == 33
    assert "3 stars for the PSF (shape_psf, min_stars 10)" in rows[TURNED]["whynot"]
    for side in (51, 55, 31):
        field.set(f"shape_images = {{'dir': {str(sky)!r}}}\n"
                  f"shape_psf = {{'psfex_files': '*.psf', 'side_px': {side}}}")
        rows = field.run("3c_psf_model")
        found = db_field.psf(rows[CCD], field.settings()).at([10.0], [200.0])[0]
        least = min(side, 51) // 2
        middle = np.s_[side // 2 - least:side // 2 + least + 1]
        expected = image[25 - least:26 + least, 25 - least:26 + least]
        assert found.shape == (side, side)
        assert np.allclose(found[middle, middle], expected / expected.sum(), atol=1e-8)


def test_only_the_border_does_not_spoil_the_pixels_of_a_star(field):
    field.set("shape_masks = {'border_flag': 64, 'border_px': 60}")
    field.run("2b_masks")
    columns = field.table("objects", CCD, "OBJECTS")
    edge = {name: values[columns["X_IMAGE"] < 50] for name, values in columns.items()}
    row, settings = field.rows()[CCD], field.settings()
    _, good, _ = db_field.star_stamps(row, settings, edge, 5)
    weight = db_ccds.read(row, settings).weight
    assert (weight > 0).mean() > 0.99
    assert good.mean() > 0.5


def test_vignets_are_the_pixels_of_the_ccds(done):
    settings, rows = done.settings(), done.rows()
    index = db_vignets.index(rows[TILE], settings)
    image, weight = (db_vignets.store(rows[TILE], settings, kind) for kind in ("image", "weight"))
    assert image.shape == (len(index["NUMBER"]), 51, 51)
    k = int(np.flatnonzero((index["CCD"] == TURNED) & (np.abs(index["x_px"] - 140) < 90)
                           & (np.abs(index["y_px"] - 140) < 90))[0])
    x, y = round(index["x_px"][k]), round(index["y_px"][k])
    ccd = db_ccds.read(rows[TURNED], settings)
    square = np.s_[y - 25:y + 26, x - 25:x + 26]
    assert np.array_equal(weight[k], ccd.weight[square])
    # the sky is smooth: what was subtracted varies little
    assert np.ptp(ccd.image[square] - image[k]) < 5
    # truth of the Jacobian: the turn of the exposure, 90 degrees, and 0.187 arcsec
    assert index["j12"][k] == pytest.approx(0.187, abs=0.002)
    assert index["j21"][k] == pytest.approx(0.187, abs=0.002)
    flags = db_vignets.store(rows[TILE], settings, "flags")
    assert not flags[k, 25, 25] & db_vignets.NEIGHBOUR


def test_the_side_of_the_vignets_is_that_of_the_psf(field):
    field.set("shape_psf = {'side_px': 31}")
    field.run("5a_vignets")
    assert db_vignets.store(field.rows()[TILE], field.settings(), "image").shape[1:] == (31, 31)


def test_stars_and_galaxies_are_told_apart(field):
    table = field.table("spread", TILE, "SPREAD")
    truth, near = matched(field, field.table("objects", TILE, "OBJECTS"))
    taken = table["SPREAD_CLASS"] == GALAXY
    assert (truth["kind"] == "galaxy")[near & taken].mean() > 0.8
    before = field.rows()[TILE]["n_tile_stars"]
    assert before > 20
    field.set("shape_catalogue = {'spread_star_max': 0.00001}")
    assert field.run("5b_spread_model")[TILE]["n_tile_stars"] < before


def test_a_stopped_run_keeps_its_batches_and_others_have_the_same_numbers(field):
    whole = field.table("shapes", TILE, "SHAPES")
    field.set("shape_metacal = {'batch': 13}")
    rows, settings = field.rows(), field.settings()
    ccds = [rows[CCD], rows[TURNED]]
    todo, files = db_shapes.batches(rows[TILE], settings, ccds)
    assert len(todo) == len(files) == -(-len(whole["NUMBER"]) // 13)
    db_shapes.measure_batch(todo[1], settings)  # as if the run had been killed here
    before = os.stat(files[1]).st_mtime_ns
    assert len(db_shapes.batches(rows[TILE], settings, ccds)[0]) == len(todo) - 1
    field.run("6_shapes")
    assert os.stat(files[1]).st_mtime_ns == before
    joined = field.table("shapes", TILE, "SHAPES")
    for name, values in whole.items():  # in any batches the same, bit for bit
        assert np.array_equal(joined[name], values, equal_nan=True), name


def test_shapes_are_out_of_date_when_a_setting_changes(field):
    rows = field.rows()
    words = set()
    for lines in ("", "shape_metacal = {'fix_noise': False}", "shape_psf = {'side_px': 41}",
                  "shape_masks = {'halo_flag': 64}"):
        field.set(lines)
        words.add(db_shapes.digest(rows[TILE], field.settings()))
    assert len(words) == 4
    field.set("shape_metacal = {'target_sigma_arcsec': 0.5}")
    assert db_shapes.target_sigma(rows[TILE], field.settings(), []) == 0.5


def test_other_shapes_make_another_catalogue(field):
    field.run("7a_make_catalogue")
    assert field.counts["kept"] == 1
    before = field.table("catalogue", TILE, "RESULTS")["NGMIX_ELL_1P"]
    field.set("shape_metacal = {'fix_noise': False}")
    field.run("6_shapes")
    field.run("7a_make_catalogue")
    assert field.counts["done"] == 1
    assert not np.array_equal(field.table("catalogue", TILE, "RESULTS")["NGMIX_ELL_1P"], before)


def test_the_catalogue_has_every_object_and_the_values_for_what_is_missing(field):
    table = read_table(field.work / "shapes" / "catalogue.fits", "RESULTS")
    shapes = field.table("shapes", TILE, "SHAPES")
    failed = shapes["flags"] != 0
    assert len(table["NUMBER"]) == field.rows()[TILE]["n_tile_objects"]
    assert table["IS_PRIMARY"].all()
    assert np.array_equal(table["NGMIX_MCAL_FLAGS"], shapes["flags"])
    assert np.allclose(table["NGMIX_ELL_1P"][~failed, 0], shapes["e1_1P"][~failed])
    assert (table["NGMIX_ELL_NOSHEAR"][failed] == -10).all()
    assert (table["NGMIX_T_ERR_NOSHEAR"][failed] == 1e30).all()
    assert (table["NGMIX_FLUX_ERR_NOSHEAR"][failed] == -1).all()
    field.set("shape_catalogue = {'prefix': 'MCAL'}")
    field.run("7a_make_catalogue")
    assert "MCAL_ELL_2M" in field.table("catalogue", TILE, "RESULTS")


def test_random_points_lie_on_unmasked_pixels(done):
    points = done.table("random", TILE, "RANDOM")
    flags = fits.getdata(done.work / "shapes" / "masks" / f"{TILE}.fits")
    area = fits.getheader(done.work / "shapes" / "random" / f"{TILE}.fits")["AREA"]
    assert (flags[np.rint(points["y_px"]).astype(int), np.rint(points["x_px"]).astype(int)]
            == 0).all()
    assert area == pytest.approx((flags == 0).sum() * 0.187**2 / 3600, rel=1e-4)
    assert len(points["RA"]) == round(50 * area)


def test_the_report_tells_response_and_truth(field):
    text = (field.work / "report_shapes.txt").read_text()
    assert text.startswith("FIELD  galaxy shapes")
    assert "true g1 +0.0300" in text
    assert f"{CCD} |" in text
    assert (field.work / "plots" / "shapes.png").is_file()
    table = read_table(field.work / "shapes" / "catalogue.fits", "RESULTS")
    loose = db_shear_report.cuts(table, field.settings(), "NOSHEAR", GALAXY)
    field.set("shape_catalogue = {'snr_min': 60.0}")
    strict = db_shear_report.cuts(table, field.settings(), "NOSHEAR", GALAXY)
    assert strict.sum() < loose.sum()
    assert (table["NGMIX_SNR_NOSHEAR"][strict] > 60).all()


def test_a_second_run_has_nothing_to_do(field):
    for name in ("1a_split_exposures", "3a_detect_exposures", "4b_psf_multiepoch"):
        field.run(name)
        assert field.counts["done"] == 0
        assert field.counts["kept"] > 0


def test_what_is_missing_is_told_with_the_script_to_run(tmp_path, script, tiny_sky):
    empty = script("tests/fac_shapes/conftest").Field(tmp_path / "new", script, tiny_sky).make()
    with pytest.raises(UserError, match=r"Run fac_shapes/1a_split_exposures\.py first"):
        empty.run("3a_detect_exposures")
