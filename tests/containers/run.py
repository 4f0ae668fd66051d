#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The container suite: the images, built from their Dockerfiles, and the Compose stacks on a real
engine. Words choose parts (image demo sample monitoring). BUILD=0 takes the images that are there;
THOROUGH=0 leaves out the second build of the image, with a broken test."""
import os
import signal
import sys

from engine import ROOT, check, counts, engine_is_missing, run, skip
from image_checks import check_image
from stack_checks import check_demo, check_monitoring, check_sample


def build():
    run("make", "--no-print-directory", "-C", str(ROOT), "images", timeout=3000)


def test(parts):
    if os.environ.get("BUILD") != "0" and not check("the images build from their Dockerfiles", build):
        return
    if "image" in parts:
        check_image(os.environ.get("GATEWAY_IMAGE", "lauv-gateway:local"), os.environ.get("THOROUGH") != "0")
    if "demo" in parts:
        check_demo()
    if "sample" in parts:
        check_sample()
    if "monitoring" in parts:
        check_monitoring()


# So that whoever ends this leaves no stack behind.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))
why_not = engine_is_missing()
if why_not:
    print("\n*** NO CONTAINER WAS TESTED ***")
    skip("the container suite", why_not)
else:
    test(sys.argv[1:] or ["image", "demo", "sample", "monitoring"])
print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
sys.exit(1 if counts["failed"] else 0)
