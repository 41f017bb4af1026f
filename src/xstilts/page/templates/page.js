// Draws every figure from the spec beside it; colours are names of the style sheet, so that dark mode and paper need no redraw.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const config = read("chart-config");
const phone = window.matchMedia("(max-width: 40rem)");
const places = [...document.querySelectorAll("[data-spec]")];

async function draw(place) {
  const name = (phone.matches && place.dataset.narrow) || place.dataset.spec;
  if (place.dataset.shown === name) return;
  place.dataset.shown = name;
  // `ast`: expressions are interpreted, not compiled, which the page's policy forbids.
  const options = { actions: false, renderer: "svg", ast: true, config, tooltip: { theme: "page", disableDefaultStyle: true } };
  await vegaEmbed(place, read(name), options);
  place.querySelector("svg").setAttribute("aria-hidden", "true"); // the place has a name, and a table its numbers
}

// A chart that cannot be drawn says so, has its table below it, and leaves the others alone.
async function tryToDraw(place) {
  try {
    await draw(place);
  } catch (error) {
    place.textContent = "This chart cannot be drawn here; its numbers are in the table below it.";
    console.error(`${place.dataset.spec}: ${error}`);
  }
}

async function drawAll() {
  for (const place of places) await tryToDraw(place);
  document.documentElement.dataset.drawn = String(places.length);
}

function openAll() {
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
}

phone.addEventListener("change", drawAll);
window.addEventListener("beforeprint", openAll); // paper has no buttons: tables are printed too
document.querySelectorAll("section.explorer").forEach(explore);
document.querySelectorAll("section.atlas").forEach(browse);
drawAll();
