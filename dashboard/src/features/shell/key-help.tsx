import { Dialog } from "@/ui/dialog";
import { keysOn, useKeyGroups } from "./keys";

const NAMES: Record<string, string> = { Enter: "↵", Escape: "Esc" };

/** Lists the keys that work on this page. */
export function KeyHelp({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const groups = useKeyGroups();
  const on = keysOn.use() === "on";
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keys" wide>
      <div className="grid gap-x-8 gap-y-5 sm:grid-cols-2">
        {groups.map(({ name, keys }) => (
          <section key={name}>
            <h3 className="mb-1.5 text-[0.85rem] font-medium text-faint">{name}</h3>
            <dl className="space-y-1">
              {keys().map(({ keys, help }) => (
                <div key={keys} className="flex items-center justify-between gap-4">
                  <dt>{help}</dt>
                  <dd className="flex gap-1">
                    {keys.split(" ").map((key) => (
                      <kbd
                        key={key}
                        className="min-w-6 rounded border border-line bg-ground px-1.5 text-center font-mono text-[0.85rem]"
                      >
                        {NAMES[key] ?? key}
                      </kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label className="mt-5 flex items-center gap-2 border-t border-line pt-4">
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => keysOn.set(event.target.checked ? "on" : "off")}
        />
        Single keys act; without them, only <kbd className="font-mono">?</kbd> does
      </label>
    </Dialog>
  );
}
