from cosmouline.errors import UserError
from cosmouline.plots import style

import numpy as np
import pytest


def picture(path, value):
    page, ax = style.figure(size=(3.0, 2.0))
    ax.imshow(np.full((3, 3), value))
    style.save(page, path)


def test_every_plot_becomes_a_page(lens_before, caplog):
    lens = lens_before("1_character/1a_add_to_database")
    with pytest.raises(UserError, match="there is no plot in"):
        lens.run("extrascripts/plots_to_pdf")
    folder = lens.work / "plots"
    for name in ("stars_renorm1", "renorm1", "map"):
        picture(folder / f"{name}.png", len(name))

    lens.run("extrascripts/plots_to_pdf")
    lens.run("extrascripts/plots_to_pdf", match="renorm1")

    for name, n in (("TINY_plots", 3), ("TINY_plots_renorm1", 2)):
        content = (lens.work / "export" / f"{name}.pdf").read_bytes()
        assert content.startswith(b"%PDF")
        assert content.count(b"/Type /Page ") == n
    assert caplog.messages[-1].startswith("2 pages: ")
