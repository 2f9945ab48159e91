"""Compare a database with its declared fields, the settings and the disk."""

from pathlib import Path

from cosmouline.database import fields, manifest, paths, provenance

MUST = ("img_name", "set_name", "gogogo", "treatme", "testlist", "updating")
PRODUCTS = {"1_character/1b_copy_convert": paths.image, "1_character/3a_detect": paths.catalog,
            "2_skysub/1_skysub": paths.sky, "6_extract/1_extract_objects": paths.objects}
PSF_PRODUCTS = {"5_psf/2a_extract": paths.psf_stamps, "5_psf/4_build_psf": paths.psf}
ENDINGS = (".cat.fits", "_stamps.fits", "_psf.fits", ".fits")


def problems(db, settings):
    """Yield everything that is wrong, one line each."""
    yield from db.notices
    for name, row in sorted(db.rows.items()):
        yield from (f"{name}: {problem}" for problem in _of_row(name, row, settings))
    # What concerns all images: the reference image, files made of all
    for name in {row["ref_img_name"] for row in db.rows.values() if "ref_img_name" in row}:
        if name not in db.rows:
            yield f"the reference image {name} is not in the database"
        elif not db.rows[name].get("gogogo", True):
            yield f"the reference image {name} is rejected: {db.rows[name].get('whynot')}"
    for script, file in manifest.of_steps(db.runs).values():
        problem = manifest.Look(settings.work_dir, reads_all=True).trouble(file)
        if problem:
            yield f"{file.path} {problem}: run {script}.py"
    # Products of images that are not in the database
    for folder in ("ali", "sky", "objects", f"psf_{settings.psf_name}"):
        for path in sorted((settings.work_dir / folder).glob("*.fits")):
            ending = next(ending for ending in ENDINGS if path.name.endswith(ending))
            if path.name.removesuffix(ending) not in db.rows:
                yield f"{paths.relative(path)} is of no image in the database"


def _of_row(name, row, settings):
    """Yield what is wrong with one image: its fields, its frame, its products."""
    if row["img_name"] != name:
        yield f"its img_name is {row['img_name']}"
    # Fields that every image has, and the values of all
    yield from (f"it lacks {field}" for field in MUST if field not in row)
    for field, value in row.items():
        try:
            fields.convert(field, value)
        except ValueError as error:  # not declared, or of another type
            yield str(error)
    if not row.get("gogogo", True) and not row.get("whynot"):
        yield "it is rejected, but no whynot tells why"
    if row.get("set_name") not in {one["name"] for one in settings.sets}:
        yield f"its set '{row.get('set_name')}' is not in the settings"
    # Its frame is there and the one that was imported
    if "raw_path" in row and not Path(row["raw_path"]).exists():
        yield f"its frame {row['raw_path']} is missing"
    elif manifest.frame_trouble(row, manifest.Look("", reads_all="raw_hash" in row)):
        yield (f"its frame {row['raw_path']} has changed since it was imported: run "
               f"{fields.producer('raw_path')}.py")
    # What was recorded is read completely; of older records only whether the file is there
    for key in [field.removeprefix(manifest.MADE) for field in row
                if field.startswith(manifest.MADE)]:
        found = manifest.why_other(row, key, manifest.Look(settings.work_dir, reads_all=True))
        if found:
            maker = manifest.read(row[manifest.MADE + key])[0] or key.partition(":")[0]
            yield f"{found[0].path} {found[1]}: run {maker}.py --redo --only {name}"
    keys = {script: (script, where) for script, where in PRODUCTS.items()}
    keys |= {script: (fields.with_variant(script, settings.psf_name), where)
             for script, where in PSF_PRODUCTS.items()}
    for script, (record, where) in keys.items():
        if provenance.outcome(row, record)[0] == "done" and manifest.MADE + record not in row and (
                not where(settings, name).is_file()):
            yield f"{paths.relative(where(settings, name))} is missing: run {script}.py --redo"
