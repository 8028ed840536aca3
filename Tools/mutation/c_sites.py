"""Lists the places of a C file where a small wrong change can be planted, from clang's syntax tree."""

import json
import subprocess

COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}
ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*", "&": "|", "|": "&", "<<": ">>", ">>": "<<"}
ORDERED = {"-", "/", "%"}


class _Finder:
    def __init__(self, path, source):
        self.path, self.source, self.sites = path, source, []
        self.file = None

    def walk(self, node, parent=None, inside=False):
        """Visits nodes in the order of the output, in which a file's name is only given where it changes.

        `inside` says whether the node is part of a function: elsewhere values must be constant."""
        where = self._range(node)
        if where and inside:
            self._visit(node, parent, *where)
        for child in node.get("inner", []):
            if child and not child.get("kind", "").endswith("Attr"):
                self.walk(child, node, inside or node["kind"] == "FunctionDecl")

    def _range(self, node):
        inside = []
        for place in (node.get("loc", {}), node.get("range", {}).get("begin", {}),
                      node.get("range", {}).get("end", {})):
            for spelled in (place, place.get("spellingLoc", {}), place.get("expansionLoc", {})):
                if "file" in spelled:
                    self.file = spelled["file"]
            inside.append(place)
        begin, end = inside[1], inside[2]
        if self.file != self.path or "offset" not in begin or "offset" not in end:
            return None
        return begin["offset"], end["offset"] + end["tokLen"]

    def _text(self, node):
        begin, end = node["range"]["begin"], node["range"]["end"]
        if "offset" not in begin or "offset" not in end:
            return None
        return self.source[begin["offset"]:end["offset"] + end["tokLen"]].decode()

    def _add(self, form, start, end, *alternatives):
        self.sites.append({"form": form, "start": start, "end": end,
                           "alternatives": [{"kind": k, "text": t} for k, t in alternatives]})

    def _visit(self, node, parent, start, end):
        kind, inner = node["kind"], node.get("inner", [])
        if kind in ("CallExpr", "CompoundAssignOperator") and parent["kind"] in ("CompoundStmt", "ForStmt"):
            if parent["kind"] == "CompoundStmt" or parent["inner"][-1] is node:
                self._add("statement", start, end, ("left out", ""))
        if kind == "BinaryOperator":
            self._operator(node, parent, start, end)
        elif kind == "IntegerLiteral" and parent["kind"] not in ("CaseStmt", "ConstantExpr"):
            text = self.source[start:end].decode()
            if text.isdigit():
                near = [("± 1", str(int(text) + 1))] + ([("± 1", str(int(text) - 1))] if int(text) else [])
                self._add("expression", start, end, *near)
        elif kind == "FloatingLiteral":
            self._add("expression", start, end, ("constant changed", "1.25f * " + self.source[start:end].decode()))
        elif kind == "ConditionalOperator":
            condition, chosen, other = (self._text(part) for part in inner)
            if None not in (condition, chosen, other):
                self._add("expression", start, end, ("branches swapped", f"{condition} ? ({other}) : ({chosen})"))
        if parent["kind"] == "IfStmt" and parent["inner"][0] is node:
            self._add("expression", start, end, ("branch taken", "1"), ("branch left out", "0"))

    def _operator(self, node, parent, start, end):
        sign, (left, right) = node["opcode"], (self._text(part) for part in node["inner"])
        if left is None or right is None:
            return
        if sign == "=" and parent["kind"] in ("CompoundStmt", "ForStmt"):
            if parent["kind"] == "CompoundStmt" or parent["inner"][-1] is node:
                self._add("statement", start, end, ("left out", ""))
            return
        alternatives = []
        for table, kind in ((COMPARISONS, "comparison flipped"), (LOGIC, "and for or"),
                            (ARITHMETIC, "another operator")):
            if sign in table:
                alternatives.append((kind, f"{left} {table[sign]} {right}"))
        if sign in ORDERED and left != right:
            alternatives.append(("operands swapped", f"({right}) {sign} ({left})"))
        if alternatives:
            self._add("expression", start, end, *alternatives)


def c_sites(path, flags):
    """The sites of a C file, in the form that the finder of Swift's sites prints."""
    tree = subprocess.run(["clang", "-fsyntax-only", "-Xclang", "-ast-dump=json", *flags, path],
                          check=True, capture_output=True).stdout
    with open(path, "rb") as file:
        finder = _Finder(path, file.read())
    finder.walk(json.loads(tree))
    return finder.sites
