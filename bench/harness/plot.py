# SPDX-License-Identifier: Apache-2.0
"""The plot, as an SVG written by hand: readable on light and dark pages, no dependencies."""

import html
import math

from harness import measure, report

WIDTH = 860
LEFT = 190         # where bars begin; the names stand before it
RIGHT = 800        # where the longest bar may end; its figure stands behind it
BAR = 15
ROW = 21
GAP = 14           # between groups of bars

STYLE = """
  text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600 }
  .section { font-size: 14px; font-weight: 600 }
  .faint { fill: #59636e }
  .small { font-size: 11px }
  .end { text-anchor: end }
  .middle { text-anchor: middle }
  .strong { font-weight: 600 }
  .grid { stroke: #8b949e; stroke-opacity: .28 }
  .mark { stroke: #1f2328; stroke-width: 1.5 }
  .target { stroke: #d1242f; stroke-width: 2 }
  .target-text { fill: #d1242f }
  .whisker { stroke: #1f2328; stroke-opacity: .55 }
  .gateway { fill: #1f6feb }
  .nginx-tuned { fill: #57ab5a }
  .haproxy { fill: #9a6dd7 }
  .relay { fill: #8b949e }
  .met { fill: #2da44e }
  .missed { fill: #d1242f }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .faint { fill: #9198a1 }
    .mark, .whisker { stroke: #e6edf3 }
    .gateway { fill: #4493f8 }
    .target { stroke: #ff7b72 }
    .target-text { fill: #ff7b72 }
    .missed { fill: #f85149 }
    .met { fill: #3fb950 }
  }
"""


class Drawing:
    """Elements in the order they are drawn, and how far down they reach."""

    def __init__(self):
        self._elements = []
        self.y = 0

    def text(self, x, y, words, kind=""):
        self._elements.append(
            f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{html.escape(words)}</text>')

    def bar(self, x, y, width, kind):
        self._elements.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{BAR}" rx="2" '
            f'class="{kind}"/>')

    def line(self, x1, y1, x2, y2, kind, dashes=""):
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._elements.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'class="{kind}"{dashed}/>')

    def svg(self, title):
        height = round(self.y + 14)
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-label="{html.escape(title)}">',
            f"<style>{STYLE}</style>", *self._elements, "</svg>", ""])


class Axis:
    """From values to places between LEFT and RIGHT."""

    def __init__(self, most, step):
        self.step = step
        self.most = math.ceil(most / step) * step

    def at(self, value):
        return LEFT + (RIGHT - LEFT) * min(value, self.most) / self.most

    def ticks(self):
        return [i * self.step for i in range(round(self.most / self.step) + 1)]


def draw_head(drawing, results):
    machine = results["machine"]
    drawing.text(20, 28, "CPU time per request: the gateway and its peers", "title")
    drawing.text(20, 47, f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; "
                 f"commit {machine['commit']}; {machine['date'][:10]}", "faint small")
    drawing.y = 76


def draw_ratios(drawing, results):
    groups = []
    for case, found in results["ratios"].items():
        bars = [(proxy, found[f"{proxy}/nginx"]) for proxy in results["cases"][case]
                if f"{proxy}/nginx" in found]
        if bars:
            groups.append((case, bars))
    if not groups:
        return
    limits = {one["case"]: one["limit"] for one in results["targets"]
              if one["what"] == "ratio" and one["other"] == "nginx"}
    axis = Axis(max(1.1, *(bar["median"] * 1.06 for _, bars in groups for _, bar in bars)), 0.25)
    drawing.text(20, drawing.y, "CPU time per request as a share of nginx's", "section")
    drawing.text(RIGHT, drawing.y, "shorter is better; thin lines: least to most of all rounds",
                 "faint small end")
    top = drawing.y + 14
    bottom = top + sum(GAP + ROW * (len(bars) + 1) for _, bars in groups)
    for tick in axis.ticks():
        drawing.line(axis.at(tick), top, axis.at(tick), bottom, "grid")
        drawing.text(axis.at(tick), bottom + 15, f"{tick:.2f}", "faint small middle")
    drawing.line(axis.at(1), top, axis.at(1), bottom, "mark")
    drawing.text(axis.at(1), bottom + 29, "nginx", "small middle strong")
    y = top + GAP
    for case, bars in groups:
        drawing.text(20, y + 10, measure.CASES[case].title, "strong")
        y += ROW
        for proxy, ratio in bars:
            limit = limits.get(case) if proxy == "gateway" else None
            draw_ratio(drawing, axis, y, proxy, ratio, limit)
            if limit:
                drawing.line(axis.at(limit), y - 3, axis.at(limit), y + BAR + 3, "target")
                drawing.text(axis.at(limit), y - 6, f"target {limit:.2f}",
                             "target-text small middle")
            y += ROW
        y += GAP
    drawing.y = bottom + 62


def draw_ratio(drawing, axis, y, proxy, ratio, limit):
    drawing.text(LEFT - 10, y + 12, report.title_of(proxy),
                 "end strong" if proxy == "gateway" else "end")
    drawing.bar(LEFT, y, axis.at(ratio["median"]) - LEFT, proxy)
    middle = y + BAR / 2
    drawing.line(axis.at(ratio["min"]), middle, axis.at(ratio["max"]), middle, "whisker")
    furthest = max(axis.at(ratio["median"]), axis.at(ratio["max"]))
    # The figure makes way for the line of the target.
    if limit and furthest - 5 < axis.at(limit) < furthest + 40:
        furthest = axis.at(limit)
    drawing.text(furthest + 7, y + 12, f"{ratio['median']:.2f}",
                 "strong" if proxy == "gateway" else "")


def draw_targets(drawing, results):
    measured = [one for one in results["targets"] if one["met"] is not None]
    if not measured:
        return
    left, right = 370, 700
    drawing.text(20, drawing.y, "Targets", "section")
    drawing.text(RIGHT, drawing.y, "bar: measured; line: the most it may be", "faint small end")
    top = drawing.y + 12
    scale = (right - left) / 1.5
    y = top + 6
    for one in measured:
        drawing.text(left - 10, y + 12, report.target_name(one), "end")
        share = min(one["value"] / one["limit"], 1.5)
        drawing.bar(left, y, share * scale, "met" if one["met"] else "missed")
        value, limit = report.target_figures(one)
        drawing.text(right + 12, y + 12, f"{value} of {limit}", "small")
        y += ROW
    drawing.line(left + scale, top, left + scale, y, "mark")
    drawing.y = y + 6


def svg(results):
    drawing = Drawing()
    draw_head(drawing, results)
    draw_ratios(drawing, results)
    draw_targets(drawing, results)
    return drawing.svg("CPU time per request of the gateway, nginx, HAProxy and a relay")
