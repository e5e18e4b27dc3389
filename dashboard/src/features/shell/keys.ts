/** Keys that act without a modifier. Pages add their own while they are shown; `?` lists those there are. */
import { useEffect, useRef, useSyncExternalStore } from "react";
import { choice } from "@/ui/stored";

export interface Key {
  /** One key such as `j`, or two in a row such as `g t`. */
  keys: string;
  help: string;
  run: () => void;
}

/** Single keys get in the way of those who speak to their machine: they can be switched off. */
export const keysOn = choice("keys", ["on", "off"]);

/** The newest group wins where two use the same key. */
let groups: { name: string; keys: () => Key[] }[] = [];
const listeners = new Set<() => void>();

function setGroups(next: typeof groups) {
  groups = next;
  for (const tell of listeners) tell();
}

/** Makes keys work while the caller is shown. */
export function useKeys(name: string, keys: Key[]) {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const group = { name, keys: () => latest.current };
    setGroups([group, ...groups]);
    return () => setGroups(groups.filter((other) => other !== group));
  }, [name]);
}

/** The groups of keys there are, for the list of them. */
export function useKeyGroups() {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => void listeners.delete(tell);
    },
    () => groups,
  );
}

const TYPING = "input:not([type=checkbox],[type=radio]), textarea, select, [contenteditable], [role=menu]";
/** Longest time between the two keys of a pair. */
const PAIR_MS = 1_200;

/** Listens for the whole page. Called once, by the shell. */
export function useKeyListener() {
  useEffect(() => {
    let first = "";
    let at = 0;
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (keysOn.get() === "off" && event.key !== "?") return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest(TYPING) || document.querySelector("[role=dialog]")) return;
      // A focused button or link keeps its own keys.
      if ((event.key === "Enter" || event.key === " ") && target?.closest("a, button, summary, input"))
        return;
      const all = groups.flatMap((group) => group.keys());
      const pair = event.timeStamp - at < PAIR_MS ? `${first} ${event.key}` : "";
      const hit = all.find((key) => key.keys === pair) ?? all.find((key) => key.keys === event.key);
      first = event.key;
      at = event.timeStamp;
      if (!hit) return;
      first = "";
      event.preventDefault();
      hit.run();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
}
