"""The table of fields: each name once, with a unit where it is a number."""

import re

from cosmouline.database import field_table
from cosmouline.database.field_table import FIELDS, NEVER, WRITTEN_BY


def test_every_name_is_declared_once_by_the_script_of_its_group():
    rows = [(row[0], script) for script, group in WRITTEN_BY.items() for row in group]

    assert len(rows) == len(FIELDS) == len({name for name, _ in rows})
    assert [(field.name, field.producer) for field in FIELDS.values()] == rows


def test_numbers_have_units_and_texts_have_none():
    for field in FIELDS.values():
        assert field.type in (str, bool, int, float), field
        assert bool(field.unit) is (field.type in (int, float)), field
        assert field.meaning, field


def test_the_suffix_of_a_name_is_its_unit():
    units = {"_e_per_adu": "e-/ADU", "_px": "px", "_arcsec": "arcsec", "_deg": "deg", "_e": "e-",
             "_adu": "ADU", "_s": "s", "_m": "m", "_percent": "%", "_e2": "e-2"}
    for field in FIELDS.values():
        suffix = re.search(f"({'|'.join(units)})$", field.name.split("__")[0])
        if suffix and not field.name.startswith("n_"):
            assert field.unit == units[suffix[0]], field


def test_tolerances_are_of_what_is_measured_on_all_images_together():
    held = {field.name: field.tolerance for field in FIELDS.values() if field.tolerance != 0}

    assert held["medcoeff"] == field_table.COEFF_TOLERANCE == 5e-4
    assert held["field_fwhm_px"] == held["field_fwhm_arcsec"] == field_table.SEEING_TOLERANCE
    assert held["quality_note"] == held["ref_score"] == NEVER
    assert not {"fwhm_px", "aper_flux_e__{star}", "flux_e__{dec}__{source}"} & held.keys()
