// What the console adds where scripts run: live parts, live forms, keys, copying. Spec: CON-6, CON-3.6.
// It knows no page: elements say in data- attributes what they follow. Without it everything can be read and done.

const $ = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);

// ---------------------------------------------------------------- swapping one tree for another (CON-6.4)

const keyOf = (node) => (node.nodeType === 1 && (node.id || node.dataset.key)) || null;

const isField = (node) => /^(INPUT|TEXTAREA|SELECT)$/.test(node.nodeName);
const isFilledIn = (form) => form.closest("details[open]"); // those around a list are always there, and their rows change

// Makes `old` like `fresh`, touching only what differs: focus, selection, open details and typed text stay.
function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== 1) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (isField(old) && (old === document.activeElement || old.dataset.typed)) return;
  if (old.nodeName === "FORM" && isFilledIn(old)) return;
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  }
  const keyed = new Map([...old.childNodes].filter(keyOf).map((child) => [keyOf(child), child]));
  let at = old.firstChild;
  const pass = () => {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  };
  for (const next of [...fresh.childNodes]) {
    while (at?.nodeType === 3 && next.nodeType !== 3) pass(); // a blank more must not put what follows out of step
    const same = keyOf(next) ? keyed.get(keyOf(next)) : at && !keyOf(at) && at.nodeName === next.nodeName ? at : null;
    if (same && same.parentNode === old) {
      if (same !== at) old.insertBefore(same, at);
      else at = at.nextSibling;
      morph(same, next);
    } else old.insertBefore(next, at);
  }
  while (at) pass();
}

const treeOf = (html) => {
  const made = document.createElement("template");
  made.innerHTML = html;
  return made.content;
};

// ---------------------------------------------------------------- parts that are fetched anew

const held = new WeakMap(); // part -> what is shown once the pointer and the focus have left it (CON-6.5)
const busy = new WeakMap();
const tags = new WeakMap();
const missed = new WeakSet(); // parts of which a signal came while they were being fetched
const GAP = 2; // seconds from one fetch of a part to the next, where it says no other

const hasFilledIn = (part) => $("form", part).some(isFilledIn);
const isInUse = (part) => part.matches(":hover") || part.contains(document.activeElement) || hasFilledIn(part);
const rowsOf = (root) => $("tr, li, section", root).map((row) => row.dataset.rev || keyOf(row)).filter(Boolean).join();

// Parts that come together are shown one after the other: laid out at once they would hold up who scrolls (CON-10.3).
let queue = Promise.resolve();
const turn = () => (queue = queue.then(() => new Promise((done) => setTimeout(done, 40))));

async function refresh(part) {
  const last = busy.get(part) || 0;
  if (last === Infinity) {
    missed.add(part);
    return;
  }
  const wait = last + 1000 * (part.dataset.gap || GAP) + Math.random() * 500 - Date.now();
  busy.set(part, Infinity);
  if (wait > 0) await new Promise((done) => setTimeout(done, wait));
  missed.delete(part);
  try {
    const headers = tags.has(part) ? { "If-None-Match": tags.get(part) } : {};
    const answer = await fetch(part.dataset.fragment, { headers, credentials: "same-origin" });
    if (answer.status === 200) {
      if (answer.headers.get("ETag")) tags.set(part, answer.headers.get("ETag"));
      const html = await answer.text();
      await turn();
      show(part, html);
    }
    if (answer.status === 401) location.reload();
    if (answer.ok || answer.status === 304) alive();
  } catch {
    // The mark says that what is shown is old.
  }
  busy.set(part, Date.now());
  if (missed.delete(part)) refresh(part);
}

function show(part, html, forced = false) {
  const fresh = part.cloneNode(false);
  fresh.append(treeOf(html));
  const before = rowsOf(part);
  if (!forced && isInUse(part) && before !== rowsOf(fresh)) {
    held.set(part, html);
    const news = one(".news", part);
    if (news) {
      const known = new Set(before.split(","));
      const count = rowsOf(fresh).split(",").filter((key) => !known.has(key)).length;
      const button = Object.assign(document.createElement("button"), { className: "linkbtn", type: "button" });
      button.textContent = count ? `${count} new, show` : "changed, show";
      button.addEventListener("click", () => release(part));
      news.replaceChildren(button);
    }
    return;
  }
  held.delete(part);
  morph(part, fresh);
  setStops(part);
  enliven(part);
  entitle(part);
  announce(part);
}

// What a window is called follows what it shows.
function entitle(part) {
  const title = one("[data-title]", part)?.dataset.title;
  if (!title) return;
  document.title = `${title} · Tocsin`;
  const here = one(".crumb nav .here:last-child");
  if (here) here.textContent = title;
}

function release(part) {
  if (held.has(part)) show(part, held.get(part), true);
}
function leave(part) {
  if (!hasFilledIn(part)) release(part);
}
document.addEventListener("pointerout", (event) => {
  const part = event.target.closest?.("[data-fragment]");
  if (part && !part.contains(event.relatedTarget) && !part.contains(document.activeElement)) leave(part);
});
document.addEventListener("focusout", (event) => {
  const part = event.target.closest?.("[data-fragment]");
  if (part && !part.contains(event.relatedTarget) && !part.matches(":hover")) leave(part);
});

// One message in ten seconds for those who listen instead of looking (CON-6.6).
let said = 0;
function announce(part) {
  const text = part.dataset.say && one(part.dataset.say, part)?.textContent.trim();
  if (!text || text === part.dataset.last || Date.now() - said < 10000) return;
  part.dataset.last = text;
  said = Date.now();
  const voice = one("[data-voice]");
  if (voice) voice.textContent = text;
}

// ---------------------------------------------------------------- signals (CON-6.1 to 6.3)

const NAMES = ["hello", "bye", "state", "evaluated", "ingest", "attention", "delivery", "subscription", "mail", "definition", "job", "resync"];
const followed = () => new Set($("[data-follow]").flatMap((part) => part.dataset.follow.split(/\s+/)));
const mark = one("[data-live-mark]");
const word = one("[data-live-word]");
const clock = one("[data-live-clock]");
let heard = Date.now();
let paused = false;
let polling = 0;

function alive() {
  heard = Date.now();
  tell();
}
function tell() {
  if (!mark) return;
  const silent = Date.now() - heard;
  const stale = silent > 20000;
  mark.classList.toggle("stale", stale || paused);
  const text = paused ? "Paused" : stale ? "Stale since" : "Live";
  if (word.textContent !== text) word.textContent = text;
  clock.textContent = timeText(stale || paused ? heard : Date.now()) + (stale && !paused ? ", reconnecting" : "");
}
const isUtc = () => clock?.dataset.zone === "UTC";
const timeText = (at) => new Date(at).toLocaleTimeString("en-GB", { hour12: false, ...(isUtc() ? { timeZone: "UTC" } : {}) });

function signal(name) {
  if (name === "bye") return;
  alive();
  if (paused) return;
  for (const part of $("[data-fragment]")) {
    if (name === "resync" || name === "hello" || part.dataset.follow?.split(/\s+/).includes(name)) refresh(part);
  }
}

const channel = "BroadcastChannel" in self ? new BroadcastChannel("tocsin-console") : null;
channel?.addEventListener("message", (event) => NAMES.includes(event.data) && signal(event.data));

let source = null;
let pause = 3000;
function listen() {
  if (source || !document.body.dataset.stream) return;
  source = new EventSource(document.body.dataset.stream);
  for (const name of NAMES) {
    source.addEventListener(name, () => {
      pause = 3000;
      channel?.postMessage(name);
      signal(name);
    });
  }
  source.addEventListener("beat", () => {
    alive();
    channel?.postMessage("beat");
  });
  source.onerror = () => {
    source?.close();
    source = null;
    setTimeout(listen, pause + Math.random() * 1000);
    pause = Math.min(2 * pause, 30000);
    if (!polling) polling = setInterval(() => (source?.readyState === 1 ? stopPolling() : signal("resync")), 30000);
  };
}
function stopPolling() {
  clearInterval(polling);
  polling = 0;
}
channel?.addEventListener("message", (event) => event.data === "beat" && alive());

function deafen() {
  source?.close();
  source = null;
}

// One tab holds the stream and passes signals on; a browser has six connections to a host (CON-6.3).
function share() {
  if (navigator.locks) {
    navigator.locks.request("tocsin-stream", () => {
      listen();
      return new Promise((done) => addEventListener("pagehide", done));
    });
  } else {
    let leaving = 0;
    const turn = () => {
      clearTimeout(leaving);
      if (document.hidden) leaving = setTimeout(deafen, 30000);
      else {
        listen();
        signal("resync");
      }
    };
    document.addEventListener("visibilitychange", turn);
    turn();
  }
}
if (mark) {
  setInterval(tell, 1000);
  if (one("[data-fragment]")) share();
  else {
    // Nothing here changes: the time at which it was made stays.
    mark.removeAttribute("data-live-mark");
  }
}

// ---------------------------------------------------------------- forms that answer while somebody types (CON-7.2)

const enlivened = new WeakSet();
function enliven(root = document) {
  for (const form of $("form[data-live]", root)) {
    if (!enlivened.has(form)) answerWhileTyped(form);
    enlivened.add(form);
  }
}
function answerWhileTyped(form) {
  let timer = 0;
  let turn = 0;
  const target = document.getElementById(form.dataset.live);
  const send = async () => {
    const mine = ++turn;
    const body = new URLSearchParams(new FormData(form));
    const at = form.dataset.liveAction || form.action;
    try {
      const answer = await fetch(at, { method: "POST", body, headers: { "X-Tocsin-Live": "1" }, credentials: "same-origin" });
      if (mine !== turn || !(answer.ok || answer.status === 422)) return;
      const fresh = target.cloneNode(false);
      fresh.append(treeOf(await answer.text()));
      morph(target, fresh);
      caret(target);
    } catch {
      // The button of the form is there.
    }
  };
  form.addEventListener("input", (event) => {
    event.target.dataset.typed = "1";
    clearTimeout(timer);
    timer = setTimeout(send, 300);
  });
}
enliven();

function caret(root) {
  const found = one("[data-caret]", root);
  const field = found && document.getElementById(found.dataset.caretIn);
  if (field) field.dataset.caret = found.dataset.caret;
}
document.addEventListener("click", (event) => {
  const found = event.target.closest("[data-caret-in]");
  const field = found && document.getElementById(found.dataset.caretIn);
  if (!field) return;
  field.focus();
  field.setSelectionRange(+found.dataset.caret, +found.dataset.caret + 1);
});

// ---------------------------------------------------------------- small things

document.addEventListener("click", async (event) => {
  const copies = event.target.closest("[data-copy]");
  if (copies) {
    const text = copies.dataset.copy ? JSON.parse(copies.dataset.copy) : copies.previousElementSibling.textContent;
    try {
      await navigator.clipboard.writeText(text);
      copies.dataset.was ??= copies.textContent;
      copies.textContent = "Copied";
      setTimeout(() => (copies.textContent = copies.dataset.was), 2000);
    } catch {
      copies.textContent = "Not allowed here";
    }
  }
  const toggles = event.target.closest("[data-toggle]");
  if (toggles) {
    event.preventDefault();
    const menu = document.getElementById(toggles.dataset.toggle);
    toggles.setAttribute("aria-expanded", String(menu.classList.toggle("open")));
    if (menu.classList.contains("open")) one("a", menu)?.focus();
  }
  const checks = event.target.closest("[data-check-all]");
  if (checks) for (const box of $(`input[name="${checks.dataset.checkAll}"]`)) box.checked = checks.checked;
});
for (const field of $("[data-submit]")) field.addEventListener("change", () => field.form.requestSubmit());
one("[data-focus]")?.focus();

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const kept = /(?:^|; )tocsin-zone=([^;]*)/.exec(document.cookie)?.[1];
if (zone && decodeURIComponent(kept || "") !== zone) {
  // The times of this page are in another zone: it is asked for again, once, if the browser keeps the cookie.
  document.cookie = `tocsin-zone=${zone}; Path=/console; Max-Age=31536000; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
  if (document.cookie.includes(`tocsin-zone=${zone}`)) location.reload();
}

// ---------------------------------------------------------------- charts: one stop of the tab key, arrows move (CON-5.7)

const columnsOf = (chart) => $("a.col", chart);
const stopAt = (chart, column) => columnsOf(chart).forEach((one) => one.setAttribute("tabindex", one === column ? 0 : -1));

// A part that was fetched anew knows nothing of stops: the column with the focus, else the newest one.
function setStops(root = document) {
  for (const chart of $("svg.g", root)) {
    const all = columnsOf(chart);
    if (all.length) stopAt(chart, all.find((one) => one === document.activeElement) || all.at(-1));
  }
}
setStops();
document.addEventListener("keydown", (event) => {
  const chart = event.target.closest?.("svg.g");
  const all = chart ? columnsOf(chart) : [];
  const at = all.indexOf(document.activeElement);
  const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
  if (at < 0 || next === undefined || !all[next]) return;
  event.preventDefault();
  stopAt(chart, all[next]);
  all[next].focus();
});

// ---------------------------------------------------------------- keys (CON-3.6)

let before = "";
let row = -1;
if ("shortcuts" in document.body.dataset) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
    const key = event.key;
    if (before === "g") {
      before = "";
      one(`.nav [data-key="${CSS.escape(key)}"]`)?.click();
      return;
    }
    before = key;
    const rows = $("main tbody tr, main .rows > li").filter((item) => one("a", item));
    const act = {
      "/": () => one("#q")?.focus(),
      "?": () => one("[data-help]")?.click(),
      j: () => one("a", rows[(row = Math.min(row + 1, rows.length - 1))])?.focus(),
      k: () => one("a", rows[(row = Math.max(row - 1, 0))])?.focus(),
      u: () => one("[data-key-utc]")?.click(),
      ".": () => {
        paused = !paused;
        tell();
        if (!paused) signal("resync");
      },
    }[key] || (one(`main [data-shortcut="${CSS.escape(key)}"]`) && (() => one(`main [data-shortcut="${CSS.escape(key)}"]`).click()));
    if (act) {
      event.preventDefault();
      act();
    }
  });
}
