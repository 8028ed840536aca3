// Draws the graph, and lets it be moved, zoomed and walked through by keys.

const Graph = (() => {
  const svg = document.getElementById("graph");
  const open = new Set();
  let tree = null, view = { x: 0, y: 0, scale: 1 }, stage = null, visible = [], edges = [], canvas = null;
  let onChoose = () => {};

  const isOpen = item => item.path === "" || open.has(item.key);
  const short = text => text.length > 34 ? "…" + text.slice(-33) : text;
  const width = lines => Math.max(...lines.map((line, i) => line.length * (i ? 6.2 : 7.2))) + 22;

  /** What is seen of an item: itself, or the outermost folded item around it. */
  function seen(item) {
    let result = item;
    for (let at = item; at.parent; at = at.parent) if (!isOpen(at.parent)) result = at.parent;
    return result;
  }

  /** Shows a function; `stage` has `fn`, `kinds` (name → added or changed) and `isChosen`. */
  function show(next) {
    const isNew = !stage || stage.name !== next.name;
    stage = next;
    tree = buildTree(stage.fn);
    if (isNew) {
      open.clear();
      if (tree.count <= 60) foldables(tree).forEach(item => open.add(item.key));
    }
    draw();
    if (isNew) fit();
  }

  function linesOf(item) {
    if (item.kind !== "leaf") {
      const title = item.kind === "repeat" ? `${item.label}  ×${item.items.length}` : item.label || "…";
      return [title, `${item.count} operations${tally(item)}`];
    }
    if (item.port === "parameter") return [short(item.name), item.type];
    if (item.port === "result") return [`return ${short(item.name)}`];
    const isInside = item.parent.path && item.name.startsWith(item.parent.path + ".");
    const inner = isInside ? item.name.slice(item.parent.path.length + 1)
      : item.name === item.parent.path ? item.parent.label : item.name;
    return [item.node.op, short(inner), item.node.type];
  }

  /** What the pass did to a leaf. */
  const kindOf = leaf => leaf.node ? stage.kinds.get(leaf.name) : null;

  function tally(item) {
    const kinds = leaves(item).map(kindOf);
    const made = kinds.filter(kind => kind === "added").length;
    const changed = kinds.filter(kind => kind === "changed").length;
    return (made ? `, ${made} made` : "") + (changed ? `, ${changed} changed` : "");
  }

  function draw() {
    collect();
    Layout.place(tree, isOpen, edges);
    canvas = element("g", { id: "canvas" });
    const titles = [];
    drawBoxes(tree, canvas, titles);
    for (const edge of edges) {
      canvas.append(element("path", {
        class: "edge", d: Layout.path(edge), "marker-end": "url(#arrow)",
        "data-from": edge.from.key, "data-to": edge.to.key,
      }, element("title", {}, `${edge.value} : ${edge.type || ""}`)));
    }
    canvas.append(...titles, ...visible.map(drawNode));
    const arrow = element("marker", {
      id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto",
    }, element("path", { class: "arrow", d: "M0 0L8 4L0 8z" }));
    svg.replaceChildren(element("defs", {}, arrow), canvas);
    move();
  }

  /** Finds the items and edges that are seen at the present folding. */
  function collect() {
    const all = leaves(tree), at = new Map();
    for (const leaf of all) if (leaf.port !== "result") at.set(leaf.name, leaf);
    visible = [...new Set(all.map(seen))];
    for (const item of visible) {
      const lines = linesOf(item);
      item.lines = lines;
      item.width = width(lines) + (item.kind === "leaf" ? 0 : 14);
      item.height = 12 + 15 * lines.length;
    }
    const found = new Map();
    const add = (operand, leaf) => {
      const source = at.get(stage.fn.definer.get(operand) || operand);
      if (!source) return;
      const from = seen(source), to = seen(leaf);
      const key = from.key + "\n" + to.key;
      if (from !== to && !found.has(key)) {
        found.set(key, { from, to, value: operand, type: source.node?.type || source.type });
      }
    };
    for (const leaf of all) {
      if (leaf.node) leaf.node.operands.forEach(operand => operand !== null && add(operand, leaf));
      if (leaf.port === "result") add(leaf.value, leaf);
    }
    edges = [...found.values()];
  }

  /** The boxes of unfolded scopes, outer ones below; their titles come above edges. */
  function drawBoxes(item, into, titles) {
    if (item.kind === "leaf" || !isOpen(item)) return;
    if (item.path !== "") {
      const { x, y } = Layout.corner(item);
      into.append(element("rect", { class: "scope", x, y, width: item.width, height: item.height, rx: 8 }));
      const label = item.kind === "repeat" ? `${item.label}  ×${item.items.length}` : item.label;
      titles.push(element("g", {
        class: "title", tabindex: 0, role: "button", "aria-expanded": "true", "data-scope": item.key,
        "aria-label": `Fold ${item.path}`, onclick: event => { if (!wasDragged(event)) toggle(item); },
        onkeydown: event => press(event, item),
      }, element("rect", { x, y, width: item.width, height: 24, rx: 8 }),
      element("text", { x: x + 10, y: y + 17, class: "op" }, `▾ ${label}`)));
    }
    item.items.forEach(child => drawBoxes(child, into, titles));
  }

  function drawNode(item) {
    const { x, y } = Layout.corner(item);
    const isFold = item.kind !== "leaf";
    const kind = isFold ? foldKind(item) : kindOf(item);
    const group = isFold ? "fold" : item.port ? "port" : Model.data.ops[item.node.op]?.[0] || "math";
    const classes = ["node", group, kind, item.kind === "repeat" && "stack",
      !item.port && !isFold && stage.isChosen(item.name) && "chosen"];
    const box = { width: item.width, height: item.height, rx: 6 };
    const texts = item.lines.map((line, i) => element("text", {
      x: x + item.width / 2, y: y + 18 + 15 * i, "text-anchor": "middle", class: i ? "small" : "op",
    }, (isFold && !i ? "▸ " : "") + line));
    return element("g", {
      class: classes.filter(Boolean).join(" "), tabindex: 0, role: "button", "data-key": item.key,
      "data-name": isFold ? null : item.name, "data-scope": isFold ? item.key : null,
      "aria-expanded": isFold ? "false" : null,
      "aria-label": item.lines.join(", ") + (kind ? `, ${kind} by this pass` : ""),
      onclick: event => { if (!wasDragged(event)) act(item); }, onkeydown: event => press(event, item),
      onmouseenter: () => near(item, true), onmouseleave: () => near(item, false),
    },
    item.kind === "repeat" && [8, 4].map(d => element("rect", { ...box, class: "behind", x: x + d, y: y + d })),
    element("rect", { ...box, x, y }), texts,
    item.node && element("title", {}, `%${item.name} = ${item.node.op} : ${item.node.type}`));
  }

  function foldKind(item) {
    const kinds = new Set(leaves(item).map(kindOf));
    return kinds.has("added") ? "added" : kinds.has("changed") ? "changed" : null;
  }

  /** Marks the edges of a node. */
  function near(item, isOn) {
    for (const path of canvas.querySelectorAll(".edge")) {
      if (path.dataset.from === item.key || path.dataset.to === item.key) path.classList.toggle("near", isOn);
    }
  }

  function act(item) {
    if (item.kind !== "leaf") toggle(item);
    else onChoose(item.port === "result" ? item.value : item.name);
  }

  /** Folds or unfolds; what was clicked stays where it is on the screen. */
  function toggle(item) {
    const before = Layout.corner(item);
    if (open.has(item.key)) open.delete(item.key); else open.add(item.key);
    draw();
    const after = Layout.corner(item);
    view.x += (before.x - after.x) * view.scale;
    view.y += (before.y - after.y) * view.scale;
    move();
    focus(item.key);
  }

  function focus(key) {
    for (const node of canvas.querySelectorAll("[tabindex]")) {
      if (node.dataset.key === key || node.dataset.scope === key) { node.focus({ preventScroll: true }); return; }
    }
  }

  function foldAll(isFolded) {
    open.clear();
    if (!isFolded) foldables(tree).forEach(item => open.add(item.key));
    draw();
    fit();
  }

  /** Enter acts; arrows walk along edges and among neighbours. */
  function press(event, item) {
    const go = next => { if (next) { focus(next.key); center(next); } };
    switch (event.key) {
      case "Enter": case " ": act(item); break;
      case "ArrowDown": go(edges.find(edge => edge.from === item)?.to); break;
      case "ArrowUp": go(edges.find(edge => edge.to === item)?.from); break;
      case "ArrowRight": go(visible[visible.indexOf(item) + 1]); break;
      case "ArrowLeft": go(visible[visible.indexOf(item) - 1]); break;
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** Unfolds what hides an operation and brings it to the middle. */
  function reveal(name) {
    const leaf = leaves(tree).find(each => each.name === name && each.port !== "result");
    if (!leaf) return;
    for (let at = leaf.parent; at && at.path !== ""; at = at.parent) open.add(at.key);
    draw();
    center(leaf);
  }

  function center(item) {
    const { x, y } = Layout.corner(item);
    view.scale = Math.max(view.scale, 0.8);
    view.x = svg.clientWidth / 2 - (x + item.width / 2) * view.scale;
    view.y = svg.clientHeight / 2 - (y + item.height / 2) * view.scale;
    move();
  }

  /** All of the graph where it stays readable, else its top. */
  function fit() {
    const whole = Math.min(svg.clientWidth / tree.width, (svg.clientHeight - 54) / tree.height);
    view.scale = Math.min(1.2, Math.max(whole, Math.min(0.55, svg.clientWidth / tree.width)));
    view.x = (svg.clientWidth - tree.width * view.scale) / 2;
    view.y = Math.max(44, (svg.clientHeight - tree.height * view.scale) / 2);
    move();
  }

  function zoom(factor, x = svg.clientWidth / 2, y = svg.clientHeight / 2) {
    const scale = Math.min(4, Math.max(0.02, view.scale * factor));
    view.x = x - (x - view.x) * scale / view.scale;
    view.y = y - (y - view.y) * scale / view.scale;
    view.scale = scale;
    move();
  }

  function move() {
    canvas.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
  }

  // One pointer moves the graph, two zoom it. A click that moved is no click.
  const pointers = new Map();
  let dragged = false;
  const wasDragged = () => dragged;
  svg.addEventListener("pointerdown", event => {
    if (!pointers.size) dragged = false;
    pointers.set(event.pointerId, event);
  });
  addEventListener("pointermove", event => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const [dx, dy] = [event.clientX - last.clientX, event.clientY - last.clientY];
    if (!dragged && Math.hypot(dx, dy) < 4) return;
    dragged = true;
    svg.classList.add("dragging");
    if (pointers.size === 2) {
      const other = [...pointers.values()].find(each => each.pointerId !== event.pointerId);
      const distance = at => Math.hypot(at.clientX - other.clientX, at.clientY - other.clientY);
      const box = svg.getBoundingClientRect();
      zoom(distance(event) / Math.max(1, distance(last)), other.clientX - box.left, other.clientY - box.top);
    } else {
      view.x += dx;
      view.y += dy;
      move();
    }
    pointers.set(event.pointerId, event);
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    addEventListener(kind, event => { pointers.delete(event.pointerId); svg.classList.remove("dragging"); });
  }
  svg.addEventListener("wheel", event => {
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * 0.0015), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });

  return { show, reveal, fit, zoom, foldAll, redraw: draw, choose: handler => { onChoose = handler; } };
})();
