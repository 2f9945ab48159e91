"""From the settings to the sources of a fit, with what the frames give made up."""

from dataclasses import dataclass
from types import SimpleNamespace

from cosmouline.database.settings_sources import FIELD
from cosmouline.deconv import db_sources, odd_epochs
from cosmouline.deconv.missing_light import MissingLight
from cosmouline.deconv.orientation import AS_GIVEN, MOVED, Orientation
from cosmouline.deconv.source_doubts import Doubt
from cosmouline.errors import UserError
from cosmouline.files.io_catalog import Star

import numpy as np
import pytest

CENTRE = np.array([90.0, 80.0])
GIVEN = np.array([(-3.0, 1.0), (2.0, -2.0)])  # offsets of A and B
REFERENCE = {"pixel_scale_arcsec": 0.2, "field_fwhm_px": 5.0}


@dataclass
class LogOnly:
    """What of a fit the lines are made of."""

    flux: np.ndarray
    log: list
    position_px: np.ndarray
    n_images: int
    flux_sigma: np.ndarray | None = None

    def __post_init__(self):
        if self.flux_sigma is None:  # each flux is far above three of it
            self.flux_sigma = np.ones_like(self.flux)


@dataclass(frozen=True, eq=False)
class Widths:
    """What of a fit its systematic errors are made of."""

    flux: np.ndarray
    systematic_covariance: np.ndarray
    image_width: float


@pytest.fixture
def made_up(monkeypatch):
    """What the frames give, to be changed by a test; .2 arcsec per pixel, east to the left."""
    side = np.ones((1, 48, 48))
    world = SimpleNamespace(
        content=SimpleNamespace(centre_px=CENTRE, names=["a", "b", "c", "d"],
                                epochs=SimpleNamespace(data_e=side, usable=side > 0)),
        sources=(["A", "B"], CENTRE + GIVEN), extra=([], np.zeros((0, 2))),
        around=np.zeros((0, 2)), orientations=[])
    monkeypatch.setattr(db_sources.db_products, "gathered_epochs", lambda _: world.content)
    monkeypatch.setattr(db_sources.db_stars, "field_stars", lambda _: {})
    monkeypatch.setattr(db_sources, "sources_on_reference", lambda *_: world.sources)
    monkeypatch.setattr(db_sources, "extra_on_reference", lambda *_: world.extra)
    monkeypatch.setattr(db_sources, "stars_around_lens", lambda *_: world.around)
    monkeypatch.setattr(db_sources, "orientations", lambda *_, **__: world.orientations)
    monkeypatch.setattr(db_sources, "arcsec_from_lens",
                        lambda reference, settings, xy: (xy - CENTRE) * [-0.2, 0.2])
    return world


def settings(**values):
    return SimpleNamespace(**{"source_epochs": {}, "point_source_sigma_arcsec": None,
                              "extra_sources": {}, "point_sources": 2} | values)


def way(name, objective, moved=(0.0, 0.0)):
    return Orientation(name, GIVEN + np.array(moved), objective, 1000)


def start(**values):
    stars, notes = db_sources.start_stars(REFERENCE, settings(**values))
    return np.array([(star.x_px, star.y_px) for star in stars]), [s.name for s in stars], notes


def of_fit(names="ABN", **values):
    stars = [Star(name, 91.0 + 4 * k, 82.0, None) for k, name in enumerate(names)]
    content = SimpleNamespace(centre_px=CENTRE, names=["a", "b", "c", "d"])
    # the first of March 2019 is MJD 58543
    mjd = {"d": 58544.0, "c": 58543.99, "b": 58543.0, "a": 58542.99}
    images = [{"img_name": name, "mjd": value} for name, value in mjd.items()]
    return db_sources.of_fit(stars, content, images, REFERENCE, settings(**values))


@pytest.mark.parametrize(("given", "sigma_px"), [
    (0.03, [0.15, 0.15, 0.15]), ({"B": 0.04}, [np.nan, 0.2, np.nan]),
    ({"N": 0.0, "A": 0.1}, [0.5, np.nan, 0.0])])
def test_errors_of_the_positions_are_in_pixels_of_the_reference(made_up, given, sigma_px):
    found = of_fit(point_source_sigma_arcsec=given)

    assert found.sigma_px == pytest.approx(sigma_px, nan_ok=True)


def test_positions_are_free_where_nothing_is_given(made_up):
    found = of_fit()

    assert found.sigma_px is None
    assert found.present is None
    assert found.start_px == pytest.approx(np.array([(1.0, 2.0), (5.0, 2.0), (9.0, 2.0)]))


@pytest.mark.parametrize(("names", "n_images"), [("ABN", 2), ("AB", 2), ("ANB", 1), ("N", None)])
def test_images_of_the_lens_are_those_of_point_sources_before_the_first_neighbour(
        made_up, names, n_images):
    assert of_fit(names).n_images == n_images


@pytest.mark.parametrize(("dates", "shines"), [
    (("2019-03-01", "2019-03-01"), [False, True, True, False]),
    (("2019-03-01", None), [False, True, True, True]),
    ((None, "2019-02-28"), [True, False, False, False])])
def test_a_source_shines_from_its_first_to_its_last_day(made_up, dates, shines):
    present = of_fit(source_epochs={"B": dates}).present

    assert present[:, 1].tolist() == shines
    assert present[:, [0, 2]].all()


@pytest.mark.parametrize(("values", "message"), [
    ({"source_epochs": {"B": ("2019-04-01", None)}}, "source_epochs: B shines in no epoch"),
    ({"source_epochs": {"C": (None, None)}}, r"source_epochs: there is no source 'C' in start\.cat"
                                             r" \(A, B, N\)"),
    ({"point_source_sigma_arcsec": {"C": 0.1}}, "point_source_sigma_arcsec: there is no source")])
def test_wrong_names_and_dates_are_refused(made_up, values, message):
    with pytest.raises(UserError, match=message):
        of_fit(**values)


def test_given_sources_that_fit_stay_and_what_else_would_fit_is_noted(made_up):
    made_up.orientations = [way(AS_GIVEN, 1000.0), way("mirrored up-down", 1300.0)]

    places, names, notes = start()

    assert places == pytest.approx(CENTRE + GIVEN)
    assert names == ["A", "B"]
    assert notes == ["the sources fit better as given than mirrored up-down (chi2 lower by 300)"]


@pytest.mark.parametrize(("objective", "note"), [
    (1005.0, "the sources fit as well mirrored up-down: check which way round they are"),
    (995.0, "the sources fit as well mirrored up-down: check which way round they are"),
    (970.0, "the sources fit better mirrored up-down (chi2 lower by 30), though not clearly: "
            "check which way round they are")])
def test_doubt_about_the_way_round_is_noted(made_up, objective, note):
    made_up.orientations = [way(AS_GIVEN, 1000.0), way("mirrored up-down", objective)]

    assert start()[2] == [note]


def test_the_wrong_way_round_is_refused(made_up):
    made_up.orientations = [way(AS_GIVEN, 3000.0), way("mirrored up-down", 1100.0)]

    with pytest.raises(UserError, match=r"fit better mirrored up-down \(chi2 lower by 1900\): "
                                        "check north_angle_deg"):
        start()


def test_no_fit_that_could_be_made_and_figures_that_look_the_same(made_up):
    made_up.orientations = [way(AS_GIVEN, np.inf), way("mirrored up-down", 1100.0)]
    assert start()[2] == []
    made_up.orientations = [way(AS_GIVEN, 1000.0)]
    assert start()[2] == ["turned or mirrored, the sources look the same"]
    made_up.content.epochs.usable = np.zeros((1, 48, 48), bool)
    assert start()[2] == []


@pytest.mark.parametrize(("extra", "neighbour"), [({"N": (3.0, 1.0)}, (102.0, 89.0)),
                                                  (FIELD, (100.0, 90.0))])
def test_neighbours_move_with_the_lens_unless_they_are_stars_of_the_field(
        made_up, extra, neighbour):
    made_up.orientations = [way(AS_GIVEN, 2000.0), way(MOVED, 1000.0, (2.0, -1.0))]
    made_up.extra = ["N"], np.array([(100.0, 90.0)])

    places, names, notes = start(extra_sources=extra)

    assert names == ["A", "B", "N"]
    assert places[:2] == pytest.approx(CENTRE + GIVEN + [2.0, -1.0])
    assert places[2] == pytest.approx(neighbour)
    assert notes[0] == "the lens lies +2.0, -1.0 px from its given position: moved there"


def test_stars_that_are_masked_are_noted_but_for_those_that_are_fitted(made_up):
    made_up.orientations = [way(AS_GIVEN, 1000.0)]
    made_up.extra = ["N"], np.array([(100.0, 90.0)])
    made_up.around = np.array([(101.0, 92.0), (100.0, 93.5), (75.0, 90.0)])

    notes = start(extra_sources=FIELD)[2]

    # the first is 2.2 px from N, the others are 3.5 and 25 px from it
    assert notes[-1] == ("stars on the lens's stamp that are masked; to fit them: extra_sources = "
                         '{"N1": (-2.00, 2.70), "N2": (3.00, 2.00)}')
    made_up.extra = [], np.zeros((0, 2))
    assert '"N3"' in start()[2][-1]


def test_sources_of_another_band_are_taken_over(made_up, monkeypatch):
    made_up.sources = ["A", "B"], None
    found = [Star(name, 80.0 + k, 70.0, None) for k, name in enumerate("ABN")]
    monkeypatch.setattr(db_sources, "find_sources", lambda epochs, n: GIVEN[:n][::-1])

    stars, notes = db_sources.start_stars(REFERENCE, settings(), found)
    alone, _ = db_sources.start_stars(REFERENCE, settings(), found[:1])

    assert [(star.x_px, star.y_px) for star in stars] == [(80.0, 70.0), (81.0, 70.0)]
    assert notes == []
    assert [(s.x_px, s.y_px) for s in alone] == [tuple(one) for one in CENTRE + GIVEN[::-1]]


def test_under_find_all_that_stands_out_and_is_no_star_of_the_field(made_up, monkeypatch):
    made_up.sources, star = ([*"ABCDEFGHIJKL"], None), np.array([(15.0, 0.5)])
    made_up.around = CENTRE + star
    monkeypatch.setattr(db_sources, "find_sources",
                        lambda epochs, n: np.vstack([GIVEN, star]))

    xy, names, notes = start(point_sources="find")

    assert (names, xy.tolist()) == (["A", "B"], (CENTRE + GIVEN).tolist())
    assert notes[0].startswith("2 sources stand out: if the lens has another number of images")
    others = [Star(name, 80.0, 70.0, None) for name in ("A", "N1")]  # of another band
    stars, _ = db_sources.start_stars(REFERENCE, settings(point_sources="find"), others)
    assert [(star.name, star.x_px) for star in stars] == [("A", 80.0)]
    made_up.around = CENTRE + np.vstack([GIVEN, star])
    with pytest.raises(UserError, match="all that stands out are stars of the field"):
        start(point_sources="find")


def test_light_that_the_model_lacks_is_written_to_be_pasted(made_up, monkeypatch):
    """With the neighbour N that the fit has."""
    fit = LogOnly(np.array([[1000.0, 500.0, 200.0]] * 2), [{"stage": "fit"}],
                  np.array([*GIVEN, (9.0, 0.0)]), 2)
    light = MissingLight(-8.0, 4.0, 1234.4, 35.6)
    doubt = Doubt(1, "B: in doubt")
    monkeypatch.setattr(
        db_sources.source_doubts, "with_doubts",
        lambda fit, epochs, names, images: (fit, [light], np.array([-20.0, 5.0, 0.0]), [doubt]))

    monkeypatch.setattr(db_sources, "_in_some", lambda *_: ["A: hit"])
    monkeypatch.setattr(db_sources.odd_epochs, "what_is_odd",
                        lambda *_: odd_epochs.Odd(None, [], None))
    monkeypatch.setattr(db_sources.odd_epochs, "notes", lambda *_: np.array([["", "hit", ""]]))
    monkeypatch.setattr(db_sources, "with_field_errors", lambda fit, *_: (fit, ["width"]))
    band = {"images": [], "reference": REFERENCE}
    found = db_sources.with_doubts(fit, made_up.content, ["A", "B", "N"], band, settings())

    assert found.log == [{"stage": "fit"}, {"stage": "doubts", "lines": [
        "light that the model lacks: 1234 e- (S/N 36) +1.60 arcsec east, +0.80 north. With it "
        "the fluxes change by A -2.0 %, B +1.0 %, N +0.0 %, which the systematic errors contain. "
        'In settings.py: extra_sources = {"N": (-1.80, 0.00), "N2": (1.60, 0.80)}',
        "width", "A: hit", "B: in doubt"], "notes": [["", "hit", ""]],
        "is_clean": False, "odd": []}]


def test_a_change_of_a_source_below_three_sigma_is_no_percentage(made_up, monkeypatch):
    fit = LogOnly(np.array([[1000.0, 10.0]] * 2), [], np.array(GIVEN), 2,
                  np.array([[1.0, 5.0]] * 2))  # 10 +- 3.5
    monkeypatch.setattr(
        db_sources.source_doubts, "with_doubts", lambda fit, epochs, names, images: (
            fit, [MissingLight(-8.0, 4.0, 1234.4, 35.6)], np.array([-20.0, 38.0]), []))
    monkeypatch.setattr(db_sources, "_in_some", lambda *_: [])
    monkeypatch.setattr(db_sources.odd_epochs, "what_is_odd",
                        lambda *_: odd_epochs.Odd(None, [], None))
    monkeypatch.setattr(db_sources.odd_epochs, "notes", lambda *_: np.array([["", ""]]))
    monkeypatch.setattr(db_sources, "with_field_errors", lambda fit, *_: (fit, []))

    found = db_sources.with_doubts(fit, made_up.content, ["A", "B"],
                                   {"reference": REFERENCE, "images": []}, settings())

    line, = found.log[-1]["lines"]
    assert "the fluxes change by A -2.0 %, B (no flux), which" in line


@pytest.mark.parametrize(("found", "hint"), [
    # of (-6, 0), (6, 0), (0, 4) px; .3 of a FWHM of 5 px are told: 1.5 px, about the middle
    ([(-6, 0), (6, 0), (0, 4)], None), ([(94, 50), (106, 50), (100, 54)], None),  # all of them
    ([(-6, 0), (6, 0), (0, 6.1)], None), ([(-6, 0), (6, 0), (0, 6.5)], "look at"),
    ([(-3, 0), (3, 0), (0, 2)], "they fit 0.50 times as far apart, turned by 0 deg: is the pixel "
                                "scale of 0.2 arcsec right, and the WCS?"),
    ([(0, 12), (0, -12), (8, 0)], "they fit 2.00 times as far apart, turned by 90 deg"),
    ([(-3, 0), (3, 0), (2, 3)], "look at 7_deconv/5a_png_check")])
def test_sources_that_are_not_where_the_settings_have_them_are_told(made_up, found, hint):
    given = np.array([(-6.0, 0.0), (6.0, 0.0), (0.0, 4.0)])
    made_up.sources = (["A", "B", "C"], CENTRE + given)
    lines = list(db_sources._elsewhere(CENTRE + np.array(found), ["A", "B", "C"], REFERENCE, None))

    assert [hint in line for line in lines] == ([] if hint is None else [True])
    made_up.sources = (["A", "B", "C"], None)  # found, not given
    assert not list(db_sources._elsewhere(CENTRE + np.array(found), "ABC", REFERENCE, None))


def test_cores_that_lose_little_are_named_with_what_they_lose():
    """Of A 3 % in one image; 40 % of B in another, which is flagged; .4 % is far out."""
    lost = np.array([[0.03, 0.0], [0.0, 0.40], [0.004, 0.0]])
    odd = db_sources.odd_epochs.Odd(lost, [], None)
    content = SimpleNamespace(epochs=None, names=["i", "j", "k"])

    lines = db_sources._in_some(SimpleNamespace(), odd, content, ["A", "B"], REFERENCE,
                                settings())

    assert len(lines) == 2
    assert lines[0].startswith("B: cosmic rays or bad pixels on its core in 1 of 3 images")
    assert lines[1].endswith("the points kept: A in i (3.0 %)")


class Held(SimpleNamespace):
    """Fit and epochs of as many images as `numbers`."""

    def take(self, index):
        return Held(**vars(self) | {"numbers": self.numbers[index]})


@pytest.fixture
def looks(monkeypatch):
    """Return the numbers of the epochs at each look; a source is in doubt where `faulty` is."""
    found = SimpleNamespace(numbers=[], faulty=())

    def with_doubts(fit, epochs, names, images):
        found.numbers.append(epochs.numbers.tolist())
        assert fit.numbers.tolist() == epochs.numbers.tolist()
        assert images == [f"R{number:03}" for number in epochs.numbers]
        faulty = np.isin(found.faulty, epochs.numbers).any()
        return fit, [], np.zeros(1), [Doubt(0, "A: in doubt")] if faulty else []

    # One odd source, in the first epoch that is looked at
    monkeypatch.setattr(db_sources.source_doubts, "with_doubts", with_doubts)
    monkeypatch.setattr(db_sources.odd_epochs, "what_is_odd", lambda fit, epochs: odd_epochs.Odd(
        None, [odd_epochs.OddSource(0, 0, 9.0, 1.0, float(epochs.numbers[0]))], None))
    monkeypatch.setattr(db_sources.odd_epochs, "core_lost", lambda *_: None)
    monkeypatch.setattr(db_sources.odd_epochs, "notes", lambda *_: np.array([[""]]))
    monkeypatch.setattr(db_sources, "with_field_errors", lambda fit, *_: (fit, []))
    monkeypatch.setattr(db_sources, "_in_some", lambda *_: [])
    monkeypatch.setattr(db_sources, "sources_on_reference", lambda *_: (["A"], None))
    monkeypatch.setattr(db_sources, "replace",
                        lambda fit, **values: Held(**vars(fit) | values))
    return found


def looked_at(n, n_new=2, n_held=2, **before):
    """Return the log of a fit of n images, of which the first n - n_new were in the one before."""
    names = [f"R{number:03}" for number in range(n)]
    fit = Held(numbers=np.arange(n), n_held=n_held, log=[], position_px=np.zeros((1, 2)),
               n_images=1)
    content = SimpleNamespace(names=names, epochs=Held(numbers=np.arange(n)), centre_px=CENTRE)
    earlier = SimpleNamespace(names=names[:n - n_new], fit=SimpleNamespace(
        log=[{"stage": "fit"}, {"stage": "doubts"} | before]))
    return db_sources.with_doubts(fit, content, ["A"], {"images": [], "reference": REFERENCE},
                                  settings(), earlier).log[-1]


def test_under_a_held_scene_the_new_epochs_and_ninety_six_others_are_looked_at(looks):
    odd = [["R100", 0, 7.0, 1.0, 0.3], ["R000", 0, 8.0, 1.0, 0.4], ["gone", 0, 8.0, 1.0, 0.4]]
    log = looked_at(402, is_clean=True, odd=odd)

    (numbers,) = looks.numbers
    assert len(numbers) == 98
    assert numbers[-50:] == list(range(352, 402))  # 2 new ones, 48 before them
    assert set(np.diff(numbers[:48])) <= {7, 8}  # the others are spread: 351 / 47
    assert numbers[0] == 0
    assert log["is_clean"]
    # what was odd elsewhere is so still; where it was looked at, what is found now counts
    assert log["odd"] == [("R000", 0, 9.0, 1.0, 0.0), ("R100", 0, 7.0, 1.0, 0.3)]


@pytest.mark.parametrize(("n", "n_held", "before"), [
    (98, 2, {"is_clean": True}),  # as few as are looked at anyway
    (402, 0, {"is_clean": True}),  # a complete fit
    (402, 2, {"is_clean": False}),  # something was in doubt
    (402, 2, {})])  # of an older version
def test_otherwise_all_epochs_are_looked_at_once(looks, n, n_held, before):
    looked_at(n, n_held=n_held, odd=[], **before)
    assert looks.numbers == [list(range(n))]


@pytest.mark.parametrize(("faulty", "n_looks"), [(401, 2), (360, 2), (3, 1)])
def test_where_something_shows_in_some_epochs_all_are_looked_at(looks, faulty, n_looks):
    """Epoch 3 is not among those that are looked at."""
    looks.faulty = faulty,
    log = looked_at(402, is_clean=True, odd=[])
    assert len(looks.numbers) == n_looks
    assert log["is_clean"] == (n_looks == 1)
    assert log["lines"] == ["A: in doubt"] * (n_looks - 1)
