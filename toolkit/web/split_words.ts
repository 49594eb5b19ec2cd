/**
 * Arguments as they are typed in one line.
 *
 * @module
 */

/**
 * Splits a line into words as a shell does, with quotes and backslashes, and expands nothing. Returns why it cannot, as a
 * sentence, where a quote has no end.
 */
export function splitWords(line: string): string[] | string {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'" || character === '"') {
      const end = endOfQuote(line, i);
      if (end < 0) return `the quote ${character} has no end`;
      const inside = line.slice(i + 1, end);
      word = (word ?? "") + (character === "'" ? inside : inside.replace(/\\(["\\$`])/g, "$1"));
      i = end;
    } else if (character === "\\" && i + 1 < line.length) {
      word = (word ?? "") + line[++i];
    } else word = (word ?? "") + character;
  }
  return word === undefined ? words : [...words, word];
}

function endOfQuote(line: string, start: number): number {
  const quote = line[start];
  for (let i = start + 1; i < line.length; i++) {
    if (line[i] === "\\" && quote === '"') i++;
    else if (line[i] === quote) return i;
  }
  return -1;
}
