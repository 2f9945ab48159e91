"""Bands: groups of sets that are normalised, fitted and joined together.

Sets that name no band are all of one, whose name is empty: then products have no band in their
names. An image belongs to one band, through its set.
"""

import logging
from types import SimpleNamespace

from cosmouline.errors import UserError

log = logging.getLogger("cosmouline")


def names(settings):
    """Return the bands in the order of the sets; one empty name where the sets name none."""
    return list(dict.fromkeys(one.get("band", "") for one in settings.sets)) or [""]


def of(image, settings):
    """Return the band of an image. Raises like `set_of`, if there are bands."""
    return set_of(image, settings)["band"] if any(names(settings)) else ""


def split(images, settings):
    """Return ``(settings, images)`` of every band that has images, in the order of the sets.

    The settings are a copy whose ``band`` is the name of the band: `paths` puts it into the names
    of products, so that those of the bands lie side by side. For no images there is one entry,
    of the settings as they are: the code that needs images then reports that there are none.
    """
    # In the order of the sets, whatever the order of the images
    found = {name: [] for name in names(settings)}
    for image in images:
        found[of(image, settings)].append(image)
    return ([(only(settings, name), those) for name, those in found.items() if those]
            or [(settings, [])])


def merged(measure, images, settings):
    """Return what ``measure(images, settings)`` gives for every band, in one dict."""
    results = {}
    for one, those in split(images, settings):
        results |= measure(those, one)
    return results


def only(settings, name):
    """Return a copy of the settings for one band."""
    return SimpleNamespace(**vars(settings) | {"band": name})


def chosen(settings, name):
    """Return the settings of the band of a name, or of the only one if `name` is None.

    Raises UserError if there is no such band, or there are several and none is named.
    """
    known = names(settings)
    if name not in known and (name or len(known) > 1):
        raise UserError(f"--band: give one of {', '.join(filter(None, known)) or 'none'}.")
    return only(settings, name or known[0])


def reference(images, db, settings, anew=False):
    """Return the image of a band on whose scale its coefficients are.

    Raises UserError if the image is not among `images`.
    """
    # The reference image of the alignment, if it is of this band
    aligned = db.reference()
    if of(aligned, settings) == of(images[0], settings):
        return db.reference(images)
    # Else what the settings name
    by_name = {image["img_name"]: image for image in images}
    wanted = settings.band_ref_img_names.get(settings.band)
    if wanted is not None and wanted not in by_name:
        raise UserError(f"band_ref_img_names: '{wanted}' is not among the images in use of the "
                        f"band {settings.band} (see run_all.py --status).")
    if wanted:
        return by_name[wanted]
    # Else the one chosen before, or (with `anew`, or where that is not used) the best by its score
    before = {image.get("band_ref_img_name") for image in images} - {None}
    kept = [by_name[name] for name in before & by_name.keys()]
    found = max((kept if not anew else []) or images,
                key=lambda image: (image.get("ref_score", 0), image["img_name"]))
    if before and not kept:
        log.warning("band %s: %s, whose coefficient was 1, is not in use here: now it is %s",
                    settings.band, ", ".join(sorted(before)), found["img_name"])
    return found


def set_of(image, settings):
    """Return the entry of ``settings.sets`` that an image belongs to."""
    for one in settings.sets:
        if one["name"] == image["set_name"]:
            return one
    raise UserError(f"{image['img_name']} belongs to the set '{image['set_name']}', which is no "
                    "longer in sets. Put it back, or take its images out of use.")
