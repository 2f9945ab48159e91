import hashlib

from cosmouline.database import paths
from cosmouline.errors import UserError

import pytest

SCRIPT = "lcmanip/4_opt_export_final"


def test_the_bundle_is_whole_and_its_hashes_are_right(lens_after, caplog):
    lens = lens_after("lcmanip/1_join")
    lens.run("9_export/export")
    (lens.work / "combi_best.fits").write_bytes(b"a stack")

    lens.run(SCRIPT)
    lens.run(SCRIPT)  # again on the same day: made anew

    folder, = paths.final(lens.settings()).iterdir()
    assert folder.name[10:] == "_TINY_lens"
    readme = (folder / "readme.txt").read_text()
    listed = dict(line.split("  ")[::-1] for line in readme.splitlines() if line[64:66] == "  ")
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == {*listed, "readme.txt"}
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert {"curves/TINY_lens_by_night.rdb", "curves/TINY_lens_by_night.ecsv", "combi_best.fits",
            "config/settings.py", "database/TINY_db.json", "report_join_lens_by_night.txt"
            } <= set(listed)
    assert (folder / "curves/TINY_lens_by_night.rdb").read_bytes() == paths.light_curve(
        lens.settings()).read_bytes()
    assert "written 20" in readme
    assert "numpy " in readme
    # nothing was drawn on the small lens: the readme lists them
    assert "missing:\n  curves/TINY_lens_by_night.png" in readme
    assert any(m == "missing: curves/TINY_lens_by_night.png" for m in caplog.messages)


def test_without_a_curve_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"TINY_lens_by_night\.rdb\. Run lcmanip/1_join\.py first"):
        lens_before("lcmanip/1_join").run(SCRIPT)
