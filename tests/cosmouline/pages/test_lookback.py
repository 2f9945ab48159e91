import re
from types import SimpleNamespace

from cosmouline.files import io_html
from cosmouline.pages import lookback

import pytest

ATTACK = "<img src=x onerror='a()'>"


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path, lens_name=ATTACK, dec_name="lens", psf_name="psf1",
                           band="", sets=[{"name": "R", "band": "R"}, {"name": "V", "band": "V"}])


def draw(folder, name, work_dir):
    (work_dir / folder).mkdir(exist_ok=True)
    (work_dir / folder / name).touch()


def shared(**more):
    """Data of the pages of a reduction without fluxes."""
    return {"state": [], "why": [], "dec": "lens", "nights": {"t": [], "mag": [], "sigma": []},
            "sources": [], "columns": [], "runs": {}} | more


def index(settings, **more):
    return lookback.index_page([row("a")], shared(**more), settings)


def row(name, set_name="R", **fields):
    return {"img_name": name, "set_name": set_name, "gogogo": True} | fields


def test_pictures_of_this_deconvolution_come_first_those_of_others_not_at_all(settings):
    for folder in ("sky_png", "alignment_full_png", "psf_psf1_png", "psf_old_png", "dec_lens_png",
                   "dec_lens_V_png"):
        draw(folder, "R_1.png", settings.work_dir)

    found = [(folder, title) for folder, title, _ in lookback.pictures(settings)]

    assert found == [("dec_lens_png", "Deconvolution"), ("psf_psf1_png", "PSF"),
                     ("sky_png", "Sky"), ("alignment_full_png", "Alignment full")]
    settings.band = "V"
    assert lookback.pictures(settings)[0][0] == "dec_lens_V_png"


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
                               [("dec_lens_png", "Deconvolution", {name})], settings)

    assert "<img src=x" not in text
    assert 'src="../../dec_lens_png/R_%271%22%262.png"' in text
    assert 'id="before" href="R_0.html"' in text
    assert 'id="after"' not in text
    assert re.search(r'id="row">.*"filter":"\\u003cimg src=x onerror=\'a\(\)\'\\u003e"', text)


def test_the_plots_of_other_bands_are_left_out(settings):
    for name in ("dec_lens_R.png", "dec_lens_V.png", "alignment.png"):
        draw("plots", name, settings.work_dir)
    settings.band = "R"

    text = index(settings)

    assert re.findall(r'href="(../plots/[^"]*)"', text) == ["../plots/alignment.png",
                                                            "../plots/dec_lens_R.png"]
    assert "<figcaption>dec_lens_R</figcaption>" in text


def test_the_facts_count_what_is_there(settings):
    rows = [row("a", datetime_utc="2023-12-02T03:39:02"),
            row("b", "V", datetime_utc="2024-01-08T03:39:02", dec_ended__lens="converged",
                n_dec_steps__lens=31), row("c")]
    data = {"state": ["used", "used", "rejected"], "why": ["", "", ATTACK], "dec": "lens",
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
    other = settings.work_dir / "lookback_lens2_R"
    other.mkdir()
    (other / "index.html").write_text("")

    links = index(settings)

    for folder in ("lookback_lens_V", "lookback_lens2_R"):
        assert f'href="../{folder}/index.html"' in links
    assert "lookback_lens_R" not in links
