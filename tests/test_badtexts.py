"""Every kind of bad settings, list, database and light curve comes to its verdict, in one line."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError
from cosmouline.files.io_catalog import read_cat
from cosmouline.files.io_regions import read_ds9_masks
from cosmouline.frames.telescope import load_telescope
from cosmouline.lightcurve import db_curves
from cosmouline.run import make_options
from cosmouline.sources import db_star_catalogue

import numpy as np
import pytest

spec = importlib.util.spec_from_file_location("badtexts", Path(__file__).parent / "badtexts.py")
bad = sys.modules.setdefault("badtexts", importlib.util.module_from_spec(spec))
spec.loader.exec_module(bad)

REFERENCE = {"img_name": "R_1", "nx_px": 180, "ny_px": 160, "is_aligned": True, "align_m11": 1.0,
             "align_m12": 0.0, "align_dx_px": 0.0, "align_m21": 0.0, "align_m22": 1.0,
             "align_dy_px": 0.0}
FIELD_XY = np.array([(99, 119), (29, 39), (59.5, 79.25), (2, 89)], float)  # from 0


def names(kind):
    return kind.name


def write(path, kind, good=b""):
    """Write the content of one kind."""
    content = kind.content(good) if callable(kind.content) else kind.content
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def verdict_of(work, caplog):
    """Do some work; return verdict and message."""
    try:
        notices = work() or []
    except UserError as problem:
        return bad.STOP, str(problem)
    told = [*notices, *(r.getMessage() for r in caplog.records if r.levelname == "WARNING")]
    return (bad.FLAG if told else bad.OK), "; ".join(told)


def counted(verdict, kind):
    """Return how a verdict counts: a hostile file that stops is safe; OK may say what it did."""
    if kind.expect == bad.SAFE and verdict == bad.STOP:
        return bad.SAFE
    return bad.OK if kind.expect == bad.OK and kind.says and verdict == bad.FLAG else verdict


def check(kind, found, path):
    """Compare a verdict with what the kind must come to; a message is one line with its file."""
    verdict, text = found
    assert counted(verdict, kind) == kind.expect, text
    assert [word for word in kind.says if word not in text.lower()] == []
    assert "\n" not in text
    assert text.isprintable()
    if verdict == bad.STOP and kind.name != "d18_empty_list":
        assert path.name in text
    assert not Path(bad.PWNED).exists()


def judge_settings(folder, kind):
    """Load settings of one kind."""
    path = folder / "settings.py"
    good = f"work_dir = {str(folder / 'work')!r}\n{bad.GOOD_SETTINGS}".encode()
    if isinstance(kind.content, str):
        text = kind.content.replace("{folder!r}", repr(str(folder)))
        path.write_bytes(good + text.encode())
    else:
        write(path, kind, good)
    return path, lambda: load_settings(folder) and None


def judge_catalogue(folder, kind):
    """Read a star list and compare it with the field, as the choice of stars does."""
    path = write(folder / "normstars.cat", kind)

    def work():
        stars = read_cat(path)
        db_star_catalogue.check_on_images(stars, [REFERENCE], path)
        db_star_catalogue.check_on_field(stars, SimpleNamespace(xy_px=FIELD_XY), REFERENCE, path)
    return path, work


def judge_database(folder, kind):
    """Open a database of one kind and ask it for its images."""
    path = folder / "database.json"
    bad.good_database(path, 0 if kind.content is None else 5)
    if kind.content is not None:
        write(path, kind, path.read_bytes())
    return path, lambda: images_of(path)


def judge_journal(folder, kind):
    """Open a good database with a journal of one kind."""
    path = folder / "database.json"
    bad.good_database(path)
    write(folder / "database.json.journal", kind)
    return path, lambda: images_of(path)


def images_of(path):
    """Return the notices of a database whose images are asked for."""
    db = Database(path)
    db.to_treat(SimpleNamespace(options=make_options()), ("mjd",))
    return [text for text in db.notices if "edited by hand" not in text]


def judge_region(folder, kind):
    """Read a region file."""
    path = write(folder / "obj_lens_mask.reg", kind)
    return path, lambda: read_ds9_masks(path) and None


def judge_curve(folder, kind):
    """Read somebody's light curve."""
    path = write(folder / "other.rdb", kind)
    return path, lambda: db_curves.read_any(path) and None


def judge_telescope(folder, kind):
    """Read a description of a telescope."""
    path = write(folder / "Own.yaml", kind)
    return path, lambda: load_telescope(str(path)) and None


JUDGES = ((bad.SETTINGS, judge_settings), (bad.CATALOGUES, judge_catalogue),
          (bad.REGIONS, judge_region), (bad.DATABASES, judge_database),
          (bad.JOURNALS, judge_journal), (bad.CURVES, judge_curve),
          (bad.TELESCOPES, judge_telescope))
ALL = [(kind, judge) for kinds, judge in JUDGES for kind in kinds]


@pytest.mark.parametrize(("kind", "judge"), ALL, ids=[kind.name for kind, _ in ALL])
def test_a_bad_file_comes_to_its_verdict(
        tmp_path, caplog, monkeypatch, record_property, kind, judge):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path, work = judge(tmp_path, kind)
    before = path.read_bytes()

    verdict, text = verdict_of(work, caplog)
    short = text.replace(f"{tmp_path}/", "")
    record_property("verdict", f"{kind.name}\t{kind.expect}\t{counted(verdict, kind)}\t{short}")
    check(kind, (verdict, text), path)

    assert path.read_bytes() == before  # nothing was changed
    assert not (tmp_path / "~").exists()


def test_what_follows_a_torn_line_of_the_journal_is_applied(tmp_path):
    _, _ = judge_journal(tmp_path, bad.JOURNALS[1])

    assert Database(tmp_path / "database.json").rows["rg_001"]["filter"] == "V"


def test_a_database_with_nan_can_be_saved(tmp_path):
    kind = next(kind for kind in bad.DATABASES if kind.name == "d11_nan")
    path, _ = judge_database(tmp_path, kind)
    db = Database(path)
    db.save()
    db.close()

    assert "mjd" not in Database(path).rows["rg_003"]
