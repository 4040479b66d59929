// Shows the API's description and tries its operations out. Everything is put in as text, never as HTML.

const about = document.getElementById("about");
const operations = document.getElementById("operations");
const token = document.getElementById("token");
let csrf = null;

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Text with its code, which stands between backticks.
function prose(text = "") {
  return text.split(/`([^`]*)`/).map((part, nth) => (nth % 2 ? make("code", {}, part) : part));
}

function headers() {
  const sent = {};
  if (token.value) sent.Authorization = `Bearer ${token.value}`;
  else if (csrf) sent["x-csrf-token"] = csrf;
  return sent;
}

function words(description, schema) {
  if (!schema) return "";
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return make("a", { href: `#schema-${name}` }, name);
  }
  const parts = [];
  const some = schema.oneOf ?? schema.anyOf;
  if (some) some.forEach((one, nth) => parts.push(nth ? " or " : "", words(description, one)));
  if (schema.type) parts.push([schema.type].flat().join(" or "));
  if (schema.format) parts.push(` (${schema.format})`);
  if (schema.items) parts.push(" of ", words(description, schema.items));
  if (schema.enum) parts.push(`: ${schema.enum.join(", ")}`);
  if (schema.minimum !== undefined || schema.maximum !== undefined) {
    parts.push(` from ${schema.minimum ?? "…"} to ${schema.maximum ?? "…"}`);
  }
  return make("span", {}, ...parts);
}

function field(id, parameter, description) {
  const name = `${parameter.name}${parameter.required ? " (needed)" : ""}`;
  const input = make("input", { id, "data-in": parameter.in, "data-name": parameter.name });
  return make("tr", {},
    make("td", {}, make("label", { for: id }, make("code", {}, name)), input),
    make("td", {}, ...prose(parameter.description), make("br"), words(description, parameter.schema)));
}

async function run(event, method, path, output) {
  event.preventDefault();
  const form = event.target;
  const query = new URLSearchParams();
  const sent = headers();
  let address = path;
  for (const input of form.querySelectorAll("input")) {
    if (input.value === "") continue;
    const name = input.dataset.name;
    if (input.dataset.in === "path") address = address.replace(`{${name}}`, encodeURIComponent(input.value));
    if (input.dataset.in === "query") query.append(name, input.value);
    if (input.dataset.in === "header") sent[name] = input.value;
  }
  const body = form.querySelector("textarea")?.value;
  if (body !== undefined) sent["content-type"] = "application/json";
  const url = `..${address}${query.size ? `?${query}` : ""}`;
  output.textContent = "…";
  try {
    const answer = await fetch(url, { method: method.toUpperCase(), headers: sent, body });
    const kind = answer.headers.get("content-type") ?? "";
    let told = "";
    if (kind.includes("event-stream")) {
      answer.body?.cancel();
      told = "(events without end: use EventSource)";
    } else if (kind.startsWith("image/")) told = `(${(await answer.blob()).size} bytes of ${kind})`;
    else told = kind.includes("json") ? JSON.stringify(await answer.json(), null, 2) : await answer.text();
    output.textContent = `${answer.status} ${answer.statusText}\n\n${told}`;
  } catch (error) {
    output.textContent = `no answer: ${error.message}`;
  }
}

function operation(description, path, method, told) {
  const id = `${method}-${path.replace(/[^a-z0-9]+/gi, "-")}`;
  const rows = (told.parameters ?? []).map((one, nth) => field(`${id}-${nth}`, one, description));
  const output = make("pre", { tabindex: "0", "aria-label": "The answer" });
  const form = make("form");
  if (rows.length) form.append(make("table", {}, make("tbody", {}, ...rows)));
  const body = told.requestBody?.content?.["application/json"]?.schema;
  if (body) {
    const label = make("label", { for: `${id}-body` }, "Body: ", words(description, body));
    form.append(label, make("textarea", { id: `${id}-body` }, "{}"));
  }
  form.append(make("p", {}, make("button", {}, "Try it")));
  form.addEventListener("submit", (event) => run(event, method, path, output));
  const answers = Object.entries(told.responses ?? {}).map(([code, answer]) =>
    make("li", {}, `${code}: `, ...prose(answer.description), " ",
      ...Object.values(answer.content ?? {}).map((content) => words(description, content.schema))));
  return make("details", { id },
    make("summary", {}, make("b", {}, method.toUpperCase()), make("code", {}, path), " ", ...prose(told.summary)),
    make("p", {}, ...prose(told.description)), form, output, make("ul", {}, ...answers));
}

function schema(description, name, told) {
  const rows = Object.entries(told.properties ?? {}).map(([key, one]) =>
    make("tr", {}, make("td", {}, make("code", {}, key)), make("td", {}, ...prose(one.description), make("br"), words(description, one))));
  return make("details", { id: `schema-${name}` }, make("summary", {}, make("code", {}, name)),
    make("p", {}, ...prose(told.description)), make("table", {}, make("tbody", {}, ...rows)));
}

function show(description) {
  about.replaceChildren(...prose(description.info.description));
  const groups = new Map();
  for (const [path, item] of Object.entries(description.paths)) {
    for (const [method, told] of Object.entries(item)) {
      const tag = told.tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(description, path, method, told));
    }
  }
  operations.replaceChildren();
  for (const [tag, list] of groups) operations.append(make("section", {}, make("h2", {}, tag), ...list));
  const schemas = Object.entries(description.components?.schemas ?? {});
  operations.append(make("section", {}, make("h2", {}, "What answers look like"), ...schemas.map(([name, told]) => schema(description, name, told))));
}

async function load() {
  try {
    const who = await fetch("v1/session", { headers: headers() });
    csrf = (await who.json()).csrf ?? null;
    const answer = await fetch("openapi.json", { headers: headers() });
    if (answer.ok) show(await answer.json());
    else operations.replaceChildren(make("p", { role: "alert" }, (await answer.json()).detail));
  } catch (error) {
    operations.replaceChildren(make("p", { role: "alert" }, `The description could not be loaded: ${error.message}`));
  }
}

document.getElementById("access").addEventListener("submit", (event) => {
  event.preventDefault();
  load();
});
load();
