"""The news of the light curves of a lens, beside them."""

from cosmouline.database import paths
from cosmouline.lightcurve import db_curves, io_rdb, news


def tell(settings):
    """Add the new points of all light curves of a lens to their news; return a text for each.

    Points that stand in the news already are not told again, so that nothing is lost or told
    twice by a stop in between. Curves are those that lcmanip/1_join has written.
    """
    lines = []
    for path in paths.light_curves(settings):
        columns = io_rdb.read_rdb(path)
        file = path.with_name(f"{path.stem.rpartition('_by_')[0]}_news.jsonl")
        known = {news.key_of(one) for one in news.read_news(file)}
        points = [{"lens": settings.lens_name, **one} for one in news.news(
            columns, db_curves.sources_of(columns), known)]
        if points:
            news.add_news(file, points)
        lines += [_text(one) for one in points]
    return lines


def _text(one):
    """Return one point as a line for people."""
    mag = "not measured" if one["mag"] is None else f"{one['mag']:.3f} +- {one['mag_error']:.3f}"
    change = "" if one["change_sigma"] is None else f", {one['change_sigma']:+.1f} sigma"
    return (f"{'RISE: ' if one['is_rise'] else ''}{one['lens']} {one['source']} {one['date_utc']}"
            f" {mag}{change}{'' if one['is_good'] else ', flagged'}")
