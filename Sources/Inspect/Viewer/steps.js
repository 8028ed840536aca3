// The steps of the plan as a table that sorts by any column.

const Steps = (() => {
  const panel = document.getElementById("steps-view");
  let sorted = { column: "#", isDown: false };

  const columns = [
    { title: "#", value: row => row.index },
    { title: "Step", value: row => row.name, text: row => row.name },
    { title: "Kernel", value: row => row.kernel },
    { title: "MFLOP", value: row => row.flops, text: row => (row.flops / 1e6).toFixed(2) },
    { title: "Bytes", value: row => row.bytes, text: row => bytes(Math.round(row.bytes)) },
    { title: "Calls", isMeasured: true, value: row => row.calls },
    { title: "ms", isMeasured: true, value: row => row.seconds, text: row => (row.seconds * 1e3).toFixed(4) },
    { title: "GFLOPS", isMeasured: true, value: row => rate(row.flops, row), text: row => rate(row.flops, row).toFixed(1) },
    { title: "GB/s", isMeasured: true, value: row => rate(row.bytes, row), text: row => rate(row.bytes, row).toFixed(1) },
    { title: "% of limit", isMeasured: true, value: row => row.share, text: row => row.share ? (row.share * 100).toFixed(0) : "–" },
  ];

  function rate(amount, row) { return row.seconds ? amount / row.seconds / 1e9 : 0; }

  function show(app) {
    const found = Model.data.steps?.find(each => each.name === app.functionName);
    if (!found) {
      panel.replaceChildren(element("p", {}, "Steps come with stage planned."));
      return;
    }
    const isMeasured = found.rows.some(row => row.length > 4);
    const shown = columns.filter(column => isMeasured || !column.isMeasured);
    const rows = found.rows.map(([name, kernel, flops, size, calls, seconds, share], index) => (
      { index, name, kernel, flops, bytes: size, calls, seconds, share }));
    const column = shown.find(each => each.title === sorted.column) || shown[0];
    rows.sort((a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      return (x < y ? -1 : x > y ? 1 : a.index - b.index) * (sorted.isDown ? -1 : 1);
    });
    const head = shown.map(each => element("th", {
      "aria-sort": each === column ? (sorted.isDown ? "descending" : "ascending") : null,
    }, element("button", { onclick: () => sort(each, app) },
      each.title + (each === column ? (sorted.isDown ? " ▾" : " ▴") : ""))));
    panel.replaceChildren(
      element("p", {}, isMeasured
        ? "Mean of the calls in the profile. The limit is the time that the machine's arithmetic or memory needs at least."
        : "Work at the largest sizes. With --profile TRACE.json the times of a run stand here too."),
      element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {},
        rows.map(row => element("tr", {}, shown.map(each => element("td", {},
          each.title === "Step" ? chooser(row.name, app) : String((each.text || each.value)(row)))))))));
  }

  function chooser(name, app) {
    return element("a", {
      href: "#", onclick: event => { event.preventDefault(); app.choose(name, app.lastSnapshot); },
    }, "%" + name);
  }

  function sort(column, app) {
    const isSame = sorted.column === column.title;
    sorted = { column: column.title, isDown: isSame ? !sorted.isDown : column.title !== "#" };
    show(app);
  }

  return { show };
})();
