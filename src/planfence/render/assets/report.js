"use strict";
// Draws the report from the data in the page. No library: eight small SVG charts need scales, dots, bars and bands, which
// is less code than the smallest chart library, prints sharply, follows dark mode through CSS, and is readable as text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const tasks = data.tasks.map((row) => Object.fromEntries(data.columns.map((name, index) => [name, row[index]])));
  const $ = (id) => document.getElementById(id);
  const DAY = 86400;
  const NS = "http://www.w3.org/2000/svg";

  const svg = (name, attributes = {}, ...children) => {
    const node = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  const html = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };

  // Numbers, as planfence.report.stats and planfence.render.numbers have them.
  const Z = 1.959963984540054;
  const wilson = (hits, n) => {
    if (!n) return { value: null, low: null, high: null, n };
    const rate = hits / n, z2 = Z * Z, centre = (rate + z2 / (2 * n)) / (1 + z2 / n);
    const half = Math.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n);
    return { value: rate, low: hits ? Math.max(0, centre - half) : 0, high: hits < n ? Math.min(1, centre + half) : 1, n, unit: "rate" };
  };
  const median = (values, unit) => {
    const ordered = Float64Array.from(values).sort(), n = ordered.length;
    if (!n) return { value: null, low: null, high: null, n, unit };
    const value = n % 2 ? ordered[(n - 1) / 2] : (ordered[n / 2 - 1] + ordered[n / 2]) / 2;
    let log = -n * Math.LN2, below = 0, low = -1;
    for (let k = 0; k <= n && low < 0; k++) {
      below += Math.exp(log);
      if (below > 0.025) low = k;
      log += Math.log((n - k) / (k + 1));
    }
    return low < 1 ? { value, low: null, high: null, n, unit } : { value, low: ordered[low - 1], high: ordered[n - low], n, unit };
  };
  const amount = (value, unit) => {
    if (value === null) return "-";
    if (unit === "$") return "$" + value.toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
    if (unit === "rate") return Math.round(100 * value) + "%";
    if (unit === "min") return (value >= 10 ? Math.round(value) : value.toFixed(1)) + " min";
    return value.toFixed(2);
  };
  const interval = (e) => e.low === null ? (e.n ? "too few for an interval" : "") : `${amount(e.low, e.unit)} to ${amount(e.high, e.unit)}`;
  const day = (epoch) => new Date(epoch * 1000).toISOString().slice(0, 10);
  const label = (text) => text || "(none)";
  const short = (text, length) => text.length > length ? text.slice(0, length - 1) + "…" : text;

  const linear = (from, to, start, end) => (value) => start + (value - from) / ((to - from) || 1) * (end - start);
  const ticks = (top, count = 5) => {
    const raw = (top || 1) / count, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
    return Array.from({ length: Math.floor(top / step + 1.001) }, (_, index) => index * step);
  };
  const tickText = (value, unit) => unit === "$" ? "$" + (value < 10 && value % 1 ? value.toFixed(2) : value) : unit === "rate" ? Math.round(value * 100) + "%" : String(+value.toFixed(2));

  const figure = (id, width, height, about) => {
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": about });
    $(id).querySelector(".plot").replaceChildren(root);
    return root;
  };
  const nothing = (id) => $(id).querySelector(".plot").replaceChildren(html("p", { class: "empty" }, "No task here has these numbers."));
  const bottom = (root, scale, values, unit, y, top) => {
    for (const value of values) {
      root.append(svg("line", { class: "grid", x1: scale(value), x2: scale(value), y1: top, y2: y }),
        svg("text", { class: "tick", x: scale(value), y: y + 15, "text-anchor": "middle" }, tickText(value, unit)));
    }
  };
  const left = (root, scale, values, unit, x, right) => {
    for (const value of values) {
      root.append(svg("line", { class: "grid", x1: x, x2: right, y1: scale(value), y2: scale(value) }),
        svg("text", { class: "tick", x: x - 6, y: scale(value) + 4, "text-anchor": "end" }, tickText(value, unit)));
    }
  };

  // A table is filled when it is first looked at: two thousand rows cost more than all charts.
  const table = (id, heads, rows) => {
    const box = $(id).querySelector("details");
    const fill = () => {
      const body = html("tbody");
      for (const row of rows()) body.append(html("tr", {}, ...row.map((cell, index) => index ? html("td", {}, cell) : html("th", { scope: "row" }, cell))));
      const head = html("tr", {}, ...heads.map((name) => html("th", { scope: "col" }, name)));
      box.querySelector("div").replaceChildren(html("table", {}, html("thead", {}, head), body));
    };
    box.fill = fill;
    box.ontoggle = () => { if (box.open) fill(); };
    if (box.open) fill();
  };

  // The board's page has the tasks that are not done.
  const onBoard = (task) => data.board && !task.closed ? html("a", { href: `${data.board}#${encodeURIComponent(task.task)}` }, task.task) : task.task;

  let dimension = "model", groups = [], colours = new Map();
  const kind = (task) => label(task[dimension]);
  const colour = (name) => "k" + (colours.get(name) ?? 7);
  const grouped = (rows) => groups.map((name) => [name, rows.filter((task) => kind(task) === name)]).filter(([, found]) => found.length);
  const hash = (text) => { let h = 2166136261; for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619); return (Math.imul(h ^ (h >>> 15), 2246822507) >>> 0) / 2 ** 32; };

  const strips = (id, field, unit, name, rows) => {
    const known = rows.filter((task) => task[field] !== null);
    if (!known.length) return nothing(id), table(id, [dimension, "n"], () => []);
    const all = grouped(known), W = 560, rowHeight = 58, L = 110, T = 6, H = T + all.length * rowHeight;
    const ordered = Float64Array.from(known, (task) => task[field]).sort();
    // One huge task must not flatten the others: the axis ends at the 98th percentile, what lies beyond sits on its end.
    const top = Math.max(ordered[Math.floor((ordered.length - 1) * .98)] * 1.08, 1e-9), x = linear(0, top, L, W - 14);
    const root = figure(id, W, H + 22, `${name} by ${dimension}: every task a dot, median and 95% interval`);
    bottom(root, x, ticks(top), unit, H, T);
    const stats = all.map(([group, found]) => [group, median(found.map((task) => task[field]), unit)]);
    all.forEach(([group, found], index) => {
      const y = T + index * rowHeight + rowHeight / 2, e = stats[index][1], dots = svg("g", { class: colour(group) });
      for (const task of found) {
        dots.append(svg("circle", { class: "dot", cx: x(Math.min(task[field], top)).toFixed(1), cy: (y + 4 + (hash(task.task) - .5) * 22).toFixed(1), r: 3 },
          svg("title", {}, `${task.task}: ${amount(task[field], unit)}`)));
      }
      root.append(svg("text", { x: L - 8, y: y + 4, "text-anchor": "end" }, short(group, 15)), dots);
      if (e.low !== null) root.append(svg("line", { class: `range ${colour(group)}`, x1: x(e.low), x2: x(Math.min(e.high, top)), y1: y + 4, y2: y + 4 }));
      root.append(svg("rect", { class: `middle ${colour(group)}`, x: x(Math.min(e.value, top)) - 4, y: y - 8, width: 8, height: 24, rx: 2 }),
        svg("text", { x: Math.min(Math.max(x(e.value), L + 70), W - 90), y: y - 13, "text-anchor": "middle" },
          `${amount(e.value, unit)}${e.low === null ? "" : ` (${interval(e)})`}, n=${e.n}`));
    });
    table(id, [dimension, "median", "95% interval", "n"], () => stats.map(([group, e]) => [group, amount(e.value, unit), interval(e), String(e.n)]));
  };

  const scatter = (id, rows) => {
    const known = rows.filter((task) => task.cost !== null && task.active_min !== null);
    table(id, ["task", dimension, "cost", "minutes"], () => known.map((task) => [task.task, kind(task), amount(task.cost, "$"), amount(task.active_min, "min")]));
    if (!known.length) return nothing(id);
    const W = 560, H = 300, L = 52, B = H - 38;
    const most = (field) => { const o = Float64Array.from(known, (task) => task[field]).sort(); return Math.max(o[Math.floor((o.length - 1) * .98)] * 1.08, 1e-9); };
    const topX = most("active_min"), topY = most("cost"), x = linear(0, topX, L, W - 12), y = linear(0, topY, B, 8);
    const root = figure(id, W, H, `Cost against active minutes, ${known.length} tasks`);
    bottom(root, x, ticks(topX), "", B, 8);
    left(root, y, ticks(topY), "$", L, W - 12);
    root.append(svg("text", { class: "tick", x: W - 12, y: H - 6, "text-anchor": "end" }, "active minutes"));
    for (const [group, found] of grouped(known)) {
      const marks = svg("g", { class: colour(group) }), square = (colours.get(group) ?? 7) % 2;
      for (const task of found) {
        const cx = x(Math.min(task.active_min, topX)), cy = y(Math.min(task.cost, topY));
        marks.append(svg(square ? "rect" : "circle", square ? { class: "dot", x: (cx - 3).toFixed(1), y: (cy - 3).toFixed(1), width: 6, height: 6 } : { class: "dot", cx: cx.toFixed(1), cy: cy.toFixed(1), r: 3.4 },
          svg("title", {}, `${task.task}: ${amount(task.cost, "$")} in ${amount(task.active_min, "min")}`)));
      }
      root.append(marks);
    }
    key(id, grouped(known).map(([group]) => group));
  };

  const key = (id, names) => {
    const list = html("ul", { class: "key" }, ...names.map((group) => {
      const square = (colours.get(group) ?? 7) % 2;
      const mark = svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, square ? svg("rect", { class: colour(group), x: 1, y: 1, width: 10, height: 10 }) : svg("circle", { class: colour(group), cx: 6, cy: 6, r: 5 }));
      return html("li", {}, mark, group);
    }));
    $(id).querySelector(".plot").append(list);
  };

  const rounds = (id, rows) => {
    const known = rows.filter((task) => task.rounds > 0 && task.closed), names = ["1", "2", "3", "4 or more"];
    const counts = grouped(known).map(([group, found]) => [group, names.map((_, i) => found.filter((task) => Math.min(task.rounds, 4) === i + 1).length), found.length]);
    const share = (counted, i, n) => wilson(counted[i], n);
    table(id, [dimension, ...names.map((name) => `${name} round${name === "1" ? "" : "s"}`), "n"], () => counts.map(([group, counted, n]) => [group, ...counted.map((c, i) => `${c} (${interval(share(counted, i, n))})`), String(n)]));
    if (!known.length) return nothing(id);
    const W = 560, H = 250, L = 46, B = H - 34, slot = (W - L - 10) / 4, width = slot * .8 / counts.length;
    const y = linear(0, 1, B, 14), root = figure(id, W, H, `Share of tasks by review rounds and ${dimension}`);
    left(root, y, [0, .25, .5, .75, 1], "rate", L, W - 10);
    names.forEach((name, i) => {
      root.append(svg("text", { class: "tick", x: L + slot * (i + .5), y: B + 16, "text-anchor": "middle" }, name));
      counts.forEach(([group, counted, n], j) => {
        const e = share(counted, i, n), at = L + slot * i + slot * .1 + j * width, middle = at + width / 2 - 1;
        root.append(svg("rect", { class: `bar ${colour(group)}`, x: at, y: y(e.value), width: Math.max(width - 2, 1), height: Math.max(B - y(e.value), 0), "fill-opacity": .75 },
          svg("title", {}, `${group}: ${counted[i]} of ${n}, ${interval(e)}`)),
        svg("line", { class: "axis", x1: middle, x2: middle, y1: y(e.low), y2: y(e.high) }));
      });
    });
    key(id, counts.map(([group]) => group));
  };

  const MONDAY = 4 * DAY, WEEK = 7 * DAY;
  const weekly = (id, rows, lines) => {
    const weeks = new Map();
    for (const task of rows) {
      if (!task.closed) continue;
      const week = Math.floor((task.closed - MONDAY) / WEEK) * WEEK + MONDAY;
      if (!weeks.has(week)) weeks.set(week, []);
      weeks.get(week).push(task);
    }
    const points = [...weeks].sort((a, b) => a[0] - b[0]).map(([week, found]) => [week, lines.map(([, hit, counts]) => { const in_ = found.filter(counts); return wilson(in_.filter(hit).length, in_.length); })]);
    table(id, ["week from", ...lines.map(([name]) => name)], () => points.map(([week, all]) => [day(week), ...all.map((e) => e.n ? `${amount(e.value, "rate")} (${interval(e)}), n=${e.n}` : "-")]));
    if (!points.some(([, all]) => all.some((e) => e.n))) return nothing(id);
    const W = 560, H = 260, L = 46, B = H - 40, y = linear(0, 1, B, 10), last = points.length - 1;
    const x = last ? linear(0, last, L + 16, W - 24) : () => W / 2, root = figure(id, W, H, `${lines.map(([name]) => name).join(" and ")} by week, with 95% bands`);
    left(root, y, [0, .25, .5, .75, 1], "rate", L, W - 10);
    const step = Math.ceil(points.length / 7);
    points.forEach(([week], i) => i % step || root.append(svg("text", { class: "tick", x: x(i), y: B + 16, "text-anchor": "middle" }, day(week).slice(5))));
    lines.forEach(([name], j) => {
      const shown = points.map(([week, all], i) => [i, all[j], week]).filter(([, e]) => e.n), k = "k" + j;
      const path = (ends) => ends.map(([i, value]) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
      if (shown.length > 1) root.append(svg("polygon", { class: `ribbon ${k}`, points: path([...shown.map(([i, e]) => [i, e.high]), ...shown.map(([i, e]) => [i, e.low]).reverse()]) }));
      root.append(svg("polyline", { class: `trace ${k}`, points: path(shown.map(([i, e]) => [i, e.value])), "stroke-dasharray": j ? "5 3" : "none" }));
      for (const [i, e, week] of shown) {
        if (shown.length === 1) root.append(svg("line", { class: `range ${k}`, x1: x(i) + j * 9, x2: x(i) + j * 9, y1: y(e.low), y2: y(e.high) }));
        root.append(svg("circle", { class: k, cx: x(i) + (shown.length === 1 ? j * 9 : 0), cy: y(e.value), r: 4 }, svg("title", {}, `${name}, week from ${day(week)}: ${amount(e.value, "rate")} (${interval(e)}), n=${e.n}`)));
      }
      root.append(svg("circle", { class: k, cx: L + 8 + j * 190, cy: H - 10, r: 5 }), svg("text", { x: L + 18 + j * 190, y: H - 6 }, name));
    });
  };

  const stages = (id, rows) => {
    const order = ["plan", "implement", "review"], names = [...new Set(rows.flatMap((task) => Object.keys(task.stages || {})))];
    names.sort((a, b) => (order.indexOf(a) + 1 || 9) - (order.indexOf(b) + 1 || 9));
    const found = names.map((name) => [name, median(rows.filter((task) => task.stages && name in task.stages).map((task) => task.stages[name]), "min")]);
    table(id, ["stage", "median", "95% interval", "n"], () => found.map(([name, e]) => [name, amount(e.value, "min"), interval(e), String(e.n)]));
    if (!found.length) return nothing(id);
    const W = 560, L = 100, rowHeight = 46, H = 6 + found.length * rowHeight, top = Math.max(...found.map(([, e]) => e.high ?? e.value)) * 1.1 || 1, x = linear(0, top, L, W - 14);
    const root = figure(id, W, H + 22, "Minutes in each stage, median and 95% interval");
    bottom(root, x, ticks(top), "", H, 6);
    found.forEach(([name, e], i) => {
      const y = 6 + i * rowHeight + 16;
      root.append(svg("text", { x: L - 8, y: y + 14, "text-anchor": "end" }, short(name, 14)),
        svg("rect", { class: "bar k0", x: L, y, width: Math.max(x(e.value) - L, 1), height: 20, "fill-opacity": .75 }),
        svg("text", { x: L + 4, y: y - 3 }, `${amount(e.value, "min")}${e.low === null ? "" : ` (${interval(e)})`}, n=${e.n}`));
      if (e.low !== null) root.append(svg("line", { class: "axis", x1: x(e.low), x2: x(e.high), y1: y + 10, y2: y + 10 }));
    });
  };

  const trial = () => {
    const v = data.verdict;
    if (!v || !v.effect || !$("trial")) return;
    const W = 1120, H = 120, L = 40, margin = v.margin, e = v.effect;
    const reach = Math.max(Math.abs(Math.log(e.low || .25)), Math.abs(Math.log(e.high || 4)), Math.log(v.interest || 1.5), .3) * 1.15, bound = Math.min(reach, Math.log(20));
    const x = (value) => linear(-bound, bound, L, W - L)(Math.max(-bound, Math.min(bound, Math.log(value))));
    const root = figure("trial", W, H, v.text), B = H - 40;
    root.append(svg("rect", { class: "band", x: x(1 / (1 + margin)), y: 12, width: x(1 + margin) - x(1 / (1 + margin)), height: B - 12 }));
    for (const value of [.1, .25, .5, .67, .8, 1, 1.25, 1.5, 2, 4, 10]) {
      if (Math.abs(Math.log(value)) > bound) continue;
      root.append(svg("line", { class: value === 1 ? "axis" : "grid", x1: x(value), x2: x(value), y1: 12, y2: B }), svg("text", { class: "tick", x: x(value), y: B + 16, "text-anchor": "middle" }, "×" + value));
    }
    if (e.low !== null) root.append(svg("line", { class: "range k0", x1: x(e.low), x2: x(e.high), y1: B / 2 + 6, y2: B / 2 + 6 }));
    root.append(svg("circle", { class: "k0", cx: x(e.value), cy: B / 2 + 6, r: 7 }),
      svg("text", { class: "tick", x: L, y: H - 6 }, `← ${v.arms[1]} costs less`), svg("text", { class: "tick", x: W - L, y: H - 6, "text-anchor": "end" }, `${v.arms[1]} costs more →`));
    table("trial", ["", "value"], () => Object.entries({ "effect": e.value.toFixed(2) + "×", "interval": e.low === null ? "-" : `${e.low.toFixed(2)} to ${e.high.toFixed(2)}`, "margin": `${(1 / (1 + margin)).toFixed(2)} to ${(1 + margin).toFixed(2)}`, "tasks": `${v.n[1]} ${v.arms[1]} and ${v.n[0]} ${v.arms[0]}` }));
  };

  const fields = ["from", "to", "model", "theme", "plan"];
  const options = (name) => [...new Set(tasks.map((task) => label(task[name])))].sort();
  const draw = () => {
    const chosen = Object.fromEntries(fields.map((name) => [name, $("f-" + name).value]));
    dimension = $("f-by").value;
    groups = options(dimension);
    colours = new Map(groups.slice(0, 7).map((name, index) => [name, index]));
    const from = chosen.from ? Date.parse(chosen.from) / 1000 : 0, to = chosen.to ? Date.parse(chosen.to) / 1000 + DAY : Infinity;
    const rows = tasks.filter((task) => {
      const when = task.closed || task.first;
      return when >= from && when < to && ["model", "theme", "plan"].every((name) => !chosen[name] || label(task[name]) === chosen[name]);
    });
    const judged = rows.filter((task) => task.first_pass !== null), mature = (task) => task.closed && task.closed <= data.made_at - data.window_days * DAY;
    const card = (id, e) => {
      $(id).querySelector(".big").textContent = amount(e.value, e.unit);
      $(id).querySelector(".soft").textContent = e.n ? `${interval(e)}; n = ${e.n}` : "no task has it";
    };
    $("shown").textContent = `${rows.length} of ${tasks.length} tasks shown, ${rows.filter((task) => !task.closed).length} of them open`;
    card("c-cost", median(rows.filter((task) => task.cost !== null).map((task) => task.cost), "$"));
    card("c-time", median(rows.filter((task) => task.active_min !== null && task.closed).map((task) => task.active_min), "min"));
    card("c-first", wilson(judged.filter((task) => task.first_pass).length, judged.length));
    const old = rows.filter(mature);
    card("c-rework", wilson(old.filter((task) => task.mended).length, old.length));
    strips("cost", "cost", "$", "Cost", rows);
    strips("minutes", "active_min", "min", "Active minutes", rows.filter((task) => task.closed));
    scatter("against", rows);
    rounds("rounds", rows);
    weekly("passes", rows, [["passed the first time", (task) => task.first_pass, (task) => task.first_pass !== null], ["fixed later", (task) => task.mended, mature]]);
    stages("stages", rows);
    table("tasks", ["task", "model", "flow", "theme", "cost", "minutes", "estimate", "rounds", "outcome", "closed", "refused runs", "where"], () => rows.map((task) => [onBoard(task), task.model, task.flow, task.theme,
      amount(task.cost, "$"), amount(task.active_min, "min"), amount(task.est_min, "min"), task.rounds ? String(task.rounds) : "-", task.outcome, task.closed ? day(task.closed) : "-", String(task.refused), task.branch ? `${task.worktree} (${task.branch})` : task.worktree || "-"]));
  };

  for (const name of ["model", "theme", "plan"]) for (const value of options(name)) $("f-" + name).append(html("option", { value }, value));
  $("f-by").value = ["model", "flow", "theme", "plan"].includes(data.dimension) ? data.dimension : "model";
  $("filters").addEventListener("input", draw);
  $("filters").addEventListener("reset", () => setTimeout(draw));
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((box) => { if (box.fill) box.fill(); box.open = true; }));
  const began = performance.now();
  draw();
  trial();
  document.documentElement.dataset.drawn = Math.round(performance.now() - began);
})();
