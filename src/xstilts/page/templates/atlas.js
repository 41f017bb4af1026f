// The error atlas: questions on a scene with their answers, filtered and sorted, some at a time.

const PAGE = 6;
const STATES = ["right", "wrong", "form"], MARKS = ["✓", "✗", "✗"], SPOKEN = ["right", "wrong", "wrong form"];

function browse(section) {
  const data = JSON.parse(document.getElementById(`data-of-${section.id}`).textContent);
  const form = section.querySelector("form"), list = section.querySelector(".gallery"), more = section.querySelector("[data-more]");
  let found = [], count = 0;
  if (window.matchMedia("(max-width: 40rem)").matches) form.elements.route.value = data.first; // there is room for one
  const add = () => {
    const chosen = choicesOf(form);
    list.append(...found.slice(count, count + PAGE).map((one) => exhibit(data, one, chosen)));
    count = Math.min(found.length, count + PAGE);
    more.hidden = count >= found.length;
    section.querySelector("output").textContent = summary(found, count);
  };
  follow(form, () => {
    found = matching(data, choicesOf(form));
    count = 0;
    list.classList.toggle("many", form.elements.route.value === "all" && data.routes.length > 2);
    list.replaceChildren();
    add();
  });
  more.addEventListener("click", add);
}

// Questions with an answer that is asked for; those with most answers of the wrong form first, then wrong ones.
function matching(data, chosen) {
  const codes = Object.keys(data.languages), english = codes.indexOf(data.english), base = data.routes.indexOf(data.baseline);
  const asked = codes.map((_, n) => n).filter((n) => chosen.get("language") === "all" || codes[n] === chosen.get("language"));
  const routes = data.routes.map((_, n) => n).filter((n) => chosen.get("route") === "all" || data.routes[n] === chosen.get("route"));
  const fits = {
    all: () => true,
    wrong: (one) => one[1] > 0,
    form: (one) => one[1] === 2,
    lost: (one, given, code, route) => code !== english && one[1] > 0 && given[english][route]?.[1] === 0,
    gained: (one, given, code) => one[1] === 0 && given[code][base]?.[1] > 0,
  }[chosen.get("show")];
  const kept = data.questions.filter((one) => !chosen.get("type") || chosen.get("type") === "all" || one.type === chosen.get("type"));
  return kept.map((question) => {
    const cells = asked.flatMap((code) => routes.map((route) => [code, route]))
      .filter(([code, route]) => question.given[code][route] && fits(question.given[code][route], question.given, code, route));
    const states = cells.map(([code, route]) => question.given[code][route][1]);
    return { question, cells: new Set(cells.map(String)), states };
  }).filter((one) => one.cells.size)
    .sort((one, other) => weight(other) - weight(one));
}

const weight = (one) => one.states.reduce((total, state) => total + [0, 1, 1000][state], 0);

function summary(found, count) {
  const states = found.flatMap((one) => one.states), of = (state) => states.filter((one) => one === state).length.toLocaleString("en-US");
  if (!found.length) return "No answer fits.";
  const parts = [`${of(2)} of the wrong form`, `${of(1)} wrong otherwise`, `${of(0)} right`].filter((one) => !one.startsWith("0 "));
  return `${states.length.toLocaleString("en-US")} answers to ${found.length.toLocaleString("en-US")} questions: ${parts.join(", ")}. ${count} questions are shown.`;
}

function exhibit(data, found, chosen) {
  const { question, cells } = found, codes = Object.keys(data.languages), english = codes.indexOf(data.english);
  const title = question.texts[english] || question.texts.find(Boolean), answer = data.answers[question.answer];
  const routes = data.routes.map((_, n) => n).filter((n) => chosen.get("route") === "all" || data.routes[n] === chosen.get("route"));
  const asked = element("div", { class: "asked" }, scene(data, question.picture, answer), element("div", {},
    element("h3", {}, title), element("p", {}, "Answer: ", element("strong", {}, answer)), element("p", { class: "small" }, question.type ? `${question.type} question` : "")));
  const body = element("tbody", { role: "rowgroup" });
  codes.forEach((code, number) => { if (question.texts[number]) body.append(row(data, question, number, routes, cells)); });
  const names = ["language", "question", ...routes.map((route) => data.routes[route])];
  const head = element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...names.map((name) => element("th", { scope: "col", role: "columnheader" }, name))));
  const table = element("table", { role: "table" }, element("caption", { class: "hidden" }, `Answers to: ${title}`), head, body);
  return element("article", { class: "exhibit" }, asked, element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": `Answers to: ${title}` }, table));
}

function scene(data, picture, answer) {
  const regions = data.regions[picture], words = `Drawn scene with ${regions.length || "no"} regions that the model is given; the right answer is ${answer}`;
  const frame = element("div", { class: "scene" }, element("img", { src: data.pictures[picture], alt: words, width: 144, height: 144 }));
  const boxes = drawn("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  for (const [left, top, right, bottom] of regions) {
    boxes.append(drawn("rect", { x: left, y: top, width: right - left, height: bottom - top, class: "region" }));
  }
  frame.append(boxes);
  return frame;
}

function row(data, question, number, routes, cells) {
  const [code, name] = Object.entries(data.languages)[number];
  const texts = [element("th", { scope: "row", role: "rowheader" }, name), element("td", { role: "cell", class: "text", lang: code }, question.texts[number])];
  return element("tr", { role: "row" }, ...texts, ...routes.map((route) => {
    const given = question.given[number][route];
    if (!given) return element("td", { role: "cell", "data-route": data.routes[route] }, "-");
    const [answer, state, chance, right] = given, asked = cells.has(String([number, route])) ? "" : " other";
    const sure = [chance === null ? "" : `${chance} %`, data.seeds > 1 ? `${right}/${data.seeds}` : ""].filter(Boolean).join(", ");
    return element("td", { role: "cell", class: STATES[state] + asked, "data-route": data.routes[route] },
      element("span", { class: "mark", "aria-hidden": "true" }, MARKS[state]), `\u00a0${data.answers[answer]} `,
      element("span", { class: "hidden" }, `(${SPOKEN[state]}) `), element("span", { class: "sure" }, sure));
  }));
}
