"""From the settings to the point sources of a joint fit: positions, errors, when they shine."""

from dataclasses import replace
from datetime import date
from itertools import chain, count, islice

from cosmouline.astrometry.db_lens_position import (
    arcsec_from_lens,
    extra_on_reference,
    sources_on_reference,
    stars_around_lens,
)
from cosmouline.database.columns import column
from cosmouline.database.settings_sources import FIELD, FIND
from cosmouline.deconv import db_products, odd_epochs, source_doubts
from cosmouline.deconv.checks import percent_of
from cosmouline.deconv.db_control import with_field_errors
from cosmouline.deconv.find_sources import find_sources
from cosmouline.deconv.orientation import (
    DOUBTFUL_GAIN,
    best_turned,
    is_clearly_better,
    orientations,
    upright,
)
from cosmouline.deconv.point_sources import Sources
from cosmouline.errors import UserError
from cosmouline.files.io_catalog import Star
from cosmouline.sources import db_stars

import numpy as np

DOUBTS = "doubts"  # the stage of the log of a fit
MOST_LOOKED = 96  # old epochs of a held scene: a star that they miss is found by the complete fit
ELSEWHERE_FWHM = 0.3  # of the seeing, between given and fitted positions that are not the same
FIGURE_LEFT = 0.3  # of that, beyond another scale and angle
SEARCH_PX = 6.0  # the given centre of the lens may be off by nearly this
MJD_OF_DAY_0 = -678576  # of date.toordinal; MJD 0 is 1858-11-17


def start_stars(reference, settings, found=()):
    """Return where all sources are looked for first, and notes for the user.

    Parameters
    ----------
    reference : dict
        Row of the reference image.
    settings : namespace
    found : list of Star, optional
        The images of the lens as another band gave them: where the settings give their number
        only, they are the same in all bands, under the same names.

    Returns
    -------
    stars : list of Star
        On the reference image: the images of the lens, then the neighbours.
    notes : list of str

    Raises
    ------
    UserError
        If the sources cannot be found, or the given ones are the wrong way round.
    """
    content = db_products.gathered_epochs(settings)
    names, places = sources_on_reference(reference, settings)
    moved, notes, is_counted = np.zeros(2), [], settings.point_sources != FIND
    field, side_px = db_stars.field_stars(settings), content.epochs.data_e.shape[1]
    if not is_counted:  # those of another band
        found = [star for star in found if star.name in names]
    extra, extra_xy = extra_on_reference(reference, settings, field, side_px)
    # Images of the lens: as in another band, found, or given and moved to where they fit
    if places is None and found and (len(found) >= len(names) or not is_counted):
        places = np.array([(s.x_px, s.y_px) for s in found[:len(names)]])
    elif places is None:
        try:
            places = content.centre_px + find_sources(
                content.epochs, len(names) if is_counted else None)
            if not is_counted:
                places = _without_field_stars(places[:len(names)], reference, settings, field,
                                              side_px)
                notes.append(f"{len(places)} sources stand out: if the lens has another number of "
                             "images, give it as point_sources")
        except ValueError as problem:
            raise UserError(f"the point sources cannot be found: {problem}. "
                            "Give their positions in point_sources.") from problem
    else:
        start_px = places - content.centre_px
        right, notes = _checked(content.epochs, start_px, extra_xy - content.centre_px)
        moved = right.mean(0) - start_px.mean(0)
        places = content.centre_px + right
    names = names[:len(places)]
    # Neighbours, which move with the lens unless they are stars of the field
    if settings.extra_sources != FIELD:
        extra_xy = extra_xy + moved
    # A note on the stars of the lens's stamp that are masked instead of fitted
    xy = stars_around_lens(reference, settings, field, side_px)
    if len(extra_xy) and len(xy):
        xy = xy[np.hypot(*(xy[:, None] - extra_xy).T).min(0) > db_stars.SAME_STAR_PX]
    if len(xy):
        named = ", ".join(f'"N{i + 1}": ({e:.2f}, {n:.2f})' for i, (e, n) in
                          enumerate(arcsec_from_lens(reference, settings, xy)))
        notes = [*notes, "stars on the lens's stamp that are masked; to fit them: "
                 f"extra_sources = {{{named}}}"]
    both = zip([*names, *extra], np.vstack([places, extra_xy]).tolist(), strict=True)
    return [Star(name, *place, None) for name, place in both], notes


def of_fit(stars, content, images, reference, settings):
    """Return the `Sources` of a joint fit.

    Parameters
    ----------
    stars : list of Star
        From start.cat: neighbours are those that `point_sources` does not name.
    content : EpochFile
    images : list of dict
        Rows of the images.
    reference : dict
        Row of the reference image.
    settings : namespace

    Raises
    ------
    UserError
        If a setting names a source that is not there, or one that never shines.
    """
    names = [star.name for star in stars]
    for setting in ("source_epochs", "point_source_sigma_arcsec"):
        value = getattr(settings, setting)
        unknown = sorted(set(value) - set(names)) if isinstance(value, dict) else ()
        if unknown:
            raise UserError(f"{setting}: there is no source '{unknown[0]}' in start.cat "
                            f"({', '.join(names)}).")
    lens = set(sources_on_reference(reference, settings)[0])
    n_images = next((i for i, name in enumerate(names) if name not in lens), len(names))
    # Errors of the relative positions: one for all, or by name; NaN where free, None: all are
    given = settings.point_source_sigma_arcsec
    by_name = given if isinstance(given, dict) else dict.fromkeys(names, given)
    arcsec = np.array([by_name.get(name) for name in names], float)
    sigma_px = arcsec / reference["pixel_scale_arcsec"] if np.isfinite(arcsec).any() else None
    # In which epochs they shine: from the first to the last day given
    by_image = {image["img_name"]: image for image in images}
    mjd = column([by_image[name] for name in content.names], "mjd")
    shining = np.ones((len(mjd), len(names)), bool)
    for name, (first, last) in settings.source_epochs.items():
        here = shining[:, names.index(name)]
        if first is not None:
            here &= mjd >= _day(first)
        if last is not None:
            here &= mjd < _day(last) + 1
        if not here.any():
            raise UserError(f"source_epochs: {name} shines in no epoch. Check its dates.")
    return Sources(db_stars.star_positions(stars) - content.centre_px, sigma_px=sigma_px,
                   n_images=n_images or None,
                   present=shining if settings.source_epochs else None)


def _without_field_stars(places, reference, settings, field, side_px):
    """Return the places of sources that are no stars of the field; ValueError if none is left."""
    stars = stars_around_lens(reference, settings, field, side_px)
    apart = np.hypot(*(places[:, None] - stars).T).T if len(stars) else np.full((len(places), 1),
                                                                                np.inf)
    places = places[apart.min(1) > db_stars.SAME_STAR_PX]
    if not len(places):
        raise ValueError("all that stands out are stars of the field")
    return places


def with_doubts(fit, content, names, band, settings, earlier=None):
    """Return the fit, its systematic errors and its log holding what it lacks or is in doubt.

    `band` holds the rows of its ``images``, and that of the ``reference`` image. A fit that holds
    the scene of the `Stored` fit `earlier`, in which nothing was in doubt, is looked at in its new
    epochs and in `MOST_LOOKED` others; in all of them where something shows.
    """
    reference = band["reference"]
    for looked in _to_look_at(fit, content.names, earlier):
        is_all = len(looked) == len(content.names)
        part, epochs = (fit, content.epochs) if is_all else (fit.take(looked),
                                                            content.epochs.take(looked))
        found, missing, change, doubts = source_doubts.with_doubts(
            part, epochs, names, [content.names[e] for e in looked])
        odd = odd_epochs.what_is_odd(part, epochs)
        is_clean = not missing and not doubts and odd.light is None
        if is_clean:
            break
    if is_all:
        fit = found
    else:  # what was odd in the other epochs is odd still
        odd = odd_epochs.among_all(odd, looked, fit, content, _odd_before(earlier))
    fit, of_field = with_field_errors(fit, [
        row for row in band["images"] if row["img_name"] in content.names], settings)
    lines = [*of_field, *_in_some(fit, odd, content, names, reference, settings),
             *(doubt.line for doubt in doubts),
             *_elsewhere(content.centre_px + fit.position_px[:fit.n_images], names, reference,
                         settings)]
    if missing:
        # The neighbours of the fit, and the stars under names that are free
        places = [*fit.position_px[fit.n_images:], *((one.x_px, one.y_px) for one in missing)]
        free = (name for name in chain("N", (f"N{k}" for k in count(2))) if name not in names)
        named = [*names[fit.n_images:], *islice(free, len(missing))]
        sky = arcsec_from_lens(reference, settings, content.centre_px + np.array(places))
        pasted = ", ".join(f'"{name}": ({east:.2f}, {north:.2f})'
                           for name, (east, north) in zip(named, sky, strict=True))
        changes = ", ".join(f"{name} {percent_of(light, fit, i)}"
                            for i, (name, light) in enumerate(zip(names, change, strict=True)))
        stars = "; ".join(
            f"{one.flux:.0f} e- (S/N {one.snr:.0f}) {east:+.2f} arcsec east, {north:+.2f} north"
            for one, (east, north) in zip(missing, sky[-len(missing):], strict=True))
        lines.insert(0, f"light that the model lacks: {stars}. With it the fluxes change by "
                     f"{changes}, which the systematic errors contain. In settings.py: "
                     f"extra_sources = {{{pasted}}}")
    notes = odd_epochs.notes(fit, content.epochs, odd).tolist()
    return replace(fit, log=[*fit.log, {
        "stage": DOUBTS, "lines": lines, "notes": notes, "is_clean": is_clean,
        "odd": [(content.names[one.epoch], *one[1:]) for one in odd.sources]}])


def _to_look_at(fit, names, earlier):
    """Return arrays of the numbers of epochs to look at, one after the other: the last are all."""
    every = np.arange(len(names))
    if not (earlier and fit.n_held and _odd_before(earlier).get("is_clean")):
        return [every]
    is_new = ~np.isin(names, earlier.names)
    old, half = every[~is_new], MOST_LOOKED // 2
    if len(old) <= MOST_LOOKED:
        return [every]
    # The last ones, where something may begin, and others spread over the rest
    others = old[:-half][np.linspace(0, len(old) - half - 1, half).astype(int)]
    return [np.sort(np.concatenate([every[is_new], old[-half:], others])), every]


def _odd_before(earlier):
    """Return what the log of a `Stored` fit says of its doubts."""
    return next((one for one in earlier.fit.log if one["stage"] == DOUBTS), {})


def _in_some(fit, odd, content, names, reference, settings):
    """Return a line for each source with cosmic rays on its core, and for light of some epochs."""
    lines, (lost, sources, light) = [], odd
    for i, hit in enumerate((np.nan_to_num(lost) > odd_epochs.CORE_LOST).T):
        if hit.any():
            first = [content.names[e] for e in np.flatnonzero(hit)[:3]]
            lines.append(f"{names[i]}: cosmic rays or bad pixels on its core in {hit.sum()} of "
                         f"{len(hit)} images are masked, up to {100 * lost[hit, i].max():.0f} % "
                         f"of it (above {100 * odd_epochs.CORE_LOST:.0f} % its points are "
                         f"flagged). First: {', '.join(first)}")
    few = np.argwhere((np.nan_to_num(lost) > odd_epochs.CORE_TOUCHED)
                      & (np.nan_to_num(lost) <= odd_epochs.CORE_LOST))
    if len(few):
        lines.append("cosmic rays or bad pixels on cores are masked, where they take less than "
                     f"{100 * odd_epochs.CORE_LOST:.0f} % of them, and the points kept: " +
                     ", ".join(f"{names[i]} in {content.names[e]} ({100 * lost[e, i]:.1f} %)"
                               for e, i in few))
    for one in sources:
        lines.append(f"{names[one.source]}: in {content.names[one.epoch]} alone a chi2 of "
                     f"{one.chi2:.1f} within 1 FWHM ({one.typical:.1f} in most images) and "
                     f"{one.offset_px:.2f} px off its place: a cosmic ray, something that "
                     "moves, or a PSF that is wrong there. The point is flagged")
    if light is not None:
        place = content.centre_px + light.place_px
        east, north = arcsec_from_lens(reference, settings, place[None])[0]
        first = [content.names[e] for e in light.epochs[:3]]
        lines.append(
            f"light of {light.flux:.0f} e- about {east:+.1f} arcsec east, {north:+.1f} north in "
            f"{len(light.epochs)} of {fit.measured.sum()} images only: a transient? Their points "
            f"near it are flagged. extra_sources = {{\"N\": ({east:.1f}, {north:.1f})}} and "
            f"source_epochs fit it. First: {', '.join(first)}")
    return lines


def _elsewhere(found_px, names, reference, settings):
    """Yield a line where the figure of the fitted sources (n, 2) is not that of the settings."""
    _, given_px = sources_on_reference(reference, settings)
    if given_px is None or len(given_px) != len(found_px) or len(found_px) < 2:
        return
    # As complex numbers, about their middles: found = factor x given, turned by its angle
    given, found = (xy @ (1, 1j) for xy in (given_px - given_px.mean(0),
                                            found_px - found_px.mean(0)))
    away_px = np.abs(found - given)
    if away_px.max() < ELSEWHERE_FWHM * reference["field_fwhm_px"]:
        return
    factor = np.vdot(given, found) / np.vdot(given, given)
    angle_deg, scale = np.rad2deg(np.angle(factor)), np.abs(factor)
    arcsec_per_px = reference["pixel_scale_arcsec"]
    hint = "look at 7_deconv/5a_png_check"
    if np.abs(found - factor * given).max() < FIGURE_LEFT * away_px.max():
        hint = (f"they fit {scale:.2f} times as far apart, turned by "
                f"{abs(angle_deg):.0f} deg: is the pixel scale of {arcsec_per_px:.3g} arcsec "
                "right, and the WCS?")
    away = ", ".join(f"{name} {one * arcsec_per_px:.2f}"
                     for name, one in zip(names, away_px, strict=False))
    yield ("the sources are not where point_sources has them (arcsec, their middle held: "
           f"{away}); {hint}")


def _checked(epochs, start_px, extra_px):
    """Return given offsets, moved to where they fit, and notes; UserError where they are wrong."""
    if not epochs.usable.any():
        return start_px, []
    found = orientations(epochs, start_px, SEARCH_PX, extra_px=extra_px)
    standing, turned = upright(found), best_turned(found)
    notes = []
    if standing is not found[0]:
        moved = standing.start_px.mean(0) - start_px.mean(0)
        notes.append(f"the lens lies {moved[0]:+.1f}, {moved[1]:+.1f} px from its given position: "
                     "moved there")
    if turned is None:
        notes.append("turned or mirrored, the sources look the same")
    elif np.isfinite(standing.objective):
        gain = turned.objective - standing.objective
        if is_clearly_better(turned, standing):
            raise UserError(f"point_sources fit better {turned.name} (chi2 lower by {-gain:.0f}): "
                            "check north_angle_deg, is_mirrored and the signs of the positions "
                            "(east and north are positive).")
        if abs(gain) < DOUBTFUL_GAIN:
            notes.append(f"the sources fit as well {turned.name}: check which way round they are")
        elif gain < 0:
            notes.append(f"the sources fit better {turned.name} (chi2 lower by {-gain:.0f}), "
                         "though not clearly: check which way round they are")
        else:
            notes.append(f"the sources fit better as given than {turned.name} "
                         f"(chi2 lower by {gain:.0f})")
    return standing.start_px, notes


def _day(text):
    return date.fromisoformat(text).toordinal() + MJD_OF_DAY_0
