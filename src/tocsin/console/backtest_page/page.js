// Zoom and pan of the graphs and of the overview. The page can be read without: what is drawn already shows all.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const FULL = data.end - data.start;
  const SHORTEST = Math.min(60, FULL);
  const COLUMNS = 240;
  const TOP = 12;
  const BASE = 132;
  const MINUTE = 60, HOUR = 3600, DAY = 86400;
  const STEPS = [1, 5, 10, 15, 30].map((n) => n * MINUTE).concat([1, 2, 4, 6, 12].map((n) => n * HOUR), [1, 2, 7].map((n) => n * DAY));
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

  const shape = (name, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const percent = (value) => `${value.toFixed(4)}%`;
  const pad = (number) => String(number).padStart(2, "0");
  const dateOf = (offset) => new Date((data.start + offset) * 1000);
  const timeText = (offset) => dateOf(Math.round(offset)).toISOString().slice(0, 19).replace("T", " ") + "Z";
  const numberText = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 6 });

  // The first place in `count` items, from 0, whose time is not before `time`.
  const firstFrom = (count, timeAt, time) => {
    let low = 0, high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (timeAt(middle) < time) low = middle + 1; else high = middle;
    }
    return low;
  };

  // Round instants of a window, as [offset, label].
  const ticks = (from, to) => {
    const step = STEPS.find((length) => (to - from) / length <= 8);
    const found = [];
    if (step !== undefined) {
      for (let second = Math.ceil((data.start + from) / step) * step; second <= data.start + to; second += step) {
        const date = new Date(second * 1000);
        const day = second % DAY === 0;
        found.push([second - data.start, day ? `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}` : `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`]);
      }
      return found;
    }
    const months = [1, 2, 3, 6, 12].find((count) => (to - from) / (count * 30 * DAY) <= 8) ?? 12 * Math.ceil((to - from) / (8 * 366 * DAY));
    const start = dateOf(from);
    let month = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / months) * months;
    for (let guard = 0; guard < 24; guard += 1, month += months) {
      const date = new Date(0);
      date.setUTCFullYear(Math.floor(month / 12), month % 12, 1);
      const offset = date.getTime() / 1000 - data.start;
      if (offset > to) break;
      if (offset < from) continue;
      const year = String(date.getUTCFullYear());
      const name = MONTHS[date.getUTCMonth()];
      found.push([offset, months >= 12 && months % 12 === 0 && months > 12 ? year : found.length === 0 || date.getUTCMonth() === 0 ? `${name} ${year}` : name]);
    }
    return found;
  };
  const drawTicks = (group, from, to) => {
    const nodes = ticks(from, to).map(([offset, label], place) => {
      const x = (offset - from) / (to - from) * 100;
      const node = shape("g", { class: place % 2 ? "tick minor" : "tick" });
      node.append(shape("line", { x1: percent(x), x2: percent(x), y1: 0, y2: 5 }));
      node.append(shape("text", { x: percent(x), y: 18, class: x < 3 ? "first" : x > 97 ? "last" : "" }, label));
      return node;
    });
    group.replaceChildren(...nodes);
  };

  // A window onto the span: what the buttons, the keys, the wheel and the pointer do to it. `ruler` is where
  // the window is as wide as; `area` takes the pointer, and shows the selection.
  const viewOf = ({ tools, surface, ruler, area, draw, keys, hover, leave }) => {
    let from = 0, to = FULL, due = 0, drag = null;
    const buttons = Object.fromEntries([...tools.querySelectorAll("button")].map((button) => [button.dataset.act, button]));
    const set = (start, end) => {
      const length = Math.min(FULL, Math.max(SHORTEST, end - start));
      from = Math.min(FULL - length, Math.max(0, (start + end - length) / 2));
      to = from + length;
      const whole = length >= FULL;
      buttons.out.disabled = buttons.all.disabled = whole;
      buttons.in.disabled = length <= SHORTEST;
      buttons.left.disabled = from <= 0;
      buttons.right.disabled = to >= FULL;
      if (!due) due = requestAnimationFrame(() => { due = 0; draw(from, to); });
    };
    const zoom = (factor, at = (from + to) / 2) => set(at - (at - from) * factor, at + (to - at) * factor);
    const move = (share) => {
      const by = Math.max(-from, Math.min(FULL - to, (to - from) * share));
      set(from + by, to + by);
    };
    const acts = { in: () => zoom(0.5), out: () => zoom(2), left: () => move(-0.4), right: () => move(0.4), all: () => set(0, FULL) };
    const byKey = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", 0: "all", Home: "all" };
    for (const act in buttons) {
      buttons[act].addEventListener("click", () => {
        const focused = document.activeElement === buttons[act];
        acts[act]();
        // A button that is no use any more must not swallow the keys.
        if (focused && buttons[act].disabled) surface.focus();
      });
    }
    surface.tabIndex = 0;
    surface.setAttribute("role", "application");
    surface.setAttribute("aria-label", surface.dataset.label);
    surface.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" && drag) stop();
      else if (byKey[event.key]) acts[byKey[event.key]]();
      else if (!keys || !keys(event.key, from, to)) return;
      event.preventDefault();
    });
    const timeAt = (x) => {
      const box = ruler.getBoundingClientRect();
      return from + Math.min(1, Math.max(0, (x - box.left) / box.width)) * (to - from);
    };
    area.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event.clientX));
    }, { passive: false });
    const stop = () => {
      if (drag) drag.box.remove();
      drag = null;
    };
    area.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest("a, button, input, h3, .nm, .tm, .sv")) return;
      drag = { x: event.clientX, time: timeAt(event.clientX), box: document.createElement("div"), id: event.pointerId, wide: false };
      drag.box.className = "selection";
    });
    area.addEventListener("pointermove", (event) => {
      if (!drag) {
        if (hover) hover(timeAt(event.clientX), from, to);
        return;
      }
      if (!drag.wide && Math.abs(event.clientX - drag.x) < 5) return;
      if (!drag.wide) {
        drag.wide = true;
        area.setPointerCapture(drag.id);
        area.append(drag.box);
      }
      const ends = ruler.getBoundingClientRect();
      const origin = area.getBoundingClientRect().left;
      const [left, right] = [drag.x, Math.min(ends.right, Math.max(ends.left, event.clientX))].sort((a, b) => a - b);
      drag.box.style.left = `${left - origin}px`;
      drag.box.style.width = `${right - left}px`;
    });
    area.addEventListener("pointerup", (event) => {
      if (!drag) return;
      const [start, end] = [drag.time, timeAt(event.clientX)].sort((a, b) => a - b);
      const wide = drag.wide;
      stop();
      if (wide && end > start) set(start, end);
    });
    area.addEventListener("pointercancel", stop);
    area.addEventListener("selectstart", (event) => { if (drag) event.preventDefault(); });
    area.addEventListener("pointerleave", () => { if (!drag && leave) leave(); });
    area.addEventListener("dblclick", (event) => { if (!event.target.closest("a, button, input")) acts.all(); });
    tools.hidden = false;
    set(0, FULL);
    return { set };
  };

  // One graph.
  const chartOf = (figure) => {
    const { states, points, low, high } = data.alarms[figure.dataset.alarm];
    const surface = figure.querySelector(".surface");
    const read = figure.querySelector(".read");
    const [group, bands, axis, turns] = [".marks", ".states", ".ticks", ".turns"].map((name) => figure.querySelector(name));
    const svg = figure.querySelector(".g");
    const count = points.length / 5;
    const at = (place) => points[5 * place];
    const value = (place) => points[5 * place + 1];
    const breaches = (place) => points[5 * place + 2] === 1;
    const width = (place) => points[5 * place + 3];
    const of = (place) => points[5 * place + 4];
    const bandCount = states.length / 2;
    const bandEnd = (place) => place + 1 < bandCount ? states[2 * place + 3] : FULL;
    const stateAt = (time) => states[2 * Math.max(0, firstFrom(bandCount, (place) => states[2 * place + 1], time + 1e-6) - 1)];
    const y = (number) => BASE - (Math.min(high, Math.max(low, number)) - low) / (high - low) * (BASE - TOP);
    const widest = count ? Math.max(...Array.from({ length: count }, (_, place) => width(place))) : 0;
    let text = read.textContent, drawn = new Map(), chosen = -1, shown = [];

    // The places of the points of a window: all, or of each column the lowest, the highest and a breach.
    const visible = (from, to) => {
      const first = firstFrom(count, at, from - widest), last = firstFrom(count, at, to);
      const all = [];
      for (let place = first; place < last; place += 1) if (at(place) + width(place) > from) all.push(place);
      if (all.length <= COLUMNS) return { places: all, stands: all.length };
      const columns = new Map();
      for (const place of all) {
        const column = Math.floor((at(place) - from) / (to - from) * COLUMNS);
        const kept = columns.get(column);
        if (!kept) columns.set(column, { low: place, high: place, breach: breaches(place) ? place : -1 });
        else {
          if (value(place) < value(kept.low)) kept.low = place;
          if (value(place) > value(kept.high)) kept.high = place;
          if (kept.breach < 0 && breaches(place)) kept.breach = place;
        }
      }
      const places = new Set();
      for (const kept of columns.values()) for (const place of [kept.low, kept.high, kept.breach]) if (place >= 0) places.add(place);
      return { places: [...places].sort((a, b) => a - b), stands: all.length };
    };
    const describe = (place) => {
      const many = of(place) > 1 ? `, an extreme of ${numberText(of(place))} points` : "";
      return `${timeText(at(place))}: ${numberText(value(place))}${breaches(place) ? ", breaches" : ""}${many}`;
    };
    const choose = (place) => {
      drawn.get(chosen)?.classList.remove("on");
      chosen = place;
      drawn.get(place)?.classList.add("on");
      if (place >= 0) read.textContent = describe(place);
    };
    const draw = (from, to) => {
      const x = (offset) => Math.min(130, Math.max(-30, (offset - from) / (to - from) * 100));
      if (group) {
        const found = visible(from, to);
        shown = found.places;
        drawn = new Map();
        const zero = y(0);
        for (const place of [...shown].sort((a, b) => breaches(a) - breaches(b))) {
          const edge = x(at(place)), top = y(value(place));
          drawn.set(place, shape("rect", {
            class: breaches(place) ? "breach" : "point", x: percent(edge), width: percent(x(at(place) + width(place)) - edge),
            y: Math.min(top, zero).toFixed(1), height: Math.abs(top - zero).toFixed(1),
          }));
        }
        group.replaceChildren(...drawn.values());
        const left = found.stands > shown.length ? `, ${numberText(shown.length)} drawn` : "";
        text = `${timeText(from)} to ${timeText(to)}: ${numberText(found.stands)} ${found.stands === 1 ? "point" : "points"}${left}`;
      } else {
        text = `${timeText(from)} to ${timeText(to)}`;
      }
      const nodes = [], lines = [];
      for (let place = Math.max(0, firstFrom(bandCount, (index) => states[2 * index + 1], from) - 1); place < bandCount; place += 1) {
        const start = states[2 * place + 1];
        if (start >= to) break;
        const [one, two] = [x(start), x(bandEnd(place))];
        if (states[2 * place] === "ALARM") {
          nodes.push(shape("rect", { class: "in-alarm", x: percent(one), width: percent(two - one), y: 1, height: 16 }));
          if (start > from) lines.push(shape("line", { class: "turn", x1: percent(one), x2: percent(one), y1: TOP, y2: BASE + 9 }));
        } else {
          nodes.push(shape("line", { class: states[2 * place] === "OK" ? "in-ok" : "in-nodata", x1: percent(one), x2: percent(two), y1: 9, y2: 9 }));
        }
      }
      bands.replaceChildren(...nodes);
      if (turns) turns.replaceChildren(...(lines.length > 40 ? [] : lines));
      drawTicks(axis, from, to);
      svg.dataset.from = Math.round(data.start + from);
      svg.dataset.until = Math.round(data.start + to);
      if (chosen >= 0 && drawn.has(chosen)) choose(chosen); else { chosen = -1; read.textContent = text; }
    };
    const hover = (time, from, to) => {
      const near = shown.reduce((best, place) => {
        const away = Math.max(at(place) - time, time - at(place) - width(place), 0);
        return best.away <= away ? best : { place, away };
      }, { place: -1, away: (to - from) / 40 });
      choose(near.place);
      read.textContent = near.place < 0 ? `${timeText(time)}: ${stateAt(time)}` : `${describe(near.place)}; ${stateAt(time)}`;
    };
    const walk = (key) => {
      if (key !== "n" && key !== "p" || shown.length === 0) return false;
      const place = shown.indexOf(chosen);
      const next = place < 0 ? (key === "n" ? 0 : shown.length - 1) : place + (key === "n" ? 1 : -1);
      choose(shown[Math.min(shown.length - 1, Math.max(0, next))]);
      return true;
    };
    figure.classList.add("live");
    return viewOf({
      tools: figure.querySelector(".tools"), surface, ruler: surface, area: surface, draw, keys: walk, hover,
      leave: () => { choose(-1); read.textContent = text; },
    });
  };

  // A graph comes to life when it is near the screen: a page of many alarms opens at once.
  const charts = new Map();
  const wake = (figure) => {
    if (!charts.has(figure)) charts.set(figure, chartOf(figure));
    return charts.get(figure);
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) {
      watcher.unobserve(entry.target);
      wake(entry.target);
    }
  }, { rootMargin: "600px" });
  for (const figure of document.querySelectorAll(".chart")) watcher.observe(figure);

  for (const button of document.querySelectorAll(".show")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const figure = document.querySelector(`.chart[data-alarm="${button.dataset.show}"]`);
      const at = Number(button.dataset.at);
      const { points } = data.alarms[button.dataset.show];
      const around = Math.max(20 * MINUTE, 12 * (points.length ? points[3] : 5 * MINUTE));
      wake(figure).set(at - around, at + around);
      figure.scrollIntoView({ block: "center" });
      figure.querySelector(".surface").focus({ preventScroll: true });
    });
  }

  const lanes = document.querySelector(".lanes");
  if (lanes) {
    const planes = [...lanes.querySelectorAll(".plane")];
    const surface = lanes.querySelector(".surface");
    const read = lanes.querySelector(".read");
    lanes.classList.add("live");
    document.querySelector(".hint").hidden = false;
    viewOf({
      tools: lanes.querySelector(".tools"), surface, ruler: surface, area: lanes,
      draw: (from, to) => {
        const width = percent(FULL / (to - from) * 100), x = percent(-from / (to - from) * 100);
        for (const plane of planes) {
          plane.setAttribute("width", width);
          plane.setAttribute("x", x);
        }
        drawTicks(lanes.querySelector(".ticks"), from, to);
        read.textContent = `${timeText(from)} to ${timeText(to)}`;
      },
    });
    const rows = [...lanes.querySelectorAll("li.row")].map((row) => [row, row.querySelector(".nm").textContent.toLowerCase()]);
    const find = document.getElementById("find");
    if (rows.length > 8) find.parentElement.hidden = false;
    find.addEventListener("input", () => {
      const words = find.value.toLowerCase().split(/\s+/);
      for (const [row, name] of rows) row.hidden = !words.every((word) => name.includes(word));
    });
  }

  // A link to a quiet alarm opens it.
  const open = () => {
    const place = /^#a\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (place && place.tagName === "DETAILS") {
      place.open = true;
      place.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  open();
})();
