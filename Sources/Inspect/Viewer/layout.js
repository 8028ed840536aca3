// Places items in layers, from top to bottom; an unfolded scope is a box with a layout of its own.

const Layout = (() => {
  const gapX = 22, gapY = 30, margin = 14, titleHeight = 26;

  /**
   * Sets x, y, width and height of an item and of all that is seen in it; x and y count from the
   * corner of the surrounding box. `edges` are pairs of visible leaves or folded items.
   */
  function place(item, isOpen, edges) {
    if (item.kind === "leaf" || !isOpen(item)) return;
    item.items.forEach(child => place(child, isOpen, edges));
    const inner = lift(item, edges);
    arrange(item, inner);
  }

  /** The edges between children of a scope, one for each pair. */
  function lift(scope, edges) {
    const seen = new Map();
    for (const edge of edges) {
      const from = childOf(scope, edge.from), to = childOf(scope, edge.to);
      if (!from || !to || from === to) continue;
      const key = from.key + "\n" + to.key;
      if (!seen.has(key)) seen.set(key, { from, to, edges: [] });
      seen.get(key).edges.push(edge);
    }
    return [...seen.values()];
  }

  function childOf(scope, item) {
    while (item && item.parent !== scope) item = item.parent;
    return item;
  }

  function arrange(scope, edges) {
    const items = scope.items.map(item => ({ item, width: item.width, height: item.height, up: [], down: [] }));
    const boxOf = new Map(items.map((box, order) => [box.item, Object.assign(box, { order })]));
    // Blocks that feed each other both ways would have no order; the order of operations decides.
    const links = edges.map(edge => ({ from: boxOf.get(edge.from), to: boxOf.get(edge.to), edges: edge.edges }))
      .map(link => link.from.order < link.to.order ? link : { ...link, from: link.to, to: link.from, isBack: true });
    const layers = rank(items, links);
    route(layers, links);
    order(layers);
    const width = coordinates(layers);
    let y = scope.path === "" ? margin : titleHeight + margin / 2;
    for (const layer of layers) {
      const height = Math.max(...layer.map(box => box.height));
      for (const box of layer) {
        box.y = y + (height - box.height) / 2;
        if (box.item) { box.item.x = box.x; box.item.y = box.y; }
      }
      y += height + gapY;
    }
    for (const link of links) {
      const points = link.bends.map(box => [box.x + box.width / 2, box.y, box.y + box.height]);
      for (const edge of link.edges) {
        edge.scope = scope;
        edge.bends = link.isBack ? [] : points;
      }
    }
    scope.width = Math.max(width + margin, scope.path === "" ? 0 : 40 + 7.2 * scope.label.length);
    scope.height = y - gapY + margin;
  }

  /** Layers by the longest way from a source; what reads nothing stands just above its first reader. */
  function rank(items, links) {
    const into = new Map(items.map(box => [box, []])), out = new Map(items.map(box => [box, []]));
    for (const link of links) { into.get(link.to).push(link.from); out.get(link.from).push(link.to); }
    for (const box of items) {
      box.rank = Math.max(0, ...into.get(box).map(above => above.rank + 1));
    }
    for (const box of [...items].reverse()) {
      if (!into.get(box).length && out.get(box).length) {
        box.rank = Math.min(...out.get(box).map(below => below.rank)) - 1;
      }
    }
    const layers = [];
    for (const box of items) (layers[box.rank] ||= []).push(box);
    return [...layers].map(layer => layer || []).filter(layer => layer.length);
  }

  /** Gives long edges a bend in every layer between; edges of one source share them. */
  function route(layers, links) {
    layers.forEach((layer, rank) => layer.forEach(box => { box.rank = rank; }));
    const trunks = new Map();
    for (const link of links) {
      link.bends = [];
      let above = link.from;
      if (!trunks.has(link.from)) trunks.set(link.from, []);
      const trunk = trunks.get(link.from);
      for (let rank = link.from.rank + 1; rank < link.to.rank; rank++) {
        const index = rank - link.from.rank - 1;
        if (!trunk[index]) {
          trunk[index] = { width: 8, height: 2, up: [], down: [], rank };
          layers[rank].push(trunk[index]);
          join(above, trunk[index]);
        }
        above = trunk[index];
        link.bends.push(above);
      }
      join(above, link.to);
    }
  }

  function join(above, below) {
    above.down.push(below);
    below.up.push(above);
  }

  /** Fewer crossings: each layer in the order of the mean places of its neighbours. */
  function order(layers) {
    const number = layer => layer.forEach((box, index) => { box.place = index; });
    const sort = (layer, side) => {
      for (const box of layer) {
        const near = box[side];
        box.mean = near.length ? near.reduce((sum, other) => sum + other.place, 0) / near.length : box.place;
      }
      layer.sort((a, b) => a.mean - b.mean || a.place - b.place);
      number(layer);
    };
    layers.forEach(number);
    for (let sweep = 0; sweep < 4; sweep++) {
      for (let i = 1; i < layers.length; i++) sort(layers[i], "up");
      for (let i = layers.length - 2; i >= 0; i--) sort(layers[i], "down");
    }
  }

  /** Places boxes of each layer under the middle of their neighbours; returns the width of all. */
  function coordinates(layers) {
    const middle = box => box.x + box.width / 2;
    for (const layer of layers) {
      let x = 0;
      for (const box of layer) { box.x = x; x += box.width + gapX; }
    }
    const pull = (layer, sides) => {
      const wanted = layer.map(box => {
        const near = sides.flatMap(side => box[side]);
        return near.length
          ? near.reduce((sum, other) => sum + middle(other), 0) / near.length - box.width / 2 : box.x;
      });
      // Pushed from the left and from the right, then the mean of both: never nearer than the gap.
      const left = [], right = [];
      layer.forEach((box, i) => {
        left[i] = i ? Math.max(wanted[i], left[i - 1] + layer[i - 1].width + gapX) : wanted[i];
      });
      for (let i = layer.length - 1; i >= 0; i--) {
        right[i] = i < layer.length - 1
          ? Math.min(wanted[i], right[i + 1] - layer[i].width - gapX) : wanted[i];
      }
      layer.forEach((box, i) => { box.x = (left[i] + right[i]) / 2; });
    };
    for (let sweep = 0; sweep < 14; sweep++) {
      for (const layer of layers) pull(layer, sweep < 4 ? ["up"] : ["up", "down"]);
      for (const layer of [...layers].reverse()) pull(layer, sweep < 4 ? ["down"] : ["up", "down"]);
    }
    const boxes = layers.flat();
    const least = Math.min(...boxes.map(box => box.x));
    boxes.forEach(box => { box.x += margin - least; });
    return Math.max(...boxes.map(box => box.x + box.width));
  }

  /** The corner of an item in the whole picture. */
  function corner(item) {
    let x = 0, y = 0;
    for (let at = item; at && at.parent; at = at.parent) { x += at.x; y += at.y; }
    return { x, y };
  }

  /** The way of an edge: down from its source, through its bends, into the top of its target. */
  function path(edge) {
    const from = corner(edge.from), to = corner(edge.to), base = corner(edge.scope);
    const start = [from.x + edge.from.width / 2, from.y + edge.from.height];
    const end = [to.x + edge.to.width / 2, to.y];
    const stops = [start];
    for (const [x, top, bottom] of edge.bends) stops.push([base.x + x, base.y + top], [base.x + x, base.y + bottom]);
    stops.push(end);
    let text = `M${start[0].toFixed(1)} ${start[1].toFixed(1)}`;
    for (let i = 1; i < stops.length; i++) {
      const [x0, y0] = stops[i - 1], [x1, y1] = stops[i];
      const pull = Math.max(Math.abs(y1 - y0) / 2, y1 < y0 ? 40 : 4);
      text += ` C${x0.toFixed(1)} ${(y0 + pull).toFixed(1)} ${x1.toFixed(1)} ${(y1 - pull).toFixed(1)} `
        + `${x1.toFixed(1)} ${y1.toFixed(1)}`;
    }
    return text;
  }

  return { place, corner, path };
})();
