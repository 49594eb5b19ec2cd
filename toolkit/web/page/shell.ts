/**
 * What all pages share: the theme, and the connection to the server.
 *
 * @module
 */

import { byId } from "./dom.ts";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = typeof THEMES[number];
const NAMES: Readonly<Record<Theme, string>> = { auto: "◐", light: "☀", dark: "☾" };

/** The theme chosen earlier, if this browser lets the page store it. */
function keptTheme(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem("theme")) ?? "auto";
  } catch {
    return "auto";
  }
}

/** Lets a button change the theme. @param changed called after a change, to redraw canvases */
export function switchThemes(changed: () => void): void {
  const button = byId("theme");
  let theme = keptTheme();
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const asSystem = system.matches ? "dark" : "light";
    document.documentElement.dataset.theme = theme === "auto" ? asSystem : theme;
    button.textContent = NAMES[theme];
    const label = `Theme: ${theme === "auto" ? "as the system" : theme}`;
    button.setAttribute("aria-label", label);
    button.title = `${label} (T)`;
    changed();
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // The theme cannot be stored: it lasts until the page is closed.
    }
    show();
  });
  system.addEventListener("change", show);
  show();
}

/** The state of the connection to the server. */
export type Connection = "connecting" | "live" | "ended" | "lost";

/**
 * Listens to the server's messages.
 * @param hear called with each message
 * @param changed called with the state of the connection
 */
export function listen(
  path: string,
  hear: Readonly<Record<string, (data: never) => void>>,
  changed: (connection: Connection) => void,
): void {
  const source = new EventSource(path);
  let hasEnded = false;
  source.onopen = () => changed("live");
  source.onerror = () => {
    if (hasEnded) return;
    changed(source.readyState === EventSource.CLOSED ? "ended" : "lost");
  };
  for (const [name, take] of Object.entries(hear)) {
    source.addEventListener(name, (event: MessageEvent<string>) => {
      take(JSON.parse(event.data) as never);
    });
  }
  source.addEventListener("end", () => {
    hasEnded = true;
    source.close();
    changed("ended");
  });
}

/** Whether a key belongs to a text that is being typed. */
export const isTyping = (event: KeyboardEvent): boolean =>
  event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) ||
  event.ctrlKey || event.metaKey || event.altKey;
