from cosmouline.files import io_catalog

import pytest

SCRIPT = "7_deconv/0_opt_auto_skiplist"
DRY = "R_tiny_0003"


def report(lens):
    text = (lens.work / "report_dec_lens_left_out.txt").read_text()
    head, *rows = (line.split("|") for line in text.splitlines() if "|" in line)
    names = [cell.strip() for cell in head]
    return {row[0].strip(): dict(zip(names, (cell.strip() for cell in row), strict=True))
            for row in rows}


@pytest.mark.parametrize(("setting", "field", "word", "column"), [
    ("dec_fwhm_max_arcsec", "field_fwhm_arcsec", "seeing", "seeing"),
    ("dec_ellipticity_max", "field_ellipticity", "ellipticity", "ellipticity"),
    ("dec_sky_max_e", "sky_level_e", "sky", "sky"),
    ("dec_coeff_max", "renorm__renorm1", "coefficient", "coefficient")])
def test_the_image_beyond_a_limit_is_reported_and_listed(
        lens_before, caplog, setting, field, word, column):
    """The largest value of all images is left out by a limit just below it."""
    lens = lens_before("7_deconv/1_prepare")
    values = {name: lens.rows[name][field] for name in lens.truth.good}
    most = max(values, key=values.get)
    second = sorted(values.values())[-2]
    limit = (values[most] + second) / 2
    lens.set(f"{setting} = {limit!r}\n")

    lens.run(SCRIPT)

    rows = report(lens)
    assert list(rows) == [most]
    assert rows[most]["why"] == f"{word} above {limit:g}"
    assert float(rows[most][column]) == pytest.approx(values[most], abs=0.6, rel=0.01)
    listed = io_catalog.read_image_list(lens.work / "dec_lens" / "skiplist.txt")
    assert listed == {most: f"{word} above {limit:g}"}
    assert f"1 of 6 images left out: {word} above {limit:g}" in caplog.messages
    assert any(m.startswith("5 of 6 images stay: ") for m in caplog.messages)


def test_the_skiplist_of_the_lens_counts_and_names_are_checked(lens_before, caplog):
    lens = lens_before("7_deconv/1_prepare")
    (lens.config / "dec_lens_skiplist.txt").write_text(f"{DRY} trailed\nR_nowhere\n")

    lens.run(SCRIPT)

    assert report(lens)[DRY]["why"] == "skiplist: trailed"
    assert "1 of 6 images left out: skiplist" in caplog.messages
    assert any("R_nowhere" in message for message in caplog.messages)


def test_before_there_are_coefficients_the_other_limits_count(lens_before):
    lens = lens_before("7_deconv/1_prepare")
    for name in lens.truth.good:
        lens.update(name, renorm__renorm1=None)
    seeing = lens.rows[DRY]["field_fwhm_arcsec"]
    lens.set(f"dec_coeff_max = 0.1\ndec_fwhm_max_arcsec = {seeing - 1e-6}\n")

    lens.run(SCRIPT)

    rows = report(lens)
    assert DRY in rows
    assert all(row["why"].startswith("seeing above") for row in rows.values())


def test_nothing_is_left_out_without_limits(lens_before):
    lens = lens_before("7_deconv/1_prepare")

    lens.run(SCRIPT)

    assert "none" in (lens.work / "report_dec_lens_left_out.txt").read_text()
    assert "TINY" in (lens.work / "report_dec_lens_left_out.txt").read_text()
