from cosmouline.errors import UserError

import pytest

SCRIPT = "7_deconv/1_prepare"


def numbers(lens):
    """Names of the chosen images, in the order of their numbers."""
    found = {row["dec_number__lens"]: name for name, row in lens.rows.items()
             if "dec_number__lens" in row}
    assert sorted(found) == list(range(1, len(found) + 1))
    return [found[number] for number in sorted(found)]


def test_images_are_numbered_in_the_order_of_time(lens_before):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0006", mjd=lens.rows["R_tiny_0001"]["mjd"] - 1)
    lens.update("R_tiny_0002", renorm_calib__renorm1=0.02, renorm_calib_night__renorm1=0.01)

    lens.run(SCRIPT)

    assert numbers(lens) == ["R_tiny_0000", "R_tiny_0006", "R_tiny_0001", "R_tiny_0002",
                             "R_tiny_0003", "R_tiny_0005"]
    row = lens.rows["R_tiny_0002"]
    assert row["dec_psf__lens"] == "psf1"
    assert row["dec_coeff__lens"] == row["renorm__renorm1"]
    assert row["dec_coeff_sigma__lens"] == row["renorm_sigma__renorm1"]
    assert (row["dec_calib__lens"], row["dec_calib_night__lens"]) == (0.02, 0.01)


def test_the_scatter_of_the_stars_is_that_of_the_renormalisation_used(lens_before):
    lens = lens_before(SCRIPT)
    lens.rename("renorm1", "second")
    lens.set("renorm_name = 'second'\n")
    lens.update("R_tiny_0002", renorm_calib__second=0.03, renorm_calib_night__second=0.01)

    lens.run(SCRIPT)

    row = lens.rows["R_tiny_0002"]
    assert (row["dec_calib__lens"], row["dec_calib_night__lens"]) == (0.03, 0.01)


@pytest.mark.parametrize(("kind", "field"), [("medcoeff", "medcoeff"), ("none", None)])
def test_the_kind_of_the_coefficient(lens_before, kind, field):
    lens = lens_before(SCRIPT)
    lens.set(f"dec_coefficient = {kind!r}\n")

    lens.run(SCRIPT)

    for name in numbers(lens):
        row = lens.rows[name]
        expected = (row[field], row[f"{field}_sigma"]) if field else (1.0, 0.0)
        assert (row["dec_coeff__lens"], row["dec_coeff_sigma__lens"]) == expected


def test_the_skiplist_leaves_out_and_the_image_stays_in_use(lens_before, caplog):
    lens = lens_before(SCRIPT)
    (lens.config / "dec_lens_skiplist.txt").write_text("R_tiny_0003 trailed\n")

    lens.run(SCRIPT)

    assert "R_tiny_0003" not in numbers(lens)
    assert lens.rows["R_tiny_0003"]["gogogo"] is True
    assert "1 images left out: skiplist: trailed (first: R_tiny_0003)" in caplog.messages
    assert "5 images chosen" in caplog.messages


def test_the_skiplist_of_the_psf_counts_too(lens_before, caplog):
    lens = lens_before(SCRIPT)
    (lens.config / "psf_psf1_skiplist.txt").write_text("R_tiny_0002 ring\n")
    (lens.config / "psf_other_skiplist.txt").write_text("R_tiny_0001 of another PSF\n")

    lens.run(SCRIPT)

    assert set(numbers(lens)) == set(lens.truth.good) - {"R_tiny_0002"}
    assert "1 images left out: skiplist: ring (first: R_tiny_0002)" in caplog.messages


@pytest.mark.parametrize(("setting", "field", "word"), [
    ("dec_fwhm_max_arcsec", "field_fwhm_arcsec", "seeing"),
    ("dec_ellipticity_max", "field_ellipticity", "ellipticity"),
    ("dec_coeff_max", "renorm__renorm1", "coefficient")])
def test_images_beyond_a_limit_are_left_out(lens_after, caplog, setting, field, word):
    lens = lens_after(SCRIPT)
    worst, second = sorted(lens.truth.good, key=lambda name: -lens.rows[name][field])[:2]
    limit = (lens.rows[worst][field] + lens.rows[second][field]) / 2
    lens.set(f"{setting} = {limit}\n")

    lens.run(SCRIPT)

    assert set(numbers(lens)) == set(lens.truth.good) - {worst}
    assert not [f for f in lens.rows[worst] if f.startswith("dec_")]  # those of before are gone
    assert f"1 images left out: {word} above {limit:g} (first: {worst})" in caplog.messages


def test_an_image_without_coefficient_is_left_out(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", renorm__renorm1=None)

    lens.run(SCRIPT)

    assert ("1 images have no 'renorm__renorm1' (first: R_tiny_0003): passed over"
            in caplog.messages)
    assert "R_tiny_0003" not in numbers(lens)


def test_an_image_rejected_since_loses_its_number(lens_after):
    lens = lens_after(SCRIPT)
    lens.update("R_tiny_0003", gogogo=False, whynot="kicklist: trailed")

    lens.run(SCRIPT)

    assert "dec_number__lens" not in lens.rows["R_tiny_0003"]
    assert len(numbers(lens)) == 5


def test_nothing_left_is_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("dec_fwhm_max_arcsec = 0.1\n")

    with pytest.raises(UserError, match="no image is left for the deconvolution: see the reasons"):
        lens.run(SCRIPT)


@pytest.mark.parametrize("script", ["5_psf/4_build_psf", "6_extract/2_find_cosmics",
                                    "8_renorm/1a_renormalize"])
def test_the_scripts_before_are_named(lens_before, script):
    with pytest.raises(UserError, match=rf"Run {script}\.py first"):
        lens_before(script).run(SCRIPT)


def test_no_other_coefficient_is_needed_than_that_of_the_settings(lens_before):
    lens = lens_before(SCRIPT)
    for name in lens.truth.good:
        lens.update(name, renorm__renorm1=None, renorm_sigma__renorm1=None)
    lens.set("dec_coefficient = 'none'\n")

    lens.run(SCRIPT)

    assert len(numbers(lens)) == len(lens.truth.good)


def test_each_image_gets_the_first_psf_that_it_has_and_that_is_not_refused(lens_before, caplog):
    lens = lens_before(SCRIPT)
    first, second, third, *_ = good = lens.truth.good
    for name in good:  # all but the first have one more PSF; the third has that alone
        lens.update(name, n_psf_used__faint=None if name == first else 8)
    lens.update(third, n_psf_used__psf1=None)
    lens.set("dec_psf_names = ['faint', 'psf1']\n")
    (lens.config / "psf_faint_skiplist.txt").write_text(f"{second} ring\n")

    lens.run(SCRIPT)

    assert [lens.rows[name]["dec_psf__lens"] for name in (first, second, third)] == [
        "psf1", "psf1", "faint"]
    assert numbers(lens) == good
    (lens.config / "psf_faint_skiplist.txt").write_text(f"{third} ring\n")
    lens.run(SCRIPT)
    assert numbers(lens) == [name for name in good if name != third]
    assert any("left out: skiplist: ring" in m for m in caplog.messages)
    lens.set("dec_psf_names = ['faint']\n")  # as one psf_name
    with pytest.raises(UserError, match="'n_psf_used__faint'"):
        lens.run(SCRIPT)
