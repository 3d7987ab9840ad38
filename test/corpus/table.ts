/** The corpus's results, file × format, as text. */

export interface Result {
  /** PSNR against what the judge sees in the input. */
  db: number;
  bytes: number;
  /** Of the conversion, transfers included. */
  ms: number;
}

/** A result, or the code of the error that there was instead. */
type Cell = Result | string;

export function createTable(formats: readonly string[]) {
  const rows = new Map<string, Map<string, Cell>>();
  return {
    add(path: string, format: string, cell: Cell) {
      const row = rows.get(path) ?? new Map<string, Cell>();
      rows.set(path, row.set(format, cell));
    },
    /** Each cell is dB, length and milliseconds. */
    print() {
      const paths = [...rows.keys()].toSorted();
      const columns = [["", ...paths], ...formats.map((format) => [format, ...paths.map((path) => show(rows.get(path)?.get(format)))])]; // prettier-ignore
      const widths = columns.map((column) => Math.max(...column.map((text) => text.length)));
      const lines = ["", ...paths].map((_, line) =>
        columns.map((column, i) => (column[line] ?? "").padEnd(widths[i] ?? 0)).join("  "),
      );
      console.log(`PSNR in dB, length, milliseconds\n${lines.join("\n")}`);
    },
  };
}

function show(cell: Cell | undefined): string {
  if (cell === undefined) return "-";
  if (typeof cell === "string") return cell;
  const { db, bytes, ms } = cell;
  const alike = db === Infinity ? "same" : db.toFixed(1);
  return `${alike.padStart(4)} ${showBytes(bytes).padStart(5)} ${ms.toFixed(0).padStart(5)}`;
}

const showBytes = (bytes: number): string =>
  bytes < 1000
    ? `${bytes}`
    : bytes < 1e6
      ? `${Math.round(bytes / 1e3)}K`
      : `${(bytes / 1e6).toFixed(1)}M`;
