"""The list of what is new, on the small lens."""

import shutil

LAST = "8_renorm/1a_renormalize"


def test_a_frame_that_is_new_and_what_the_update_rests_on_are_told(lens_after, caplog):
    lens = lens_after(LAST)
    raw = lens.own_frames()
    shutil.copy2(raw / "tiny_0000.fits", raw / "tiny_0007.fits")
    for path in raw.iterdir():  # the copies are of now; the database knows the others' times
        if path.name != "tiny_0007.fits":
            lens.update(f"R_{path.stem}", raw_state=state_of(path))
    before = lens.snapshot()
    caplog.clear()

    lens.run("all_update/0_list_new")

    assert "R: 7 images known, 1 new: R_tiny_0007" in caplog.text
    assert "0 of 6 images have fluxes" in caplog.text
    assert "stars: a, b" in caplog.text
    assert lens.snapshot() == before


def test_the_images_of_the_fit_of_the_settings_are_counted(lens_after, caplog):
    lens = lens_after(LAST)
    lens.set('dec_name = "second"\n')
    for k, fit in enumerate(("second", "second", "lens")):
        lens.update(f"R_tiny_000{k}", **{f"dec_chi2__{fit}": 1.0})

    lens.run("all_update/0_list_new")

    assert "2 of 6 images have fluxes" in caplog.text


def state_of(path):
    """Size and time of change, as the database has them."""
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns}"
