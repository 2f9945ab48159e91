"""The gate: a good frame passes in silence, each kind of bad one is named."""

from cosmouline.errors import ImageRejected
from cosmouline.files.io_fits import Frame, list_frames, read_frame
from cosmouline.frames.check_frame import check_frame, credible, noise_factor, trim_frame
from cosmouline.frames.telescope_yaml import Trim

import numpy as np
import pytest
from astropy.io import fits

SHAPE = (120, 160)


def sky(seed=1, level=500.0):
    return np.random.default_rng(seed).normal(level, 20.0, SHAPE).astype(np.float32)


def frame(data=None, warnings=(), **cards):
    data = sky() if data is None else np.asarray(data, dtype=np.float32)
    return Frame(data, fits.Header(cards), 0, warnings)


def test_a_good_frame_has_no_flag():
    assert check_frame(frame(), expected_shape=SHAPE, saturation_adu=60000.0) == []


def test_a_sky_subtracted_frame_is_good():
    assert check_frame(frame(sky(level=0.0))) == []


def test_warnings_of_the_file_are_flags():
    assert check_frame(frame(warnings=("checksum: wrong",))) == ["checksum: wrong"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros(SHAPE), "constant: all pixels are 0"),
        (np.full(SHAPE, 32.0), "constant: all pixels are 32"),
        (np.zeros((3, 120, 160)), "3 axes: not a 2-d image"),
        (np.zeros(500), "1 axes: not a 2-d image"),
        (sky()[:20], "size of 20 x 160 pixels: too small"),
        (sky() * 1e-41, "is the byte order wrong"),
        (sky() * 1e25, "is the byte order wrong"),
        (np.full(SHAPE, np.nan), "100 % of the pixels are NaN"),
    ],
)
def test_unusable_frames_are_refused(data, message):
    with pytest.raises(ImageRejected, match=message):
        check_frame(frame(data))


def test_another_size_than_the_set():
    with pytest.raises(ImageRejected, match=r"size of 60 x 80 pixels, not 120 x 160 .*binned"):
        check_frame(frame(sky()[::2, ::2]), expected_shape=SHAPE)


def test_wrong_byte_order_of_real_values():
    swapped = sky().byteswap()

    with pytest.raises(ImageRejected, match="byte order"), np.errstate(all="ignore"):
        check_frame(frame(swapped))


@pytest.mark.parametrize(("n_rows", "flagged"), [(59, True), (60, True), (61, False)])
def test_at_most_half_of_the_pixels_may_be_nan(n_rows, flagged):
    data = sky()
    data[n_rows:] = np.nan

    if n_rows < 60:
        with pytest.raises(ImageRejected, match="51 % of the pixels are NaN"):
            check_frame(frame(data))
    else:
        assert "% of the pixels are NaN" in check_frame(frame(data))[0]


def test_a_block_of_nan_is_flagged():
    data = sky()
    data[10:22, 20:36] = np.nan  # 192 of 19200 pixels

    assert check_frame(frame(data)) == ["1 % of the pixels are NaN"]


def test_a_broken_read_out_is_flagged():
    data = sky()
    data[:72] = 0.0

    assert check_frame(frame(data)) == ["constant values in 60 % of the rows"]
    assert check_frame(frame(data.T)) == ["constant values in 60 % of the columns"]


def test_two_dead_columns_are_normal():
    data = sky()
    data[:, 50:52] = 0.0

    assert check_frame(frame(data)) == []


def test_whole_numbers_with_little_noise_are_not_constant():
    """A sky of 0.5 ADU noise has 2/3 of its pixels at one value."""
    data = np.rint(np.random.default_rng(3).normal(100.0, 0.5, SHAPE))

    assert check_frame(frame(data)) == []


def test_stars_beyond_sixteen_bits_are_flagged():
    data = sky()
    data[50:53, 70:73] += 40000.0
    data[data > 32767.0] -= 65536.0

    assert check_frame(frame(data))[0].startswith("9 very negative pixels (down to -25")


def test_dead_pixels_of_a_corrected_frame_are_not_taken_for_them():
    data = sky()
    data[5, 5:20] = -30.0  # 26 sigma below the sky

    assert check_frame(frame(data)) == []


@pytest.mark.parametrize("level", [-32268.0, -400.0])
def test_unsigned_numbers_without_their_zero_are_named(level):
    data = sky(level=level)
    data[50:60, 50:60] += 0.5 * abs(level)  # a star

    with pytest.raises(ImageRejected, match=r"the sky is -[\d.]+, .* without their BZERO\?"):
        check_frame(frame(data), saturation_adu=60000.0)
    assert check_frame(frame(sky(level=-10.0)), saturation_adu=60000.0) == []


def test_a_level_of_saturation_below_the_sky_names_the_unit():
    with pytest.raises(ImageRejected, match=r"saturated: .* is BUNIT = electron/s wrong"):
        check_frame(frame(BUNIT="electron/s"), saturation_adu=400.0)


def test_saturation():
    data = sky()
    data[:, :4] = 4095.0  # 2.5 % of the columns

    assert "2 % of the pixels are saturated" in check_frame(frame(data), saturation_adu=4095.0)
    with pytest.raises(ImageRejected, match=r"saturated: the median of .* is not below 400"):
        check_frame(frame(data), saturation_adu=400.0)


@pytest.mark.parametrize(
    ("cards", "flag"),
    [
        ({"NCOMBINE": 5}, "NCOMBINE = 5: a stack"),
        ({"AIRMASS": 0.5}, "AIRMASS = 0.5 is impossible"),
        ({"IMAGETYP": "Flat Field"}, "a flat by its header: is it a frame of the lens?"),
        (
            {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CD1_1": 0.0, "CD2_2": 0.0},
            "the WCS of the header cannot be used",
        ),
    ],
)
def test_odd_headers_are_flagged(cards, flag):
    flags = check_frame(frame(**cards))

    assert len(flags) == 1
    assert flags[0].startswith(flag)


@pytest.mark.parametrize(
    "cards",
    [
        {"BUNIT": "electron", "GAIN": 1.0},  # what LCO delivers
        {"BUNIT": "adu", "GAIN": 2.7},
        {"NCOMBINE": 1},
        {"NCOMBINE": "N/A"},
        {"AIRMASS": 1.0},
        {"IMAGETYP": "Light Frame"},
        {"CDELT1": 1.0, "CRVAL1": 0.0},  # what cameras write that know no coordinates
        {"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"},
    ],
)
def test_common_headers_are_not(cards):
    assert check_frame(frame(**cards)) == []


def test_a_card_that_cannot_be_read_is_a_flag():
    assert check_frame(frame(NCOMBINE="many")) == ["NCOMBINE = 'many' is not a number"]


def test_a_card_that_is_there_twice():
    odd = frame(GAIN=2.0, OBJECT="a")
    odd.header.append(("GAIN", 3.0), end=True)
    odd.header.append(("OBJECT", "b"), end=True)

    assert check_frame(odd) == ["twice in the header, the first is used: GAIN"]


def test_real_frames_pass(shared_data):
    for folder, saturation_adu in (("hatp32", 4095), ("skymaker_demo/frames_fz", 62900)):
        path = list_frames(shared_data(folder))[0]

        assert check_frame(read_frame(path), saturation_adu=saturation_adu) == []


def mosaic(contrast, seed=3):
    """Give a sky of which one in four pixels is brighter by a fraction."""
    data = sky(seed)
    data[::2, ::2] += 500.0 * contrast
    return data


def test_the_pixels_of_a_colour_sensor_are_refused_and_others_flagged():
    with pytest.raises(ImageRejected, match="a mosaic of colours"):
        check_frame(frame(mosaic(0.45), BAYERPAT="RGGB"))
    with pytest.raises(ImageRejected, match="FILTER = RGGB"):  # as a PANOPTES unit has it
        check_frame(frame(mosaic(0.45), FILTER="RGGB"))
    assert check_frame(frame(FILTER="G")) == []
    assert check_frame(frame(BAYERPAT="RGGB")) == [
        "BAYERPAT = RGGB: a colour sensor, but the pixels do not differ"]
    assert check_frame(frame(mosaic(0.45)))[0].startswith("odd and even pixels differ by 4")
    assert check_frame(frame(mosaic(0.03))) == []  # two amplifiers


def test_pixels_scaled_to_one_are_refused_where_the_header_speaks_of_counts():
    with pytest.raises(ImageRejected, match="Multiply by 65535"):
        check_frame(frame(sky() / 65535), saturation_adu=60000.0)
    assert check_frame(frame(sky() / 65535), saturation_adu=1.0) == []


def stars(peak, fwhm_px=4.0, clip=None, flat=0.0):
    """Give four stars whose peaks are fractions of one value, clipped, divided by a flat."""
    data = sky(seed=5).astype(float)
    y, x = np.mgrid[:120, :160]
    for part, (y0, x0) in zip((1, 0.9, 0.5, 0.2), ((30, 30), (30, 110), (80, 40), (90, 120)),
                              strict=True):
        data += part * peak * 0.5 ** (4 * ((x - x0) ** 2 + (y - y0) ** 2) / fwhm_px**2)
    data = data if clip is None else np.minimum(data, clip)
    return data / (1 + flat * np.random.default_rng(6).standard_normal(SHAPE))


@pytest.mark.parametrize("flat", [0.0, 0.005, 0.015])
@pytest.mark.parametrize("fwhm_px", [3.0, 5.0, 8.0])
def test_tops_that_are_flat_below_the_saturation_level_are_flagged(fwhm_px, flat):
    clipped = check_frame(frame(stars(2e5, fwhm_px, 45000, flat)), saturation_adu=65535.0)

    assert len(clipped) == 1
    assert clipped[0].startswith("saturated below the level of 65535 ADU?")
    for peak in (2e3, 2e4, 5e4):  # of an image that is not clipped
        assert check_frame(frame(stars(peak, fwhm_px, None, flat)), saturation_adu=65535.0) == []


@pytest.mark.parametrize(("cards", "flag"), [
    ({"STACKCNT": 20}, "STACKCNT = 20: a stack; if it is a mean, its gain is 20 times"),
    ({"NCOADDS": 4}, "NCOADDS = 4: a stack"),
    ({"NDIT": 10}, "one exposure; is its exposure time that of all?"),
    ({"HIERARCH ESO DET NDIT": 5}, "ESO DET NDIT = 5: a stack"),
    ({"NCOMBINE": 1, "COADDS": 1}, None),
    ({"BUNIT": "adu"}, None)])
def test_stacks_and_units_that_are_no_counts_are_flagged(cards, flag):
    flags = check_frame(frame(**cards))

    assert flags == [] if flag is None else flag in flags[0]


def test_padding_and_dead_columns_have_no_value():
    data = sky()
    padded = np.pad(data, ((0, 20), (10, 0)))
    padded[:, 50] = 3.0

    found = credible(padded.copy())

    bad = np.zeros(found.shape, bool)
    bad[-20:], bad[:, :10], bad[:, 50] = True, True, True
    assert (np.isnan(found) == bad).all()
    assert (found[~bad] == padded[~bad]).all()
    data[:, 60] = 65535.0  # full, not without a value
    assert (credible(data.copy()) == data).all()


def test_trimming():
    data = np.arange(100 * 80).reshape(100, 80)

    cut = trim_frame(data, Trim(bottom=10, top=20, left=5, right=1))

    np.testing.assert_array_equal(cut, data[10:80, 5:79])
    np.testing.assert_array_equal(trim_frame(data, Trim()), data)


@pytest.mark.parametrize("trim", [Trim(top=1000), Trim(bottom=50, top=50), Trim(left=60)])
def test_a_frame_smaller_than_its_trim_is_refused(trim):
    """COSMOULINE made an empty image of a WFI window without a word."""
    with pytest.raises(ImageRejected, match=r"size: trimming 100 x 80 pixels leaves"):
        trim_frame(np.zeros((100, 80)), trim)


@pytest.mark.parametrize(("card", "factor"), [(1.2, 1.2), ("1.2", 1.2), (0.5, None), (40, None),
                                              (None, None)])
def test_the_noise_factor_of_a_stack(card, factor):
    assert noise_factor({"NOISEFAC": card} if card else {}) == factor


@pytest.mark.parametrize(("side", "where"), [
    ("left", np.s_[:, :6]), ("right", np.s_[:, -6:]), ("bottom", np.s_[:6]), ("top", np.s_[-6:])])
def test_an_overscan_that_was_left_is_named(side, where):
    data = sky()
    data[where] -= 300.0

    flags = check_frame(frame(data))

    assert len(flags) == 1
    assert flags[0].startswith("6 ")
    assert f"at the {side} are 30" in flags[0].replace(" 29", " 30")
    assert f"'trim': {{'{side}': 6}}" in flags[0]


def test_dead_columns_and_vignetting_are_no_overscan():
    data = sky()
    data[:, :3] -= 300.0
    data *= np.minimum(1, 0.6 + np.arange(SHAPE[1]) / 100)[::-1]
    data[::10, ::10] += 3000.0  # stars

    assert check_frame(frame(data)) == []


def test_corners_of_a_turned_frame_have_no_value():
    data = sky()
    row, col = np.indices(SHAPE)
    outside = row + col < 40
    data[outside] = 0.0

    np.testing.assert_array_equal(np.isnan(credible(data)), outside)
    assert not np.isnan(credible(sky(level=5.0))).any()
    few = sky()
    few[60, 60:64] = 0.0
    assert not np.isnan(credible(few)).any()


@pytest.mark.parametrize(("kind", "number", "is_told"), [
    # 2 % of 120 rows are 2.4, of 160 columns 3.2; 1 % of 19200 pixels are 192
    ("rows", 2, False), ("rows", 3, True), ("columns", 3, False), ("columns", 4, True),
    ("saturated", 192, False), ("saturated", 193, True), ("highest", 29, False),
    ("highest", 30, True), ("far below", 3, False), ("far below", 4, True)])
def test_how_many_pixels_are_suspicious(kind, number, is_told):
    data = sky()
    words = kind
    if kind == "rows":
        data[:number] = 500.0
    elif kind == "columns":
        data[:, :number] = 500.0
    elif kind == "far below":
        data.flat[: 7 * number : 7] = -1000.0
        words = f"{number} very negative pixels"
    else:
        data.flat[1 : 7 * 20 : 7] = 46000.0  # the flanks of stars
        data.flat[: 7 * number : 7] = 60000.0 if kind == "saturated" else 53999.0
        words = "1 % of the pixels are saturated" if kind == "saturated" else (
            f"saturated below the level of 60000 ADU? {number} pixels have the highest value")

    flags = check_frame(frame(data), saturation_adu=60000.0)

    assert [words in flag for flag in flags] == [True] * is_told


@pytest.mark.parametrize(("value", "noise", "is_told"), [
    # 50 sigmas of 20 below a sky of 500; noise below 1 counts as 1, and above zero nothing does
    (-450.0, 20.0, False), (-550.0, 20.0, True), (-1.0, 0.3, True), (1.0, 0.3, False)])
def test_how_far_below_the_sky_pixels_are_beyond_sixteen_bits(value, noise, is_told):
    level = 500.0 if noise > 1 else 50.5
    data = np.random.default_rng(1).normal(level, noise, SHAPE)
    data[5, 5:10] = value

    assert bool(check_frame(frame(data))) == is_told


@pytest.mark.parametrize(("highest", "is_told"), [(53900.0, True), (54100.0, False)])
def test_tops_near_the_saturation_level_are_right(highest, is_told):
    data = sky()
    data.flat[: 7 * 40 : 7] = highest

    assert bool(check_frame(frame(data), saturation_adu=60000.0)) == is_told


@pytest.mark.parametrize(("cards", "contrast", "what"), [
    # one of four pixels is higher by a fraction of the sky
    ({"BAYERPAT": "RGGB"}, 0.025, "refused"), ({"BAYERPAT": "RGGB"}, 0.015, "do not differ"),
    ({}, 0.11, "odd and even pixels differ by 11 %"), ({}, 0.09, ""),
    ({"FILTER": "GBRG"}, 0.025, "refused"), ({"FILTER": "RG"}, 0.025, "")])
def test_how_much_the_pixels_of_a_colour_sensor_differ(cards, contrast, what):
    data = frame(mosaic(contrast), **cards)

    if what == "refused":
        with pytest.raises(ImageRejected, match="a mosaic of colours"):
            check_frame(data)
    else:
        flags = check_frame(data)
        assert [what in flag for flag in flags] == [True] * bool(what)


@pytest.mark.parametrize(("n_odd", "value", "is_refused"), [
    # 5 % of 19200 pixels are 960; zeros are credible
    (970, 1e16, True), (950, 1e16, False), (970, 1e-16, True), (950, 1e-16, False),
    (970, -1e16, True), (970, 0.0, False), (970, 1e14, False)])
def test_how_many_values_no_detector_gives(n_odd, value, is_refused):
    data = sky()
    data.flat[: 2 * n_odd : 2] = value

    if is_refused:
        with pytest.raises(ImageRejected, match="no counts; is the byte order wrong"):
            check_frame(frame(data))
    else:
        n_beyond = n_odd * (value > 1e15)
        found = [flag for flag in check_frame(frame(data)) if "beyond 1e+15" in flag]
        assert [flag.split(" (")[0] for flag in found] == [
            f"{n_beyond} pixels beyond 1e+15: taken as NaN"] * bool(n_beyond)


@pytest.mark.parametrize(("highest", "saturation_adu", "cards", "is_refused"), [
    (1.9, 60000.0, {}, True), (2.1, 60000.0, {}, False), (1.9, 99.0, {}, False),
    (1.9, 101.0, {}, True), (1.9, 60000.0, {"BUNIT": "adu/s"}, False),
    (1.9, 60000.0, {"BUNIT": "Jy"}, False), (1.9, 60000.0, {"BUNIT": "adu"}, True)])
def test_which_frames_are_scaled_to_one(highest, saturation_adu, cards, is_refused):
    data = np.random.default_rng(1).normal(0.2, 0.01, SHAPE)
    data[50, 50] = highest

    if is_refused:
        with pytest.raises(ImageRejected, match=f"the highest value is {highest}"):
            check_frame(frame(data, **cards), saturation_adu=saturation_adu)
    else:
        check_frame(frame(data, **cards), saturation_adu=saturation_adu)


@pytest.mark.parametrize(("airmass", "is_told"), [(0.98, True), (0.99, False), (40.0, False),
                                                  (41.0, True)])
def test_which_airmasses_are_impossible(airmass, is_told):
    assert bool(check_frame(frame(AIRMASS=airmass))) == is_told


def test_thirty_two_pixels_a_side_are_enough():
    assert check_frame(frame(sky()[:32])) == []
    assert trim_frame(np.zeros((40, 40)), Trim(bottom=4, top=4, left=8)).shape == (32, 32)
    with pytest.raises(ImageRejected, match="leaves 31 x 40"):
        trim_frame(np.zeros((40, 40)), Trim(bottom=4, top=5))
    with pytest.raises(ImageRejected, match="too small"):
        check_frame(frame(sky()[:, :31]))
    with pytest.raises(ImageRejected, match="the median of 500 ADU is not below 500 ADU"):
        check_frame(frame(np.where(sky() > 480, 500.0, sky())), saturation_adu=500.0)
