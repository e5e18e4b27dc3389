import { useCallback, useEffect, useRef, useState } from "react";

const NONE: ReadonlySet<string> = new Set();

/** Which tasks are selected: some by their ids, over several pages, or all that match the filter. */
export function useSelection(filterKey: string, ids: readonly string[]) {
  const [selected, setSelected] = useState(NONE);
  const [all, setAll] = useState(false);
  const last = useRef<string | null>(null);
  const page = useRef(ids);
  page.current = ids;

  const clear = useCallback(() => {
    setSelected(NONE);
    setAll(false);
    last.current = null;
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a selection means nothing under another filter
  useEffect(clear, [filterKey]);

  const toggle = useCallback((id: string, range: boolean) => {
    setAll(false);
    setSelected((before) => {
      const next = new Set(before);
      const [from, to] = [page.current.indexOf(last.current ?? id), page.current.indexOf(id)];
      const among =
        range && from >= 0 ? page.current.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
      const add = !before.has(id);
      for (const each of among) {
        if (add) next.add(each);
        else next.delete(each);
      }
      return next;
    });
    last.current = id;
  }, []);

  const togglePage = useCallback(() => {
    setAll(false);
    setSelected((before) => {
      const next = new Set(before);
      const full = page.current.every((id) => before.has(id));
      for (const id of page.current) {
        if (full) next.delete(id);
        else next.add(id);
      }
      return next;
    });
  }, []);

  const selectAll = useCallback(() => setAll(true), []);
  return {
    selected,
    all,
    count: all ? ids.length || 1 : selected.size,
    list: () => [...selected],
    toggle,
    togglePage,
    selectAll,
    clear,
  };
}
