"""The check sums of FITS files, which show whether a bit has flipped since."""

from cosmouline.files.fits_bytes import CHUNK_BYTES, card_value, padded_size

import numpy as np


def checksum_problem(stream, hdu):
    """Return which of DATASUM and CHECKSUM does not agree with the bytes of an HDU.

    None where all agrees or the header has neither card.

    Notes
    -----
    Ones-complement sums of 32-bit words (FITS standard 4.0, appendix J), summed in 64 bits and
    folded at the end.
    """
    announced = str(card_value(hdu.header, "DATASUM", "")).strip()
    if not announced:
        return None
    # DATASUM is the sum over the data, with the blanks that fill the last block
    data_sum = _sum_words(stream, hdu.data_at, padded_size(hdu.n_bytes))
    if announced != str(data_sum):
        return f"checksum: DATASUM is {announced}, the data give {data_sum}"
    # CHECKSUM is chosen such that header and data together sum to -0
    header_sum = _sum_words(stream, hdu.header_at, hdu.data_at - hdu.header_at)
    if "CHECKSUM" in hdu.header and _fold(data_sum + header_sum) not in (0, 0xFFFFFFFF):
        return "checksum: CHECKSUM does not fit the header (edited since?)"
    return None


def _sum_words(stream, start, n_bytes):
    """Ones-complement sum of big-endian 32-bit words; bytes that are missing count as 0."""
    stream.seek(start)
    total = 0
    while n_bytes > 0:
        chunk = stream.read(min(n_bytes, CHUNK_BYTES))
        if not chunk:
            break  # the file was cut
        n_bytes -= len(chunk)
        # 2^20 words of 32 bits cannot overflow 64 bits
        words = np.frombuffer(chunk + b"\0" * (-len(chunk) % 4), dtype=">u4")
        total += int(words.sum(dtype=np.uint64))
    return _fold(total)


def _fold(total):
    """Add the carries of a ones-complement sum back in."""
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total
