"""Every telescope on a stored header, and the ways in which a header can fail."""

from pathlib import Path

from cosmouline.dates import iso_to_mjd
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.io_fits import list_frames, read_header
from cosmouline.frames.header_values import filter_of
from cosmouline.frames.telescope import (
    FOLDER,
    list_telescopes,
    load_telescope,
    read_exposure,
    recognise,
)
from cosmouline.frames.telescope_yaml import Trim

import pytest
from astropy.io import fits

HEADERS = Path(__file__).parent / "headers"
SECOND = 1.0 / 86400.0
VALUES = ("exptime_s", "gain_e_per_adu", "read_noise_e", "saturation_adu", "pixel_scale_arcsec")
# name: middle of the exposure; exposure time, gain, read noise, saturation, pixel scale; filter;
# longitude, latitude, height. Typed by hand from the headers and from the table of COSMOULINE.
EXPECTED = {
    "90prime": ("2017-04-30T06:00:26.099", (80.32, 80.32, 8.0, 52250 * 1.4 / 80.32, 0.4534526),
                "bokr", (-111.6004, 31.9629, 2071)),  # electrons per second
    "Amateur": ("2018-07-04T14:05:33", (300, 1.25, 5.0, 65535, 206.265 * 7.4 / 1425), "R",
                (149.0644, -31.2733, 0)),
    "Combi": ("2009-06-18T06:00:00", (1800, 2.7, 11.2, 65000, 0.2148), "R",
              (-70.7300, -29.2567, 2000)),
    "DECam": ("2017-09-16T04:51:33.140012", (101, 3.79918336758575, 5.836056, 41108.0595194448,
                                             0.2623041), "r DECam SDSS c0002 6415.0 1480.0",
              (-70.8065, -30.1697, 2207)),
    "EFOSC2": ("2013-08-09T07:09:39.01", (180, 1.34, 9.8, 65535, 0.24), "R#642",
               (-70.7338, -29.2589, 2375)),
    "EulerC2": ("2006-11-02T04:13:00", (300, 2.14, 9.5, 65000, 0.344), "R",
                (-70.7300, -29.2567, 2347)),
    "EulerCAM": ("2012-03-14T03:24:07.513", (360, 2.7, 5.0, 65000, 0.2148), "RG",
                 (-70.7300, -29.2567, 2347)),
    "FORS2": ("2014-06-07T02:03:49.05", (90, 0.806, 2.62, 65000, 0.126), "R_SPECIAL",
              (-70.4032, -24.6259, 2635.43)),
    "generic": ("2016-03-01T00:00:20.5", (100, 1.5, 4.2, 60000, 0.36), "V",
                (-17.8800, 28.7583, 2327)),
    "GMOS": ("2012-01-02T03:05:20.6", (150, 2.0, 3.9, 125000, 0.146), "r_G0326",
             (-70.7367, -30.2408, 2722)),
    "GROND": ("2009-03-03T05:03:04.85", (369.7, 1.4, 5.0, 65535, 0.158), "r",
              (-70.7346, -29.2543, 2335)),
    "HCT": ("2019-01-10T15:02:30", (300, 0.28, 5.75, 65000, 0.296), "7 R Bessell",
            (78.9642, 32.7794, 4500)),
    "HoLi": ("2008-04-01T22:35:00", (600, 2.5, 9.0, 65000, 0.21), "R", (6.8500, 50.1633, 549)),
    "LCO": ("2017-01-04T01:15:29.6655", (22.293, 1.0, 16.4, 153440, 1.16), "ip",
            (-16.5117, 28.3003, 2390)),
    "Liverpool": ("2010-05-06T23:15:35.223", (180, 2.205, 7.0, 65000, 0.135), "SDSS-R",
                  (-17.8792, 28.7624, 2363)),
    "LiverpoolIOO": ("2015-11-20T01:03:03.456", (120, 1.62, 8.0, 65000, 0.3037), "SDSS-R",
                     (-17.8792, 28.7624, 2363)),
    "Maidanak2k2k": ("2009-07-04T17:22:30", (300, 1.5, 10.0, 65000, 0.4262), "R",
                     (66.8964, 38.6733, 2593)),
    "Maidanak_2.5k": ("2011-06-30T19:07:30.5", (240, 1.45, 4.7, 65535, 0.268), "R",
                      (66.8964, 38.6733, 2593)),
    "MaidanakSI": ("2007-08-21T18:46:40", (180, 1.45, 4.7, 65000, 0.266), "R",
                   (66.8964, 38.6733, 2593)),
    "MaidanakSITE": ("2004-09-12T18:34:33", (300, 1.16, 5.3, 65000, 0.266), "R",
                     (66.8964, 38.6733, 2593)),
    "Mercator": ("2004-02-01T02:03:00", (360, 0.93, 9.5, 65000, 0.19340976), "RG",
                 (-17.8800, 28.7583, 2327)),
    "Mosaic3": ("2016-03-19T07:51:52.052",
                (80.104, 80.104, 4.11, 47200 * 1.91 / 80.104, 0.2596013), "zd DECam k1038",
                (-111.5997, 31.9633, 2120)),  # electrons per second
    "LMI": ("2020-01-29T01:04:05.12", (180, 2.89, 6.0, 65000, 0.24), "SDSS-R",
            (-111.4223, 34.7443, 2361)),
    **{f"RATIR_C{c}": ("2016-05-04T06:10:40.5", values, name, (-115.4636, 31.0442, 2792))
       for c, name, values in (
           (0, "r", (80, 16.80 / 16, 18.0, 65536 / 16 - 1, 0.32)),
           (1, "i", (80, 18.64 / 16, 18.0, 65536 / 16 - 1, 0.32)),
           (2, "ZY", (80, 2.2 / 2, 18.0, 36000 / 2 - 1, 0.3)),
           (3, "JH", (80, 2.4 / 2, 18.0, 36000 / 2 - 1, 0.3)))},
    **{f"RIMAS_C{c}": ("2024-01-29T01:03:05.5", (60, 3.0, 18.0, 50000, 0.35), name,
                       (-111.4223, 34.7443, 2361)) for c, name in ((0, "J"), (1, "H"))},
    "skymaker_raw": ("2023-12-02T03:39:02", (360, 2.0, 5.0, 60000, 0.21), "R",
                     (-70.7345, -29.2584, 2347)),
    "NIRCam": ("2022-06-29T09:53:42.5848", (1073.68, 2.05 * 1073.68 / 2.080699920654297, 10.0,
                                           1000, 0.0307759388), "F200W",
               (None, None, None)),  # MJD 59759.41309918 TDB, 69.18 s ahead of UTC
    "NOT": ("2009-09-09T02:02:30", (300, 1.68, 6.5, 65536, 0.176), "R_Bes",
            (-17.8850, 28.4028, 2382)),
    "NOHEADER": ("2002-10-10T13:37:00", (300, 1.0, 5.0, 65000, 1.0), None, (None, None, None)),
    "NOTalfosc": ("2005-02-19T01:32:30", (300, 1.5, 5.0, 65535, 0.188), "R_Bes",
                  (-17.8850, 28.4028, 2382)),
    "PANSTARRS": ("2010-10-31T05:59:47.5", (43, 1.05, 5.5, 64000, 0.26), "r.00000",
                  (-156.2572, 20.7083, 3048)),  # 34 s of TAI - UTC
    "SDSS": ("2002-09-05T07:33:53.523728", (53.907456, 4.7, 5.0, 65535, 0.396), "r",
             (-105.8204, 32.7804, 2788)),  # 32 s of TAI - UTC
    "skymaker": ("2020-01-01T04:51:50.007", (360, 2.7, 5.0, 62900, 0.2149), "R",
                 (-70.7300, -29.2567, 2347)),
    "skysim": ("2010-01-31T05:33:00", (360, 2.0, 5.0, 65000, 0.2), None, (None, None, None)),
    "SMARTSandicam": ("2006-03-03T05:19:18", (300, 2.3, 6.5, 65000, 0.369), "R",
                      (-70.8150, -30.1650, 2215)),
    "SPECULOOS": ("2020-02-03T01:02:33", (60, 1.0, 10.0, 65535, 0.347), "I+z",
                  (-70.3906, -24.6161, 2482)),
    "UH2m2": ("2019-05-06T09:12:41.12", (300, 1.78, 10.0, 65535, 0.22), "r",
              (-155.4708, 19.8261, 4205)),
    "VATT": ("2013-10-05T04:31:42.345", (180, 1.73, 5.1, 65535, 0.187), "R",
             (-109.8919, 32.7014, 3178)),
    "VST": ("2018-11-05T06:32:55.25", (320, 1.9, 2.1, 58000, 0.215), "r_SDSS",
            (-70.4028, -24.6230, 2635)),
    "VST_mosaic": ("2019-02-08T07:02:40", (320, 2.4, 2.1, 54000, 0.215), "r_SDSS",
                   (-70.4028, -24.6230, 2635)),
    "WFC3UVIS": ("2022-09-21T13:00:39.5", (97, 1.0, 3.0799999, 63000, 0.03964082), "F625W",
                 (None, None, None)),
    "WFI": ("2016-10-01T04:07:46.789", (320, 2.0, 4.5, 65535, 0.238), "BB#Rc/162_ESO844",
            (-70.7346, -29.2543, 2335)),
}  # fmt: skip


def stored(name, **changes):
    """Give a stored header, with cards changed or (None) removed."""
    header = fits.Header.fromstring((HEADERS / f"{name}.txt").read_text(), sep="\n")
    for keyword, value in changes.items():
        keyword = keyword.replace("_", "-") if keyword in ("DATE_OBS", "MJD_OBS") else keyword
        if value is None:
            header.remove(keyword, ignore_missing=True)
        else:
            header[keyword] = value
    return header


def generic(overrides=None, **changes):
    return read_exposure(stored("generic", **changes), load_telescope("generic"), overrides)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_telescope_is_recognised_by_its_header_and_by_no_other(name):
    silent = ("generic", "NOHEADER")  # nothing in their headers tells them

    assert recognise(stored(name)) == ([] if name in silent else [name])


def test_a_camera_is_known_by_its_instrument_not_by_the_telescope():
    assert recognise(stored("EulerC2", INSTRUME="ECAM")) == ["EulerCAM"]
    assert recognise(stored("WFI", INSTRUME="FEROS")) == []
    assert recognise(stored("VST", NAXIS1=16000)) == ["VST_mosaic"]


@pytest.mark.parametrize(("cards", "said"), [
    ({"FILTER": "V", "FILTER2": "I"}, "FILTER and FILTER2 differ, V and I: FILTER is used"),
    ({"FILTNAM": "V", "INSFLNAM": "I"}, "FILTNAM and INSFLNAM differ, V and I: FILTNAM is used"),
    ({"FILTER": "r", "FILTNAM": "R"}, "FILTER and FILTNAM differ, r and R: FILTER is used"),
    ({"FILTER": "V", "FILTNAM": "Bessell V"}, None), ({"FILTER1": "R", "FILTER2": "ND1"}, None),
    ({"FILTER": "R", "FILTER1": "Clear", "FILTER2": "R"}, None),
    ({"FILTER": "R", "FILTER1": "4", "FILTER2": "open"}, None), ({"FILTER": "R"}, None)])
def test_cards_that_name_different_filters_are_told(cards, said):
    found = generic(FILTER=cards.get("FILTER"),
                    **{card: name for card, name in cards.items() if card != "FILTER"})

    assert [flag for flag in found.flags if "FIL" in flag] == ([said] if said else [])
    described = read_exposure(stored("HCT", FILTER="V", FILTER2="I"), load_telescope("HCT"))
    assert not any("FILTER" in flag for flag in described.flags)


def test_the_filter_alone():
    assert filter_of(stored("WFI"), load_telescope("WFI")) == "BB#Rc/162_ESO844"
    assert filter_of(stored("generic", FILTER="open"), load_telescope("generic")) is None


def test_a_frame_without_header_gets_the_date_of_cosmouline_and_says_so():
    notes = read_exposure(stored("NOHEADER"), load_telescope("NOHEADER")).notes

    assert "date: no date in the header, all frames have the same made-up one" in notes
    dated = stored("NOHEADER", DATE_OBS="2019-01-01T00:00:00")
    mjd = read_exposure(dated, load_telescope("NOHEADER")).mjd
    assert mjd == pytest.approx(iso_to_mjd("2019-01-01T00:02:30"), abs=SECOND)


def test_every_telescope_has_a_stored_header_and_expected_values():
    assert sorted(EXPECTED) == sorted(list_telescopes())
    assert sorted(path.stem for path in HEADERS.glob("*.txt")) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_stored_header(name):
    middle, values, filter_name, site = EXPECTED[name]

    exposure = read_exposure(stored(name), load_telescope(name))

    assert exposure.telescope == name
    assert exposure.mjd == pytest.approx(iso_to_mjd(middle), abs=0.001 * SECOND)
    assert [getattr(exposure, key) for key in VALUES] == pytest.approx(values, rel=1e-6)
    assert exposure.filter == filter_name
    place = (exposure.site_lon_deg, exposure.site_lat_deg, exposure.site_height_m)
    assert place == (site if None in site else pytest.approx(site, abs=1e-4))
    assert exposure.trim == Trim()
    assert exposure.flags == (() if filter_name else ("no filter in the header (FILTER)",))


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("VST", "gain_e_per_adu = 1.9 by the description of VST: no usable GAIN in the header"),
        ("VST_mosaic", "date: from DATE, which many programs set to the time of writing"),
        ("skysim", "no coordinates of the telescope: no airmass"),
    ],
)
def test_what_does_not_come_from_the_header_is_noted(name, note):
    notes = read_exposure(stored(name), load_telescope(name)).notes

    assert len(notes) == 1
    assert notes[0].startswith(note)


@pytest.mark.parametrize(
    ("code", "lon_deg", "lat_deg"),
    [
        ("ogg", -156.26, 20.71),
        ("coj", 149.07, -31.27),
        ("cpt", 20.81, -32.38),
        ("elp", -104.02, 30.68),
        ("lsc", -70.80, -30.17),
        ("tfn", -16.51, 28.30),
    ],
)
def test_every_site_of_lco_has_its_own_place(code, lon_deg, lat_deg):
    """COSMOULINE computed the airmass of all of them for Haleakala."""
    exposure = read_exposure(stored("LCO", SITEID=code), load_telescope("LCO"))

    assert exposure.site_lon_deg == pytest.approx(lon_deg, abs=0.01)
    assert exposure.site_lat_deg == pytest.approx(lat_deg, abs=0.01)


@pytest.mark.parametrize(("name", "southern"), [("SPECULOOS", True), ("UH2m2", False)])
def test_longitude_and_latitude_are_not_swapped(name, southern):
    """COSMOULINE had them the other way round: Paranal at 70 degrees south."""
    exposure = read_exposure(stored(name), load_telescope(name))

    assert abs(exposure.site_lat_deg) < 30.0
    assert (exposure.site_lat_deg < 0.0) is southern
    assert exposure.site_lon_deg < -70.0


def test_half_the_exposure_is_not_added_to_an_average_date():
    """DATE-AVG of the HCT is the middle; COSMOULINE moved it by another 150 s."""
    by_average = read_exposure(stored("HCT"), load_telescope("HCT"))
    header = stored("HCT")
    del header["DATE-AVG"]
    by_start = read_exposure(header, load_telescope("HCT"))

    assert by_average.mjd == pytest.approx(by_start.mjd, abs=1e-9)


def test_gemini_north_and_south():
    north = read_exposure(stored("GMOS", TELESCOP="Gemini-North"), load_telescope("GMOS"))

    assert north.site_lat_deg == pytest.approx(19.82, abs=0.01)


@pytest.mark.parametrize(
    ("keyword", "value", "gain"),
    [
        ("CCD_SGAI", 1.2, 1.2),
        ("OGE DET SGAI", 1.3, 1.3),
        ("ESO CAM2 CCD GAIN", 1.4, 1.4),
        ("ESO CAM CCD GAIN", 1.5, 1.5),
        ("CCD_FGAI", 0.625, 1.6),
    ],
)
def test_the_gain_of_eulerc2_moved_from_card_to_card(keyword, value, gain):
    header = stored("EulerC2")
    del header["ESO CAM CCD SGAI"]
    header[f"HIERARCH {keyword}" if " " in keyword else keyword] = value

    exposure = read_exposure(header, load_telescope("EulerC2"))

    assert exposure.gain_e_per_adu == pytest.approx(gain)


def test_the_oldest_frames_of_eulerc2():
    header = stored("EulerC2", DATE_OBS=None, MJD_OBS=None, EXPTIME=None)
    header["TUNIX_DP"] = 1162440630  # 2 November 2006, 04:10:30

    exposure = read_exposure(header, load_telescope("EulerC2"))

    assert exposure.mjd == pytest.approx(iso_to_mjd("2006-11-02T04:13:30"), abs=1e-9)
    assert exposure.notes[0].startswith("exptime_s = 360 by the description of EulerC2")


@pytest.mark.parametrize(
    ("name", "keyword", "value"),
    [
        ("Liverpool", "CCDXBIN", 2),
        ("Liverpool", "CCDYBIN", 2),
        ("WFI", "ESO DET WIN1 BINX", 2),
        ("EFOSC2", "ESO DET WIN1 BINX", 1),
    ],
)
def test_a_binning_that_is_not_described_is_refused(name, keyword, value):
    header = stored(name)
    header[keyword] = value

    with pytest.raises(ImageRejected, match=f"{keyword} = {value}: only frames"):
        read_exposure(header, load_telescope(name))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"GAIN": None}, r"no GAIN \(nor EGAIN, CCDGAIN\) in the header and no 'gain_e_per_adu'"),
        ({"GAIN": "N/A"}, "no GAIN"),
        ({"GAIN": 0.0}, "GAIN = 0 is not between 0.05 and 50 e-/ADU: set 'gain_e_per_adu'"),
        ({"GAIN": -1.5}, "GAIN = -1.5 is not between"),
        ({"GAIN": 1000.0}, "GAIN = 1000 is not between"),
        ({"GAIN": "high"}, "GAIN = 'high' is not a number"),
        ({"EXPTIME": None}, "no EXPTIME"),
        ({"EXPTIME": 0.0}, "EXPTIME = 0 is not between"),
        ({"EXPTIME": -1.0}, "EXPTIME = -1 is not between"),
        ({"EXPTIME": "300,0"}, "EXPTIME = '300,0' is not a number"),
        ({"RDNOISE": None}, "no RDNOISE .* 'read_noise_e' in 'overrides'"),
        ({"RDNOISE": -3.0}, "RDNOISE = -3 is not between"),
        ({"SATURATE": None}, "no SATURATE"),
        ({"CD1_1": 0.0}, "no PIXSCALE .* nor a WCS in the header and no 'pixel_scale_arcsec'"),
        ({"DATE_OBS": None}, "no date in the header: no usable DATE-OBS"),
    ],
)
def test_what_is_needed_and_missing_or_impossible(changes, message):
    with pytest.raises(ImageRejected, match=message):
        generic(**changes)


def test_texts_count_as_numbers_and_units_are_told():
    exposure = generic(EXPTIME="300.0", GAIN="2.7 e-/ADU")

    assert (exposure.exptime_s, exposure.gain_e_per_adu) == (300.0, 2.7)
    assert exposure.flags == ("GAIN = '2.7 e-/ADU' is a text: taken as 2.7",)


def test_milliseconds_are_flagged():
    assert generic(EXPTIME=300000.0).flags == (
        "exptime_s = 300000: milliseconds, or a stack?",)


def test_a_missing_filter_is_flagged():
    exposure = generic(FILTER=None)

    assert exposure.filter is None
    assert exposure.flags[0].startswith("no filter in the header (FILTER")


def test_an_open_filter_wheel_is_passed_over():
    assert generic(FILTER="OPEN", FILTER1="free", FILTER2="B").filter == "B"


def test_unreadable_cards_that_are_not_needed_are_flagged():
    text = (HEADERS / "generic.txt").read_text()
    text = text.replace("FILTER  = 'V       '", "FILTER  = V, B")
    text = text.replace("SITEELEV=                 2327", "SITEELEV=             2327,5")

    exposure = read_exposure(fits.Header.fromstring(text, sep="\n"), load_telescope("generic"))

    assert (exposure.filter, exposure.site_height_m) == (None, 0.0)
    assert exposure.flags == (
        """FILTER: the card of the header cannot be read: "FILTER  = 'V, B    '\"""",
        """SITEELEV: the card of the header cannot be read: "SITEELEV= '2327,5  '\"""",
    )


def test_overrides_win_and_are_noted():
    overrides = {"gain_e_per_adu": 2, "filter": "Z", "trim": {"top": 3}, "site_height_m": 10.0}

    exposure = generic(overrides, GAIN=0.0)

    assert (exposure.gain_e_per_adu, exposure.filter, exposure.trim) == (2.0, "Z", Trim(top=3))
    assert exposure.site_height_m == 10.0
    assert exposure.notes == ("gain_e_per_adu = 2 by 'overrides'", "filter = Z by 'overrides'")


def test_a_clock_in_local_time():
    there, here = generic({"time_zone_h": 2.0}), generic()

    assert here.mjd - there.mjd == pytest.approx(2.0 / 24.0, abs=1e-9)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"gian_e_per_adu": 2}, "unknown name 'gian_e_per_adu'; did you mean 'gain_e_per_adu'"),
        ({"gain_e_per_adu": 0}, "overrides: gain_e_per_adu = 0 is not between 0.05 and 1e.06"),
        ({"gain_e_per_adu": "2"}, "gain_e_per_adu = '2' is not a number"),
        ({"site_lat_deg": 100}, "site_lat_deg = 100 is not between -90 and 90"),
        ({"trim": {"top": -1}}, "top = -1 is not a number of pixels"),
    ],
)
def test_wrong_overrides_are_the_users_fault(overrides, message):
    with pytest.raises(UserError, match=message):
        generic(overrides)


def test_a_camera_of_the_user(tmp_path):
    mine = tmp_path / "mycam.yaml"
    text = (FOLDER / "generic.yaml").read_text()
    mine.write_text(text.replace("[GAIN, EGAIN, CCDGAIN]", "3.25"))

    exposure = read_exposure(stored("generic"), load_telescope(str(mine)))

    assert (exposure.telescope, exposure.gain_e_per_adu) == ("mycam", 3.25)


def test_telescopes_that_cannot_be_loaded(tmp_path):
    with pytest.raises(UserError, match="unknown name 'EulerCam'; did you mean 'EulerCAM'"):
        load_telescope("EulerCam")
    with pytest.raises(UserError, match=r"none.yaml: cannot be read"):
        load_telescope(str(tmp_path / "none.yaml"))
    evil = tmp_path / "evil.yaml"
    evil.write_text("!!python/object/apply:os.system ['touch PWNED']")
    with pytest.raises(UserError, match=r"evil.yaml: not YAML"):
        load_telescope(str(evil))
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("description: Lé".encode("latin-1"))
    with pytest.raises(UserError, match=r"latin.yaml: cannot be read"):
        load_telescope(str(latin))
    huge = tmp_path / "huge.yaml"
    huge.write_text("#" * (2 << 20))
    with pytest.raises(UserError, match="more than 1 MB"):
        load_telescope(str(huge))


def test_hatp32_is_read_through_generic(shared_data):
    """DATE-OBS has milliseconds and a zone, MJD-OBS three digits: 43 s at best.

    Its LST-OBS is 7 h behind: the camera's program took the local time for UTC.
    """
    overrides = {
        "gain_e_per_adu": 2,
        "read_noise_e": 5,
        "saturation_adu": 4095,
        "pixel_scale_arcsec": 5.2,
    }
    for path in list_frames(shared_data("hatp32")):
        header = read_header(path)

        exposure = read_exposure(header, load_telescope("generic"), overrides)

        start = iso_to_mjd(header["UT-OBS"])
        assert exposure.mjd - start == pytest.approx(30.0 * SECOND, abs=0.01 * SECOND)
        assert (exposure.exptime_s, exposure.filter) == (60.0, "Clear")
        assert [flag.partition(" = ")[0] for flag in exposure.flags] == [
            "the sidereal time (LST-OBS"]
        assert (exposure.site_lon_deg, exposure.site_lat_deg) == (-110.88, 31.68)


@pytest.mark.parametrize("name", ["skymaker", "generic"])
def test_frames_of_the_skymaker_program(shared_data, name):
    path = list_frames(shared_data("skymaker_demo") / "frames_fz")[0]

    exposure = read_exposure(read_header(path), load_telescope(name))

    assert exposure.mjd == pytest.approx(58849.20057878 + 180.0 * SECOND, abs=0.01 * SECOND)
    assert [getattr(exposure, key) for key in VALUES] == [360.0, 2.7, 5.0, 62900.0, 0.2149]
    assert (exposure.filter, exposure.site_lon_deg, exposure.flags) == ("R", None, ())


@pytest.mark.parametrize(("cards", "name"), [
    ({"TELESCOP": "SIM 1.2m", "INSTRUME": "ECAM"}, "SIM-1-2m-ECAM"),
    ({"TELESCOP": "SIM1", "INSTRUME": "SIM1"}, "SIM1"),
    ({"TELESCOP": None, "INSTRUME": None}, "generic")])
def test_two_telescopes_without_description_are_told_apart_by_their_headers(cards, name):
    assert generic(**cards).telescope == name


@pytest.mark.parametrize(("cards", "gain", "saturation"), [
    ({"BUNIT": "adu"}, 1.5, 60000.0), ({"BUNIT": "electron"}, 1.0, 60000.0),
    ({"BUNIT": "e-/s"}, 100.0, 900.0), ({"BUNIT": "ELECTRONS/S"}, 100.0, 900.0),
    ({"BUNIT": "counts/s"}, 150.0, 600.0), ({"BUNIT": "adu s^-1"}, 150.0, 600.0),
    ({"BUNIT": ("counts/s", "photoelectrons per second")}, 100.0, 900.0),
    ({"BUNIT": "MJy/sr", "PHOTMJSR": 2.0}, 75.0, 1200.0),
    ({"BUNIT": "nanomaggy", "NMGY": 0.005}, 300.0, 300.0)])
def test_gain_and_saturation_are_those_of_the_unit_of_the_pixels(cards, gain, saturation):
    """100 s at 1.5 e-/ADU, full at 60000 ADU: 90000 e- in every unit but electrons.

    One count is 1.5 e-; 1 count/s of 100 s is 150 e-; 1 MJy/sr is 1/2 count/s; 1 nanomaggy is
    200 counts. A level beside pixels in electrons is kept: the lower one of both.
    """
    exposure = generic(GAIN=1.5, EXPTIME=100.0, SATURATE=60000.0, **cards)

    assert exposure.gain_e_per_adu == pytest.approx(gain)
    assert exposure.saturation_adu == pytest.approx(saturation)


def test_a_unit_of_flux_without_its_card_is_flagged_and_pixels_in_electrons_need_no_gain():
    assert any("BUNIT = 'nanomaggy': no counts" in flag
               for flag in generic(BUNIT="nanomaggy").flags)
    assert generic(BUNIT="electron", GAIN=None).gain_e_per_adu == 1.0
    assert any("BUNIT = 'electron': electrons; the gain of 1.5 is not used" in flag
               for flag in generic(BUNIT="electron", GAIN=1.5).flags)
    assert generic({"gain_e_per_adu": 3.0}, BUNIT="counts/s").gain_e_per_adu == 3.0


def test_a_camera_counts_more_than_its_family():
    assert recognise(stored("EulerCAM", SWCREATE="MaxIm DL Version 6")) == ["EulerCAM"]


@pytest.mark.parametrize("cards", [
    {"SWCREATE": "N.I.N.A. 2.1.0.9001 (x64)"}, {"SWCREATE": "SharpCap"},
    {"SWCREATE": "Astro Photography Tool - APT v.3.54.1"},
    {"CREATOR": "Sequence Generator Pro v3.1.0.479"}, {"PROGRAM": "PRISM 10"}])
def test_the_programs_of_amateurs(cards):
    """As in sample headers of these programs (bcolyn/PhotonFinder, tests/sample_headers.py)."""
    assert recognise(stored("Amateur", **({"SWCREATE": None} | cards))) == ["Amateur"]


def test_the_gain_of_an_amateurs_camera_is_never_its_setting():
    with pytest.raises(ImageRejected, match="no EGAIN"):
        read_exposure(stored("Amateur", EGAIN=None), load_telescope("Amateur"))


def test_the_gain_of_a_ccd_of_sdss_over_the_nanomaggies_of_a_count():
    """CCD r5 has 4.725 e- per count (opECalib)."""
    exposure = read_exposure(stored("SDSS", CAMCOL=5, BUNIT="nanomaggy", NMGY=0.005),
                             load_telescope("SDSS"))

    assert exposure.gain_e_per_adu == pytest.approx(945.0)


def test_cutouts_of_pan_starrs_are_recognised_and_have_the_scale_of_their_wcs():
    header = stored("PANSTARRS", TELESCOP=None, INSTRUME=None)
    header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 1.0,
                   "CRPIX1": 0.0, "CRPIX2": 0.0, "CDELT1": 0.25 / 3600, "CDELT2": 0.25 / 3600,
                   "PC001001": -1.0, "PC001002": 0.0, "PC002001": 0.0, "PC002002": 1.0})
    header["HIERARCH FPA.INSTRUMENT"] = "GPC1"

    assert recognise(header) == ["PANSTARRS"]
    assert read_exposure(header, load_telescope("PANSTARRS")
                         ).pixel_scale_arcsec == pytest.approx(0.25)


def test_crops_of_decam_that_lost_their_instrument_are_recognised():
    assert recognise(stored("DECam", INSTRUME=None, TELESCOP=None)) == ["DECam"]
