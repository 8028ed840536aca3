// Folds a function by the scopes that the names of its values have: `layers.3.mlp.fc1`.

/**
 * The tree of a function: a leaf is an operation, parameter or result, a scope has items, a repeat
 * has blocks that are built alike. Items stand in the order of their first operation.
 */
function buildTree(fn) {
  const root = { kind: "scope", path: "", label: "", items: [], parent: null };
  const scopes = new Map([["", root]]);
  const prefixes = new Set();
  /** Where a name's last part begins; the number that made a name unique belongs to it. */
  const lastCut = name => {
    const cut = name.lastIndexOf(".");
    const isCopy = /^\d+$/.test(name.slice(cut + 1)) && fn.byName.has(name.slice(0, cut));
    return isCopy ? name.lastIndexOf(".", cut - 1) : cut;
  };
  for (const node of fn.nodes) {
    for (let cut = lastCut(node.name); cut > 0; cut = node.name.lastIndexOf(".", cut - 1)) {
      prefixes.add(node.name.slice(0, cut));
    }
  }

  function scope(path) {
    if (scopes.has(path)) return scopes.get(path);
    const cut = path.lastIndexOf(".");
    const parent = scope(cut < 0 ? "" : path.slice(0, cut));
    const made = { kind: "scope", path, label: path.slice(cut + 1), items: [], parent };
    scopes.set(path, made);
    parent.items.push(made);
    return made;
  }

  function addLeaf(parent, leaf) {
    leaf.parent = parent;
    parent.items.push(leaf);
  }

  for (const port of fn.parameters) {
    addLeaf(root, { kind: "leaf", port: "parameter", key: "%" + port.name, name: port.name, type: port.type });
  }
  for (const node of fn.nodes) {
    const cut = lastCut(node.name);
    const path = prefixes.has(node.name) ? node.name : cut < 0 ? "" : node.name.slice(0, cut);
    addLeaf(scope(path), { kind: "leaf", key: "%" + node.name, name: node.name, node });
  }
  for (const port of fn.results) {
    addLeaf(root, { kind: "leaf", port: "result", key: "→" + port.name, name: port.name, value: port.value });
  }
  simplify(root);
  finish(root);
  return root;
}

/** A scope with a single item is that item; a scope of blocks that are alike is a repeat. */
function simplify(scope) {
  scope.items = scope.items.map(item => {
    if (item.kind !== "scope") return item;
    simplify(item);
    if (item.items.length !== 1) return item;
    const only = item.items[0];
    only.parent = scope;
    if (only.kind !== "leaf" && only.label !== undefined) only.label = `${item.label}.${only.label}`;
    return only;
  });
  groupRepeats(scope);
}

/** Operations and relative names: what blocks must have in common to be shown as one. */
function signature(item, base) {
  if (item.kind === "leaf") return item.node ? `${item.node.op}:${item.name.slice(base)}` : "port";
  return `(${item.items.map(child => signature(child, base)).join(" ")})`;
}

function groupRepeats(scope) {
  const isBlock = item => item.kind === "scope" && /^\d+$/.test(item.label);
  const grouped = [];
  let run = [], last = null;
  const close = () => {
    if (run.length > 1) {
      const repeat = { kind: "repeat", path: `${run[0].path}…`, items: run, parent: scope };
      repeat.label = `${run[0].label} … ${run[run.length - 1].label}`;
      run.forEach(block => { block.parent = repeat; });
      grouped.push(repeat);
    } else grouped.push(...run);
    run = [];
  };
  for (const item of scope.items) {
    const mark = isBlock(item) ? signature(item, item.path.length) : null;
    if (mark === null || mark !== last) close();
    if (mark === null) grouped.push(item); else run.push(item);
    last = mark;
  }
  close();
  scope.items = grouped;
}

/** Counts operations and gives each item its key. */
function finish(item) {
  if (item.kind === "leaf") { item.count = item.node ? 1 : 0; return; }
  item.key = (item.kind === "repeat" ? "×" : "#") + item.path;
  item.items.forEach(finish);
  item.count = item.items.reduce((sum, child) => sum + child.count, 0);
}

function leaves(item, into = []) {
  if (item.kind === "leaf") into.push(item); else item.items.forEach(child => leaves(child, into));
  return into;
}

/** All items that can be folded, outermost first. */
function foldables(item, into = []) {
  if (item.kind === "leaf") return into;
  if (item.path !== "") into.push(item);
  item.items.forEach(child => foldables(child, into));
  return into;
}
