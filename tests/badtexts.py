"""Bad settings, lists, databases and light curves made of good ones; what each must come to."""

import json
import pickle
import zlib
from pathlib import Path
from typing import NamedTuple

from cosmouline.database.json_store import Store

OK, FLAG, SKIP, STOP, SAFE = "OK", "FLAG", "SKIP", "STOP", "SAFE"
PWNED = "PWNED"


class BadText(NamedTuple):
    """One kind of bad file: its name in the list, verdict, words of the message, its content."""

    name: str
    expect: str
    says: tuple
    content: object  # bytes or text to write, or a function of the good bytes


GOOD_SETTINGS = 'lens_name = "TINY"\nlens_ra_deg, lens_dec_deg = 69.5, -12.2\n'
SETTINGS = tuple(BadText(name, expect, says, content) for name, expect, says, content in (
    ("c00_good", OK, (), ""),
    ("c02_missing_name", STOP, ("'telescope'",), "sets = [{'name': 'R', 'raw_dir': '/x'}]"),
    ("c03_typo_name", STOP, ("empty_regoin", "empty_region"), "empty_regoin = None"),
    ("c07_tilde", OK, (), "work_dir = '~/w'"),
    ("c09_workdir_is_raw", STOP, ("work_dir", "raw"),
     "sets = [{'name': 'R', 'telescope': 'generic', 'raw_dir': {folder!r}}]"),
    ("c10_region_reversed", STOP, ("empty_region",), "empty_region = '[280:230, 215:265]'"),
    ("c12_region_garbage", STOP, ("empty_region",), "empty_region = '[230-280;215-265]'"),
    ("c13_nan", STOP, ("cosmic_sigma",), "cosmic_sigma = float('nan')"),
    ("c14_tabs_crlf_bom", OK, (),
     lambda good: b"\xef\xbb\xbf" + good.replace(b"\n", b"\r\n") + b"max_cpus\t=\t1\r\n"),
    ("c15_latin1", STOP, ("settings.py", "utf-8"), lambda good: good + b"# caf\xe9\n"),
    ("c16_syntax", STOP, ("settings.py", "line 4"), "max_cpus = = 3"),
    ("c17_name_with_space", STOP, ("psf_name",), "psf_name = 'my psf (1)'"),
    ("c18_name_leads_out", STOP, ("dec_name",), "dec_name = '../../x'"),
    ("c20_unknown_engine", STOP, ("engine", "serial"), "engine = 'slrum'"),
    ("c24_import_missing", STOP, ("nosuchmodule_xyz",), "import nosuchmodule_xyz"),
    ("c25_exit", STOP, ("stops python",), "raise SystemExit"),
    ("c26_function", STOP, ("work_dir", "must be a text"), "def work_dir(): pass"),
    ("c27_lens_name_of_two_lines", STOP, ("lens_name", "printed"), "lens_name = 'a\\nb'"),
    ("c36_file_of_300_letters", STOP, ("photom_stars", "255"), f"photom_stars = '{'x' * 300}'"),
    ("c37_name_of_300_letters", STOP, ("dec_name", "100"), f"dec_name = '{'x' * 200}'"),
    ("c38_sources_of_300_letters", STOP, ("point_sources", "255"),
     f"point_sources = '{'x' * 300}'"),
    ("c28_work_dir_root", STOP, ("work_dir", "its own"), "work_dir = '/'"),
    ("c29_bool_as_number", STOP, ("max_cpus", "must be a whole number"), "max_cpus = True"),
    ("c30_extension_true", STOP, ("extension", "must be a whole number"),
     "sets = [{'name': 'R', 'telescope': 'generic', 'raw_dir': '/x', 'extension': True}]"),
    ("c31_place_nan", STOP, ("point_sources", "nan"),
     "point_sources = {'A': (float('nan'), 1)}"),
    ("c32_own_name", STOP, ("'pi'", "begins with '_'"), "from math import pi"),
    ("c33_message_of_two_lines", STOP, ("two lines",), "raise ValueError('two\\nlines\\x1b[31m')"),
    ("c34_number_of_5000_digits", STOP, ("n_norm_stars",), "n_norm_stars = 10**5000"),
    ("c35_prints", OK, (), "print('hello')"),
))

GOOD_CAT = "a 100 120 5000\nb 30 40\nc 60.5 80.25 1e4\n"
CATALOGUES = tuple(BadText(name, expect, says, content) for name, expect, says, content in (
    ("k00_good", OK, (), GOOD_CAT),
    ("k01_empty", STOP, ("empty",), "# empty\n"),
    ("k06_duplicate_name", STOP, ("'a'", "twice", "line 4"), GOOD_CAT + "a 10 11\n"),
    ("k07_same_position", STOP, ("lies within", "same", "line 4"), GOOD_CAT + "d 100.2 120.1\n"),
    ("k08_outside_frame", STOP, ("outside",), GOOD_CAT + "d 9999 50\n"),
    ("k09_negative", STOP, ("outside",), GOOD_CAT + "d -5 50\n"),
    ("k10_on_edge", FLAG, ("edge",), GOOD_CAT + "d 3 90\n"),
    ("k11_no_star_there", FLAG, ("no star",), GOOD_CAT + "d 150 20\n"),
    ("k12_bad_name", STOP, ("name",), GOOD_CAT + "../a 10 10\n"),
    ("k12_spaces", STOP, ("columns",), GOOD_CAT + "my good star 10 10\n"),
    ("k13_nan", STOP, ("nan",), GOOD_CAT + "d nan 10\n"),
    ("k14_decimal_comma", STOP, ("'10,5'",), GOOD_CAT + "d 10,5 10\n"),
    ("k15_latin1", STOP, ("utf-8",), GOOD_CAT.encode() + b"# \xe9\n"),
    ("k16_no_final_newline", OK, (), GOOD_CAT.rstrip()),
    ("k17_comment_inline", OK, (), "a 100 120 # good star\n" + GOOD_CAT[15:]),
    ("k25_nul_in_name", STOP, ("name",), GOOD_CAT + "d\0 10 20\n"),
    ("k26_long_name", STOP, ("60 at most",), GOOD_CAT + "d" * 300 + " 10 20\n"),
    ("k27_no_such_number", STOP, ("too large",), GOOD_CAT + "d 1e308 20\n"),
    ("k28_commas", STOP, ("columns",), GOOD_CAT.replace(" ", ",")),
    ("k29_tabs_crlf_bom", OK, (),
     b"\xef\xbb\xbf" + GOOD_CAT.replace(" ", "\t").replace("\n", "\r\n").encode()),
    ("k30_many_lines_of_one_place", STOP, ("same star",),
     "".join(f"s{i} 100 120\n" for i in range(5000))),
    ("k18_indented_comment", OK, (), "  # comment\n" + GOOD_CAT),
))

REGIONS = tuple(BadText(name, expect, says, content) for name, expect, says, content in (
    ("g00_good", OK, (), "image\ncircle(10,20,3)\nbox(30,40,5,6,20)\n"),
    ("g01_shape", STOP, ("line 2", "panda"), "image\npanda(10,20,0,90,2,1,5,3)\n"),
    ("g02_excluded", STOP, ("excluded",), "image\n-circle(10,20,3)\n"),
    ("g03_sky_without_wcs", STOP, ("wcs",), "fk5\ncircle(10,20,3\")\n"),
    ("g04_numbers", STOP, ("line 2", "circle"), "image\ncircle(10,nan,3)\n"),
    ("g05_no_radius", STOP, ("line 2",), "image\ncircle(10,20,0)\n"),
    ("g06_binary", STOP, ("utf-8",), b"\xff\xfe\x00circle"),
))


class _Evil:
    """A pickle that would make a file."""

    def __reduce__(self):
        return Path.touch, (Path(PWNED),)


def good_database(path, n_images=5):
    """Write a database of some images."""
    rows = {f"rg_{k:03d}": {
        "img_name": f"rg_{k:03d}", "set_name": "R", "mjd": 58709.0 + k, "gogogo": True,
        "treatme": True, "testlist": False, "filter": "R",
        "ran__1_character/1a_add_to_database": "done 1 1:"} for k in range(n_images)}
    run = {"number": 1, "script": "1_character/1a_add_to_database", "version": "0",
           "settings": {}, "time": ""}
    store = Store(Path(path))
    store.save(rows, {1: run})
    store.close()


def of_text(change):
    """Make a change of the text a change of the bytes."""
    return lambda good: change(good.decode()).encode()


DATABASES = tuple(BadText(name, expect, says, content) for name, expect, says, content in (
    ("d00_good", OK, (), lambda good: good),
    ("d01_zero_bytes", STOP, ("empty", "backup"), b""),
    ("d02_half", STOP, ("damaged",), lambda good: good[:len(good) // 2]),
    ("d04_nul_block", STOP, ("damaged",), lambda good: good[:200] + bytes(300) + good[500:]),
    ("d05_newer_version", STOP, ("newer",),
     of_text(lambda text: text.replace('"version": 1', '"version": 99'))),
    ("d06_version_text", STOP, ("damaged",),
     of_text(lambda text: text.replace('"version": 1', '"version": "x"'))),
    ("d08_duplicate_imgname", STOP, ("rg_001", "twice"),
     of_text(lambda text: text.replace("rg_002", "rg_001"))),
    ("d09_missing_field", FLAG, ("rg_003", "mjd"),
     of_text(lambda text: text.replace('"mjd": 58712.0, ', ""))),
    ("d10_wrong_type", STOP, ("rg_003", "mjd", "'soon'"),
     of_text(lambda text: text.replace('"mjd": 58712.0', '"mjd": "soon"'))),
    ("d11_nan", OK, ("rg_003", "mjd", "nan"),
     of_text(lambda text: text.replace('"mjd": 58712.0', '"mjd": NaN'))),
    ("d13_duplicate_key", FLAG, ("gogogo",),
     of_text(lambda text: text.replace('"mjd": 58712.0', '"gogogo": false, "mjd": 58712.0'))),
    ("d14_merge_markers", STOP, ("damaged",),
     lambda good: good.replace(b"\n", b"\n<<<<<<< ours\n", 2)),
    ("d15_utf16", STOP, ("utf-8",), lambda good: good.decode().encode("utf-16")),
    ("d16_crlf", OK, (), lambda good: good.replace(b"\n", b"\r\n")),
    ("d17_deep_nesting", STOP, ("damaged",), b"[" * 100_000),
    ("d18_empty_list", STOP, ("no image",), None),
    ("d22_name_leads_out", STOP, ("../../x",),
     of_text(lambda text: text.replace("rg_004", "../../x"))),
    ("d30_bom", OK, (), lambda good: b"\xef\xbb\xbf" + good),
    ("d31_row_without_gogogo", STOP, ("rg_000", "'gogogo'"),
     of_text(lambda text: text.replace('"gogogo": true, ', "", 1))),
    ("d32_record_of_words", STOP, ("rg_000", "'done x y:'"),
     of_text(lambda text: text.replace('"done 1 1:"', '"done x y:"', 1))),
    ("d33_half_a_letter", STOP, ("rg_000", "printed"),
     of_text(lambda text: text.replace('"filter": "R"', '"filter": "\\ud800"', 1))),
    ("d34_number_of_400_digits", STOP, ("rg_003", "mjd"),
     of_text(lambda text: text.replace("58712.0", "1" + "0" * 400))),
    ("d37_huge", STOP, ("rg_003", "mjd", "1e+30"),
     of_text(lambda text: text.replace("58712.0", "1e30"))),
    ("d38_no_coefficient", STOP, ("rg_000", "medcoeff", "cannot be 0"),
     of_text(lambda text: text.replace('"filter": "R"', '"medcoeff": 0.0', 1))),
    ("d39_negative_error", STOP, ("rg_000", "medcoeff_sigma", "cannot be -0.1"),
     of_text(lambda text: text.replace('"filter": "R"', '"medcoeff_sigma": -0.1', 1))),
    ("d40_no_pixels", STOP, ("rg_000", "nx_px", "cannot be 0"),
     of_text(lambda text: text.replace('"filter": "R"', '"nx_px": 0', 1))),
    ("d41_negative_side", STOP, ("rg_000", "lens_side_px", "cannot be -1"),
     of_text(lambda text: text.replace('"filter": "R"', '"lens_side_px": -1', 1))),
    ("d42_no_time", STOP, ("rg_000", "exptime_s", "cannot be 0"),
     of_text(lambda text: text.replace('"filter": "R"', '"exptime_s": 0', 1))),
    ("d35_sqlite", STOP, ("sqlite", "import_cosmouline"), b"SQLite format 3\0" + bytes(999)),
    ("d36_runs_without_number", STOP, ("damaged", "run"),
     of_text(lambda text: text.replace('"number": 1', '"number": "one"'))),
    ("d25_pickle_evil", SAFE, ("pickle",), pickle.dumps([_Evil()])),
))


def journal_line(entry):
    """Return one line of a journal, with its check sum."""
    text = json.dumps(entry, sort_keys=True)
    return f"{zlib.crc32(text.encode()):08x} {text}\n".encode()


SET = {"generation": 1, "img_name": "rg_001", "set": {"filter": "V"}}
JOURNALS = tuple(BadText(name, expect, says, content) for name, expect, says, content in (
    ("d20_journal_torn", OK, ("torn",), journal_line(SET) + journal_line(SET)[:30]),
    ("d20_torn_middle", OK, ("torn",), b"12345678 {\n" + journal_line(SET)),
    ("d21_journal_old_gen", OK, (), journal_line(SET | {"generation": 0})),
    ("d23_journal_nonsense", FLAG, ("torn",), journal_line([1, 2]) + journal_line({"set": 3})),
    ("d24_journal_binary", FLAG, ("torn",), bytes(range(256)) * 4),
))

GOOD_RDB = ("mhjd\tmag_A\tmagerr_A_5\tflag\n====\t=====\t==========\t====\n"
            "58000.1\t-10.1\t0.01\tTrue\n58001.1\t-10.2\t0.01\tTrue\n")
CURVES = tuple(BadText(name, expect, says, content) for name, expect, says, content in (
    ("r00_good", OK, (), GOOD_RDB),
    ("r01_nan_mag", FLAG, ("mag_a", "nan"), GOOD_RDB.replace("-10.1", "nan")),
    ("r02_ragged", STOP, ("line 3",), GOOD_RDB.replace("-10.1\t", "")),
    ("r04_unsorted_dups", FLAG, ("twice",),
     GOOD_RDB + "57999.1\t-10\t0.01\tTrue\n58000.1\t-10\t0.01\tTrue\n"),
    ("r05_zero_error", FLAG, ("error",), GOOD_RDB.replace("0.01", "0", 1)),
    ("r06_text", STOP, ("mag_a",), GOOD_RDB.replace("-10.1", "faint")),
    ("r07_no_date", STOP, ("mhjd",), GOOD_RDB.replace("mhjd", "date")),
    ("r08_binary", STOP, ("utf-8",), b"\xff\xfe\x00\x01"),
    ("r10_no_point", STOP, ("empty",), "\n".join(GOOD_RDB.split("\n")[:2])),
    ("r11_jd", FLAG, ("mhjd", "zero point"), GOOD_RDB.replace("5800", "245800")),
    ("r12_magnitude_99", FLAG, ("mag_a", "50"), GOOD_RDB.replace("-10.1", "99.0")),
    ("r13_decimal_comma", STOP, ("mag_a", "text"), GOOD_RDB.replace("-10.1", "-10,1")),
    ("r09_empty", STOP, ("not an rdb",), ""),
))

TELESCOPES = tuple(BadText(name, expect, says, content) for name, expect, says, content in (
    ("k21_yaml_code", SAFE, ("not yaml",),
     f"description: !!python/object/apply:os.system ['touch {PWNED}']\n"),
    ("k20_yaml_bomb", STOP, ("aliases",), "description: [&a [x, x], &b [*a, *a, *a], [*b, *b]]\n"),
    ("k22_yaml_deep", STOP, ("lists in lists",), "[" * 20_000),
    ("k23_yaml_list", STOP, ("",), "- a\n- b\n"),
    ("k24_yaml_binary", STOP, ("cannot be read",), b"\xff\xfe"),
))
