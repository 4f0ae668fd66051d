#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the shell steps of the workflows as GitHub runs them, in order, against tests/deploy/stubs,
which record the calls and play registry, service and site. Prints a line for each claim."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
STUBS = ROOT / "tests/deploy/stubs"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
SHA = "0123456789abcdef0123456789abcdef01234567"
GIVEN = {  # the repository's and the environments' variables, and what GitHub tells
    "vars.AWS_ACCOUNT": "123456789012", "vars.URL": "https://app.lauv.in", "vars.STATE_BUCKET": "lauv-state",
    "github.sha": SHA, "github.repository": "owner/name",
}
failures = 0


def claim(words, holds, seen=""):
    global failures
    failures += not holds
    print(f"{'ok  ' if holds else 'FAIL'}  {words}" + ("" if holds else f":\n      {seen}"), flush=True)


class Runner:
    """A checkout, a service at revision 7 and an empty registry; artifacts lie in the checkout."""

    def __init__(self, folder, **environment):
        self.checkout, self.state = folder / "checkout", folder / "state"
        self.state.mkdir()
        (self.state / "revision").write_text("7\n")
        shutil.copytree(ROOT / "deploy", self.checkout / "deploy", ignore=shutil.ignore_patterns("node_modules", ".terraform"))
        shutil.copytree(ROOT / "config", self.checkout / "config")
        shutil.copy(ROOT / "CMakeLists.txt", self.checkout)
        self.environment = {
            **os.environ, "PATH": f"{STUBS}:{os.environ['PATH']}", "STATE": str(self.state), "CALLS": str(self.state / "calls"),
            "POLL_SECONDS": "0.01", "OUTCOME": "good", "AWS_REGION": "us-east-1", **environment}

    def job(self, workflow, name, **matrix):
        """The exit status of the step that failed, or 0; and what was called and said."""
        whole = yaml.safe_load((ROOT / ".github/workflows" / workflow).read_text(encoding="utf-8"))
        job = whole["jobs"][name]
        (self.state / "calls").write_text("")
        known = {**GIVEN, **{f"matrix.{k}": v for k, v in matrix.items()}}

        def filled(text):
            return re.sub(r"\$\{\{\s*([\w.]+)\s*\}\}", lambda m: known[m[1]], str(text))
        environment = {**self.environment, **{k: filled(v) for k, v in job.get("env", {}).items()}}
        self.said, status = "", 0
        for step in (s for s in job["steps"] if "run" in s):
            run = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], text=True,
                                 cwd=self.checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
            self.said += run.stdout
            status = run.returncode
            if status:
                break
        self.calls = (self.state / "calls").read_text().splitlines()
        return status

    def revision(self):
        return (self.state / "revision").read_text().strip()

    def called(self, pattern):
        return [call for call in self.calls if re.search(pattern, call)]

    def record(self):
        return "\n      ".join([*self.calls, "---", *self.said.splitlines()[-15:]])


def image_job(folder):
    runner = Runner(folder)
    status = runner.job("deploy.yml", "image")
    claim("image: builds, logs in and pushes", status == 0, runner.record())
    built = sorted(re.search(r"--tag (\S+)", call)[1] for call in runner.called("^docker build"))
    claim("image: three images, tagged with the commit", built == [f"{i}:{SHA}" for i in ("gateway", "grafana", "prometheus")], built)
    files = [re.search(r"--file (\S+)", call) for call in runner.called("^docker build")]
    claim("image: each from a Dockerfile that is there",
          all((runner.checkout / f[1]).is_file() for f in files if f) and (ROOT / "Dockerfile").is_file(), files)
    claim("image: the gateway's says its version and the commit",
          len(runner.called(rf"^docker build .*VERSION=\d+\.\d+\S* .*REVISION={SHA} ")) == 1, runner.record())
    order = [next((i for i, c in enumerate(runner.calls) if re.search(p, c)), -1) for p in ("docker build", "docker login", "docker push")]
    claim("image: nothing is pushed before it is built and logged in", order == sorted(order) and -1 not in order, runner.record())
    images = json.loads((runner.checkout / "images.json").read_text())
    claim("image: images.json names each by the digest that the registry gave",
          all(re.fullmatch(rf"{REGISTRY}/lauv-{c}@sha256:[0-9a-f]{{64}}", images[c]) for c in ("gateway", "prometheus", "grafana")), images)
    status = runner.job("deploy.yml", "image")
    claim("image: a second run pushes nothing, tags being immutable, and finds the digests",
          status == 0 and not runner.called("docker push") and json.loads((runner.checkout / "images.json").read_text()) == images,
          runner.record())
    return runner.checkout / "images.json"


def first_images(folder):
    """What the first apply and deploy.sh need: all five, the sample shop being the application."""
    runner = Runner(folder)
    environment = {**runner.environment, "TAG": SHA, "AWS_ACCOUNT": "123456789012", "IMAGES": "gateway prometheus grafana frontend backend"}
    for words in (["build"], ["push", "images.json"]):
        subprocess.run(["deploy/ecs/images.sh", *words], cwd=runner.checkout, env=environment, check=True, timeout=300,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    files = re.findall(r"--file (\S+)", (runner.state / "calls").read_text())
    claim("images.sh: the sample shop's, too, from Dockerfiles that are there",
          "deploy/sample/backend/Dockerfile" in files and all((runner.checkout / f).is_file() for f in files), files)
    rendered = subprocess.run(["deploy/ecs/render.py", "--environment", "prod", "--account", "123456789012", "--images", "images.json",
                               "--file-system", "fs-1", "--access-point", "fsap-1", "--out", "out"], cwd=runner.checkout,
                              capture_output=True, text=True, timeout=60)
    claim("images.sh: what it writes is all that render.py asks for", rendered.returncode == 0, rendered.stderr)


def failed_push(folder):
    runner = Runner(folder, PUSH="fails")
    status = runner.job("deploy.yml", "image")
    claim("image: a refused push fails the job and names no images",
          status != 0 and not (runner.checkout / "images.json").exists(), runner.record())


def deploy_jobs(folder, images):
    for job, service in (("staging", "lauv-staging-gateway-service"), ("prod", "lauv-gateway-service")):
        for words, given, status, revision in (
                ("a good revision serves and is smoke-tested", {}, 0, "8"),
                ("one that does not start is taken back", {"OUTCOME": "broken"}, 1, "7"),
                ("one that fails the smoke test is taken back", {"SITE": "sick"}, 1, "7")):
            where = folder / f"{job}{revision}{'-'.join(given)}"
            where.mkdir()
            runner = Runner(where, **given)
            shutil.copy(images, runner.checkout / "images.json")
            got = runner.job("deploy.yml", job)
            claim(f"{job}: {words}", (bool(got), runner.revision()) == (bool(status), revision), runner.record())
            moved = runner.called("ecs update-service")
            claim(f"{job}: only {service} was moved", moved and all(f"--service {service} " in call for call in moved), moved)
            if not status:
                asked = [call.split()[-1] for call in runner.called("^curl")]
                claim(f"{job}: the smoke test asked page, API and redirect",
                      asked == ["https://app.lauv.in/", "https://app.lauv.in/api/health", "http://app.lauv.in/"], asked)


def plan_job(folder):
    runner = Runner(folder)
    roots = yaml.safe_load((ROOT / ".github/workflows/terraform.yml").read_text())["jobs"]["plan"]["strategy"]["matrix"]["root"]
    claim("plan: every root is planned",
          sorted(roots) == sorted(str(p.parent.relative_to(ROOT / "deploy/terraform"))
                                  for p in (ROOT / "deploy/terraform").glob("**/.terraform.lock.hcl")), roots)
    for root in roots:
        status = runner.job("terraform.yml", "plan", root=root)
        claim(f"plan: {root}: initialised from the state's bucket, planned without refresh or lock, never applied",
              status == 0 and [c.split(": ")[0] for c in runner.calls] == [f"terraform in {root}"] * 2
              and "init" in runner.calls[0] and "bucket=lauv-state" in runner.calls[0] and "-lockfile=readonly" in runner.calls[0]
              and " plan " in runner.calls[1] and "-refresh=false" in runner.calls[1] and "-lock=false" in runner.calls[1],
              runner.record())


def what_test_calls():
    """test.yml builds for twenty minutes; here its targets and sections must at least exist."""
    whole = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    steps = [s["run"] for job in whole["jobs"].values() for s in job["steps"] if "run" in s]
    targets = [t for s in steps for t in re.findall(r"^make ([\w-]+)$", s, re.M)]
    makefile = (ROOT / "Makefile").read_text()
    claim("test: its make targets are there", targets == ["test", "images", "test-deploy"]
          and all(re.search(rf"^{t}:", makefile, re.M) for t in targets), targets)
    sections = [w for s in steps for line in re.findall(r"install-packages\.sh (.+)", s) for w in line.split()]
    listed = re.findall(r"^\[(.+)\]$", (ROOT / "deploy/packages.txt").read_text(), re.M)
    claim("test: its sections of packages are there", sections and set(sections) <= set(listed), sections)


with tempfile.TemporaryDirectory() as name:
    work = pathlib.Path(name)
    for each in ("image", "first", "push", "deploy", "plan"):
        (work / each).mkdir()
    made = image_job(work / "image")
    first_images(work / "first")
    failed_push(work / "push")
    deploy_jobs(work / "deploy", made)
    plan_job(work / "plan")
    what_test_calls()
sys.exit(1 if failures else 0)
