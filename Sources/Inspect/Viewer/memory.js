// The memory map: what lies where in the arena, and when.

const Memory = (() => {
  const panel = document.getElementById("memory-view"), tooltip = document.getElementById("tooltip");
  const left = 74, bottom = 30, top = 14, right = 14, width = 1000, height = 560;

  function show(app) {
    const data = Model.data.memory;
    const row = data?.functions.find(each => each.name === app.functionName);
    if (!row) {
      panel.replaceChildren(element("p", {}, "Memory is planned by the last pass: dump stage planned to see its map."));
      return;
    }
    const live = liveBytes(row), least = Math.max(...live);
    const extent = Math.max(1, least, ...row.buffers.map(([, offset, size]) => offset + size));
    const scaleX = (width - left - right) / row.moments;
    const scaleY = (height - top - bottom) / extent;
    const x = moment => left + moment * scaleX, y = offset => height - bottom - offset * scaleY;
    const buffers = row.buffers.map(([name, offset, size, first, last]) => {
      const label = `%${Model.data.strings[name]}\n${bytes(size)} at ${offset}, `
        + (first === last ? `step ${first}` : `steps ${first} to ${last}`);
      return element("rect", {
        class: "buffer", x: x(first), y: y(offset + size), width: Math.max((last - first + 1) * scaleX, 0.8),
        height: Math.max(size * scaleY, 0.8), "data-name": Model.data.strings[name], "aria-label": label,
        onmouseenter: event => hover(label, event), onmousemove: event => hover(label, event),
        onmouseleave: hide, onclick: () => app.choose(Model.data.strings[name], app.lastSnapshot),
      });
    });
    const svg = element("svg", {
      viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", tabindex: 0, role: "img",
      "aria-label": "Memory map: arena offset over steps; left and right go through the buffers",
      onkeydown: event => walk(event, svg, buffers), onblur: hide,
    },
    [0, 0.25, 0.5, 0.75, 1].map(share => [
      element("line", { class: "axis", x1: left, x2: width - right, y1: y(extent * share), y2: y(extent * share) }),
      element("text", { class: "small", x: left - 6, y: y(extent * share) + 4, "text-anchor": "end" },
        bytes(Math.round(extent * share))),
    ]),
    [0, 0.5, 1].map(share => element("text", {
      class: "small", x: x(row.moments * share), y: height - 10, "text-anchor": share === 1 ? "end" : "start",
    }, `step ${Math.round((row.moments - 1) * share)}`)),
    buffers,
    element("path", { class: "live", d: "M" + live.map((size, i) => `${x(i)} ${y(size)}H${x(i + 1)}`).join("L") }),
    element("line", { class: "bound", x1: left, x2: width - right, y1: y(least), y2: y(least) }));
    panel.replaceChildren(
      element("p", {}, `@${row.name}: ${row.buffers.length} buffers in ${bytes(extent)}. The thin line is what lives at `
        + `each step, the dashed one its maximum, ${bytes(least)}: no placement needs less. All functions share `
        + `an arena of ${bytes(data.arena)} (lower bound ${bytes(data.bound)}).`),
      element("div", { id: "memory" }, svg));
  }

  /** Bytes that are alive at each moment. */
  function liveBytes(row) {
    const live = new Array(row.moments).fill(0);
    for (const [, , size, first, last] of row.buffers) {
      for (let moment = first; moment <= last; moment++) live[moment] += size;
    }
    return live;
  }

  function hover(label, at) {
    tooltip.textContent = label;
    tooltip.hidden = false;
    tooltip.style.left = Math.min(at.clientX + 14, innerWidth - tooltip.offsetWidth - 8) + "px";
    tooltip.style.top = Math.min(at.clientY + 14, innerHeight - tooltip.offsetHeight - 8) + "px";
  }

  function hide() { tooltip.hidden = true; }

  function walk(event, svg, buffers) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const now = buffers.findIndex(each => each.classList.contains("chosen"));
    if (event.key === "Enter" && now >= 0) { buffers[now].dispatchEvent(new MouseEvent("click")); return; }
    if (!step) return;
    event.preventDefault();
    buffers[now]?.classList.remove("chosen");
    const next = buffers[(now + step + buffers.length) % buffers.length];
    next.classList.add("chosen");
    const box = next.getBoundingClientRect();
    hover(next.getAttribute("aria-label"), { clientX: box.right, clientY: box.bottom });
  }

  return { show };
})();
