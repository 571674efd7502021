// Which photos, in which order: the form, and the address of the page that remembers it.

const byId = (id) => document.getElementById(id);
const NAMES = ["order", "state", "tag", "run", "since", "until"];

export class Filters {
  #settings;
  #form = byId("filter-form");

  // onChange(parameters): another list is wanted
  constructor(settings, onChange) {
    this.#settings = settings;
    fill(byId("filter-order"), settings.orders.map(({ name, label }) => [name, label]));
    fill(byId("filter-state"), settings.states.map(({ name, label }) => [name, label]));
    fill(byId("filter-run"), [["", "any"], ...settings.runs.map((run) => [run, run])]);
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("change", (event) => {
      if (event.target.id !== "reviewer") onChange(this.read());
    });
    this.#form.addEventListener("reset", (event) => {
      event.preventDefault(); // the name stays
      this.write({});
      onChange(this.read());
    });
  }

  read() {
    const values = Object.fromEntries(NAMES.map((name) => [name, byId(`filter-${name}`).value.trim()]));
    this.#describe(values);
    return values;
  }

  // Sets the form; what is not given, or unknown, is as at first.
  write(parameters) {
    for (const name of NAMES) {
      const field = byId(`filter-${name}`);
      const wanted = parameters[name] ?? "";
      field.value = wanted;
      if (field.tagName === "SELECT" && field.selectedIndex < 0) field.selectedIndex = 0;
    }
    this.#describe(this.read());
  }

  // Shows the tag that was meant in place of what was typed; returns whether that was another text.
  takeTag(typed, tag) {
    const field = byId("filter-tag");
    if (!tag || tag === typed || field.value.trim() !== typed) return false;
    field.value = tag;
    this.#describe(this.read());
    return true;
  }

  static fromAddress() {
    const given = new URLSearchParams(location.search);
    const parameters = Object.fromEntries(NAMES.map((name) => [name, given.get(name) ?? ""]));
    return { parameters, at: given.get("at") };
  }

  static toAddress(parameters, at) {
    const given = Object.entries({ ...parameters, at }).filter(([, value]) => value);
    const query = new URLSearchParams(given).toString();
    history.replaceState(null, "", query ? `/?${query}` : "/");
  }

  #describe(values) {
    const order = this.#settings.orders.find(({ name }) => name === values.order);
    const isAudit = values.order === "audit";
    const state = this.#settings.states.find(({ name }) => name === values.state);
    const parts = [
      isAudit ? order.label : `${state.label}, ${order.label.toLowerCase()}`,
      values.tag,
      values.run,
      values.since && `from ${values.since}`,
      values.until && `to ${values.until}`,
    ];
    byId("filters-text").textContent = parts.filter(Boolean).join(" · ");
    byId("order-help").textContent = `${order.label}: ${order.help}.`;
    byId("filter-state").disabled = isAudit;
  }
}

function fill(select, options) {
  select.replaceChildren(...options.map(([value, label]) => new Option(label, value)));
}
