"""Attacks: nothing of a frame, a name or a file from elsewhere is executed or leads out."""

import ast
import gzip
import importlib.util
import os
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.json_store import Store
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.atomic import atomic_path
from cosmouline.files.io_fits import read_frame, read_header
from cosmouline.plots import style

import pytest
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [path for top in ("pipe", "lcmanip", "extrascripts", "skymaker")
           for path in sorted((ROOT / top).rglob("*.py"))]
spec = importlib.util.spec_from_file_location("badinputs", Path(__file__).parent / "badinputs.py")
bad = sys.modules.setdefault("badinputs", importlib.util.module_from_spec(spec))
spec.loader.exec_module(bad)

FORBIDDEN = {  # call: modules that may have it
    "eval": (), "exec": (), "os.system": (), "os.popen": (), "pickle.load": (),
    "pickle.loads": ("worker.py",),  # a file of our own, in a folder that is ours alone
    "yaml.load": (), "yaml.unsafe_load": (), "yaml.full_load": (),
    "joblib.load": (), "dill.load": (), "tarfile.open": (), "shutil.unpack_archive": (),
    "runpy.run_path": ("settings.py", "launch.py", "write_docs.py", "status.py",
                        "script_header.py"),
}
COLOURED = "R\x1b[31m\x07"


@pytest.fixture(scope="module")
def good():
    return bad.good_frames(1)[0]


@pytest.fixture
def bomb(tmp_path):
    path = tmp_path / "bomb.fits.gz"
    path.write_bytes(bad.bomb(None))
    return path


def calls_of(path):
    """Return (name, keywords) of every call of a file, as ``module.function``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}


def test_no_source_runs_what_it_reads():
    for path in SOURCES:
        for name, keywords in calls_of(path):
            assert path.name in FORBIDDEN.get(name, (path.name,)), f"{path}: {name}"
            assert keywords.get("shell", "False") == "False", path
            assert name != "np.load" or keywords.get("allow_pickle") == "False", path
    assert len(SOURCES) > 200


def test_a_bomb_is_refused_before_it_fills_the_memory(bomb):
    """A gigabyte in 1 MB: more than 64 MB of it are never unpacked."""
    tracemalloc.start()
    with pytest.raises(ImageRejected, match=r"size: \d+ kB of gzip give more than 6\d MB"):
        read_header(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert bomb.stat().st_size < 2 << 20
    assert peak < 200 << 20


def test_an_honest_gzip_is_no_bomb(tmp_path, good):
    """A frame of noise shrinks to a half; one of 16 million equal pixels is none to measure."""
    (tmp_path / "a.fits.gz").write_bytes(gzip.compress(bad.plain(good)))

    assert read_frame(tmp_path / "a.fits.gz").data_adu.shape == good.data.shape


def test_a_huge_header_is_bounded(tmp_path, good):
    raw = bad.plain(good)
    (tmp_path / "a.fits").write_bytes(raw[:2400] + b"COMMENT".ljust(80) * 120_000)

    with pytest.raises(ImageRejected, match="size: a header of more than 8 MB"):
        read_header(tmp_path / "a.fits")


def test_control_characters_of_a_header_reach_nobody(tmp_path, good):
    raw = bad.with_card(bad.plain(good), "FILTER", f"FILTER  = '{COLOURED}'")
    (tmp_path / "a.fits").write_bytes(raw)

    assert read_header(tmp_path / "a.fits")["FILTER"] == "R?[31m?"


@pytest.mark.parametrize("text", ["../../PWNED", "$(touch PWNED)", "{0.__class__} %s %n", "a/b",
                                  "<img src=x>", "R'; DROP TABLE"])
def test_a_filter_with_an_attack_is_text_everywhere(tmp_path, new_lens, good, text):
    campaign = SimpleNamespace(**{name: getattr(bad.tiny_campaign(1), name) for name in (
        "telescopes", "frames", "name", "ra_deg", "dec_deg")})
    raw = tmp_path / "sky" / "frames" / campaign.telescopes[0].name
    raw.mkdir(parents=True)
    (raw / "a.fits").write_bytes(bad.changed(FILTER=text, OBJECT=text)(good))
    lens = new_lens(tmp_path / "lens", SimpleNamespace(campaign=campaign, sky=tmp_path / "sky"))
    for script in ("1a_add_to_database", "1b_copy_convert", "1c_report"):
        lens.run(f"1_character/{script}")

    assert lens.rows["R_a"]["filter"] == text
    assert text in paths.report(lens.settings(), "content").read_text()
    assert not list(tmp_path.rglob("PWNED*"))


def test_a_title_with_half_a_formula_is_drawn_as_it_is(tmp_path):
    page = Figure()
    page.suptitle(style.safe_text(r"$\frac{$ _^"))

    page.savefig(tmp_path / "a.png")  # mathtext would raise here


def test_a_link_in_the_work_folder_that_leads_out_is_refused(tmp_path):
    work, outside = tmp_path / "work", tmp_path / "outside"
    work.mkdir()
    outside.mkdir()
    settings = SimpleNamespace(work_dir=work)
    (work / "inner").mkdir()
    (work / "again").symlink_to("inner")
    paths.check_links(settings)
    (work / "ali").symlink_to(outside)

    with pytest.raises(UserError, match=r"work/ali is a link to '.*outside', outside of work_dir"):
        paths.check_links(settings)


def test_a_script_stops_at_such_a_link_and_a_work_folder_may_be_one(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "work").symlink_to("real")
    (tmp_path / "settings.py").write_text(f"work_dir = {str(tmp_path / 'work')!r}\n")
    paths.check_links(SimpleNamespace(work_dir=tmp_path / "work"))
    (tmp_path / "real" / "logs").symlink_to("/tmp")

    done = subprocess.run([sys.executable, ROOT / "pipe/1_character/1c_report.py", tmp_path],
                          capture_output=True, text=True)

    assert done.returncode == 1
    assert re.fullmatch(r"1_character/1c_report: \S+logs is a link to '/\S+', outside of "
                        r"work_dir: .*\n", done.stderr)
    assert done.stdout == ""


def test_a_product_that_is_a_link_is_replaced_not_followed(tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "product.fits").symlink_to("victim")

    with atomic_path(tmp_path / "product.fits") as temporary:
        temporary.write_text("new")

    assert (tmp_path / "victim").read_text() == "precious"
    assert not (tmp_path / "product.fits").is_symlink()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/b", "", ".x", "a\x1b[31m", "a\n",
                                  "-" * 300])
def test_a_database_cannot_name_a_file_elsewhere(tmp_path, name):
    store = Store(tmp_path / "database.json")
    store.save({name: {"img_name": name}}, {})

    with pytest.raises(UserError, match="an image is called") as stop:
        Database(tmp_path / "database.json")
    assert str(stop.value).isprintable()


def test_reading_a_fifo_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "a.fits")

    with pytest.raises(ImageRejected, match="not a regular file"):
        read_frame(tmp_path / "a.fits")
