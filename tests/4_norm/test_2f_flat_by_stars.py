from cosmouline.photometry import db_flat_stars

SCRIPT = "4_norm/2f_flat_by_stars"


def test_sets_without_errors_stay_as_they_are(lens_after):
    lens = lens_after("4_norm/2a_photometry")
    names = [name for name, row in lens.rows.items() if "n_phot_stars" in row]

    lens.run(SCRIPT)

    assert set(lens.values("flat_map", names)) == {"none"}


def test_what_the_stars_say_is_in_all_images(lens_after, monkeypatch):
    lens = lens_after("4_norm/2a_photometry")
    names = [name for name, row in lens.rows.items() if "n_phot_stars" in row]
    seen = []

    def fields(images, stars, reference, settings):
        seen.append((len(images), len(stars), reference["img_name"]))
        return {image["img_name"]: {"flat_map": "divided", "flat_left": 0.001}
                for image in images}

    monkeypatch.setattr(db_flat_stars, "fields", fields)
    lens.run(SCRIPT)

    assert seen[0][0] == len(names)
    assert seen[0][1] > 3
    assert set(lens.values("flat_left", names)) == {0.001}
