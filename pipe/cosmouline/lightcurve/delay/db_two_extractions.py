"""Points and delays of one lens by two joint fits of the same stamps, next to each other."""

from types import SimpleNamespace
from typing import NamedTuple

from cosmouline.database import paths
from cosmouline.database.columns import column
from cosmouline.deconv import db_products, db_sources, db_warm_start
from cosmouline.deconv.db_fit import fit as fit_epochs
from cosmouline.deconv.io_fit import read_fit, read_made_of, write_fit
from cosmouline.lightcurve import compare
from cosmouline.lightcurve.delay.db_delays import longest_of
from cosmouline.lightcurve.delay.delays import FEWEST_POINTS, find_delay
from cosmouline.photometry.magnitudes import MAG_PER_LN, image_magnitudes

import numpy as np

ENGINES = {"gp": "starred", "starred": "gp"}  # the other one of each
POINTS = ("source", "points", "ratio", "systematic", "scatter", "random", "pull")
DELAYS = ("pair", "first", "first error", "second", "second error")


class Extraction(NamedTuple):
    """One fit: the name of its engine, itself, its errors from the PSFs, whether it is new."""

    engine: str
    fit: object
    psf_error: np.ndarray
    is_new: bool


def spread(content, n):
    """Return the numbers of at most `n` of the epochs, spread evenly over all of them."""
    n_all = len(content.names)
    return np.unique(np.linspace(0, n_all - 1, min(n or n_all, n_all)).round().astype(int))


def of_epochs(content, index):
    """Return the `EpochFile` of some of the epochs."""
    draws = ((None, None) if content.draws is None
             else (content.draws[:, index], content.draw_scale[:, index]))
    keys = content.keys and [content.keys[k] for k in index]
    place = None if content.place_px is None else content.place_px[index]
    return content._replace(epochs=content.epochs.take(index), draws=draws[0],
                            names=[content.names[k] for k in index], draw_scale=draws[1],
                            keys=keys, place_px=place)


def other_extraction(part, images, reference, settings):
    """Return the `Extraction` of some epochs by the engine that did not fit the lens.

    It is kept, and found again as long as stamps, PSFs and choices stay the same. Raises UserError
    as `db_fit.fit` does.
    """
    stars = db_products.start_sources(settings)
    engine = ENGINES[settings.deconv_engine]
    changed = SimpleNamespace(**vars(settings) | {"deconv_engine": engine})
    sources = db_sources.of_fit(stars, part, images, reference, settings)
    made = db_warm_start.made_of(part, sources, [star.name for star in stars], changed)
    path = paths.deconvolution(settings) / f"fit_{engine}.npz"
    try:
        if read_made_of(path)[1] == made and not settings.options.redo:
            return Extraction(engine, *read_fit(path), False)
    except (OSError, ValueError, KeyError, EOFError):
        pass  # none yet, or one that was cut off
    fit, psf_error = fit_epochs(part, sources, changed)
    write_fit(path, fit, psf_error, part.names, made)
    return Extraction(engine, fit, psf_error, True)


def curve(fit, psf_error, names, mhjd):
    """Return the columns of a light curve of single images, as `compare.difference` wants them.

    The errors are those of the fit; the coefficients, which both extractions share, have none.
    """
    total = np.einsum("ekk->ek", fit.covariance_total)
    sigma = np.sqrt(total + (np.nan_to_num(psf_error) * fit.flux) ** 2)
    ones = np.ones(len(fit.flux))
    mag, error = image_magnitudes(fit.flux, sigma, ones, 0 * ones)
    found = {"mhjd": mhjd, "flag": np.isfinite(mag).any(1)}
    for k, name in enumerate(names):
        found |= {f"mag_{name}": mag[:, k], f"magerr_{name}_cov": error[:, k]}
    return found


def arrays(columns, names):
    """Return magnitudes and errors (n_sources, n) of a `curve`."""
    return tuple(np.array([columns[what.format(name)] for name in names])
                 for what in ("mag_{}", "magerr_{}_cov"))


def point_rows(first, second, names, systematic):
    """Return a row of `POINTS` for each source of two curves.

    The ratio is that of the fluxes, second over first; systematic and random errors are those of
    the first, relative to its flux, as is the scatter of the ratio.
    """
    index, rows = np.arange(len(first["mhjd"])), []
    for name, error in zip(names, systematic, strict=True):
        one = compare.difference(first, second, index, index, name, name)
        random = np.nanmedian(first[f"magerr_{name}_cov"]) if one.sigma.size else np.nan
        rows.append(dict(zip(POINTS, (
            name, int(np.isfinite(one.values).sum()), 10 ** (0.4 * one.offset) - 1, float(error),
            one.robust / MAG_PER_LN, float(random) / MAG_PER_LN, one.pull), strict=True)))
    return rows


def delay_rows(first, second, names):
    """Return a row of `DELAYS` for the first source and each other one; none with few points."""
    def points(columns, name):
        values = np.array([columns["mhjd"], columns[f"mag_{name}"], columns[f"magerr_{name}_cov"]])
        return values[:, np.isfinite(values).all(0)]

    longest_d, rows = longest_of({"": (first["mhjd"],)}), []
    for name in names[1:]:
        pairs = [(points(one, names[0]), points(one, name)) for one in (first, second)]
        if longest_d == 0 or min(part.shape[1] for pair in pairs for part in pair) < FEWEST_POINTS:
            continue
        found = [find_delay(*pair, longest_d) for pair in pairs]
        rows.append(dict(zip(DELAYS, (f"{names[0]}{name}", found[0].delay_d, found[0].sigma_d,
                                      found[1].delay_d, found[1].sigma_d), strict=True)))
    return rows


def dates(part, images):
    """Return the heliocentric dates of the epochs (MHJD); the plain ones where these are not."""
    rows = {image["img_name"]: image for image in images}
    rows = [rows[name] for name in part.names]
    mhjd = column(rows, "mhjd")
    return np.where(np.isfinite(mhjd), mhjd, column(rows, "mjd"))
