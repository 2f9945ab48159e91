from cosmouline.psf import db_build
from cosmouline.stamps import db_stamps

SCRIPT = "5_psf/3b_choose_prior"


def priors(lens, psf="psf1"):
    field = f"psf_prior__{psf}"
    return {row[field] for row in lens.rows.values() if field in row}


def test_the_numbers_of_the_settings_are_taken(lens_after):
    lens = lens_after(SCRIPT)
    assert priors(lens) == {"0.05 1.2 1 0.02 4 0.5"}

    lens.set("psf_prior = (0.1, 0.8, 0.7)\npsf_wings = (0.0, 1.0, 1.0)\n")
    lens.run(SCRIPT)

    assert priors(lens) == {"0.1 0.8 0.7 0 1 1"}


def test_auto_decides_once(lens_after, monkeypatch):
    lens = lens_after(SCRIPT)
    lens.rename("psf1", "sharp")
    lens.set("psf_name = 'sharp'\npsf_prior = 'auto'\npsf_wings = (0.0, 1.0, 1.0)\n")
    chosen = iter([((0.1, 0.8, 1.0), 30.0), ((0.2, 0.6, 1.0), 40.0)])
    monkeypatch.setattr(db_build, "choose_prior", lambda *_: next(chosen))

    lens.run(SCRIPT)
    lens.run(SCRIPT)
    assert priors(lens, "sharp") == {"0.1 0.8 1 0 1 1"}
    assert priors(lens) == set()

    lens.run(SCRIPT, redo=True)
    assert priors(lens, "sharp") == {"0.2 0.6 1 0 1 1"}


def test_the_stars_of_the_small_lens_decide(lens_after):
    lens = lens_after(SCRIPT)

    rows = [row for row in lens.rows.values() if "n_psf_cut__psf1" in row][:1]
    prior, gain = db_build.choose_prior(rows, db_stamps.psf_stamps, lens.settings())

    # its stars are Moffats with a lobe, drawn without the library; one image of them
    assert prior[0] in db_build.TAUS
    assert prior[1] in db_build.ELLS
    assert gain == 0 or gain >= db_build.LEAST_GAIN
