/** Levels of log lines, as far as a line itself names one. Nothing is guessed from other words. */

export const levels = ["debug", "info", "warning", "error"] as const;
export type Level = (typeof levels)[number];
/** Index into `levels`, -1 for a line that names none. */
export type LevelIndex = -1 | 0 | 1 | 2 | 3;

export const levelName = (index: LevelIndex): Level | undefined => (index < 0 ? undefined : levels[index as 0]);

const names: Record<string, LevelIndex> = {
  trace: 0, debug: 0, info: 1, notice: 1, warn: 2, warning: 2, err: 3, error: 3, fail: 3, failed: 3, critical: 3, fatal: 3, severe: 3,
};
// A word of a level in capitals, as loggers write it, near the line's start; further on it is more likely a word of the message.
const capitals = /(?:^|[\s[(|<:])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERR|ERROR|FAIL|CRITICAL|FATAL|SEVERE)(?=$|[\s\])|>:,])/;
const head = 72;
const field = /["']?\b(?:level|levelname|log_level|loglevel|lvl|severity)["']?\s*[:=]\s*["']?([A-Za-z]+|\d+)/;
// "error: …", "main.c:3:1: warning: …", "Compilation Error in model …"
const label = /^(?:\S+:\s+)?(?:\w+\s+)?(error|warning|fatal|fatal error)(?:\s*\[[^\]]*\])?:\s/i;
const raised = /^(?:Traceback \(most recent call last\)|(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Interrupt|Exit)(?::|$))/;

/** `line` is without escape sequences. `before` is the level of the line above: an indented line goes on with it. */
export function levelOf(line: string, before: LevelIndex): LevelIndex {
  if (line === "") return -1;
  if (line.charCodeAt(0) <= 32 && /^\s+\S/.test(line) && before >= 0 && !capitals.test(line.slice(0, head))) return before;
  const named = field.exec(line);
  if (named) return numbered(named[1]!) ?? names[named[1]!.toLowerCase()] ?? -1;
  const word = capitals.exec(line.slice(0, head));
  if (word) return names[word[1]!.toLowerCase()]!;
  const labelled = label.exec(line);
  if (labelled) return labelled[1]!.toLowerCase() === "warning" ? 2 : 3;
  return raised.test(line) ? 3 : -1;
}

/** Levels as numbers: 10 to 60 as Python, Bunyan and Pino count them. Others mean nothing here. */
function numbered(text: string): LevelIndex | undefined {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 10 || value > 60) return undefined;
  return value < 20 ? 0 : value < 30 ? 1 : value < 40 ? 2 : 3;
}
