"""PSFs side by side: a second psf_name with a list of its own, and back to the first."""

import shutil

from cosmouline.database import paths, provenance, status
from cosmouline.database.database import Database
from cosmouline.deconv.io_fit import read_epochs
from cosmouline.files import io_catalog

import numpy as np
import pytest

LAST = "8_renorm/1a_renormalize"
FIRST = "4_norm/0_pick_stars"


def open_scripts(lens, trunk):
    """Give the scripts with records, up to the last one, that have something to do."""
    db, settings = Database(paths.database(lens.settings())), lens.settings()
    order = trunk.needed[:trunk.needed.index(LAST) + 1]
    found = status.states(db, settings, order)
    db.close()
    return [one["script"] for one in found if one["out of date"] or one["to do"] or one["failed"]]


@pytest.mark.long
def test_a_second_psf_leaves_all_of_the_first_up_to_date(lens_after, trunk):
    lens = lens_after(LAST)
    stars = io_catalog.read_cat(lens.work / "normstars.cat")
    io_catalog.write_cat(lens.config / "psf_faint.cat", stars[2:7], "stars of the second PSF")
    before = {name: dict(row) for name, row in lens.rows.items()}
    assert open_scripts(lens, trunk) == []

    lens.set('psf_name = "faint"\n')
    todo = open_scripts(lens, trunk)
    assert all(script.startswith("5_psf/") or script in (
        "7_deconv/0_star_photometry", LAST) for script in todo)
    for script in trunk.needed[trunk.needed.index(FIRST):trunk.needed.index(LAST)]:
        lens.run(script)
    row = lens.rows[lens.truth.good[0]]
    assert row["n_psf_cut__faint"] == 5
    assert row["n_psf_phot__faint"] == row["n_psf_phot__psf1"]

    lens.set()
    assert open_scripts(lens, trunk) == []
    for name, old in before.items():
        kept = {field: value for field, value in old.items() if not field.startswith("ran__")}
        assert kept.items() <= lens.rows[name].items()


def test_a_star_of_the_psf_alone_has_the_flux_that_it_had_as_one_of_all(lens_after):
    """On the stamps of the PSF lie the same pixels as on those of the objects."""
    lens = lens_after("7_deconv/0_star_photometry")
    name = lens.truth.good[0]
    shutil.copy2(lens.work / "normstars.cat", lens.config / "normstars.cat")
    before, stars = lens.rows[name], [
        star.name for star in io_catalog.read_cat(lens.work / "normstars.cat")]
    lens.set(f"norm_stars = {stars[:5]}\npsf_stars = {stars}\n")

    for script in ("6_extract/1_extract_objects", "6_extract/2_find_cosmics",
                   "7_deconv/0_star_photometry"):
        lens.run(script, redo=True, only=[name])

    row = lens.rows[name]
    assert row["n_objects"] == 6
    assert row["n_psf_phot__psf1"] == before["n_psf_phot__psf1"]
    for star in stars:
        field = f"star_flux_e__psf1__{star}"
        assert row.get(field) == pytest.approx(before.get(field), rel=1e-6)


def test_the_message_names_what_was_changed():
    row = {"set_name": "R", "ran__s": "done 1 1"}
    runs = {1: {"settings": {"psf_stars": "None 1a"}}}

    def why(text):
        return provenance.why_out_of_date(row, "s", (), runs, {"psf_stars": text})

    assert why("None 1a") == ""
    assert why("None 2b") == "psf_name, or the list of its stars, has changed"
    assert why("['a'] 1a") == "psf_stars has changed"


def test_a_fit_with_the_first_psf_that_an_image_has(lens_after):
    """The epochs of either PSF are those of a deconvolution with it alone."""
    lens = lens_after(LAST)
    lens.rename("psf1", "faint")
    shutil.copytree(lens.work / "psf_faint", lens.work / "psf_psf1")
    names = lens.truth.good
    db = Database(paths.database(lens.settings()))
    for name in names[1:]:
        db.update(name, {field.replace("faint", "psf1"): value
                         for field, value in db.rows[name].items() if "__faint" in field})
    db.save()
    db.close()
    lens.set("dec_psf_names = ['psf1', 'faint']\npsf_name = 'faint'\n")

    for script in ("7_deconv/1_prepare", "7_deconv/2_apply_norm"):
        lens.run(script)

    both = read_epochs(lens.work / "dec_lens" / "epochs.npz")
    assert [lens.rows[name]["dec_psf__lens"] for name in names] == ["faint"] + ["psf1"] * 5
    lens.set("psf_name = 'faint'\ndec_name = 'one'\n")
    for script in ("7_deconv/1_prepare", "7_deconv/2_apply_norm"):
        lens.run(script)
    one = read_epochs(lens.work / "dec_one" / "epochs.npz")
    assert both.names == one.names == names
    for field in ("data_e", "psf", "shift_px", "shift_sigma_px"):
        np.testing.assert_array_equal(getattr(both.epochs, field), getattr(one.epochs, field))
