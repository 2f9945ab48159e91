"""Magnitudes of stars by name, from a text file or an ECSV table."""

from pathlib import Path

from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv
from cosmouline.files.io_text import read_lines


def read_magnitudes(path):
    """Read the magnitudes of stars.

    Parameters
    ----------
    path : str or Path
        Lines ``name mag [error]``, with ``#`` before comments; or an ECSV table with the columns
        name, mag and, if there are errors, mag_error.

    Returns
    -------
    dict of str to (float, float)
        Magnitude and error, NaN where there is none, by the name of the star.

    Raises
    ------
    UserError
        If a line or a column is not of this form, or no star is in it.
    """
    path, found = Path(path), {}
    if path.suffix == ".ecsv":
        rows = read_ecsv(path)
        if not all("name" in row for row in rows) or not any("mag" in row for row in rows):
            raise UserError(f"{path} must have the columns name and mag (and mag_error).")
        found = {str(row["name"]): (float(row["mag"]), float(row.get("mag_error", "nan")))
                 for row in rows if "mag" in row}
    else:
        for number, line in enumerate(read_lines(path), 1):
            words = line.partition("#")[0].split()
            if not words:
                continue
            try:
                mag, error = (float(word) for word in (*words[1:], "nan", "nan")[:2])
            except ValueError:
                mag = float("nan")
            if len(words) not in (2, 3) or mag != mag:
                raise UserError(f"{path}, line {number}: write name mag [error], not '{line}'.")
            found[words[0]] = (mag, error)
    if not found:
        raise UserError(f"{path} has no magnitude. Write lines: name mag [error].")
    return found
