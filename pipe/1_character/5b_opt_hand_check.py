"""Choose by eye the images that must not be used, on a page for the browser.

Needs   : pictures (1_character/5a_opt_make_pngs)
Writes  : choose_img.html
Settings: lens_name
Next    : 1_character/1a_add_to_database, which reads kicklist.txt

Run as  : python pipe/1_character/5b_opt_hand_check.py configs/MYLENS

The page needs no server and no network. Keys: arrows go on and back, x leaves out, k keeps, c is
the comment. The browser remembers the choice; copy the list, or save it, into kicklist.txt in the
folder of the lens. What stands there already is on the page. An image taken off the list is in use
again.
"""

from cosmouline.pages.choose_by_eye import hand_check
from cosmouline.run import run

NEEDS = ()
WRITES = ()


def caption(image):
    """Return the text below a picture."""
    parts = [f"seeing {image['fwhm_arcsec']:.2f} arcsec" if "fwhm_arcsec" in image else "",
             f"ellipticity {image['ellipticity']:.2f}" if "ellipticity" in image else "",
             f"sky {image['sky_level_e']:.0f} e-" if "sky_level_e" in image else "",
             image.get("filter", ""), "" if image["gogogo"] else f"out of use: {image['whynot']}"]
    return "   ".join(filter(None, parts))


def main(settings, db):
    """Write the page."""
    hand_check(db.select(), "img", "kicklist.txt", caption, "1_character/5a_opt_make_pngs",
               "1_character/1a_add_to_database.py", settings)


if __name__ == "__main__":
    run(main, __doc__)
