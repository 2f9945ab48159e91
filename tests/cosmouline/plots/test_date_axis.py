"""date_axis.py: days against dates of the calendar that are known."""

from cosmouline.plots import style
from cosmouline.plots.date_axis import calendar_axis, calendar_ticks, day_ticks

import numpy as np
import pytest

# MJD = JD - 2400000.5; these are in the Explanatory Supplement and in every FITS header
KNOWN = {51544: "2000", 53371: "2005", 55197: "2010", 58849: "2020"}


@pytest.mark.parametrize(("mjd", "year"), KNOWN.items())
def test_years_begin_on_the_known_days(mjd, year):
    ticks, labels = calendar_ticks(mjd - 2000, mjd + 2000)

    assert labels[list(ticks).index(mjd)] == year


def test_months_and_days_are_named():
    months, month_labels = calendar_ticks(55197 - 40, 55197 + 100, 6.0)
    days, day_labels = calendar_ticks(55197 - 3, 55197 + 3, 6.0)

    assert month_labels[list(months).index(55197)] == "Jan 2010"
    assert month_labels[list(months).index(55228)] == "Feb 2010"
    assert day_labels[list(days).index(55197)] == "1 Jan 2010"
    assert day_labels[list(days).index(55196)] == "31 Dec 2009"


def test_leap_days_count():
    ticks, labels = calendar_ticks(56726 - 800, 56726 + 10, 20.0)  # 2012 is a leap year

    # 1 March 2012 is MJD 55987, 60 days after 1 January (55927)
    assert labels[list(ticks).index(55987)] == "Mar 2012"


@pytest.mark.parametrize("span", [1.5, 4, 20, 100, 400, 2000, 6000, 40000, 500000])
@pytest.mark.parametrize("width_in", [2.0, 5.0, 11.0])
def test_labels_find_room_and_are_inside(span, width_in):
    low, high = 53000.3, 53000.3 + span

    ticks, labels = calendar_ticks(low, high, width_in)

    assert len(ticks) == len(labels)
    assert np.all((ticks >= low) & (ticks <= high))
    assert len(ticks) * 0.42 <= width_in
    assert np.all(np.diff(ticks) > 0)


def test_years_are_round():
    _, labels = calendar_ticks(40000, 60000, 4.0)

    assert {int(label) % 5 for label in labels} == {0}


@pytest.mark.parametrize("limits", [(0.0, 1e9), (-1e7, 5e4), (5.0, 5.0), (np.nan, np.nan)])
def test_what_is_no_date_has_no_ticks(limits):
    ticks, labels = calendar_ticks(*limits)

    assert ticks.size == len(labels) == 0


def test_the_axis_stands_on_top_where_the_days_are():
    page, ax = style.figure()
    ax.set_xlim(53000, 55000)

    calendar_axis(ax)
    page.draw_without_rendering()

    (top,) = ax.child_axes
    ticks = {
        text.get_text(): tick
        for text, tick in zip(top.get_xticklabels(), top.get_xticks(), strict=True)
    }
    assert ticks["Jan 2005"] == 53371
    assert top.get_xlim() == ax.get_xlim()


def test_drawn_again_it_follows_the_limits():
    page, ax = style.figure()
    ax.set_xlim(53000, 55000)
    calendar_axis(ax)
    ax.set_xlim(55100, 55300)

    calendar_axis(ax)
    page.draw_without_rendering()

    (top,) = ax.child_axes
    assert "Jan 2010" in [text.get_text() for text in top.get_xticklabels()]


@pytest.mark.parametrize(("span", "width_in", "step"), [(10, 4.3, 2), (10, 8.6, 1), (40, 4.3, 10),
                                                        (20, 4.4, 5)])
def test_the_finest_step_of_days_that_finds_room_is_taken(span, width_in, step):
    ticks, labels = calendar_ticks(55200.5, 55200.5 + span, width_in)  # 4 January 2010

    assert set(np.diff(ticks)) == {step}
    assert len(ticks) * 0.85 <= width_in
    # counted from the days since 1970
    assert all((tick - 40587) % step == 0 for tick in ticks)
    assert labels[0].endswith(" Jan 2010")


def test_quarters_and_half_years_begin_in_january():
    for span, width_in, months in ((1000, 9.0, 3), (2000, 9.0, 6), (300, 8.0, 1)):
        _, labels = calendar_ticks(55197.0, 55197.0 + span, width_in)
        names = {label.split()[0] for label in labels}
        assert "Jan" in names
        assert len(names) == 12 // months or months == 1


def test_the_ends_of_the_axis_count():
    ticks, labels = calendar_ticks(55197.0, 55199.0, 20.0)

    assert ticks.tolist() == [55197, 55198, 55199]
    assert labels == ["1 Jan 2010", "2 Jan 2010", "3 Jan 2010"]


def test_an_axis_in_hours_that_grows_is_in_days_again():
    _, ax = style.figure()
    for ends, label, wanted in (((60280.1, 60280.3), "hours from MHJD 60280 (2023-12-02)", "3"),
                                ((60000.0, 62000.0), "MHJD (days)", "61000")):
        ax.set_xlim(*ends)
        day_ticks(ax)
        ax.figure.draw_without_rendering()

        assert ax.get_xlabel() == label
        assert wanted in [text.get_text() for text in ax.get_xticklabels()]
