"""Bad frames made of a good one: containers, pixels, headers, dates; what each must come to.

``python tests/badinputs.py FOLDER`` writes one file of each kind into a folder, to try by hand.
"""

import bz2
import functools
import gzip
import io
import sys
from pathlib import Path
from typing import NamedTuple

from cosmouline.skymaker import draw
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.model import change_frame

import numpy as np
from astropy.io import fits

OK, FLAG, SKIP, STOP, SAFE = "OK", "FLAG", "SKIP", "STOP", "SAFE"
N_GOOD = 6  # frames of the campaign, dithered, that the bad ones are made of
FIRST_MJD = 58709.25
LATIN1 = "Observatoire de Genève".encode("latin-1")


class Good(NamedTuple):
    """A good frame: its pixels, its cards, and its number among the frames."""

    data: np.ndarray
    cards: dict
    number: int


class Bad(NamedTuple):
    """One kind of bad frame.

    `expect` is the verdict, `says` are words of the message (in any case), `make` gives the bytes
    of the file from a `Good`; `same` tells that the image must have the pixels of the good one.
    """

    name: str
    expect: str
    says: tuple
    make: object
    ending: str = ".fits"
    same: bool = False


@functools.cache
def good_frames(n_frames=N_GOOD, **changes):
    """Draw frames of the tiny campaign, all of them changed alike, as `Good`."""
    campaign = tiny_campaign(n_frames, seed=1)
    for index in range(n_frames):
        campaign = change_frame(campaign, index, **changes)
    frames = [draw.draw_frame(campaign, index)[:2] for index in range(n_frames)]
    return [Good(data, dict(cards), number) for number, (data, cards) in enumerate(frames)]


def dated(good, number):
    """Give a good frame a moment of its own, and noise: else all were duplicates."""
    rng = np.random.default_rng(number)
    data = good.data + rng.integers(0, 2, good.data.shape, dtype=np.uint16)
    mjd = FIRST_MJD + 0.01 * number
    day = np.datetime64("1858-11-17") + np.timedelta64(round(mjd * 86400e3), "ms")
    return Good(data, good.cards | {"DATE-OBS": str(day), "MJD-OBS": mjd}, number)


def file_of(data, cards, hdus=(), **structure):
    """Return the bytes of a FITS file."""
    image = fits.PrimaryHDU(data)
    for key, value in cards.items():
        if value is not None:
            image.header[key] = value
    for key, value in structure.items():
        image.header[key] = value
    content = io.BytesIO()
    fits.HDUList([image, *hdus]).writeto(content, output_verify="ignore")
    return content.getvalue()


def with_card(raw, keyword, text):
    """Replace a card of the bytes of a file by a text of at most 80 characters."""
    at = raw.index(f"{keyword:<8}=".encode())
    card = text if isinstance(text, bytes) else text.encode()
    return raw[:at] + card.ljust(80) + raw[at + 80:]


def plain(good):
    """Return the good frame as it is."""
    return file_of(good.data, good.cards)


def changed(**cards):
    """Make a frame with other cards; None removes one; HIERARCH for _ is left to others."""
    names = {key.replace("_", "-"): value for key, value in cards.items()}
    return lambda good: file_of(good.data, good.cards | names)


def dates(text, **others):
    """Make a frame with another DATE-OBS and without the second opinion of MJD-OBS."""
    more = {key.replace("_", "-"): value for key, value in others.items()}
    return lambda good: file_of(good.data, good.cards | {"DATE-OBS": text, "MJD-OBS": None} | more)


def raw_card(keyword, text):
    """Make a frame with a card of these 80 characters."""
    return lambda good: with_card(plain(good), keyword, text)


def pixels(change):
    """Make a frame whose pixels (float32) go through a function."""
    return lambda good: file_of(change(good.data.astype(np.float32)), good.cards)


def block(value, rows, columns):
    """Make a frame with a block of one value."""
    def change(data):
        data[rows, columns] = value
        return data
    return pixels(change)


def scene(**changes):
    """Make a frame of another scene: trailed, undersampled, moonlit."""
    def make(good):
        other = dated(good_frames(1, **changes)[0], good.number)
        return file_of(other.data, good.cards)
    return make


def noise_alone(level, sigma):
    """Make a frame without stars."""
    def make(good):
        rng = np.random.default_rng(good.number)
        return file_of(np.rint(rng.normal(level, sigma, good.data.shape)).astype(np.uint16),
                       good.cards)
    return make


def in_extension(good, n_images=1):
    """Put the image, or two, behind an empty primary."""
    images = [fits.ImageHDU(good.data, name=f"CCD{k + 1}") for k in range(n_images)]
    return file_of(None, good.cards, images)


def compressed(good):
    """Pack the image by tiles, as fpack does."""
    image = fits.CompImageHDU(good.data, compression_type="RICE_1")
    image.header.update(good.cards)
    content = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(content)
    return content.getvalue()


def block_of_nan(data):
    """Return floats with a block that has no value."""
    data = data.astype(np.float32)
    data[5:20, 5:20] = np.nan
    return data


def integers(good, blank=False):
    """Store 16-bit integers, with a block that has no value where asked."""
    data = np.minimum(good.data, 32000).astype(np.int16)
    if blank:
        data[20:40, 20:40] = -32768
    return file_of(data, good.cards, **({"BLANK": -32768} if blank else {}))


def scaled(good):
    """Store 32-bit integers with BSCALE 0.5 and BZERO 100."""
    raw = file_of(((good.data - 100.0) / 0.5).astype(np.int32), good.cards)
    at = raw.index(b"END".ljust(80))
    cards = b"".join(f"{key:<8}= {value:>20}".ljust(80).encode()
                     for key, value in (("BSCALE", 0.5), ("BZERO", 100.0)))
    return raw[:at] + cards + raw[at:at + 80] + raw[at + 240:]


def rotten(good):
    """Flip one bit behind a check sum."""
    image = fits.PrimaryHDU(good.data, fits.Header(good.cards))
    content = io.BytesIO()
    fits.HDUList([image]).writeto(content, checksum=True)
    raw = bytearray(content.getvalue())
    raw[-2880 - 999] ^= 1
    return bytes(raw)


def twice(good):
    """Write GAIN twice."""
    image = fits.PrimaryHDU(good.data, fits.Header(good.cards))
    image.header.append(("GAIN", 3.0), end=True)
    content = io.BytesIO()
    fits.HDUList([image]).writeto(content)
    return content.getvalue()


def unpadded(good):
    """End the file with its last pixel."""
    raw = plain(good)
    size = len(raw) - (-good.data.nbytes % 2880)
    return raw[:size]


def eso(good):
    """Add cards of ESO and a long one."""
    image = fits.PrimaryHDU(good.data, fits.Header(good.cards))
    image.header["HIERARCH ESO TEL AIRM START"] = 1.2
    image.header["LONGTEXT"] = "words " * 40
    content = io.BytesIO()
    fits.HDUList([image]).writeto(content)
    return content.getvalue()


def wrapped(data):
    """Let the cores of the stars overflow 16 bits."""
    data = data + 26000
    top = np.sort(data.ravel())[-60]
    return np.where(data >= top, data - 65536 + 12000, data - 26000)


def few_stars(good):
    """Leave three stars on a sky."""
    rng = np.random.default_rng(good.number)
    y, x = np.indices(good.data.shape)
    data = rng.normal(300.0, 12.0, good.data.shape)
    for x0, y0 in ((40, 50), (120, 70), (90, 120)):
        data += 4000 * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * 2.2**2))
    return file_of(data.astype(np.float32), good.cards)


def trail(data):
    """Draw a satellite over the middle of the frame, where the lens is."""
    y, x = np.indices(data.shape)
    centre_y, centre_x = (n / 2 for n in data.shape)
    away = (y - centre_y - 0.4 * (x - centre_x)) / np.hypot(1, 0.4)
    return data + 900 * np.exp(-away**2 / (2 * 1.8**2)).astype(np.float32)


def cosmics(data):
    """Hit one pixel in a hundred."""
    rng = np.random.default_rng(4)
    data[rng.random(data.shape) < 0.01] += 3000
    return data


def gradient(data):
    """Add the Moon: as steep as 350 to 3500 ADU across 512 pixels."""
    return data + 3150 / 512 * np.arange(data.shape[1], dtype=np.float32)


def turned_bytes(good):
    """Store the floats in the wrong byte order."""
    raw = file_of(good.data.astype(np.float32), good.cards)
    start = len(raw) - (-(-good.data.size * 4 // 2880) * 2880)
    body = np.frombuffer(raw[start:start + good.data.size * 4], "<f4").astype(">f4").tobytes()
    return raw[:start] + body + raw[start + len(body):]


def floats(good):
    """Store 64-bit floats."""
    return file_of(good.data.astype(np.float64), good.cards)


def bomb(good):
    """Pack a gigabyte of zeros behind a header: 1 MB of gzip."""
    head = file_of(None, {"NAXIS": 0})[:2880]
    head = with_card(head, "NAXIS", f"NAXIS   = {2:>20}")
    end = head.index(b"END".ljust(80))
    axes = (f"NAXIS1  = {32768:>20}".ljust(80) + f"NAXIS2  = {32768:>20}".ljust(80)).encode()
    head = head[:end] + axes + head[end:end + 80] + head[end + 240:]
    zeros = gzip.compress(bytes(8 << 20), mtime=0)
    return gzip.compress(head, mtime=0) + 128 * zeros  # members of gzip follow each other


def huge_header(good):
    """Announce an image of 10^12 pixels in a small file."""
    raw = plain(good)
    return with_card(with_card(raw, "NAXIS1", f"NAXIS1  = {10**6:>20}"), "NAXIS2",
                     f"NAXIS2  = {10**6:>20}")


MIDDLE = slice(76, 84)
NOWHERE = {"CD1_1": 0.0, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 0.0}

CONTAINERS = (
    Bad("f00_good", OK, (), plain, same=True),
    Bad("f01_empty", SKIP, ("empty",), lambda good: b""),
    Bad("f02_half", SKIP, ("truncated",), lambda good: plain(good)[:20000]),
    Bad("f03_cut_in_header", SKIP, ("truncated",), lambda good: plain(good)[:1500]),
    Bad("f04_one_byte_short", SKIP, ("truncated",), lambda good: unpadded(good)[:-1]),
    Bad("f05_no_padding", OK, (), unpadded, same=True),
    Bad("f06_html", SKIP, ("not a fits",), lambda good: b"<html>404 not found</html>" * 99),
    Bad("f09_bitpix_illegal", SKIP, ("bitpix",), raw_card("BITPIX", f"BITPIX  = {17:>20}")),
    Bad("f10_bitpix_lies", SKIP, ("size",),
        lambda good: with_card(floats(good), "BITPIX", f"BITPIX  = {16:>20}")),
    Bad("f11_naxis_lies", SKIP, ("truncated",), raw_card("NAXIS2", f"NAXIS2  = {480:>20}")),
    Bad("f13_simple_false", SKIP, ("simple",), raw_card("SIMPLE", f"SIMPLE  = {'F':>20}")),
    Bad("f14_latin1_in_header", OK, (), raw_card("OBJECT", b"OBJECT  = '" + LATIN1 + b"'"),
        same=True),
    Bad("f15_decimal_comma", SKIP, ("exptime",), raw_card("EXPTIME", "EXPTIME = 300,5")),
    Bad("f16_unterminated_string", OK, (), raw_card("OBJECT", "OBJECT  = 'TINY"), same=True),
    Bad("f17_mef_first_empty", OK, (), in_extension, same=True),
    Bad("f18_two_images", SKIP, ("extension",), lambda good: in_extension(good, 2)),
    Bad("f20_naxis0", SKIP, ("no image",), lambda good: file_of(None, good.cards)),
    Bad("f22_cube_3planes", SKIP, ("3 planes",),
        lambda good: file_of(np.stack([good.data] * 3), good.cards)),
    Bad("f23_1d", SKIP, ("2-d",), lambda good: file_of(good.data[0], good.cards)),
    Bad("f24_gz", OK, (), lambda good: gzip.compress(plain(good), mtime=0), ".fits.gz", same=True),
    Bad("f25_gz_cut", SKIP, ("truncated",), lambda good: gzip.compress(plain(good))[:9000],
        ".fits.gz"),
    Bad("f26_gz_wrong_name", OK, (), lambda good: gzip.compress(plain(good), mtime=0), same=True),
    Bad("f27_bz2", OK, (), lambda good: bz2.compress(plain(good)), ".fits.bz2", same=True),
    Bad("f28_fz", OK, (), compressed, ".fits.fz", same=True),
    Bad("f28_fz_damaged", SKIP, ("compress",),
        lambda good: compressed(good)[:9000] + b"\xff" * 4000 + compressed(good)[13000:],
        ".fits.fz"),
    Bad("f29_int16", OK, (), integers, same=True),
    Bad("f30_bscale_odd", OK, (), scaled, same=True),
    Bad("f31_blank_int", FLAG, ("nan",), lambda good: integers(good, blank=True)),
    Bad("f32_float64", OK, (), floats, same=True),
    Bad("f33_checksum_bad", FLAG, ("checksum",), rotten),
    Bad("f34_gain_twice", FLAG, ("gain", "twice"), twice),
    Bad("f35_continue_hierarch", OK, (), eso, same=True),
    Bad("f36_byte_order", SKIP, ("byte order",), turned_bytes),
    Bad("f37_huge_naxis", SKIP, ("truncated",), huge_header),
)

PIXELS = (
    Bad("p01_all_nan", SKIP, ("nan",), pixels(lambda data: data * np.nan)),
    Bad("p02_nan_on_lens", FLAG, ("lens",), block(np.nan, MIDDLE, slice(85, 95))),
    Bad("p04_infinite", FLAG, ("nan",), block(np.inf, slice(9, 30), slice(9, 30))),
    Bad("p05_all_zero", SKIP, ("constant",), pixels(lambda data: data * 0)),
    Bad("p06_saturated", SKIP, ("saturated",), pixels(lambda data: data + 61000)),
    Bad("p07_bias_frame", SKIP, ("no star",), noise_alone(300, 3)),
    Bad("p08_flat_frame", SKIP, ("no star",), noise_alone(30000, 120)),
    Bad("p10_half_saturated_stars", FLAG, ("saturat",),
        pixels(lambda data: np.minimum(data, np.sort(data.ravel())[-400]))),
    Bad("p11_wrapped_int16", FLAG, ("negative",), pixels(wrapped)),
    Bad("p12_negative_sky", OK, (), pixels(lambda data: data - np.median(data))),
    Bad("p13_wrong_size_small", SKIP, ("size",), pixels(lambda data: data[::2, ::2])),
    Bad("p22_no_stars", FLAG, ("no star",), noise_alone(300, 12)),
    Bad("p23_three_stars", FLAG, ("star",), few_stars),
    Bad("p24_trailed", FLAG, ("ellipt",), scene(trail_px=(9.0, 2.0))),
    Bad("p26_undersampled", OK, (), scene(fwhm_arcsec=0.28)),
    Bad("p27_cosmics_1pct", OK, (), pixels(cosmics)),
    Bad("p28_satellite", FLAG, ("lens",), pixels(trail)),
    Bad("p29_dead_columns", OK, (), block(0.0, slice(None), slice(40, 42))),
    Bad("p30_half_frame", FLAG, ("constant",), block(0.0, slice(0, 80), slice(None))),
    Bad("p31_moon_gradient", OK, (), pixels(gradient)),
)

HEADERS = (
    Bad("h_missing_dateobs", SKIP, ("date-obs",), dates(None)),
    Bad("h_missing_exptime", SKIP, ("exptime",), changed(EXPTIME=None)),
    Bad("h_missing_filter", FLAG, ("filter",), changed(FILTER=None)),
    Bad("h_date_00", FLAG, ("evening",), dates("14/08/99", UT="01:02:03")),
    Bad("h_date_01", SKIP, ("date",), dates("14-08-2019T06:12:31")),
    Bad("h_date_05", OK, (), dates("2019-08-19T06:12:60.5")),
    Bad("h_date_07", SKIP, ("date",), dates("2019-02-30T06:12:31")),
    Bad("h_date_08", SKIP, ("date",), dates("0000-00-00T00:00:00")),
    Bad("h_date_09", FLAG, ("date",), dates("1970-01-01T00:00:00")),
    Bad("h_date_10", FLAG, ("date",), dates("2109-08-14T06:12:31")),
    Bad("h_date_13", OK, (), dates("58711.2587")),
    Bad("h_date_conflict", FLAG, ("mjd-obs",), lambda good: file_of(
        good.data, good.cards | {"MJD-OBS": good.cards["MJD-OBS"] + 1 / 24})),
    Bad("h_timesys_tai", OK, (), changed(TIMESYS="TAI")),
    Bad("h_gain_str", FLAG, ("gain",), changed(GAIN="2.7 e-/ADU")),
    Bad("h_gain_word", SKIP, ("gain",), changed(GAIN="high")),
    Bad("h_exptime0", SKIP, ("exptime",), changed(EXPTIME=0.0)),
    Bad("h_exptime_neg", SKIP, ("exptime",), changed(EXPTIME=-1.0)),
    Bad("h_exptime_ms", FLAG, ("exptime",), changed(EXPTIME=300000.0)),
    Bad("h_exptime_str", OK, (), changed(EXPTIME="300.0")),
    Bad("h_airmass_05", FLAG, ("airmass",), changed(AIRMASS=0.5)),
    Bad("h_filter_mismatch", FLAG, ("filter",), changed(FILTER="I")),
    Bad("h_already_electrons", FLAG, ("bunit",), changed(BUNIT="electron")),
    Bad("h_combined", FLAG, ("ncombine",), changed(NCOMBINE=5)),
    Bad("h_wcs_zero", FLAG, ("wcs",), lambda good: file_of(
        good.data, good.cards | NOWHERE)),
    Bad("h_wcs_sip_nosuffix", OK, (), lambda good: file_of(good.data, good.cards | {
        "A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-7, "B_0_2": 1e-7})),
)

MORE = (  # what reviews have found
    Bad("y01_sip_order", FLAG, ("wcs",), lambda good: file_of(
        good.data, good.cards | {"A_ORDER": 9999, "B_ORDER": 9999})),  # cost astropy minutes
    Bad("y02_one_huge_pixel", FLAG, ("beyond",), block(3e38, slice(50, 51), slice(50, 51))),
    Bad("y03_naxis_beyond_any_disk", SKIP, ("truncated",),
        raw_card("NAXIS1", f"NAXIS1  = {10**18:>20}")),
    Bad("y04_rice_with_nan", FLAG, ("nan",), lambda good: compressed(
        good._replace(data=block_of_nan(good.data))), ".fits.fz"),
    Bad("y05_tiles_of_a_huge_image", SKIP, ("size",), lambda good: with_card(with_card(
        compressed(good), "ZNAXIS1", f"ZNAXIS1 = {10**6:>20}"), "ZNAXIS2",
        f"ZNAXIS2 = {10**6:>20}"), ".fits.fz"),
    Bad("y06_day_alone", FLAG, ("time of day",), dates("2019-08-14")),
    Bad("y07_another_camera", FLAG, ("telescope",), changed(INSTRUME="OTHER")),
    Bad("y08_another_gain", FLAG, ("gain = 9",), changed(GAIN=9.0)),
    Bad("y09_copied_as_text", FLAG, ("too many",), lambda good: plain(good) + b"\r\n"),
    Bad("y10_exposure_neg", SKIP, ("exposure",), changed(EXPTIME=None, EXPOSURE=-5.0)),
    Bad("y11_date_in_a_comment", SKIP, ("date",), lambda good: with_card(
        dates(None, OBJECT="x")(good), "OBJECT", "COMMENT MJD-OBS =    58709.1")),
    Bad("y12_jd_as_mjd", SKIP, ("mjd-obs",), changed(DATE_OBS=None, MJD_OBS=2458709.75)),
    Bad("y13_two_dates", FLAG, ("date-obs", "twice"), lambda good: with_card(
        plain(good), "OBJECT", "DATE-OBS= '2011-01-01T00:00:00'")),
    Bad("y14_nul_in_header", OK, (), raw_card("OBJECT", b"OBJECT  = 'TI\x00NY'"), same=True),
    Bad("y15_turned_camera", SKIP, ("size",), lambda good: file_of(good.data.T, good.cards)),
    Bad("y16_zone", OK, (), dates("2019-08-14T06:12:31+02:00"), same=True),
)

HOSTILE = (
    Bad("x04_header_attr", SAFE, (), changed(FILTER="R", OBJECT='" onload="alert(1)')),
    Bad("x05_header_shell", SAFE, (), changed(OBJECT="$(touch PWNED)")),
    Bad("x06_header_format", SAFE, (), changed(OBJECT="{0.__class__} %s %n")),
    Bad("x07_header_mathtext", OK, (), changed(OBJECT=r"$\frac{$ _^")),
    Bad("x08_header_path", SAFE, (), changed(OBJECT="../../../PWNED")),
    Bad("x10_gzip_bomb", SAFE, ("size",), bomb, ".fits.gz"),
)

STOPS = (  # a set with such a frame stops: the settings must say what the header does not
    Bad("h_gain0", STOP, ("gain",), changed(GAIN=0.0)),
    Bad("h_gain_neg", STOP, ("gain",), changed(GAIN=-1.5)),
)

FRAMES = (*CONTAINERS, *PIXELS, *HEADERS, *MORE, *HOSTILE)


def write_frames(folder, kinds=FRAMES, n_good=N_GOOD):
    """Write good frames and one file of each kind; return the frame behind each, by name."""
    folder, goods, made = Path(folder), good_frames(), {}
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n_good):
        good = dated(goods[number % N_GOOD], number)
        made[f"good{number}"] = good
        (folder / f"good{number}.fits").write_bytes(plain(good))
    for number, bad in enumerate(kinds, n_good):
        good = dated(goods[number % N_GOOD], number)
        made[bad.name] = good
        (folder / f"{bad.name}{bad.ending}").write_bytes(bad.make(good))
    return made


if __name__ == "__main__":
    sys.stdout.write(f"{len(write_frames(sys.argv[1]))} frames\n")
