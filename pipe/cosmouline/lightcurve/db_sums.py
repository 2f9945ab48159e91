"""Sums of point sources as sources of their own, with the covariance of their parts."""

from cosmouline.errors import UserError

import numpy as np


def parse(text):
    """Return name and parts of a sum written as ``S=A+B``.

    Raises
    ------
    UserError
        If the text is not of this form.
    """
    name, _, parts = text.partition("=")
    parts = tuple(part.strip() for part in parts.split("+"))
    if not name.strip() or len(parts) < 2 or not all(parts):
        raise UserError(f"--sum {text}: write a name and two sources or more, as S=A+B.")
    return name.strip(), parts


def with_sums(rows, sources, dec_name, sums):
    """Return rows that hold the fluxes of sums too, and the sources, the sums last.

    `sums` holds the parts of each sum by its name: sources, or sums given before it. The rows
    given are not changed.

    Raises
    ------
    UserError
        If a part is not among the sources, or the name of a sum is that of a source.

    Notes
    -----
    The variance of a sum is that of the joint fit, covariances included: of two blended images
    the sum is known better than either, while errors added in quadrature say the contrary. The
    errors from the PSF are added in quadrature, as their covariance is not known; the systematic
    errors linearly, as all sources lie on the same galaxy. A source without a flux in an image
    adds nothing. The covariance of a sum with its own parts is kept too.
    """
    for name, parts in sums.items():
        unknown = [part for part in parts if part not in sources]
        if unknown:
            raise UserError(f"the sum {name} needs the source '{unknown[0]}', but the "
                            f"deconvolution {dec_name} has {', '.join(sources)}.")
        if name in sources:
            raise UserError(f"the sum {name} has the name of a source. Choose another name.")
        rows = [row | _sum(row, name, parts, sources, dec_name) for row in rows]
        sources = [*sources, name]
    return rows, sources


def quadrature_sigma(row, parts, dec_name):
    """Return the error that a sum would have without the covariance of its parts."""
    return float(np.sqrt(sum(row.get(f"flux_sigma_e__{dec_name}__{part}", 0.0) ** 2
                             for part in parts)))


def _sum(row, name, parts, sources, dec):
    """Return the fields of one sum in one image; none where no part has a flux."""
    def total(what):
        return sum(row.get(f"{what}__{dec}__{part}", 0.0) for part in parts)

    parts = [part for part in parts if f"flux_e__{dec}__{part}" in row]
    if not parts:
        return {}
    psf2 = {part: row.get(f"flux_psf_e__{dec}__{part}", 0.0) ** 2 for part in parts}
    # Var(sum) = sum over all pairs of parts of their covariance, each pair in both orders.
    variance = sum(_covariance(row, dec, one, other) for one in parts for other in parts)
    with_flux = [source for source in sources if f"flux_e__{dec}__{source}" in row]
    return {
        f"flux_e__{dec}__{name}": total("flux_e"),
        f"flux_sigma_e__{dec}__{name}": float(np.sqrt(variance + sum(psf2.values()))),
        f"flux_psf_e__{dec}__{name}": float(np.sqrt(sum(psf2.values()))),
        f"flux_sys_e__{dec}__{name}": total("flux_sys_e"),
        f"flux_cov_e2__{dec}__{name}__{name}": variance,
    } | {f"flux_cov_e2__{dec}__{source}__{name}":
         sum(_covariance(row, dec, part, source) for part in parts) + psf2.get(source, 0.0)
         for source in with_flux}


def _covariance(row, dec, one, other):
    """Return the covariance of two sources, stored in either order; 0 where it is not known."""
    pair = row.get(f"flux_cov_e2__{dec}__{one}__{other}")
    return row.get(f"flux_cov_e2__{dec}__{other}__{one}", 0.0) if pair is None else pair
