"""Rows, bars and the Markdown that comes of them."""
import math
import statistics

OURS, REFERENCE = "ours", "reference"


class Bar:
    """What a row has to reach. `test(ours, reference)` gives True, False or None (unknown)."""

    def __init__(self, text, test):
        self.text = text
        self.test = test

    def verdict(self, ours, reference):
        try:
            reached = self.test(ours, reference)
        except (TypeError, ZeroDivisionError):
            reached = None
        return "n/a" if reached is None else "reach" if reached else "**miss**"


def _ratio(ours, reference, test):
    if ours is None or reference is None:
        return None
    if math.isinf(ours):
        return test(math.inf)
    if math.isinf(reference):
        return test(0)
    return test(1 if ours == reference else ours / reference if reference else math.inf)


def ratio_at_most(limit):
    return Bar(f"ratio <= {limit:g}", lambda o, r: _ratio(o, r, lambda q: q <= limit))


def ratio_at_least(limit, note=""):
    return Bar(f"ratio >= {limit:g}{note}", lambda o, r: _ratio(o, r, lambda q: q >= limit))


def at_most(limit, shown=None):
    return Bar(shown or f"<= {limit:g}", lambda o, _: None if o is None else o <= limit)


def at_least(limit, shown=None):
    return Bar(shown or f">= {limit:g}", lambda o, _: None if o is None else o >= limit)


def says(*words):
    """A text that holds one of the words."""
    return Bar(" or ".join(words),
               lambda o, _: None if o is None else any(w.lower() in o.lower() for w in words))


def show(value):
    if value is None:
        return "n/a"
    if isinstance(value, str):
        return value.replace("|", "\\|").replace("\n", " ")
    if math.isinf(value):
        return "never"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100 or value == int(value):
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.2f}" if size >= 10 else f"{value:.3f}"


def middle(values):
    known = [v for v in values if v is not None]
    if not known:
        return None
    return known[-1] if isinstance(known[-1], str) else statistics.median(known)


class Row:
    def __init__(self, name, unit, bar):
        self.name, self.unit, self.bar = name, unit, bar
        self.values = {OURS: [], REFERENCE: []}

    def markdown(self):
        ours, reference = (middle(self.values[k]) for k in (OURS, REFERENCE))
        ratio, spread = "", ""
        if all(isinstance(v, (int, float)) and math.isfinite(v) for v in (ours, reference)):
            if reference:
                ratio = f"{ours / reference:.3f}"
            per_round = [o / r for o, r in zip(*self.values.values()) if o is not None and r]
            if len(per_round) > 1:
                spread = f"{min(per_round):.2f}..{max(per_round):.2f}"
        bar = self.bar.text if self.bar else ""
        verdict = self.bar.verdict(ours, reference) if self.bar else ""
        right = show(reference) if self.values[REFERENCE] else ""
        cells = [self.name, self.unit, show(ours), right, ratio, spread, bar, verdict]
        return "| " + " | ".join(cells) + " |"


class Table:
    def __init__(self, bar, title, columns):
        self.bar, self.title, self.columns = bar, title, columns
        self.rows = {}
        self.notes = []

    def add(self, name, unit, column, value, bar=None):
        """Adds one measurement of a row; rows keep the order in which they first came."""
        row = self.rows.setdefault(name, Row(name, unit, bar))
        row.values[column].append(value)

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def markdown(self):
        out = [f"## {self.bar}. {self.title}", "",
               f"| row | unit | {self.columns[0]} | {self.columns[1]} | ratio | ratio by round "
               "| bar | verdict |",
               "|---|---|--:|--:|--:|:-:|---|---|"]
        out += [row.markdown() for row in self.rows.values()]
        if not self.rows:
            out.append("| nothing measured | | | | | | | |")
        if self.notes:
            out += [""] + [f"- {note}" for note in self.notes]
        return "\n".join(out) + "\n"
