/** Rates and shares from counts. */
import type { Point, Tally, TypeStats } from "./stats";

/** Attempts that ended by themselves. */
export function finished(tally: Tally): number {
  return tally.succeeded + tally.failed + tally.retrying;
}

/** The share of them that failed, 0 to 1; null where none ended. */
export function failureShare(tally: Tally): number | null {
  const all = finished(tally);
  return all === 0 ? null : (tally.failed + tally.retrying) / all;
}

/** Per second, of a step that is `covered` of its length. */
export function perSecond(count: number, ms: number): number {
  return ms <= 0 ? 0 : (count * 1_000) / ms;
}

/** A line of a chart: a value for each point, null where there is none. */
export type Line = (number | null)[];

/** The last point is under way: it is measured by the time that has passed of it. */
export function rateLine(points: Point[], step: number, now: number, count: (point: Point) => number): Line {
  return points.map((point) => {
    const passed = Math.min(step, Math.max(now - point.start, 1_000));
    return perSecond(count(point), passed);
  });
}

/** Types by how long they run, the slowest first; those that ran at all. */
export function slowest(types: TypeStats[], most: number): TypeStats[] {
  const ran = types.filter((each) => each.ran.p95 !== null);
  return ran.sort((a, b) => (b.ran.p95 ?? 0) - (a.ran.p95 ?? 0)).slice(0, most);
}

/** Types by the share of attempts that failed, then by how many; those that failed at all. */
export function mostFailing(types: TypeStats[], most: number): TypeStats[] {
  const bad = types.filter((each) => each.failed + each.retrying > 0);
  const share = (each: TypeStats) => failureShare(each) ?? 0;
  return bad
    .sort((a, b) => share(b) - share(a) || b.failed + b.retrying - (a.failed + a.retrying))
    .slice(0, most);
}

/** Of all types, the task that has waited longest. */
export function oldest(types: TypeStats[]): TypeStats | null {
  const waiting = types.filter((each) => each.oldestId !== null);
  return waiting.reduce<TypeStats | null>(
    (first, each) => (first === null || each.oldestSince < first.oldestSince ? each : first),
    null,
  );
}
