"""Stack the images chosen for the deep field, by band.

Needs   : the choice (4_norm/4a_opt_prepare_deep), resampled images (3_align/2a_opt_align)
Writes  : combi_<combi_name>.fits: stack, variance, number of images per pixel
Settings: combi_name, combi_method, combi_coefficient, renorm_name
Next    : 4_norm/4c_opt_deep_map

Run as  : python pipe/4_norm/4b_opt_combine_deep.py configs/MYLENS

In electrons of the image whose coefficient is 1, without sky. SKYSIG in the header is the noise
per pixel that counts for a flux; the pixels themselves scatter less (PIXSIG), because resampling
has correlated them. COSMOULINE's median loses a fifth of the depth; it is there as combi_method.
"""

from cosmouline.database import bands, paths
from cosmouline.engine import tasks
from cosmouline.images import db_stack
from cosmouline.run import log_line, run

NEEDS = ("combi_number__{combi}", "aligned_noise", "ref_img_name")
WRITES = ()


def stack(band, settings):
    """Write the stack of a band."""
    path = paths.deep(bands.only(settings, band["img_name"]))
    cards = db_stack.write(path, band["images"], band["reference"], settings)
    log_line("%d images, %.0f s, sky noise %.2f e-: %s", cards["NCOMBINE"], cards["EXPTIME"],
             cards["SKYSIG"], paths.relative(path))
    return {}


def main(settings, db):
    """Write one stack per band."""
    needs = (*NEEDS, *db_stack.needs(settings))
    images = db.all_in_use(settings, needs)
    images.sort(key=lambda image: image[f"combi_number__{settings.combi_name}"])
    todo = [{"img_name": one.band, "images": those, "reference": db.reference()}
            for one, those in bands.split(images, settings)]
    list(tasks.results(stack, todo, settings, "stack"))


if __name__ == "__main__":
    run(main, __doc__)
