#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The container suite: the image and the Compose stacks on a real engine. `make test-containers`
builds the images first. THOROUGH=0 leaves out the second build of the image, with a broken test."""
import os
import sys

from engine import counts, engine_is_missing, skip
from image_checks import check_image
from stack_checks import check_demo, check_monitoring, check_sample

why_not = engine_is_missing()
if why_not:
    print("\n*** NO CONTAINER WAS TESTED ***")
    skip("the container suite", why_not)
else:
    wanted = sys.argv[1:] or ["image", "demo", "sample", "monitoring"]
    if "image" in wanted:
        check_image(os.environ.get("GATEWAY_IMAGE", "lauv-gateway:local"), os.environ.get("THOROUGH") != "0")
    if "demo" in wanted:
        check_demo()
    if "sample" in wanted:
        check_sample()
    if "monitoring" in wanted:
        check_monitoring()
print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
sys.exit(1 if counts["failed"] else 0)
