// Repeating groups: items are added and removed on the page. Without a script the server does it.
const NUMBER = "__n__";

function renumber(group: HTMLElement): void {
  const name = group.dataset["repeat"] ?? "";
  const items = [...group.querySelectorAll<HTMLElement>(":scope > [data-items] > [data-item]")];
  items.forEach((item, n) => {
    const before = item.dataset["item"] ?? "";
    const after = `${name}.${n}`;
    item.querySelectorAll<HTMLElement>("[data-number]").forEach((one) => { one.textContent = String(n + 1); });
    if (before === after) return;
    item.dataset["item"] = after;
    for (const one of item.querySelectorAll<HTMLElement>("*")) {
      for (const key of ["name", "id", "for", "aria-describedby", "data-path", "value"]) {
        const value = one.getAttribute(key);
        if (value === null || (key === "value" && one.tagName !== "BUTTON")) continue;
        if (value.includes(before)) one.setAttribute(key, value.split(before).join(after));
      }
    }
  });
  const most = Number(group.dataset["most"] ?? 1);
  const add = group.querySelector<HTMLButtonElement>("button[name=add]");
  if (add) add.disabled = items.length >= most;
}

export function startRepeats(form: HTMLFormElement, changed: () => void): void {
  form.addEventListener("click", (event) => {
    const button = (event.target as Element | null)?.closest<HTMLButtonElement>("button[name=add], button[name=remove]");
    const group = button?.closest<HTMLElement>("[data-repeat]");
    if (!button || !group) return;
    event.preventDefault();
    if (button.name === "add") {
      const template = group.querySelector("template");
      const place = group.querySelector<HTMLElement>("[data-items]");
      if (!template || !place) return;
      const made = template.content.firstElementChild?.cloneNode(true) as HTMLElement;
      made.dataset["item"] = `${group.dataset["repeat"] ?? ""}.${NUMBER}`;
      place.append(made);
      renumber(group);
      made.querySelector<HTMLElement>("input, select, textarea")?.focus();
    } else {
      button.closest("[data-item]")?.remove();
      renumber(group);
      group.querySelector<HTMLElement>("button[name=add]")?.focus();
    }
    changed();
  });
}
