"""One synchronous query of a TAP service, which cannot take longer than it is allowed to."""

import io
import threading
import urllib.error
import urllib.parse
import urllib.request
import warnings

from cosmouline import library
from cosmouline.errors import UserError, one_line

votable = library("astropy.io.votable")


MOST_BYTES = 300_000_000
CHUNK = 1 << 16


def query(url, adql, timeout_s, max_rows):
    """Ask a TAP service; return its table and whether it was cut.

    Parameters
    ----------
    url : str
        Of the service, without ``/sync``.
    adql : str
    timeout_s : float
        In all: a service that sends a byte now and then is left, too.
    max_rows : int

    Returns
    -------
    table : astropy.table.Table
    is_cut : bool
        The service says that there are more rows.

    Raises
    ------
    UserError
        If there is no complete table, with the reason in one line.

    Notes
    -----
    TAP 1.1 (Dowler et al. 2019): QUERY_STATUS is OK, ERROR or OVERFLOW, the last of them wins. The
    request runs in a thread that is left behind when the time is over: neither a name server nor
    a socket can hold the caller.
    """
    body = urllib.parse.urlencode({
        "REQUEST": "doQuery", "LANG": "ADQL", "FORMAT": "votable", "MAXREC": max_rows,
        "QUERY": adql}).encode()
    answer = {}
    thread = threading.Thread(target=_ask, args=(f"{url.rstrip('/')}/sync", body, timeout_s,
                                                 answer), daemon=True)
    thread.start()
    thread.join(timeout_s)
    if thread.is_alive():
        raise UserError(f"no complete answer within {timeout_s:g} s")
    if "data" not in answer:
        raise UserError(answer["problem"])
    return _table(answer["data"])


def _ask(url, body, timeout_s, answer):
    """Put the bytes of an answer into a dict, or why there are none."""
    try:
        request = urllib.request.Request(url, body, {"User-Agent": "cosmouline"})
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            data, expected = bytearray(), response.headers.get("Content-Length")
            while chunk := response.read(CHUNK):
                data += chunk
                if len(data) > MOST_BYTES:
                    answer["problem"] = f"it sends more than {MOST_BYTES / 1e6:.0f} MB"
                    return
        if expected and len(data) < int(expected):
            answer["problem"] = f"the answer was cut after {len(data)} of {expected} bytes"
            return
        answer["data"] = bytes(data)
    except urllib.error.HTTPError as error:  # TAP sends its errors as tables, with such a status
        with_text = error.read(1 << 20)
        try:
            _table(with_text)
            answer["problem"] = f"status {error.code}"
        except UserError as problem:
            answer["problem"] = f"status {error.code}: {problem}"
    except Exception as error:  # of sockets, names, certificates, addresses
        reason = getattr(error, "reason", error)
        answer["problem"] = one_line(str(reason) or type(error).__name__)


def _table(data):
    """Return the table of a VOTable and whether it was cut; UserError for anything else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = votable.parse(io.BytesIO(data), verify="ignore")
    except Exception as error:
        start = one_line(data[:60].decode("ascii", "replace").strip())
        raise UserError(f"the answer is no complete VOTable (it begins with {start!r})"
                        ) from error
    status, text = "OK", ""
    for resource in tree.resources:
        for info in resource.infos:
            if info.name == "QUERY_STATUS":
                status, text = str(info.value).upper(), one_line(str(info.content or ""))
    if status == "ERROR":
        raise UserError(f"it refuses the query: {text or 'no reason given'}")
    try:
        return tree.get_first_table().to_table(use_names_over_ids=True), status == "OVERFLOW"
    except (IndexError, ValueError) as error:
        raise UserError("the answer holds no table") from error
