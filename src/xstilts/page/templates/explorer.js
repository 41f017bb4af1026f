// The transfer explorer: any routes against any baseline, in any languages and question types.

// Rounded as in the report: to four digits as its files have them, then half away from zero.
const TENTHS = (value) => Math.floor((Math.round(Math.abs(value) * 10000) + 5) / 10) / 10;
const POINT = (value) => (TENTHS(value) ? `${value < 0 ? "−" : "+"}${TENTHS(value).toFixed(1)}` : "0.0");
const RANGE = (one) => (one.low === null ? "no interval" : `${POINT(one.low)} to ${POINT(one.high)}`);
const PERCENT = (value) => (value === undefined ? "-" : TENTHS(value).toFixed(1));
const CHANCE = (p) => (p === null ? "-" : p < 0.001 ? "<0.001" : p.toFixed(3));
const COUNT = (value) => (value === undefined ? "-" : Math.round(value).toLocaleString("en-US"));
const SVG = "http://www.w3.org/2000/svg";

function explore(section) {
  const about = JSON.parse(document.getElementById(`data-of-${section.id}`).textContent);
  const data = about.packed && opened(about.packed);
  const form = section.querySelector("form"), chart = section.querySelector(".drawing");
  let shown = [];
  const show = () => {
    const chosen = Object.fromEntries([...choicesOf(form)].map(([name, value]) => [name, value.split(",").filter(Boolean)]));
    shown = data ? computed(about, data, chosen) : reported(about, chosen);
    const title = titleOf(about, chosen);
    section.querySelector("output").replaceChildren(...inWords(shown, title, chosen));
    fill(section.querySelector("tbody"), shown, about);
    chart.replaceChildren(forest(shown, title, Math.max(300, chart.clientWidth)));
  };
  follow(form, show);
  window.addEventListener("resize", () => chart.replaceChildren(forest(shown, chart.querySelector("title").textContent, Math.max(300, chart.clientWidth))));
  for (const button of section.querySelectorAll("[data-pick]")) button.addEventListener("click", () => pick(form, button.dataset.pick, about));
  section.querySelector("[data-save=svg]").addEventListener("click", () => save(new Blob([asFile(chart)], { type: "image/svg+xml" }), `${section.id}.svg`));
  section.querySelector("[data-save=png]").addEventListener("click", () => rasterise(chart, (blob) => save(blob, `${section.id}.png`)));
  section.querySelector("[data-link]").addEventListener("click", (event) => copyLink(section.id, form, event.currentTarget));
}

// From the bits of every example.
function computed(about, data, chosen) {
  const [baseline] = chosen.baseline, [matched] = chosen.matched || [];
  const every = about.seeds.map((_, number) => number);
  const seeds = chosen.seed[0] === "all" ? every : [about.seeds.map(String).indexOf(chosen.seed[0])];
  if (!chosen.languages.length) return [];
  const types = chosen.types && chosen.types.length < data.types.length - 1 ? chosen.types : [];
  if (chosen.types && !chosen.types.length) return [];
  return about.routes.filter((route) => route !== baseline && alike(about, route, baseline, matched))
    .map((route) => ({ route, ...compare(data, route, baseline, chosen.languages, types, seeds), cost: about.costs[route] }))
    .sort((one, other) => other.value - one.value);
}

function alike(about, route, baseline, matched) {
  if (!matched) return true;
  const own = about.costs[route], other = about.costs[baseline];
  if (matched === "exposure") return ["updates", "tokens"].every((name) => other[name] >= (1 - about.same) * own[name]);
  return Math.abs(own[matched] - other[matched]) <= about.same * Math.max(own[matched], other[matched]);
}

// What the report computed: one language, or all of them.
function reported(about, chosen) {
  const code = chosen.languages[0];
  return about.computed.filter((one) => one.baseline === chosen.baseline[0] && one.records[code] && one.records[code].difference !== null)
    .map((one) => {
      const own = one.records[code];
      return { route: one.route, value: own.difference, low: own.interval[0], high: own.interval[1], p: own.p, bySeed: [] };
    })
    .sort((one, other) => other.value - one.value);
}

function titleOf(about, chosen) {
  const seed = !chosen.seed || chosen.seed[0] === "all" ? "" : `, seed ${chosen.seed[0]} alone`;
  const names = chosen.languages.map((code) => about.names[code]), others = Object.keys(about.names).filter((code) => code !== about.english);
  const all = names.length === others.length && !chosen.languages.includes(about.english);
  const where = all && names.length > 1 ? "all languages but English" : names.join(", ") || "no language";
  const types = chosen.types && about.packed && chosen.types.length < about.packed.types.length - 1 ? `, ${chosen.types.join(", ")} questions` : "";
  return `${about.target}: ${about.metric} minus that of ${chosen.baseline[0]}, in points; ${where}${types}${seed}`;
}

// What is shown, and, for who sees no chart, its numbers.
function inWords(shown, title, chosen) {
  if (!chosen.languages.length) return ["Choose a language."];
  if (chosen.types && !chosen.types.length) return ["Choose a question type."];
  if (!shown.length) return ["No route has this in common with the baseline."];
  const numbers = shown.map((one) => `${one.route} ${POINT(one.value)} (${RANGE(one)}), ${verdictOf(one)}`).join("; ");
  return [`${title}.`, element("span", { class: "hidden" }, ` ${numbers}.`)];
}

function fill(body, shown, about) {
  body.replaceChildren(...shown.map((one) => {
    const numbers = [POINT(one.value), RANGE(one), CHANCE(one.p), verdictOf(one)];
    const more = about.packed ? [PERCENT(one.score), COUNT(one.cost.updates), COUNT(one.cost.tokens)] : [];
    return element("tr", {}, element("th", { scope: "row" }, one.route), ...[...numbers, ...more].map((text) => element("td", {}, text)));
  }));
}

function pick(form, which, about) {
  const [name, what] = which.split(":");
  for (const box of form.elements) {
    if (box.name === name) box.checked = what === "all" || (what === "others" && box.value !== about.english);
  }
  form.dispatchEvent(new Event("change"));
}

function drawn(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Ends and steps of an axis that holds 0 and every number.
function axisOf(values) {
  const low = Math.min(0, ...values), high = Math.max(0, ...values), span = Math.max(high - low, 0.001);
  const power = 10 ** Math.floor(Math.log10(span / 4)), step = [1, 2, 5, 10].map((one) => one * power).find((one) => span / one <= 5);
  const from = Math.floor(low / step), to = Math.ceil(high / step);
  return { low: from * step, high: to * step, ticks: Array.from({ length: to - from + 1 }, (_, n) => (from + n) * step) };
}

const ROW = 46, HEAD = 26;
function forest(shown, title, width) {
  const height = HEAD + ROW * shown.length + 22, values = shown.flatMap((one) => [one.value, ...one.bySeed, ...(one.low === null ? [] : [one.low, one.high])]);
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "font-family": "system-ui, sans-serif", "font-size": 12 });
  svg.append(drawn("title", {}, title));
  if (!shown.length) return svg;
  const axis = axisOf(values), x = (value) => 8 + (width - 16) * (value - axis.low) / (axis.high - axis.low);
  for (const tick of axis.ticks) {
    svg.append(drawn("line", { x1: x(tick), x2: x(tick), y1: HEAD, y2: height - 18, stroke: Math.abs(tick) < 1e-9 ? "var(--quiet)" : "var(--line)" }));
    svg.append(drawn("text", { x: x(tick), y: height - 4, "text-anchor": "middle", fill: "var(--quiet)" }, String(Number((100 * tick).toFixed(2))).replace("-", "−")));
  }
  shown.forEach((one, number) => svg.append(...rowOf(one, x, HEAD + ROW * number, width)));
  return svg;
}

function rowOf(one, x, top, width) {
  const said = verdictOf(one), colour = { better: "var(--accent)", worse: "var(--worse)" }[said] || "var(--quiet)";
  const marks = [
    drawn("text", { x: 0, y: top, fill: "var(--ink)", "font-weight": 600 }, one.route),
    drawn("text", { x: width, y: top, "text-anchor": "end", fill: "var(--quiet)" }, `${POINT(one.value)} (${RANGE(one)})`),
  ];
  if (one.low !== null) marks.push(drawn("line", { x1: x(one.low), x2: x(one.high), y1: top + 20, y2: top + 20, stroke: colour, "stroke-width": 3, opacity: 0.55 }));
  if (one.bySeed.length > 1) {
    for (const seed of one.bySeed) marks.push(drawn("circle", { cx: x(seed), cy: top + 11, r: 3, fill: "var(--ghost)", opacity: 0.8 }));
  }
  marks.push(drawn("circle", { cx: x(one.value), cy: top + 20, r: 5, fill: said === "inconclusive" || said === "one run" ? "var(--paper)" : colour, stroke: colour, "stroke-width": 2 }));
  return marks;
}

// The chart as a file of its own: the colours of the style sheet by value, on paper.
function asFile(chart) {
  const svg = chart.querySelector("svg").cloneNode(true), style = getComputedStyle(document.documentElement), height = Number(svg.getAttribute("height"));
  const title = svg.querySelector("title").textContent, width = Number(svg.getAttribute("width"));
  svg.setAttribute("xmlns", SVG);
  svg.setAttribute("viewBox", `-16 -24 ${width + 32} ${height + 40}`);
  svg.setAttribute("width", width + 32);
  svg.setAttribute("height", height + 40);
  svg.prepend(drawn("rect", { x: -16, y: -24, width: width + 32, height: height + 40, fill: "var(--paper)" }), drawn("text", { x: 0, y: -4, fill: "var(--quiet)" }, title));
  return new XMLSerializer().serializeToString(svg).replace(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
}

function rasterise(chart, done) {
  const picture = new Image();
  picture.onload = () => {
    const canvas = element("canvas");
    canvas.width = 2 * picture.width;
    canvas.height = 2 * picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(done, "image/png");
  };
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(asFile(chart))}`;
}

function save(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function copyLink(place, form, button) {
  form.dispatchEvent(new Event("change"));
  const done = () => { button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy link"; }, 1500); };
  navigator.clipboard?.writeText(window.location.href).then(done, () => {});
}
