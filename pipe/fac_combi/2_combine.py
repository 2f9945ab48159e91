"""Stack every group of images, as a frame that can be imported again.

Needs   : the groups (fac_combi/1_prepare), resampled images (3_align/2a_opt_align)
Writes  : combi_<combi_group_name>/<set>/<lens>_<date>.fits: stack, variance, number of images
Settings: lens_name, combi_group_name, combi_method, combi_coefficient, renorm_name
Next    : fac_combi/3_make_pngs

Run as  : python pipe/fac_combi/2_combine.py configs/MYLENS

A stack is on the scale of the sum of its exposures. Its header says how it is read as a frame of
the telescope "Combi": date, exposure, and the gain, read noise and sky by which its noise comes
out right, also after the resampling (NOISEFAC). fac_combi/5_opt_new_config makes the folder of a
lens whose frames are the stacks.
"""

from cosmouline.database import paths
from cosmouline.dates import mjd_to_iso
from cosmouline.engine import tasks
from cosmouline.images import db_stack
from cosmouline.run import log_line, run

NEEDS = ("combi_group__{group}", "aligned_noise", "mjd", "ref_img_name")
WRITES = ()


def measure(images, settings):
    """Return the groups of images, by number."""
    groups = {}
    for image in sorted(images, key=lambda image: image["mjd"]):
        groups.setdefault(image[f"combi_group__{settings.combi_group_name}"], []).append(image)
    return dict(sorted(groups.items()))


def path_of(group, settings):
    """Return the path of the stack of a group: called after its first night or image."""
    day = mjd_to_iso(group[0]["mjd"])[:16].replace(":", "").replace("T", "-")
    name = "".join(c if c.isalnum() or c in "+-." else "-" for c in settings.lens_name)
    return paths.stacks(settings) / group[0]["set_name"] / f"{name}_{day}.fits"


def stack(group, settings):
    """Write the stack of a group."""
    cards = db_stack.write(group["path"], group["images"], group["reference"], settings,
                           as_sum=True, own_cards={"COMBINUM": group["number"]})
    log_line("%d images, gain %.2f, noise factor %.2f", cards["NCOMBINE"], cards["GAIN"],
             cards["NOISEFAC"])
    return {}


def main(settings, db):
    """Write the stacks; those of groups that are no more are removed."""
    groups = measure(db.all_in_use(settings, (*NEEDS, *db_stack.needs(settings))), settings)
    todo = [{"number": number, "images": images, "reference": db.reference(),
             "path": path_of(images, settings)} for number, images in groups.items()]
    todo = [group | {"img_name": str(paths.relative(group["path"]))} for group in todo]
    written = {group["path"] for group, _ in tasks.results(stack, todo, settings, "stack")}
    for old in set(paths.stacks(settings).glob("*/*.fits")) - written:
        old.unlink()
        log_line("removed %s: no such group any more", paths.relative(old))
    log_line("%d stacks: %s", len(written), paths.relative(paths.stacks(settings)))


if __name__ == "__main__":
    run(main, __doc__)
