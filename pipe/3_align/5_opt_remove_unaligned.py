"""Free the disk of images that are out of use: all files of them in work_dir are removed.

Needs   : images that were rejected (3_align/3_update_flags, kicklist.txt and others)
Writes  : nothing; their files go, and the records of the scripts that made them
Settings: sets, work_dir
Next    : 4_norm/0_pick_stars

Run as  : python pipe/3_align/5_opt_remove_unaligned.py configs/MYLENS [--dry-run]

--dry-run only logs how much it would be. Raw frames stay. The images stay out of use then, also
where a script would test them again; one that is put back by hand is done from its raw frame.
"""

from collections import Counter

from cosmouline.database.database import KICKED
from cosmouline.run import log_line, run

NEEDS = ()
WRITES = ()
ARGUMENTS = {"--dry-run": {"action": "store_true", "help": "remove nothing, only log how much"}}

ENDINGS = (".fits", ".cat.fits", "_stamps.fits", "_psf.fits", ".png", ".html")
REMOVED = "files removed"
FIRST = "ran__1_character/1a_add_to_database"  # what the header of the raw frame says stays


def measure(names, others, settings):
    """Return the files of some images below work_dir, and not those of others, with their sizes.

    The name of an image can be that of another one with an ending: its files are its own.
    """
    wanted, kept = ({name + ending for name in some for ending in ENDINGS}
                    for some in (names, others))
    folders = [folder for folder in settings.work_dir.iterdir() if folder.is_dir()
               and not any(folder.samefile(one["raw_dir"]) for one in settings.sets
                           if one["raw_dir"].is_dir())]
    return {path: path.stat().st_size for folder in folders for path in sorted(folder.iterdir())
            if path.name in wanted - kept and path.is_file()}


def set_aside(image, db):
    """Forget what was made of an image, and keep it out of use from now on."""
    why = image.get("whynot", "out of use")
    if not why.startswith((KICKED, REMOVED)):
        why = f"{REMOVED}: {why.rstrip(')').replace(' (', ', ')}"  # no script takes it back
    records = {name: None for name in image
               if name.startswith(("ran__", "made__")) and name != FIRST}
    db.update(image["img_name"], records | {"whynot": why})


def main(settings, db):
    """Remove the files of the images that are out of use; log how much that is by folder."""
    lost = db.select(gogogo=False)
    others = [row["img_name"] for row in db.select(gogogo=True)]
    found = measure([image["img_name"] for image in lost], others, settings)
    sizes = Counter()
    for path, size in found.items():
        sizes[path.parent.name] += size
    for folder, size in sorted(sizes.items()):
        log_line("%s: %.1f MB", folder, size / 1e6)
    is_trial = settings.options.dry_run
    for path in () if is_trial else found:
        path.unlink()
    for image in () if is_trial else list(lost):
        set_aside(image, db)
    log_line("%d files of %d images, %.1f MB%s", len(found), len(lost), sum(sizes.values()) / 1e6,
             ": would be removed" if is_trial else " removed")


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
