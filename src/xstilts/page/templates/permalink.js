// Choices of a form as the page's address, so that a link shows the same: #explorer-xgqa?baseline=none&languages=bn,de

function choicesOf(form) {
  const found = new URLSearchParams();
  for (const name of new Set([...form.elements].map((one) => one.name).filter(Boolean))) {
    const own = [...form.elements].filter((one) => one.name === name);
    const values = own[0].type === "checkbox" ? own.filter((one) => one.checked).map((one) => one.value) : [own[0].value];
    found.set(name, values.join(","));
  }
  return found;
}

function choose(form, choices) {
  for (const field of form.elements) {
    if (!field.name || !choices.has(field.name)) continue;
    const value = choices.get(field.name);
    if (field.type === "checkbox") field.checked = value.split(",").includes(field.value);
    else if ([...field.options].some((one) => one.value === value)) field.value = value;
  }
}

// Call `show` with every change of a form, and once now; a link to the form's section sets it first.
function follow(form, show) {
  const place = form.closest("section").id;
  const read = () => {
    const [name, choices = ""] = window.location.hash.slice(1).split("?");
    if (name !== place) return;
    choose(form, new URLSearchParams(choices));
    show();
    form.closest("section").scrollIntoView();
  };
  form.addEventListener("change", () => {
    window.history.replaceState(null, "", `#${place}?${choicesOf(form).toString().replaceAll("%2C", ",").replaceAll("%2F", "/")}`);
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", read);
  show();
  read();
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
