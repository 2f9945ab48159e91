"""Write web pages of a reduction: an index with the light curves, a contact sheet, all images.

Needs   : images; fluxes (7_deconv/6_readout) for the curves; the pictures that were drawn
Writes  : lookback_<dec_name>/index.html, contact.html, images/<img_name>.html and their data
Settings: lens_name, dec_name, psf_name, renorm_name, sets, join_center, join_fwhm_max_arcsec,
          join_ellipticity_max, join_sky_max_e, join_coeff_max
Next    : open index.html in a browser; lcmanip/1_join

Run as  : python pipe/8_lookback/1_build_pages.py configs/MYLENS

The pages need neither a server nor the network: copy work_dir, or its folders lookback_*, plots
and *_png, and they work there. Only pages whose content changed are written again. What is in
the tables and curves of a page is in data.js next to it; pictures are those of the folders *_png.
"""

from cosmouline.database import bands, paths
from cosmouline.engine.terminal import progress_bar
from cosmouline.errors import UserError
from cosmouline.files import io_html
from cosmouline.pages import lookback, lookback_data
from cosmouline.run import log_line, run

NEEDS = ("flux_e__{dec}__{source}", "dec_coeff__{dec}")
WRITES = ()


def image_pages(rows, settings):
    """Write the pages of the images; yield for each whether it changed."""
    template, drawn = io_html.asset("image.html"), lookback.pictures(settings)
    around, folder = lookback.neighbours(rows), paths.lookback(settings) / lookback.IMAGES
    for row in progress_bar(rows, unit="page"):
        name = row["img_name"]
        text = lookback.image_page(row, template, around[name], drawn, settings)
        yield io_html.write_if_changed(folder / f"{name}.html", text)


def remove_lost(rows, settings):
    """Remove the pages of images that are no longer in the database."""
    known = {f"{row['img_name']}.html" for row in rows}
    for path in (paths.lookback(settings) / lookback.IMAGES).glob("*.html"):
        if path.name not in known:
            path.unlink()


def build(rows, settings, runs):
    """Write all pages of one band."""
    rows, folder = lookback_data.by_time(rows), paths.lookback(settings)
    data = lookback.shared_data(rows, settings, runs)
    texts = {"data.js": lookback.data_script(data),
             "index.html": lookback.index_page(rows, data, settings),
             "contact.html": lookback.contact_page(settings)} | lookback.assets()
    n_changed = sum(image_pages(rows, settings))
    remove_lost(rows, settings)
    for name, text in texts.items():
        io_html.write_if_changed(folder / name, text)
    if not data["sources"]:
        log_line("no fluxes of '%s' yet: no light curve (7_deconv/6_readout)", settings.dec_name)
    log_line("%d images, %d pages new or changed: %s", len(rows), n_changed,
             paths.relative(folder / "index.html"))


def main(settings, db):
    """Write the pages of every band."""
    named = {one["name"] for one in settings.sets if "band" in one}
    # a rejected image whose set is no longer in the settings has no band
    rows = [row for row in db.select()
            if row["gogogo"] or not named or row["set_name"] in named]
    if not rows:
        raise UserError("the database has no image yet. Run 1_character/1a_add_to_database.py "
                        "first.")
    for one, images in bands.split(rows, settings):
        build(images, one, db.runs)


if __name__ == "__main__":
    run(main, __doc__)
