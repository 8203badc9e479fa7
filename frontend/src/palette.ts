// Colours come from the tokens of the page, so that islands follow light, dark and screen.
export const TOKENS = ["text", "muted", "surface", "sunken", "bg", "line", "primary", "accent", "ok", "warn", "bad",
  "level-1", "level-2", "level-3", "level-4", "input-line"] as const;
export type Token = (typeof TOKENS)[number];
export type Palette = Record<Token, string> & { font: string };

export function palette(element: HTMLElement): Palette {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const found = Object.fromEntries(TOKENS.map((name) => [name, read(name)])) as Record<Token, string>;
  return { ...found, font: style.fontFamily };
}

export function colour(name: string | undefined, colours: Palette, fallback: Token = "primary"): string {
  if (!name) return colours[fallback];
  return name.startsWith("#") ? name : (colours[name as Token] ?? colours[fallback]);
}

export const rootSize = (): number => parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
