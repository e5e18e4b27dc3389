/** Choices of this browser: what was chosen stays over reloads and reaches other tabs. */
import { useSyncExternalStore } from "react";

export interface Stored<T> {
  get(): T;
  set(value: T): void;
  use(): T;
}

export function stored<T>(
  key: string,
  read: (text: string | null) => T,
  write: (value: T) => string,
): Stored<T> {
  const name = `task.${key}`;
  const listeners = new Set<() => void>();
  const load = () => {
    try {
      return read(localStorage.getItem(name));
    } catch {
      return read(null);
    }
  };
  let value = load();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const subscribe = (listener: () => void) => {
    const changed = (event: StorageEvent) => {
      if (event.key === name) {
        value = load();
        tell();
      }
    };
    listeners.add(listener);
    window.addEventListener("storage", changed);
    return () => {
      listeners.delete(listener);
      window.removeEventListener("storage", changed);
    };
  };
  const get = () => value;
  return {
    get,
    set(next) {
      value = next;
      try {
        localStorage.setItem(name, write(next));
      } catch {
        // No storage: the choice lasts as long as the page.
      }
      tell();
    },
    use: () => useSyncExternalStore(subscribe, get),
  };
}

/** A choice of one of a few words, the first one by default. */
export function choice<T extends string>(key: string, words: readonly [T, ...T[]]): Stored<T> {
  return stored<T>(
    key,
    (text) => words.find((word) => word === text) ?? words[0],
    (value) => value,
  );
}
