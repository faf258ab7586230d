"""Archives and notebooks made by hand, as the hostile submissions need them."""

import io
import json
import tarfile
import zipfile

SCALE = "ch1_mini/scale.py"


def zip_of(*members, method=zipfile.ZIP_DEFLATED):
    """A zip of (name, bytes) pairs; a `ZipInfo` may stand for a name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def tar_of(*members, mode="w:gz"):
    """A tar of (name or TarInfo, bytes) pairs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data) if data else None)
    return buffer.getvalue()


def special(name, kind, link=""):
    """A member of a tar that is no regular file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def notebook_of(*cells, **more):
    """A notebook of code cells: texts, or whole cells."""
    made = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": cell}
        if isinstance(cell, str)
        else cell
        for cell in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}).encode()
