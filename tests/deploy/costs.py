#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""costs.md is what costs.py computes and says where each price was read, the roots have as many NAT
gateways as it counts, and each budget tells at four fifths, so a month as planned must stay below that."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy/ecs"))
import costs  # noqa: E402

values = costs.load()
problems = []
page = (ROOT / "deploy/runbooks/costs.md").read_text(encoding="utf-8")
if costs.table(values) not in page:
    problems.append("deploy/runbooks/costs.md: the table is not what deploy/ecs/costs.py prints")
sources = page[page.index("| price |"):page.index("## How the gateway")]
for name, price in costs.PRICES.items():
    for one in price.values() if isinstance(price, dict) else [price]:
        if not re.search(rf"(?<![\d.]){re.escape(f'{one:g}')}0*(?![\d])", sources):
            problems.append(f"deploy/runbooks/costs.md names no source for {name}: {one:g}")
for environment, here in values["environments"].items():
    month = sum(cost for _, cost in costs.items(values, environment))
    if month > 0.8 * here["monthly_budget_usd"]:
        problems.append(f"{environment}: a month costs {month:.0f}, the budget of {here['monthly_budget_usd']} would tell each month")
    variables = (ROOT / f"deploy/terraform/environments/{environment}/variables.tf").read_text(encoding="utf-8")
    if int(re.search(r'"nat_gateways" \{.*?default\s+= (\d)', variables, re.S)[1]) != costs.NAT_GATEWAYS[environment]:
        problems.append(f"{environment}: costs.py counts other NAT gateways")
print("\n".join(problems))
sys.exit(1 if problems else 0)
