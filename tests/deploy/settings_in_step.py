#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The times that three files must agree on: the gateway's settings, the task definitions' values and
the load balancer's."""
import json
import pathlib
import re
import sys

from load_balancer import LoadBalancer

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETTINGS = (ROOT / "config/gateway.yaml").read_text(encoding="utf-8")
EDGE = (ROOT / "deploy/terraform/modules/edge/variables.tf").read_text(encoding="utf-8")
values = json.loads((ROOT / "deploy/ecs/values.json").read_text(encoding="utf-8"))
problems = []


def setting(name):
    return int(re.search(rf"^  {name}: (\d+)s\b", SETTINGS, re.M)[1])


def must(words, holds):
    if not holds:
        problems.append(words)


keep_alive, answer, drain = setting("keep_alive"), setting("response_head"), setting("drain")
REFERENCE = (ROOT / "config/reference.md").read_text(encoding="utf-8")
lame_duck = int(re.search(r"^\| `timeouts\.lame_duck` \| duration \| `(\d+)s`", REFERENCE, re.M)[1])
idle, stop = values["alb_idle_timeout"], values["services"]["gateway"]["stop_timeout"]
delay = int(re.search(r'"deregistration_delay" \{.*?default\s+= (\d+)', EDGE, re.S)[1])
must(f"an idle connection ends at the load balancer ({idle} s) before it does at the gateway ({keep_alive} s)", idle < keep_alive)
must(f"a slow upstream is given up by the gateway ({answer} s) before the load balancer gives up the gateway ({idle} s)", answer < idle)
must(f"the drain ({drain} s) ends before ECS kills the task ({stop} s)", drain < stop)
must(f"the load balancer waits for a leaving target ({delay} s) as long as that drains ({drain} s)", delay >= drain)
must(f"a leaving gateway takes new connections ({lame_duck} s) until each node of the load balancer knows ({LoadBalancer.LAG} s), and then drains",
     LoadBalancer.LAG < lame_duck < drain)
must("Terraform's validation of the idle time-out has other bounds",
     f"var.idle_timeout > {answer} && var.idle_timeout < {keep_alive}" in EDGE)
must("Terraform's validation of the deregistration delay has another bound", f"var.deregistration_delay >= {drain}" in EDGE)
print("\n".join(problems))
sys.exit(1 if problems else 0)
