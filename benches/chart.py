"""Bars as SVG, readable on a light page and on a dark one. No library, no script, no font but those that are there."""

from xml.sax.saxutils import escape

WIDTH, ROW, GAP, TITLE, NAMES, VALUES = 760, 19, 16, 26, 150, 64
STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 14px; font-weight: 600 }
.panel { font-weight: 600 }
.value { fill: #57606a }
.bar { fill: #a8b3bf }
.ours { fill: #7048c8 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .value { fill: #9aa5b1 }
  .bar { fill: #4d5866 }
  .ours { fill: #a98bf0 }
}
"""


def bars(title, panels, ours="pulsar"):
    """A panel for each `(name, [(name of the bar, value, text of the value)])`; the longest bar of a panel is as wide as there is room."""
    shapes = [f'<text class="title" x="0" y="16">{escape(title)}</text>']
    top = TITLE + GAP
    for name, rows in panels:
        shapes.append(f'<text class="panel" x="0" y="{top + 13}">{escape(name)}</text>')
        top += ROW + 3
        most = max((value for _, value, _ in rows), default=0)
        for label, value, text in rows:
            width = (WIDTH - NAMES - VALUES) * value / most if most else 0
            kind = "bar ours" if label.startswith(ours) else "bar"
            shapes.append(f'<text x="{NAMES - 8}" y="{top + 13}" text-anchor="end">{escape(label)}</text>')
            shapes.append(f'<rect class="{kind}" x="{NAMES}" y="{top + 3}" width="{width:.1f}" height="{ROW - 6}" rx="2"/>')
            shapes.append(f'<text class="value" x="{NAMES + width + 6:.1f}" y="{top + 13}">{escape(text)}</text>')
            top += ROW
        top += GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", f"<style>\n{STYLE}</style>", *shapes, "</svg>"]) + "\n"
