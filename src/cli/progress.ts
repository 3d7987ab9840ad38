/** How far a conversion is, on a terminal as a bar, else as lines. */
const BAR_CELLS = 24;

export interface Progress {
  /** @param fraction 0 to 1, where it is known */
  show(stage: string, fraction?: number): void;
  /** Clears the bar. */
  end(): void;
}

export function showProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? showBar(stream) : showLines(stream);
}

function showBar(stream: NodeJS.WriteStream): Progress {
  return {
    show(stage, fraction) {
      const filled = Math.round(Math.min(1, fraction ?? 0) * BAR_CELLS);
      const bar = "█".repeat(filled) + "░".repeat(BAR_CELLS - filled);
      const percent = fraction === undefined ? "" : `${Math.floor(fraction * 100)} %`;
      stream.write(`\r\u001b[K${bar} ${percent.padStart(5)}  ${stage}`);
    },
    end: () => void stream.write("\r\u001b[K"),
  };
}

/** One line a stage: percentages in a log help nobody. */
function showLines(stream: NodeJS.WriteStream): Progress {
  let shown = "";
  return {
    show(stage) {
      if (stage === shown) return;
      shown = stage;
      stream.write(`${stage}\n`);
    },
    end: () => undefined,
  };
}
