// What moves on the pages: one stream of events, the tables and charts it feeds, and the keyboard.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const UNITS = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];

function short(number) {
  for (const [size, unit] of UNITS) {
    if (number >= size) return (number / size).toFixed(number >= 100 * size ? 0 : 1) + unit;
  }
  return number >= 10 || Number.isInteger(number) ? String(Math.round(number)) : number.toFixed(1);
}
function span(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
}

// Charts: few lines, drawn by uPlot in the colours of the page.
const twice = (number) => String(number).padStart(2, "0");
function time(seconds) {
  const at = new Date(seconds * 1000);
  return `${twice(at.getUTCHours())}:${twice(at.getUTCMinutes())}:${twice(at.getUTCSeconds())}`;
}
function axes(unit, told = time) {
  const shared = { stroke: colour("--quiet"), font: "11px system-ui, sans-serif", ticks: { show: false } };
  const grid = { stroke: colour("--line"), width: 1 };
  return [
    { ...shared, grid: { show: false }, size: 24, space: 70, values: (_, found) => found.map(told) },
    { ...shared, grid, size: 46, space: 34, values: (_, found) => found.map((one) => unit === "$" ? `$${one < 1 && one > 0 ? one.toFixed(one < 0.01 ? 4 : 2) : short(one)}` : `${short(one)}${unit ? ` ${unit}` : ""}`) },
  ];
}
function chart(place, series, data, unit, { told, ...more } = {}) {
  place.classList.remove("waiting");
  place.textContent = "";
  const options = {
    width: place.clientWidth, height: place.clientHeight, axes: axes(unit, told), padding: [8, 4, 0, 0],
    legend: { show: false }, cursor: { show: true, y: false, points: { size: 6 } },
    scales: { y: { range: (_, least, most) => [0, most > 0 ? most * 1.15 : 1] } },
    series: [{}, ...series], ...more,
  };
  return new uPlot(options, data, place);
}

// Live.
const KEPT = 300;
const LINES = { requests: "--accent", errors: "--bad", output: "--accent", input: "--pale", first_byte: "--accent" };
let past = [];
let drawn = [];

function drawLive() {
  const places = all("[data-live]");
  if (!places.length || !window.uPlot) return;
  if (past.length < 3) {
    for (const place of places) { place.classList.add("waiting"); place.textContent = "gathering"; }
    return;
  }
  const shown = past.slice(-120);
  const at = shown.map((one) => one.at);
  places.forEach((place, number) => {
    const names = place.dataset.live.split(" ");
    const data = [at, ...names.map((name) => shown.map((one) => one[name]))];
    if (drawn[number]) { drawn[number].setData(data); return; }
    const series = names.map((name) => ({
      stroke: colour(LINES[name]), width: 1.5, spanGaps: true, points: { show: name === "first_byte", size: 4, fill: colour(LINES[name]) },
    }));
    drawn[number] = chart(place, series, data, place.dataset.unit);
  });
}
function redraw() {
  for (const one of [...drawn, ...bills.splice(0)]) one.destroy();
  drawn = [];
  drawLive();
  drawBars();
}

const CELLS = {
  running: (one) => [one.asked || "–", one.target || "–", one.caller, one.state, [span(one.seconds)], [short(one.written)], [one.attempts], one.session ? one.session.slice(0, 13) : "–"],
  ended: (one) => [
    one.time.slice(11, 19), one.asked || "–", one.target || "–", one.caller || "–", [came(one), one.outcome === "complete" && one.status < 400 ? "" : "failed", ""],
    [one.first_byte ? span(one.first_byte) : "–"], [span(one.seconds)], [short(one.input)], [one.input ? `${Math.round(100 * one.cache_read / one.input)} %` : "–"], [short(one.output)],
  ],
  places: (one) => [`${one.provider}/${one.model}`, { state: one.breaker }, [short(one.tokens)]],
  near: (one) => [one.who, one.kind, [`${short(one.taken)} (${Math.round(100 * one.taken / one.limit)} %)`, one.taken >= one.limit ? "full" : ""], [short(one.limit)]],
};
function came(one) {
  return one.outcome === "complete" ? String(one.status) : `${one.status} ${one.outcome.replace("_", " ")}`;
}
function cell(content) {
  const place = document.createElement("td");
  if (Array.isArray(content)) {
    place.textContent = content[0];
    place.className = content.length === 3 ? content[1] : `n ${content[1] || ""}`;
  } else if (typeof content === "object") {
    const state = document.createElement("span");
    state.className = `state ${content.state}`;
    state.textContent = content.state;
    place.append(state);
  } else {
    place.textContent = content;
  }
  return place;
}
function fill(name, rows) {
  const table = document.querySelector(`[data-table=${name}]`);
  if (!table) return;
  const lines = rows.map((one) => {
    const line = document.createElement("tr");
    line.append(...CELLS[name](one).map(cell));
    return line;
  });
  table.tBodies[0].replaceChildren(...lines);
  document.querySelector(`[data-none=${name}]`).hidden = rows.length > 0;
}
function figure(name, words) {
  const place = document.querySelector(`[data-figure=${name}]`);
  if (place) place.textContent = words;
}
function show(found) {
  const { second, totals } = found;
  past.push(second);
  if (past.length > KEPT) past.shift();
  pulse("on", second.inside === 1 ? "1 under way" : `${short(second.inside)} under way`);
  if (document.body.dataset.page !== "now") return;
  figure("inside", short(second.inside));
  figure("most", `of ${found.most_inside.toLocaleString("en")}`);
  figure("requests", short(second.requests));
  figure("output", short(second.output));
  const heard = past.findLast((one) => one.first_byte !== null);
  figure("first_byte", heard ? span(heard.first_byte / 1000) : "–");
  figure("errors", short(totals.errors));
  figure("total", `of ${short(totals.requests)}`);
  for (const name of Object.keys(CELLS)) fill(name, found[name]);
  drawLive();
}
function pulse(state, words) {
  const place = document.querySelector("[data-pulse]");
  if (!place) return;
  place.className = `pulse ${state}`;
  const said = place.querySelector("[data-pulse-words]");
  if (said.textContent !== words) said.textContent = words;
}
function listen() {
  if (!document.querySelector("[data-pulse]")) return;
  const events = new EventSource("/console/live");
  events.addEventListener("past", (event) => { past = JSON.parse(event.data); });
  events.addEventListener("now", (event) => show(JSON.parse(event.data)));
  events.onerror = () => pulse("off", "the gateway is away");
  addEventListener("pagehide", () => events.close());
}

// Bars of dollars, by hour or day.
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const bills = [];
function drawBars() {
  for (const place of all("[data-bars]")) {
    const data = JSON.parse(place.dataset.bars);
    const period = Number(place.dataset.period);
    const bars = uPlot.paths.bars({ size: [0.72, 72] });
    const series = [{ stroke: colour("--accent"), fill: colour("--accent"), width: 0, paths: bars, points: { show: false } }];
    const count = data[0].length;
    const told = (place) => {
      const at = data[0][place] === undefined ? null : new Date(data[0][place] * 1000);
      if (at === null) return "";
      return period < 86400 ? `${twice(at.getUTCHours())}:00` : `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
    };
    const scales = { x: { time: false, range: () => [-0.5, count - 0.5] }, y: { range: (_, least, most) => [0, most > 0 ? most * 1.15 : 1] } };
    bills.push(chart(place, series, [data[0].map((_, number) => number), data[1]], "$", { told, scales }));
  }
}

// The keyboard.
let going = false;
function typed(event) {
  const dialog = document.querySelector("[data-shortcuts]");
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (going) {
    going = false;
    const link = document.querySelector(`.side nav [data-key="${CSS.escape(event.key)}"]`);
    if (link) link.click();
  } else if (event.key === "g") {
    going = true;
    setTimeout(() => { going = false; }, 1500);
  } else if (event.key === "?") {
    dialog.showModal();
  } else if (event.key === "/") {
    const find = document.querySelector("[data-find]");
    if (find) { event.preventDefault(); find.focus(); }
  }
}
function find(event) {
  if (!event.target.matches("[data-find]")) return;
  const words = event.target.value.toLowerCase();
  const table = event.target.closest("section, main").querySelector(".scroll table");
  for (const line of table ? table.tBodies[0].rows : []) line.hidden = !line.textContent.toLowerCase().includes(words);
}
async function clicked(event) {
  if (event.target.closest("[data-help]")) document.querySelector("[data-shortcuts]").showModal();
  const copy = event.target.closest("[data-copy]");
  if (!copy) return;
  try {
    await navigator.clipboard.writeText(document.querySelector(copy.dataset.copy).textContent);
    copy.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(document.querySelector(copy.dataset.copy));
  }
}

addEventListener("keydown", typed);
addEventListener("input", find);
addEventListener("click", clicked);
let sized;
addEventListener("resize", () => { clearTimeout(sized); sized = setTimeout(redraw, 150); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("DOMContentLoaded", () => {
  drawLive();
  drawBars();
  listen();
  // On a phone the pages stand in a row, of which this one may be out of sight.
  const here = document.querySelector(".side nav [aria-current]");
  if (here) here.parentElement.scrollLeft = here.offsetLeft + here.offsetWidth / 2 - here.parentElement.clientWidth / 2;
});
