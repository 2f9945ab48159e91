import re
import zlib

from cosmouline.plots import style
from cosmouline.plots.pdf import write_pdf

import numpy as np


def test_a_page_is_as_large_as_its_picture(tmp_path):
    for name, size_in in (("a", (3.0, 2.0)), ("b", (1.5, 2.5))):
        page, ax = style.figure(size=size_in)
        ax.imshow(np.eye(3))
        style.save(page, tmp_path / f"{name}.png", dpi=100)

    assert write_pdf(tmp_path / "all.pdf", [tmp_path / "a.png", tmp_path / "b.png"]) == 2

    content = (tmp_path / "all.pdf").read_bytes()
    assert b"/MediaBox [ 0 0 216 144 ]" in content  # 300 x 200 px at 100 per inch, 72 pt each
    assert b"/MediaBox [ 0 0 108 180 ]" in content
    # the pictures are in it pixel by pixel, and each fills its page
    assert re.findall(rb"/Height (\d+)", content) == [b"200", b"250"]
    assert re.findall(rb"/Width (\d+)", content) == [b"300", b"150"]
    drawn = [zlib.decompress(part) for part in re.findall(
        rb"stream\n(x.*?)\nendstream", content, re.DOTALL) if b" Do" in _text(part)]
    assert len(drawn) == 2
    for text, (width, height) in zip(drawn, ((216, 144), (108, 180)), strict=True):
        assert re.search(rb"%d 0 0 -%d 0 %d cm" % (width, height, height), text)


def _text(part):
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""
