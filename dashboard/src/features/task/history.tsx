import type { Change } from "@/api/view";
import { absolute, duration } from "@/ui/format";
import { LongText } from "@/ui/json-view";
import { StatusPill } from "@/ui/status-pill";

/** So many of the newest changes are shown. */
const SHOWN = 200;

/** Every change, newest first. */
export function History({ changes }: { changes: readonly Change[] }) {
  const shown = changes.slice(-SHOWN).reverse();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: What scrolls must be reachable by keyboard.
    <section aria-label="History, to scroll" tabIndex={0} className="overflow-x-auto">
      <table className="w-full">
        <caption className="sr-only">Changes, newest first</caption>
        <thead>
          <tr className="border-b border-line text-left text-[0.85rem] text-faint">
            <th scope="col" className="py-2 pl-4 font-medium">
              #
            </th>
            <th scope="col" className="px-3 py-2 font-medium">
              Status
            </th>
            <th scope="col" className="px-3 py-2 font-medium">
              When
            </th>
            <th scope="col" className="px-3 py-2 text-right font-medium">
              After
            </th>
            <th scope="col" className="px-3 py-2 text-right font-medium">
              Attempt
            </th>
            <th scope="col" className="px-3 py-2 pr-4 font-medium">
              Worker and note
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((change) => {
            const before = changes[changes.indexOf(change) - 1];
            return (
              <tr key={change.version} className="border-b border-line/70 align-top last:border-0">
                <td className="py-1.5 pl-4 text-faint">{change.version}</td>
                <td className="px-3 py-1.5">
                  <StatusPill status={change.status} />
                </td>
                <td className="px-3 py-1.5 whitespace-nowrap">
                  <time dateTime={new Date(change.at).toISOString()}>{absolute(change.at, true)}</time>
                </td>
                <td className="px-3 py-1.5 text-right whitespace-nowrap text-soft">
                  {before ? duration(change.at - before.at) : "–"}
                </td>
                <td className="px-3 py-1.5 text-right">{change.attempt || "–"}</td>
                <td className="foreign min-w-48 px-3 py-1.5 pr-4">
                  {change.workerName && <bdi className="text-faint">{change.workerName} </bdi>}
                  {change.details && <LongText text={change.details} most={200} />}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {changes.length > SHOWN && (
        <p className="border-t border-line px-4 py-2 text-faint">
          The newest {SHOWN} of {changes.length} changes. `task-cli task history` shows all.
        </p>
      )}
    </section>
  );
}
