/**
 * Events per second, as a number and as a chart of the last minute.
 *
 * @module
 */

const SECONDS = 60;
const WIDTH = 2;

/** Counts by second. */
export class Rates {
  readonly #bySecond = new Map<number, number>();
  #total: number | undefined;

  /** Takes a total. */
  add(time: number, total: number): void {
    const second = Math.floor(time / 1000);
    // Events from before the page was opened cannot be assigned to a second.
    const added = this.#total === undefined ? 0 : Math.max(total - this.#total, 0);
    this.#total = total;
    this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + added);
    for (const old of this.#bySecond.keys()) {
      if (old > second - SECONDS - 2) break;
      this.#bySecond.delete(old);
    }
  }

  /** The rate over the last whole seconds. */
  now(time: number): number {
    const second = Math.floor(time / 1000);
    const of = (before: number) => this.#bySecond.get(second - before) ?? 0;
    return (of(1) + of(2)) / 2;
  }

  /** Draws the last minute. */
  draw(canvas: HTMLCanvasElement, time: number): void {
    const scale = devicePixelRatio || 1;
    const [width, height] = [SECONDS * WIDTH, 22];
    if (canvas.width !== width * scale) {
      [canvas.width, canvas.height] = [width * scale, height * scale];
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d")!;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
    const most = Math.max(...this.#bySecond.values(), 1);
    const second = Math.floor(time / 1000);
    for (let i = 0; i < SECONDS; i++) {
      const count = this.#bySecond.get(second - SECONDS + i) ?? 0;
      const high = count === 0 ? 0 : Math.max(count / most * height, 1);
      context.fillRect(i * WIDTH, height - high, WIDTH - 0.5, high);
    }
  }
}
