import shutil
from pathlib import Path

from cosmouline.errors import UserError
from cosmouline.files import io_table

import pytest

SCRIPT = "extrascripts/compare_with_truth"
READOUT = "7_deconv/6_readout"


def test_the_small_lens_meets_its_truth(lens_after, pages, caplog):
    lens = lens_after(READOUT)
    pages.clear()  # of what made the lens, where this test is the first that asks for it

    lens.run(SCRIPT, truth=str(lens.sky))

    assert caplog.messages[-1] == "all curves meet the truth; bad frames are out of use."
    clouded, = lens.truth.spoilt
    assert any(m.startswith(f"{clouded} is out of use: not aligned") for m in caplog.messages)
    text = (lens.work / "report_truth.txt").read_text()
    rows = {line.split("|")[0].strip(): [float(cell) for cell in line.split("|")[1:]]
            for line in text.splitlines() if line[:2] in ("A ", "B ")}
    for source, mag in (("A", 17.6), ("B", 18.4)):
        measured, true = rows[source][:2]
        assert true == pytest.approx(mag, abs=0.5)  # it varies
        assert measured == pytest.approx(true, abs=0.02)
    assert text.startswith("TINY: truth")
    assert set(pages) == {"truth"}
    assert any("TINY: measured and true" in one for one in pages.texts("truth"))


def test_images_with_fluxes_are_those_of_the_deconvolution(lens_after, pages, caplog):
    lens = lens_after(READOUT)
    for old, new in (("__lens", "__quad"), (":lens", ":quad"), ("dec_lens", "dec_quad")):
        lens.rename(old, new)
    lens.set('dec_name = "quad"\n')

    lens.run(SCRIPT, truth=str(lens.sky))

    assert caplog.messages[-1] == "all curves meet the truth; bad frames are out of use."


def test_a_wrong_flux_is_told(lens_after, pages):
    lens = lens_after(READOUT)
    for name in lens.truth.good:
        lens.update(name, flux_e__lens__A=1.05 * lens.rows[name]["flux_e__lens__A"])

    with pytest.raises(UserError, match=r"the truth is missed\. A: bias of [45]\.\d+ %, more than "
                                        "2 %"):
        lens.run(SCRIPT, truth=str(lens.sky))


def test_wrong_errors_are_told(lens_after, pages):
    lens = lens_after(READOUT)
    for name in lens.truth.good:
        for source in "AB":
            field = f"flux_sigma_e__lens__{source}"
            lens.update(name, **{field: 5 * lens.rows[name][field]})

    with pytest.raises(UserError, match=r"A: pull of 0\.[0-4]"):
        lens.run(SCRIPT, truth=str(lens.sky))


def test_a_spoilt_frame_in_use_and_a_good_one_out_of_use_are_told(lens_after, pages):
    lens = lens_after(READOUT)
    clouded, = lens.truth.spoilt
    good = lens.rows[lens.truth.good[0]]
    fluxes = {name: value for name, value in good.items() if "__lens" in name}
    lens.update(clouded, gogogo=True, whynot=None)
    lens.update("R_tiny_0003", gogogo=False, whynot="no reason")

    with pytest.raises(UserError, match=r"truth is missed\. R_tiny_0003: good, but out of use$"):
        lens.run(SCRIPT, truth=str(lens.sky))  # the other has no fluxes
    lens.update(clouded, renorm__renorm1=1.0, **fluxes)
    with pytest.raises(UserError, match=f"{clouded}: thick cloud, but in use"):
        lens.run(SCRIPT, truth=str(lens.sky))


def test_a_folder_without_truth_is_told(lens_after):
    lens = lens_after(READOUT)

    with pytest.raises(UserError, match=r"there is no .*truth_frames\.ecsv: give the folder that "
                                        "skymaker wrote as --truth"):
        lens.run(SCRIPT, truth=str(lens.config))


def test_the_script_before_is_named(lens_before):
    lens = lens_before(READOUT)

    with pytest.raises(UserError, match=r"Run 7_deconv/6_readout\.py first"):
        lens.run(SCRIPT, truth=str(lens.sky))


def test_the_truth_of_another_camera_is_on_the_scale_of_the_reference(lens_after, pages, caplog):
    """A camera that collects 1.62 times the light: the frames have it, the curve has not."""
    lens = lens_after(READOUT)
    sky = lens.folder / "sky"
    shutil.copytree(lens.sky, sky, ignore=shutil.ignore_patterns("frames"))
    rows = io_table.read_ecsv(sky / "truth_frames.ecsv")
    reference, = {Path(row["raw_path"]).name for name, row in lens.rows.items()
                  if row.get("ref_img_name") == name}
    for row in rows[::2]:
        if Path(row["file"]).name != reference:
            row |= {field: 1.62 * row[field] for field in row if field.startswith("flux_e_s_")}
    text = (sky / "truth_frames.ecsv").read_text()
    kinds = {name: (type(rows[0].get(name, "")), "", "") for name in rows[0]}
    io_table.write_ecsv(sky / "truth_frames.ecsv", rows, kinds)
    assert (sky / "truth_frames.ecsv").read_text() != text

    lens.run(SCRIPT, truth=str(sky))

    assert caplog.messages[-1] == "all curves meet the truth; bad frames are out of use."


def test_what_a_known_colour_term_does_is_taken_out(lens_after, pages, caplog):
    """A filter that adds 0.2 mag per mag of colour, stars of colour 1, A of .3 and B of .6.

    Its coefficients make the stars what they were; so the sources come out brighter by 0.2 times
    what they are bluer.
    """
    lens = lens_after(READOUT)
    sky, colours = lens.folder / "sky", {"A": 0.3, "B": 0.6}
    shutil.copytree(lens.sky, sky, ignore=shutil.ignore_patterns("frames"))
    reference, = {Path(row["raw_path"]).name for name, row in lens.rows.items()
                  if row.get("ref_img_name") == name}
    others = {Path(lens.rows[name]["raw_path"]).name
              for name in lens.truth.good[::2]} - {reference}
    frames, objects = (io_table.read_ecsv(sky / f"truth_{name}.ecsv")
                       for name in ("frames", "objects"))
    for row in objects:
        row["colour_mag"] = colours.get(row["name"], 1.0)
    for row in (*objects, *frames):
        if Path(row["file"]).name in others:
            row |= {f"mag_{one}": row[f"mag_{one}"] + 0.2 * colours[one]
                    for one in "AB" if f"mag_{one}" in row}
            if "mag" in row:
                row["mag"] += 0.2 * row["colour_mag"]
    for rows, name in ((frames, "frames"), (objects, "objects")):
        io_table.write_ecsv(sky / f"truth_{name}.ecsv", rows,
                            {field: (type(value), "", "") for field, value in rows[0].items()})
    lens.run(SCRIPT, truth=str(lens.sky))
    before = [line.split("|")[1:] for line in (
        lens.work / "report_truth.txt").read_text().splitlines() if line[:2] in ("A ", "B ")]
    for name in lens.truth.good:
        if Path(lens.rows[name]["raw_path"]).name in others:
            lens.update(name, **{
                f"flux_{kind}e__lens__{one}": 10 ** (0.4 * 0.2 * (1 - colour))
                * lens.rows[name][f"flux_{kind}e__lens__{one}"]
                for one, colour in colours.items() for kind in ("", "sigma_", "sys_")})

    lens.run(SCRIPT, truth=str(sky))

    lines = [line.split("|")[1:] for line in (
        lens.work / "report_truth.txt").read_text().splitlines() if line[:2] in ("A ", "B ")]
    share = len(others) / len(lens.truth.good)
    for (mag, true, effect, *numbers), old, colour in zip(lines, before, colours.values(),
                                                          strict=True):
        assert float(effect) == pytest.approx(
            100 * share * (10 ** (0.4 * 0.2 * (1 - colour)) - 1), abs=0.02)
        assert [float(one) for one in (mag, true, *numbers)] == pytest.approx(
            [float(one) for one in old], abs=0.011)  # as they are written
    assert any(one.startswith("colour %: a colour term on sources bluer or redder than stars")
               for one in caplog.messages)

    with pytest.raises(UserError, match=r"the truth is missed\. A: bias of \d\.\d+ %"):
        lens.run(SCRIPT, truth=str(lens.sky))  # whose truth knows no other filter


def test_each_band_is_compared_by_itself(lens_after, pages):
    lens = lens_after(READOUT)
    lens.set("sets[0]['band'] = 'r'\nsets.append({'name': 'V', 'telescope': 'generic', "
             "'raw_dir': '/no/frames', 'band': 'v'})\n")
    for name in lens.truth.good[1::2]:  # every other image is of the other band, 5 % too bright
        row = lens.rows[name]
        lens.update(name, set_name="V", flux_e__lens__A=1.05 * row["flux_e__lens__A"])

    with pytest.raises(UserError, match=r"the truth is missed\. .*v A: bias of [456]\.\d+ %"):
        lens.run(SCRIPT, truth=str(lens.sky))

    assert {path.name for path in lens.work.glob("report_truth*")} == {
        "report_truth_r.txt", "report_truth_v.txt"}


def with_second_set(lens, n_images):
    """Give the first images of a lens to a set S; return the lens."""
    (lens.folder / "other").mkdir()
    lens.set("sets = [*sets, {'name': 'S', 'telescope': 'generic', "
             f"'raw_dir': {str(lens.folder / 'other')!r}}}]\n")
    for name in lens.truth.good[:n_images]:
        lens.update(name, set_name="S")
    return lens


def test_each_of_several_sets_is_told_alone_and_their_mean_is_that_of_all(lens_after, pages):
    lens = with_second_set(lens_after(READOUT), 3)

    lens.run(SCRIPT, truth=str(lens.sky))

    lines = [line.split("|") for line in (lens.work / "report_truth.txt").read_text().splitlines()
             if line.count("|") == 8]
    bias = {(cells[0].strip(), cells[1].strip()): float(cells[4]) for cells in lines[1:]}
    assert [cell.strip() for cell in lines[0][:2]] == ["images", "source"]
    assert sorted(bias) == [(one, source) for one in ("R", "S", "all") for source in "AB"]
    n_others = len(lens.truth.good) - 3
    for source in "AB":
        mean = (3 * bias["S", source] + n_others * bias["R", source]) / (n_others + 3)
        assert bias["all", source] == pytest.approx(mean, abs=0.011)  # two digits are written


def test_a_set_of_two_images_tells_no_scatter(lens_after, pages):
    lens = with_second_set(lens_after(READOUT), 2)

    lens.run(SCRIPT, truth=str(lens.sky))

    text = (lens.work / "report_truth.txt").read_text()
    assert "\nR " in text
    assert "\nS " not in text
