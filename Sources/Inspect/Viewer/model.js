// The data of the page, decoded. What stands where is described in docs/DUMP-FORMAT.md.

/** Makes an element: attributes, `on…` handlers and children, which may be texts or nothing. */
function element(tag, attributes = {}, ...children) {
  const isDrawing = ["svg", "g", "rect", "path", "text", "tspan", "line", "title", "defs", "marker"];
  const node = isDrawing.includes(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(key, value);
  }
  node.append(...children.flat(Infinity).filter(child => child || child === 0));
  return node;
}

const Model = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = index => index < 0 ? null : data.strings[index];

  const nodes = data.nodes.map((row, version) => ({
    version, name: text(row[0]), type: text(row[1]), op: text(row[2]), operands: row[3].map(text),
    attributes: text(row[4]), kernel: text(row[5]), offset: row[6] < 0 ? null : row[6],
    more: (row[7] || []).map(text),
  }));
  const tensors = data.tensors.map(row => (
    { name: text(row[0]), type: text(row[1]), kind: text(row[2]), note: text(row[3]) }));

  /** Numbers written as runs: first, count, first, count … */
  function expand(runs, table) {
    const rows = [];
    for (let i = 0; i < runs.length; i += 2) {
      for (let k = 0; k < runs[i + 1]; k++) rows.push(table[runs[i] + k]);
    }
    return rows;
  }

  function decodeFunction(row) {
    const list = expand(row.nodes, nodes);
    const byName = new Map(), definer = new Map(), readers = new Map();
    for (const node of list) {
      byName.set(node.name, node);
      for (const name of [node.name, ...node.more]) definer.set(name, node.name);
      for (const operand of node.operands) {
        if (operand === null) continue;
        if (!readers.has(operand)) readers.set(operand, []);
        readers.get(operand).push(node.name);
      }
    }
    return {
      name: row.name, nodes: list, byName, definer, readers,
      parameters: row.parameters.map(([name, type]) => ({ name: text(name), type: text(type) })),
      results: row.results.map(([name, value]) => ({ name: text(name), value: text(value) })),
      made: new Map(row.made.map(([name, rules, sources]) => [
        text(name), { rules: rules.map(text), sources: sources.map(text) }])),
      removed: new Map(row.removed.map(([name, rule, replacement]) => [
        text(name), { rule: text(rule), replacement: text(replacement) }])),
    };
  }

  const decoded = new Map();

  /** A function at a snapshot, decoded when it is first asked for; undefined when there is none. */
  function at(snapshot, name) {
    const key = snapshot + "/" + name;
    if (!decoded.has(key)) {
      const row = data.snapshots[snapshot].functions.find(f => f.name === name);
      decoded.set(key, row && decodeFunction(row));
    }
    return decoded.get(key);
  }

  const tensorMaps = new Map();

  function tensor(snapshot, name) {
    if (!tensorMaps.has(snapshot)) {
      const list = expand(data.snapshots[snapshot].tensors, tensors);
      tensorMaps.set(snapshot, new Map(list.map(row => [row.name, row])));
    }
    return tensorMaps.get(snapshot).get(name);
  }

  /** What the pass before a snapshot did to a function: names by what happened to them. */
  function changes(snapshot, name) {
    const now = at(snapshot, name), before = snapshot > 0 ? at(snapshot - 1, name) : null;
    const result = { kind: new Map(), removed: [] };
    if (!before) return result;
    for (const node of now.nodes) {
      const old = before.byName.get(node.name);
      if (now.made.has(node.name) || !old) result.kind.set(node.name, "added");
      else if (old.version !== node.version) result.kind.set(node.name, "changed");
    }
    result.removed = before.nodes.filter(node => !now.byName.has(node.name));
    return result;
  }

  /**
   * The passes that led to an operation, last one first, each with the rules it used and the
   * operations that it started from, which stand in the snapshot before it.
   */
  function history(snapshot, functionName, name) {
    const steps = [];
    let names = [name];
    for (let s = snapshot; s > 0 && names.length; s--) {
      const made = at(s, functionName).made;
      const rules = new Set(), sources = new Set();
      for (const each of names) {
        const entry = made.get(each);
        entry?.rules.forEach(rule => rules.add(rule));
        (entry ? entry.sources : [each]).forEach(source => sources.add(source));
      }
      names = [...sources];
      if (rules.size) {
        steps.push({ snapshot: s, pass: data.snapshots[s].pass, rules: [...rules], sources: names });
      }
    }
    return { steps, origins: names };
  }

  /** What the next pass makes of an operation. */
  function future(snapshot, functionName, name) {
    if (snapshot + 1 >= data.snapshots.length) return null;
    const next = at(snapshot + 1, functionName);
    const users = [...next.made].filter(([, entry]) => entry.sources.includes(name)).map(([n]) => n);
    const removal = next.removed.get(name);
    if (!users.length && next.byName.has(name)) return null;
    const into = users.length ? users : removal?.replacement ? [removal.replacement] : [];
    return { pass: data.snapshots[snapshot + 1].pass, rule: removal?.rule, into };
  }

  return { data, at, tensor, changes, history, future };
})();

/** `1234567` bytes as people read them. */
function bytes(count) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) { count /= 1000; unit++; }
  return `${unit ? count.toFixed(count < 10 ? 2 : count < 100 ? 1 : 0) : count} ${units[unit]}`;
}
