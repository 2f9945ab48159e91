"""The lookback pages of the small lens in Chromium: what is seen, clicked and dragged."""

import json

from cosmouline.pages import choose_by_eye

import numpy as np
import pytest
from matplotlib.image import imsave

SCRIPT = "8_lookback/1_build_pages"
FIRST, SECOND, CLOUDED, LAST = (f"R_tiny_{k:04d}" for k in (0, 1, 4, 6))
ATTACK = "</script><script>hacked = 1</script><img src=x onerror='hacked = 1'>\"é☃"
SHOWN = "[...document.querySelectorAll('#images tbody tr')].map((row) => row.cells[0].textContent)"
# where the point of an image or a night lies in the window
POINT = """(() => {{
  const at = document.getElementById("{canvas}").getBoundingClientRect();
  const {{ x, y }} = {chart}.place({i}, {s});
  return [at.left + x, at.top + y];
}})()"""


@pytest.fixture(scope="module")
def lens(trunk, new_lens, tmp_path_factory):
    """Give the small lens with its pages, two pictures and a skip list."""
    lens = new_lens(tmp_path_factory.mktemp("pages") / "lens", trunk,
                    trunk.after("lcmanip/1_join"))
    for folder in ("dec_lens_png", "other_check_png", "dec_old_png"):
        (lens.work / folder).mkdir()
        imsave(lens.work / folder / f"{FIRST}.png", np.eye(20))
    (lens.config / "dec_lens_skiplist.txt").write_text(f"{LAST} {ATTACK}\n")
    lens.update(SECOND, quality_note=ATTACK, filter=ATTACK, test_comment=ATTACK)
    lens.set("lens_name = \"<img src=x onerror='hacked = 1'>\"\n")
    lens.run(SCRIPT)
    picture = f"dec_lens_png/{FIRST}.png"
    (lens.work / "choose.html").write_text(choose_by_eye.page(
        "by eye", "kicklist.txt", [choose_by_eye.Picture(FIRST, one, picture, "seeing 1")
                                   for one in ("R", "V")], {}))
    return lens


@pytest.fixture
def folder(lens):
    return lens.work / "lookback_lens"


def point(browser, i, s, canvas="curve", chart="chart"):
    return browser.value(POINT.format(canvas=canvas, chart=chart, i=i, s=s))


def state(browser, name):
    return browser.value(f"new URLSearchParams(location.hash.slice(1)).get('{name}')")


def test_a_click_on_a_head_sorts_and_one_more_turns_the_order(browser, lens, folder):
    browser.open(folder / "index.html")
    seeing = {name: row.get("field_fwhm_arcsec", row["fwhm_arcsec"])
              for name, row in lens.rows.items()}
    by_seeing = sorted(seeing, key=lambda name: round(seeing[name], 2))
    assert browser.value(SHOWN) == sorted(lens.rows)

    for wanted in (by_seeing, by_seeing[::-1]):
        browser.value("[...document.querySelectorAll('#images th')]"
                      ".find((head) => head.textContent.startsWith('seeing')).click()")
        assert browser.value(SHOWN) == wanted
    assert state(browser, "sort") == "-seeing"
    browser.open(folder / "index.html", "#sort=chi2")  # the state is in the address
    assert browser.value(SHOWN)[-1] == CLOUDED  # without a value: last


@pytest.mark.parametrize(("words", "wanted"), [
    ("tiny_000", 7), ("STATE=rejected", 1), ("state=rejected tiny_0000", 0), ("chi2>0", 6),
    ("n0thing", 0), ("wrong<3", 0), ("seeing < 100", 7), ("fwhm<100 chi2 > 0", 6),
    ("seeing > 100", 0)])
def test_words_filter_the_table(browser, folder, words, wanted):
    browser.open(folder / "index.html", f"#filter={words}")

    assert len(browser.value(SHOWN)) == wanted
    assert browser.texts("#found") == [f"{wanted} of 7 images"]


@pytest.mark.parametrize(("words", "hint"), [
    ("seeing<abc", "seeing<abc: a number is wanted behind <, for instance seeing<"),
    ("seeing<", "seeing<: a number is wanted"), ("airmass<1,2", "airmass<1,2: a number is wanted"),
    ("wrong<3", "wrong<3: no column 'wrong', the columns are image, state, date, "),
    ("mag_>3", "mag_>3: 'mag_' is one of mag_A, mag_error_A, mag_B, mag_error_B"),
    ("seeing<2 tiny", "")])
def test_a_filter_that_is_not_understood_says_why(browser, folder, words, hint):
    browser.open(folder / "index.html")
    browser.value("document.getElementById('filter').focus()")
    browser.call("Input.insertText", text=words)

    told = browser.texts("#hint")[0]

    assert told.startswith(hint) if hint else told == ""
    assert not hint or browser.texts("#found") == ["0 of 7 images"]


def test_the_keyboard_passes_the_heads_of_the_table_and_sorts_by_them(browser, folder):
    browser.open(folder / "index.html")
    label = "document.activeElement.dataset.label ?? document.activeElement.tagName"
    names = browser.value("[...document.querySelectorAll('#images th button')]"
                          ".map((one) => one.dataset.label)")
    browser.value("document.getElementById('filter').focus()")
    browser.key("Tab")  # the columns
    passed = []
    for _ in names:
        browser.key("Tab")
        passed.append(browser.value(label))
    assert passed == names
    browser.key("Tab")
    assert browser.value(label) == "A"  # the page of the first image
    browser.key("Tab", modifiers=8)
    for wanted in ("ascending", "descending"):
        browser.key("Enter")

        assert browser.value(label) == names[-1]  # the focus stays
        assert browser.value("document.activeElement.closest('th').ariaSort") == wanted
    assert state(browser, "sort") == f"-{names[-1]}"


@pytest.mark.parametrize("page", ["index.html", f"images/{FIRST}.html", "contact.html",
                                  "../choose.html"])
def test_tab_reaches_every_control_and_comes_round(browser, folder, page):
    browser.open(folder / page)
    controls = ("[...document.querySelectorAll('a[href], button, input, select, textarea, "
                "summary, canvas')].filter((one) => one.checkVisibility() "
                "&& (one.type !== 'radio' || one.checked))")
    browser.value(f"controls = {controls}; reached = new Set()")
    n = browser.value("controls.length")
    for _ in range(n + 5):
        browser.key("Tab")
        browser.value("reached.add(document.activeElement)")

    lost = browser.value("controls.filter((one) => !reached.has(one)).map((one) => one.outerHTML)")
    assert not lost
    assert n > 3


def test_two_fingers_make_a_page_larger_on_a_light_curve_too(browser, folder):
    browser.call("Emulation.setDeviceMetricsOverride", width=500, height=800,
                 deviceScaleFactor=1, mobile=True)
    browser.call("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
    browser.open(folder / "index.html")
    x, y = point(browser, 0, 0)

    # the fingers move apart by 10 pixels at a time
    for kind, half in (("touchStart", 20), *(("touchMove", k) for k in range(20, 160, 10))):
        points = [{"x": x - half, "y": y, "id": 0}, {"x": x + half, "y": y, "id": 1}]
        browser.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)
    browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    browser.wait_for("visualViewport.scale > 1.5")
    browser.call("Emulation.setTouchEmulationEnabled", enabled=False)
    browser.size(1400, 1000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("page", "more"), [
    ("index.html", ""), ("index.html", "#by=images&out=1&median=1&filter=wrong<3"),
    (f"images/{FIRST}.html", ""), (f"images/{CLOUDED}.html", ""), ("contact.html", ""),
    ("../choose.html", "")])
def test_axe_finds_nothing_that_bars_anybody(browser, folder, page, more, scheme):
    browser.call("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(folder / page, more)

    assert browser.violations() == []
    browser.call("Emulation.setEmulatedMedia", features=[])


def test_the_set_is_chosen_by_keys_and_a_comment_ends_with_enter(browser, folder):
    browser.open(folder / "../choose.html")
    browser.value("document.getElementById('group').focus()")
    for _ in range(2):
        browser.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowDown",
                     windowsVirtualKeyCode=40)
        assert browser.value("document.activeElement.id") == "group"
    assert browser.value("document.getElementById('group').value") == "V"
    browser.value("document.getElementById('comment').focus()")

    browser.key("Enter")

    assert browser.value("document.activeElement.id") == "stage"
    browser.key("x")
    assert browser.texts("#counter") == ["1 of 1, 1 left out"]
    browser.value("localStorage.clear()")


def test_columns_are_chosen(browser, folder):
    browser.open(folder / "index.html", "#columns=image,airmass,mag_A")

    assert [text.split()[0] for text in browser.texts("#images th")] == ["image", "airmass", "mag"]


def test_a_point_tells_what_it_is_and_opens_its_page(browser, lens, folder):
    browser.open(folder / "index.html", "#by=images")
    row = lens.rows[FIRST]
    place = point(browser, 0, 1)

    browser.mouse("Moved", *place, button="none")

    told = browser.texts(".tip")[0]
    assert FIRST in told
    assert row["datetime_utc"][:16].replace("T", " ") in told
    assert f"flux {row['flux_e__lens__B']:.0f} ± {row['flux_sigma_e__lens__B']:.0f}" in told
    assert f"seeing {row['field_fwhm_arcsec']:.2f} arcsec" in told
    browser.click(*place)
    browser.wait_for(f"location.pathname.endsWith('/images/{FIRST}.html')")


def test_a_drag_zooms_with_shift_it_pans_and_two_clicks_show_all(browser, folder):
    browser.open(folder / "index.html", "#by=images")
    inside, outside = point(browser, 0, 0), point(browser, 6, 0)
    browser.drag((inside[0] - 20, inside[1] - 20), (inside[0] + 20, inside[1] + 20))

    zoomed = [float(word) for word in state(browser, "view").split(",")]
    assert zoomed[0] < browser.value("lookback.images.t[0]") < zoomed[1]
    assert zoomed[2] < browser.value("lookback.images.mag[0][0]") < zoomed[3]
    assert zoomed[1] < browser.value("lookback.images.t[6]")
    browser.drag((600, 300), (700, 300), modifiers=8)
    panned = [float(word) for word in state(browser, "view").split(",")]
    assert panned[1] - panned[0] == pytest.approx(zoomed[1] - zoomed[0], abs=3e-4)
    assert panned[0] < zoomed[0]
    browser.value("document.getElementById('reset').click()")
    assert state(browser, "view") is None
    assert point(browser, 6, 0) == pytest.approx(outside)


def test_bright_is_up_and_a_source_can_be_left_out(browser, folder):
    browser.open(folder / "index.html")
    faint, bright = sorted(((browser.value(f"lookback.nights.mag[{s}][0]"), s) for s in (0, 1)),
                           reverse=True)
    assert point(browser, 0, bright[1])[1] < point(browser, 0, faint[1])[1]

    place = point(browser, 0, 0)
    browser.value("document.querySelector('#sources input').click()")
    browser.mouse("Moved", *place, button="none")

    assert state(browser, "off") == "0"
    assert browser.value("document.querySelector('.tip').hidden")


def test_keys_lead_from_image_to_image(browser, folder):
    browser.open(folder / "images" / f"{FIRST}.html")
    for key, modifiers, wanted in (("ArrowRight", 0, SECOND), ("ArrowLeft", 8, FIRST)):
        browser.key(key, modifiers)
        browser.wait_for(f"location.pathname.endsWith('{wanted}.html') && "
                         "document.readyState === 'complete'")
    browser.key("i")
    browser.wait_for("location.pathname.endsWith('index.html')")


def test_the_page_of_an_image_has_its_pictures_fields_and_history(browser, lens, folder):
    browser.open(folder / "images" / f"{FIRST}.html")

    assert browser.texts(".pictures figcaption") == ["Deconvolution", "Other check"]
    browser.wait_for("document.querySelector('.pictures img').naturalWidth === 20")
    fields = dict(zip(browser.texts(".fields td:first-child"), zip(
        *(browser.texts(f".fields td:nth-child({k})") for k in (2, 3, 4)), strict=True),
        strict=True))
    assert set(fields) == {name for name in lens.rows[FIRST]
                           if not name.startswith(("ran__", "made__"))}
    assert fields["sky_level_e"] == (f"{lens.rows[FIRST]['sky_level_e']:.7g}", "e⁻",
                                     "median of the clipped sky pixels")
    history = browser.texts("#history li")
    assert len(history) == sum(name.startswith("ran__") for name in lens.rows[FIRST])
    assert history[0].startswith("1_character/1a_add_to_database: done on 20")
    assert point(browser, 0, 0, "whole", "whole")[0] > 0


def test_a_rejected_image_says_why(browser, lens, folder):
    browser.open(folder / "images" / f"{CLOUDED}.html")

    assert browser.texts("#state") == [f"rejected: {lens.rows[CLOUDED]['whynot']}"]
    assert browser.texts(".pictures figure") == []


@pytest.mark.parametrize("page", ["index.html", f"images/{SECOND}.html", "contact.html"])
def test_what_a_header_says_cannot_act(browser, folder, page):
    browser.open(folder / page, "#columns=image,filter,why" if "index" in page else "")

    assert browser.value("typeof hacked") == "undefined"
    assert browser.value("document.querySelectorAll('img[src=x]').length") == 0
    text = browser.value("document.body.innerText + document.querySelector('textarea')?.value")
    assert ATTACK in text
    assert "<img src=x onerror='hacked = 1'> · lens" in text


def test_the_contact_sheet_makes_a_skip_list_and_remembers_it(browser, folder):
    browser.open(folder / "contact.html")
    listed = "document.getElementById('list').value"
    assert browser.value(listed) == f"{LAST} {ATTACK}\n"
    assert browser.texts("#sheet figcaption a") == [FIRST]
    browser.value("document.getElementById('reason').value = ' a  trail '")

    browser.value("document.querySelector('#sheet button').click()")

    wanted = f"{LAST} {ATTACK}\n{FIRST} a trail\n"
    assert browser.value(listed) == wanted
    browser.open(folder / "contact.html")
    assert browser.value(listed) == wanted
    assert browser.texts(".left-out a") == [FIRST]
    assert browser.texts("#choice summary") == ["dec_lens_skiplist.txt, left out: 2"]
    browser.value("document.getElementById('forget').click()")
    assert browser.value(listed) == f"{LAST} {ATTACK}\n"


@pytest.mark.parametrize("page", ["index.html", f"images/{FIRST}.html", "contact.html"])
def test_pages_fit_a_narrow_window_and_a_dark_one(browser, folder, page):
    browser.size(380, 800)
    browser.call("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.open(folder / page)

    assert browser.value("document.documentElement.scrollWidth") <= 380
    colours = [json.loads(browser.value(
        f"JSON.stringify(getComputedStyle(document.body).{name}.match(/\\d+/g).map(Number))"))
        for name in ("color", "backgroundColor")]
    assert min(colours[0]) > 200
    assert max(colours[1]) < 40
    browser.size(1400, 1000)
    browser.call("Emulation.setEmulatedMedia", features=[])
