from cosmouline.plots import style
from cosmouline.plots.pdf import write_pdf

import numpy as np


def test_a_page_is_as_large_as_its_picture(tmp_path):
    page, ax = style.figure(size=(3.0, 2.0))
    ax.imshow(np.eye(3))
    style.save(page, tmp_path / "a.png", dpi=100)

    assert write_pdf(tmp_path / "all.pdf", [tmp_path / "a.png"]) == 1

    content = (tmp_path / "all.pdf").read_bytes()
    assert b"/MediaBox [ 0 0 216 144 ]" in content  # 300 x 200 px at 100 per inch, 72 pt each
