#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The container suite: the images, built from their Dockerfiles, and the Compose stacks on a real
engine. Words choose parts (image demo sample monitoring); `short` is the gateway's image and the
demo, without what builds or lasts. BUILD=0 takes the images that are there; THOROUGH=0 leaves out
the second build of the image, with a broken test."""
import os
import signal
import sys

from engine import ROOT, check, counts, engine_is_missing, run, skip
from image_checks import check_image
from stack_checks import check_demo, check_monitoring, check_sample

PARTS = ["image", "demo", "sample", "monitoring"]


def build(target):
    run("make", "--no-print-directory", "-C", str(ROOT), target, timeout=3000)


def test(words):
    short = "short" in words
    parts = [one for one in PARTS if one in words] or (["image", "demo"] if short else PARTS)
    needs = "images" if {"sample", "monitoring"} & set(parts) else "image"
    if os.environ.get("BUILD") != "0" and not check(f"make {needs} builds from the Dockerfiles", build, needs):
        return
    if "image" in parts:
        thorough = not short and os.environ.get("THOROUGH") != "0"
        check_image(os.environ.get("GATEWAY_IMAGE", "lauv-gateway:local"), thorough)
    if "demo" in parts:
        check_demo(short)
    if "sample" in parts:
        check_sample()
    if "monitoring" in parts:
        check_monitoring()


unknown = set(sys.argv[1:]) - {"short", *PARTS}
if unknown:
    sys.exit(f"no such part: {' '.join(sorted(unknown))}; there are short {' '.join(PARTS)}")
# So that whoever ends this leaves no stack behind.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))
why_not = engine_is_missing()
if why_not:
    print("\n*** NO CONTAINER WAS TESTED ***")
    skip("the container suite", why_not)
else:
    test(sys.argv[1:])
print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
sys.exit(1 if counts["failed"] else 0)
