"""Cards of one header that give the same quantity: unit, choice and flag, worked out by hand."""

from cosmouline.errors import ImageRejected
from cosmouline.frames.cross_checks import Claim, choose, claims_of, square_flag
from cosmouline.frames.telescope import _other_telescope, load_telescope, read_exposure

import pytest
from astropy.io import fits

SOUND = {"DATE-OBS": "2020-01-05T03:00:00", "EXPTIME": 300.0, "GAIN": 1.5, "RDNOISE": 5.0,
         "SATURATE": 60000.0, "PIXSCALE": 0.5, "FILTER": "R"}
MID = 58853.125 + 150 / 86400  # 3 h UT on 2020 January 5, and half of the exposure


def exposure(**cards):
    """Read a sound header with some cards set (None: taken away); "__" stands for "-"."""
    header = fits.Header(SOUND)
    for name, value in cards.items():
        key = name.replace("__", "-")
        if value is None:
            del header[key]
        else:
            header[key] = value
    return read_exposure(header, load_telescope("generic"))


def test_a_sound_header_has_no_flag():
    found = exposure()

    assert found.mjd == pytest.approx(MID, abs=1e-8)
    assert found.flags == ()


@pytest.mark.parametrize("cards", [
    {"DATE__OBS": "2020-01-04T23:00:00", "DATE__UTC": "2020-01-05T03:00:00"},  # local time
    {"DATE__OBS": "2020-01-05T03:05:00", "DATE__BEG": "2020-01-05T03:00:00"},  # the end
    {"DATE__OBS": "2020-01-05T03:05:00", "DATE__AVG": "2020-01-05T03:02:30"},
    {"DATE__OBS": "2020-01-05T00:00:00", "TIME-OBS": "03:00:00"},  # a date without a time
    {"DATE__OBS": "2020-01-05T00:00:00", "MJD-OBS": 58853.125},
    {"DATE__OBS": "2020-01-05", "MJD__MID": 58853.1267361},
    {"DATE__OBS": "2020-01-04T23:00:00", "UT": "03:00:00"},  # local time, on the day before
    {"DATE__OBS": "2020-01-05T07:30:00", "UTSTART": 3.0},
    {"DATE__OBS": "2020-01-04", "TIME-OBS": "03:00:00", "JD": 2458853.625},  # of the evening
    {"DATE__OBS": "2020-01-04T03:00:00", "MJD-OBS": 58853.125}])
def test_the_card_that_says_which_moment_it_is_of_is_used_and_both_are_named(cards):
    found = exposure(**cards)

    assert found.mjd == pytest.approx(MID, abs=1e-5)
    other = list(cards)[-1].replace("__", "-")
    other = {"TIME-OBS": "DATE-OBS with its time card"}.get(other, other)
    assert any("DATE-OBS and " in flag and f"{other} is used" in flag for flag in found.flags)


def test_a_binned_pixel_that_nothing_confirms_is_flagged():
    """206.265 x 9 / 3712.8 = .5 arcsec."""
    optics = {"XPIXSZ": 9.0, "FOCALLEN": 3712.8, "XBINNING": 2}

    assert exposure(PIXSCALE=None, **optics).pixel_scale_arcsec == pytest.approx(0.5, rel=1e-4)
    assert exposure(PIXSCALE=None, **optics).flags == (
        "XPIXSZ = 9 with XBINNING = 2: taken as the size of a binned pixel",)
    assert exposure(**optics).flags == ()


@pytest.mark.parametrize(("cards", "hint"), [
    ({"UTSTART": "03:00:00"}, "is DATE-OBS the end of the exposure? UTSTART is used"),
    ({"UTSTOP": "03:40:00"}, "is DATE-OBS the end of the exposure? UTSTOP is used"),
    ({"UTSTART": "03:00:00", "UTSTOP": "03:40:00"}, "UTSTART is used"),
    ({"UT-END": 3 + 40 / 60}, "UT-END is used")])
def test_cards_of_start_and_end_show_that_a_date_is_of_the_end(cards, hint):
    """An exposure of 40 min from 3 h on, and one of 15 min, as long as time zones can differ."""
    found = exposure(EXPTIME=2400.0, DATE__OBS="2020-01-05T03:40:00", **cards)

    assert found.mjd == pytest.approx(58853.125 + 1200 / 86400, abs=1e-6)
    assert [flag.endswith(hint) for flag in found.flags] == [True]
    short = exposure(EXPTIME=900.0, DATE__OBS="2020-01-05T03:15:00", UTSTART="03:00:00")
    assert short.mjd == pytest.approx(58853.125 + 450 / 86400, abs=1e-6)


@pytest.mark.parametrize("cards", [
    {"UTSTART": "03:40:00", "UTEND": "04:20:00"}, {"UTEND": "04:20:40"},  # with the readout
    {"UTSTART": "03:39:30"}, {"UT": "04:00:00"}])
def test_cards_of_start_and_end_that_agree_are_not_told(cards):
    found = exposure(EXPTIME=2400.0, DATE__OBS="2020-01-05T03:40:00", **cards)

    assert found.flags == ()
    assert found.mjd == pytest.approx(58853.125 + 3600 / 86400, abs=1e-6)


@pytest.mark.parametrize(("hours", "is_zone"), [(14.3, True), (-14.3, True), (15.7, False)])
def test_dates_further_apart_than_time_zones_are_not_taken_for_local_time(hours, is_zone):
    found = exposure(**{"MJD-OBS": round(58853.125 + hours / 24, 6)})

    assert [("local time" in flag) for flag in found.flags] == [is_zone]


def test_a_clock_that_is_off_by_no_zone_is_flagged_only():
    assert exposure(UT="03:02:30").flags == ()  # of the middle
    found = exposure(UT="03:25:00")

    assert found.mjd == pytest.approx(MID, abs=1e-8)
    assert found.flags == ("DATE-OBS and UT differ by 25.0 min: is one of them local time? "
                           "DATE-OBS is used",)


def test_a_start_that_is_the_end_is_named():
    assert exposure(DATE__END="2020-01-05T03:00:00").flags == (
        "DATE-OBS and DATE-END are the same: is DATE-OBS the end of the exposure?",)


@pytest.mark.parametrize(("cards", "minutes"), [
    ({"DATE__END": "2020-01-05T03:45:00"}, 40.0), ({"JD": 2458853.75}, 180.0),
    ({"MJD__AVG": 58853.225}, 141.5), ({"MJD-OBS": 58853.225}, 144.0)])
def test_other_dates_that_differ_are_flagged_and_not_used(cards, minutes):
    found = exposure(**cards)

    assert found.mjd == pytest.approx(MID, abs=1e-8)
    name = next(iter(cards)).replace("__", "-")
    assert any(flag.startswith(f"DATE-OBS and {name} differ by {minutes:.1f} min")
               and flag.endswith("DATE-OBS is used") for flag in found.flags)


@pytest.mark.parametrize("cards", [
    {"DATE__END": "2020-01-05T03:05:40"},  # the read-out after the exposure
    {"DATE__AVG": "2020-01-05T03:02:31"}, {"JD": 2458853.6268}, {"MJD-OBS": 58853.1},
    {"TIMEZONE": 0}, {"TIMEZONE": -4, "MJD-OBS": 58853.125}])
def test_dates_that_agree_within_their_digits_are_not_flagged(cards):
    assert exposure(**cards).flags == ()


def test_a_time_zone_without_any_date_in_utc_is_flagged():
    flags = exposure(TIMEZONE=-4).flags

    assert len(flags) == 1
    assert flags[0].startswith("DATE-OBS may be local time, TIMEZONE = -4")
    assert "DATE-LOC is the same" in exposure(DATE__LOC="2020-01-05T03:00:00").flags[0]


def test_midnight_alone_is_no_time_of_day():
    assert exposure(DATE__OBS="2020-01-05T00:00:00").flags == (
        "DATE-OBS = '2020-01-05T00:00:00': no time of day?",)


@pytest.mark.parametrize(("cards", "seconds", "named"), [
    ({"EXPOSURE": 40.0}, 40.0, "EXPOSURE and EXPTIME differ, 40 and 300"),  # ended early
    ({"EXPTIME": 5.0, "EXPOSURE": 300.0}, 300.0, "EXPOSURE and EXPTIME differ"),  # minutes
    ({"EXPTIME": (300000.0, "[ms] exposure")}, 300.0, "taken as 300"),
    ({"EXPTIME": (5.0, "exposure in minutes")}, 300.0, "taken as 300"),
    ({"EXPTIME": (5.0, "exposure (min)")}, 300.0, "taken as 300"),
    ({"EXPTIME": (1 / 12, "[h] exposure")}, 300.0, "taken as 300"),
    ({"EXPTIME": "300000 ms"}, 300.0, "EXPTIME = 300000 (ms): taken as 300"),
    ({"EXPTIME": "5 min"}, 300.0, "EXPTIME = 5 (min): taken as 300"),
    ({"EXPTIME": "5m"}, 300.0, "EXPTIME = 5 (m): taken as 300"),
    ({"EXPTIME": "300 s"}, 300.0, "EXPTIME = '300 s' is a text: taken as 300"),
    ({"EXPTIME": 3e5, "EXPOSURE": 300.0}, 300.0, "EXPOSURE and EXPTIME differ")])
def test_exposure_times(cards, seconds, named):
    found = exposure(**cards)

    assert found.exptime_s == pytest.approx(seconds)
    assert any(named in flag for flag in found.flags)


def test_exposure_times_that_agree_within_two_percent_are_not_flagged():
    found = exposure(EXPOSURE=304.0)

    assert (found.exptime_s, found.flags) == (300.0, ())


def test_the_gain_of_a_camera_with_a_setting_called_gain():
    found = exposure(GAIN=26.0, EGAIN=0.4)

    assert found.gain_e_per_adu == 0.4
    assert found.flags == ("EGAIN and GAIN differ, 0.4 and 26 adu: EGAIN is used",)
    assert exposure(GAIN=(0.5, "[ADU/e-]")).gain_e_per_adu == 2.0


@pytest.mark.parametrize(("cards", "arcsec"), [
    # 206.265 x 9 / 3712 = .5001
    ({"PIXSCALE": None, "PIXSIZE": 9.0, "XPIXSZ": 9.0, "FOCALLEN": 3712.0}, 0.5001),
    ({"PIXSCALE": None, "PIXSIZE": (9.0, "pixel in microns"), "XPIXSZ": 9.0,
      "FOCALLEN": (3.712, "m")}, 0.5001),
    ({"PIXSCALE": None, "PIXSIZE1": 4.5, "XBINNING": 2, "FOCALLEN": 3712.0}, 0.5001),  # INDI
    ({"PIXSCALE": 0.8, "XPIXSZ": 9.0, "FOCALLEN": 3712.0, "SECPIX": 0.5}, 0.5),  # two against one
    ({"PIXSCALE": 0.8, "SECPIX": 0.5}, 0.8)])
def test_pixel_scales(cards, arcsec):
    found = exposure(**cards)

    assert found.pixel_scale_arcsec == pytest.approx(arcsec, rel=1e-3)
    assert bool(found.flags) == ("PIXSCALE" in cards and cards["PIXSCALE"] is not None)


def test_the_wcs_is_used_where_a_card_differs_from_it():
    wcs = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 20.0,
           "CRPIX1": 1.0, "CRPIX2": 1.0, "CD1_1": -0.4 / 3600, "CD1_2": 0.0, "CD2_1": 0.0,
           "CD2_2": 0.4 / 3600, "NAXIS": 2, "NAXIS1": 100, "NAXIS2": 100}
    found = exposure(**wcs)

    assert found.pixel_scale_arcsec == pytest.approx(0.4)
    assert found.flags == ("the WCS and PIXSCALE differ, 0.4 and 0.5 arcsec: the WCS is used",)
    wcs["CD2_2"] *= 1.25
    assert "not square by the WCS: 1.25 times" in square_flag(fits.Header(wcs))


@pytest.mark.parametrize(("cards", "said"), [
    ({"XBINNING": 2, "YBINNING": 1}, "by XBINNING = 2 and YBINNING = 1"),
    ({"XPIXSZ": 9.0, "YPIXSZ": 6.5}, "by XPIXSZ = 9 and YPIXSZ = 6.5"),
    ({"XBINNING": 2, "YBINNING": 2, "XPIXSZ": 9.0, "YPIXSZ": 9.1}, None), ({"XBINNING": 2}, None),
    ({"XBINNING": 2, "YBINNING": "two"}, None)])
def test_pixels_that_cards_say_are_not_square_are_told(cards, said):
    flag = square_flag(fits.Header(cards))

    assert flag == (f"the pixels are not square {said}" if said else None)


def test_an_unreadable_card_counts_only_where_it_is_needed():
    header = fits.Header({"EXPTIME": 300.0, "EXPOSURE": "long"})

    assert claims_of(header, "exptime_s", ["EXPTIME"], ["EXPOSURE"]) == [Claim(300.0, "EXPTIME")]
    with pytest.raises(ImageRejected, match="EXPOSURE = 'long' is not a number"):
        claims_of(header, "exptime_s", ["EXPOSURE"])


def test_a_description_that_knows_its_cards_keeps_its_value():
    claims = [Claim(300.0, "EXPTIME"), Claim(40.0, "EXPOSURE")]

    used, flag = choose(claims, "exptime_s", keep_first=True)

    assert used.value == 300.0
    assert flag == "EXPTIME and EXPOSURE differ, 300 and 40 s: EXPTIME is used"
    assert choose([Claim(1.0, "A"), Claim(2.0, "B")], "read_noise_e") == (Claim(1.0, "A"), None)


@pytest.mark.parametrize(("cards", "name"), [
    ({"FILTER": "Empty/R"}, "R"), ({"FILTER": "BB#Rc/162_ESO844"}, "BB#Rc/162_ESO844"),
    ({"FILTER": None, "FILTER1": "r", "FILTER2": "ND1"}, "r+ND1"),
    ({"FILTER": "Empty-R"}, "R"), ({"FILTER": "open Bessell R"}, "Bessell R"),
    ({"FILTER": "Empty 2"}, None), ({"FILTER": "open_position"}, None),
    ({"FILTER": "free;V"}, "V"),
    ({"FILTER": None, "FILTER1": "r", "FILTER2": "clear"}, "r"),
    ({"FILTER": "R", "FILTER1": "R-band"}, "R")])
def test_two_wheels_in_one_card_or_in_two(cards, name):
    assert exposure(**cards).filter == name


@pytest.mark.parametrize(("cards", "flag"), [
    ({"INSTRUME": "fa15"}, "the header is of another one (INSTRUME = fa15), not of Mercator"),
    ({"INSTRUME": "MEROPE2"}, None), ({}, None)])
def test_a_header_of_an_unknown_telescope_is_flagged_too(cards, flag):
    header = fits.Header({"INSTRUME": "x"} | cards) if cards else fits.Header()

    found = _other_telescope(header, load_telescope("Mercator"))

    assert [one.partition(", which")[0] for one in found] == ([flag] if flag else [])


def test_a_header_of_another_telescope_than_the_chosen_one_is_flagged():
    header = fits.Header({**SOUND, "TELESCOP": "SkyMaker", "JD": 2458853.625, "CONAD": 1.0})

    flags = read_exposure(header, load_telescope("Combi"), {
        "gain_e_per_adu": 1.0, "read_noise_e": 1.0, "saturation_adu": 1e4,
        "pixel_scale_arcsec": 0.5}).flags

    assert "the header is that of skymaker, not of Combi, which is the 'telescope' of the set" in (
        flags)
