/**
 * The colours of flame graphs: the same in SVG files, HTML pages and the live page.
 *
 * @module
 */

/** What a box stands for: the name of the process, a user function or a kernel function. */
export type FlameKind = "comm" | "user" | "kernel";

/** Warm colours for programs, blue ones for the kernel; one name has one colour everywhere. */
export function flameColor(name: string, kind: FlameKind): string {
  let hash = 2166136261;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619) >>> 0;
  const shade = hash % 32;
  if (kind === "comm") return "hsl(90 15% 78%)";
  return kind === "kernel"
    ? `hsl(${195 + shade} 60% ${70 + hash % 9}%)`
    : `hsl(${16 + shade} 85% ${64 + hash % 9}%)`;
}

/** Red for what grew and blue for what shrank, the stronger the larger the part that changed. */
export function changeColor(value: number, before: number): string {
  const most = Math.max(value, before);
  const part = most === 0 ? 0 : (value - before) / most;
  const lightness = Math.round(91 - 29 * Math.abs(part));
  if (Math.abs(part) < 0.005) return "hsl(0 0% 91%)";
  return part > 0 ? `hsl(8 90% ${lightness}%)` : `hsl(212 80% ${lightness}%)`;
}

/** What the colours mean. */
export const LEGEND: readonly { readonly text: string; readonly color: string }[] = [
  { text: "new, or much more", color: changeColor(1, 0) },
  { text: "a half more", color: changeColor(3, 2) },
  { text: "as before", color: changeColor(1, 1) },
  { text: "a third less", color: changeColor(2, 3) },
  { text: "hardly any left", color: changeColor(0, 1) },
];
