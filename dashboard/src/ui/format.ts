/** Times, durations and numbers as people read them: narrow, and steady in width. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in its two largest units: `350 ms`, `4.2 s`, `1 m 05 s`, `3 d 04 h`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const abs = Math.abs(ms);
  const sign = ms < 0 ? "-" : "";
  if (abs < 1) return abs === 0 ? "0 ms" : `${sign}<1 ms`;
  if (abs < SECOND) return `${sign}${Math.floor(abs)} ms`;
  if (abs < 10 * SECOND) return `${sign}${(Math.floor(abs / 100) / 10).toFixed(1)} s`;
  if (abs < MINUTE) return `${sign}${Math.floor(abs / SECOND)} s`;
  if (abs < HOUR) return sign + two(abs, MINUTE, "m", SECOND, "s");
  if (abs < DAY) return sign + two(abs, HOUR, "h", MINUTE, "m");
  return sign + two(abs, DAY, "d", HOUR, "h");
}

function two(ms: number, large: number, a: string, small: number, b: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${a} ${rest.toString().padStart(2, "0")} ${b}`;
}

/** A moment beside now: `12 s ago`, `in 5 m`. One unit, since more would only flicker. */
export function relative(at: number, now: number): string {
  const ms = now - at;
  const abs = Math.abs(ms);
  // Clocks differ a little: a moment a second ahead is no future.
  if (abs < SECOND || (ms < 0 && abs < 1.5 * SECOND)) return "now";
  const text =
    abs < MINUTE
      ? `${Math.floor(abs / SECOND)} s`
      : abs < HOUR
        ? `${Math.floor(abs / MINUTE)} m`
        : abs < DAY
          ? `${Math.floor(abs / HOUR)} h`
          : `${Math.floor(abs / DAY)} d`;
  return ms < 0 ? `in ${text}` : `${text} ago`;
}

/** A moment by the clock of this machine: `2026-03-01 14:05:09`, with `.123` where asked for. */
export function absolute(at: number, millis = false): string {
  const date = new Date(at);
  const n = (value: number, width = 2) => value.toString().padStart(width, "0");
  const day = `${n(date.getFullYear(), 4)}-${n(date.getMonth() + 1)}-${n(date.getDate())}`;
  const time = `${n(date.getHours())}:${n(date.getMinutes())}:${n(date.getSeconds())}`;
  return `${day} ${time}${millis ? `.${n(date.getMilliseconds(), 3)}` : ""}`;
}

const NUMBER = new Intl.NumberFormat("en");

/** A number with separators: `12,345`. */
export function number(value: number | bigint): string {
  return NUMBER.format(value);
}

/** A share of 1 as per cent: `0.4 %`, `12 %`. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

/** A rate: `0.25/s`, `12/s`, `1,234/s`. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return "0/s";
  if (perSecond < 0.01) return "<0.01/s";
  return `${perSecond < 10 ? Number(perSecond.toPrecision(2)) : number(Math.round(perSecond))}/s`;
}

/** `1 task`, `12,345 tasks`. */
export function plural(value: number | bigint, one: string, many = `${one}s`): string {
  return `${number(value)} ${Number(value) === 1 ? one : many}`;
}

/** Bytes as people read them: `812 B`, `1.4 kB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  return value < 1e6 ? `${(value / 1000).toFixed(1)} kB` : `${(value / 1e6).toFixed(2)} MB`;
}

const UNITS: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** Reads a duration as the command line does: `250ms`, `1h30m`, or a number of seconds. Null where it is none. */
export function parseDuration(text: string): number | null {
  const compact = text.replaceAll(" ", "");
  if (/^\d+(\.\d+)?$/.test(compact)) return Number(compact) * SECOND;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(compact)) return null;
  let total = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (UNITS[unit ?? ""] ?? 0);
  }
  return total;
}

/** A duration as `parseDuration` reads it: `1h30m`. */
export function writeDuration(ms: number): string {
  let rest = Math.round(ms);
  if (rest === 0) return "0s";
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const size = UNITS[unit] ?? 1;
    if (rest >= size) text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text;
}
