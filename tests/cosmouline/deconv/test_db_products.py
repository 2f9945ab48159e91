"""Products of a deconvolution that are there, missing, or damaged."""

from cosmouline.database import paths
from cosmouline.deconv import db_products
from cosmouline.errors import UserError

import pytest

DAMAGED = r"{name} is damaged \(.*\)\. Run 7_deconv/{script}\.py again"
READERS = [("gathered_epochs", "epochs.npz", "2_apply_norm", DAMAGED),
           ("start_sources", "start.cat", "3_write_start",
            r"{name}, line 1: 'ninety' is not a number"),
           ("joint_fit", "fit.npz", "4_deconv", DAMAGED)]


def test_products_are_those_of_one_deconvolution(lens_after):
    lens = lens_after("7_deconv/4_deconv")
    settings = lens.settings()

    content = db_products.gathered_epochs(settings)
    fit, psf_error = db_products.joint_fit(settings)

    assert sorted(content.names) == sorted(lens.truth.good)
    assert [star.name for star in db_products.start_sources(settings)] == ["A", "B"]
    assert fit.flux.shape == psf_error.shape == (len(content.names), 2)


def test_sources_may_start_near_each_other(lens_after):
    """Nearer than two names of one star in other lists, 1 px."""
    settings = lens_after("7_deconv/3_write_start").settings()
    (paths.deconvolution(settings) / "start.cat").write_text("A 90.0 80.0\nB 90.4 80.3\n")

    assert [star.x_px for star in db_products.start_sources(settings)] == [89.0, 89.4]


@pytest.mark.parametrize(("reader", "name", "script", "damaged"), READERS)
def test_a_product_that_is_missing_or_damaged_names_the_script(
        lens_after, reader, name, script, damaged):
    settings = lens_after("7_deconv/4_deconv").settings()
    path = paths.deconvolution(settings) / name

    path.write_bytes(b"A ninety eighty\n")
    with pytest.raises(UserError, match=damaged.format(name=name, script=script)):
        getattr(db_products, reader)(settings)

    path.unlink()
    with pytest.raises(UserError, match=rf"there is no .*{name}\. Run 7_deconv/{script}\.py "
                                        "first"):
        getattr(db_products, reader)(settings)
