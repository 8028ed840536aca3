// Connects the parts: the function and snapshot that are shown, the chosen node, search and keys.

const app = (() => {
  const find = id => document.getElementById(id);
  const snapshots = Model.data.snapshots;
  const state = {
    snapshot: snapshots.length - 1, functionName: snapshots[0].functions[0]?.name, chosen: null,
    fn: null, changes: null, tab: "graph", lastSnapshot: snapshots.length - 1,
  };

  /** Shows what the state says. */
  function update() {
    state.fn = Model.at(state.snapshot, state.functionName);
    if (!state.fn) return;
    state.changes = Model.changes(state.snapshot, state.functionName);
    find("slider").value = state.snapshot;
    find("previous").disabled = state.snapshot === 0;
    find("next").disabled = state.snapshot === snapshots.length - 1;
    find("pass").replaceChildren(...passText());
    find("slider").setAttribute("aria-valuetext", snapshots[state.snapshot].pass || "imported");
    Graph.show({
      name: state.functionName, fn: state.fn, kinds: state.changes.kind,
      isChosen: name => name === state.chosen,
    });
    Details.show(state);
    if (state.tab === "memory") Memory.show(state);
    if (state.tab === "steps") Steps.show(state);
  }

  function passText() {
    const info = snapshots[state.snapshot], last = snapshots.length - 1;
    if (!info.pass) return [element("b", {}, "imported"), ` the graph as it is in the books (0 of ${last})`];
    const kinds = [...state.changes.kind.values()];
    const count = kind => kinds.filter(each => each === kind).length;
    return [
      element("b", {}, info.pass), ` ${info.class} (${state.snapshot} of ${last}): ${count("added")} made, `
        + `${count("changed")} changed, ${state.changes.removed.length} removed `,
      element("small", {}, info.rewrites),
    ];
  }

  function go(snapshot) {
    state.snapshot = Math.min(Math.max(snapshot, 0), snapshots.length - 1);
    update();
  }

  /** Chooses a node, in a snapshot, and brings it to sight. */
  function choose(name, snapshot = state.snapshot) {
    state.snapshot = snapshot;
    const fn = Model.at(snapshot, state.functionName);
    state.chosen = name === null ? null : fn.definer.get(name) || name;
    if (state.tab !== "graph" && name !== null) showTab("graph");
    update();
    if (name !== null) Graph.reveal(state.chosen);
  }

  function showTab(tab) {
    state.tab = tab;
    for (const each of ["graph", "memory", "steps"]) {
      find(each + "-view").hidden = each !== tab;
      find("tab-" + each).setAttribute("aria-selected", each === tab);
    }
    find("details").hidden = tab !== "graph";
    update();
  }

  // Search: names, ops and attributes.
  let hits = [], current = -1;

  function search() {
    const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    hits = !words.length ? [] : state.fn.nodes.filter(node => {
      const text = `%${node.name} ${node.op} ${node.attributes}`.toLowerCase();
      return words.every(word => text.includes(word));
    });
    current = hits.length ? 0 : -1;
    showHits();
  }

  function showHits() {
    const shown = hits.slice(0, 50);
    const rows = shown.map((node, i) => element("li", {
      role: "option", id: "hit-" + i, "aria-selected": i === current, onclick: () => take(node),
    }, `%${node.name} `, element("small", {}, `${node.op} : ${node.type}`)));
    if (hits.length > shown.length) rows.push(element("li", {}, `and ${hits.length - shown.length} more`));
    if (find("search").value.trim() && !hits.length) rows.push(element("li", {}, "nothing found"));
    find("hits").replaceChildren(...rows);
    find("hits").hidden = !rows.length;
    find("search").setAttribute("aria-expanded", rows.length > 0);
    find("search").setAttribute("aria-activedescendant", current >= 0 ? "hit-" + current : "");
    find("hit-" + current)?.scrollIntoView({ block: "nearest" });
  }

  function take(node) {
    find("hits").hidden = true;
    find("search").setAttribute("aria-expanded", false);
    find("search").blur();
    choose(node.name);
  }

  find("search").addEventListener("input", search);
  find("search").addEventListener("blur", () => setTimeout(() => { find("hits").hidden = true; }, 200));
  find("search").addEventListener("focus", () => { if (find("search").value) search(); });
  find("search").addEventListener("keydown", event => {
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && hits.length) {
      current = (current + step + Math.min(hits.length, 50)) % Math.min(hits.length, 50);
      showHits();
      event.preventDefault();
    } else if (event.key === "Enter" && hits[current]) take(hits[current]);
    else if (event.key === "Escape") { find("search").value = ""; search(); find("search").blur(); }
  });

  const keys = {
    "/": () => find("search").focus(), "[": () => go(state.snapshot - 1), "]": () => go(state.snapshot + 1),
    f: () => Graph.foldAll(true), u: () => Graph.foldAll(false), "+": () => Graph.zoom(1.25),
    "-": () => Graph.zoom(0.8), 0: () => Graph.fit(), Escape: () => choose(null),
  };
  addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    if (["INPUT", "SELECT"].includes(event.target.tagName) && event.key !== "[" && event.key !== "]") return;
    event.preventDefault();
    keys[event.key]();
  });

  const press = { previous: "[", next: "]", fold: "f", unfold: "u", "zoom-in": "+", "zoom-out": "-", fit: "0" };
  for (const [id, key] of Object.entries(press)) find(id).addEventListener("click", keys[key]);
  for (const tab of ["graph", "memory", "steps"]) find("tab-" + tab).addEventListener("click", () => showTab(tab));
  find("slider").max = snapshots.length - 1;
  find("slider").addEventListener("input", () => go(Number(find("slider").value)));
  find("function").append(...snapshots[0].functions.map(each => element("option", { value: each.name }, "@" + each.name)));
  find("function").addEventListener("change", () => {
    state.functionName = find("function").value;
    state.chosen = null;
    update();
  });
  Graph.choose(name => choose(name));

  Object.assign(state, { go, choose });
  find("title").textContent = Model.data.module;
  document.title = `${Model.data.module} – PaliGraph`;
  update();
  return state;
})();
