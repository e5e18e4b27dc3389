/**
 * The rows on screen, kept out of React: ten thousand changes a second touch a map, and once a frame those
 * rows that changed are drawn again, each on its own.
 *
 * The order of the rows is that of the service's page and changes only through `show`. Tasks that would stand
 * on the page but do not are counted, so that no row moves under a pointer.
 */
import type { TaskRow } from "@/api/view";

/** So many new tasks are counted one by one; beyond, it is "many". */
export const NEW_LIMIT = 1_000;

type Schedule = (work: () => void) => void;

export class LiveRows {
  private rows = new Map<string, TaskRow>();
  private order: readonly string[] = [];
  /** Tasks that would stand here, with their newest versions. */
  private fresh = new Set<string>();
  private freshCount = 0;
  private full = false;

  private changed = new Set<string>();
  private rowListeners = new Map<string, Set<() => void>>();
  private listeners = new Set<() => void>();
  private scheduled = false;

  constructor(private readonly schedule: Schedule = (work) => requestAnimationFrame(work)) {}

  /** Shows a page as the service gave it. A row that a watch has told newer things of keeps those. */
  show(page: readonly TaskRow[], size: number) {
    const before = this.rows;
    this.rows = new Map();
    for (const row of page) {
      const known = before.get(row.id);
      const newer = known && known.version > row.version ? known : row;
      this.rows.set(row.id, newer);
      if (known !== newer) this.changed.add(row.id);
    }
    this.order = page.map((row) => row.id);
    this.full = page.length >= size;
    this.fresh.clear();
    this.freshCount = 0;
    this.flush();
  }

  /** Takes a page that was read anew without moving a row: what is known is brought up to date. */
  merge(page: readonly TaskRow[]) {
    for (const row of page) {
      if (this.rows.has(row.id)) this.update(row);
      else this.fresh.add(row.id);
    }
    this.later();
  }

  /** Takes a change of a watch; `matches` tells whether the task belongs to the filter now. */
  apply(row: TaskRow, matches: boolean) {
    if (this.rows.has(row.id)) {
      this.update(row);
    } else if (matches && this.wouldStandHere(row.id)) {
      if (this.fresh.size < NEW_LIMIT) this.fresh.add(row.id);
    } else {
      // One that was counted and has moved on, such as from PENDING to RUNNING under a filter, counts no more.
      this.fresh.delete(row.id);
    }
    this.later();
  }

  private update(row: TaskRow) {
    const known = this.rows.get(row.id);
    if (known && row.version <= known.version) return;
    this.rows.set(row.id, row);
    this.changed.add(row.id);
  }

  /** Newest first: a page that is full ends at its last id, and older tasks stand on later pages. */
  private wouldStandHere(id: string): boolean {
    const last = this.order.at(-1);
    return !this.full || last === undefined || BigInt(id) > BigInt(last);
  }

  private later() {
    if (this.scheduled) return;
    this.scheduled = true;
    this.schedule(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  private flush() {
    for (const id of this.changed) for (const tell of this.rowListeners.get(id) ?? []) tell();
    this.changed.clear();
    this.freshCount = this.fresh.size;
    for (const tell of this.listeners) tell();
  }

  // What React reads. Arrow functions, since it is handed them by name.
  row = (id: string) => this.rows.get(id);
  ids = () => this.order;
  newCount = () => this.freshCount;

  subscribe = (tell: () => void) => {
    this.listeners.add(tell);
    return () => void this.listeners.delete(tell);
  };

  subscribeRow = (id: string, tell: () => void) => {
    const tells = this.rowListeners.get(id) ?? new Set();
    tells.add(tell);
    this.rowListeners.set(id, tells);
    return () => {
      tells.delete(tell);
      if (tells.size === 0) this.rowListeners.delete(id);
    };
  };
}
