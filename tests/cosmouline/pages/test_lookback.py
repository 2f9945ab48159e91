import re
from types import SimpleNamespace

from cosmouline.files import io_html
from cosmouline.pages import lookback

import pytest

ATTACK = "<img src=x onerror='a()'>"


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path, lens_name=ATTACK, dec_name="try2", psf_name="round",
                           band="", sets=[{"name": "R", "band": "R"}, {"name": "V", "band": "V"}])


def draw(folder, name, work_dir):
    (work_dir / folder).mkdir(exist_ok=True)
    (work_dir / folder / name).touch()


def shared(**more):
    """Data of the pages of a reduction without fluxes."""
    return {"state": [], "why": [], "dec": "try2", "nights": {"t": [], "mag": [], "sigma": []},
            "sources": [], "columns": [], "runs": {}} | more


def index(settings, **more):
    return lookback.index_page([row("a")], shared(**more), settings)


def row(name, set_name="R", **fields):
    return {"img_name": name, "set_name": set_name, "gogogo": True} | fields


def test_pictures_of_this_deconvolution_come_first_those_of_others_not_at_all(settings):
    for folder in ("sky_png", "alignment_full_png", "psf_round_png", "psf_old_png", "dec_try2_png",
                   "dec_try2_V_png"):
        draw(folder, "R_1.png", settings.work_dir)

    found = [(folder, title) for folder, title, _ in lookback.pictures(settings)]

    assert found == [("dec_try2_png", "Deconvolution"), ("psf_round_png", "PSF"),
                     ("sky_png", "Sky"), ("alignment_full_png", "Alignment full")]
    settings.band = "V"
    draw("psf_round_V_png", "R_1.png", settings.work_dir)
    assert [folder for folder, *_ in lookback.pictures(settings)][:3] == [
        "dec_try2_V_png", "psf_round_V_png", "psf_round_png"]  # of one band, and of all


def test_neighbours_are_told_in_time_and_in_the_set():
    found = lookback.neighbours([row("a"), row("b", "V"), row("c")])

    assert found["a"] == {"before": None, "after": "b", "before_in_set": None,
                          "after_in_set": "c"}
    assert found["c"] == {"before": "b", "after": None, "before_in_set": "a",
                          "after_in_set": None}


def test_the_page_of_an_image_holds_its_row_links_and_pictures_made_safe(settings):
    name = "R_'1\"&2"
    image = row(name, filter=ATTACK)
    around = lookback.neighbours([row("R_0"), image])[name]

    text = lookback.image_page(image, io_html.asset("image.html"), around,
                               [("dec_try2_png", "Deconvolution", {name})], settings)

    assert "<img src=x" not in text
    assert 'src="../../dec_try2_png/R_%271%22%262.png"' in text
    assert 'id="before" href="R_0.html"' in text
    assert 'id="after"' not in text
    assert re.search(r'id="row">.*"filter":"\\u003cimg src=x onerror=\'a\(\)\'\\u003e"', text)


def test_the_plots_of_other_bands_are_left_out(settings):
    for name in ("dec_try2_R.png", "dec_try2_V.png", "alignment.png"):
        draw("plots", name, settings.work_dir)
    settings.band = "R"

    text = index(settings)

    assert re.findall(r'href="(../plots/[^"]*)"', text) == ["../plots/alignment.png",
                                                            "../plots/dec_try2_R.png"]
    assert "<figcaption>Deconvolution try2 R</figcaption>" in text
    assert text.count('alt="Deconvolution try2 R"') == 1


@pytest.mark.parametrize(("name", "words"), [
    ("stars_renorm1.png", "Stars before and after renorm1"), ("checks_w_2.png", "Checks of w 2"),
    ("lens_by_night.png", "Light curves of lens, by night"),
    ("lens_medcoeff_by_set.png", "Light curves of lens medcoeff, coloured by set"),
    ("seeing_by_date.png", "Seeing by date"), ("renorm1.png", "Renorm1"),
    ("dec_lens_checks.png", "Checks of the deconvolution lens"),
    ("compare_coefficients.png", "Compare coefficients")])
def test_pictures_have_captions_in_words(name, words):
    assert lookback.caption(name) == words


def test_the_facts_count_what_is_there(settings):
    rows = [row("a", datetime_utc="2023-12-02T03:39:02"),
            row("b", "V", datetime_utc="2024-01-08T03:39:02", dec_ended__try2="converged",
                n_dec_steps__try2=31), row("c")]
    data = {"state": ["used", "used", "rejected"], "why": ["", "", ATTACK], "dec": "try2",
            "nights": {"t": [1.0], "mag": [], "sigma": []},
            "columns": [{"label": "seeing", "values": [1.0, 1.5, None]}],
            "runs": {1: ["x", "1.0", "2026-01-01T00:00:00Z"], 2: ["y", "0.9", "2025-"]}}

    found = dict(lookback.facts(rows, data))

    assert found == {"images": "3: 2 used, 1 rejected", "dates": "2023-12-02 to 2024-01-08",
                     "nights": "1", "sets": "R (2), V (1)", "telescopes": "not known (3)",
                     "seeing": "median 1.25 arcsec", "joint fit": "converged after 31 steps",
                     "last run": "2026-01-01 00:00", "versions": "0.9, 1.0"}
    text = index(settings, **data)
    why = re.search(r"not in the curves</summary><ul>(.*?)</ul>", text, re.DOTALL)[1]
    assert why == "<li>1 rejected: &lt;img src=x onerror=&#x27;a()&#x27;&gt;</li>\n"


def test_the_pages_of_other_bands_and_names_are_linked(settings):
    settings.band = "R"
    other = settings.work_dir / "lookback_old_R"
    other.mkdir()
    (other / "index.html").write_text("")

    links = index(settings)

    for folder in ("lookback_try2_V", "lookback_old_R"):
        assert f'href="../{folder}/index.html"' in links
    assert "lookback_try2_R" not in links


def test_the_title_names_lens_deconvolution_and_band(settings):
    settings.band = "V"
    title = "&lt;img src=x onerror=&#x27;a()&#x27;&gt; · try2 · V</title>"

    assert f"<title>{title}" in index(settings)
    assert title.removesuffix("</title>") in lookback.contact_page(settings)


def test_settings_that_differ_from_the_sample_are_listed(settings):
    settings.n_norm_stars = 77

    found = re.search(r'class="settings">(.*?)</table>', index(settings), re.DOTALL)[1]

    assert "<th>n_norm_stars</th><td>77</td>" in re.sub(r"\s*\n\s*", "", found)
    assert "psf_name" in found
    assert "stamp" not in found


def test_reports_and_tables_are_linked_in_order(settings):
    (settings.work_dir / "export").mkdir()
    for name in ("report_b.txt", "report_a.txt", "export/x.rdb", "other.txt",
                 "export/2026-11-30_x.rdb"):
        (settings.work_dir / name).touch()

    found = re.findall(r'href="\.\./([^"]*)"', index(settings))

    # copies with a date come last, in a list of their own
    wanted = ["report_a.txt", "report_b.txt", "export/x.rdb", "export/2026-11-30_x.rdb"]
    assert [name for name in found if not name.startswith("lookback")] == wanted
    copies = index(settings).partition("Dated copies of the exports</summary>")[2]
    assert "2026-11-30_x.rdb" in copies
    assert "report_a" not in copies


def test_sources_have_their_medians_and_their_scatter(settings):
    mag = [[-10.0, -10.1, -9.9, -10.0, -10.2], [-8.0, None, None, None, -8.5]]
    nights = {"t": [1.0, 2.0, 3.0, 4.0, 5.0], "mag": mag, "sigma": [[0.1] * 5, [0.02] * 5]}

    text = index(settings, sources=["A<", "B"], nights=nights)

    found = re.search(r"/ error</th></tr>\n(.*?)</table>", text, re.DOTALL)[1]
    cells = [re.sub("<[^>]*>", " ", row).split() for row in found.strip().split("\n")]
    # deviations from the mean of the neighbours: -.1, .15, .1 +- .1 sqrt(3 / 2)
    assert [row[:3] for row in cells] == [["A&lt;", "−10.0000", "0.1000"],
                                          ["B", "−8.2500", "0.0200"]]
    assert float(cells[0][3]) == pytest.approx(1, abs=0.3)
    assert cells[1][3] == "–"
    assert 'background: var(--source-1)' in found


def test_what_the_pages_share(settings, monkeypatch):
    settings.config_dir, settings.renorm_name, settings.lens_name = settings.work_dir, "w", "L"
    for name in ("fwhm_max_arcsec", "ellipticity_max", "sky_max_e", "coeff_max"):
        setattr(settings, f"join_{name}", None)
    draw("dec_try2_png", "b.png", settings.work_dir)
    rows = [row("a", airmass=1.1, ran__x="done"), row("b", quality_note="n")]

    data = lookback.shared_data(rows, settings, {3: {"script": "s", "version": "v", "time": "t",
                                                     "host": "h"}})

    assert (data["key"], data["dec"], data["names"]) == ("L/try2", "try2", ["a", "b"])
    assert data["pictures"] == [["dec_try2_png", "Deconvolution", "01"]]
    assert data["runs"] == {3: ["s", "v", "t"]}
    assert list(data["fields"]) == ["airmass", "gogogo", "img_name", "quality_note", "set_name"]
    assert data["fields"]["airmass"][0] == "1"
    settings.band = "V"
    assert lookback.shared_data(rows, settings, {})["key"] == "L/try2_V"
