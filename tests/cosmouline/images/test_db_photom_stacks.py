"""Which images go into the stacks of the field, on which scale; by rows without a database."""

from types import SimpleNamespace

from cosmouline.errors import UserError
from cosmouline.images import db_photom_stacks as stacks
from cosmouline.images.io_stack import PLANES, WEIGHT, add_cards, stack_writer

import numpy as np
import pytest

ROW = {"set_name": "S", "filter": "r", "exptime_s": 300.0, "mjd": 60280.15, "site_lon_deg": -70.0,
       "renorm__r1": 1.0, "zero_point_mag__r1": 25.0, "photom_zero_point_mag__p": 25.0,
       "photom_filter__p": "r", "align_scale": 1.0, "sky_noise_e": 20.0, "airmass": 1.2,
       "zero_point_scatter_mag__r1": 0.02, "zero_point_sigma_mag__r1": 0.004,
       "zero_point_band__r1": "r_ps1 (AB)"}


def settings(**changes):
    return SimpleNamespace(**{"photom_name": "p", "renorm_name": "r1", "combi_method": "mean",
                              "lens_name": "J1 A", "sets": [{"name": "S"}]} | changes)


def rows(**columns):
    return [ROW | {"img_name": f"i{k}"} | {name: values[k] for name, values in columns.items()
                                           if values[k] is not None}
            for k in range(len(next(iter(columns.values()))))]


def test_frames_three_magnitudes_off_or_ten_times_too_bright_are_rejected_with_value_and_limit():
    mags = np.array([25.0, 25.1, 24.9, 25.05, 22.0, 27.5])

    reasons = stacks.far_from_the_others(mags, 1.5, "r")

    assert reasons[:4] == [""] * 4
    assert reasons[4] == ("its zero point of 22.00 mag is 3.02 mag below the median of filter r "
                          "(16.2 times fainter), limit 1.5 mag: clouds?")
    assert reasons[5] == ("its zero point of 27.50 mag is 2.48 mag above the median of filter r "
                          "(9.8 times brighter), limit 1.5 mag: a wrong exposure time or gain?")
    assert stacks.far_from_the_others(mags, None, "r") == [""] * 6
    assert stacks.far_from_the_others(mags, 4.0, "r") == [""] * 6


def test_the_filter_is_the_band_of_the_set_else_that_of_the_header_else_the_set():
    image = ROW | {"img_name": "a"}
    assert stacks.filter_of(image | {"filter": "Bessell R/2"}, settings()) == "Bessell-R-2"
    assert stacks.filter_of(image, settings(sets=[{"name": "S", "band": "g"}])) == "g"
    without = {key: value for key, value in image.items() if key != "filter"}
    assert stacks.filter_of(without, settings()) == "S"


def test_without_a_catalogue_zero_points_are_those_of_the_coefficients():
    found, is_calibrated = stacks.zero_points(rows(zero_point_mag__r1=[25.0, 24.0]), settings())
    assert (found.tolist(), is_calibrated) == ([25.0, 24.0], True)
    images = rows(renorm__r1=[1.0, 2.0], exptime_s=[100.0, 200.0])
    for image in images:
        del image["zero_point_mag__r1"]

    found, is_calibrated = stacks.zero_points(images, settings())

    # half the light in twice the time: a quarter per second, 1.505 mag
    assert found[0] - found[1] == pytest.approx(2.5 * np.log10(4))
    assert not is_calibrated


@pytest.mark.parametrize("lon_deg", [-70.0, 0.0, 150.0])
@pytest.mark.parametrize("first_h", [12.5, 18.0, 23.5, 30.0])
def test_a_night_has_the_date_of_its_evening(lon_deg, first_h):
    """Hours of local time from the midnight before 2023-12-02 (MJD 60280); noon ends a night."""
    hours = np.array([first_h, 35.5, 36.5])
    found = stacks.nights_of(rows(mjd=60280.0 + hours / 24 - lon_deg / 360,
                                  site_lon_deg=np.full(3, lon_deg)))

    assert found == ["20231202", "20231202", "20231203"]


def test_a_scale_brings_a_star_of_magnitude_25_to_a_flux_of_1():
    images = rows(photom_zero_point_mag__p=[25.0, 26.0], zero_point_mag__r1=[25.0, 26.0],
                  exptime_s=[300.0, 100.0])
    # zero point: the magnitude of one electron per second
    electrons = np.array([300.0, 100.0 * 10**0.4])
    assert electrons * stacks.scales(images, settings()) == pytest.approx([1.0, 1.0])
    # without a catalogue: electrons of the image of coefficient 1
    images = rows(photom_zero_point_mag__p=[-2.5 * np.log10(300), -2.5 * np.log10(200)],
                  exptime_s=[300.0, 100.0])
    assert stacks.scales(images, settings()) == pytest.approx([1.0, 2.0])
    assert not stacks.is_calibrated(images, settings())


def test_there_is_a_stack_of_all_nights_and_one_of_each(tmp_path):
    chosen = settings(work_dir=tmp_path)
    images = rows(mjd=[60280.15, 60284.1, 60284.2, 60280.1],
                  photom_filter__p=["r", "r", "r", "g"])

    found = stacks.stacks_of(images, chosen)

    # MJD 60280 is 2023-12-02; at 70 degrees west it is still the evening of the 1st
    assert [(one["img_name"], [row["img_name"] for row in one["images"]]) for one in found] == [
        ("g all", ["i3"]), ("r all", ["i0", "i1", "i2"]), ("r 20231201", ["i0"]),
        ("r 20231205", ["i1", "i2"])]
    assert found[2]["path"] == tmp_path / "photom_p" / "r" / "J1-A_r_20231201.fits"


def test_the_key_is_another_one_where_the_stack_would_be():
    images, chosen = rows(mjd=[60280.1, 60280.2]), settings()
    first = stacks.key_of(images, chosen)
    assert first == stacks.key_of(rows(mjd=[60280.1, 60280.2]), chosen)
    others = [stacks.key_of(images[:1], chosen),
              stacks.key_of(images, settings(combi_method="median")),
              stacks.key_of([images[0] | {"photom_zero_point_mag__p": 25.01}, images[1]], chosen),
              stacks.key_of([images[0] | {"made__3_align/2a_opt_align": "other"}, images[1]],
                            chosen)]
    assert len({first, *others}) == 5


def test_the_cards_tell_number_airmass_exposures_dates_and_zero_point():
    images = rows(mjd=[60280.1, 60280.2], exptime_s=[100.0, 300.0], airmass=[1.1, 1.5])

    cards = stacks.cards(images, settings())

    assert cards["NSTACK"] == 2
    assert (cards["TOTALEXP"], cards["EXPTIME"], cards["MINEXP"], cards["MAXEXP"]) == (
        400.0, 200.0, 100.0, 300.0)
    assert (cards["AIRMASS"], cards["AIRMIN"], cards["AIRMAX"]) == (
        pytest.approx(1.3), 1.1, 1.5)
    assert cards["DATE1"].startswith("2023-12-02T02:24")
    assert (cards["ABSZPT"], cards["ABSZPTSC"], cards["ABSZPRMS"]) == (25.0, 0.02, 0.004)
    assert (cards["MAGBAND"], cards["MAGSYS"]) == ("r_ps1", "AB")
    images[0]["photom_zero_point_mag__p"] = 1.0  # not that of the catalogue
    cards = stacks.cards(images, settings())
    assert not {"ABSZPT", "MAGBAND"} & cards.keys()
    assert cards["MAGZERO"] == 0.0


def write_one(path, image, weight=None):
    shape = image.shape
    planes = (image, np.ones(shape), np.full(shape, 3),
              np.full(shape, 0.25) if weight is None else weight)
    with stack_writer(path, shape, {"MAGZERO": 25.0}, None, (*PLANES, WEIGHT)) as write:
        write(slice(0, shape[0]), slice(0, shape[1]), planes)


def test_a_stack_is_read_without_the_sky_that_was_left(tmp_path):
    rng = np.random.default_rng(1)
    image = (rng.normal(0, 1, (200, 220)) + 7).astype(np.float32)
    image[90:96, 100:106] += 500
    image[0, 0] = np.nan
    path = tmp_path / "a_all.fits"
    write_one(path, image)
    add_cards(path, {"SEEPIX": 3.5})

    flat = stacks.read_flat(path, image > 100)

    assert np.nanmedian(flat.image) == pytest.approx(0.0, abs=0.02)
    assert flat.image[92, 102] - flat.image[10, 10] == pytest.approx(
        image[92, 102] - image[10, 10], abs=0.3)
    assert (flat.weight == 0.25).all()
    assert flat.bad.sum() == 1
    assert (flat.header["SEEPIX"], flat.header["MAGZERO"]) == (3.5, 25.0)


def test_stacks_are_listed_and_the_script_is_named_where_there_is_none(tmp_path):
    chosen = settings(work_dir=tmp_path)
    with pytest.raises(UserError, match=r"Run fac_photom/2_stack\.py first"):
        stacks.all_nights(chosen)
    for name in ("r/J_r_all", "r/J_r_20231201", "g/J_g_all", "g/J_g_20231201", "g/psf"):
        write_one(tmp_path / "photom_p" / f"{name}.fits", np.zeros((4, 4), np.float32))
    assert [name for name, _ in stacks.all_nights(chosen)] == ["g", "r"]
    assert len(stacks.stacks_there(chosen)) == 4  # the PSF is none
    assert {night: [name for name, _ in those]
            for night, those in stacks.of_nights(chosen).items()} == {"20231201": ["g", "r"]}
