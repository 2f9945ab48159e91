from cosmouline.database import export
from cosmouline.errors import UserError

import pytest


def rows():
    one = {"img_name": "a", "gogogo": True, "treatme": True, "mjd": 60000.5, "telescope": "T",
           "set_name": "R", "psf_chi2__p1": 1.0, "psf_chi2__p2": 1.0, "renorm__r1": 1.0,
           "star_flux_e__p1__x": 5.0, "flux_e__lens__A": 1.0, "flux_cov_e2__lens__A__B": 2.0,
           "dec_psf__lens": "p1", "ref_img_name": "a"}
    return [one, {"img_name": "b", "gogogo": False, "treatme": True, "whynot": "cloud"},
            {"img_name": "c", "gogogo": True, "treatme": False}]


def test_names_side_by_side_are_found():
    found = export.families(rows())

    assert {kind: list(names) for kind, names in found.items()} == {
        "psf": ["p1", "p2"], "renorm": ["r1"], "dec": ["lens"]}
    assert found["dec"]["lens"] == ["dec_psf__lens", "flux_cov_e2__lens__A__B",
                                    "flux_e__lens__A"]


def test_fields_of_names_that_are_not_wanted_are_left_out():
    found = export.without(rows(), {"psf": ["p2"], "renorm": None, "dec": ["lens"]})

    gone = rows()[0].keys() - found[0].keys()
    assert gone == {"psf_chi2__p1", "star_flux_e__p1__x"}
    with pytest.raises(UserError, match=r"no deconvolution 'x' in the database\. It has"):
        export.without(rows(), {"dec": ["x"]})


def test_everything_is_told():
    text = export.text(rows())

    for words in ("3 images, 1 in use", "1 set aside", "out of use: b: cloud", "telescope T: 1",
                  "set R: 1 images", "reference image of the alignment: a",
                  "PSF p1: 1 images, 2 fields, of x", "2023-02-25T12:00:00",  # mjd 60000.5
                  "deconvolution lens: 1 images, 3 fields, of A; with the PSF p1"):
        assert words in text
