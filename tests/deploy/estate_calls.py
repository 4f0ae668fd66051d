#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a role may do all that was done with an access key: estate_calls.py CALLS KEY ROLE

CALLS is what mock_aws.py wrote. Resources are not compared: a right somewhere counts."""
import pathlib
import sys

from asked import Role, claim, verdict

NEEDS_NONE = {"sts:GetCallerIdentity"}
OF_S3 = {"s3:ListObjects": "s3:ListBucket", "s3:ListObjectsV2": "s3:ListBucket", "s3:HeadBucket": "s3:ListBucket", "s3:HeadObject": "s3:GetObject"}
calls, key, name = sys.argv[1:]
made = {right for by, right in (line.split() for line in pathlib.Path(calls).read_text(encoding="utf-8").splitlines()) if by == key}
needed = {OF_S3.get(right, right) for right in made} - NEEDS_NONE
role = Role(name)
refused = sorted(right for right in needed if not role.may_somewhere(right))
claim(f"{name}: what was done with its work in mind needs {len(needed)} rights, and it has them", needed and not refused, refused or "nothing was done")
verdict()
