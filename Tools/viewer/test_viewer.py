"""What a person does with a page of `paligraph dump --format html`, done by Chromium. See Tools/viewer-test."""

import argparse
import pathlib
import sys
import time
import traceback

from browser import Browser

DESKTOP, PHONE = (1280, 800), (390, 844)


class Viewer:
    """A page that is open, and what can be read from it."""

    def __init__(self, browser, path, size=DESKTOP, theme="light", scale=1):
        self.browser = browser
        self.seconds = browser.open(path, *size, theme=theme, scale=scale)

    def count(self, selector):
        return self.browser.evaluate(f"document.querySelectorAll(`{selector}`).length")

    def text(self, selector):
        return self.browser.evaluate(f"document.querySelector(`{selector}`).innerText")

    def is_hidden(self, selector):
        return self.browser.evaluate(f"document.querySelector(`{selector}`).hidden")

    def snapshot(self):
        return self.browser.evaluate("app.snapshot")

    def select(self, function):
        self.browser.evaluate(
            f"(() => {{ const s = document.getElementById('function'); s.value = '{function}';"
            " s.dispatchEvent(new Event('change')); })()")

    def slide(self, snapshot):
        self.browser.evaluate(
            f"(() => {{ const s = document.getElementById('slider'); s.value = {snapshot};"
            " s.dispatchEvent(new Event('input')); })()")

    def find(self, words):
        self.browser.key("/")
        self.browser.evaluate("document.getElementById('search').select()")
        self.browser.type(words)
        self.browser.key("Enter")


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def draws(viewer):
    check(viewer.seconds < 2, f"drawn after {viewer.seconds:.2f} s")
    check(viewer.count("#graph .node") >= 5 and viewer.count("#graph .edge") >= 4, "no graph")
    check(viewer.text("#title") == "paligemma", "no title")
    overlaps = viewer.browser.evaluate("""(() => {
      const boxes = [...document.querySelectorAll('#graph .node > rect:not(.behind)')].map(r => r.getBBox());
      return boxes.filter((a, i) => boxes.some((b, j) => j > i && a.x < b.x + b.width - 1
        && b.x < a.x + a.width - 1 && a.y < b.y + b.height - 1 && b.y < a.y + a.height - 1)).length; })()""")
    check(overlaps == 0, f"{overlaps} nodes lie over each other")


def folds(viewer):
    repeat = "#graph .node.stack"
    check("×5" in viewer.browser.evaluate(f"document.querySelector('{repeat}').textContent"), "no count of blocks")
    before = viewer.count("#graph .node")
    viewer.browser.click(repeat)
    check(viewer.count("#graph .node") == before + 4, "five blocks take the place of one")
    check(viewer.count("#graph .title") == 1, "no box around the blocks")
    viewer.browser.click("#graph .node[data-scope='#layers.2']")
    check(viewer.count("#graph .node[data-name='layers.2.layer_norm1']") == 1, "the block did not unfold")
    viewer.browser.click("#graph .title[data-scope='#layers.2']")
    check(viewer.count("#graph .node[data-name='layers.2.layer_norm1']") == 0, "the block did not fold")
    viewer.browser.click("#unfold")
    operations = viewer.browser.evaluate("app.fn.nodes.length")
    ports = viewer.browser.evaluate("app.fn.parameters.length + app.fn.results.length")
    check(viewer.count("#graph .node") == operations + ports, "not all is unfolded")
    viewer.browser.click("#fold")
    check(viewer.count("#graph .node") == before, "not all is folded")


def folds_by_keys(viewer):
    viewer.browser.evaluate("document.querySelector('#graph .node.stack').focus()")
    before = viewer.count("#graph .node")
    viewer.browser.key("Enter")
    check(viewer.count("#graph .node") > before, "Enter does not unfold")
    check(viewer.browser.evaluate("document.activeElement.dataset.scope") is not None, "the focus is lost")
    viewer.browser.key("Enter")
    check(viewer.count("#graph .node") == before, "Enter does not fold")
    viewer.browser.key("ArrowDown")
    check(viewer.browser.evaluate("document.activeElement.dataset.name") == "post_layernorm",
          "the arrow does not follow the edge")
    viewer.browser.key("Enter")
    check(viewer.text("#details h2") == "%post_layernorm", "Enter does not choose")
    viewer.browser.key("Escape")
    check(viewer.text("#details h2") == "@vision", "Escape does not lead back")


def searches(viewer):
    viewer.browser.key("/")
    viewer.browser.type("layers.3 attention")
    check(not viewer.is_hidden("#hits") and viewer.count("#hits li") >= 1, "nothing found")
    viewer.browser.key("ArrowDown")
    viewer.browser.key("ArrowUp")
    viewer.browser.key("Enter")
    check(viewer.text("#details h2") == "%layers.3.self_attn.context.attention", "not chosen")
    check(viewer.is_hidden("#hits"), "the list stays open")
    check(viewer.count("#graph .node.chosen") == 1, "not revealed")
    x, y = viewer.browser.place("#graph .node.chosen")
    check(0 < x < 930 and 100 < y < 800, "not brought to sight")
    viewer.browser.key("/")
    viewer.browser.evaluate("document.getElementById('search').select()")
    viewer.browser.type("no such thing")
    check(viewer.text("#hits") == "nothing found", "no answer to a search in vain")
    viewer.browser.key("Escape")


def tells_of_a_node(viewer):
    viewer.find("layers.3 attention")
    panel = viewer.text("#details")
    for wanted in ("attention : f32[", "softmax", "Reads", "query", "Read by", "Executed by", "arena offset",
                   "Made by", "fuse_attention", "Imported operations"):
        check(wanted in panel, f"{wanted!r} is missing in: {panel}")
    check(viewer.count("#imported li") >= 3, "no imported operations")
    # An operation that is gone: its link leads into the snapshot where it was.
    viewer.browser.click("#made-by li a[data-link$='.context']")
    check(viewer.text("#details h2") == "%layers.3.self_attn.context", "the link leads elsewhere")
    check("fuse_attention" in viewer.text("#pass") or viewer.snapshot() < 16, "no step back")
    check("puts it into" in viewer.text("#details"), "it does not say what became of it")


def walks_through_passes(viewer):
    last = int(viewer.browser.evaluate("document.getElementById('slider').max"))
    check(last >= 12 and viewer.snapshot() == last, "the page does not begin at the end")
    viewer.slide(0)
    check(viewer.text("#pass").startswith("imported"), "not the imported graph")
    imported = viewer.browser.evaluate("app.fn.nodes.length")
    seen = set()
    for snapshot in range(1, last + 1):
        viewer.browser.key("]")
        check(viewer.snapshot() == snapshot, "the key does not lead on")
        seen.add(viewer.text("#pass").split()[0])
        marked = viewer.count("#graph .node.added, #graph .node.changed")
        changes = viewer.browser.evaluate("app.changes.kind.size")
        check((marked > 0) == (changes > 0), f"{changes} changes and {marked} marks after {viewer.text('#pass')}")
    check({"fuse_norm", "fuse_attention", "plan_memory"} <= seen, f"passes: {seen}")
    check(viewer.browser.evaluate("app.fn.nodes.length") < imported / 2, "the passes did nothing")
    viewer.browser.click("#previous")
    check(viewer.snapshot() == last - 1, "the button does not lead back")
    # The slider itself, by the keys that every slider has.
    viewer.browser.evaluate("document.getElementById('slider').focus()")
    viewer.browser.key("ArrowLeft")
    check(viewer.snapshot() == last - 2, "the slider does not follow the keys")


def lists_removed(viewer):
    names = viewer.browser.evaluate("Model.data.snapshots.map(s => s.pass || '')")
    viewer.slide(names.index("fuse_attention"))
    check(viewer.count("#removed li") > 5, "what the pass removed is not listed")
    viewer.browser.click("#removed li a")
    check(viewer.snapshot() == names.index("fuse_attention") - 1, "the link leads not to before the pass")
    check(viewer.count("#graph .node.chosen") == 1, "the removed node is not shown")


def maps_memory(viewer):
    viewer.browser.click("#tab-memory")
    check(viewer.count("#memory rect.buffer") > 20, "no buffers")
    check(viewer.count("#memory line.bound") == 1, "no lower bound")
    inside = viewer.browser.evaluate("""(() => {
      const top = Math.min(...[...document.querySelectorAll('#memory rect.buffer')].map(r => +r.getAttribute('y')));
      return top >= 13; })()""")
    check(inside, "buffers leave the map")
    check(viewer.is_hidden("#tooltip"), "a tooltip without a reason")
    viewer.browser.hover("#memory rect.buffer:nth-of-type(3)")
    check(not viewer.is_hidden("#tooltip"), "no tooltip")
    text = viewer.text("#tooltip")
    check(text.startswith("%") and " at " in text and "step" in text, f"tooltip: {text}")
    viewer.browser.evaluate("document.querySelector('#memory svg').focus()")
    viewer.browser.key("ArrowRight")
    check(viewer.count("#memory rect.buffer.chosen") == 1, "arrows do not walk")
    viewer.browser.key("Enter")
    check(not viewer.is_hidden("#graph-view") and viewer.count("#details h2") == 1, "Enter does not choose")


def tables_steps(viewer):
    viewer.browser.click("#tab-steps")
    titles = [title.strip(" ▴▾\n") for title in viewer.text("#steps-view thead").split("\t")]
    for title in ("Step", "Kernel", "MFLOP", "Bytes", "ms", "GFLOPS", "GB/s", "% of limit"):
        check(title in titles, f"no column {title}: {titles}")
    rows = viewer.count("#steps-view tbody tr")
    check(rows > 20, f"{rows} rows")
    viewer.browser.click("#steps-view th:nth-child(7) button")
    times = viewer.browser.evaluate(
        "[...document.querySelectorAll('#steps-view tbody tr')].map(r => +r.children[6].textContent)")
    check(times == sorted(times, reverse=True) and times[0] > 0, "not sorted by time")
    viewer.browser.click("#steps-view tbody tr a")
    check(not viewer.is_hidden("#graph-view") and viewer.count("#graph .node.chosen") == 1, "no way to the graph")


def moves_and_zooms(viewer):
    place = "document.getElementById('canvas').getAttribute('transform')"
    before = viewer.browser.evaluate(place)
    viewer.browser.drag(300, 700, 60, -40)
    moved = viewer.browser.evaluate(place)
    check(moved != before, "dragging does not move the graph")
    nodes = viewer.count("#graph .node")
    x, y = viewer.browser.place("#graph .node.stack")
    viewer.browser.drag(x, y, 50, 30)
    check(viewer.count("#graph .node") == nodes, "the end of a drag counts as a click")
    viewer.browser.mouse("mouseWheel", 400, 400, deltaX=0, deltaY=-300)
    viewer.browser.wait(f"{place} !== {moved!r}")
    viewer.browser.key("0")
    check(viewer.browser.evaluate(place) == before, "fit does not lead back")


def has_other_functions(viewer):
    for function in ("prefill", "decode", "vision"):
        viewer.select(function)
        check(viewer.text("#details h2") == "@" + function, "the function does not change")
        check(viewer.count("#graph .node") > 5, "no graph of " + function)


def follows_edges(viewer):
    viewer.browser.hover("#graph .node.stack")
    check(viewer.count("#graph .edge.near") >= 2, "edges of a node are not marked")


def is_readable_on_a_phone(viewer):
    wide = viewer.browser.evaluate("document.documentElement.scrollWidth")
    check(wide <= PHONE[0], f"the page is {wide} pixels wide")
    height = viewer.browser.evaluate("document.getElementById('graph').clientHeight")
    check(height > 200, f"{height} pixels are left for the graph")
    small = viewer.browser.evaluate("Math.min(...[...document.querySelectorAll('button')]"
                                    ".filter(b => b.offsetHeight).map(b => b.offsetHeight))")
    check(small >= 30, f"a button is {small} pixels high")
    viewer.browser.click("#graph .node.stack, #graph .node")
    viewer.browser.click("#tab-memory")
    check(viewer.count("#memory rect.buffer") > 5, "no memory map")


def contrasts(viewer):
    """Text stands out from its ground, 4.5 to 1 as WCAG asks."""
    ratios = viewer.browser.evaluate("""(() => {
      const color = value => value.match(/[\\d.]+/g).slice(0, 3).map(Number);
      const light = rgb => rgb.map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const ratio = (a, b) => { const [x, y] = [light(color(a)), light(color(b))];
        return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
      return [...document.querySelectorAll('#graph .node')].flatMap(node => {
        const ground = getComputedStyle(node.querySelector('rect:not(.behind)')).fill;
        return [...node.querySelectorAll('text')].map(text => ratio(getComputedStyle(text).fill, ground));
      }); })()""")
    check(min(ratios) >= 4.5, f"the contrast of a text is {min(ratios):.1f}")


def works_without_a_plan(viewer):
    check(viewer.browser.evaluate("Model.data.snapshots.length") == 1, "passes ran")
    for tab in ("memory", "steps", "graph"):
        viewer.browser.click("#tab-" + tab)
    check(viewer.count("#graph .node") > 10, "no graph")


CASES = [
    ("model", draws), ("model", folds), ("model", folds_by_keys), ("model", searches),
    ("model", tells_of_a_node), ("model", walks_through_passes), ("model", lists_removed),
    ("model", maps_memory), ("model", tables_steps), ("model", moves_and_zooms),
    ("model", has_other_functions), ("model", follows_edges), ("imported", works_without_a_plan),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path, metavar="DIR")
    arguments = parser.parse_args()
    browser, failures, start = Browser(), 0, time.monotonic()
    runs = [(name, case, {}) for name, case in CASES]
    runs += [("model", is_readable_on_a_phone, {"size": PHONE}), ("block", contrasts, {}),
             ("block", contrasts, {"theme": "dark"})]
    for name, case, look in runs:
        label = " ".join([name, case.__name__.replace("_", " "), *(str(each) for each in look.values())])
        browser.problems.clear()
        try:
            case(Viewer(browser, arguments.pages / f"{name}.html", **look))
            check(not browser.problems, f"the page complains: {browser.problems}")
        except (AssertionError, RuntimeError) as error:
            failures += 1
            line = traceback.extract_tb(error.__traceback__)[-1]
            print(f"failed: {label}: {error} (line {line.lineno})")
    if arguments.screenshots:
        take_screenshots(browser, arguments.pages, arguments.screenshots)
    browser.close()
    print(f"{len(runs) - failures} of {len(runs)} passed in {time.monotonic() - start:.1f} s")
    sys.exit(failures > 0)


def take_screenshots(browser, pages, folder):
    folder.mkdir(parents=True, exist_ok=True)
    viewer = Viewer(browser, pages / "model.html", (1100, 700))
    viewer.browser.click("#graph .node.stack")
    viewer.slide(viewer.browser.evaluate("Model.data.snapshots.findIndex(s => s.pass === 'fuse_attention')"))
    viewer.find("layers.1 attention")
    browser.screenshot(folder / "graph-light.png")
    viewer = Viewer(browser, pages / "model.html", (1100, 700), "dark")
    viewer.select("prefill")
    browser.click("#tab-memory")
    browser.hover("#memory rect.buffer:nth-of-type(9)")
    browser.screenshot(folder / "memory-dark.png")
    viewer = Viewer(browser, pages / "model.html", (1100, 500))
    viewer.select("prefill")
    browser.click("#tab-steps")
    browser.click("#steps-view th:nth-child(7) button")
    browser.screenshot(folder / "steps-light.png")
    Viewer(browser, pages / "block.html", (390, 780), "dark")
    browser.screenshot(folder / "graph-phone-dark.png")


main()
