// Islands: a part of a page that loads its own script when it comes near the screen.
export interface Island<Config> {
  root: HTMLElement;
  stage: HTMLElement;
  config: Config;
  english: boolean;
  dark: boolean;
  elder: boolean;
}
type Module = { mount(island: Island<unknown>): void | Promise<void> };

const started = new WeakSet<Element>();

function configOf(root: HTMLElement): unknown {
  const holder = document.getElementById(root.dataset["config"] ?? "");
  return holder?.textContent ? JSON.parse(holder.textContent) : {};
}

async function start(root: HTMLElement): Promise<void> {
  if (started.has(root)) return;
  started.add(root);
  const stage = root.querySelector<HTMLElement>(".island__stage") ?? root;
  const page = document.documentElement;
  try {
    const script = root.dataset["script"];
    if (!script) throw new Error(`no script for island ${root.dataset["island"]}`);
    const module = (await import(script)) as Module;
    const dark = page.dataset["theme"] === "dark";
    const english = page.lang === "en";
    await module.mount({ root, stage, config: configOf(root), english, dark, elder: "elder" in page.dataset });
    root.dataset["state"] = "ready";
  } catch (error) {
    console.warn("island failed", error);
    root.dataset["state"] = "failed";
    const said = document.createElement("p");
    said.className = "island__failed";
    said.textContent = page.lang === "en"
      ? "This picture could not be shown here. The table has the same content."
      : "此图未能显示，请用表格查看同样的内容。";
    stage.replaceChildren(said);
  }
}

export function startIslands(scope: ParentNode): void {
  const roots = scope.querySelectorAll<HTMLElement>("[data-island]");
  if (!("IntersectionObserver" in window)) {
    roots.forEach((root) => void start(root));
    return;
  }
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      void start(entry.target as HTMLElement);
    }
  }, { rootMargin: "200px" });
  roots.forEach((root) => { if (!started.has(root)) watcher.observe(root); });
}
