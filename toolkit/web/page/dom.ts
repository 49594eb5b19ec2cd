/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Elements, and numbers as texts.
 *
 * @module
 */

/** What an element is made with: attributes, listeners (`onclick`), and children or texts. */
export type Attributes = Readonly<Record<string, string | boolean | ((event: never) => void)>>;

/** Makes an element; texts become text, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      made.addEventListener(key.slice(2), value as unknown as EventListener);
    } else if (typeof value === "string") made.setAttribute(key, value);
    else if (value) made.setAttribute(key, "");
  }
  made.append(...children);
  return made;
}

/** The element of the page that has this id. */
export const byId = (id: string): HTMLElement => document.getElementById(id)!;

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** `1,234,567` */
export const wholeText = (value: number): string => WHOLE.format(value);

/** `1.23 M`, for numbers that change while they are read. */
export function shortText(value: number): string {
  const units = ["", " k", " M", " G", " T"];
  let unit = 0;
  while (Math.abs(value) >= (unit === 0 ? 9999.5 : 999.5) && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return (unit === 0 ? WHOLE.format(value) : String(Number(value.toPrecision(3)))) + units[unit];
}

/** `14:03:59` */
export const clockText = (time: number): string => new Date(time).toTimeString().slice(0, 8);

/**
 * Makes a function that requests a call of `act` before the next repaint: one call for any number
 * of requests, and at least `leastMs` between calls.
 */
export function soon(act: () => void, leastMs = 0): () => void {
  let isAsked = false;
  let last = -Infinity;
  const run = () => {
    isAsked = false;
    last = performance.now();
    act();
  };
  return () => {
    if (isAsked) return;
    isAsked = true;
    const wait = last + leastMs - performance.now();
    if (wait > 16) setTimeout(() => requestAnimationFrame(run), wait);
    else requestAnimationFrame(run);
  };
}
