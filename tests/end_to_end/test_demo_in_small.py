"""The whole order as a user runs it: a small lens, from frames to a light curve, by processes."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from cosmouline.database import paths
from cosmouline.database.database import Database, fitting
from cosmouline.database.script_header import read_header
from cosmouline.lightcurve.io_rdb import read_rdb

import pytest

PIPE = Path(__file__).resolve().parents[2] / "pipe"
RUN_ALL = PIPE / "run_all.py"
# another clock and another alphabet than those of the tests that run in this process
ELSEWHERE = {"COLUMNS": "200", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONUTF8": "0",
             "PYTHONCOERCECLOCALE": "0", "PYTHONHASHSEED": "3"}


def run_all(lens, *options, path=RUN_ALL):
    """Run the order in a process; give its exit status and what it told."""
    done = subprocess.run([sys.executable, str(path), str(lens.config), *options], text=True,
                          capture_output=True, check=False, env=os.environ | ELSEWHERE)
    return done.returncode, done.stdout + done.stderr


def scripts_run(text):
    """Give the scripts that a run has started, in order."""
    return [line.removeprefix("--- ") for line in text.splitlines() if line.startswith("--- ")]


def measured(row):
    """Give the fields of a row without the records and notes, which hold numbers and times."""
    return {f: v for f, v in row.items() if not f.startswith(("ran__", "made__"))}


@pytest.fixture(scope="module")
def whole(trunk, new_lens, tmp_path_factory):
    """Give a lens on which the whole order ran with two worker processes, and what was told."""
    lens = new_lens(tmp_path_factory.mktemp("whole"), trunk)
    lens.set('engine = "local"\nmax_cpus = 2\n')
    code, text = run_all(lens)
    return lens, code, text


@pytest.fixture
def finished(whole, trunk, new_lens, tmp_path):
    """Give a copy of that lens."""
    lens = new_lens(tmp_path / "lens", trunk, whole[0].work)
    lens.set('engine = "local"\nmax_cpus = 2\n')
    return lens


def test_the_order_comes_to_its_end_with_a_light_curve(whole, trunk):
    lens, code, text = whole

    assert code == 0, text
    assert scripts_run(text) == list(trunk.order)
    assert f"{len(trunk.order)} scripts done" in text
    assert "Traceback" not in text
    assert "Warning" not in text
    curve = read_rdb(paths.light_curve(lens.settings()))
    assert {"mhjd", "mag_A", "magerr_A_cov", "magsys_A", "mag_B", "magerr_B_5", "telescope",
            "flag"} <= set(curve)
    assert len(curve["mhjd"]) == len(lens.truth.good)
    assert curve["flag"].all()


def test_the_curves_meet_the_truth_and_the_spoilt_frame_is_out(whole, caplog, pages):
    lens, _, text = whole
    caplog.set_level("INFO", "cosmouline")

    lens.run("extrascripts/compare_with_truth", truth=str(lens.sky))

    assert caplog.messages[-1] == "all curves meet the truth; bad frames are out of use."
    clouded, = lens.truth.spoilt
    assert f"{clouded} rejected: not aligned: its WCS and its stars disagree" in text
    assert lens.rows[clouded]["whynot"].endswith("(3_align/3_update_flags)")


def test_two_processes_and_one_give_the_same_rows_bit_for_bit(whole, trunk, new_lens, tmp_path):
    parallel = whole[0].rows
    serial = new_lens(tmp_path / "serial", trunk, trunk.after(trunk.needed[-1])).rows

    for name, row in serial.items():
        of_runs = [field for field in row if field.startswith("ran__")]
        assert measured(row) == measured(parallel[name])
        # the same verdicts; the numbers of the runs differ by those that only draw
        assert {f: row[f].split()[0] for f in of_runs} == {
            f: parallel[name][f].split()[0] for f in of_runs}


def test_the_light_curves_are_the_same_byte_for_byte(
        whole, trunk, new_lens, tmp_path, monkeypatch):
    """By two processes elsewhere; and by one, in this time zone, from frames listed backwards."""
    lens = new_lens(tmp_path / "serial", trunk, trunk.after(trunk.needed[-1]))
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: iter([*listed(self)][::-1]))
    lens.run("1_character/1a_add_to_database")
    for script in ("7_deconv/6_readout", "lcmanip/1_join"):
        lens.run(script, redo=True)
    found = {path.relative_to(lens.work): path.read_bytes() for path in lens.work.rglob("*.rdb")}

    assert found
    for path, content in found.items():
        assert (whole[0].work / path).read_bytes() == content, path


def test_products_are_the_same_byte_for_byte(whole, trunk):
    """By two processes elsewhere, and in this one: other engine, folder, clock, alphabet, seed."""
    lens, here = whole[0], trunk.after(trunk.needed[-1])
    products = [path.relative_to(here) for path in sorted(here.rglob("*"))
                if path.suffix in (".fits", ".npz", ".cat", ".reg", ".ecsv", ".rdb")]

    kinds = {str(path.parent) + path.suffix for path in products}
    assert {"ali.fits", "badpix.fits", "sky.fits", "psf_psf1.fits", "objects.fits", "..cat",
            "..ecsv", "dec_lens.npz", "dec_lens.cat", "export.rdb", "export.ecsv"} <= kinds
    assert [str(path) for path in products
            if (lens.work / path).read_bytes() != (here / path).read_bytes()] == []


def test_every_product_is_where_its_script_says(whole):
    lens = whole[0]
    names = {str(path.relative_to(lens.work)) for path in lens.work.rglob("*")}

    for image in lens.truth.good:
        assert {f"ali/{image}.fits", f"ali/{image}.cat.fits", f"sky/{image}.fits",
                f"psf_psf1/{image}_stamps.fits", f"psf_psf1/{image}_psf.fits",
                f"psf_psf1_png/{image}.png", f"objects/{image}.fits",
                f"objects_png/{image}.png", f"dec_lens_png/{image}.png"} <= names
    assert {"badpix/R.fits", "report_content.txt", "report_alignment.txt", "report_renorm1.txt",
            "normstars.cat", "normstars.reg", "field_stars.ecsv", "dec_lens/epochs.npz",
            "dec_lens/start.cat", "dec_lens/fit.npz", "plots/alignment.png",
            "plots/alignment_sheet.png", "plots/stars_aperture.png", "plots/medcoeff.png",
            "plots/map.png", "plots/histograms.png", "plots/seeing_by_date.png",
            "plots/stars_renorm1.png", "plots/renorm1.png", "plots/dec_lens.png",
            "plots/lens_by_field_fwhm_arcsec.png", "export/TINY_db.ecsv", "export/TINY_db.pkl",
            "export/TINY_readme.txt", "export/TINY_lens_by_night.rdb",
            "export/TINY_lens_by_night.png"} <= names
    assert not [name for name in names if ".tmp." in name or name.endswith(".lock")]


def test_a_second_run_keeps_all_and_changes_no_field(finished, trunk):
    lens = finished
    before = lens.rows

    for script in trunk.order:
        header = read_header(script)
        counts = lens.run(script) if header.leaves_record else None
        if counts:
            assert counts["kept"] == sum(counts.values()), script

    for name, row in lens.rows.items():
        assert measured(row) == measured(before[name])
        for field in fitting(row, ("ran__{script}",)):  # outcome, and run of the last change
            assert row[field].split()[::2] == before[name][field].split()[::2]


def test_an_update_computes_what_is_new_and_gives_what_all_at_once_gave(finished, whole):
    """The fluxes of 6 images and then one more against those of 7 at once: 0.1 of their errors.

    The joint fit of all starts at another place, and stops at 0.02 errors.
    """
    lens, name = finished, whole[0].truth.good[-1]
    lens.update(name, gogogo=False, whynot="kicklist: as if it were not here")
    for script in ("8_renorm/1a_renormalize", "7_deconv/1_prepare", "7_deconv/2_apply_norm",
                   "7_deconv/3_write_start", "7_deconv/4_deconv", "7_deconv/6_readout"):
        lens.run(script)
    db = Database(paths.database(lens.settings()))
    db.update(name, {"treatme": False})
    del db.rows[name]
    db.save()
    db.close()

    code, text = run_all(lens, "--no-pictures", path=PIPE / "all_update" / "1_update.py")

    assert code == 0, text
    assert "1 new frames, 6 known" in text
    report = paths.report(lens.settings(), "update").read_text().splitlines()
    counts = {row[0].strip(): [int(n) for n in row[1:]]
              for row in (line.split("|") for line in report) if len(row) == 4 and "/" in row[0]}
    n_old = len(lens.truth.good) - 1
    for script in ("5_psf/4_build_psf", "6_extract/1_extract_objects",
                   "7_deconv/0_star_photometry"):
        assert counts[script] == [1, 0, n_old], script
    assert counts["7_deconv/6_readout"][:2] == [1, n_old]
    assert [n for n, row in lens.rows.items() if row["updating"]] == [name]
    before = whole[0].rows
    for image in lens.truth.good:
        for source in "AB":
            flux, sigma = f"flux_e__lens__{source}", f"flux_sigma_e__lens__{source}"
            assert lens.rows[image][flux] == pytest.approx(
                before[image][flux], abs=0.1 * before[image][sigma])


def test_the_status_counts_what_is_done(finished):
    finished.set("detect_min_area_px = 6\n")

    code, text = run_all(finished, "--status")

    assert code == 0
    lines = {line.split("|")[0].strip(): [cell.strip() for cell in line.split("|")[1:]]
             for line in text.splitlines() if "|" in line}
    assert lines["1_character/1b_copy_convert"] == ["6", "0", "0", "0"]
    assert lines["1_character/3a_detect"] == ["0", "0", "6", "0"]  # out of date
    assert "7 images, 6 in use" in text
    assert "1 rejected: not aligned: its WCS and its stars disagree" in text
    assert not scripts_run(text)


def test_a_stretch_of_the_order(trunk, new_lens, tmp_path):
    lens = new_lens(tmp_path / "lens", trunk, trunk.after("1_character/1b_copy_convert"))

    code, text = run_all(lens, "--from", "1_character/1c", "--to", "1_character/2a")

    assert code == 0
    assert scripts_run(text) == ["1_character/1c_report", "1_character/2a_astrocalc"]
    assert "2 scripts done" in text


def test_the_first_failure_stops_with_the_name_of_its_script(trunk, new_lens, tmp_path):
    lens = new_lens(tmp_path / "lens", trunk, trunk.after("1_character/2a_astrocalc"))

    code, text = run_all(lens, "--from", "1_character/3a", "--to", "2_skysub")

    assert code == 1
    assert scripts_run(text) == ["1_character/3a_detect"]
    assert "have no 'n_hot_px'" in text
    assert ("stopped at 1_character/3a_detect (exit status 1). Correct the problem "
            "above, then go on with --from 1_character/3a_detect") in text


def test_a_failed_image_stops_the_order_and_keep_going_does_not(trunk, new_lens, tmp_path):
    lens = new_lens(tmp_path / "lens", trunk, trunk.after("1_character/2c_hot_pixels"))
    paths.image(lens.settings(), "R_tiny_0003").unlink()
    stretch = ("--from", "1_character/3a", "--to", "1_character/3b")

    code, text = run_all(lens, *stretch)
    assert code == 3
    assert scripts_run(text) == ["1_character/3a_detect"]
    assert "R_tiny_0003 failed: " in text
    assert "stopped at 1_character/3a_detect (exit status 3)" in text

    code, text = run_all(lens, *stretch, "--keep-going")
    assert scripts_run(text) == ["1_character/3a_detect", "1_character/3b_measure_seeing"]
    assert "2 scripts done" in text
    assert sum("fwhm_px" in row for row in lens.rows.values()) == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_running_script_too(trunk, new_lens, tmp_path, number):
    lens = new_lens(tmp_path / "lens", trunk, trunk.after("5_psf/3b_choose_prior"))
    command = [sys.executable, str(RUN_ALL), str(lens.config), "--from", "5_psf/4_build_psf"]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as run:
        for line in run.stdout:
            if line.startswith("5_psf/4_build_psf on"):
                break
        run.send_signal(number)
        text = run.stdout.read()

    assert run.returncode == 128 + number  # 130, 143: as shells tell it
    script = "5_psf/4_build_psf"
    assert f"stopped at {script} (interrupted). Go on with --from {script}" in text
    assert "Traceback" not in text
    assert not list(lens.work.glob("*.lock"))


def test_options_are_handed_on_to_the_scripts(trunk, new_lens, tmp_path):
    lens = new_lens(tmp_path / "lens", trunk, trunk.after("1_character/3a_detect"))
    lens.update("R_tiny_0001", testlist=True)

    code, text = run_all(lens, "--from", "1_character/3a", "--to", "1_character/3a", "--redo",
                         "--test", "--cpus", "1")

    assert code == 0
    assert "1 done" in text
    assert "7 kept" not in text


@pytest.mark.parametrize(("options", "message"), [
    (["--from", "nothing"], "no script begins with 'nothing'. See run_all.py --list."),
    (["--from", "5_psf", "--to", "3_align"], "5_psf")])
def test_a_stretch_that_is_none_is_told(trunk, new_lens, tmp_path, options, message):
    lens = new_lens(tmp_path / "lens", trunk)

    code, text = run_all(lens, *options)

    assert code == 1
    assert message in text


def test_a_folder_without_settings_is_told(trunk, new_lens, tmp_path):
    lens = new_lens(tmp_path / "lens", trunk)
    shutil.rmtree(lens.config)

    code, text = run_all(lens)

    assert code == 1
    assert "For a new lens copy configs/sample to" in text
