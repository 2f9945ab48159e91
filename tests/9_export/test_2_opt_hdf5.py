"""The file is enough to draw the model, by a slow way of its own, and to place it on the sky."""

from types import SimpleNamespace

from cosmouline.database.columns import column
from cosmouline.deconv import db_products
from cosmouline.deconv.picture import model_images
from cosmouline.errors import UserError

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from scipy.ndimage import gaussian_filter, shift

SCRIPT = "9_export/2_opt_hdf5"
READY = "7_deconv/4_deconv"
TARGET_SIGMA_SMALL = 2 / np.sqrt(8 * np.log(2))


@pytest.fixture
def export(lens_after, read_hdf5):
    """Give the lens, and the datasets and attributes of its file."""
    lens = lens_after(READY)

    def of(name="TINY_lens.h5", **options):
        lens.run(SCRIPT, **options)
        return lens, *read_hdf5(lens.work / "export" / name)
    return of


def drawn(file, attributes):
    """Draw the point sources of each epoch: shift, blur, bin; splines of order 5."""
    up, side = attributes["upsampling"], file["data"].shape[1]
    found = np.zeros(file["data"].shape)
    for epoch, (flux, psf, to_image) in enumerate(
            zip(file["result/flux"], file["psf"], file["transform"], strict=True)):
        blurred = gaussian_filter(psf.astype(float), TARGET_SIGMA_SMALL, mode="constant")
        places = file["result/position_px"] @ to_image[:, :2].T + to_image[:, 2]
        small = sum(one * shift(blurred, np.flip(xy) * up, order=5)
                    for one, xy in zip(flux, places, strict=True))
        edge = (len(psf) - side * up) // 2
        found[epoch] = small[edge:edge + side * up, edge:edge + side * up].reshape(
            side, up, side, up).sum((1, 3))
    return found


def test_the_model_can_be_drawn_from_the_file_alone(export):
    lens, file, attributes = export()
    settings = lens.settings()
    fit, _ = db_products.joint_fit(settings)

    points, _, _ = model_images(fit, db_products.gathered_epochs(settings).epochs)

    # splines on PSFs of FWHM 4 small pixels: a part in a thousand of the peak
    assert drawn(file, attributes) == pytest.approx(points, abs=2e-3 * points.max())


def test_data_and_noise_are_on_the_common_scale(export):
    lens, file, _ = export()
    content = db_products.gathered_epochs(lens.settings())
    rows = [lens.rows[name] for name in content.names]

    coeff = column(rows, "dec_coeff__lens")
    assert list(file["epochs/img_name"]) == content.names
    assert file["epochs/coeff"] == pytest.approx(coeff)
    assert file["data"] == pytest.approx(content.epochs.data_e * coeff[:, None, None], rel=1e-6,
                                         nan_ok=True)
    used = file["is_used"]
    chi2 = (((file["data"] - drawn(*export()[1:]) - file["result/sky"][:, None, None])
             / file["sigma"]) ** 2)[used].mean()
    assert used.mean() > 0.8
    assert 0.5 < chi2 < 3  # the galaxy is not drawn here; a wrong scale would be far off


def test_the_wcs_of_each_stamp_puts_the_sources_where_the_model_has_them(export):
    lens, file, _ = export()
    settings = lens.settings()
    east, north = np.array(list(settings.point_sources.values())).T / 3600
    ra_deg = settings.lens_ra_deg + east / np.cos(np.radians(settings.lens_dec_deg))
    middle = (file["data"].shape[1] - 1) / 2

    for text, to_image in zip(file["wcs"], file["transform"], strict=True):
        wcs = WCS(fits.Header.fromstring(text))
        assert list(wcs.wcs.crval) == [settings.lens_ra_deg, settings.lens_dec_deg]
        xy = np.column_stack(wcs.all_world2pix(ra_deg, settings.lens_dec_deg + north, 0))
        fitted = file["result/position_px"] @ to_image[:, :2].T + to_image[:, 2] + middle
        away_px = np.hypot(*(xy - fitted[: len(xy)]).T)
        assert away_px.max() < 0.3  # the fit moves the given positions by their errors


def test_the_same_fit_gives_the_same_bytes(export):
    lens, _, _ = export()
    path = lens.work / "export" / "TINY_lens.h5"
    before = path.read_bytes()

    lens.run(SCRIPT)

    assert path.read_bytes() == before


def test_draws_only_where_asked(export):
    lens, file, _ = export(draws=True)
    content = db_products.gathered_epochs(lens.settings())

    assert file["psf_draws"] == pytest.approx(content.draws.swapaxes(0, 1), rel=1e-5, abs=1e-9)
    assert "psf_draws" not in export()[1]


def test_the_names_and_conventions_of_lightcurver(export):
    _, ours, attributes = export()
    _, file, _ = export("TINY_lens_lightcurver.h5", lightcurver_keys=True)
    side, up = ours["data"].shape[1], attributes["upsampling"]

    used = ours["is_used"]
    assert file["data"][used] == pytest.approx(ours["data"][used])
    assert file["noisemap"][used] == pytest.approx(ours["sigma"][used])
    for noise, good in zip(file["noisemap"], used, strict=True):
        assert noise[~good] == pytest.approx(1000 * np.median(noise[good]))
    assert np.isfinite(file["data"]).all()
    assert file["psf"].shape[1:] == (side * up, side * up)
    assert (file["subsampling_factor"] == up).all()
    assert file["relative_normalization_error"] == pytest.approx(
        ours["epochs/coeff_sigma"] / ours["epochs/coeff"])
    # LightCurver puts this one number into a table and a header: an array or NaN stops it
    assert file["global_zeropoint"].shape == ()
    assert file["global_zeropoint"] == 0
    for text, angle in zip(file["wcs"], file["angle_to_north"], strict=True):
        wcs = WCS(fits.Header.fromstring(text))
        ra_deg, dec_deg = wcs.wcs.crval
        x, y = np.subtract(wcs.all_world2pix(ra_deg, dec_deg + 1 / 3600, 0),
                           wcs.all_world2pix(ra_deg, dec_deg, 0))
        assert angle == pytest.approx(np.degrees(np.arctan2(-x, y)), abs=1e-3)


def test_without_a_fit_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 7_deconv/4_deconv\.py first"):
        lens_before(READY).run(SCRIPT)


def test_a_fit_of_other_images_than_the_epochs_is_told(lens_after, script, monkeypatch):
    """An image that was removed since, and a fit of fewer epochs: each by itself."""
    lens = lens_after(READY)
    settings, rows = lens.settings(), [lens.rows[name] for name in lens.truth.good]
    fit, errors = db_products.joint_fit(settings)
    write = script(f"pipe/{SCRIPT}").write
    shorter = SimpleNamespace(flux=fit.flux[1:])
    for images, found in ((rows[1:], shorter), (rows, shorter)):
        monkeypatch.setattr(db_products, "joint_fit", lambda _, one=found: (one, errors))
        with pytest.raises(UserError, match="the fit is older than its epochs"):
            write(images, settings)


def test_the_deconvolution_of_the_settings_is_written(lens_after):
    lens = lens_after(READY)
    lens.set('dec_name = "other"\n')

    with pytest.raises(UserError, match="there is no fit yet"):
        lens.run(SCRIPT)
