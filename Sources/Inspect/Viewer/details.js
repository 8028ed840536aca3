// The panel beside the graph: what a pass did, and all that is known of a chosen node.

const Details = (() => {
  const panel = document.getElementById("details");
  const listLimit = 40;

  /** A name that leads to its node, in the present snapshot or another one. */
  function link(name, app, snapshot = app.snapshot) {
    return element("a", {
      href: "#", "data-link": name,
      onclick: event => { event.preventDefault(); app.choose(name, snapshot); },
    }, "%" + name);
  }

  function list(items) {
    const rest = items.length - listLimit;
    return element("ul", {}, items.slice(0, listLimit).map(item => element("li", {}, item)),
      rest > 0 && element("li", {}, `and ${rest} more`));
  }

  function section(title, ...content) {
    return [element("h3", {}, title), ...content];
  }

  function show(app) {
    const name = app.chosen, fn = app.fn;
    const node = name !== null && fn.byName.get(fn.definer.get(name) || name);
    const port = name !== null && fn.parameters.find(each => each.name === name);
    if (node) panel.replaceChildren(...describe(node, app).flat(3).filter(Boolean));
    else if (port) panel.replaceChildren(...parameter(port, app).flat(3).filter(Boolean));
    else panel.replaceChildren(...overview(app).flat(3).filter(Boolean));
  }

  function parameter(port, app) {
    return [element("h2", {}, "%" + port.name), element("p", {}, `parameter : ${port.type}`), readers(port.name, app)];
  }

  function describe(node, app) {
    const [group, formula, operandNames] = Model.data.ops[node.op] || ["", "", []];
    return [
      element("h2", {}, "%" + node.name),
      element("p", { id: "type" }, element("b", {}, node.op), ` : ${node.type} `, element("small", {}, group)),
      formula && element("p", { class: "formula" }, formula),
      node.attributes && section("Attributes", element("p", {}, element("code", {}, node.attributes))),
      node.operands.length && section("Reads", list(node.operands
        .map((operand, i) => operand !== null && [
          element("small", {}, (operandNames[Math.min(i, operandNames.length - 1)] || "") + " "),
          ...operandOf(operand, app),
        ]).filter(Boolean))),
      readers(node.name, app),
      node.kernel && section("Executed by", element("p", {}, `kernel ${node.kernel}`)),
      node.offset !== null && section("Memory", element("p", {}, `arena offset ${node.offset}`)),
      origin(node, app),
      future(node, app),
    ];
  }

  function operandOf(operand, app) {
    const tensor = Model.tensor(app.snapshot, operand);
    if (tensor) {
      return [`%${operand}`, element("small", {}, ` ${tensor.kind} ${tensor.type}${tensor.note ? ", " + tensor.note : ""}`)];
    }
    const node = app.fn.byName.get(app.fn.definer.get(operand) || operand);
    const type = node?.type || app.fn.parameters.find(each => each.name === operand)?.type;
    return [link(operand, app), element("small", {}, ` ${type || ""}`)];
  }

  function readers(name, app) {
    const names = [...new Set(app.fn.readers.get(name) || [])];
    const results = app.fn.results.filter(each => each.value === name);
    if (!names.length && !results.length) return null;
    return section("Read by", list([...names.map(each => link(each, app)),
      ...results.map(each => `result ${each.name}`)]));
  }

  function origin(node, app) {
    const { steps, origins } = Model.history(app.snapshot, app.functionName, node.name);
    if (!steps.length) return section("Came from", element("p", {}, "the imported graph"));
    return [
      section("Made by", element("ol", { id: "made-by" }, steps.map(step => element("li", {},
        element("a", { href: "#", onclick: event => { event.preventDefault(); app.go(step.snapshot); } }, step.pass),
        element("small", {}, ` (${step.rules.join(", ")}) from `),
        ...step.sources.slice(0, 6).flatMap((name, i) => [i ? ", " : "", link(name, app, step.snapshot - 1)]),
        step.sources.length > 6 && ` and ${step.sources.length - 6} more`)))),
      section(`Imported operations (${origins.length})`,
        element("div", { id: "imported" }, list(origins.map(name => link(name, app, 0))))),
    ];
  }

  function future(node, app) {
    const next = Model.future(app.snapshot, app.functionName, node.name);
    if (!next) return null;
    return section("Next pass", element("p", {}, `${next.pass}${next.rule ? ` (${next.rule})` : ""} `,
      next.into.length ? "puts it into " : "removes it",
      ...next.into.flatMap((name, i) => [i ? ", " : "", link(name, app, app.snapshot + 1)])));
  }

  /** Without a chosen node: the function, and what the pass did to it. */
  function overview(app) {
    const { kind, removed } = app.changes;
    const names = wanted => [...kind].filter(([, each]) => each === wanted).map(([name]) => name);
    const made = names("added"), changed = names("changed");
    const info = Model.data.snapshots[app.snapshot];
    return [
      element("h2", {}, "@" + app.functionName),
      element("p", {}, `${app.fn.nodes.length} operations`),
      info.pass && element("p", {}, info.summary),
      info.remark && element("p", {}, info.remark),
      made.length && section(`Made (${made.length})`, list(made.map(name => link(name, app)))),
      changed.length && section(`Changed (${changed.length})`, list(changed.map(name => link(name, app)))),
      removed.length && section(`Removed (${removed.length})`, element("div", { id: "removed" },
        list(removed.map(node => [link(node.name, app, app.snapshot - 1), element("small", {}, " " + node.op)])))),
      info.pass && !kind.size && !removed.length && element("p", {}, "This pass did not change this function."),
      section("Keys", element("p", {},
        "/ search · [ ] pass · Tab and arrows walk · Enter folds or chooses · f fold all · u unfold all · "
        + "+ − 0 zoom · Esc back here")),
    ];
  }

  return { show };
})();
