// Runs known garbage collections after a line on standard input.
console.log(`pid ${process.pid}`);
process.stdin.once("data", () => {
  for (let i = 0; i < 7; i++) gc();
  for (let i = 0; i < 5; i++) gc({ type: "minor" });
  process.exit(0);
});
