"use strict";
const $ = (id) => document.getElementById(id);
const made = (tag, options = {}, ...inside) => {
  const element = Object.assign(document.createElement(tag), options);
  element.append(...inside);
  return element;
};
const PLACES = ["top left", "top right", "bottom left", "bottom right"];
let about, colour, size, photo = null, suggested = null, seed = 0;
const cards = [null, null, null, null];

async function call(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const reply = await fetch(path, options || {});
  const content = await reply.json();
  if (!reply.ok) throw new Error(content.error);
  return content;
}

function say(text, isError = false) {
  $("status").textContent = text;
  $("status").className = isError ? "error" : "";
}

function drawBoard() {
  $("board").replaceChildren(...cards.map((card, slot) => {
    const label = card ? `${PLACES[slot]}: ${card.size} ${card.colour} card with ${card.noun}; click to take it away` : `${PLACES[slot]}: empty`;
    const place = made("button", { type: "button", className: "slot", ariaLabel: label, title: label });
    if (card) {
      const image = made("img", { src: `/drawing/${encodeURIComponent(card.noun)}`, alt: "" });
      const box = made("span", { className: `card ${card.size}` }, image);
      box.style.background = about.colours[card.colour];
      place.append(box);
    }
    place.onclick = () => { if (card) { cards[slot] = null; changed(); } };
    place.ondragover = (event) => { event.preventDefault(); place.classList.add("over"); };
    place.ondragleave = () => place.classList.remove("over");
    place.ondrop = (event) => { event.preventDefault(); lay(event.dataTransfer.getData("text/plain"), slot); };
    return place;
  }));
}

function lay(noun, slot) {
  if (!about.nouns.includes(noun)) return;
  if (slot < 0) return say("The scene is full: click a card to take it away.", true);
  cards[slot] = { noun, colour, size, slot };
  changed();
}

function changed() {
  suggested = null;
  $("ask-all").hidden = true;
  say("");
  drawBoard();
}

function drawChoices(id, values, chosen, choose, colours) {
  $(id).append(...values.map((value) => {
    const input = made("input", { type: "radio", name: id, value, checked: value === chosen, onchange: () => choose(value) });
    const label = made("label", { className: "choice" }, input);
    if (colours) { const swatch = made("span", { className: "swatch" }); swatch.style.background = colours[value]; label.append(swatch); }
    label.append(value);
    return label;
  }));
}

function drawPalette() {
  const wanted = $("search").value.trim().toLowerCase();
  $("palette").replaceChildren(...about.nouns.filter((noun) => noun.includes(wanted)).map((noun) => {
    const image = made("img", { src: `/drawing/${encodeURIComponent(noun)}`, alt: "", loading: "lazy" });
    const button = made("button", { type: "button", draggable: true, title: noun, ariaLabel: noun }, image);
    button.ondragstart = (event) => event.dataTransfer.setData("text/plain", noun);
    button.onclick = () => lay(noun, cards.indexOf(null));
    return button;
  }));
}

const scene = () => photo ? { photo } : { cards: cards.filter(Boolean) };

async function suggest() {
  suggested = await call("/suggest", { cards: cards.filter(Boolean), seed: seed++ });
  $("question").value = suggested.questions[$("language").value];
  $("ask-all").hidden = false;
  say(`The right answer is "${suggested.answer}".`);
}

async function ask(questions) {
  say("Asking ...");
  $("rows").replaceChildren();
  let last;
  for (const [language, question] of questions) {
    last = await call("/answer", { ...scene(), question });
    $("rows").append(row(language, question, last.routes));
    $("answers").hidden = false;
  }
  showSeen(last);
  say(last.notes.join(" ") || (suggested ? `The right answer is "${suggested.answer}".` : ""));
}

function row(language, question, routes) {
  const head = made("th", { scope: "row" }, question, made("small", { textContent: language }));
  return made("tr", {}, head, ...Object.values(routes).map((ranked) => made("td", {}, list(ranked))));
}

function list(ranked) {
  const known = suggested && Object.values(suggested.questions).includes($("question").value);
  const verdict = known ? (ranked[0][0] === suggested.answer ? "right" : "wrong") : "";
  const bar = made("div", { className: "bar" }, made("i"));
  bar.firstChild.style.width = `${100 * ranked[0][1]}%`;
  const mark = { right: " ✓", wrong: " ✗", "": "" };
  return made("div", {}, bar, made("ol", {}, ...ranked.map(([text, chance], rank) => made("li", { className: rank ? "" : verdict },
    made("span", { textContent: text + (rank ? "" : mark[verdict]) }), made("span", { textContent: `${(100 * chance).toFixed(1)}%` })))));
}

function showSeen(found) {
  $("frame").querySelectorAll(".region").forEach((one) => one.remove());
  $("picture").src = found.picture;
  $("picture").alt = photo ? "the photograph" : cards.filter(Boolean).map((one) => `${PLACES[one.slot]}: ${one.noun} on a ${one.size} ${one.colour} card`).join(", ");
  for (const [x1, y1, x2, y2] of found.regions) {
    const box = made("div", { className: "region" });
    Object.assign(box.style, { left: `${100 * x1}%`, top: `${100 * y1}%`, width: `${100 * (x2 - x1)}%`, height: `${100 * (y2 - y1)}%` });
    $("frame").append(box);
  }
  $("caption").textContent = `What the models saw: ${found.regions.length} regions.`;
  $("seen").hidden = false;
}

const trying = (action) => (event) => { event.preventDefault(); action().catch((error) => say(error.message, true)); };

async function takePhoto() {
  const file = $("photo").files[0];
  photo = file ? await new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.onerror = () => failed(new Error("the photograph cannot be read"));
    reader.readAsDataURL(file);
  }) : null;
  $("no-photo").hidden = !photo;
  $("board").hidden = Boolean(photo);
}

async function start() {
  about = await call("/about");
  [colour] = Object.keys(about.colours);
  size = about.sizes.at(-1);
  const first = [["dog", "red", "large", 0], ["house", "blue", "small", 1], ["apple", "yellow", "large", 2]];
  for (const [noun, own, big, slot] of first) if (about.nouns.includes(noun)) cards[slot] = { noun, colour: own, size: big, slot };
  drawChoices("colours", Object.keys(about.colours), colour, (value) => { colour = value; }, about.colours);
  drawChoices("sizes", about.sizes, size, (value) => { size = value; });
  $("language").append(...Object.entries(about.languages).map(([value, name]) => made("option", { value, textContent: name })));
  $("heads").append(made("th", { scope: "col", textContent: "question" }), ...about.routes.map((name) => made("th", { scope: "col", textContent: name })));
  $("question").maxLength = about.longest;
  $("photo-row").hidden = !about.photos;
  drawBoard();
  drawPalette();
  $("search").oninput = drawPalette;
  $("language").onchange = () => { if (suggested) $("question").value = suggested.questions[$("language").value]; };
  $("suggest").onclick = trying(suggest);
  $("ask").onsubmit = trying(() => ask([[about.languages[$("language").value], $("question").value]]));
  $("ask-all").onclick = trying(() => ask(Object.entries(suggested.questions).map(([language, text]) => [about.languages[language], text])));
  $("photo").onchange = trying(takePhoto);
  $("no-photo").onclick = trying(async () => { $("photo").value = ""; await takePhoto(); });
  await suggest();
}

start().catch((error) => say(error.message, true));
