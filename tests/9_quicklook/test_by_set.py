import pytest

SCRIPT = "9_quicklook/by_set"


def test_sets_have_colours_and_their_offset_is_told(lens_before, pages, caplog):
    """A set of half the images, 5 % too bright by its coefficient."""
    lens = lens_before(SCRIPT)
    second = lens.truth.good[::2]
    for name in second:
        lens.update(name, set_name="R2", dec_coeff__lens=1.05 * lens.rows[name]["dec_coeff__lens"])
    settings = lens.settings
    lens.settings = lambda *a, **k: with_sets(settings(*a, **k))

    lens.run(SCRIPT)

    assert {"R", "R2", "set"} <= set(pages.texts("lens_by_set"))
    line, = (text for m in caplog.messages for text in m.splitlines()
             if text.startswith("B: median of"))
    offsets = {word.split()[0]: float(word.split()[1])
               for word in line.removeprefix("B: median of ").removesuffix(" mag").split(", ")}
    shown = dict(zip(sorted(lens.truth.good), pages.heights("lens_by_set")[1], strict=True))
    mean = {one: sorted(shown[n] for n in lens.truth.good if (n in second) == (one == "R2"))[1]
            for one in ("R", "R2")}
    assert offsets["R2"] - offsets["R"] == pytest.approx(mean["R2"] - mean["R"], abs=2e-3)


def with_sets(settings):
    settings.sets = [{"name": "R"}, {"name": "R2"}]
    return settings
