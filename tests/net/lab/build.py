# SPDX-License-Identifier: Apache-2.0
"""The build under test: where it is, and what meson was told to leave out."""
import json
import os

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def build_directory(build_dir=None):
    return os.path.join(REPOSITORY, build_dir or os.environ.get("BUILD_DIR") or "build")


def has_data_plane():
    """False for -Ddata_plane=disabled. Where nothing is built, that is for the tests to say."""
    path = os.path.join(build_directory(), "meson-info", "intro-buildoptions.json")
    if not os.path.exists(path):
        return True
    with open(path, encoding="utf-8") as file:
        options = {option["name"]: option["value"] for option in json.load(file)}
    return options["data_plane"] != "disabled"
