// Small helpers to build elements; text is always set as text.
type Child = Node | string | null | undefined | false;

export function el<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Record<string, string | boolean> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((one): one is Node | string => one !== null && one !== undefined && one !== false && one !== ""));
  return made;
}

export const tag = (text: string, kind = ""): HTMLElement => el("span", { class: kind ? `tag tag--${kind}` : "tag" }, text);

export function button(text: string, css: string, act: () => void): HTMLButtonElement {
  const made = el("button", { type: "button", class: `btn${css ? ` ${css}` : ""}` }, text);
  made.addEventListener("click", act);
  return made;
}

export function notice(text: string, kind: string, ...more: Child[]): HTMLElement {
  return el("div", { class: `notice notice--${kind}`, role: "status" }, el("div", { class: "notice__body" }, text, ...more));
}
