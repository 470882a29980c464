#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""client.py REPOSITORY STATE: python-tuf's client takes a whole release from a folder.

STATE/root.json is where it begins. Prints the release's version; exit 1 when anything is refused.
"""

import hashlib
import json
import os
import sys
from urllib.parse import unquote, urlparse

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater


class FolderFetcher(FetcherInterface):
    """file:// only, as a mirror answers: 404 for what is not there."""

    def _fetch(self, url):
        path = unquote(urlparse(url).path)
        if not os.path.isfile(path):
            raise DownloadHTTPError("not found", 404)
        with open(path, "rb") as file:
            while chunk := file.read(4096):
                yield chunk


def take(updater, path, folder):
    info = updater.get_targetinfo(path)
    if info is None:
        raise ValueError(f"{path}: no role lists it")
    name = updater.download_target(info, os.path.join(folder, path.replace("/", "_")))
    with open(name, "rb") as file:
        return file.read()


def main(repository, state):
    targets = os.path.join(state, "targets")
    os.makedirs(targets, exist_ok=True)
    base = "file://" + os.path.abspath(repository)
    updater = Updater(state, base + "/metadata/", targets, base + "/targets/", FolderFetcher())
    updater.refresh()
    release = json.loads(take(updater, "rules/release.json", targets))
    for entry in release["lists"]:
        data = take(updater, f"rules/{entry['name']}.rules", targets)
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise ValueError(f"{entry['name']}: another content than the release names")
    if updater.get_targetinfo("images/cordon.bundle") is not None:
        raise ValueError("an image that nobody published")
    print(release["version"])


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # whatever it is, it is a refusal
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
